"""Signed identity: short tokens by which a service knows who the customer of a call is (EdDSA, RFC 8037)."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.clock import Clock, rfc3339
from server.errors import WrongSetting

MINUTES = 5
LISTED_HOURS = 24
_FILE = "identity-keys.json"


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of the file; one that signs no more has lost its private half, and says since when."""

    kid: str
    public: str
    private: str = ""
    retired_at: str = ""


class Identity:
    """The key that signs, and those that did; kept in the data folder for their owner alone."""

    def __init__(self, folder: Path, issuer: str, clock: Clock) -> None:
        self._file, self._issuer, self._clock = folder / _FILE, issuer, clock
        self._read_at = -1
        self._keys: tuple[_Key, ...] = ()
        self._signs: tuple[str, Ed25519PrivateKey] | None = None

    def token(self, host: str, claims: Mapping[str, str]) -> str:
        """A token for the service at `host`, good for five minutes. `claims` are `sub` and what else is known."""
        kid, key = self._signing()
        now = int(self._clock.now().timestamp())
        times = {"iat": now, "exp": now + MINUTES * 60, "jti": secrets.token_urlsafe(16)}
        told = {"iss": self._issuer, "aud": host, **claims, **times}
        return jwt.encode(told, key, algorithm="EdDSA", headers={"kid": kid})

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517): the one that signs, and those that did within a day."""
        self._signing()
        since = rfc3339(self._clock.now() - timedelta(hours=LISTED_HOURS))
        listed = [key for key in self._keys if not key.retired_at or key.retired_at > since]
        fixed = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
        return {"keys": [{**fixed, "kid": key.kid, "x": key.public} for key in listed]}

    def rotate(self) -> str:
        """Signs with a new key from now on; its name. A running server follows at the next token."""
        self._load()
        now = rfc3339(self._clock.now())
        since = rfc3339(self._clock.now() - timedelta(hours=LISTED_HOURS))
        before = [_Key(key.kid, key.public, "", key.retired_at or now) for key in self._keys]
        self._write((_new(), *(key for key in before if key.retired_at > since)))
        return self._keys[0].kid

    def _signing(self) -> tuple[str, Ed25519PrivateKey]:
        self._load()
        if not self._keys:
            self._write((_new(),))
        if self._signs is None:
            first = self._keys[0]
            self._signs = first.kid, Ed25519PrivateKey.from_private_bytes(_bytes(first.private))
        return self._signs

    def _load(self) -> None:
        """Takes in the file when it is another than last time."""
        try:
            changed = self._file.stat().st_mtime_ns
            if changed == self._read_at:
                return
            self._keys = tuple(_Key(**each) for each in orjson.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError):
            raise WrongSetting(f"RAPPORT_DATA_DIR: {self._file} cannot be read; restore it or take it away.") from None
        self._read_at, self._signs = changed, None

    def _write(self, keys: tuple[_Key, ...]) -> None:
        fresh = self._file.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(orjson.dumps([asdict(key) for key in keys]))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._file)
        self._read_at = -1
        self._load()


def _new() -> _Key:
    key = Ed25519PrivateKey.generate()
    public, private = key.public_key().public_bytes_raw(), key.private_bytes_raw()
    return _Key(secrets.token_urlsafe(8), _text(public), _text(private))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
