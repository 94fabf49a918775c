"""A whole house for the console's tests: a server and a console as processes of their own, and people who visit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.running import ADMIN, RunningServer, clean_environment, free_port

ROLES = ("viewer", "editor", "developer", "admin")
SESSION_COOKIE = "rapport_session"


@dataclass
class House:
    """`start` it, `close` it. Both processes can be killed and started again on the ports they had.

    `folder` holds `personas.d`, `plugins.d` and `data`; `server` gives what the other rooms' tests use too, such as
    `house.server.visitor("zh-CN").say("你好", persona="lan")`.
    """

    folder: Path
    server: RunningServer = field(init=False)
    console_port: int = field(default_factory=free_port)
    api: httpx.Client = field(init=False)
    _console: subprocess.Popen[bytes] | None = None
    _sessions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        nobody = self.folder / "nobody"
        nobody.mkdir(exist_ok=True)
        self.server = RunningServer(self.folder, env={"HOME": str(nobody), "RAPPORT_CONSOLE_URL": self.console_url})
        self.api = httpx.Client(
            base_url=f"{self.server.url}/api/v1",
            headers={"authorization": f"Bearer {ADMIN}"},
            timeout=60,
            trust_env=False,
        )

    @property
    def server_url(self) -> str:
        return self.server.url

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    def start(self) -> House:
        """Starts both and waits until both are ready; leaves nothing behind when one does not start."""
        try:
            self._launch_console()
            self.server.start()
            self._wait_for_console()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        self.api.close()
        self.kill_console()
        self.server.kill()

    def start_server(self) -> None:
        self.server.start()

    def kill_server(self) -> None:
        """SIGKILL."""
        self.server.kill()

    def start_console(self) -> None:
        self._launch_console()
        self._wait_for_console()

    def kill_console(self) -> None:
        """SIGKILL."""
        if self._console and self._console.poll() is None:
            self._console.send_signal(signal.SIGKILL)
            self._console.wait()

    def link(self, user: str = "admin@example.com", role: str = "admin") -> str:
        """A new single-use sign-in link for that person, made as `rapport signin-link` does."""
        from server.auth import Authority
        from server.clock import SYSTEM
        from server.storage import open_database

        database = open_database(self.server.database)
        try:
            token = Authority(database, SYSTEM).signin_link(user, role)
        finally:
            database.close()
        return f"{self.console_url}/signin?token={token}"

    def session(self, role: str) -> str:
        """The token of a session of `{role}@example.com`; one for each role, kept."""
        if role not in self._sessions:
            answer = httpx.get(self.link(f"{role}@example.com", role), trust_env=False)
            assert answer.status_code == 303, answer.text
            self._sessions[role] = answer.cookies[SESSION_COOKIE]
        return self._sessions[role]

    def log(self) -> str:
        """What the console logged."""
        return (self.folder / "console.log").read_text("utf-8", errors="replace")

    def _launch_console(self) -> None:
        environment = clean_environment(
            RAPPORT_SERVER_URL=self.server_url,
            RAPPORT_CONSOLE_URL=self.console_url,
            HOME=str(self.folder / "nobody"),
        )
        with (self.folder / "console.log").open("ab") as log:
            self._console = subprocess.Popen(
                [sys.executable, "-m", "console", "--port", str(self.console_port)],
                env=environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def _wait_for_console(self) -> None:
        assert self._console is not None
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if self._console.poll() is not None:
                raise RuntimeError(f"the console ended:\n{self.log()}")
            try:
                if httpx.get(f"{self.console_url}/_stcore/health", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the console did not get ready:\n{self.log()}")
