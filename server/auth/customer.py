"""Customer tokens: JWTs by which a customer system vouches for who somebody is (RFC 7519).

The algorithm is fixed by the kind of key that the operator gave for an issuer, never taken from the token:
a secret means HS256, a JWKS address means RS256, ES256 or EdDSA by the type of the named key.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import orjson
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from server.errors import Unauthorised, WrongSetting
from server.outgoing import Outgoing, OutgoingError

AUDIENCE = "rapport"
_VISITOR = re.compile(r"v_[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_REQUIRED = ["exp", "sub", "iss", "aud"]
_KEEP_SECONDS = 600.0
_RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class CustomerClaims:
    """Who the token vouches for. `user_id` is `sub`, or `ISSUER:sub` for any issuer but the first."""

    user_id: str
    name: str | None
    locale: str | None


@dataclass(slots=True)
class _KeySet:
    address: str
    keys: dict[str | None, tuple[str, Any]] = field(default_factory=dict)
    fetched_at: float = float("-inf")
    door: asyncio.Lock = field(default_factory=asyncio.Lock)


class CustomerKeys:
    """The issuers of RAPPORT_CUSTOMER_KEYS and the one verifier of their tokens."""

    def __init__(self, setting: str, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._keys: dict[str, str | _KeySet] = {}
        for entry in filter(None, (part.strip() for part in setting.split(","))):
            issuer, found, key = entry.partition("=")
            if not found or not issuer:
                raise WrongSetting("RAPPORT_CUSTOMER_KEYS needs ISSUER=KEY, several of them joined by commas.")
            if issuer.strip() in self._keys:
                raise WrongSetting(f"RAPPORT_CUSTOMER_KEYS names the issuer `{issuer.strip()}` twice.")
            self._keys[issuer.strip()] = _parse_key(issuer.strip(), key.strip())

    @property
    def first(self) -> tuple[str, str] | None:
        """The first issuer and its secret, when it has one: for `rapport token --customer`."""
        for issuer, key in self._keys.items():
            return (issuer, key) if isinstance(key, str) else None
        return None

    async def verify(self, token: str) -> CustomerClaims:
        """Who the token vouches for; raises Unauthorised whatever is wrong with it."""
        if not self._keys:
            raise Unauthorised("This server has no RAPPORT_CUSTOMER_KEYS, so it takes no customer tokens.")
        try:
            header, issuer = self._open(token)
            key, algorithm = await self._key(issuer, header)
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=AUDIENCE,
                issuer=issuer,
                options={"require": _REQUIRED},
            )
            if any(type(claims[name]) not in (int, float) for name in ("exp", "nbf", "iat") if name in claims):
                raise Unauthorised("The customer token is not valid: a time in it is not a number.")
        except Unauthorised:
            raise
        except OutgoingError as error:
            raise Unauthorised(f"The issuer's keys cannot be read at the moment: {error.detail}") from None
        except Exception as error:  # whatever shape a forged token takes, it is refused and nothing else
            reason = str(error) if isinstance(error, jwt.PyJWTError) else "it cannot be read"
            raise Unauthorised(f"The customer token is not valid: {reason}.") from None
        return self._claims(issuer, claims)

    def _open(self, token: str) -> tuple[Mapping[str, Any], str]:
        if not all(_is_canonical(part) for part in token.split(".")):
            raise Unauthorised("The customer token is not valid: it is not written as RFC 7515 has it.")
        header = jwt.get_unverified_header(token)
        if "crit" in header:
            raise Unauthorised("The customer token is not valid: it has critical extensions.")
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        if not isinstance(issuer, str) or issuer not in self._keys:
            raise Unauthorised("The customer token is not valid: its issuer is not known here.")
        return header, issuer

    async def _key(self, issuer: str, header: Mapping[str, Any]) -> tuple[Any, str]:
        held = self._keys[issuer]
        if isinstance(held, str):
            return held, "HS256"
        key_id = header.get("kid")
        async with held.door:  # whoever comes while the keys are fetched waits for them
            age = time.monotonic() - held.fetched_at
            if age > (_KEEP_SECONDS if key_id in held.keys else _RETRY_SECONDS):
                await self._fetch(held)
        found = held.keys.get(key_id)
        if found is None:
            raise Unauthorised("The customer token is not valid: its key is not among the issuer's.")
        return found[1], found[0]

    async def _fetch(self, held: _KeySet) -> None:
        """Reads the issuer's keys; those known stay in force while its address does not answer."""
        held.fetched_at = time.monotonic()
        try:
            answer = await self._outgoing.fetch("GET", held.address, headers={}, body=None, timeout_seconds=5)
            if answer.status != 200:
                raise Unauthorised(f"The issuer's keys cannot be read at the moment: it answered {answer.status}.")
            listed = orjson.loads(answer.body)["keys"]
        except (OutgoingError, Unauthorised):
            if held.keys:
                return
            raise
        held.keys = {entry.get("kid"): known for entry in listed if (known := public_key(entry))}

    def _claims(self, issuer: str, claims: Mapping[str, Any]) -> CustomerClaims:
        subject = claims["sub"]
        if not isinstance(subject, str) or not is_plain(subject):
            raise Unauthorised("The customer token is not valid: `sub` needs 1 to 200 plain characters.")
        first, *others = self._keys
        own = "" if issuer == first else f"{issuer}:"
        longer = tuple(f"{other}:" for other in others if other.startswith(own) and other != issuer)
        user_id = own + subject
        if is_visitor(subject) or user_id.startswith(longer):
            raise Unauthorised("The customer token is not valid: `sub` has the shape of another kind of id.")
        return CustomerClaims(
            user_id,
            _short_text(claims.get("name")),
            _short_text(claims.get("locale"), 35),
        )


def is_plain(subject: str) -> bool:
    """Whether that may be somebody's id in a customer system: 1 to 200 characters without control characters."""
    return 0 < len(subject) <= 200 and not _CONTROL.search(subject) and not subject.isspace()


def is_visitor(user_id: str) -> bool:
    """Whether that has the shape of an id that this server makes for visitors."""
    return _VISITOR.fullmatch(user_id) is not None


def _is_canonical(part: str) -> bool:
    """Whether a part of a token is base64url without padding, and the only way to write its bytes."""
    if not _BASE64URL.fullmatch(part):
        return False
    return (
        base64.urlsafe_b64encode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))).decode().rstrip("=") == part
    )


def _parse_key(issuer: str, key: str) -> str | _KeySet:
    if key.startswith(("https://", "http://")):
        if key.startswith("http://"):
            raise WrongSetting(f"RAPPORT_CUSTOMER_KEYS: the key set of `{issuer}` needs an https address.")
        return _KeySet(key)
    if len(key.encode()) < 32:
        raise WrongSetting(f"RAPPORT_CUSTOMER_KEYS: the secret of `{issuer}` is shorter than 32 bytes.")
    return key


def public_key(entry: Any) -> tuple[str, Any] | None:
    """(algorithm, key) of a JSON Web Key that may sign, by its type alone; None for any other."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    kinds: dict[tuple[str, str | None], tuple[str, Any]] = {
        ("RSA", None): ("RS256", RSAAlgorithm),
        ("EC", "P-256"): ("ES256", ECAlgorithm),
        ("OKP", "Ed25519"): ("EdDSA", OKPAlgorithm),
    }
    kind = str(entry.get("kty"))
    found = kinds.get((kind, None if kind == "RSA" else str(entry.get("crv"))))
    try:
        return (found[0], found[1].from_jwk(entry)) if found else None
    except (
        jwt.PyJWTError,
        ValueError,
        KeyError,
        TypeError,
    ):  # one bad entry does not take the issuer's other keys away
        return None


def _short_text(value: Any, longest: int = 200) -> str | None:
    if not isinstance(value, str):
        return None
    return _CONTROL.sub("", value)[:longest].strip() or None
