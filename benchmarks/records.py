"""A data service on loopback that takes its time: `python -m benchmarks.records --port 9005 --latency-ms 50`."""

from __future__ import annotations

import argparse
import asyncio

from aiohttp import web


def records(latency_seconds: float) -> web.Application:
    """An application with one record for everybody."""

    async def record(request: web.Request) -> web.Response:
        await asyncio.sleep(latency_seconds)
        return web.json_response({"id": request.match_info["id"], "company": "Harbour Foods", "plan": "Fleet"})

    application = web.Application()
    application.router.add_get("/records/{id}", record)
    return application


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9005)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    given = parser.parse_args()
    web.run_app(records(given.latency_ms / 1000), host="127.0.0.1", port=given.port, print=None, access_log=None)
