"""The executor `table`: `get`, `set` and `find` over one table, by bound parameters only."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.types import TypeEngine

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import TableFunction, TablePlugin
from server.catalog.references import BOUND, reserved_names
from server.catalog.spec import Trust
from server.plugins import scratch
from server.plugins.columns import Action, from_sql, parameters_of, table_of, to_sql
from server.plugins.engines import Engines
from server.plugins.operation import Means, Operation, Outcome, Problem, operation
from server.plugins.references import (
    MISSING,
    Slot,
    Unfilled,
    Values,
    fill,
    plain,
    read,
    references,
)
from server.storage import Database, Transaction

FOUND_AT_MOST = 10
_CANDIDATES = 500
_TERMS = 24
_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")

Execute = Callable[..., sa.CursorResult[Any]]


@dataclass(frozen=True, slots=True)
class _ByKey:
    """How a row is read by its key; `text` when the driver's own values will do."""

    table: sa.Table
    statement: sa.Select[Any]
    text: str | None


@dataclass(slots=True)
class Store:
    """One plugin's table. `prepared` once it was made or held against the real one, which sets the rest.

    `exact`: the database takes `A` for `a` and `a ` for `a`, so keys are compared byte by byte, too.
    """

    plugin: str
    spec: TablePlugin
    database: Database
    engines: Engines
    key: Mapping[str, str | Slot]
    address: Slot | None
    table: sa.Table = field(init=False)
    unique: bool = True
    exact: bool = False
    prepared: bool = False
    _by_key: _ByKey | None = None

    def __post_init__(self) -> None:
        self.table = table_of(self.spec)

    @property
    def own(self) -> bool:
        """Whether it lies in the server's own database."""
        return self.address is None

    @property
    def user_columns(self) -> list[str]:
        """Key columns that hold nothing but the customer's id."""
        return [name for name, slot in self.key.items() if _is_user_id(slot)]

    def key_of(self, values: Values) -> dict[str, Any]:
        """The bound key of a call. Raises Unfilled: a missing part never means "any row"."""
        return {name: self._key_part(name, slot, values) for name, slot in self.key.items()}

    def _key_part(self, name: str, slot: str | Slot, values: Values) -> Any:
        value = fill(slot, values)
        if value is MISSING or value == "":
            raise Unfilled(f"the key `{name}` has no value")
        if isinstance(self.table.c[name].type, sa.Integer):
            try:
                return int(value)
            except ValueError:
                raise Unfilled(f"the key `{name}` is a number in the table and none here") from None
        return plain(value)

    def other_engine(self, values: Values) -> sa.Engine:
        """The engine of the database that a secret names. Raises Unfilled when it is not set or usable."""
        assert self.address is not None
        address = fill(self.address, values.by_itself())
        if address is MISSING:
            whole = self.address.whole
            raise Unfilled(f"the secret {whole.rest if whole else ''} is not set")
        try:
            engine = self.engines.of(address)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError):
            raise Unfilled("the secret holds no database address that can be opened here") from None
        if engine.url.password:
            values.used.add(engine.url.password)
        return engine

    def get(self, execute: Execute, key: Mapping[str, Any]) -> dict[str, Any]:
        """The row as an object without its key and without nulls; `{}` when there is none."""
        row = execute(self._reading().statement, dict(key)).mappings().first()
        return _object(row) if row else {}

    def get_in(self, tx: Transaction, key: Mapping[str, Any]) -> dict[str, Any]:
        """`get` in the server's own database, past SQLAlchemy where its types have nothing to convert."""
        text, dialect = self._reading().text, self.database.engine.dialect
        if text is None:
            return self.get(tx.execute, key)
        broken = dialect.loaded_dbapi.Error
        try:
            row = tx.row(text, *key.values())
        except broken as error:
            raise sa.exc.DBAPIError.instance(text, None, error, broken, dialect=dialect) from error
        return _object(dict(zip(self.spec.columns, row, strict=True))) if row else {}

    def _reading(self) -> _ByKey:
        """Made once for each shape of the table."""
        kept = self._by_key
        if kept is None or kept.table is not self.table:
            bound = {name: sa.bindparam(name, type_=self.table.c[name].type) for name in self.key}
            statement = sa.select(*self._columns()).where(*self.where(bound)).limit(1)
            kept = self._by_key = _ByKey(self.table, statement, self._text_of_get())
        return kept

    def _text_of_get(self) -> str | None:
        columns = [*self._columns(), *(self.table.c[name] for name in self.key)]
        if not self.own or not all(_is_plain(column.type) for column in columns):
            return None
        quoted = self.database.engine.dialect.identifier_preparer
        names = ", ".join(quoted.format_column(column) for column in self._columns())
        mine = " AND ".join(f"{quoted.format_column(self.table.c[name])} = ?" for name in self.key)
        where = f" WHERE {mine}" if mine else ""
        return f"SELECT {names} FROM {quoted.format_table(self.table)}{where} LIMIT 1"  # noqa: S608

    def set(self, execute: Execute, dialect: str, key: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Writes the given columns of the row, which is made when it is not there."""
        ready = {name: self._to_sql(name, value) for name, value in given.items()}
        if self.unique and dialect in ("sqlite", "postgresql"):
            insert = (sqlite if dialect == "sqlite" else postgresql).insert(self.table)
            execute(
                insert.values(**key, **ready).on_conflict_do_update(
                    index_elements=[self.table.c[name] for name in key], set_=ready
                )
            )
            return
        if self.unique and self.exact:
            self._set_on_mysql(execute, key, ready)
            return
        if execute(sa.update(self.table).where(*self.where(key)).values(**ready)).rowcount == 0:
            execute(sa.insert(self.table).values(**key, **ready))

    def _set_on_mysql(self, execute: Execute, key: Mapping[str, Any], ready: Mapping[str, Any]) -> None:
        """MySQL has one rule for every unique key of a table: a row is changed only if it is the very one."""
        insert = mysql.insert(self.table).values(**key, **ready)
        mine = sa.and_(*self.where(key))
        changed = {name: sa.func.if_(mine, insert.inserted[name], self.table.c[name]) for name in ready}
        execute(insert.on_duplicate_key_update(changed))
        if execute(sa.select(sa.literal(1)).select_from(self.table).where(mine).limit(1)).first() is None:
            raise Unfilled("another row is in the way: a value that has to be unique is taken")

    def find(self, execute: Execute, key: Mapping[str, Any], query: str) -> list[dict[str, Any]]:
        """Up to ten rows that hold most of the words; the first ten for no words."""
        wanted = sa.select(*self._columns()).where(*self.where(key))
        words = terms(query)
        texts = [self.table.c[n] for n, c in self.spec.columns.items() if c.type == "text"]
        if not words or not texts:
            rows = execute(wanted.limit(FOUND_AT_MOST)).mappings().all() if not query.strip() else []
            return [_object(row) for row in rows]
        spellings = {spelling for word in words for spelling in (word, word.upper(), word.title())}
        found = [column.icontains(spelling, autoescape=True) for column in texts for spelling in spellings]
        rows = execute(wanted.where(sa.or_(*found)).limit(_CANDIDATES)).mappings().all()
        return _best([_object(row) for row in rows], words)

    def delete(self, tx: Transaction, user_id: str) -> int:
        """Deletes every row of a person, whatever the rest of its key."""
        columns = self.user_columns
        if not columns or not self._is_there(tx):
            return 0
        scratch.forget(tx, self.plugin, [user_id])
        return tx.execute(sa.delete(self.table).where(self._mine(user_id))).rowcount

    def count(self, tx: Transaction, user_id: str) -> int:
        """How many rows of a person there are."""
        if not self.user_columns or not self._is_there(tx):
            return 0
        found = tx.execute(sa.select(sa.func.count()).select_from(self.table).where(self._mine(user_id)))
        return int(found.scalar_one())

    def blank(self, tx: Transaction, user_id: str, columns: Sequence[str]) -> list[str]:
        """Empties columns of a person's rows; returns those that have to hold something, or lie elsewhere."""
        if not self.user_columns or not self._is_there(tx):
            return list(columns)
        empty = [name for name in columns if name in self.spec.columns and self.table.c[name].nullable]
        if empty:
            tx.execute(sa.update(self.table).where(self._mine(user_id)).values(dict.fromkeys(empty)))
        return [name for name in columns if name not in empty]

    def _mine(self, user_id: str) -> sa.ColumnElement[bool]:
        return sa.or_(*(self.table.c[name] == user_id for name in self.user_columns))

    def move(self, tx: Transaction, old: str, new: str) -> int:
        """Fills empty columns of the new person's rows from the old one's, which go; returns how many."""
        columns = self.user_columns
        if not columns or not self._is_there(tx):
            return 0
        mine = sa.and_(*(self.table.c[name] == old for name in columns))
        rows = tx.execute(sa.select(self.table).where(mine)).mappings().all()
        for row in rows:
            key = {name: new if name in columns else row[name] for name in self.key}
            there = self.get_in(tx, key)
            empty = {n: row[n] for n in self.spec.columns if row[n] is not None and there.get(n) in (None, "")}
            if empty:
                self._put(tx, key, empty)
        tx.execute(sa.delete(self.table).where(mine))
        return len(rows)

    def _is_there(self, tx: Transaction) -> bool:
        return self.own and sa.inspect(tx.connection).has_table(self.spec.table)

    def _put(self, tx: Transaction, key: Mapping[str, Any], ready: Mapping[str, Any]) -> None:
        if tx.execute(sa.update(self.table).where(*self.where(key)).values(**ready)).rowcount == 0:
            tx.execute(sa.insert(self.table).values(**key, **ready))

    def _to_sql(self, name: str, value: Any) -> Any:
        return to_sql(value, self.spec.columns[name], self.table.c[name].type)

    def _columns(self) -> list[sa.Column[Any]]:
        return [self.table.c[name] for name in self.spec.columns]

    def where(self, key: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
        """The conditions that a row has these values, byte for byte."""
        same = [self.table.c[name] == value for name, value in key.items()]
        if self.exact:
            same += [_as_bytes(self.table.c[name]) == _as_bytes(_text(value)) for name, value in key.items()]
        return same


def _text(value: Any) -> sa.ColumnElement[Any]:
    """A value, or the parameter that stands for it, as text."""
    return value if isinstance(value, sa.BindParameter) else sa.literal(str(value))


def _as_bytes(value: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    return sa.cast(sa.func.convert(value.op("USING")(sa.literal_column("utf8mb4"))), sa.LargeBinary)


def _is_plain(column: TypeEngine[Any]) -> bool:
    """Whether the drivers give and take the very values that SQLAlchemy would."""
    return isinstance(column, sa.String | sa.Integer | sa.Double) and not isinstance(column, sa.Enum)


def _object(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): from_sql(value) for name, value in row.items() if value is not None}


def terms(query: str) -> list[str]:
    """Words of a query, case folded; runs of Chinese or Japanese as pairs of characters."""
    found: dict[str, None] = {}
    for run in _RUN.findall(unicodedata.normalize("NFKC", query).casefold()):
        if re.match(f"[{_CJK}]", run):
            found.update(dict.fromkeys(run[i : i + 2] for i in range(max(1, len(run) - 1))))
        else:
            found[run[:-1] if len(run) > 3 and run.endswith("s") else run] = None
    longer = [term for term in found if len(term) > 1 or re.match(f"[{_CJK}0-9]", term)]
    return (longer or list(found))[:_TERMS]


def _best(rows: list[dict[str, Any]], words: Sequence[str]) -> list[dict[str, Any]]:
    def score(row: Mapping[str, Any]) -> int:
        text = " ".join(unicodedata.normalize("NFKC", v).casefold() for v in row.values() if isinstance(v, str))
        return sum(word in text for word in words)

    return sorted(rows, key=score, reverse=True)[:FOUND_AT_MOST]


@dataclass(frozen=True, slots=True)
class TableExecutor:
    """One of the three functions of a table."""

    store: Store
    action: Action

    async def run(self, values: Values) -> Outcome:
        """Raises Unfilled, SQLAlchemyError, or Unavailable when the server's own database is away."""
        database = self.store.database
        if self.store.own or (values.bound.test and self.action == "set"):
            return await self._queue(database)(lambda tx: self.run_in(tx, values))
        value = await asyncio.to_thread(self._elsewhere, values)
        if values.bound.test and self.action == "get":
            key = list(self.store.key_of(values).values())
            over = await database.read(lambda tx: scratch.overlay(tx, values.bound, self.store.plugin, key))
            value = {**value, **over}
        return Outcome(value, request=self.describe(values))

    def _queue(self, database: Database) -> Callable[[Callable[[Transaction], Outcome]], Awaitable[Outcome]]:
        if self.action == "set":
            return database.write
        return database.glance if self.action == "get" and self.store.unique else database.read

    def run_in(self, tx: Transaction, values: Values) -> Outcome:
        """The same in a transaction of the server's own database, which must hold the table unless a test."""
        key = self.store.key_of(values)
        value: Any
        if self.action == "set" and values.bound.test:
            for name, value in values.args.items():
                self.store._to_sql(name, value)
            scratch.keep(tx, values.bound, self.store.plugin, list(key.values()), values.args)
            value = {"saved": dict(values.args), "note": "kept for this test only"}
        else:
            is_get = self.action == "get"
            value = self.store.get_in(tx, key) if is_get else self._act(tx.execute, tx.dialect, key, values)
            if is_get and values.bound.test:
                value |= scratch.overlay(tx, values.bound, self.store.plugin, list(key.values()))
        return Outcome(value, request=self.describe(values))

    def describe(self, values: Values) -> dict[str, Any]:
        """The table, the function and the bound key."""
        told: dict[str, Any] = {"table": self.store.spec.table, "operation": self.action}
        told["key"] = {name: fill(slot, values) for name, slot in self.store.key.items()}
        if self.action != "get":
            told["arguments"] = dict(values.args)
        return told

    def _act(self, execute: Execute, dialect: str, key: Mapping[str, Any], values: Values) -> Any:
        if self.action == "get":
            return self.store.get(execute, key)
        if self.action == "find":
            return self.store.find(execute, key, str(values.args.get("query", "")))
        self.store.set(execute, dialect, key, values.args)
        return {"saved": dict(values.args)}

    def _elsewhere(self, values: Values) -> Any:
        engine = self.store.other_engine(values)
        key = self.store.key_of(values)
        with engine.begin() as connection:
            return self._act(connection.execute, engine.dialect.name, key, values)


def store_of(plugin: LoadedPlugin, spec: TablePlugin, means: Means) -> Store:
    """The plugin's table, not yet prepared. Raises Problem or ReferenceProblem."""
    return Store(plugin.name, spec, means.database, means.engines, _key(spec), _address(spec))


def operations(plugin: LoadedPlugin, store: Store) -> tuple[list[Operation], list[str]]:
    """The table's functions, and what is wrong with those that are missing."""
    made: list[Operation] = []
    problems: list[str] = []
    actions: tuple[Action, ...] = ("get", "set", "find")
    for action in actions:
        function = getattr(store.spec.functions, action)
        if function is not None:
            try:
                made.append(_operation(plugin, store, action, function))
            except Problem as problem:
                problems.append(f"{function.name}: {problem}")
    return made, problems


def _operation(plugin: LoadedPlugin, store: Store, action: Action, function: TableFunction) -> Operation:
    if function.force_call and action == "set":
        raise Problem("a function that writes needs arguments and cannot be called before the model")
    executor = TableExecutor(store, action)
    return operation(
        plugin,
        function.name,
        function,
        effect="write" if action == "set" else "read",
        trust=default_trust(store.spec, action),
        parameters=parameters_of(store.spec, action),
        reserved=[*reserved_names(store.spec), *store.spec.key],
        reads=[r for slot in store.key.values() for r in references(slot)],
        executor=executor,
        local=executor if store.own else None,
    )


def default_trust(spec: TablePlugin, action: Action) -> Trust:
    """Whom a table lets in when its file does not say: anybody to read and to write their own row."""
    return "anonymous" if action != "set" or "${user.id}" in spec.key.values() else "verified"


def _is_user_id(slot: str | Slot) -> bool:
    whole = slot.whole if isinstance(slot, Slot) else None
    return whole is not None and whole.name == "user.id"


def _key(spec: TablePlugin) -> dict[str, str | Slot]:
    key = {name: read(text) for name, text in spec.key.items()}
    for name, slot in key.items():
        if any(r.name not in BOUND for r in references(slot)):
            raise Problem(f"the key `{name}` takes values of user, conversation and persona only")
    return key


def _address(spec: TablePlugin) -> Slot | None:
    if spec.database is None:
        return None
    slot = read(spec.database)
    whole = slot.whole if isinstance(slot, Slot) else None
    if whole is None or whole.root != "secret":
        raise Problem("`database` is one secret that holds an address, such as ${secret.CRM_DATABASE}")
    assert isinstance(slot, Slot)
    return slot
