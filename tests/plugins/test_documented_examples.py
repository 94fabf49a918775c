"""The plugins that `docs/plugins.md` shows are called, word for word, against services that check what arrives."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from starlette.requests import Request

from server.catalog.auth_shape import HttpAuth
from server.catalog.shape import PLUGIN_KINDS
from server.outgoing import Outgoing
from server.plugins import Bound, Door
from server.storage import Database, tools
from tests.catalog.house import House, write
from tests.plugins import test_authentication as checking
from tests.plugins.conftest import ANN, EVE, Crm
from tests.plugins.mcp_server import made, serving
from tests.plugins.shop import furnish_shop
from tests.plugins.test_mcp_authentication import Gate
from tests.running import ROOT

FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = (ROOT / "docs/plugins.md").read_text("utf-8")
EXAMPLES = [found[1] for found in FENCE.finditer(PAGE) if re.search(r"^kind: ", found[1], re.MULTILINE)]
WORD = "a-word-of-the-test"
DESCRIBED = """\
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: "URL"}]
paths:
  /customers/{customerId}/orders:
    parameters: [{name: customerId, in: path, required: true, schema: {type: string}}]
    get: {operationId: listOrders, responses: {"200": {description: Orders}}}
    post:
      operationId: addOrder
      requestBody:
        content: {application/json: {schema: {type: object, properties: {sku: {type: string}}, required: [sku]}}}
      responses: {"200": {description: Added}}
"""


def example(kind: str, holds: str = "") -> str:
    """The first plugin of that kind that the page shows."""
    return next(each for each in EXAMPLES if f"kind: {kind}\n" in each and holds in each)


def ways() -> dict[str, str]:
    """Every `auth` that the page shows, by its kind and place."""
    lines = re.findall(r"^(?:# )?auth: (\{.*\})$", example("http", "# auth:"), re.MULTILINE)
    found = {re.sub(r"\W+", " ", line.partition(",")[0].partition('"')[0]).strip(): line for line in lines}
    return {" ".join(name.split()[:2]) if "api_key" in name else name.split()[0]: found[name] for name in found}


def sign(host: str, bound: Bound) -> str:
    return f"signed:{host}:{bound.user_id}"


@pytest.fixture
def house(tmp_path: Path, database: Database) -> House:
    return House(tmp_path, database)


@asynccontextmanager
async def door_to(house: House, database: Database, *ports: int) -> AsyncIterator[Door]:
    catalog = house.open()

    class Shelf:
        plugins = {state.name: state.loaded for state in catalog.plugins() if state.loaded}

    outgoing = Outgoing([f"127.0.0.1:{port}" for port in ports])
    secrets = {"SHOP_DATABASE": f"sqlite:///{house.root / 'shop.db'}"}
    door = Door(Shelf(), database, outgoing, lambda name: secrets.get(name, WORD), sign=sign)
    yield door
    await door.tools.close()
    door.close()
    await outgoing.close()


def test_the_page_shows_every_kind_and_every_authentication() -> None:
    assert {re.search(r"^kind: (\w+)", each, re.MULTILINE)[1] for each in EXAMPLES} == set(PLUGIN_KINDS)  # type: ignore[index]
    assert {name.split()[0] for name in ways()} == set(HttpAuth.model_fields)
    assert {"api_key header", "api_key query"} <= set(ways())
    called = {
        name.removeprefix("test_the_example_of_kind_").partition("_")[0] for name in globals() if "_of_kind_" in name
    }
    assert called == set(PLUGIN_KINDS)


async def test_the_example_of_kind_table_keeps_what_was_said(house: House, database: Database) -> None:
    house.plugin(example("table"), "customer_profile.yaml")
    async with door_to(house, database) as door:
        plugins = [house.open().plugin("customer_profile")]
        assert await door.prepare(plugins) == []
        saved = await door.call(plugins, "set_customer_profile", {"company": "Acme"}, ANN)
        assert saved.status == "ok", saved
        (known,) = await door.forced_all(plugins, ANN, 10)
        assert json.loads(known.shown)["company"] == "Acme"
        (other,) = await door.forced_all(plugins, EVE, 10)
        assert "Acme" not in other.shown


async def test_the_example_of_kind_http_reads_and_writes_for_the_customer(
    house: House, database: Database, crm: Crm
) -> None:
    house.plugin(example("http").replace("https://crm.example.com", crm.url), "crm.yaml")
    async with door_to(house, database, crm.port) as door:
        plugins = [house.open().plugin("crm")]
        (known,) = await door.forced_all(plugins, ANN, 10)
        saved = await door.call(plugins, "set_customer", {"company": "Acme"}, ANN)
        assert (known.status, saved.status) == ("ok", "ok")
    assert [(asked.method, asked.path) for asked in crm.asked] == [(m, "/v1/customers/v_ann") for m in ("GET", "PUT")]
    assert {asked.headers["Authorization"] for asked in crm.asked} == {f"Bearer {WORD}"}
    assert json.loads(crm.asked[1].body) == {"company": "Acme"}


async def test_the_example_of_kind_openapi_binds_and_asks_first(house: House, database: Database, crm: Crm) -> None:
    write(house.plugins / "descriptions/shop.yaml", DESCRIBED.replace("URL", crm.url))
    house.plugin(example("openapi"), "shop.yaml")
    async with door_to(house, database, crm.port) as door:
        plugins = [house.open().plugin("shop")]
        assert (await door.call(plugins, "my_orders", {}, EVE)).status == "ok"
        assert (await door.call(plugins, "my_orders", {"customerId": "v_ann"}, EVE)).status == "refused"
        assert (await door.call(plugins, "addOrder", {"sku": "a"}, EVE)).status == "waiting"
    (asked,) = crm.asked
    assert (asked.path, asked.headers["Authorization"]) == ("/customers/eve%2F1%20%C3%BC/orders", f"Bearer {WORD}")


async def test_the_example_of_kind_sql_sees_rows_of_the_customer_alone(house: House, database: Database) -> None:
    furnish_shop(f"sqlite:///{house.root / 'shop.db'}")
    house.plugin(example("sql"), "shop.yaml")
    async with door_to(house, database) as door:
        plugins = [house.open().plugin("shop")]
        assert await door.prepare(plugins) == []
        assert (await door.call(plugins, "describe_shop", {}, ANN)).status == "ok"
        found = await door.call(plugins, "ask_shop", {"sql": "SELECT id, note FROM orders"}, ANN)
        assert found.status == "ok", found
        assert "ann-only" in found.shown
        assert "ben-only" not in found.shown
        mine = re.search(r"\d+", found.shown)
        assert mine
        one = await door.call(plugins, "order_by_id", {"order_id": int(mine[0])}, ANN)
        assert one.status == "ok", one
        removed = await door.call(plugins, "ask_shop", {"sql": "DELETE FROM orders"}, ANN)
        assert removed.status in ("refused", "failed"), removed


async def test_the_example_of_kind_mcp_calls_approved_tools_for_the_customer(house: House, database: Database) -> None:
    def lets_in(request: Request) -> dict[str, str] | None:
        return None if request.headers.get("Authorization") == f"Bearer {WORD}" else {}

    async with serving(Gate(made(), lets_in)) as port:
        house.plugin(example("mcp").replace("https://tools.example.com", f"http://127.0.0.1:{port}"), "shop.yaml")
        async with door_to(house, database, port) as door:
            plugins = [house.open().plugin("shop")]
            door.offered(plugins, EVE)
            server = door.tools.find("shop")
            assert server is not None
            await server.read()
            seen = database.read_now(lambda tx: tools.of_plugin(tx, "shop"))
            told = {name: tools.digest_of(str(row.seen)) for name, row in seen.items()}
            database.write_now(lambda tx: tools.approve(tx, "shop", told, "dev", "2026-11-23T09:00:00.000Z"))
            door.renew("shop")
            assert (await door.call(plugins, "stock", {"sku": "a"}, EVE)).value == "a: 7"
            orders = await door.call(plugins, "get_my_orders", {"limit": 1}, EVE)
            assert orders.value == {"customer": EVE.user_id, "orders": [0]}
            assert (await door.call(plugins, "get_my_orders", {"limit": 1}, ANN)).status == "refused"


# --- authentication ---------------------------------------------------------------------------------------

Check = Callable[[web.Request, checking.Service], bool]
BASIC = "Basic " + base64.b64encode(f"rapport:{WORD}".encode()).decode()
CHECKS: dict[str, Check] = {
    "bearer": lambda request, _: request.headers.get("Authorization") == f"Bearer {WORD}",
    "basic": lambda request, _: request.headers.get("Authorization") == BASIC,
    "api_key header": lambda request, _: request.headers.get("X-Api-Key") == WORD,
    "api_key query": lambda request, _: request.query.get("key") == WORD,
    "oauth2": lambda request, service: request.headers.get("Authorization", "")[7:] in service.living,
}


@pytest.mark.parametrize("way", ways())
async def test_each_authentication_of_the_page_is_let_in_and_says_who_the_customer_is(
    house: House, database: Database, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(checking, "USER", "me" if way == "oauth2" else "rapport")
    monkeypatch.setattr(checking, "WORD", WORD)
    service, asked = checking.Service(), list[web.Request]()
    service.gate.set()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        if way == "digest":
            return await service.digest(request)
        return web.json_response({"ok": True}, status=200 if CHECKS[way](request, service) else 401)

    app = web.Application()
    app.router.add_get("/v1/customers/me", answer)
    app.router.add_post("/token", service.token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = service.port = runner.addresses[0][1]
    text = re.sub(r"^(# )?auth: .*\n", "", example("http", "# auth:"), flags=re.MULTILINE)
    text = text.replace("identity: true\n", f"identity: true\nauth: {ways()[way]}\n")
    text = re.sub(r"https://(crm|login)\.example\.com", service.url, text)
    house.plugin(text, "crm.yaml")
    try:
        async with door_to(house, database, port) as door:
            result = await door.call([house.open().plugin("crm")], "get_customer", {}, EVE)
            assert (result.status, result.value) == ("ok", {"ok": True}), result
            assert WORD not in str(result)
    finally:
        await runner.cleanup()
    assert len(asked) == (2 if way == "digest" else 1)
    assert {each.headers["X-Rapport-Identity"] for each in asked} == {sign("127.0.0.1", EVE)}
