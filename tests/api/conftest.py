"""Actors of the API's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import DIALECTS, furnish
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


def session_of(server: RunningServer, role: str, person: str = "") -> str:
    """A console session of a person of that role (one for each role, or a named one), by a sign-in link."""
    from server.auth import Authority
    from server.clock import SYSTEM
    from server.storage import open_database

    database = open_database(server.database)
    try:
        link = Authority(database, SYSTEM).signin_link(f"{person or role}@example.com", role)  # type: ignore[arg-type]
    finally:
        database.close()
    with server.client(None) as client:
        token: str = client.post("/api/v1/sessions", json={"token": link}).json()["token"]
    return token


@pytest.fixture(scope="session")
def cast(server: RunningServer) -> Cast:
    """Everybody, at the shared server."""
    visitor, other = server.visitor(), server.visitor()
    answer = visitor.say("Hello, we are Harbour Light Robotics. Which products are there?")
    other.say("Hello")
    lead = visitor.lead()
    assert lead
    return Cast(server, visitor, other, {role: session_of(server, role) for role in ROLES}, answer, lead["id"])


@pytest.fixture(scope="module", params=DIALECTS)
def house(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_shared_database: Callable[[str], str],
) -> Iterator[RunningServer]:
    """A server whose personas a module's tests change."""
    running = RunningServer(furnish(tmp_path_factory.mktemp("house")), new_shared_database(request.param)).start()
    yield running
    running.kill()


@pytest.fixture
def admin(house: RunningServer) -> Iterator[httpx.Client]:
    """The operator at the module's own server."""
    with house.client(ADMIN) as client:
        yield client


def good(answer: httpx.Response, status: int = 200) -> Any:
    """What was answered, None for nothing; fails with the answer's text when the status is another."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None
