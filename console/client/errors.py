"""What a call to the server can end in beside an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of a request."""

    field: str
    message: str


class ServerAway(Exception):
    """Nobody answered, or the server said that it cannot right now; the same call may work in a moment."""


class SignedOut(Exception):
    """The session is unknown, ended or expired."""


@dataclass(eq=False)  # not frozen: a context manager sets an exception's traceback
class Refused(Exception):
    """The server refused the call: its problem document (RFC 9457), read."""

    status: int
    title: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail or self.title
