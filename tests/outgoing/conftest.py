"""A real HTTP server on loopback that keeps what it was asked, and clients that may or may not reach it."""

from __future__ import annotations

import asyncio
import functools
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from server.outgoing import Outgoing


@dataclass
class Peer:
    """A server that other people would run."""

    port: int = 0
    seen: list[web.Request] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"


@functools.cache
def _bomb() -> bytes:
    """300 MB of nothing, packed piece by piece so that it never stands in memory."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(300)) + packer.flush()


async def _answer(request: web.Request) -> web.StreamResponse:
    peer = request.app[PEER]
    peer.seen.append(request)
    peer.connections.add(request.transport)
    kind = request.path.rpartition("/")[2]
    if kind == "bomb":
        return web.Response(body=_bomb(), headers={"Content-Encoding": "gzip"})
    if kind == "gzip":
        return web.Response(body=gzip.compress(b"x" * 1000), headers={"Content-Encoding": "gzip"})
    if kind == "away":
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})
    if kind == "never":
        await request.app[GATE].wait()
    if kind == "cookie":
        return web.Response(text="ok", headers={"Set-Cookie": "session=abc; Path=/"})
    if kind == "broken":
        assert request.transport is not None
        request.transport.close()
    return web.json_response({"path": request.raw_path, "headers": dict(request.headers)})


PEER = web.AppKey("peer", Peer)
GATE = web.AppKey("gate", asyncio.Event)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    state, gate = Peer(), asyncio.Event()
    app = web.Application()
    app[PEER], app[GATE] = state, gate
    app.router.add_route("*", "/{tail:.*}", _answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    state.port = runner.addresses[0][1]
    yield state
    gate.set()
    await runner.cleanup()


@pytest.fixture
async def allowed(peer: Peer) -> AsyncIterator[Outgoing]:
    """A client to which the operator opened exactly that peer."""
    client = Outgoing([peer.host])
    yield client
    await client.close()


@pytest.fixture
async def strict() -> AsyncIterator[Outgoing]:
    """A client with nothing opened."""
    client = Outgoing()
    yield client
    await client.close()
