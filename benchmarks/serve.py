"""The real application for the benchmarks: `python -m benchmarks.serve HOME --port P --model plain/echo`.

One worker on uvloop and httptools, durable SQLite in HOME, and two more lanes than usual: `plain/…` is the plain
call to `--upstream`, `slow/…` the same to `--slow`. `--litellm` sends all else through litellm's own streaming.
`--profile FILE` writes where the time went.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvicorn
import uvloop

from benchmarks.plain_lane import PlainLane
from benchmarks.sampler import sampled
from server.api import create_app
from server.service import open_service
from server.settings import Settings


async def serve(
    home: Path,
    port: int,
    model: str,
    lanes: dict[str, PlainLane],
    hosts: tuple[str, ...],
    profile: Path | None,
    *,
    fast_lane: bool,
) -> None:
    """Runs the application until SIGTERM; the profile begins when everything is loaded."""
    settings = Settings(
        _env_file=None,
        data_dir=home / "data",
        personas_dir=home / "personas.d",
        plugins_dir=home / "plugins.d",
        model=model,
        fast_lane=fast_lane,
        allow_hosts=hosts,
        port=port,
    )
    app = create_app(await asyncio.to_thread(open_service, settings, lanes=lanes))
    config = uvicorn.Config(app, port=port, http="httptools", log_level="warning", access_log=False)
    config.server_header, config.proxy_headers = False, False
    with sampled(profile):
        await _Quiet(config).serve()
    for lane in lanes.values():
        await lane.close()


class _Quiet(uvicorn.Server):
    """Comes back after SIGTERM instead of sending itself the signal once more."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        signal.signal(signal.SIGTERM, self.handle_exit)
        yield


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", default="plain/echo")
    parser.add_argument("--upstream", default="")
    parser.add_argument("--slow", default="")
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--litellm", action="store_true")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    addresses = {"plain": given.upstream, "slow": given.slow}
    made = {name: PlainLane(address) for name, address in addresses.items() if address}
    uvloop.run(
        serve(
            given.home,
            given.port,
            given.model,
            made,
            tuple(given.allow),
            given.profile,
            fast_lane=not given.litellm,
        )
    )
