"""One request out, one answer back, within bounds."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from server.outgoing.addresses import Guard, Own, Resolve, plain_host, system_resolve
from server.outgoing.breaker import FAILING_STATUS, Breakers
from server.outgoing.errors import OutgoingError
from server.outgoing.redirects import REDIRECTS, Request, target_of

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_YOURS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "keep-alive",
    }
)
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_WAIT_SECONDS = (0.05, 0.2)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are in lower case; `body` is decompressed; time in milliseconds.

    `url` is the address that answered: another one than was asked for after a redirect. `challenges` are the
    values of every `WWW-Authenticate` header.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float
    url: str = ""
    challenges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What one fetch may take; times of the monotonic clock."""

    started: float
    deadline: float
    max_bytes: int
    secrets: Collection[str]


class Outgoing:
    """The only client for outgoing HTTP. One session, its connections are used again. Close it at the end."""

    def __init__(
        self,
        allow_hosts: Sequence[str] = (),
        *,
        own: Own | None = None,
        resolve: Resolve = system_resolve,
        agent: str = "Rapport",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = Guard(allow_hosts, own, resolve)
        self._agent = agent
        self._session: aiohttp.ClientSession | None = None
        self._monotonic = monotonic
        self._breakers = Breakers(monotonic)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_seconds: float = 10,
        max_bytes: int = 2_000_000,
        secrets: Collection[str] = (),
    ) -> Response:
        """Sends one request and reads the whole answer, of any status but a redirect.

        `url` is sent as it is: encode it first. `max_bytes` counts after decompression, `timeout_seconds`
        from the look-up of the name to the last byte of the last answer. GET and HEAD follow up to three
        redirects; to another origin no header of the caller goes along. Idempotent requests are sent once
        more when nobody answers or a gateway fails. `secrets` never appear in an error. Raises OutgoingError.
        """
        now = self._monotonic()
        bounds = _Bounds(now, now + timeout_seconds, max_bytes, secrets)
        checked, host, port = _checked_url(url)
        head = _checked_headers(method, headers or {})
        head.setdefault("User-Agent", self._agent)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._followed(Request(method, checked, host, port, head, body), bounds)
        except TimeoutError:
            raise OutgoingError("timeout", f"{host} did not answer within {timeout_seconds:g} s") from None
        except OutgoingError as error:
            raise OutgoingError(error.kind, _without(secrets, error.detail)) from None

    async def close(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _followed(self, request: Request, bounds: _Bounds) -> Response:
        hops, came_by = 0, ""
        while True:
            try:
                answer = await self._tried(request, bounds)
            except OutgoingError as error:
                raise OutgoingError(error.kind, came_by + error.detail) from None
            if answer.status not in REDIRECTS:
                return answer
            location = answer.headers.get("location", "")
            target = target_of(request, answer.status, location, hops, bounds.secrets)
            came_by = f"{request.host} answered {answer.status}, a redirect: "
            request = request.moved(*_checked_url(target))
            hops += 1

    async def _tried(self, request: Request, bounds: _Bounds) -> Response:
        """One answer, by a second request when the first came to nothing and may be sent twice."""
        wait = random.uniform(*_WAIT_SECONDS)  # noqa: S311  # so that many do not come back at one moment
        try:
            answer = await self._once(request, bounds)
        except OutgoingError as error:
            if error.kind != "connect" or not self._again(request, bounds, wait):
                raise
        else:
            asked_to_wait = "retry-after" in answer.headers
            if answer.status not in FAILING_STATUS or asked_to_wait or not self._again(request, bounds, wait):
                return answer
        await asyncio.sleep(wait)
        return await self._once(request, bounds)

    def _again(self, request: Request, bounds: _Bounds, wait: float) -> bool:
        """Whether the request may be sent twice, and a second answer as slow as the first would be in time."""
        now = self._monotonic()
        return request.method in _IDEMPOTENT and now + wait + (now - bounds.started) < bounds.deadline

    async def _once(self, request: Request, bounds: _Bounds) -> Response:
        await self._guard.check(request.url, request.host, request.port)
        with self._breakers.watch((request.host, request.port), bounds.deadline) as attempt:
            try:
                answer = await self._send(request, bounds)
            except (aiohttp.ClientError, zlib.error, OSError, ValueError) as error:
                raise _as_fault(request.host, error, bounds.secrets) from None
            attempt.status = answer.status
            return answer

    async def _send(self, request: Request, bounds: _Bounds) -> Response:
        async with self._opened().request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
            skip_auto_headers=("Content-Type",),
        ) as answer:
            moved = answer.status in REDIRECTS
            content = b"" if moved else await _read(answer, bounds.max_bytes, request.host)
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Response(
                answer.status,
                found,
                content,
                (self._monotonic() - bounds.started) * 1000,
                str(request.url),
                tuple(answer.headers.getall("WWW-Authenticate", ())),
            )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_Checked(self._guard), use_dns_cache=False, limit=200, limit_per_host=50
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
                max_line_size=8190,
                max_field_size=16_380,
            )
        return self._session


class _Checked(AbstractResolver):
    """Gives the connector checked addresses only, so that the address connected to is the one checked."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._guard.addresses(host.rstrip(".").lower(), port)
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        return


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)


async def _read(answer: aiohttp.ClientResponse, max_bytes: int, host: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > max_bytes:
            answer.close()
            raise OutgoingError("too_large", f"{host} answered with more than {max_bytes:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _checked_url(url: str) -> tuple[URL, str, int]:
    if not url.isprintable() or " " in url or "\\" in url or len(url) > 16_000:
        raise OutgoingError("invalid", "The address holds characters that must be encoded, or is too long")
    try:
        parsed = URL(url, encoded=True)
        port = parsed.port
    except ValueError:
        raise OutgoingError("invalid", "The address cannot be read; write it as https://host/path") from None
    if parsed.scheme not in ("http", "https") or not parsed.raw_host or not port:
        raise OutgoingError("invalid", "Only http and https addresses with a host can be reached")
    if parsed.raw_user is not None or parsed.raw_password is not None or "@" in parsed.raw_authority:
        raise OutgoingError("invalid", "An address may not carry a user or a password")
    host = plain_host(parsed)
    bare = f"[{host}]" if ":" in host else host
    rest = url.partition("://")[2]
    tail = rest[len(re.split(r"[/?#]", rest, maxsplit=1)[0]) :].partition("#")[0]
    return URL(f"{parsed.scheme}://{bare}:{port}{tail or '/'}", encoded=True), host, port


def _checked_headers(method: str, headers: Mapping[str, str]) -> dict[str, str]:
    if method not in _METHODS:
        raise OutgoingError("invalid", f"`{method[:20]}` is not a method that can be sent")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _NOT_YOURS:
            raise OutgoingError("invalid", f"The header `{name[:60]!r}` cannot be sent")
        if _CONTROL.search(value):
            raise OutgoingError("invalid", f"The header {name} holds a line break or a control character")
    return dict(headers)


def _as_fault(host: str, error: Exception, secrets: Collection[str]) -> OutgoingError:
    cause = error.__cause__ if isinstance(error.__cause__, OutgoingError) else None
    if cause is not None:
        return OutgoingError(cause.kind, _without(secrets, cause.detail))
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return OutgoingError("tls", f"No secure connection to {host}: its certificate or protocol is refused")
    if isinstance(error, aiohttp.ClientConnectorError | ConnectionRefusedError):
        return OutgoingError("connect", f"{host} cannot be connected to; is it running, is the port right?")
    return OutgoingError("protocol", f"The answer of {host} broke off or is not proper HTTP")


def _without(secrets: Collection[str], words: str) -> str:
    for secret in secrets:
        if len(secret) >= 4:
            words = words.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return words
