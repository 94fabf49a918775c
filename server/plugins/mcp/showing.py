"""Credentials of a session with an MCP server that are made at the last moment: digest, and tokens by OAuth 2."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from server.catalog.auth_shape import ClientCredentials, UserPassword
from server.outgoing import Outgoing
from server.plugins.digest import Digests
from server.plugins.oauth2 import Tokens
from server.plugins.references import MISSING, Slot, Unfilled, Values, fill, plain, read
from server.plugins.tied import place_of

if TYPE_CHECKING:
    import httpx2

    Send = Callable[[httpx2.Request], Awaitable[httpx2.Response]]


class Shown(Protocol):
    """A credential with its secrets filled in."""

    async def send(self, outgoing: Outgoing, request: httpx2.Request, send: Send) -> httpx2.Response:
        """The answer to a request that shows it. Raises OutgoingError."""
        ...


@dataclass(frozen=True, slots=True)
class ByDigest:
    """A user and a password, not filled yet; nonces are kept for all sessions."""

    told: UserPassword
    kept: Digests = field(default_factory=Digests)

    def filled(self, values: Values, address: str) -> Shown:
        """For the server at `address`. Raises Unfilled."""
        there = values.towards(place_of(address))
        return _Digest(_whole(read(self.told.user), there), _whole(read(self.told.password), there), self.kept)


@dataclass(frozen=True, slots=True)
class ByToken:
    """A client of OAuth 2, not filled yet; its token is kept for all sessions."""

    told: ClientCredentials
    kept: Tokens = field(default_factory=Tokens)

    def filled(self, values: Values, address: str) -> Shown:
        """Whatever the server is: the client shows itself where tokens are fetched. Raises Unfilled."""
        there = values.towards(place_of(self.told.token_url))
        texts = (self.told.client_id, self.told.client_secret, self.told.scope, self.told.audience)
        client = tuple(_whole(read(text), there) if text else "" for text in texts)
        return _Token(client, self.told.token_url, self.told.style == "body", self.kept, values.used)


Later = ByDigest | ByToken


@dataclass(frozen=True, slots=True)
class _Answered:
    """An answer as `Digests` looks at it."""

    response: httpx2.Response
    url: str

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def challenges(self) -> tuple[str, ...]:
        return tuple(self.response.headers.get_list("WWW-Authenticate"))


@dataclass(frozen=True, slots=True)
class _Digest:
    user: str
    password: str
    kept: Digests

    async def send(self, outgoing: Outgoing, request: httpx2.Request, send: Send) -> httpx2.Response:
        url = str(request.url)
        refused: list[httpx2.Response] = []

        async def once(authorization: str | None) -> _Answered:
            await _close(refused)
            if authorization:
                request.headers["Authorization"] = authorization
            refused.append(await send(request))
            return _Answered(refused[0], url)

        return (await self.kept.send(request.method, url, self.user, self.password, once)).response


@dataclass(frozen=True, slots=True)
class _Token:
    client: tuple[str, ...]
    token_url: str
    in_body: bool
    kept: Tokens
    used: set[str]

    async def send(self, outgoing: Outgoing, request: httpx2.Request, send: Send) -> httpx2.Response:
        """One token for all requests; a refused one is fetched anew, once."""
        token = await self.kept.get(outgoing, self.token_url, self.client, self.in_body)
        answer = await self._once(token, request, send)
        if answer.status_code != 401:
            return answer
        await answer.aclose()
        token = await self.kept.get(outgoing, self.token_url, self.client, self.in_body, instead_of=token)
        return await self._once(token, request, send)

    async def _once(self, token: str, request: httpx2.Request, send: Send) -> httpx2.Response:
        self.used.add(token)
        request.headers["Authorization"] = f"Bearer {token}"
        return await send(request)


async def _close(refused: list[httpx2.Response]) -> None:
    while refused:
        await refused.pop().aclose()


def _whole(slot: str | Slot, values: Values) -> str:
    value = fill(slot, values)
    if value is MISSING:
        raise Unfilled("a secret that the server needs is not set")
    return plain(value)
