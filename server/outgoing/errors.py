"""What can go wrong with an outgoing request."""

from __future__ import annotations

from typing import Literal

from server.errors import RapportError

FaultKind = Literal[
    "invalid",
    "blocked",
    "dns",
    "connect",
    "tls",
    "timeout",
    "too_large",
    "redirect",
    "protocol",
    "unavailable",
    "credential",
]
"""`unavailable`: the host failed too often and is left alone; `credential`: none could be had to send."""


class OutgoingError(RapportError):
    """No usable answer came. `kind` says why; `detail` names the host, never a path, query or secret."""

    status, title = 502, "Bad gateway"

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail, extra={"kind": kind})
        self.kind = kind
