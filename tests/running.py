"""A real server for tests: the `rapport` command as a process of its own, on a free port of loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt

ROOT = Path(__file__).parents[1]
RAPPORT = Path(sys.executable).with_name("rapport")
ISSUER, SECRET = "shop", "an-example-secret-of-32-bytes-or-more"
ADMIN = "rk_an-example-admin-token-for-tests"


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**changes: str) -> dict[str, str]:
    """The environment without anything that would connect a model or change a setting."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("RAPPORT_") and not name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE"))
    }
    return {**kept, "NO_COLOR": "1", **changes}


@dataclass
class RunningServer:
    """`start`, `kill` and `stop` a server over one data folder; requests by `client`."""

    home: Path
    database_url: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return clean_environment(
            RAPPORT_DATA_DIR=str(self.home / "data"),
            RAPPORT_DATABASE_URL=self.database_url,
            RAPPORT_PERSONAS_DIR=str(self.home / "personas.d"),
            RAPPORT_PLUGINS_DIR=str(self.home / "plugins.d"),
            RAPPORT_ADMIN_TOKEN=ADMIN,
            RAPPORT_CUSTOMER_KEYS=f"{ISSUER}={SECRET}",
            **self.env,
        )

    def start(self) -> RunningServer:
        """Starts the process and waits until it is ready."""
        log = (self.home / "server.log").open("ab")
        self.process = subprocess.Popen(
            [str(RAPPORT), "serve", "--port", str(self.port)],
            env=self.environment(),
            cwd=self.home,
            stdout=log,
            stderr=log,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended:\n{self.log()}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200:
                    return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not get ready:\n{self.log()}")

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and waits for the end; the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)

    def log(self) -> str:
        return (self.home / "server.log").read_text(encoding="utf-8", errors="replace")

    def client(self, token: str | None = ADMIN, timeout: float = 60) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    @property
    def database(self) -> str:
        """The address of the server's database."""
        return self.database_url or f"sqlite:///{self.home / 'data' / 'rapport.db'}"

    def key(self, role: str) -> str:
        """A new API key of that role, made beside the running server as `rapport token` does."""
        from server.auth import Authority
        from server.clock import SYSTEM
        from server.storage import open_database

        database = open_database(self.database)
        try:
            return Authority(database, SYSTEM).new_key(f"tests-{role}", role)
        finally:
            database.close()

    def visitor(self, locale: str = "en", timezone: str = "Europe/Berlin") -> Visitor:
        """A new anonymous visitor."""
        with self.client(None) as client:
            made = client.post("/api/v1/visitors", json={"locale": locale, "timezone": timezone})
        body = made.json()
        return Visitor(self, body["visitor_id"], body["token"], locale)


@dataclass
class Visitor:
    """A customer who chats: one conversation after the other."""

    server: RunningServer
    id: str
    token: str
    locale: str = "en"
    conversation: str | None = None

    def say(self, text: str, persona: str = "guide", **more: Any) -> dict[str, Any]:
        """One message; the chat answer."""
        body: dict[str, Any] = {"persona": persona, "message": {"text": text}, **more}
        if self.conversation:
            body.setdefault("conversation_id", self.conversation)
        with self.server.client(self.token) as client:
            answer = client.post("/api/v1/chat", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        self.conversation = found["conversation_id"]
        return found

    def stream(self, text: str, persona: str = "guide", **more: Any) -> list[tuple[int, str, dict[str, Any]]]:
        """One message; its events as (number, kind, data)."""
        body: dict[str, Any] = {"persona": persona, "message": {"text": text}, **more}
        if self.conversation:
            body.setdefault("conversation_id", self.conversation)
        with self.server.client(self.token) as client:
            answer = client.post("/api/v1/chat", json=body, headers={"accept": "text/event-stream"})
        assert answer.status_code == 200, answer.text
        seen = events(answer.text)
        self.conversation = seen[0][2]["conversation_id"]
        return seen

    def lead(self) -> dict[str, Any] | None:
        """The lead, as an admin sees it."""
        with self.server.client() as client:
            items = client.get("/api/v1/leads", params={"q": self.id, "limit": 500}).json()["items"]
        return next((lead for lead in items if lead["user_id"] == self.id), None)


def customer_token(sub: str, **claims: Any) -> str:
    """A good token of the first issuer, by which a customer system vouches for `sub`."""
    good = {"iss": ISSUER, "sub": sub, "aud": "rapport", "exp": int(time.time()) + 300}
    return jwt.encode({**good, **claims}, SECRET, algorithm="HS256")


def events(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """The events of a stream as (number, kind, data)."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def new_message_id() -> str:
    return str(uuid.uuid4())


@contextmanager
def running(server: RunningServer) -> Iterator[RunningServer]:
    """The server while the block runs."""
    try:
        yield server.start()
    finally:
        server.kill()
