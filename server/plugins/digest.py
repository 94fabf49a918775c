"""Digest access authentication (RFC 7616): SHA-256 and MD5, `qop=auth`, nonces used again with a counter."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from yarl import URL

from server.outgoing import OutgoingError

_ALGORITHMS = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""The stronger first."""
_PARAMETER = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_SCHEME = re.compile(r"[\s,]*([A-Za-z0-9_-]+)(?:\s+|\s*,|$)")
_KEPT = 100


class Answer(Protocol):
    """What is looked at of an answer: `url` is the address that answered."""

    @property
    def status(self) -> int: ...

    @property
    def url(self) -> str: ...

    @property
    def challenges(self) -> tuple[str, ...]: ...


A = TypeVar("A", bound=Answer)
Send = Callable[[str | None], Awaitable[A]]
"""Sends the request with that `Authorization`, or without."""


@dataclass(slots=True)
class Challenge:
    """What a server asked for; `count` is how often its nonce was used."""

    realm: str
    nonce: str
    algorithm: str
    opaque: str | None = None
    stale: bool = False
    count: int = 0

    def answer(self, method: str, target: str, user: str, password: str, cnonce: str) -> str:
        """The value of `Authorization` for one request; each takes the next count."""
        self.count += 1
        count = f"{self.count:08x}"
        first = self._hash(f"{user}:{self.realm}:{password}")
        second = self._hash(f"{method}:{target}")
        response = self._hash(f"{first}:{self.nonce}:{count}:{cnonce}:auth:{second}")
        quoted = {"username": user, "realm": self.realm, "nonce": self.nonce, "uri": target}
        parts = [f'{name}="{_escaped(value)}"' for name, value in quoted.items()]
        parts += [f"algorithm={self.algorithm}", "qop=auth", f"nc={count}", f'cnonce="{cnonce}"']
        parts += [f'response="{response}"']
        parts += [f'opaque="{_escaped(self.opaque)}"'] if self.opaque is not None else []
        return "Digest " + ", ".join(parts)

    def _hash(self, text: str) -> str:
        return _ALGORITHMS[self.algorithm](text.encode()).hexdigest()


class Digests:
    """The nonces of one plugin, by service and user."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], Challenge] = OrderedDict()

    async def send(self, method: str, url: str, user: str, password: str, send: Send[A]) -> A:
        """The answer to a request, asked again when the server wants another digest. Raises OutgoingError."""
        key = _key(url, user, password)
        used = self._kept.get(key)
        answer = await send(self._answer(used, method, url, user, password))
        if answer.status != 401 or URL(answer.url, encoded=True).origin() != URL(url, encoded=True).origin():
            return answer
        asked = best(answer.challenges)
        if asked is None:
            words = f"{URL(url, encoded=True).host} asks for no digest with qop=auth and SHA-256 or MD5"
            raise OutgoingError("credential", words)
        if used is not None and not asked.stale and asked.nonce == used.nonce:
            return answer
        self._keep(key, asked)
        return await send(self._answer(asked, method, url, user, password))

    def _answer(self, known: Challenge | None, method: str, url: str, user: str, password: str) -> str | None:
        if known is None:
            return None
        target = URL(url, encoded=True).raw_path_qs
        return known.answer(method, target, user, password, secrets.token_urlsafe(18))

    def _keep(self, key: tuple[str, str, str], asked: Challenge) -> None:
        self._kept[key] = asked
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def best(headers: Iterable[str]) -> Challenge | None:
    """The strongest digest among the challenges, None when there is none that can be answered."""
    found = [made for header in headers for scheme, told in challenges(header) if (made := _made(scheme, told))]
    return min(found, key=lambda each: list(_ALGORITHMS).index(each.algorithm), default=None)


def challenges(header: str) -> list[tuple[str, dict[str, str]]]:
    """(scheme in lower case, parameters) of each challenge in a `WWW-Authenticate` header."""
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while at < len(header):
        parameter = _PARAMETER.match(header, at)
        if parameter and found:
            text = re.sub(r"\\(.)", r"\1", parameter[2]) if parameter[2] is not None else parameter[3]
            found[-1][1].setdefault(parameter[1].lower(), text)
            at = parameter.end()
            continue
        scheme = _SCHEME.match(header, at)
        if scheme is None:
            break
        found.append((scheme[1].lower(), {}))
        at = scheme.end()
    return found


def _made(scheme: str, told: dict[str, str]) -> Challenge | None:
    algorithm = told.get("algorithm", "MD5").upper()
    qops = {part.strip().lower() for part in told.get("qop", "").split(",")}
    if scheme != "digest" or algorithm not in _ALGORITHMS or "auth" not in qops or not told.get("nonce"):
        return None
    stale = told.get("stale", "").lower() == "true"
    return Challenge(told.get("realm", ""), told["nonce"], algorithm, told.get("opaque"), stale)


def _key(url: str, user: str, password: str) -> tuple[str, str, str]:
    return str(URL(url, encoded=True).origin()), user, hashlib.sha256(password.encode()).hexdigest()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
