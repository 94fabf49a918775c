"""Tools as functions: what was approved, less what the server fills, behind one executor each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yarl import URL

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import McpFunction, McpPlugin, tool_function
from server.catalog.references import reserved_names
from server.plugins.http_auth import IDENTITY
from server.plugins.masking import hide
from server.plugins.mcp.pins import Definition, definition
from server.plugins.mcp.place import place_of
from server.plugins.mcp.watching import Server
from server.plugins.operation import Means, Operation, Outcome, Problem, Ready, operation
from server.plugins.references import MISSING, ReferenceProblem, Slot, Unfilled, Values, fill, read, references
from server.plugins.types import Bound
from server.storage import tools
from server.storage.tools import ToolRow


def load(plugin: LoadedPlugin, spec: McpPlugin, means: Means) -> Ready:
    """The approved tools; the others are told with what they wait for. Connects to nothing."""
    try:
        sign = _signing(spec, means)
        server = means.servers.of(plugin, spec, place_of(plugin, spec, stdio=means.stdio))
        bind = {name: read(value) for name, value in spec.bind.items()}
    except (Problem, ReferenceProblem) as problem:
        return Ready(plugin.name, problems=(str(problem),))
    rows = means.database.read_now(lambda tx: tools.of_plugin(tx, plugin.name))
    operations: list[Operation] = []
    problems: list[str] = []
    for tool in spec.tools:
        try:
            operations.append(_operation(plugin, spec, tool, rows.get(tool), bind, server, sign))
        except Problem as problem:
            problems.append(f"{tool}: {problem}")
    return Ready(plugin.name, tuple(operations), tuple(problems), Looking(server))


def _operation(
    plugin: LoadedPlugin,
    spec: McpPlugin,
    tool: str,
    row: ToolRow | None,
    bind: Mapping[str, str | Slot],
    server: Server,
    sign: Callable[[Bound], str] | None,
) -> Operation:
    told = _approved(plugin.name, tool, row)
    options = spec.functions.get(tool) or McpFunction(effect="write")
    mine = {name: value for name, value in bind.items() if name in _properties(told.parameters)}
    parameters = without(told.parameters, mine)
    if options.force_call and parameters.get("required"):
        raise Problem("it needs arguments, which `force_call` does not give it")
    return operation(
        plugin,
        tool_function(spec, tool),
        options,
        effect=options.effect,
        trust="verified" if options.effect == "write" else "anonymous",
        parameters=parameters,
        reserved=reserved_names(spec),
        reads=references(mine),
        executor=ToolExecutor(server, tool, mine, frozenset(told.parameters.get("required") or ()), sign),
        description=told.description,
    )


def _signing(spec: McpPlugin, means: Means) -> Callable[[Bound], str] | None:
    sign, host = means.sign, URL(spec.url or "").host or ""
    if not spec.identity:
        return None
    if sign is None:
        raise Problem("`identity: true` needs the key of a server to sign with; there is none here")
    return lambda bound: sign(host, bound)


def _approved(plugin: str, tool: str, row: ToolRow | None) -> Definition:
    status = row.status if row is not None else "new"
    if row is not None and row.approved is not None and status == "approved":
        return definition(row.approved)
    if status == "gone":
        raise Problem("the server has no such tool now")
    why = "it has changed since it was approved and is held back" if status == "changed" else "it is not approved yet"
    raise Problem(f"{why}; look at it in the console, or with `rapport approve {plugin} {tool}`")


def _properties(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    found = parameters.get("properties")
    return found if isinstance(found, Mapping) else {}


def without(parameters: Mapping[str, Any], bound: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's schema without the arguments that the server fills."""
    left = dict(parameters)
    if bound and "properties" in left:
        left["properties"] = {name: each for name, each in left["properties"].items() if name not in bound}
    if bound and isinstance(left.get("required"), list):
        left["required"] = [name for name in left["required"] if name not in bound]
    return left


@dataclass(frozen=True, slots=True)
class ToolExecutor:
    """Calls one tool, with what is bound put in by the server."""

    server: Server
    tool: str
    bind: Mapping[str, str | Slot]
    required: frozenset[str]
    sign: Callable[[Bound], str] | None = None

    async def run(self, values: Values) -> Outcome:
        """Raises Unfilled before anything is sent, OutgoingError when no answer came."""
        from server.plugins.mcp.answers import outcome
        from server.plugins.mcp.link import Failed

        arguments = self._arguments(values)
        values.used.update(self.server.masked)
        try:
            identity = self.sign(values.bound) if self.sign else None
            values.used.update([identity] if identity else ())
            answer = await self.server.link.call(self.tool, arguments, identity)
        except Failed as error:
            words = f"{self.server.place.name} says: {error}"
            return Outcome(None, "failed", words, self.describe(values))
        finally:
            values.used.update(self.server.masked)
        return outcome(self.server.place.name, answer, self.describe(values))

    def describe(self, values: Values) -> dict[str, Any]:
        """Server, tool and arguments as sent, with secrets masked."""
        request = {"server": self.server.place.name, "tool": self.tool, "arguments": self._arguments(values)}
        if self.sign:
            request["headers"] = {IDENTITY: "***"}
        hidden: dict[str, Any] = hide(request, values.used)
        return hidden

    def _arguments(self, values: Values) -> dict[str, Any]:
        arguments = dict(values.args)
        for name, slot in self.bind.items():
            value = fill(slot, values)
            if value is not MISSING:
                arguments[name] = value
            elif name in self.required:
                raise Unfilled(f"`{name}` is filled by the server, and has no value here")
        return arguments


@dataclass(frozen=True, slots=True)
class Looking:
    """Begins to look at the server's tools; calls do not wait for it."""

    server: Server

    @property
    def done(self) -> bool:
        """Always: a call opens the session itself."""
        return True

    async def prepare(self, plugin: LoadedPlugin) -> str | None:
        """Why the server could not be read, in words."""
        await self.server.watch()
        return self.server.problem
