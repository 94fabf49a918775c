"""Upgrades: a database of any earlier version opens with its data whole and the newest schema, on both dialects."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from server.errors import WrongSetting
from server.storage import migrate, open_database, tables
from server.storage.database import make_engine
from tests.conftest import DIALECTS
from tests.storage import make_dumps

DUMPS = sorted(make_dumps.DUMPS.glob("*.sql"))
Schema = dict[str, Any]
Contents = dict[str, list[dict[str, Any]]]


def load(dump: Path, url: str) -> None:
    """Reads a stored dump into an empty database."""
    text = dump.read_text(encoding="utf-8")
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.executescript(text)
        connection.close()
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(text.encode())


def contents(url: str) -> Contents:
    """Every row of every table but alembic's own."""
    engine, metadata = make_engine(url), sa.MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        found = {
            table.name: [
                dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in metadata.sorted_tables
            if table.name != "alembic_version"
        }
    engine.dispose()
    return found


def schema(url: str) -> Schema:
    """Columns, keys, unique constraints and indexes of every table, as the database tells them."""
    engine = make_engine(url)
    with engine.connect() as connection:
        see = sa.inspect(connection)
        found = {
            name: {
                "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in see.get_columns(name)],
                "key": see.get_pk_constraint(name)["constrained_columns"],
                "unique": sorted(sorted(u["column_names"]) for u in see.get_unique_constraints(name)),
                "indexes": sorted((i["name"], i["column_names"], i["unique"]) for i in see.get_indexes(name)),
                "foreign": see.get_foreign_keys(name),
            }
            for name in see.get_table_names()
        }
    engine.dispose()
    return found


def differences(url: str) -> list[Any]:
    """What alembic would still change to reach the models."""
    assert tables.OWN_TABLES
    engine = make_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[Any] = compare_metadata(context, SQLModel.metadata)
    engine.dispose()
    return found


def versions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(migrate._FOLDER))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [migrate.HEAD]
    return [revision.revision for revision in script.walk_revisions()]


def test_every_version_has_its_dump_of_both_dialects() -> None:
    assert sorted(path.name for path in DUMPS) == sorted(f"{v}-{d}.sql" for v in versions() for d in DIALECTS)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_an_old_database_opens_whole_and_like_a_new_one(dump: Path, new_database: Any) -> None:
    dialect = dump.stem.split("-", 1)[1]
    url, fresh = new_database(dialect), new_database(dialect)
    load(dump, url)
    before = contents(url)
    assert set(before) >= set(tables.OWN_TABLES) - {"alembic_version"} or dump.stem[:4] != migrate.HEAD
    assert all(len(rows) == 2 for rows in before.values())
    open_database(url).close()
    open_database(fresh).close()
    after = contents(url)
    for table, rows in before.items():
        if table in after:
            assert [{name: row.get(name) for name in old} for old, row in zip(rows, after[table], strict=True)] == rows
    assert any(make_dumps.TEXTS[1] in row.values() for rows in after.values() for row in rows)
    assert schema(url) == schema(fresh)
    assert differences(url) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_new_database_is_what_the_models_say(dialect: str, new_database: Any) -> None:
    url = new_database(dialect)
    open_database(url).close()
    assert differences(url) == []
    assert set(schema(url)) == set(tables.OWN_TABLES)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_missing_column_would_be_noticed(dialect: str, new_database: Any) -> None:
    url = new_database(dialect)
    open_database(url).close()
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE kept ADD COLUMN more TEXT"))
        connection.execute(sa.text("DROP INDEX audit_by_time"))
    engine.dispose()
    assert sorted(found[0] for found in differences(url)) == ["add_index", "remove_column"]


def test_opening_again_changes_nothing(database_url: str) -> None:
    open_database(database_url).close()
    before = schema(database_url)
    open_database(database_url).close()
    assert schema(database_url) == before


def test_two_servers_that_start_at_once_migrate_once(new_database: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    url = new_database("postgresql")
    with ThreadPoolExecutor(4) as pool:
        for opened in pool.map(lambda _: open_database(url), range(4)):
            opened.close()
    assert differences(url) == []


def test_a_database_of_a_newer_version_is_one_clear_line_and_stays_as_it_is(database_url: str) -> None:
    open_database(database_url).close()
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    before = schema(database_url)
    with pytest.raises(WrongSetting, match="newer version") as refused:
        open_database(database_url)
    assert "\n" not in refused.value.detail
    assert schema(database_url) == before


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is a letter, not a database\n" * 100)
    with pytest.raises(WrongSetting, match=r"x\.db") as refused:
        open_database(f"sqlite:///{tmp_path / 'x.db'}")
    assert "\n" not in refused.value.detail
    assert (tmp_path / "x.db").read_bytes().startswith(b"this is a letter")
