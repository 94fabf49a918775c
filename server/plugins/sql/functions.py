"""`describe`, `query` and fixed statements of a plugin of kind `sql`, made ready to be called."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from server.catalog import LoadedPlugin
from server.catalog.check_sql import parameters_of, sql_functions
from server.catalog.plugin_spec import SqlFunction, SqlPlugin, SqlStatement
from server.catalog.references import BOUND, reserved_names
from server.catalog.sql_guard import MAX_CHARACTERS, NotAllowed, rewritten
from server.plugins.operation import Means, Operation, Outcome, Problem, Ready, operation
from server.plugins.references import ReferenceProblem, Slot, Unfilled, Values, read, references
from server.plugins.results import first_line
from server.plugins.sql.reading import Ground, Library, RealTable, with_parameters
from server.plugins.sql.sessions import Answer, Broken, Cut, ask
from server.plugins.types import Bound

_SAMPLES = 3
_SAMPLE_CHARACTERS = 40
_NOBODY = Bound("", "anonymous", "", "")
_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB or MySQL"}
_HOW = "One SELECT over these tables. Rows are this customer's own already: do not filter by customer."
_QUERY: dict[str, Any] = {
    "type": "object",
    "properties": {"sql": {"type": "string", "maxLength": MAX_CHARACTERS, "description": "One SELECT statement"}},
    "required": ["sql"],
    "additionalProperties": False,
}
_NOTHING: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class SqlExecutor:
    """A statement: the file's own, or the one that the model wrote."""

    library: Library
    statement: SqlStatement | None = None

    async def run(self, values: Values) -> Outcome:
        """Raises Unfilled, or SQLAlchemyError when the database is away."""
        return await asyncio.to_thread(self._run, values)

    def describe(self, values: Values) -> dict[str, Any]:
        """The statement as it was written, and whose rows it reads."""
        written = self.statement.sql if self.statement else str(values.args.get("sql", ""))
        return {"statement": written, "bind": self.library.bound(values)}

    def _run(self, values: Values) -> Outcome:
        ground = _ground(self.library)
        told = self.describe(values)
        try:
            sql = self._sent(ground, values)
        except NotAllowed as fault:
            return Outcome(status="refused", error=str(fault), request=told)
        told["statement"] = sql
        try:
            answer = ask(ground.place, sql, self._parameters(values), self.library.spec.limits)
        except Cut as cut:
            return Outcome(status="timeout", error=str(cut), request=told)
        except Broken as broken:
            return Outcome(status="failed", error=f"the database says: {broken}", request=told)
        told["plan"] = list(answer.plan)
        return Outcome(_as_value(answer), request=told, bytes=answer.bytes)

    def _sent(self, ground: Ground, values: Values) -> str:
        if self.statement is None:
            return rewritten(str(values.args["sql"]), ground.rules)
        names = parameters_of(self.statement) | self.library.bind.keys()
        return rewritten(self.statement.sql, with_parameters(ground.rules, frozenset(names)))

    def _parameters(self, values: Values) -> dict[str, Any]:
        bound = self.library.bound(values)
        if self.statement is None:
            return bound
        return {**dict.fromkeys(parameters_of(self.statement)), **values.args, **bound}


@dataclass(frozen=True, slots=True)
class DescribeExecutor:
    """The tables that may be read, with values of rows that this customer may see."""

    library: Library

    async def run(self, values: Values) -> Outcome:
        """Raises Unfilled, or SQLAlchemyError when the database is away."""
        return await asyncio.to_thread(self._run, values)

    def describe(self, values: Values) -> dict[str, Any]:
        """The tables, and whose rows are shown."""
        return {"tables": list(self.library.spec.tables), "bind": self.library.bound(values)}

    def _run(self, values: Values) -> Outcome:
        ground = _ground(self.library)
        try:
            tables = [self._table(table, ground, values) for table in ground.tables]
        except Cut as cut:
            return Outcome(status="timeout", error=str(cut), request=self.describe(values))
        except (Broken, NotAllowed) as broken:
            return Outcome(status="failed", error=f"the database says: {broken}", request=self.describe(values))
        shown = {"dialect": _NAMES[ground.place.dialect], "how": _HOW, "tables": tables}
        return Outcome(shown, request=self.describe(values))

    def _table(self, table: RealTable, ground: Ground, values: Values) -> dict[str, Any]:
        quote = ground.place.engine.dialect.identifier_preparer.quote_identifier
        sql = rewritten(f"SELECT * FROM {quote(table.name)} LIMIT {_SAMPLES}", ground.rules)  # noqa: S608
        answer = ask(ground.place, sql, self.library.bound(values), self.library.spec.limits)
        hidden = self.library.bind.keys() if table.own else frozenset()
        columns = [
            {"name": name, "type": _type(kind), "samples": _samples(answer, name)}
            for name, kind in table.columns.items()
            if name not in hidden
        ]
        return {"name": table.name, "rows": "this customer's" if table.own else "everybody's", "columns": columns}


def load(plugin: LoadedPlugin, spec: SqlPlugin, means: Means) -> Ready:
    """The plugin's functions; its tables are looked at when it is prepared."""
    try:
        library = Library(spec, means, _bind(spec), _address(spec))
    except (Problem, ReferenceProblem) as problem:
        return Ready(plugin.name, problems=(str(problem),))
    made: list[Operation] = []
    problems: list[str] = []
    for function, parameters in described_functions(spec):
        try:
            made.append(_operation(plugin, library, function, parameters))
        except Problem as problem:
            problems.append(f"{function.name}: {problem}")
    return Ready(plugin.name, tuple(made), tuple(problems), SqlPreparation(library))


@dataclass(slots=True)
class SqlPreparation:
    """Looks at the real tables, and holds the row filter and the fixed statements against them."""

    library: Library

    @property
    def done(self) -> bool:
        """Whether statements can be run."""
        return self.library.ground is not None

    async def prepare(self, plugin: LoadedPlugin) -> str | None:
        """What is wrong with the tables or the statements, in words."""
        values = Values({}, _NOBODY, self.library.means.secrets)
        try:
            await asyncio.to_thread(self.library.prepare, values)
        except Problem as problem:
            return str(problem)
        except Unfilled as reason:
            return f"the database cannot be reached: {reason}"
        except SQLAlchemyError as error:
            return f"the database cannot be reached: {first_line(error, values.used)}"
        return None


def described_functions(spec: SqlPlugin) -> Iterator[tuple[SqlFunction | SqlStatement, dict[str, Any]]]:
    """Each function with the JSON Schema of its arguments."""
    for function, _ in sql_functions(spec):
        if isinstance(function, SqlStatement):
            yield function, function.parameters
        else:
            yield function, _QUERY if function is spec.functions.query else _NOTHING


def _operation(
    plugin: LoadedPlugin, library: Library, function: SqlFunction | SqlStatement, parameters: Mapping[str, Any]
) -> Operation:
    spec = library.spec
    executor: SqlExecutor | DescribeExecutor
    if isinstance(function, SqlStatement):
        executor = SqlExecutor(library, function)
    else:
        executor = SqlExecutor(library) if function is spec.functions.query else DescribeExecutor(library)
    return operation(
        plugin,
        function.name,
        function,
        effect="read",
        trust="anonymous",
        parameters=parameters,
        reserved=[*reserved_names(spec), *spec.bind],
        reads=[r for slot in library.bind.values() for r in references(slot)],
        executor=executor,
    )


def _bind(spec: SqlPlugin) -> dict[str, str | Slot]:
    bind = {name: read(text) for name, text in spec.bind.items()}
    for name, slot in bind.items():
        if not isinstance(slot, Slot) or slot.whole is None or slot.whole.name not in BOUND:
            raise Problem(f"`{name}` is bound to one value of user, conversation or persona, such as ${{user.id}}")
    return bind


def _address(spec: SqlPlugin) -> Slot | None:
    if spec.database is None:
        return None
    slot = read(spec.database)
    whole = slot.whole if isinstance(slot, Slot) else None
    if whole is None or whole.root != "secret":
        raise Problem("`database` is one secret that holds an address, such as ${secret.CRM_DATABASE}")
    assert isinstance(slot, Slot)
    return slot


def _ground(library: Library) -> Ground:
    if library.ground is None:
        raise Unfilled("the tables were not looked at yet")
    return library.ground


def _as_value(answer: Answer) -> dict[str, Any]:
    value: dict[str, Any] = {"columns": list(answer.columns), "rows": [list(row) for row in answer.rows]}
    if answer.more:
        value["note"] = "There are more rows than these; ask for less, or for sums."
    return value


def _type(kind: sa.types.TypeEngine[Any]) -> str:
    try:
        return str(kind).lower()[:60]
    except sa.exc.SQLAlchemyError:
        return "unknown"


def _samples(answer: Answer, name: str) -> list[Any]:
    at = answer.columns.index(name) if name in answer.columns else -1
    found = {str(row[at]): row[at] for row in answer.rows if at >= 0 and row[at] is not None}
    return [value[:_SAMPLE_CHARACTERS] if isinstance(value, str) else value for value in found.values()]
