"""A host that fails: asked once more where that is safe, then left alone for a while."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from server.outgoing import Outgoing, OutgoingError


class Flaky:
    """A server that answers what it is told next, and 200 when nothing is left."""

    def __init__(self) -> None:
        self.port, self.asked = 0, 0
        self.told: list[int] = []
        self.headers: dict[str, str] = {}
        self.gate = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if request.path == "/wait":
            await self.gate.wait()
        if request.path == "/drip":
            return await self._drip(request)
        if request.path == "/bomb":
            body = gzip.compress(gzip.compress(b"\0" * 50_000_000))
            return web.Response(body=body, headers={"Content-Encoding": "gzip, gzip"})
        return web.Response(status=self.told.pop(0) if self.told else 200, text="x", headers=self.headers)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Length": "1000"})
        await stream.prepare(request)
        while not self.gate.is_set():
            await stream.write(b"x")
            await asyncio.sleep(0.02)
        return stream

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


class Watch:
    """A clock that goes with the real one, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


@pytest.fixture
async def flaky() -> AsyncIterator[Flaky]:
    state, app = Flaky(), web.Application()
    app.router.add_route("*", "/{tail:.*}", state.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    state.port = runner.addresses[0][1]
    yield state
    state.gate.set()
    await runner.cleanup()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def client(flaky: Flaky, watch: Watch) -> AsyncIterator[Outgoing]:
    made = Outgoing([f"127.0.0.1:{flaky.port}", "127.0.0.1:9"], monotonic=watch)
    yield made
    await made.close()


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_that_fails_once_is_asked_once_more(client: Outgoing, flaky: Flaky, status: int) -> None:
    flaky.told = [status]
    assert ((await client.fetch("GET", flaky.url)).status, flaky.asked) == (200, 2)
    flaky.told = [status, status]
    assert ((await client.fetch("PUT", flaky.url, body=b"x")).status, flaky.asked) == (status, 4)


@pytest.mark.parametrize(("method", "status"), [("POST", 503), ("PATCH", 503), ("GET", 500), ("GET", 429)])
async def test_nothing_else_is_sent_twice(client: Outgoing, flaky: Flaky, method: str, status: int) -> None:
    flaky.told = [status]
    assert ((await client.fetch(method, flaky.url)).status, flaky.asked) == (status, 1)


async def test_a_server_that_asks_to_wait_is_not_asked_at_once(client: Outgoing, flaky: Flaky) -> None:
    flaky.told, flaky.headers = [503], {"Retry-After": "30"}
    assert ((await client.fetch("GET", flaky.url)).status, flaky.asked) == (503, 1)


async def test_no_second_request_when_the_deadline_is_near(client: Outgoing, flaky: Flaky) -> None:
    flaky.told = [503]
    assert ((await client.fetch("GET", flaky.url, timeout_seconds=0.05)).status, flaky.asked) == (503, 1)


async def _fail(client: Outgoing, flaky: Flaky, times: int) -> None:
    flaky.told = [503] * times
    for _ in range(times):
        await client.fetch("POST", flaky.url)


async def test_after_five_failures_in_a_row_a_host_is_left_alone_and_then_tried(
    client: Outgoing, flaky: Flaky, watch: Watch
) -> None:
    await _fail(client, flaky, 5)
    with pytest.raises(OutgoingError, match=r"127\.0\.0\.1 failed 5 times in a row; it is left alone") as caught:
        await client.fetch("POST", flaky.url)
    assert (caught.value.kind, flaky.asked) == ("unavailable", 5)
    watch.ahead += 15.1
    flaky.told = [503]
    assert (await client.fetch("POST", flaky.url)).status == 503
    with pytest.raises(OutgoingError, match="left alone"):
        await client.fetch("POST", flaky.url)
    watch.ahead += 15.1
    assert [(await client.fetch("POST", flaky.url)).status for _ in range(3)] == [200] * 3
    assert flaky.asked == 9


async def test_only_one_request_tries_a_host_that_was_left_alone(client: Outgoing, flaky: Flaky, watch: Watch) -> None:
    await _fail(client, flaky, 5)
    watch.ahead += 15.1
    probe = asyncio.create_task(client.fetch("POST", flaky.url + "wait"))
    while flaky.asked < 6:
        await asyncio.sleep(0)
    with pytest.raises(OutgoingError, match="until one request has tried it"):
        await client.fetch("POST", flaky.url)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert (await client.fetch("POST", flaky.url)).status == 200


async def test_failures_far_apart_or_with_a_success_between_count_anew(
    client: Outgoing, flaky: Flaky, watch: Watch
) -> None:
    await _fail(client, flaky, 4)
    await client.fetch("POST", flaky.url)
    await _fail(client, flaky, 4)
    watch.ahead += 31
    await _fail(client, flaky, 4)
    assert (await client.fetch("POST", flaky.url)).status == 200


async def test_closed_ports_and_silence_count_and_other_hosts_do_not_suffer(client: Outgoing, flaky: Flaky) -> None:
    for _ in range(5):
        with pytest.raises(OutgoingError, match="cannot be connected to"):
            await client.fetch("POST", "http://127.0.0.1:9/")
    with pytest.raises(OutgoingError, match="left alone"):
        await client.fetch("POST", "http://127.0.0.1:9/")
    assert (await client.fetch("POST", flaky.url)).status == 200
    for _ in range(5):
        with pytest.raises(OutgoingError, match="within"):
            await client.fetch("POST", flaky.url + "wait", timeout_seconds=0.02)
    with pytest.raises(OutgoingError, match="left alone"):
        await client.fetch("POST", flaky.url)


async def test_a_slow_drip_ends_at_the_deadline(client: Outgoing, flaky: Flaky) -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(OutgoingError) as caught:
        await client.fetch("GET", flaky.url + "drip", timeout_seconds=0.3)
    assert caught.value.kind == "timeout"
    assert asyncio.get_running_loop().time() - started < 1


async def test_an_answer_packed_twice_is_no_way_around_the_bound(client: Outgoing, flaky: Flaky) -> None:
    answer = await client.fetch("GET", flaky.url + "bomb", max_bytes=1_000_000)
    assert len(answer.body) < 100_000  # left packed: no list of encodings is undone
