"""One session with an MCP server: opened when it is needed, kept, and opened again once it broke."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, Tool, ToolListChangedNotification
from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError
from yarl import URL

from server.outgoing import Outgoing, OutgoingError
from server.outgoing.streaming import guarded
from server.plugins.http_auth import IDENTITY
from server.plugins.mcp.process import process_streams
from server.plugins.mcp.showing import Shown

OPEN_SECONDS = 20.0
CLOSE_SECONDS = 3.0
MAX_PAGES = 20
MAX_TOOLS = 1_000
_OURS = -32_050
IDENTITY_META = "rapport/identity"
"""Where a call of a tool carries who its customer is, beside the header."""

# They write whole addresses and messages, which hold secrets and customers' words; what matters is told by results.
for _talkative in ("httpx2", "httpcore2", "mcp.client", "mcp.shared"):
    logging.getLogger(_talkative).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Http:
    """A server by streamable HTTP. `url` and `headers` hold secrets already; `shown` is added to each request."""

    outgoing: Outgoing
    url: str
    headers: Mapping[str, str]
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A server that is started here."""

    command: str
    args: Sequence[str]
    env: Mapping[str, str]
    folder: Path


Where = Http | Program


@dataclass(slots=True)
class Link:
    """The session. `where` is asked at each opening; `changed` is told when the server says its list has changed.

    Every method raises OutgoingError or Failed, whatever the server does.
    """

    where: Callable[[], Where]
    changed: Callable[[], None]
    name: str
    _task: asyncio.Task[None] | None = None
    _opened: asyncio.Future[Client] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)
    _calls: int = 0

    async def tools(self) -> list[Tool]:
        """What the server says it has, all pages of it."""
        client = await self._client()
        with _explained(self.name):
            found: list[Tool] = []
            cursor: str | None = None
            for _ in range(MAX_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if cursor is None or len(found) > MAX_TOOLS:
                    return found[:MAX_TOOLS]
            return found

    async def call(self, tool: str, arguments: dict[str, Any], identity: str | None = None) -> CallToolResult:
        """Calls a tool; once more in a new session when the server has forgotten this one and did nothing.

        `identity` is the signed token that says who the customer of this call is.
        """
        try:
            return await self._call(tool, arguments, identity)
        except Forgotten:
            self.drop()
            return await self._call(tool, arguments, identity)

    async def _call(self, tool: str, arguments: dict[str, Any], identity: str | None) -> CallToolResult:
        meta: Any = {IDENTITY_META: identity} if identity else None
        client = await self._client()
        self._calls += 1
        try:
            with _explained(self.name):
                return await client.call_tool(tool, arguments, meta=meta)
        except Lost:
            self.drop()
            raise
        except asyncio.CancelledError:
            if self._calls == 1:
                self.drop()  # a server that hangs keeps nothing of ours open
            raise
        finally:
            self._calls -= 1

    def drop(self) -> None:
        """Lets the session go; the next call opens another."""
        self._stop.set()
        if self._task is not None and not self._task.done():
            self._leaving.add(self._task)
            self._task.add_done_callback(self._leaving.discard)
        self._task = None

    async def close(self) -> None:
        """Ends the session and all that it started."""
        self.drop()
        leaving = list(self._leaving)
        if leaving:
            await asyncio.wait(leaving, timeout=CLOSE_SECONDS)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)

    async def _client(self) -> Client:
        if self._task is None or self._task.done() or self._opened is None:
            self._stop = asyncio.Event()
            self._opened = asyncio.get_running_loop().create_future()
            self._opened.add_done_callback(_looked_at)
            self._task = asyncio.create_task(self._run(self._opened, self._stop))
        return await asyncio.shield(self._opened)

    async def _run(self, opened: asyncio.Future[Client], stop: asyncio.Event) -> None:
        """Holds the session open from one task, as its task groups need."""
        reason: OutgoingError | None = None
        try:
            async with asyncio.timeout(OPEN_SECONDS) as limit, self._session(stop) as client:
                limit.reschedule(None)
                opened.set_result(client)
                await self._follow(client, stop)
        except TimeoutError:
            reason = OutgoingError("timeout", f"{self.name} did not open a session within {OPEN_SECONDS:g} s")
        except Exception as error:
            reason = _reason(self.name, error)
        finally:
            stop.set()
            if not opened.done():
                opened.set_exception(reason or OutgoingError("connect", f"{self.name} ended before it answered"))

    @contextlib.asynccontextmanager
    async def _session(self, stop: asyncio.Event) -> AsyncIterator[Client]:
        where = self.where()
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(where, Http):
                sender = _Told(guarded(where.outgoing), where)
                client = await stack.enter_async_context(
                    httpx2.AsyncClient(transport=sender, trust_env=False, timeout=None, follow_redirects=False)
                )
                streams = streamable_http_client(where.url, http_client=client, max_sse_event_size=2_000_000)
            else:
                streams = process_streams(where.command, where.args, where.env, where.folder, stop.set)
            yield await stack.enter_async_context(
                Client(streams, cache=None, message_handler=self._hear, read_timeout_seconds=None)
            )

    async def _follow(self, client: Client, stop: asyncio.Event) -> None:
        """Waits for the end; of newer servers the changes have to be asked for."""
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            await stop.wait()
            return
        listening = asyncio.create_task(self._listen(client))
        try:
            await stop.wait()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, client: Client) -> None:
        async with client.listen(tools_list_changed=True) as events:
            async for _ in events:
                self.changed()

    async def _hear(self, message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.changed()


class Failed(Exception):
    """The server answered with an error; `str()` is what it says."""


class Lost(OutgoingError):
    """The session broke while a call was on its way."""


class Forgotten(Lost):
    """The server knows nothing of the session, so nothing was done."""


@contextlib.contextmanager
def _explained(name: str) -> Any:
    """Turns whatever the SDK raises into OutgoingError or Failed."""
    try:
        yield
    except (OutgoingError, Failed):
        raise
    except MCPError as error:
        raise _of_server(name, error) from None
    except Exception as error:
        raise _reason(name, error) from None


def _of_server(name: str, error: MCPError) -> Exception:
    words = " ".join(error.error.message.split())[:500]
    if error.code == _OURS:
        return OutgoingError("protocol", words)
    if error.code == CONNECTION_CLOSED:
        return Lost("protocol", f"{name} ended the session before it answered")
    if error.code == INVALID_REQUEST and words == "Session terminated":
        return Forgotten("protocol", f"{name} has ended the session")
    return Failed(words)


def _reason(name: str, error: BaseException) -> OutgoingError:
    """What broke a session, out of whatever it is wrapped in."""
    if isinstance(error, BaseExceptionGroup):
        return _reason(name, error.exceptions[0])
    if isinstance(error, OutgoingError):
        return error
    if isinstance(error, MCPError):
        found = _of_server(name, error)
        return found if isinstance(found, OutgoingError) else OutgoingError("protocol", f"{name} says: {found}")
    if isinstance(error, ValidationError):
        return OutgoingError("protocol", f"{name} does not answer as the protocol has it")
    return OutgoingError("protocol", f"The session with {name} broke: {type(error).__name__}")


def _looked_at(opened: asyncio.Future[Client]) -> None:
    """Keeps the loop from telling of an error that nobody waited for."""
    if not opened.cancelled():
        opened.exception()


class _Told(httpx2.AsyncBaseTransport):
    """Adds the server's own headers, and tells what went wrong as an answer, which ends one request and no session."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, where: Http) -> None:
        self._inner, self._where = inner, where

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers.update(self._where.headers)
        if (token := _identity(request)) is not None:
            request.headers[IDENTITY] = token
        try:
            answer = await self._sent(request)
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                return answer
            await answer.aread()
        except OutgoingError as error:
            return _as_answer(request, error.detail)
        if answer.status_code in (401, 403, 429) or answer.status_code >= 500:
            return _as_answer(request, f"{URL(str(request.url)).host} answered {answer.status_code}")
        return answer

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        send, shown = self._inner.handle_async_request, self._where.shown
        return await send(request) if shown is None else await shown.send(self._where.outgoing, request, send)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _identity(request: httpx2.Request) -> str | None:
    """The token of the call that a request carries; other requests are of no customer."""
    if request.method != "POST" or IDENTITY_META.encode() not in request.read():
        return None
    told = orjson.loads(request.content)
    token = told["params"].get("_meta", {}).get(IDENTITY_META) if told.get("method") == "tools/call" else None
    return token if isinstance(token, str) else None


def _as_answer(request: httpx2.Request, words: str) -> httpx2.Response:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": _OURS, "message": words}}
    return httpx2.Response(502, json=error, request=request)
