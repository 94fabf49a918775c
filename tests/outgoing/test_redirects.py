"""Where a redirect may lead, and that no secret goes along to somebody else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from server.outgoing import Outgoing, OutgoingError, Own

SECRET = "t0p-s3cret/+"
OURS = {
    "Authorization": f"Bearer {SECRET}",
    "X-Rapport-Identity": "e.y.J",
    "Cookie": "a=b",
    "X-Api-Key": SECRET,
    "X-Customer": "v_ann",
    "Accept": "application/json",
}
INSIDE = [
    *("http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]:PORT/", "http://2130706433:PORT/", "http://0x7f.1/"),
    *("http://[::1]:PORT/", "http://10.0.0.1/", "http://127.1:PORT/", "http://[64:ff9b::7f00:1]/", "http://0/"),
    *("http://metadata.example.com/", "http://user:pw@127.0.0.1:PORT/", "file:///etc/passwd", "gopher://127.0.0.1/"),
    *("//169.254.169.254/x", "http://127.0.0.1:1/", "http://localhost:1/", "javascript:1", "http://[fe80::1]/"),
]


class Pair:
    """Two origins: one that redirects to wherever it is told, and one that keeps what it is asked."""

    def __init__(self) -> None:
        self.location, self.status, self.port, self.other = "", 302, 0, 0
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    async def first(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(("first", request.method + " " + request.path_qs, dict(request.headers)))
        if request.path == "/round":
            return web.Response(status=302, headers={"Location": "/round"})
        if request.path.startswith("/steps/"):
            left = int(request.path.rpartition("/")[2])
            return web.Response(status=307, headers={"Location": f"../steps/{left - 1}"} if left else {}) if left else (
                web.Response(text="there")
            )  # fmt: skip
        if request.path == "/go":
            return web.Response(status=self.status, headers={"Location": self.location} if self.location else {})
        return web.Response(text="home")

    async def second(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(("second", request.method + " " + request.path_qs, dict(request.headers)))
        return web.Response(text="other")

    def told(self, location: str) -> str:
        self.location = location.replace("PORT", str(self.port)).replace("OTHER", str(self.other))
        return f"http://127.0.0.1:{self.port}/go"


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    state, runners = Pair(), []
    for handler in (state.first, state.second):
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handler)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
    state.port, state.other = (runner.addresses[0][1] for runner in runners)
    yield state
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def client(pair: Pair) -> AsyncIterator[Outgoing]:
    async def resolve(host: str, port: int) -> list[str]:
        return ["169.254.169.254"] if host.startswith("metadata") else ["127.0.0.1"]

    made = Outgoing([f"127.0.0.1:{pair.port}", f"127.0.0.1:{pair.other}"], resolve=resolve)
    yield made
    await made.close()


async def test_within_one_origin_a_redirect_keeps_the_headers(client: Outgoing, pair: Pair) -> None:
    answer = await client.fetch("GET", pair.told("/home?x=1"), headers=OURS, secrets=[SECRET])
    assert (answer.body, answer.url) == (b"home", f"http://127.0.0.1:{pair.port}/home?x=1")
    assert pair.asked[1][1] == "GET /home?x=1"
    assert pair.asked[1][2]["Authorization"] == OURS["Authorization"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_to_another_origin_nothing_of_ours_goes_along(client: Outgoing, pair: Pair, status: int) -> None:
    pair.status = status
    answer = await client.fetch("GET", pair.told("http://127.0.0.1:OTHER/x"), headers=OURS, secrets=[SECRET])
    who, what, headers = pair.asked[-1]
    assert (answer.body, who, what) == (b"other", "second", "GET /x")
    assert not {name.lower() for name in headers} & {name.lower() for name in OURS if name != "Accept"}
    assert SECRET not in str(headers)


async def test_a_secret_in_the_new_address_stays_here(client: Outgoing, pair: Pair) -> None:
    for echoed in (SECRET, "t0p-s3cret%2F%2B", "t0p-s3cret/%2B"):
        with pytest.raises(OutgoingError, match="with a secret in it") as caught:
            await client.fetch("GET", pair.told(f"http://127.0.0.1:OTHER/?key={echoed}"), secrets=[SECRET])
        assert SECRET not in caught.value.detail
    assert all(who == "first" for who, _, _ in pair.asked)


@pytest.mark.parametrize("location", INSIDE)
async def test_no_redirect_leads_inside(client: Outgoing, pair: Pair, location: str) -> None:
    with pytest.raises(OutgoingError) as caught:
        await client.fetch("GET", pair.told(location), headers=OURS)
    assert caught.value.kind in ("blocked", "invalid", "redirect")
    assert len(pair.asked) == 1


async def test_no_redirect_leads_into_the_servers_own_api(pair: Pair) -> None:
    client = Outgoing([f"127.0.0.1:{pair.port}"], own=Own(pair.other))
    with pytest.raises(OutgoingError, match="Of this server only"):
        await client.fetch("GET", pair.told("http://localhost:OTHER/api/v1/leads"))
    await client.close()
    assert len(pair.asked) == 1


async def test_three_in_a_row_are_followed_and_a_fourth_is_not(client: Outgoing, pair: Pair) -> None:
    base = f"http://127.0.0.1:{pair.port}"
    assert (await client.fetch("HEAD", f"{base}/steps/3")).status == 200
    assert [what for _, what, _ in pair.asked] == [f"HEAD /steps/{left}" for left in (3, 2, 1, 0)]
    with pytest.raises(OutgoingError, match="the 4th in a row"):
        await client.fetch("GET", f"{base}/round")
    assert len(pair.asked) == 8


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_request_that_changes_something_is_never_sent_elsewhere(
    client: Outgoing, pair: Pair, method: str
) -> None:
    pair.status = 307
    with pytest.raises(OutgoingError, match=f"redirects of {method} requests are not followed: use the final address"):
        await client.fetch(method, pair.told("/home"), body=b"x")
    assert len(pair.asked) == 1


@pytest.mark.parametrize(("status", "location"), [(300, "/home"), (305, "/home"), (302, "")])
async def test_a_redirect_to_nowhere_is_told(client: Outgoing, pair: Pair, status: int, location: str) -> None:
    pair.status = status
    with pytest.raises(OutgoingError, match="cannot be followed"):
        await client.fetch("GET", pair.told(location))
