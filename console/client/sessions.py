"""Open sessions: one's own, and for administrators everybody's."""

from __future__ import annotations

from urllib.parse import quote

from console.client.shape import Shape, page_of
from console.client.transport import Transport


class Session(Shape):
    """An open session. `current`: the one that asks."""

    id: str
    email: str = ""
    created_at: str
    used_at: str | None = None
    expires_at: str | None = None
    current: bool = False


class Sessions:
    """`/sessions`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self, *, everybody: bool = False) -> tuple[Session, ...]:
        """One's own, or everybody's; the last one opened first."""
        query = {"user": "all"} if everybody else {}
        return page_of(Session, self._transport.json("GET", "/sessions", query=query)).items

    def end(self, session_id: str) -> None:
        """Ends one at once."""
        self._transport.json("DELETE", f"/sessions/{quote(session_id, safe='')}")

    def end_others(self) -> int:
        """Ends one's own but this one; how many."""
        return int(self._transport.json("DELETE", "/sessions")["ended"])
