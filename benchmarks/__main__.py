"""Measures Rapport beside the floor, in interleaved rounds: `python -m benchmarks [--quick]`.

Prints a table and writes `benchmarks/results/DATE-COMMIT.json`, with the server's profile beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from benchmarks import report
from benchmarks.kit import RECORDS_MILLISECONDS, SLOW_MILLISECONDS, Kit, kit, rapport
from benchmarks.machine import machine
from benchmarks.processes import ROOT, Server, clean_environment

RESULTS = Path(__file__).parent / "results"
TOGETHER = 16
_LOAD_SECONDS = 120.0
_IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class System:
    """What is measured: its name in the report, its server, and how many requests alone and together."""

    name: str
    server: Server
    kind: str
    asked: str
    alone: int
    together: int


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of everything."""

    rounds: int
    share: float
    forced: int


FULL, QUICK = Extent(3, 1.0, 4), Extent(1, 0.25, 2)


def run(extent: Extent, out: Path, stamp: str) -> dict[str, Any]:
    """Everything in one run; the figures, ready for JSON."""
    found: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as name:
        folder, parts = Path(name), kit()
        say("upstream and floor: " + ("those of ../shared/bench" if parts.shared else "our own, in benchmarks/"))
        with started(parts.fast, parts.slow, parts.records, parts.floor):
            systems = _systems(folder, parts, extent)
            with started(*(system.server for system in systems[1:])):
                rounds = [_round(number, systems, folder, extent) for number in range(extent.rounds)]
                calls = [_forced_round(number, systems[1].server, extent) for number in range(extent.rounds)]
                memory = {system.name: system.server.resident_megabytes() for system in systems}
            _profile(folder, parts, out / f"{stamp}.profile.txt", extent)
    return found | {
        "kit": "../shared/bench" if parts.shared else "benchmarks/",
        "together": TOGETHER,
        "throughput": report.throughput(rounds, [system.name for system in systems], TOGETHER),
        "forced": report.forced(calls),
        "model_ms": SLOW_MILLISECONDS,
        "data_service_ms": RECORDS_MILLISECONDS,
        "memory_mb": memory,
        "rounds": rounds,
        "forced_rounds": calls,
    }


def _systems(folder: Path, parts: Kit, extent: Extent) -> list[System]:
    plain, fast = rapport("plain", folder, parts), rapport("fast", folder, parts, "openai/echo")
    litellm = rapport("litellm", folder, parts, "openai/echo", litellm=True)

    def some(count: int) -> int:
        return max(round(count * extent.share), TOGETHER)

    return [
        System("floor", parts.floor, "wire", "echo", some(200), some(1600)),
        System("rapport, plain lane", plain, "rapport", "sales", some(200), some(640)),
        System("rapport, fast lane", fast, "rapport", "sales", some(200), some(640)),
        System("rapport, litellm lane", litellm, "rapport", "sales", some(60), some(160)),
    ]


def _round(number: int, systems: list[System], folder: Path, extent: Extent) -> dict[str, dict[str, float]]:
    order = [(system, together) for system in systems for together in (1, TOGETHER)]
    random.Random(number).shuffle(order)
    found: dict[str, dict[str, float]] = {}
    for system, together in order:
        requests = system.alone if together == 1 else system.together
        figures = load(system.server, system.kind, system.asked, together, requests)
        found[f"{system.name}@{together}"] = figures
        say(
            f"round {number + 1}/{extent.rounds}  {system.name:24}{together:3} at a time  "
            f"{figures['answers_per_second']:7.1f}/s  first text {figures['first_text_p50']:7.1f} ms  "
            f"whole {figures['whole_p50']:7.1f} ms"
        )
        if system.kind == "rapport":
            _wait_for_outbox(folder / system.server.name / "data" / "rapport.db")
    return found


def _forced_round(number: int, server: Server, extent: Extent) -> dict[str, dict[str, float]]:
    names = ["forced", "unforced"]
    random.Random(number).shuffle(names)
    found = {name: load(server, "rapport", name, 1, extent.forced, warm_up=1) for name in names}
    on, off = found["forced"]["whole_p50"], found["unforced"]["whole_p50"]
    say(f"round {number + 1}/{extent.rounds}  force_call on {on:.0f} ms, off {off:.0f} ms")
    return found


def _profile(folder: Path, parts: Kit, file: Path, extent: Extent) -> None:
    server = rapport("profiled", folder, parts, profile=file)
    with started(server):
        load(server, "rapport", "sales", TOGETHER, round(1200 * extent.share))
    say(f"profile of the server at {TOGETHER} at a time: {_shown(file)}")


def load(server: Server, kind: str, asked: str, together: int, requests: int, warm_up: int = 10) -> dict[str, float]:
    """One load from a process of its own, with what it cost the server. Raises RuntimeError on a bad answer."""
    url = server.url if kind == "rapport" else f"{server.url}/v1"
    command = [sys.executable, "-m", "benchmarks.load", kind, url, asked]
    command += [
        "--concurrency",
        str(together),
        "--requests",
        str(requests),
        "--warm-up",
        str(warm_up),
        "--pid",
        str(server.pid),
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, timeout=_LOAD_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the load on {server.name} failed:\n{done.stderr.decode()[-2000:]}")
    figures: dict[str, float] = orjson.loads(done.stdout)
    if figures["bad"]:
        raise RuntimeError(f"{figures['bad']:.0f} of {requests} answers of {server.name} were bad")
    return figures


def _wait_for_outbox(database: Path) -> None:
    """Until the work that turns left to do is done, so that it is not counted against whoever comes next."""
    deadline = time.monotonic() + _IDLE_SECONDS
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        while time.monotonic() < deadline:
            if connection.execute("SELECT count(*) FROM outbox WHERE status = 'waiting'").fetchone()[0] == 0:
                return
            time.sleep(0.1)
    raise RuntimeError(f"the outbox was not empty within {_IDLE_SECONDS:.0f} s")


@contextlib.contextmanager
def started(*servers: Server) -> Iterator[None]:
    """The servers while the block runs."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in reversed(servers):
            server.stop()


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


def _shown(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file


def main() -> int:
    """Runs and reports. A missed aim is told and is no failure: the machine may be busy."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures Rapport beside the floor.")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    stamp = f"{datetime.now(UTC):%Y-%m-%d-%H%M}-{machine()['commit']}" + ("-quick" if given.quick else "")
    begun = time.monotonic()
    found = run(QUICK if given.quick else FULL, given.out.resolve(), stamp)
    file = given.out.resolve() / f"{stamp}.json"
    file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    print(f"\n{report.table(found)}\n\n{_shown(file)}  ({time.monotonic() - begun:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
