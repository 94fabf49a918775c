"""Who may cause a call of which function: the door's own judgement, asked for every kind of caller at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from server.catalog.plugin_spec import CallLimits, Role
from server.catalog.spec import Effect, Trust
from server.plugins.operation import Access, Lack, Operation
from server.plugins.types import Bound

Verdict = Literal["yes", "confirm", "no"]
"""`confirm`: after the customer's own yes to exactly the call."""


@dataclass(frozen=True, slots=True)
class CallerKind:
    """A kind of caller: a customer (`visitor`) as well as they are known, or somebody of the house in a test chat."""

    role: Role
    trust: Trust


CALLERS: Final = (
    CallerKind("visitor", "anonymous"),
    CallerKind("visitor", "claimed"),
    CallerKind("visitor", "verified"),
    CallerKind("viewer", "verified"),
    CallerKind("editor", "verified"),
    CallerKind("developer", "verified"),
    CallerKind("admin", "verified"),
)
"""Those of the house are judged as they are when they try a chat for a customer whom they name."""


@dataclass(frozen=True, slots=True)
class Right:
    """Whether a kind of caller may, and what is lacking first when not.

    `lacks`: trust, role or persona (as `allow` in the file says), `chat` (this role has no chats), `plugin` (the
    persona does not use it) or `name` (another plugin of the persona has a function of that name, which goes first).
    """

    caller: CallerKind
    verdict: Verdict
    lacks: Lack | Literal["chat", "plugin", "name"] | None = None


@dataclass(frozen=True, slots=True)
class FunctionRights:
    """A function with what it takes to cause it. `limits` count calls that write; None for one that reads."""

    plugin: str
    function: str
    effect: Effect
    forced: bool
    confirm: bool
    limits: CallLimits | None
    access: Access
    rights: tuple[Right, ...]


def rights(operation: Operation, persona: str | None, answering: Mapping[str, str] | None) -> FunctionRights:
    """What each kind of caller may, at a persona or (None) at any that uses the plugin.

    `answering` are the plugins of the persona's functions by their names; None with no persona.
    """
    return FunctionRights(
        operation.plugin,
        operation.name,
        operation.effect,
        operation.forced,
        operation.options.confirm,
        operation.options.limits if operation.effect == "write" else None,
        operation.access,
        tuple(_right(operation, caller, persona, answering) for caller in CALLERS),
    )


def _right(operation: Operation, caller: CallerKind, persona: str | None, answering: Mapping[str, str] | None) -> Right:
    if caller.role == "viewer":
        return Right(caller, "no", "chat")
    if answering is not None and answering.get(operation.name) != operation.plugin:
        return Right(caller, "no", "name" if operation.name in answering else "plugin")
    access = operation.access if persona else replace(operation.access, personas=None)
    lacks = access.lacks(Bound("", caller.trust, "", persona or "", role=caller.role))
    if lacks:
        return Right(caller, "no", lacks)
    return Right(caller, "confirm" if operation.options.confirm else "yes")
