"""Makes a plugin's table, or holds it against the real one, and fills it from its CSV file."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

import server.storage.tables  # noqa: F401  (fills SQLModel.metadata)
from server.catalog.plugin_spec import TableColumn, TablePlugin
from server.plugins.columns import fits, from_text, table_of, to_sql
from server.plugins.operation import Problem
from server.plugins.references import Unfilled, Values
from server.plugins.table import Execute, Store

MOST_ROWS = 100_000
_MARK = "plugin_rows:"
"""Prefix of the names under which the server keeps the digest of a CSV file that filled a table."""


def server_tables() -> frozenset[str]:
    """Names, case folded, that no plugin may use in the server's own database."""
    names = {name.casefold() for name in SQLModel.metadata.tables}
    return frozenset(names | {"alembic_version", "sqlite_master", "sqlite_schema"})


def prepare(store: Store, file: Path, values: Values) -> None:
    """Blocks. Raises Problem with all that is wrong, in words; SQLAlchemyError when the database is away."""
    store.prepared = False
    engine = store.database.engine if store.own else store.other_engine(values)
    if engine.url == store.database.engine.url and _taken(store.spec.table):
        raise Problem(f"the table `{store.spec.table}` belongs to the server itself; choose another name")
    made = _made(store, engine)
    real = _real_columns(store, engine)
    differences = _differences(store.spec, real)
    if differences:
        raise Problem(f"the table `{store.spec.table}` differs from the file: " + "; ".join(differences))
    store.table = table_of(store.spec, real)
    store.exact = engine.dialect.name in ("mysql", "mariadb")
    store.unique = _is_unique(store.spec, engine)
    if store.spec.rows:
        _fill(store, engine, file, made)
    store.prepared = True


def _taken(table: str) -> bool:
    return table.casefold() in server_tables() or table.casefold().startswith(("sqlite_", "pg_"))


def _change(store: Store, engine: sa.Engine, work: Callable[[Execute], object]) -> None:
    if store.own:
        store.database.write_now(lambda tx: work(tx.execute))
        return
    with engine.begin() as connection:
        work(connection.execute)


def _made(store: Store, engine: sa.Engine) -> bool:
    """Makes the table, or columns that were added to the file since; True when it was not there."""
    if not store.spec.create:
        return False
    made = not sa.inspect(engine).has_table(store.spec.table)
    if made:
        fresh = table_of(store.spec, dialect=engine.dialect.name)
        _change(store, engine, lambda execute: execute(sa.schema.CreateTable(fresh, if_not_exists=True)))
        return True
    real = _real_columns(store, engine)
    for name in store.spec.columns:
        if name not in real:
            _change(store, engine, _add_column(table_of(store.spec), name, engine))
    return False


def _add_column(table: sa.Table, name: str, engine: sa.Engine) -> Callable[[Execute], None]:
    quoted = engine.dialect.identifier_preparer.format_table(table)
    column = sa.schema.CreateColumn(table.c[name]).compile(dialect=engine.dialect)

    def add(execute: Execute) -> None:
        execute(sa.text(f"ALTER TABLE {quoted} ADD COLUMN {column}"))

    return add


def _real_columns(store: Store, engine: sa.Engine) -> dict[str, TypeEngine[Any]]:
    inspector = sa.inspect(engine)
    if not inspector.has_table(store.spec.table):
        raise Problem(f"there is no table `{store.spec.table}`; make it, or say `create: true`")
    return {column["name"]: column["type"] for column in inspector.get_columns(store.spec.table)}


def _differences(spec: TablePlugin, real: Mapping[str, TypeEngine[Any]]) -> list[str]:
    missing = [name for name in (*spec.key, *spec.columns) if name not in real]
    found = [f"it has no column `{name}`" for name in missing]
    for name, column in spec.columns.items():
        if name in real and not fits(column, real[name]):
            found.append(f"`{name}` is {real[name]!s} there and {column.type} here")
    return found


def _is_unique(spec: TablePlugin, engine: sa.Engine) -> bool:
    inspector = sa.inspect(engine)
    keys = [inspector.get_pk_constraint(spec.table)["constrained_columns"]]
    keys += [unique["column_names"] for unique in inspector.get_unique_constraints(spec.table)]
    return any(set(columns) == set(spec.key) for columns in keys if columns)


def _fill(store: Store, engine: sa.Engine, file: Path, made: bool) -> None:
    """Replaces the rows when the CSV file is another than last time; only in a table that came from one."""
    if not store.spec.create or store.spec.key:
        raise Problem("`rows` fills tables with `create: true` and without a `key`")
    content = _csv_bytes(store.spec, file)
    digest = hashlib.sha256(content).hexdigest()
    last = _mark(store)
    if last == digest and not made:
        return
    rows = _rows(store, content)
    if last is None and not made and _count(store, engine):
        raise Problem(f"the table `{store.spec.table}` has rows of its own; empty it or drop `rows`")

    def replace(execute: Execute) -> None:
        execute(sa.delete(store.table))
        for start in range(0, len(rows), 500):
            execute(sa.insert(store.table).values(rows[start : start + 500]))

    _change(store, engine, replace)
    _set_mark(store, digest)


def _csv_bytes(spec: TablePlugin, file: Path) -> bytes:
    assert spec.rows is not None
    folder = file.parent.resolve()
    path = folder / spec.rows
    if path.is_symlink() or not path.resolve().is_relative_to(folder):
        raise Problem(f"`rows: {spec.rows}` lies outside the plugin's folder")
    try:
        return path.read_bytes()
    except OSError:
        raise Problem(f"`rows: {spec.rows}` cannot be read") from None


def _rows(store: Store, content: bytes) -> list[dict[str, Any]]:
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True)
        header = [name.strip() for name in next(reader, [])]
        lines = [(reader.line_num, line) for line in reader if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(f"`rows: {store.spec.rows}` is no CSV file in UTF-8: {error}") from None
    unknown = [name for name in header if name not in store.spec.columns]
    if unknown or not header or len(set(header)) != len(header):
        raise Problem(f"the first line of `{store.spec.rows}` must name columns once each; wrong: {unknown}")
    if len(lines) > MOST_ROWS:
        raise Problem(f"`{store.spec.rows}` has more than {MOST_ROWS:,} rows")
    return [_row(store, header, line, number) for number, line in lines]


def _row(store: Store, header: list[str], line: list[str], number: int) -> dict[str, Any]:
    if len(line) != len(header):
        raise Problem(f"{store.spec.rows}:{number}: {len(line)} cells under {len(header)} columns")
    row: dict[str, Any] = dict.fromkeys(store.spec.columns)
    for name, text in zip(header, line, strict=True):
        row[name] = _cell(store, store.spec.columns[name], name, text, number)
    return row


def _cell(store: Store, column: TableColumn, name: str, text: str, number: int) -> Any:
    if not text.strip():
        return None
    try:
        return to_sql(from_text(text, column), column, store.table.c[name].type)
    except Unfilled as reason:
        raise Problem(f"{store.spec.rows}:{number}: `{name}`: {reason}") from None


def _count(store: Store, engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(store.table)).scalar_one())


def _mark(store: Store) -> str | None:
    found = store.database.read_now(lambda tx: tx.row("SELECT value FROM kept WHERE name = ?", _MARK + store.plugin))
    return str(found[0]) if found else None


def _set_mark(store: Store, digest: str) -> None:
    store.database.write_now(
        lambda tx: tx.run(
            "INSERT INTO kept (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            *(_MARK + store.plugin, digest),
        )
    )
