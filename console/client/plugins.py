"""Plugins: state, functions, last calls, and trying a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from console.client.shape import Page, Problem, Shape, page_of
from console.client.transport import Transport


class Allow(Shape):
    """The least trust in who the customer is: anonymous, claimed or verified."""

    trust: str = "anonymous"


class Function(Shape):
    """What a model may call; `parameters` is the JSON Schema of the arguments."""

    name: str
    description: str = ""
    effect: str = "read"
    force_call: bool = False
    allow: Allow = Allow()
    parameters: Mapping[str, Any] = {}


class Plugin(Shape):
    """A plugin's file and what serves of it. `status`: ok or error."""

    name: str
    kind: str = ""
    file: str = ""
    description: str = ""
    status: str = "ok"
    personas: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    functions: tuple[Function, ...] = ()


class PluginCall(Shape):
    """One call that passed the door. `status`: ok, failed, refused or timeout."""

    turn_id: str | None = None
    conversation_id: str | None = None
    user_id: str = ""
    function: str
    forced: bool
    effect: str = "read"
    trust: str = "anonymous"
    status: str
    arguments: Any = None
    error: str | None = None
    milliseconds: float
    at: str


class Figures(Shape):
    """How calls went: those that were made, failed and were refused at the door; times in milliseconds."""

    function: str = ""
    calls: int = 0
    failed: int = 0
    refused: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None


class PluginFigures(Figures):
    """The same of all functions together, and of each, for the last `days`."""

    days: int = 7
    functions: tuple[Figures, ...] = ()


class Tool(Shape):
    """A tool of an MCP server. `status`: approved, new, changed, gone or unknown; `approved` and `seen` are texts to
    read; `digest` is what an approval names; `warnings`: hidden, commanding, person."""

    tool: str
    function: str
    status: str
    digest: str | None = None
    approved: str | None = None
    approved_by: str | None = None
    approved_at: str | None = None
    seen: str | None = None
    warnings: tuple[str, ...] = ()


class Tools(Shape):
    """The tools a plugin may use, and why its server could not be read."""

    items: tuple[Tool, ...] = ()
    problem: str | None = None
    read_at: str | None = None
    others: tuple[str, ...] = ()


class Outcome(Shape):
    """What a tried call did: the request with secrets masked, the answer, and what a model would see."""

    request: Mapping[str, Any] = {}
    status: str
    error: str | None = None
    result: Any = None
    shown: str = ""
    milliseconds: float = 0.0


class Plugins:
    """`/plugins`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> tuple[Plugin, ...]:
        """Every plugin with a file, by name."""
        return page_of(Plugin, self._transport.json("GET", "/plugins")).items

    def calls(self, name: str, function: str = "", limit: int = 50) -> Page[PluginCall]:
        """Its last calls, or those of one function, newest first. For developers."""
        path = f"/plugins/{quote(name, safe='')}/calls"
        query = {"limit": limit, "function": function or None}
        return page_of(PluginCall, self._transport.json("GET", path, query=query))

    def figures(self, name: str) -> PluginFigures:
        """How the calls of the last week went."""
        return PluginFigures.model_validate(self._transport.json("GET", f"/plugins/{quote(name, safe='')}/figures"))

    def attempt(self, name: str, function: str, args: Mapping[str, Any], as_user: str = "") -> Outcome:
        """Calls a function as a model would. A refused call is a Refused (422) with the `outcome` in `extra`."""
        path = f"/plugins/{quote(name, safe='')}/functions/{quote(function, safe='')}/try"
        body = {"args": args, **({"as_user": as_user} if as_user else {})}
        return Outcome.model_validate(self._transport.json("POST", path, body=body))

    def tools(self, name: str) -> Tools:
        """What the server of a plugin of kind mcp offers."""
        return Tools.model_validate(self._transport.json("GET", f"/plugins/{quote(name, safe='')}/tools"))

    def read_tools(self, name: str) -> Tools:
        """The same, asked of the server now. For developers."""
        return Tools.model_validate(self._transport.json("POST", f"/plugins/{quote(name, safe='')}/tools/read"))

    def approve(self, name: str, tools: Mapping[str, str]) -> Tools:
        """Approves tools by the digests that were looked at; a Refused (409) when one has changed since."""
        body = {"tools": [{"tool": tool, "digest": digest} for tool, digest in tools.items()]}
        path = f"/plugins/{quote(name, safe='')}/tools/approve"
        return Tools.model_validate(self._transport.json("POST", path, body=body))
