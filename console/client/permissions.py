"""Who may cause a call of which function."""

from __future__ import annotations

from console.client.shape import Page, Shape, page_of
from console.client.transport import Query, Transport

ROWS = 50


class Right(Shape):
    """Whether a kind of caller may: yes, confirm or no. `lacks`: trust, role, persona, chat, plugin or name."""

    role: str
    trust: str
    may: str
    lacks: str | None = None


class Allowed(Shape):
    """What `allow` of a function asks for; None: every role, every persona."""

    trust: str = "anonymous"
    roles: tuple[str, ...] | None = None
    personas: tuple[str, ...] | None = None


class Limits(Shape):
    """How often a function may write."""

    per_turn: int
    per_conversation: int


class FunctionRights(Shape):
    """A function with each kind of caller, the same kinds in the same order for all functions."""

    plugin: str
    function: str
    effect: str = "read"
    force_call: bool = False
    confirm: bool = False
    limits: Limits | None = None
    allow: Allowed = Allowed()
    callers: tuple[Right, ...] = ()


class Permissions:
    """`/permissions`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, persona: str = "", q: str = "", page: int = 1) -> Page[FunctionRights]:
        """A page of functions whose name has `q`; at a persona, or at any that uses the plugin."""
        query: Query = {"persona": persona, "q": q, "page": page, "limit": ROWS}
        return page_of(FunctionRights, self._transport.json("GET", "/permissions", query=query))
