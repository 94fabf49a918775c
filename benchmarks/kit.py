"""The servers of a run, each made with its own port and folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT, Server, free_port

SHARED = ROOT.parent / "shared" / "bench"
HERE = Path(__file__).parent
FAST_CHUNKS, SLOW_MILLISECONDS, RECORDS_MILLISECONDS = 20, 400, 50


@dataclass(frozen=True, slots=True)
class Kit:
    """Model servers, data service and floor. `shared` says whether they are those of the shared bench kit."""

    fast: Server
    slow: Server
    records: Server
    floor: Server
    shared: bool


def kit() -> Kit:
    """The parts beside the server; upstream and floor from the shared kit where there is one, else our own."""
    shared = (SHARED / "upstream.py").is_file() and (SHARED / "floor.py").is_file()
    fast, slow = _upstream(shared, "model", 0), _upstream(shared, "slow model", SLOW_MILLISECONDS)
    port = free_port()
    records = Server(
        "data service",
        ["-m", "benchmarks.records", "--port", str(port), "--latency-ms", str(RECORDS_MILLISECONDS)],
        port,
    )
    return Kit(fast, slow, records, _floor(shared, fast), shared)


def rapport(
    name: str,
    folder: Path,
    parts: Kit,
    model: str = "plain/echo",
    profile: Path | None = None,
    *,
    litellm: bool = False,
) -> Server:
    """The real application over a folder of its own, its default model reached by the lane that `model` names."""
    home = folder / name
    shutil.copytree(HERE / "home", home)
    for file in (home / "plugins.d").glob("record_*.yaml"):
        text = file.read_text(encoding="utf-8").replace("RECORDS_PORT", str(parts.records.port))
        file.write_text(text, encoding="utf-8")
    port = free_port()
    command = ["-m", "benchmarks.serve", str(home), "--port", str(port), "--model", model]
    command += ["--upstream", f"{parts.fast.url}/v1", "--slow", f"{parts.slow.url}/v1"]
    command += ["--allow", f"127.0.0.1:{parts.records.port}"]
    if litellm:
        command.append("--litellm")
    if profile:
        command += ["--profile", str(profile)]
    env = {}
    if model.startswith("openai/"):
        env = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"{parts.fast.url}/v1"}
    return Server(name, command, port, env)


def _upstream(shared: bool, name: str, latency: int) -> Server:
    port = free_port()
    program = [str(SHARED / "upstream.py")] if shared else ["-m", "benchmarks.upstream"]
    options = ["--port", str(port), "--latency-ms", str(latency), "--chunks", str(FAST_CHUNKS)]
    return Server(name, [*program, *options], port)


def _floor(shared: bool, fast: Server) -> Server:
    port = free_port()
    program = ["floor:app", "--app-dir", str(SHARED)] if shared else ["benchmarks.floor:app"]
    options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    quiet = ["--no-access-log", "--log-level", "warning"]
    return Server("floor", ["-m", "uvicorn", *program, *options, *quiet], port, {"UPSTREAM": f"{fast.url}/v1"})
