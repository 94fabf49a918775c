"""The same guard for a library that brings its own HTTP client: a transport that connects to checked addresses only.

Meant for the SDK of MCP, whose answers are streams; everything else goes through `Outgoing`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

import httpcore2
import httpx2

from server.outgoing.addresses import Guard
from server.outgoing.client import Outgoing, _checked_url
from server.outgoing.errors import OutgoingError

_CONNECT_SECONDS = 10.0
_TRIED = 4
_REDIRECTS = frozenset({300, 301, 302, 303, 305, 307, 308})


def guarded(outgoing: Outgoing) -> GuardedTransport:
    """A transport behind the guard of that client."""
    return GuardedTransport(outgoing._guard)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends requests of an `httpx2.AsyncClient`; raises OutgoingError alone. Close it with its client.

    A redirect is never followed and nothing is decompressed. An answer has `seconds` and `max_bytes`; that of a GET,
    which may be a stream of events without an end, has neither.
    """

    def __init__(self, guard: Guard, *, max_bytes: int = 2_000_000, seconds: float = 150) -> None:
        self._guard, self._max_bytes, self._seconds = guard, max_bytes, seconds
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=60,
            max_keepalive_connections=10,
            keepalive_expiry=30,
            network_backend=_CheckedNetwork(guard),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises OutgoingError."""
        checked, host, port = _checked_url(str(request.url))
        try:
            await self._guard.check(checked, host, port)
            endless = request.method == "GET"
            return await self._send(request, host, port, None if endless else self._seconds)
        except TimeoutError:
            raise OutgoingError("timeout", f"{host} did not answer in time") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise _as_fault(host, error) from None

    async def _send(self, request: httpx2.Request, host: str, port: int, seconds: float | None) -> httpx2.Response:
        deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
        async with asyncio.timeout_at(deadline):
            answer = await self._pool.handle_async_request(_request(request, host, port))
        kind = dict(answer.headers).get(b"content-encoding", b"identity")
        if answer.status in _REDIRECTS or kind.lower() != b"identity":
            await answer.aclose()
            raise _refused(host, answer.status)
        stream = _Bounded(host, answer.stream, None if seconds is None else self._max_bytes, deadline)
        return httpx2.Response(answer.status, headers=answer.headers, stream=stream, request=request)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()


def _request(request: httpx2.Request, host: str, port: int) -> httpcore2.Request:
    url = httpcore2.URL(scheme=request.url.raw_scheme, host=host.encode(), port=port, target=request.url.raw_path)
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"accept-encoding"]
    headers.append((b"Accept-Encoding", b"identity"))
    timeout = {"connect": _CONNECT_SECONDS, "pool": _CONNECT_SECONDS, "write": _CONNECT_SECONDS}
    return httpcore2.Request(
        request.method, url, headers=headers, content=request.stream, extensions={"timeout": timeout}
    )


def _refused(host: str, status: int) -> OutgoingError:
    if status in _REDIRECTS:
        return OutgoingError("redirect", f"{host} answered {status}; redirects are not followed: use the final address")
    return OutgoingError("protocol", f"{host} sent a compressed answer, which was not asked for")


def _as_fault(host: str, error: Exception) -> OutgoingError:
    if isinstance(error, httpcore2.TimeoutException):
        return OutgoingError("timeout", f"{host} did not answer in time")
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return OutgoingError("tls", f"No secure connection to {host}: its certificate or protocol is refused")
    if isinstance(error, httpcore2.ConnectError):
        return OutgoingError("connect", f"{host} cannot be connected to; is it running, is the port right?")
    return OutgoingError("protocol", f"The answer of {host} broke off or is not proper HTTP")


class _CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to the address that was checked, so that no second look-up can give another."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._guard.addresses(host.rstrip(".").lower(), port)
        last: Exception | None = None
        for address in addresses[:_TRIED]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last or httpcore2.ConnectError(f"{host} has no address")


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an OutgoingError once it is too large or too slow."""

    def __init__(self, host: str, parts: Any, max_bytes: int | None, deadline: float | None) -> None:
        self._host, self._parts, self._max_bytes, self._deadline = host, parts, max_bytes, deadline

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        assert isinstance(self._parts, AsyncIterable)
        parts = aiter(self._parts)
        while (part := await self._next(parts)) is not None:
            size += len(part)
            if self._max_bytes is not None and size > self._max_bytes:
                raise OutgoingError("too_large", f"{self._host} answered with more than {self._max_bytes:,} bytes")
            yield part

    async def _next(self, parts: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await anext(parts, None)
        except TimeoutError:
            raise OutgoingError("timeout", f"{self._host} did not answer in time") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise _as_fault(self._host, error) from None

    async def aclose(self) -> None:
        if hasattr(self._parts, "aclose"):
            await self._parts.aclose()
