"""The servers of all plugins of this kind: their sessions, and a look at their tools every few minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import McpPlugin
from server.clock import Clock, rfc3339
from server.errors import RapportError
from server.outgoing import Outgoing, OutgoingError
from server.plugins.masking import hide
from server.plugins.mcp.pins import MAX_CHARACTERS, Definition
from server.plugins.mcp.place import HttpPlace, Place, ProgramPlace
from server.plugins.references import Unfilled, Values
from server.plugins.tied import place_of
from server.plugins.types import Bound
from server.storage import Database, tools

if TYPE_CHECKING:
    from server.plugins.mcp.link import Link, Where

LOOK_SECONDS = 300.0
AGAIN_SECONDS = 30.0
TICK_SECONDS = 2.0
FIRST_SECONDS = 3.0
READ_SECONDS = 30.0
_NOBODY = Bound("", "anonymous", "", "")

log = structlog.get_logger("server.plugins")


@dataclass(slots=True)
class Servers:
    """Every MCP server that a plugin names; `renew` is told the plugin whose tools are others now."""

    database: Database
    outgoing: Outgoing
    secrets: Callable[[str], str | None]
    renew: Callable[[str], None]
    clock: Clock
    _held: dict[str, Server] = field(default_factory=dict)
    _ending: set[asyncio.Task[None]] = field(default_factory=set)

    def of(self, plugin: LoadedPlugin, spec: McpPlugin, place: Place) -> Server:
        """The server of a plugin, another once its file has changed."""
        held = self._held.get(plugin.name)
        if held is None or held.digest != plugin.digest:
            self._end(held)
            held = self._held[plugin.name] = Server(self, plugin.name, plugin.digest, tuple(spec.tools), place)
        return held

    def keep(self, plugins: Collection[str]) -> None:
        """Ends what belongs to plugins that are no more."""
        for name in self._held.keys() - set(plugins):
            self._end(self._held.pop(name))

    def find(self, plugin: str) -> Server | None:
        """The server of a plugin that has been made ready."""
        return self._held.get(plugin)

    async def close(self) -> None:
        """Ends every session and every program."""
        servers = list(self._held.values())
        self._held.clear()
        await asyncio.gather(*(server.close() for server in servers), *self._ending, return_exceptions=True)

    def _end(self, server: Server | None) -> None:
        if server is not None and server.used:
            task = asyncio.get_running_loop().create_task(server.close())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


@dataclass(slots=True)
class Server:
    """One plugin's server. `problem` says why it could not be read the last time, `others` the tools not listed."""

    servers: Servers
    plugin: str
    digest: str
    tools: tuple[str, ...]
    place: Place
    problem: str | None = None
    others: tuple[str, ...] = ()
    read_at: str | None = None
    masked: set[str] = field(default_factory=set)
    _link: Link | None = None
    _watch: asyncio.Task[None] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _first: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def used(self) -> bool:
        """Whether anything was opened for it."""
        return self._link is not None or self._watch is not None

    @property
    def link(self) -> Link:
        """Its session, not opened yet."""
        if self._link is None:
            from server.plugins.mcp.link import Link  # the SDK is slow to import and not everybody has such a plugin

            self._link = Link(self._where, self._wake.set, self.place.name)
        return self._link

    async def watch(self) -> None:
        """Begins to look at the tools, and waits a little for the first look."""
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._follow())
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                await self._first.wait()
        except TimeoutError:
            self.problem = self.problem or f"{self.place.name} has not answered yet"

    async def looked(self) -> None:
        """Returns when the first look is over, at latest after `READ_SECONDS`; at once when nobody looks."""
        if self._watch is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(READ_SECONDS):
                    await self._first.wait()

    async def read(self) -> None:
        """Looks at the tools now, and holds back what differs from what was approved."""
        async with self._reading:
            try:
                async with asyncio.timeout(READ_SECONDS):
                    told = await self.link.tools()
            except TimeoutError:
                self.problem = f"{self.place.name} did not list its tools within {READ_SECONDS:g} s"
                self.link.drop()
            except Exception as error:
                self.problem = self._words(error)
            else:
                self.problem = None
                self.others = tuple(sorted({tool.name for tool in told} - set(self.tools)))[:100]
                await self._see(_definitions(told, self.tools))

    async def close(self) -> None:
        """Stops looking and ends the session."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._link is not None:
            await self._link.close()

    def _where(self) -> Where:
        from server.plugins.mcp.link import Http, Program

        values = Values({}, _NOBODY, self.servers.secrets, self.masked)
        try:
            if isinstance(self.place, HttpPlace):
                url, headers = self.place.filled(values.towards(place_of(self.place.url)))
                later = self.place.later
                shown = later.filled(values, self.place.url) if later is not None else None
                return Http(self.servers.outgoing, url, headers, shown)
            assert isinstance(self.place, ProgramPlace)
            return Program(self.place.command, self.place.args, self.place.filled(values), Path(self.place.folder))
        except Unfilled as reason:
            raise OutgoingError("invalid", str(reason)) from None

    async def _see(self, told: Mapping[str, str]) -> None:
        at = rfc3339(self.servers.clock.now())
        self.read_at = at
        if await self.servers.database.write(lambda tx: tools.see(tx, self.plugin, told, at)):
            log.warning("tools changed", plugin=self.plugin)
            self.servers.renew(self.plugin)

    async def _follow(self) -> None:
        """Looks again after a while, when the server says so, and when an approval was given elsewhere."""
        loop = asyncio.get_running_loop()
        due, known = 0.0, await self._known()
        while True:
            try:
                if self._wake.is_set() or loop.time() >= due:
                    self._wake.clear()
                    await self.read()
                    due = loop.time() + (AGAIN_SECONDS if self.problem else LOOK_SECONDS)
                    self._first.set()
                before, known = known, await self._known()
                if known != before:
                    self.servers.renew(self.plugin)
            except RapportError as error:
                log.warning("tools not read", plugin=self.plugin, error=str(error))
            await asyncio.sleep(TICK_SECONDS if not self._wake.is_set() else 0.2)

    async def _known(self) -> tuple[Any, ...]:
        rows = await self.servers.database.glance(lambda tx: tools.of_plugin(tx, self.plugin))
        return tuple((row.tool, row.approved, row.seen) for row in rows.values())

    def _words(self, error: Exception) -> str:
        words = str(error) if isinstance(error, RapportError) else f"{self.place.name} says: {error}"
        return str(hide(words, self.masked))


def _definitions(told: Any, wanted: Collection[str]) -> dict[str, str]:
    """The tools of the list as canonical text. One that is told twice, or is too long, counts as not there."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for tool in told:
        if tool.name not in wanted:
            continue
        if tool.name in found:
            twice.add(tool.name)
        found[tool.name] = Definition(tool.name, tool.description or "", tool.input_schema).canonical()
    return {name: text for name, text in found.items() if name not in twice and len(text) <= MAX_CHARACTERS}
