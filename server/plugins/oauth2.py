"""OAuth 2 client credentials (RFC 6749, 4.4): one token for all calls, fetched once however many wait for it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import orjson
from yarl import URL

from server.outgoing import Outgoing, OutgoingError

_EARLIER_SECONDS = 30.0
_WITHOUT_EXPIRY_SECONDS = 300.0
_LONGEST_SECONDS = 86_400.0
_FETCH_SECONDS = 10.0
_KEPT = 100
_TOKEN = re.compile(r"[\x21-\x7e]{1,12000}")
_CODE = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: float


class Tokens:
    """The tokens of one plugin, by client, scope and audience."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: OrderedDict[str, _Token] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[_Token]] = {}

    async def get(
        self, outgoing: Outgoing, url: str, client: tuple[str, ...], in_body: bool, instead_of: str | None = None
    ) -> str:
        """A token that holds; another one than `instead_of`, which a service refused. Raises OutgoingError.

        `client` is (id, secret, scope, audience), the last two empty where there is none.
        """
        key = hashlib.sha256("\0".join((url, *client)).encode()).hexdigest()
        kept = self._kept.get(key)
        if kept and kept.until > self._monotonic() and kept.value != instead_of:
            return kept.value
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.create_task(self._fetched(outgoing, url, client, in_body))
            task.add_done_callback(lambda done: self._ended(key, done))
        return (await asyncio.shield(task)).value

    def _ended(self, key: str, task: asyncio.Task[_Token]) -> None:
        self._fetching.pop(key, None)
        if task.cancelled() or task.exception() is not None:
            return  # those who wait are told
        self._kept[key] = task.result()
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    async def _fetched(self, outgoing: Outgoing, url: str, client: tuple[str, ...], in_body: bool) -> _Token:
        headers, body, hidden = _request(client, in_body)
        host = URL(url, encoded=True).host
        try:
            answer = await outgoing.fetch(
                "POST",
                url,
                headers=headers,
                body=body,
                timeout_seconds=_FETCH_SECONDS,
                max_bytes=100_000,
                secrets=hidden,
            )
        except OutgoingError as error:
            raise OutgoingError(error.kind, f"No token for the service: {error.detail}") from None
        told = _document(answer.body)
        if answer.status != 200:
            code = told.get("error")
            words = f" ({code})" if isinstance(code, str) and _CODE.fullmatch(code) else ""
            refused = f"{host} gives no token, it answered {answer.status}{words}: check client id, secret and scope"
            raise OutgoingError("credential", refused)
        return self._token(told, host or "")

    def _token(self, told: dict[str, Any], host: str) -> _Token:
        value, kind = told.get("access_token"), told.get("token_type", "bearer")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value) or str(kind).lower() != "bearer":
            raise OutgoingError("credential", f"The answer of {host} holds no bearer token")
        return _Token(value, self._monotonic() + _kept_seconds(told.get("expires_in")))


def _kept_seconds(expires_in: Any) -> float:
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        seconds = _WITHOUT_EXPIRY_SECONDS
    seconds = min(seconds, _LONGEST_SECONDS) if seconds == seconds else 0.0
    return seconds - min(_EARLIER_SECONDS, max(seconds, 0) / 10)


def _request(client: tuple[str, ...], in_body: bool) -> tuple[dict[str, str], bytes, list[str]]:
    """Headers, body, and what of them must not be told."""
    name, word, scope, audience = client
    form = {"grant_type": "client_credentials", "scope": scope, "audience": audience}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    packed = base64.b64encode(f"{quote_plus(name)}:{quote_plus(word)}".encode()).decode()
    if in_body:
        form |= {"client_id": name, "client_secret": word}
    else:
        headers["Authorization"] = f"Basic {packed}"
    body = urlencode({field: text for field, text in form.items() if text})
    return headers, body.encode(), [word, packed]


def _document(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
