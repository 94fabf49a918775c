"""Actors of the API's tests, and somebody else's slow server that a turn can be held by."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.running import ADMIN, RunningServer, Visitor

ROLES = ("viewer", "editor", "developer")


@dataclass
class Cast:
    """A visitor with a conversation, another visitor, and the people of the house."""

    server: RunningServer
    visitor: Visitor
    other: Visitor
    tokens: dict[str, str]
    answer: dict[str, str]
    lead_id: str

    def token(self, actor: str) -> str | None:
        """The token of `nobody`, `visitor`, `other`, `viewer`, `editor`, `developer` or `admin`."""
        known = {"nobody": None, "visitor": self.visitor.token, "other": self.other.token, "admin": ADMIN}
        return known[actor] if actor in known else self.tokens[actor]


def session_of(server: RunningServer, role: str) -> str:
    """A console session of a person of that role, by a sign-in link."""
    from server.auth import Authority
    from server.clock import SYSTEM
    from server.storage import open_database

    database = open_database(server.database)
    try:
        link = Authority(database, SYSTEM).signin_link(f"{role}@example.com", role)  # type: ignore[arg-type]
    finally:
        database.close()
    with server.client(None) as client:
        token: str = client.post("/api/v1/sessions", json={"token": link}).json()["token"]
    return token


@pytest.fixture(scope="session")
def cast(server: RunningServer) -> Cast:
    """Everybody, at the shared server."""
    visitor, other = server.visitor(), server.visitor()
    answer = visitor.say("Hello, we are Harbour Light Robotics. What does it cost?")
    other.say("Hello")
    lead = visitor.lead()
    assert lead
    return Cast(server, visitor, other, {role: session_of(server, role) for role in ROLES}, answer, lead["id"])


@dataclass
class Gate:
    """Somebody else's HTTP server whose answers wait until the gate is opened."""

    port: int = 0
    reached: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    opened: threading.Event = field(default_factory=threading.Event)

    def plugin(self, seconds: float = 20) -> str:
        """A plugin whose forced call is held by the gate."""
        return (
            f"kind: http\ndescription: A slow neighbour\nbase_url: http://127.0.0.1:{self.port}\nfunctions:\n"
            f"  - {{name: wait_for_it, description: Waits, force_call: true, timeout_seconds: {seconds},"
            " request: {method: GET, path: /wait}}\n"
        )


@pytest.fixture
def gate() -> Iterator[Gate]:
    held = Gate()

    class Neighbour(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held.reached.release()
            held.opened.wait(30)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    neighbour = ThreadingHTTPServer(("127.0.0.1", 0), Neighbour)
    held.port = neighbour.server_port
    threading.Thread(target=neighbour.serve_forever, daemon=True).start()
    yield held
    held.opened.set()
    neighbour.shutdown()
    neighbour.server_close()
