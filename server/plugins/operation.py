"""A plugin made ready to be called: its functions, what they bind, and the executor behind each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import jsonschema_rs

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import Allow, FunctionOptions, Role
from server.catalog.references import Reference
from server.catalog.spec import Effect, Trust
from server.outgoing import Outgoing
from server.plugins.arguments import ALWAYS_BOUND, closed, compile_schema, folded, named
from server.plugins.engines import Engines
from server.plugins.references import Values
from server.plugins.types import Bound, CallStatus
from server.storage import Database, Transaction

if TYPE_CHECKING:
    from server.plugins.mcp import Servers


@dataclass(frozen=True, slots=True)
class Means:
    """What executors work with; `secrets` gives a secret by name, or None.

    `servers` are the MCP servers; `stdio` says whether one may be a command of this machine. `sign` makes a
    token for the host of that name that says who the customer is.
    """

    database: Database
    outgoing: Outgoing
    engines: Engines
    secrets: Callable[[str], str | None]
    servers: Servers
    stdio: bool = False
    sign: Callable[[str, Bound], str] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an executor brings back: a value, or a status and a sentence. `request` has its secrets masked."""

    value: Any = None
    status: CallStatus = "ok"
    error: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    bytes: int = 0


class Executor(Protocol):
    """One function's work. It may raise Unfilled, OutgoingError or SQLAlchemyError, and nothing else."""

    async def run(self, values: Values) -> Outcome: ...

    def describe(self, values: Values) -> dict[str, Any]:
        """What would be done, with secrets masked; for a call that failed half-way."""
        ...


class LocalExecutor(Executor, Protocol):
    """Work on the server's own database, which may join a transaction that is open already."""

    def run_in(self, tx: Transaction, values: Values) -> Outcome: ...


Lack = Literal["trust", "role", "persona"]


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a function: the least trust, and the callers and personas it is kept to (None: all)."""

    trust: Trust
    roles: frozenset[Role] | None = None
    personas: frozenset[str] | None = None

    def lacks(self, bound: Bound) -> Lack | None:
        """What this caller lacks first; None when nothing."""
        if not trusted(bound, self.trust):
            return "trust"
        if self.roles is not None and bound.role not in self.roles:
            return "role"
        if self.personas is not None and bound.persona not in self.personas:
            return "persona"
        return None

    def lacking(self, bound: Bound) -> str | None:
        """What this caller lacks, in words that follow "needs"; None when nothing."""
        match self.lacks(bound):
            case "trust":
                return f"a customer who is {self.trust}"
            case "role":
                return f"a caller who is {_one_of(self.roles or ())}"
            case "persona":
                return f"the persona {_one_of(self.personas or ())}"
            case None:
                return None


def _one_of(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))


def access_of(allow: Allow | None, otherwise: Trust) -> Access:
    """What the file says, with the kind's own trust where it says none."""
    if allow is None:
        return Access(otherwise)
    roles = frozenset(allow.roles) if allow.roles is not None else None
    personas = frozenset(allow.personas) if allow.personas is not None else None
    return Access(allow.trust or otherwise, roles, personas)


@dataclass(frozen=True, slots=True)
class Operation:
    """One function of one plugin, ready to be called.

    `parameters` is what the model sees; `validator` holds the closed schema. `bound_names` are folded names
    that no argument may have. `reads` are the bound references the function depends on. `options` is what the
    file says of the function, whatever its kind.
    """

    plugin: str
    digest: str
    name: str
    description: str
    effect: Effect
    access: Access
    parameters: Mapping[str, Any]
    validator: jsonschema_rs.Validator
    bound_names: frozenset[str]
    reads: tuple[Reference, ...]
    options: FunctionOptions
    executor: Executor
    local: LocalExecutor | None = None

    @property
    def forced(self) -> bool:
        """Whether it runs before the model is asked."""
        return self.options.force_call

    @property
    def timeout_seconds(self) -> float:
        """Its own deadline."""
        return self.options.timeout_seconds


def operation(
    plugin: LoadedPlugin,
    name: str,
    options: FunctionOptions,
    *,
    effect: Effect,
    trust: Trust,
    parameters: Mapping[str, Any],
    reserved: Iterable[str],
    reads: Iterable[Reference],
    executor: Executor,
    local: LocalExecutor | None = None,
    description: str = "",
) -> Operation:
    """A function made ready. `trust` is the kind's default, `reserved` the names of its bound slots.

    Raises Problem when its parameters are no schema, or list what the server binds.
    """
    validator, bound_names = seal(parameters, reserved)
    return Operation(
        plugin=plugin.name,
        digest=plugin.digest,
        name=name,
        description=options.description or description or plugin.spec.description,
        effect=effect,
        access=access_of(options.allow, trust),
        parameters=parameters,
        validator=validator,
        bound_names=bound_names,
        reads=tuple(reference for reference in reads if reference.bound),
        options=options,
        executor=executor,
        local=local,
    )


class Preparation(Protocol):
    """What has to be done before a plugin can be called, such as making its table. Done once, or again when asked."""

    @property
    def done(self) -> bool:
        """Whether the plugin can be called."""
        ...

    async def prepare(self, plugin: LoadedPlugin) -> str | None:
        """Does it; what is wrong, in words, when it cannot be done."""
        ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A plugin's functions, what is wrong with those that are missing here, and what has to be prepared."""

    plugin: str
    operations: tuple[Operation, ...] = ()
    problems: tuple[str, ...] = ()
    preparation: Preparation | None = None

    @property
    def asks(self) -> bool:
        """Whether any function has to be confirmed by the customer."""
        return any(each.options.confirm for each in self.operations)

    def operation(self, name: str) -> Operation | None:
        return next((each for each in self.operations if each.name == name), None)


class Problem(ValueError):
    """Something in a plugin that keeps a function from being offered."""


def seal(parameters: Mapping[str, Any], reserved: Iterable[str]) -> tuple[jsonschema_rs.Validator, frozenset[str]]:
    """The validator of a function and the folded names its arguments may not have.

    `reserved` are the names of its bound slots. Raises Problem when the schema is no schema, or lists one.
    """
    mine = {folded(name) for name in reserved}
    listed = {folded(name): name for name in named(parameters)}
    for name in sorted(mine & listed.keys()):
        raise Problem(f"`{listed[name]}` is bound by the server here; take it out of `parameters`")
    try:
        validator = compile_schema(closed(parameters))
    except ValueError as error:
        raise Problem(f"`parameters` is no JSON Schema that can be used: {str(error).splitlines()[0]}") from None
    return validator, frozenset(mine | (ALWAYS_BOUND - listed.keys()))


def trusted(bound: Bound, needed: Trust) -> bool:
    """Whether the customer is known well enough."""
    order: tuple[Trust, ...] = ("anonymous", "claimed", "verified")
    return order.index(bound.trust) >= order.index(needed)
