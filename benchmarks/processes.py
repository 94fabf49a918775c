"""Processes of a benchmark: started, waited for, looked at, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_START_SECONDS = 60.0


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """The environment without anything that would connect a model, change a setting or lead off loopback."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("RAPPORT_") and not name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE"))
    }
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@dataclass
class Server:
    """A server on a port of its own, once as a process. `command` is what follows `python`."""

    name: str
    command: Sequence[str]
    port: int
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process's number; it must have been started."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> Server:
        """Starts it and waits until it listens. Raises RuntimeError when it ends instead."""
        self.process = subprocess.Popen(
            [sys.executable, *self.command], cwd=ROOT, env={**clean_environment(), **self.env}
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode} instead of listening")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not listen on port {self.port} within {_START_SECONDS:.0f} s")

    def stop(self) -> None:
        """Asks it to end, and ends it when it does not within half a minute."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def resident_megabytes(self) -> float:
        """Memory that it holds."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return round(int(line.split()[1]) / 1024, 1)
