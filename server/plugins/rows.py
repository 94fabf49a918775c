"""A plugin's table as the data service shows it: rows by equality, inserts, partial updates, deletes by key."""

from __future__ import annotations

import asyncio
import math
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import TableColumn, TablePlugin
from server.errors import BadRequest, Conflict, RapportError, Unavailable
from server.plugins.arguments import Refused, compile_schema, parse, validate
from server.plugins.columns import from_sql, from_text, schema_of, to_sql
from server.plugins.kinds import TablePreparation
from server.plugins.references import Unfilled, Values
from server.plugins.table import Execute, Store
from server.plugins.types import Bound

PAGE_SIZE = 50
MOST_ROWS = 1000
MOST_PAGES = 1_000_000_000
KEY_LENGTH = 255
_NOBODY = Bound("", "anonymous", "", "")
_SHOWN = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "datetime": "DATETIME",
    "date": "DATE",
}
_FORMS = {
    "integer": re.compile(r"[+-]?[0-9]{1,30}"),
    "number": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    "boolean": re.compile(r"true|false|1|0"),
}
"""How values that are no texts stand in a query."""
_BODY = {
    "not JSON": "The body is not one whole JSON object.",
    "not an object": "The body must be a JSON object of columns.",
    "duplicate key": "A column stands twice in the body; send each once.",
    "too deep": "The body is nested; columns hold single values.",
    "too large": "The body is too large for one row.",
}
T = TypeVar("T")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column as answers name it: an SQL type that is the same on every database."""

    name: str
    data_type: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """One plugin's table. What is wrong with a request raises BadRequest, a key that is there Conflict."""

    plugin: LoadedPlugin
    preparation: TablePreparation

    # What there is

    @property
    def store(self) -> Store:
        """The table behind it."""
        return self.preparation.store

    @property
    def name(self) -> str:
        """The table's name, which is unique among plugins."""
        return self.store.spec.table

    @property
    def key(self) -> list[str]:
        """The key's columns; empty for a table whose rows can only be read."""
        return list(self.store.spec.key)

    @property
    def columns(self) -> list[ShownColumn]:
        """Every column, the key first."""
        key = [ShownColumn(name, "BIGINT" if self._is_whole(name) else "VARCHAR", False) for name in self.key]
        return key + [ShownColumn(n, _SHOWN[c.type], True) for n, c in self._spec.columns.items()]

    def properties(self) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each column, without null."""
        return {**{name: self._key_schema(name) for name in self.key}, **schema_of(self._spec.columns)["properties"]}

    def users(self, row: Row) -> Sequence[str | None]:
        """Whose row it is; None among them when the key does not say, so that it may be anybody's."""
        return [str(row[name]) for name in self.store.user_columns] or [None]

    @property
    def _spec(self) -> TablePlugin:
        return self.store.spec

    def _is_whole(self, name: str) -> bool:
        return isinstance(self.store.table.c[name].type, sa.Integer)

    def _key_schema(self, name: str) -> dict[str, Any]:
        if self._is_whole(name):
            return dict(schema_of({name: self._column(name)})["properties"][name])
        return {"type": "string", "minLength": 1, "maxLength": self._key_length(name)}

    def _key_length(self, name: str) -> int:
        real = self.store.table.c[name].type
        return (real.length if isinstance(real, sa.String) else None) or KEY_LENGTH

    async def prepared(self) -> None:
        """Makes or checks the table where that was not done. Raises Unavailable. Comes before all else."""
        if not self.preparation.done and await self.preparation.prepare(self.plugin):
            raise Unavailable(f"The table `{self.name}` cannot be used now; GET /api/v1/plugins says why.")

    # What was asked

    def filters(self, texts: Mapping[str, str]) -> Row:
        """Query parameters as values of columns."""
        self._known(texts)
        found = {name: self._from_text(name, text) for name, text in texts.items()}
        self._checked(found, self.properties())
        return found

    def whole_key(self, row: Row) -> Row:
        """The key of a row."""
        missing = [name for name in self.key if row.get(name) is None]
        if missing:
            raise BadRequest(f"The key `{'`, `'.join(missing)}` is missing: one row is meant, never several.")
        return {name: row[name] for name in self.key}

    def body(self, text: bytes) -> Row:
        """A JSON object of columns, the whole key among them."""
        try:
            row = parse(text.decode())
        except UnicodeDecodeError:
            raise BadRequest("The body is not UTF-8.") from None
        except Refused as refusal:
            raise BadRequest(_BODY.get(refusal.reason, _BODY["not JSON"])) from None
        self._known(row)
        self.whole_key(row)
        given = self.properties()
        self._checked(row, given | {name: _or_null(given[name]) for name in self._spec.columns})
        return row

    def _known(self, names: Mapping[str, Any]) -> None:
        known = [*self.key, *self._spec.columns]
        unknown = [name for name in names if name not in known]
        if unknown:
            words = f"`{self.name}` has no column `{unknown[0][:60]}`; there are {', '.join(known)}."
            raise BadRequest(words)

    def _from_text(self, name: str, text: str) -> Any:
        column = self._column(name)
        form = _FORMS.get(column.type)
        if form and not form.fullmatch(text):
            raise BadRequest(f"`{name}`: `{text[:40]}` is no {column.type}.")
        return from_text(text, column) if form else text

    def _column(self, name: str) -> TableColumn:
        whole = name in self.key and self._is_whole(name)
        return self._spec.columns.get(name) or TableColumn(type="integer" if whole else "text")

    def _checked(self, row: Row, properties: Mapping[str, Any]) -> None:
        odd = [name for name, value in row.items() if isinstance(value, float) and not math.isfinite(value)]
        if odd:
            raise BadRequest(f"`{odd[0]}` is no number that JSON has.")
        schema = {"type": "object", "properties": {name: properties[name] for name in row}}
        try:
            validate(row, compile_schema(schema))
        except Refused as refusal:
            raise BadRequest(str(refusal).removeprefix("The arguments do not fit. ")) from None
        self._ready(row)

    def _ready(self, row: Row) -> Row:
        """The values as the columns take them."""
        return {name: self._to_sql(name, value) for name, value in row.items()}

    def _to_sql(self, name: str, value: Any) -> Any:
        real = self.store.table.c[name].type
        try:
            made = None if value is None else to_sql(value, self._column(name), real)
            if isinstance(real, sa.Uuid) and isinstance(made, str):
                return uuid.UUID(made)
        except (Unfilled, ValueError) as reason:
            raise BadRequest(f"`{name}`: {reason}.") from None
        return int(made) if isinstance(made, bool) and isinstance(real, sa.Integer) else made

    # What is done

    async def find(self, filters: Row, page: int, size: int) -> list[Row]:
        """A page of the rows that have these values, in the order of their keys; `page` counts from 1."""
        table = self.store.table
        order = [table.c[name] for name in self.key] if self.key and self.store.unique else list(table.c)
        wanted = [table.c[column.name] for column in self.columns]
        where = self._where(filters)
        statement = sa.select(*wanted).where(*where).order_by(*order).limit(size).offset((page - 1) * size)
        rows = await self._run(lambda execute: execute(statement).mappings().all(), write=False)
        return [{str(name): self._shown(str(name), value) for name, value in row.items()} for row in rows]

    async def insert(self, row: Row) -> int:
        """Adds a row; raises Conflict when its key is there."""
        key, ready = self._ready(self.whole_key(row)), self._ready(row)
        taken = Conflict(f"`{self.name}` has a row of that key already; PUT changes it.")

        def work(execute: Execute) -> int:
            if self._is_there(execute, key):
                raise taken
            return self._add(execute, ready)

        try:
            return await self._run(work)
        except sa.exc.IntegrityError:
            raise await self._refusal(key, taken) from None

    async def put(self, row: Row) -> int:
        """Writes the given columns of the row, which is made when it is not there; null empties a column."""
        key, ready = self._ready(self.whole_key(row)), self._ready(row)
        changed = {name: value for name, value in ready.items() if name not in key}
        if not changed:
            raise BadRequest(f"No column to write is given; there are {', '.join(self._spec.columns)}.")

        def work(execute: Execute) -> int:
            update = sa.update(self.store.table).where(*self.store.where(key)).values(**changed)
            return execute(update).rowcount or self._add(execute, ready)

        try:
            return await self._run(work)
        except sa.exc.IntegrityError:  # somebody made the row between the two, or it is not taken at all
            return await self._tried(work)

    async def delete(self, filters: Row) -> int:
        """Deletes the row of that key, if it has the other values, too; how many."""
        self.whole_key(filters)
        statement = sa.delete(self.store.table).where(*self._where(filters))
        return await self._tried(lambda execute: execute(statement).rowcount)

    async def _tried(self, work: Callable[[Execute], int]) -> int:
        try:
            return await self._run(work)
        except sa.exc.IntegrityError:
            raise self._not_taken() from None

    async def _refusal(self, key: Row, taken: Conflict) -> RapportError:
        there = await self._run(lambda execute: self._is_there(execute, key), write=False)
        return taken if there else self._not_taken()

    def _not_taken(self) -> Conflict:
        return Conflict(f"The database does not take this change of `{self.name}`: one of its own rules forbids it.")

    def _add(self, execute: Execute, ready: Row) -> int:
        execute(
            sa.insert(self.store.table).inline().values(**ready)
        )  # PostgreSQL would give the key back, and no count
        return 1

    def _is_there(self, execute: Execute, key: Row) -> bool:
        found = sa.select(sa.literal(1)).select_from(self.store.table).where(*self.store.where(key)).limit(1)
        return execute(found).first() is not None

    def _where(self, filters: Row) -> Sequence[sa.ColumnElement[bool]]:
        ready = self._ready(filters)
        key = {name: value for name, value in ready.items() if name in self.key}
        rest = [self.store.table.c[name] == value for name, value in ready.items() if name not in key]
        return [*self.store.where(key), *rest]

    def _shown(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        return bool(value) if self._column(name).type == "boolean" else from_sql(value)

    async def _run(self, work: Callable[[Execute], T], *, write: bool = True) -> T:
        """Raises IntegrityError, and RapportError for all else that a database says."""
        try:
            if self.store.own:
                queue = self.store.database.write if write else self.store.database.read
                return await queue(lambda tx: work(tx.execute))
            return await asyncio.to_thread(self._elsewhere, work)
        except sa.exc.IntegrityError:
            raise
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, Unfilled):
            raise Unavailable(f"The database of `{self.name}` does not answer; try again shortly.") from None
        except sa.exc.SQLAlchemyError:
            raise BadRequest(f"The columns of `{self.name}` do not take these values.") from None

    def _elsewhere(self, work: Callable[[Execute], T]) -> T:
        engine = self.store.other_engine(Values({}, _NOBODY, self.preparation.means.secrets))
        with engine.begin() as connection:
            return work(connection.execute)


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}
