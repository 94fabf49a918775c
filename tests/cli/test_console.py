"""`rapport up` and `rapport console`: server and console from one command, and both gone after one Ctrl-C."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.running import ADMIN, RAPPORT, clean_environment, free_port


class Started:
    """A `rapport` command in a process group of its own, whose lines are read as they come."""

    def __init__(self, home: Path, *words: str, **env: str) -> None:
        self.process = subprocess.Popen(
            [str(RAPPORT), *words],
            cwd=home,
            env=clean_environment(
                RAPPORT_DATA_DIR=str(home / "data"), RAPPORT_ADMIN_TOKEN=ADMIN, PYTHONUNBUFFERED="1", **env
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def wait_for(self, pattern: str) -> str:
        """The first line that the pattern is found in."""
        while (line := self._lines.get(timeout=90)) is not None:
            self.said.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"it ended without saying {pattern}: {self.said}")

    def family(self) -> list[psutil.Process]:
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]


@contextmanager
def started(home: Path, *words: str, **env: str) -> Iterator[Started]:
    running = Started(home, *words, **env)
    try:
        yield running
    finally:
        family = running.family() if running.process.poll() is None else []
        for one in family:
            one.kill()
        running.process.wait()


def new_link(home: Path) -> str:
    """What `rapport signin-link` prints in that folder."""
    env = clean_environment(RAPPORT_DATA_DIR=str(home / "data"))
    return subprocess.run([str(RAPPORT), "signin-link"], cwd=home, env=env, text=True, capture_output=True).stdout


@pytest.fixture
def ports() -> tuple[str, str]:
    return str(free_port()), str(free_port())


def test_up_prints_one_link_that_opens_the_console(home: Path, ports: tuple[str, str]) -> None:
    with started(home, "up", "--port", ports[0], "--console-port", ports[1]) as up:
        link = up.wait_for("Sign in: ").removeprefix("Sign in: ")
        assert link.startswith(f"http://127.0.0.1:{ports[1]}/signin?token=")
        answer = httpx.get(link, trust_env=False)
        assert answer.status_code == 303
        session = answer.cookies["rapport_session"]
        me = httpx.get(
            f"http://127.0.0.1:{ports[0]}/api/v1/me", headers={"authorization": f"Bearer {session}"}, trust_env=False
        )
        assert me.json()["role"] == "admin"
        assert sum("Sign in: " in line for line in up.said) == 1
        assert new_link(home).startswith(f"http://127.0.0.1:{ports[1]}/signin?token=")
        up.process.terminate()
        assert up.process.wait(45) == 0
    assert new_link(home).startswith("http://127.0.0.1:8501/signin?token=")


@pytest.mark.parametrize("way", ["ctrl-c", "terminate"])
def test_one_signal_stops_both_and_leaves_nobody(home: Path, ports: tuple[str, str], way: str) -> None:
    with started(home, "up", "--port", ports[0], "--console-port", ports[1]) as up:
        up.wait_for("Sign in: ")
        family = up.family()
        assert len(family) > 1
        if way == "ctrl-c":
            os.killpg(up.process.pid, signal.SIGINT)
        else:
            up.process.terminate()
        assert up.process.wait(45) == 0
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive
        assert "Traceback" not in "\n".join(up.said)
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(port))) != 0


@pytest.mark.parametrize(("taken", "option"), [(0, "--port"), (1, "--console-port")])
def test_a_busy_port_is_said_with_the_option_that_moves_it(
    home: Path, ports: tuple[str, str], taken: int, option: str
) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", int(ports[taken])))
        occupant.listen()
        with started(home, "up", "--port", ports[0], "--console-port", ports[1]) as up:
            line = up.wait_for("is busy")
            assert f"Port {ports[taken]}" in line
            assert re.search(rf"(?<!\S){option}\b", line + " ".join(up.said))
            assert up.process.wait(30) != 0


def test_the_console_alone_says_which_server_it_shows_and_stops(home: Path, ports: tuple[str, str]) -> None:
    with started(home, "console", "--port", ports[1], RAPPORT_SERVER_URL=f"http://127.0.0.1:{ports[0]}") as console:
        assert f":{ports[1]}, for the server at http://127.0.0.1:{ports[0]}" in console.wait_for("The console is at")
        assert new_link(home).startswith(f"http://127.0.0.1:{ports[1]}/signin?token=")
        family = console.family()
        console.process.terminate()
        assert console.process.wait(30) == 0
        assert not psutil.wait_procs(family, timeout=10)[1]
