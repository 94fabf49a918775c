"""Tokens: 256 random bits with a prefix that tells what they are; only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

Kind = Literal["visitor", "session", "key", "signin"]
_PREFIX: dict[Kind, str] = {"visitor": "rv_", "session": "rs_", "key": "rk_", "signin": "rl_"}


def mint(kind: Kind) -> str:
    """A new token of that kind."""
    return _PREFIX[kind] + secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is stored of a token: the SHA-256 of all of it, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
