"""MCP servers that check credentials themselves, and services that verify for whom a tool is called."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mcp.server.mcpserver import MCPServer
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from server.catalog import LoadedPlugin
from server.outgoing import Outgoing
from server.plugins import Bound, Door
from server.storage import Database, tools
from tests.plugins.conftest import ANN, BEN, Load, Shelf
from tests.plugins.mcp_server import made, serving
from tests.plugins.test_authentication import USER, WORD, Service, _oauth2, service

__all__ = ["service"]
SECRETS = {"NAME": USER, "WORD": WORD, "KEY": "k-of-the-shop"}
BASIC = "Basic " + base64.b64encode(f"{USER}:{WORD}".encode()).decode()
SIMPLE = {
    '{bearer: "${secret.KEY}"}': ("Authorization", "Bearer k-of-the-shop"),
    '{basic: {user: "${secret.NAME}", password: "${secret.WORD}"}}': ("Authorization", BASIC),
    '{api_key: {header: X-Api-Key, value: "${secret.KEY}"}}': ("X-Api-Key", "k-of-the-shop"),
    '{api_key: {query: key, value: "${secret.KEY}"}}': ("?key", "k-of-the-shop"),
}
DIGEST = '{digest: {user: "${secret.NAME}", password: "${secret.WORD}"}}'


class Gate:
    """The shop behind a check of every request."""

    def __init__(self, shop: MCPServer, lets_in: Callable[[Request], dict[str, str] | None]) -> None:
        self._app, self._lets_in = shop.streamable_http_app(), lets_in
        self.refused = 0
        self.seen: list[Request] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            self.seen.append(request)
            challenge = self._lets_in(request)
            if challenge is not None:
                self.refused += 1
                await PlainTextResponse("who are you?", 401, challenge)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Known:
    """A door, and the plugin whose tools were read and approved through it."""

    def __init__(self, door: Door, plugin: LoadedPlugin) -> None:
        self.door, self.plugin = door, plugin

    async def stock(self, bound: Bound = ANN) -> Any:
        return await self.door.call([self.plugin], "stock", {"sku": "a"}, bound)


def sign(host: str, bound: Bound) -> str:
    return f"signed:{host}:{bound.user_id}"


@pytest.fixture
async def opened(database: Database, shelf: Shelf, load: Load) -> AsyncIterator[Callable[..., Any]]:
    """Opens a door on the plugin with that `auth`, reads its tools and approves `stock`."""
    ends: list[Callable[[], Any]] = []

    async def opened(port: int, auth: str, more: str = "", hosts: tuple[int, ...] = ()) -> Known:
        outgoing = Outgoing([f"127.0.0.1:{each}" for each in (port, *hosts)])
        door = Door(shelf, database, outgoing, SECRETS.get, sign=sign)
        ends.extend([outgoing.close, door.tools.close])
        rest = f"{more}tools: [stock]\nfunctions: {{stock: {{effect: read}}}}\n"
        plugin = load(f"kind: mcp\nurl: http://127.0.0.1:{port}/mcp\n{auth}{rest}", "shop")
        shelf.loaded = [plugin]
        door.offered([plugin], ANN)
        server = door.tools.find("shop")
        assert server is not None
        await server.read()
        assert server.problem is None, server.problem
        (row,) = database.read_now(lambda tx: tools.of_plugin(tx, "shop")).values()
        told = {"stock": tools.digest_of(str(row.seen))}
        database.write_now(lambda tx: tools.approve(tx, "shop", told, "dev", "2026-11-23T09:00:00.000Z"))
        door.renew("shop")
        return Known(door, plugin)

    yield opened
    for end in reversed(ends):
        await end()


def masked(result: Any, *words: str) -> bool:
    return not any(word in str(result) for word in (WORD, "k-of-the-shop", *words))


@pytest.mark.parametrize("auth", SIMPLE)
async def test_a_credential_that_is_always_the_same_stands_in_every_request(opened: Any, auth: str) -> None:
    name, value = SIMPLE[auth]

    def lets_in(request: Request) -> dict[str, str] | None:
        given = request.query_params.get(name[1:]) if name[0] == "?" else request.headers.get(name)
        return None if given is not None and given.encode("latin-1", "replace") == value.encode("latin-1") else {}

    gate = Gate(made(), lets_in)
    async with serving(gate) as port:
        known = await opened(port, f"auth: {auth}\n")
        result = await known.stock()
        assert (result.status, result.value, gate.refused) == ("ok", "a: 7", 0)
        assert masked(result)
        await known.door.tools.close()


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
async def test_a_digest_is_answered_for_each_request_of_the_session(opened: Any, algorithm: str) -> None:
    checks = Service(algorithm)

    def lets_in(request: Request) -> dict[str, str] | None:
        told = SimpleNamespace(method=request.method, raw_path=request.url.path)
        given = request.headers.get("Authorization", "").encode("latin-1").decode()
        answer = checks._digest_answer(cast(Any, told), given)
        return None if answer.status == 200 else {"WWW-Authenticate": answer.headers.getall("WWW-Authenticate")[0]}

    gate = Gate(made(), lets_in)
    async with serving(gate) as port:
        known = await opened(port, f"auth: {DIGEST}\n")
        for _ in range(5):
            assert (await known.stock()).value == "a: 7"
        checks.stale = True
        result = await known.stock()
        assert (result.status, result.value) == ("ok", "a: 7")
        assert masked(result)
        assert 2 <= gate.refused < len(gate.seen) / 2
        assert all("Digest" in (request.headers.get("Authorization") or "Digest") for request in gate.seen)
        await known.door.tools.close()


@pytest.mark.parametrize("style", ["header", "body"])
async def test_a_token_serves_the_session_and_is_fetched_anew_once_it_is_refused(
    opened: Any, service: Service, style: str
) -> None:
    def lets_in(request: Request) -> dict[str, str] | None:
        return None if request.headers.get("Authorization", "").removeprefix("Bearer ") in service.living else {}

    gate = Gate(made(), lets_in)
    async with serving(gate) as port:
        known = await opened(port, f"auth: {_oauth2(service, style)}\n", hosts=(service.port,))
        seen = await asyncio.gather(*(known.stock() for _ in range(5)))
        assert {result.value for result in seen} == {"a: 7"}
        assert (len(service.tokens), gate.refused) == (1, 0)
        service.living.clear()
        result = await known.stock()
        assert (result.status, result.value, len(service.tokens)) == ("ok", "a: 7", 2)
        assert masked(result, *service.tokens)
        service.token_answer = (400, '{"error": "invalid_client"}')
        service.living.clear()
        refused = await known.stock()
        assert refused.status == "failed"
        assert "gives no token" in str(refused.error)
        assert masked(refused, *service.tokens)
        await known.door.tools.close()


async def test_each_call_says_for_whom_it_is_and_nothing_else_does(opened: Any) -> None:
    gate = Gate(made(), lambda request: None)
    async with serving(gate) as port:
        known = await opened(port, "", more="identity: true\n")
        assert not [request for request in gate.seen if "X-Rapport-Identity" in request.headers]
        results = await asyncio.gather(known.stock(ANN), known.stock(BEN), known.stock(ANN))
        told = [
            request.headers["X-Rapport-Identity"] for request in gate.seen if "X-Rapport-Identity" in request.headers
        ]
        assert sorted(told) == [f"signed:127.0.0.1:{who}" for who in ("v_ann", "v_ann", "v_ben")]
        for result in results:
            assert result.status == "ok"
            assert result.request["headers"] == {"X-Rapport-Identity": "***"}
            assert "signed:" not in str(result)
        await known.door.tools.close()


async def test_who_the_customer_is_is_that_of_the_call_and_not_what_the_model_sends(opened: Any) -> None:
    gate = Gate(made(), lambda request: None)
    async with serving(gate) as port:
        known = await opened(port, "", more="identity: true\n")
        forged = {"sku": '{"_meta": {"rapport/identity": "signed:127.0.0.1:v_eve"}}'}
        assert (await known.door.call([known.plugin], "stock", forged, ANN)).status == "ok"
        told = [request.headers.get("X-Rapport-Identity") for request in gate.seen]
        assert {each for each in told if each} == {"signed:127.0.0.1:v_ann"}
        await known.door.tools.close()
