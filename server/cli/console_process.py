"""The console as a process of its own beside the server: started, waited for, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import typer

from server.settings import Settings

READY_SECONDS = 60.0
STOP_SECONDS = 5.0


@dataclass
class ConsoleProcess:
    """A running console. `origin` is where it listens, such as `http://127.0.0.1:8501`."""

    origin: str
    _server: str
    _process: subprocess.Popen[bytes]
    _stopping: bool = False

    @classmethod
    def start(cls, settings: Settings, host: str, port: int, *, server: str) -> ConsoleProcess:
        """Starts it in a session of its own, so that Ctrl-C reaches it through `stop` and turns can finish.

        It ends by itself when this process is gone, however that went: its standard input ends then.
        """
        origin = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        environment = {
            **os.environ,
            "RAPPORT_SERVER_URL": settings.server_url or server,
            "RAPPORT_CONSOLE_URL": settings.console_url or origin,
        }
        command = [sys.executable, "-m", "console", "--host", host, "--port", str(port), "--until-stdin-ends"]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, env=environment, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        return cls(origin, server, process)

    def when_ready(self, then: Callable[[], None]) -> None:
        """Calls `then` once, from a thread, when both the console and its server answer."""
        threading.Thread(target=self._watch, args=(then,), daemon=True).start()

    def wait(self, told: Callable[[], None]) -> None:
        """Returns when the console has ended; SIGINT and SIGTERM end it. Calls `told` once it listens to them."""
        with _passed_on(self):
            told()
            status = self._process.wait()
        if status and not self._stopping:
            raise typer.Exit(1)

    def stop(self) -> None:
        """Ends it, by force when it does not listen."""
        self._stopping = True
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _watch(self, then: Callable[[], None]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not (_answers(self.origin + "/_stcore/health") and _answers(self._server + "/healthz")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                if not self._stopping:
                    typer.echo("The console did not start; the server serves without it.", err=True)
                return
            time.sleep(0.1)
        then()
        if self._process.wait() and not self._stopping:
            typer.echo("The console has ended; `rapport console` starts it again.", err=True)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own processes
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def _passed_on(process: ConsoleProcess) -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        process._stopping = True
        process._process.terminate()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
