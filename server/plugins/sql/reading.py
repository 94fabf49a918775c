"""The tables that a plugin of kind `sql` may read, as they really are, and the SELECT that stands for each."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from server.catalog.check_sql import parameters_of
from server.catalog.plugin_spec import SqlPlugin
from server.catalog.sql_guard import Dialect, NotAllowed, Readable, Rules, parameter, rewritten
from server.plugins.operation import Means, Problem
from server.plugins.preparing import server_tables
from server.plugins.references import MISSING, Slot, Unfilled, Values, fill
from server.plugins.sql.sessions import Place, dialect_of

_FENCE = {"sqlite": "LIMIT -1 OFFSET 0", "postgresql": "OFFSET 0", "mysql": "LIMIT 18446744073709551615"}
"""Keeps conditions of the statement from being tried on other people's rows, whose errors would tell of them."""


@dataclass(frozen=True, slots=True)
class RealTable:
    """A table of the database: columns with their types, and whether its rows are the customer's own."""

    name: str
    columns: Mapping[str, TypeEngine[Any]]
    own: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """What statements of one plugin run on."""

    place: Place
    tables: tuple[RealTable, ...]
    rules: Rules


@dataclass(slots=True)
class Library:
    """One plugin's tables. `ground` is set once they were looked at."""

    spec: SqlPlugin
    means: Means
    bind: Mapping[str, str | Slot]
    address: Slot | None
    ground: Ground | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, values: Values) -> None:
        """Blocks. Raises Problem with all that is wrong, Unfilled, or SQLAlchemyError."""
        with self._lock:
            self.ground = None
            self.ground = self._looked_at(values)

    def bound(self, values: Values) -> dict[str, Any]:
        """The values of the row filter. Raises Unfilled: a missing one never means "anybody's rows"."""
        found = {name: fill(slot, values) for name, slot in self.bind.items()}
        for name, value in found.items():
            if value is MISSING or value == "":
                raise Unfilled(f"`{name}` has no value, and without it nobody's rows can be read")
        return found

    def _looked_at(self, values: Values) -> Ground:
        engine = self._engine(values)
        dialect = dialect_of(engine)
        if self.spec.dialect not in (None, dialect):
            raise Problem(f"`dialect` says {self.spec.dialect}, and the database is {dialect}")
        if self.spec.role and dialect != "postgresql":
            raise Problem("`role` is for PostgreSQL; elsewhere the address names who reads")
        inspector = sa.inspect(engine)
        tables = self._real(inspector, dialect, own=engine.url == self.means.database.engine.url)
        schema = inspector.default_schema_name if dialect == "postgresql" else None
        place = Place(engine, dialect, frozenset(table.name.lower() for table in tables), self.spec.role, schema)
        readable = {table.name.lower(): self._readable(table, place) for table in tables}
        rules = Rules(dialect, readable, rows=self.spec.limits.rows)
        self._statements(rules)
        return Ground(place, tuple(tables), rules)

    def _engine(self, values: Values) -> sa.Engine:
        if self.address is None:
            url = self.means.database.engine.url
            return self.means.engines.reading(url.render_as_string(hide_password=False))
        address = fill(self.address, values.by_itself())
        if address is MISSING:
            whole = self.address.whole
            raise Unfilled(f"the secret {whole.rest if whole else ''} is not set")
        try:
            engine = self.means.engines.reading(address)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError):
            raise Unfilled("the secret holds no database address that can be opened here") from None
        if engine.url.password:
            values.used.add(engine.url.password)
        return engine

    def _real(self, inspector: sa.Inspector, dialect: Dialect, *, own: bool) -> list[RealTable]:
        names = {name.lower(): name for name in (*inspector.get_table_names(), *inspector.get_view_names())}
        shared = {name.lower() for name in self.spec.shared}
        wrong: list[str] = []
        found: list[RealTable] = []
        for name in self.spec.tables:
            real = name if name in names.values() else names.get(name.lower())
            if own and name.lower() in server_tables():
                wrong.append(f"the table `{name}` belongs to the server itself")
            elif real is None:
                wrong.append(f"there is no table `{name}`")
            else:
                columns = {column["name"]: column["type"] for column in inspector.get_columns(real)}
                wrong += self._mismatch(name, columns, name.lower() in shared)
                found.append(RealTable(real, columns, name.lower() not in shared))
        if wrong:
            raise Problem("; ".join(wrong))
        return found

    def _mismatch(self, table: str, columns: Mapping[str, Any], shared: bool) -> list[str]:
        there = [name for name in self.bind if name in columns]
        if shared:
            return [f"`{table}` is `shared` and has the column `{name}` that is bound" for name in there]
        missing = [name for name in self.bind if name not in columns]
        if not self.bind:
            return [f"`{table}` has rows of everybody: list it under `shared`, or bind a column"]
        hint = "list it under `shared` if everybody may see its rows"
        return [f"`{table}` has no column `{name}`; {hint}" for name in missing]

    def _readable(self, table: RealTable, place: Place) -> Readable:
        quote = place.engine.dialect.identifier_preparer.quote_identifier
        schema = {"sqlite": "main", "postgresql": place.schema}.get(place.dialect)
        source = f"SELECT * FROM {quote(schema) + '.' if schema else ''}{quote(table.name)}"  # noqa: S608
        if table.own:
            mine = [_exactly(quote(name), table.columns[name], name, place.dialect) for name in self.bind]
            source += f" WHERE {' AND '.join(mine)} {_FENCE[place.dialect]}"
        return Readable(table.name, source, tuple(table.columns))

    def _statements(self, rules: Rules) -> None:
        wrong = []
        for statement in self.spec.statements:
            try:
                rewritten(statement.sql, with_parameters(rules, parameters_of(statement) | self.bind.keys()))
            except NotAllowed as fault:
                wrong.append(f"{statement.name}: {fault}")
        if wrong:
            raise Problem("; ".join(wrong))


def with_parameters(rules: Rules, parameters: frozenset[str]) -> Rules:
    """The same rules with parameters."""
    return Rules(rules.dialect, rules.tables, parameters, rules.rows)


def _exactly(column: str, kind: TypeEngine[Any], name: str, dialect: Dialect) -> str:
    """That a column is the very value: collations that take `A` for `a`, and `12` for `12abc`, are not asked."""
    value = parameter(name)
    if dialect == "sqlite":
        return f"{column} = {value} COLLATE BINARY AND CAST({column} AS TEXT) = {value} COLLATE BINARY"
    if dialect == "mysql":
        as_bytes = "CAST(CONVERT({} USING utf8mb4) AS BINARY)"
        return f"{column} = {value} AND {as_bytes.format(column)} = {as_bytes.format(value)}"
    if isinstance(kind, sa.Uuid | sa.Integer):
        return f"{column} = {value}"
    return f'{column} = {value} AND CAST({column} AS TEXT) COLLATE "C" = CAST({value} AS TEXT)'
