"""Credentials of requests over HTTP: basic, bearer, API key, digest, OAuth 2 client credentials, signed identity."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from server.catalog.auth_shape import ApiKey, UserPassword, http_auth
from server.catalog.references import Reference
from server.outgoing import Outgoing, Response
from server.plugins.digest import Digests
from server.plugins.oauth2 import Tokens
from server.plugins.references import MISSING, Slot, Unfilled, Values, fill, fill_header, plain, read, references
from server.plugins.tied import place_of
from server.plugins.types import Bound

IDENTITY = "X-Rapport-Identity"
Sign = Callable[[str, Bound], str]
"""A signed token for the host of that name that says who the customer is."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it goes out, but for a credential that is made at the last moment."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout_seconds: float

    async def by(self, outgoing: Outgoing, values: Values, **more: str) -> Response:
        """Sends it with these headers added."""
        names = {name.lower() for name in more}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in names}
        return await outgoing.fetch(
            self.method,
            self.url,
            headers={**kept, **more},
            body=self.body,
            timeout_seconds=self.timeout_seconds,
            secrets=values.used,
        )


class _Scheme(Protocol):
    @property
    def shown(self) -> str | None:
        """What a reader is shown of a credential that is made at the last moment."""
        ...

    def references(self) -> Iterator[Reference]: ...

    def put(self, headers: dict[str, str], query: dict[str, Any], values: Values) -> None: ...

    async def send(self, outgoing: Outgoing, sent: Sent, values: Values) -> Response: ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a plugin shows a service of itself and of the customer. Make it once a plugin, with `credentials`."""

    scheme: _Scheme
    place: str
    sign: Sign | None = None

    def references(self) -> Iterator[Reference]:
        """What it is filled from."""
        return self.scheme.references()

    def put(self, headers: dict[str, str], query: dict[str, Any], values: Values) -> None:
        """Adds what can be added before the request is sent. Raises Unfilled."""
        self.scheme.put(headers, query, values)

    def show(self, headers: dict[str, str]) -> None:
        """Adds, for a reader, that a credential will be there."""
        if self.scheme.shown:
            headers["Authorization"] = self.scheme.shown
        if self.sign is not None:
            headers[IDENTITY] = "***"

    async def send(
        self,
        outgoing: Outgoing,
        request: tuple[str, str, Mapping[str, str], bytes | None],
        values: Values,
        timeout_seconds: float,
    ) -> Response:
        """Sends (method, url, headers, body) with the credential. Raises Unfilled and OutgoingError."""
        method, url, headers, body = request
        if self.sign is not None:
            token = self.sign(self.place.rpartition(":")[0], values.bound)
            values.used.add(token)
            headers = {**headers, IDENTITY: token}
        return await self.scheme.send(outgoing, Sent(method, url, headers, body, timeout_seconds), values)


def credentials(auth: Mapping[str, Any] | None, base_url: str, sign: Sign | None = None) -> Credentials:
    """How requests to `base_url` are authenticated. Raises ValueError and ReferenceProblem."""
    return Credentials(_scheme(auth), place_of(base_url), sign)


def _scheme(auth: Mapping[str, Any] | None) -> _Scheme:
    if not auth:
        return _Header("", "")
    told = http_auth(auth)
    if told.bearer is not None:
        return _Header("Authorization", read(f"Bearer {told.bearer}"))
    if told.basic is not None:
        return _Basic(read(told.basic.user), read(told.basic.password))
    if told.digest is not None:
        return _Digest(*_pair(told.digest), Digests())
    if told.oauth2 is not None:
        spec = told.oauth2
        slots = tuple(read(text or "") for text in (spec.client_id, spec.client_secret, spec.scope, spec.audience))
        return _OAuth2(slots, spec.token_url, spec.style == "body", Tokens())
    assert told.api_key is not None
    return _api_key(told.api_key)


def _pair(told: UserPassword) -> tuple[str | Slot, str | Slot]:
    return read(told.user), read(told.password)


def _api_key(told: ApiKey) -> _Header | _Query:
    value = read(told.value)
    return _Header(told.header, value) if told.header else _Query(told.query or "", value)


def _put(headers: dict[str, str], name: str, value: str) -> None:
    for other in [each for each in headers if each.lower() == name.lower()]:
        del headers[other]
    headers[name] = value


@dataclass(frozen=True, slots=True)
class _Header:
    """A bearer token, an API key in a header, or nothing at all (no name)."""

    name: str
    value: str | Slot
    shown: str | None = None

    def references(self) -> Iterator[Reference]:
        return references(self.value)

    def put(self, headers: dict[str, str], query: dict[str, Any], values: Values) -> None:
        if not self.name:
            return
        value = fill_header(self.value, values)
        if value is None:
            raise Unfilled(f"the credential for `{self.name}` is not set")
        _put(headers, self.name, value)

    async def send(self, outgoing: Outgoing, sent: Sent, values: Values) -> Response:
        return await sent.by(outgoing, values)


@dataclass(frozen=True, slots=True)
class _Query:
    """An API key in the query."""

    name: str
    value: str | Slot
    shown: str | None = None

    def references(self) -> Iterator[Reference]:
        return references(self.value)

    def put(self, headers: dict[str, str], query: dict[str, Any], values: Values) -> None:
        value = fill(self.value, values)
        if value is MISSING:
            raise Unfilled(f"the credential for `{self.name}` is not set")
        query[self.name] = value

    async def send(self, outgoing: Outgoing, sent: Sent, values: Values) -> Response:
        return await sent.by(outgoing, values)


@dataclass(frozen=True, slots=True)
class _Basic:
    user: str | Slot
    password: str | Slot
    shown: str | None = "Basic ***"

    def references(self) -> Iterator[Reference]:
        return references((self.user, self.password))

    def put(self, headers: dict[str, str], query: dict[str, Any], values: Values) -> None:
        name, word = _filled("basic", self.user, values), _filled("basic", self.password, values)
        if ":" in name:
            raise Unfilled("the user of `auth: basic` holds a colon")
        packed = base64.b64encode(f"{name}:{word}".encode()).decode()
        values.used.add(packed)
        _put(headers, "Authorization", f"Basic {packed}")

    async def send(self, outgoing: Outgoing, sent: Sent, values: Values) -> Response:
        return await sent.by(outgoing, values)


@dataclass(frozen=True, slots=True)
class _Digest:
    user: str | Slot
    password: str | Slot
    kept: Digests
    shown: str | None = "Digest ***"

    def references(self) -> Iterator[Reference]:
        return references((self.user, self.password))

    def put(self, headers: dict[str, str], query: dict[str, Any], values: Values) -> None:
        _filled("digest", self.user, values), _filled("digest", self.password, values)

    async def send(self, outgoing: Outgoing, sent: Sent, values: Values) -> Response:
        user, password = _filled("digest", self.user, values), _filled("digest", self.password, values)

        async def send(authorization: str | None) -> Response:
            more = {"Authorization": authorization} if authorization else {}
            return await sent.by(outgoing, values, **more)

        return await self.kept.send(sent.method, sent.url, user, password, send)


@dataclass(frozen=True, slots=True)
class _OAuth2:
    slots: tuple[str | Slot, ...]
    token_url: str
    in_body: bool
    tokens: Tokens
    shown: str | None = "Bearer ***"

    def references(self) -> Iterator[Reference]:
        return references(self.slots)

    def put(self, headers: dict[str, str], query: dict[str, Any], values: Values) -> None:
        self._filled(values)

    def _filled(self, values: Values) -> tuple[str, ...]:
        there = values.towards(place_of(self.token_url))
        return tuple(_filled("oauth2", slot, there) if slot else "" for slot in self.slots)

    async def send(self, outgoing: Outgoing, sent: Sent, values: Values) -> Response:
        """One token for all calls; a refused one is fetched anew, once."""
        client = self._filled(values)
        token = await self.tokens.get(outgoing, self.token_url, client, self.in_body)
        for refused in (False, True):
            if refused:
                token = await self.tokens.get(outgoing, self.token_url, client, self.in_body, instead_of=token)
            values.used.add(token)
            answer = await sent.by(outgoing, values, Authorization=f"Bearer {token}")
            if answer.status != 401:
                break
        return answer


def _filled(kind: str, slot: str | Slot, values: Values) -> str:
    value = fill(slot, values)
    if value is MISSING:
        raise Unfilled(f"a part of `auth: {kind}` is not set")
    return plain(value)
