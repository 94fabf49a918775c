"""One read-only statement on a real database, within its limits: SQLite, PostgreSQL, MariaDB and MySQL."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from server.catalog.plugin_spec import SqlLimits
from server.catalog.sql_guard import Dialect
from server.catalog.sql_words import SQLITE_FUNCTIONS
from server.plugins.columns import from_sql
from server.plugins.references import Unfilled

_PLAN_LINES = 12
_LONGEST = 1_000_000
_PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON")
_CUT_WORDS = ("interrupted", "statement timeout", "max_statement_time", "maximum statement execution time")


class Cut(Exception):
    """A statement that took longer than it may."""


class Broken(Exception):
    """What the database said of a statement, in one line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows as JSON has them. `more`: there were others beyond the limits. `plan`: how the database got them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool
    plan: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where statements run; `role` is PostgreSQL's, `schema` where the tables lie."""

    engine: sa.Engine
    dialect: Dialect
    tables: frozenset[str]
    role: str | None = None
    schema: str | None = None


def dialect_of(engine: sa.Engine) -> Dialect:
    """Raises Unfilled for a database that statements cannot be kept read-only on."""
    names: dict[str, Dialect] = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
    if engine.dialect.name not in names:
        raise Unfilled("`sql` works on SQLite, PostgreSQL, MariaDB and MySQL")
    return names[engine.dialect.name]


def ask(place: Place, sql: str, parameters: Mapping[str, Any], limits: SqlLimits) -> Answer:
    """Explains and runs the statement. Raises Cut, Broken, Unfilled, or SQLAlchemyError when nothing answers."""
    ends = time.monotonic() + limits.seconds
    broken: tuple[type[Exception], ...] = (sqlite3.Error, place.engine.dialect.loaded_dbapi.Error)
    try:
        with _opened(place, ends) as (run, explain):
            plan = tuple(_line(row) for row in run(f"{explain} {sql}", parameters).fetchmany(_PLAN_LINES))
            return _read(run(sql, parameters), plan, limits)
    except broken as error:
        words = str(error).strip().splitlines() or [type(error).__name__]
        if any(word in str(error) for word in _CUT_WORDS):
            raise Cut(f"the statement took longer than {limits.seconds:g} s and was cut") from None
        raise Broken(words[0][:200]) from None
    except OverflowError:
        raise Broken("a number is too large for the database") from None


Run = Callable[[str, Mapping[str, Any]], Any]


def _opened(place: Place, ends: float) -> contextlib.AbstractContextManager[tuple[Run, str]]:
    if place.dialect == "sqlite":
        return _sqlite(place, ends)
    return _postgresql(place, ends) if place.dialect == "postgresql" else _mysql(place, ends)


@contextlib.contextmanager
def _sqlite(place: Place, ends: float) -> Iterator[tuple[Run, str]]:
    file = place.engine.url.database
    if not file or file == ":memory:" or file.startswith("file:"):
        raise Unfilled("`sql` needs a database in a file")
    connection = sqlite3.connect(f"file:{quote(file)}?mode=ro", uri=True, timeout=1, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200)
        connection.set_authorizer(_authorizer(place.tables))
        connection.set_progress_handler(lambda: time.monotonic() > ends, 1_000)
        yield connection.execute, "EXPLAIN QUERY PLAN"
    finally:
        connection.close()


def _authorizer(tables: frozenset[str]) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    def allowed(action: int, first: str | None, second: str | None, database: str | None, inner: str | None) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            mine = (first or "").lower() in tables or (inner or "").lower() in tables
            return sqlite3.SQLITE_OK if mine and database in ("main", None) else sqlite3.SQLITE_DENY
        known = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in SQLITE_FUNCTIONS
        return sqlite3.SQLITE_OK if known else sqlite3.SQLITE_DENY

    return allowed


@contextlib.contextmanager
def _postgresql(place: Place, ends: float) -> Iterator[tuple[Run, str]]:
    quoted = place.engine.dialect.identifier_preparer.quote_identifier
    connection = place.engine.raw_connection()
    cursor = connection.cursor()
    try:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute("SET LOCAL standard_conforming_strings = on")
        cursor.execute("SET LOCAL lock_timeout = '500ms'")
        cursor.execute(f"SET LOCAL search_path = pg_catalog, {quoted(place.schema or 'public')}")
        if place.role:
            cursor.execute(f"SET LOCAL ROLE {quoted(place.role)}")

        def run(sql: str, parameters: Mapping[str, Any]) -> Any:
            left = max(1, int((ends - time.monotonic()) * 1000))
            cursor.execute(f"SET LOCAL statement_timeout = {left}")
            return cursor.execute(sql, dict(parameters))

        yield run, "EXPLAIN"
    finally:
        with contextlib.suppress(Exception):  # a connection that broke has nothing to undo
            connection.rollback()
        connection.close()


@contextlib.contextmanager
def _mysql(place: Place, ends: float) -> Iterator[tuple[Run, str]]:
    mariadb = bool(getattr(place.engine.dialect, "is_mariadb", False))
    connection = place.engine.raw_connection()
    cursor = connection.cursor()

    def bounded(seconds: float) -> None:
        name, value = ("max_statement_time", seconds) if mariadb else ("max_execution_time", int(seconds * 1000))
        cursor.execute(f"SET SESSION {name} = {max(0.01, value) if mariadb else max(1, value)}")

    try:
        cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO'")
        cursor.execute("SET SESSION lock_wait_timeout = 1")
        cursor.execute("START TRANSACTION READ ONLY")

        def run(sql: str, parameters: Mapping[str, Any]) -> Any:
            bounded(ends - time.monotonic())
            cursor.execute(sql, dict(parameters))
            return cursor

        yield run, "EXPLAIN"
    finally:
        with contextlib.suppress(Exception):  # a connection that broke has nothing to undo
            connection.rollback()
        connection.close()


def _line(row: Any) -> str:
    cells = [str(cell) for cell in tuple(row) if cell is not None]
    return " ".join(cells)[:200]


def _read(cursor: Any, plan: tuple[str, ...], limits: SqlLimits) -> Answer:
    columns = tuple(str(column[0]) for column in cursor.description or ())
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        found = tuple(_value(cell) for cell in row)
        size += sum(len(cell.encode()) if isinstance(cell, str) else 8 for cell in found)
        if len(rows) == limits.rows or size > limits.bytes:
            return Answer(columns, tuple(rows), True, plan, size)
        rows.append(found)
    return Answer(columns, tuple(rows), False, plan, size)


def _value(cell: Any) -> Any:
    if cell is None or isinstance(cell, dict):
        return cell
    if isinstance(cell, list | tuple):
        return [_value(each) for each in cell]
    if isinstance(cell, bytes | memoryview):
        return f"({len(cell):,} bytes)"
    return None if isinstance(cell, float) and cell != cell else from_sql(cell)
