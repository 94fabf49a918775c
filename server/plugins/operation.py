"""A plugin made ready to be called: its functions, what they bind, and the executor behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import jsonschema_rs

from server.catalog.references import Reference
from server.catalog.spec import Effect, Trust
from server.plugins.arguments import ALWAYS_BOUND, closed, compile_schema, folded, named
from server.plugins.references import Values
from server.plugins.types import Bound, CallStatus
from server.storage import Transaction


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


@dataclass(frozen=True, slots=True)
class Operation:
    """One function of one plugin, ready to be called.

    `parameters` is what the model sees; `validator` holds the closed schema. `bound_names` are folded names
    that no argument may have. `reads` are the bound references the function depends on.
    """

    plugin: str
    digest: str
    name: str
    description: str
    effect: Effect
    trust: Trust
    parameters: Mapping[str, Any]
    validator: jsonschema_rs.Validator
    bound_names: frozenset[str]
    reads: tuple[Reference, ...]
    forced: bool
    cache_seconds: float
    timeout_seconds: float
    executor: Executor
    local: LocalExecutor | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A plugin's functions, and what is wrong with those that are missing here."""

    plugin: str
    operations: tuple[Operation, ...] = ()
    problems: tuple[str, ...] = ()
    table: Any = None

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
