"""The only door to plugin functions: who may call, with what, bound to whom, and what came back."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.catalog import LoadedPlugin
from server.catalog.spec import Into
from server.clock import SYSTEM, Clock
from server.errors import RapportError
from server.llm.types import Function
from server.outgoing import Outgoing
from server.plugins.arguments import Refused, folded, parse, refuse_bound, validate
from server.plugins.asking import question, title_of
from server.plugins.columns import from_text
from server.plugins.engines import Engines
from server.plugins.kinds import TablePreparation, make_ready
from server.plugins.masking import hide
from server.plugins.mcp import Servers
from server.plugins.operation import Means, Operation, Outcome, Ready
from server.plugins.permission import FunctionRights, rights
from server.plugins.references import Unfilled, Values
from server.plugins.results import bounded, explained, for_model, masked
from server.plugins.rows import Rows
from server.plugins.table import Store, TableExecutor
from server.plugins.types import Bound, CallResult, CallStatus, Waiting
from server.storage import Database, Transaction, calls

_KEPT_READY = 2_000
_KEPT_RESULTS = 5_000
_KEPT_TURNS = 2_000
_NOT_SENT = "This is a test: nothing was sent."

log = structlog.get_logger("server.plugins")


class Catalog(Protocol):
    """Where the door finds every plugin, for what concerns a person and not a persona."""

    @property
    def plugins(self) -> Mapping[str, LoadedPlugin]: ...


class Serving(Protocol):
    """A persona and the plugins it answers with."""

    @property
    def name(self) -> str: ...

    @property
    def plugins(self) -> Sequence[LoadedPlugin]: ...


@dataclass(frozen=True, slots=True)
class MirrorNames:
    """The functions of a lead's mirror; None where the plugin has none."""

    get: str | None
    set: str | None


@dataclass(slots=True)
class _Call:
    """One call on its way through the door."""

    plugin: str
    function: str
    started: float
    forced: bool
    operation: Operation | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)


class Door:
    """Every call of a plugin function passes here, and a call never raises: it comes back as a CallResult.

    `secrets` gives a secret by name, or None. Close it to let other databases go.
    """

    def __init__(
        self,
        catalog: Catalog,
        database: Database,
        outgoing: Outgoing,
        secrets: Callable[[str], str | None],
        clock: Clock = SYSTEM,
        *,
        stdio: bool = False,
        sign: Callable[[str, Bound], str] | None = None,
    ) -> None:
        self._catalog = catalog
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self._engines = Engines()
        self.tools = Servers(database, outgoing, secrets, self.renew, clock)
        self._means = Means(database, outgoing, self._engines, secrets, self.tools, stdio, sign)
        self._ready: OrderedDict[tuple[str, str], Ready] = OrderedDict()
        self._writes: OrderedDict[str, Counter[str]] = OrderedDict()
        self._results: OrderedDict[tuple[Any, ...], tuple[float, CallResult]] = OrderedDict()

    def close(self) -> None:
        """Closes connections to other databases."""
        self._engines.close()

    def renew(self, plugin: str) -> None:
        """Makes a plugin ready anew at its next use, since what its functions are has changed outside its file."""
        for key in [key for key in self._ready if key[0] == plugin]:
            del self._ready[key]

    # What there is

    def offered(self, plugins: Sequence[LoadedPlugin], bound: Bound) -> list[Function]:
        """The functions the model may be told of: allowed to this customer, and not called already."""
        return [
            Function(each.name, each.description, each.parameters)
            for each in self._operations(plugins)
            if not each.forced and each.access.lacking(bound) is None
        ]

    def forced(self, plugins: Sequence[LoadedPlugin]) -> list[str]:
        """Names of the functions that run before the model is asked, in the order of the persona."""
        return [each.name for each in self._operations(plugins) if each.forced]

    def permissions(
        self, plugins: Sequence[LoadedPlugin], persona: Serving | None, q: str, part: slice
    ) -> tuple[list[FunctionRights], int]:
        """Who may cause which function of these plugins, judged as a call is; for a persona, what it adds.

        (a part of those whose own or plugin's name has `q` in it, how many those are).
        """
        answering = {o.name: o.plugin for o in self._operations(persona.plugins)} if persona else None
        sought = q.casefold()
        found = [
            each
            for plugin in plugins
            for each in self._made_ready(plugin).operations
            if sought in f"{each.plugin}.{each.name}".casefold()
        ]
        return [rights(each, persona.name if persona else None, answering) for each in found[part]], len(found)

    def mirror_names(self, plugins: Sequence[LoadedPlugin], into: Into) -> MirrorNames:
        """The functions that read and write a lead's mirror, as named or as the plugin has them."""
        mine = [each for each in self._operations(plugins) if each.plugin == into.plugin]
        reads = [o.name for o in mine if o.effect == "read" and _is_action(o, "get")]
        writes = [o.name for o in mine if o.effect == "write"]
        return MirrorNames(
            into.get or next(iter(reads), None),
            into.set or (writes[0] if len(writes) == 1 else None),
        )

    async def prepare(self, plugins: Sequence[LoadedPlugin]) -> list[tuple[str, str]]:
        """Makes or checks the tables of plugins; returns (plugin, message) for all that is wrong in any."""
        found: list[tuple[str, str]] = []
        self.tools.keep(self._catalog.plugins)
        for plugin in plugins:
            ready = self._made_ready(plugin)
            found += [(plugin.name, problem) for problem in ready.problems]
            if ready.preparation is not None:
                problem = await ready.preparation.prepare(plugin)
                found += [(plugin.name, problem)] if problem else []
        return found

    # Calling

    async def call(
        self,
        plugins: Sequence[LoadedPlugin],
        function_name: str,
        arguments: str | Mapping[str, Any],
        bound: Bound,
        *,
        forced: bool = False,
        confirmed: str | None = None,
        language: str = "en",
        tx: Transaction | None = None,
        deadline_seconds: float | None = None,
    ) -> CallResult:
        """Calls one function of these plugins. Whatever happens comes back as a result.

        `arguments` is what the model wrote. A function that the customer has to confirm first comes back as
        `waiting`, with the question in `language`, unless `confirmed` is the digest of the very plugin they said
        yes to. With `tx`, work on the server's own database
        joins that transaction. The deadline is the function's own, or `deadline_seconds` when that is shorter.
        """
        call = self._begin(plugins, function_name, forced)
        try:
            operation = self._admitted(call, plugins, function_name, arguments, bound)
            if operation.options.confirm and confirmed is None:
                return self._waiting(call, operation, bound, language)
            if confirmed is not None and confirmed != operation.digest:
                raise Refused(f"`{function_name}` was changed since the customer said yes; ask again.", "changed")
            await self._within_limits(operation, bound)
            problem = await self._unprepared(plugins, operation)
            if problem:
                return self._done(call, Outcome(status="failed", error=problem))
            limit = min(operation.timeout_seconds, deadline_seconds or operation.timeout_seconds)
            return await self._executed(call, operation, bound, tx, limit)
        except Refused as refusal:
            return self._refused(call, refusal, bound)

    def call_in(
        self,
        tx: Transaction,
        plugins: Sequence[LoadedPlugin],
        function_name: str,
        arguments: str | Mapping[str, Any],
        bound: Bound,
    ) -> CallResult:
        """`call` without waiting, for a function on the server's own database, inside an open transaction.

        A statement that fails is undone alone; the transaction goes on.
        """
        call = self._begin(plugins, function_name, False)
        try:
            operation = self._admitted(call, plugins, function_name, arguments, bound)
        except Refused as refusal:
            return self._refused(call, refusal, bound)
        return self._joined(call, operation, bound, tx)

    async def forced_all(
        self, plugins: Sequence[LoadedPlugin], bound: Bound, deadline_seconds: float
    ) -> list[CallResult]:
        """Runs every forced function at once, each within its deadline; results in the persona's order."""
        names = [o.name for o in self._operations(plugins) if o.forced and o.access.lacking(bound) is None]
        calls = (self._forced_one(plugins, name, bound, deadline_seconds) for name in names)
        return list(await asyncio.gather(*calls))

    # The lead's mirror, erasure, identity

    def mirror(
        self,
        tx: Transaction,
        plugins: Sequence[LoadedPlugin],
        into: Into,
        values: Mapping[str, str],
        bound: Bound,
    ) -> CallResult | None:
        """Writes a lead's values (by column, as text) in the same transaction.

        None when the mirror lies outside the server's own database: put it in the outbox, which calls
        `mirror_later`.
        """
        call = self._begin(plugins, into.set or into.plugin, False)
        try:
            operation = self._mirror_operation(plugins, into)
            if operation.local is None and not bound.test:
                return None
            typed = _typed(operation, values)
            self._admitted(call, plugins, operation.name, typed, bound)
        except Refused as refusal:
            return self._refused(call, refusal, bound)
        return self._joined(call, operation, bound, tx)

    async def mirror_later(
        self, plugins: Sequence[LoadedPlugin], into: Into, values: Mapping[str, str], bound: Bound
    ) -> CallResult:
        """Writes a lead's values wherever the mirror lies; for the outbox."""
        call = self._begin(plugins, into.set or into.plugin, False)
        try:
            operation = self._mirror_operation(plugins, into)
            typed = _typed(operation, values)
        except Refused as refusal:
            return self._refused(call, refusal, bound)
        return await self.call(plugins, operation.name, typed, bound)

    def read_mirror(
        self, tx: Transaction, plugins: Sequence[LoadedPlugin], into: Into, bound: Bound
    ) -> CallResult | None:
        """Reads a lead's mirror in a transaction; None when it has no reading function or lies outside."""
        name = self.mirror_names(plugins, into).get
        operation = self._operation(plugins, name) if name else None
        if operation is None or operation.local is None:
            return None
        return self.call_in(tx, plugins, operation.name, {}, bound)

    def erase(self, tx: Transaction, user_id: str) -> int:
        """Deletes a person's rows in every table of the server's own database keyed by `${user.id}`."""
        self._forget(user_id)
        return sum(store.delete(tx, user_id) for store in self._own_stores())

    def count(self, tx: Transaction, user_id: str) -> dict[str, int]:
        """How many rows of a person `erase` would delete, by plugin."""
        counted = {store.plugin: store.count(tx, user_id) for store in self._own_stores()}
        return {plugin: rows for plugin, rows in counted.items() if rows}

    def blank(self, tx: Transaction, plugin: str, user_id: str, columns: Sequence[str]) -> list[str]:
        """Empties columns of a person's rows in a plugin's table; returns those it could not empty.

        Only tables of the server's own database that are keyed by `${user.id}` are reached.
        """
        self._forget(user_id)
        store = next((each for each in self._own_stores() if each.plugin == plugin), None)
        return store.blank(tx, user_id, columns) if store else list(columns)

    def forget(self, user_id: str | None) -> None:
        """Drops what is kept of a person's forced calls, since something of theirs was taken back or changed
        outside; None when it is not known whose: all that is kept."""
        if user_id is None:
            self._results.clear()
        else:
            self._forget(user_id)

    def rows(self, table: str) -> Rows | None:
        """The table of that name, as the data service shows it; None when no plugin in service has one."""
        for plugin in self._catalog.plugins.values():
            ready = self._made_ready(plugin).preparation
            if isinstance(ready, TablePreparation) and ready.store.spec.table == table:
                return Rows(plugin, ready)
        return None

    def rekey(self, tx: Transaction, old_user: str, new_user: str) -> int:
        """Moves a person's rows to another id, whose own values stay; returns how many."""
        self._forget(old_user)
        self._forget(new_user)
        return sum(store.move(tx, old_user, new_user) for store in self._own_stores())

    # Inside

    def _operations(self, plugins: Sequence[LoadedPlugin]) -> list[Operation]:
        found: dict[str, Operation] = {}
        for plugin in plugins:
            for operation in self._made_ready(plugin).operations:
                found.setdefault(operation.name, operation)
        return list(found.values())

    def _operation(self, plugins: Sequence[LoadedPlugin], name: str) -> Operation | None:
        for plugin in plugins:
            operation = self._made_ready(plugin).operation(name)
            if operation is not None:
                return operation
        return None

    def _made_ready(self, plugin: LoadedPlugin) -> Ready:
        key = (plugin.name, plugin.digest)
        ready = self._ready.get(key)
        if ready is None:
            ready = self._ready[key] = make_ready(plugin, self._means)
            while len(self._ready) > _KEPT_READY:
                self._ready.popitem(last=False)
        return ready

    def _own_stores(self) -> list[Store]:
        ready = [self._made_ready(plugin).preparation for plugin in self._catalog.plugins.values()]
        return [each.store for each in ready if isinstance(each, TablePreparation) and each.store.own]

    async def _unprepared(self, plugins: Sequence[LoadedPlugin], operation: Operation) -> str | None:
        """What keeps a function from being used, when its plugin was not prepared or was in vain."""
        plugin = next(each for each in plugins if each.name == operation.plugin)
        preparation = self._made_ready(plugin).preparation
        return None if preparation is None or preparation.done else await preparation.prepare(plugin)

    def _begin(self, plugins: Sequence[LoadedPlugin], name: str, forced: bool) -> _Call:
        operation = self._operation(plugins, name)
        plugin = operation.plugin if operation else ""
        return _Call(plugin, name, self._clock.monotonic(), forced, operation)

    def _admitted(
        self,
        call: _Call,
        plugins: Sequence[LoadedPlugin],
        name: str,
        arguments: str | Mapping[str, Any],
        bound: Bound,
    ) -> Operation:
        """The function, once permission and arguments are checked, in this order. Raises Refused."""
        operation = self._operation(plugins, name)
        if operation is None:
            known = ", ".join(each.name for each in self._operations(plugins)) or "none"
            raise Refused(f"There is no function `{name[:64]}` here; there are: {known}.", "unknown function")
        call.operation, call.plugin, call.function = operation, operation.plugin, operation.name
        if lacking := operation.access.lacking(bound):
            raise Refused(f"`{name}` needs {lacking}.", "permission")
        call.arguments = parse(arguments)
        refuse_bound(call.arguments, operation.bound_names)
        validate(call.arguments, operation.validator)
        return operation

    async def _within_limits(self, operation: Operation, bound: Bound) -> None:
        """Counts a call that writes. Raises Refused when there were enough in this turn or conversation."""
        if operation.effect != "write" or bound.turn_id is None:
            return
        limits, made = operation.options.limits, self._writes.setdefault(bound.turn_id, Counter())
        self._writes.move_to_end(bound.turn_id)
        while len(self._writes) > _KEPT_TURNS:
            self._writes.popitem(last=False)
        made[operation.name] += 1
        now = made[operation.name]
        if now > limits.per_turn:
            words = f"`{operation.name}` was called {limits.per_turn} times in this answer, which is enough."
            raise Refused(words, "limit of a turn")
        before = await self._database.glance(
            lambda tx: calls.made(tx, bound.conversation_id, operation.plugin, operation.name)
        )
        if before + now > limits.per_conversation:
            words = f"`{operation.name}` was called {limits.per_conversation} times in this talk, which is enough."
            raise Refused(words, "limit of a conversation")

    def _waiting(self, call: _Call, operation: Operation, bound: Bound, language: str) -> CallResult:
        """What would be done once the customer says yes; nothing is sent. Raises Refused when it cannot be asked."""
        values = Values(call.arguments, bound, self._secrets, call.secrets)
        words = question(operation, call.arguments, language)
        if words is None:
            raise Refused("The arguments are too long for the customer to read and confirm.", "too long to confirm")
        try:
            request = operation.executor.describe(values)
        except Unfilled as reason:
            return self._failed(call, operation, values, reason, operation.timeout_seconds)
        note = "The customer is asked to confirm exactly this; it is not done yet."
        result = self._result(call, "waiting", for_model({"note": note}), None, note, request, 0)
        return replace(result, asked=Waiting(operation.digest, dict(call.arguments), words))

    def title(self, plugins: Sequence[LoadedPlugin], function_name: str, language: str) -> str:
        """What customers are told a function does."""
        operation = self._operation(plugins, function_name)
        return title_of(operation, language) if operation else function_name.replace("_", " ")

    def asks(self, plugins: Sequence[LoadedPlugin]) -> bool:
        """Whether any function of these plugins has to be confirmed by the customer."""
        return any(self._made_ready(plugin).asks for plugin in plugins)

    async def _executed(
        self, call: _Call, operation: Operation, bound: Bound, tx: Transaction | None, limit: float
    ) -> CallResult:
        values = Values(call.arguments, bound, self._secrets, call.secrets)
        try:
            if _only_pretend(operation, bound):
                return self._done(call, _not_sent(operation, values))
            if tx is not None and operation.local is not None:
                return self._joined(call, operation, bound, tx)
            async with asyncio.timeout(limit):
                outcome = await operation.executor.run(values)
        except Exception as error:
            return self._failed(call, operation, values, error, limit)
        return self._done(call, outcome, bound)

    def _joined(self, call: _Call, operation: Operation, bound: Bound, tx: Transaction) -> CallResult:
        values = Values(call.arguments, bound, self._secrets, call.secrets)
        executor = operation.executor
        tx.run("SAVEPOINT plugin_call")
        try:
            if _only_pretend(operation, bound):
                outcome = _not_sent(operation, values)
            elif isinstance(executor, TableExecutor):
                outcome = executor.run_in(tx, values)
            else:
                raise Unfilled("this function does not work inside a transaction")
        except Exception as error:
            tx.run("ROLLBACK TO SAVEPOINT plugin_call")
            return self._failed(call, operation, values, error, operation.timeout_seconds)
        finally:
            tx.run("RELEASE SAVEPOINT plugin_call")
        return self._done(call, outcome, bound)

    async def _forced_one(
        self, plugins: Sequence[LoadedPlugin], name: str, bound: Bound, deadline_seconds: float
    ) -> CallResult:
        operation = self._operation(plugins, name)
        key = _cache_key(operation, bound) if operation and operation.options.cache_seconds else None
        kept = self._results.get(key) if key else None
        if kept and kept[0] > self._clock.monotonic():
            return replace(kept[1], cached=True, milliseconds=0.0)
        result = await self.call(plugins, name, {}, bound, forced=True, deadline_seconds=deadline_seconds)
        if key and operation and result.status == "ok":
            self._results[key] = (self._clock.monotonic() + operation.options.cache_seconds, result)
            self._results.move_to_end(key)
            while len(self._results) > _KEPT_RESULTS:
                self._results.popitem(last=False)
        return result

    def _forget(self, user_id: str) -> None:
        """Drops kept results of a person, since something of theirs has changed."""
        for key in [key for key in self._results if key[0] == user_id]:
            del self._results[key]

    def _mirror_operation(self, plugins: Sequence[LoadedPlugin], into: Into) -> Operation:
        name = self.mirror_names(plugins, into).set
        operation = self._operation(plugins, name) if name else None
        if operation is None or operation.plugin != into.plugin:
            words = f"The plugin `{into.plugin}` has no function to write a lead with; name it as `set`."
            raise Refused(words, "no mirror function")
        return operation

    # Results

    def _done(self, call: _Call, outcome: Outcome, bound: Bound | None = None) -> CallResult:
        value = hide(outcome.value, call.secrets)
        error = hide(outcome.error, call.secrets) if outcome.error else None
        if bound and call.operation and call.operation.effect == "write" and outcome.status == "ok":
            self._forget(bound.user_id)
        if outcome.status != "ok":
            log.warning("function call failed", plugin=call.plugin, function=call.function, status=outcome.status)
        shown = self._shown(call, value) if outcome.status == "ok" else for_model({"error": error})
        return self._result(call, outcome.status, shown, value, error, outcome.request, outcome.bytes)

    def _shown(self, call: _Call, value: Any) -> str:
        return for_model(value, call.operation.options.result) if call.operation else for_model(value)

    def _failed(self, call: _Call, operation: Operation, values: Values, error: Exception, limit: float) -> CallResult:
        status, words, shown = explained(error, operation, limit, values.used)
        log.warning(
            "function call failed",
            plugin=call.plugin,
            function=call.function,
            status=status,
            error=type(error).__name__,
            exc_info=error if not isinstance(error, _EXPECTED) else None,
        )
        try:
            request = operation.executor.describe(values)
        except Unfilled:
            request = {}
        return self._result(call, status, for_model({"error": shown}), None, words, request, 0)

    def _refused(self, call: _Call, refusal: Refused, bound: Bound) -> CallResult:
        log.warning(
            "function call refused",
            plugin=call.plugin,
            function=call.function[:64] if call.operation else "",
            reason=refusal.reason,
            names=refusal.names,
            persona=bound.persona,
            conversation_id=bound.conversation_id,
        )
        return self._result(call, "refused", for_model({"error": str(refusal)}), None, str(refusal), {}, 0)

    def _result(
        self,
        call: _Call,
        status: CallStatus,
        shown: str,
        value: Any,
        error: str | None,
        request: Mapping[str, Any],
        size: int,
    ) -> CallResult:
        return CallResult(
            plugin=call.plugin,
            function=call.function[:64],
            status=status,
            shown=shown,
            milliseconds=round((self._clock.monotonic() - call.started) * 1000, 3),
            forced=call.forced,
            effect=call.operation.effect if call.operation else "read",
            value=value,
            error=error,
            arguments=bounded(masked(call.arguments, call.operation.options.sensitive if call.operation else ())),
            request=dict(request),
            bytes=size or len(shown.encode()),
        )


_NOBODY = Bound("", "anonymous", "", "")
_EXPECTED = (Unfilled, RapportError, SQLAlchemyError, TimeoutError)


def _only_pretend(operation: Operation, bound: Bound) -> bool:
    """Whether a test keeps this call from leaving the server; tables have a scratch overlay instead."""
    return bound.test and operation.effect == "write" and not isinstance(operation.executor, TableExecutor)


def _not_sent(operation: Operation, values: Values) -> Outcome:
    return Outcome({"ok": True, "note": _NOT_SENT}, request=operation.executor.describe(values))


def _cache_key(operation: Operation, bound: Bound) -> tuple[Any, ...]:
    """Everything bound but the turn, so that nobody is ever shown another's result."""
    return (
        *(bound.user_id, bound.trust, bound.conversation_id, bound.persona, bound.user_name, bound.locale),
        *(bound.test, operation.plugin, operation.digest, operation.name),
    )


def _is_action(operation: Operation, action: Literal["get", "set", "find"]) -> bool:
    executor = operation.executor
    return not isinstance(executor, TableExecutor) or executor.action == action


def _typed(operation: Operation, values: Mapping[str, str]) -> dict[str, Any]:
    """Text as captured, in the type that the function's column or parameter has. Raises Refused."""
    executor = operation.executor
    columns = executor.store.spec.columns if isinstance(executor, TableExecutor) else {}
    properties = operation.parameters.get("properties", {})
    typed: dict[str, Any] = {}
    for name, text in values.items():
        try:
            typed[name] = (
                from_text(text, columns[name]) if name in columns else _as_parameter(text, properties.get(name))
            )
        except (Unfilled, ValueError) as reason:
            raise Refused(f"`{name}`: {reason}", "type of a mirrored value", [folded(name)]) from None
    return typed


def _as_parameter(text: str, schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text)
    return text
