"""Plugins of kind `openapi`: read live from their description, bound to the customer, sent to a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from server.catalog import Catalog
from server.catalog.openapi import read_description
from server.catalog.openapi.writing import imported
from server.outgoing import Outgoing
from server.plugins import Door
from server.storage import Database
from tests.catalog.house import House, write

from .conftest import ANN, EVE, Crm, Load

HERE = Path(__file__).parent / "openapi"
SHOP = """\
kind: openapi
spec: descriptions/shop.json
base_url: URL
operations: [orders.list, orders.add, form, upload, text, bytes]
bind: {userId: "${user.id}"}
functions:
  orders.list: {name: my_orders, description: The customer's orders}
  orders.add: {allow: {trust: anonymous}}
  form: {allow: {trust: anonymous}}
  upload: {allow: {trust: anonymous}}
  text: {allow: {trust: anonymous}}
  bytes: {allow: {trust: anonymous}}
"""


@pytest.fixture
def house(tmp_path: Path, database: Database) -> House:
    made = House(tmp_path, database)
    for name in ("shop.json", "more.yaml"):
        write(made.plugins / "descriptions" / name, (HERE / name).read_text("utf-8"))
    return made


def _problems(catalog: Catalog) -> list[str]:
    return [str(problem).partition("shop.yaml:")[2] for problem in catalog.problems() if problem.severity == "error"]


async def test_the_bound_parameter_is_filled_by_the_server_wherever_it_stands(
    house: House, door: Door, crm: Crm
) -> None:
    house.plugin(SHOP.replace("URL", crm.url), "shop.yaml")
    plugins = [house.open().plugin("shop")]
    assert plugins[0].functions == ("my_orders", "orders_add", "form", "upload", "text", "bytes")
    assert "userId" not in json.dumps([dict(each.parameters) for each in door.offered(plugins, EVE)])
    result = await door.call(plugins, "my_orders", {"page": 2}, EVE)
    assert result.status == "ok", result
    assert (crm.asked[0].path, crm.asked[0].query) == ("/customers/eve%2F1%20%C3%BC/orders", "page=2")
    for name in ("userId", "user_id", "USERID", "ｕserId"):
        refused = await door.call(plugins, "orders_add", {"sku": "a", name: "other"}, ANN)
        assert (refused.status, len(crm.asked)) == ("refused", 1)
    nested = await door.call(plugins, "orders_add", {"sku": "a", "tree": {"below": [{"userId": "x"}]}}, ANN)
    assert (nested.status, len(crm.asked)) == ("refused", 1)


async def test_forms_files_texts_and_bytes_arrive(house: House, door: Door, crm: Crm) -> None:
    house.plugin(SHOP.replace("URL", crm.url), "shop.yaml")
    plugins = [house.open().plugin("shop")]
    await door.call(plugins, "form", {"tags": ["a b", "c,d"], "name": "x"}, ANN)
    await door.call(plugins, "upload", {"picture": "data:image/png;base64,iVBORw==", "about": {"a": 1}}, ANN)
    await door.call(plugins, "text", {"body": "a;b\n1;2"}, ANN)
    await door.call(plugins, "bytes", {"body": "data:image/png;base64,iVBORw=="}, ANN)
    form, upload, text, data = crm.asked
    assert form.body == b"tags=a%20b,c%2Cd&name=x"
    assert b'name="picture"; filename="picture"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n' in upload.body
    assert b'name="about"\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n' in upload.body
    assert (text.headers["Content-Type"], text.body) == ("text/csv", b"a;b\n1;2")
    assert (data.headers["Content-Type"], data.body) == ("image/png", b"\x89PNG")


def test_a_changed_description_is_live_and_a_broken_one_leaves_the_last_good(house: House) -> None:
    house.plugin("kind: openapi\nspec: descriptions/shop.json\nbase_url: https://a.example\n", "shop.yaml")
    catalog = house.open()
    before = catalog.plugin("shop")
    assert before.functions == ("orders_list", "remote", "other")
    catalog.refresh_now()
    assert catalog.plugin("shop") is before
    file = house.plugins / "descriptions" / "more.yaml"
    file.write_text(file.read_text("utf-8").replace("operationId: remote", "operationId: faraway"), "utf-8")
    catalog.refresh_now()
    after = catalog.plugin("shop")
    assert after.functions == ("orders_list", "faraway", "other")
    assert (after.digest != before.digest, after.meaning != before.meaning) == (True, True)
    (house.plugins / "descriptions" / "shop.json").write_text("{", "utf-8")
    catalog.refresh_now()
    assert "neither JSON nor YAML" in _problems(catalog)[0]
    assert catalog.plugin("shop").functions == after.functions


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("orders.list, ", "orders.lisd, "), "4:14: the description has no operation `orders.lisd`; did you mean"),
        (
            ("form, upload", "broken, upload"),
            "4:39: `broken` cannot be carried over: `$ref: #/components/parameters/No",
        ),
        (("userId:", "personId:"), "5:8: no operation has a parameter `personId` to bind"),
        (('"${user.id}"', '"${args.id}"'), "5:16: a bound parameter is filled by the server: one of"),
        (("shop.json", "none.json"), "2:7: `descriptions/none.json` is not in"),
        (("descriptions/shop.json", "shop.yaml"), "2:7: YAML files right here are plugins"),
        (("  text:", "  other:"), "11:3: `other` is not among `operations`"),
        (("base_url: URL\n", ""), ""),
        (("name: my_orders", "name: form"), "7:3: the function `form` is there twice"),
        (("form: {allow", "form: {force_call: true, allow"), ""),
        (("text: {allow", "text: {force_call: true, allow"), "a function with `force_call` cannot have required"),
        (("base_url", "bas_url"), "3:1: `bas_url` is not a field of an openapi plugin; did you mean `base_url`?"),
    ],
)
def test_what_does_not_fit_the_description_is_told_with_its_place(
    house: House, change: tuple[str, str], told: str
) -> None:
    house.plugin(SHOP.replace(*change).replace("URL", "https://a.example"), "shop.yaml")
    problems = _problems(house.open())
    assert any(told in problem for problem in problems) if told else problems == [], problems


@pytest.fixture
async def descriptions() -> AsyncIterator[dict[str, Any]]:
    """A server that gives files by path; `port` is its port."""
    files: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        found = files.get(request.path)
        return web.Response(body=found) if found else web.Response(status=404)

    site = web.Application()
    site.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    files["port"] = runner.addresses[0][1]
    yield files
    await runner.cleanup()


async def test_a_description_with_an_address_is_fetched_kept_and_outlives_its_server(
    house: House, database: Database, descriptions: dict[str, Any]
) -> None:
    descriptions["/shop.json"] = (HERE / "shop.json").read_bytes()
    descriptions["/more.yaml"] = (HERE / "more.yaml").read_bytes()
    address = f"http://127.0.0.1:{descriptions['port']}"
    house.plugin(f"kind: openapi\nspec: {address}/shop.json\nbase_url: {address}\n", "shop.yaml")
    catalog = house.open()
    assert catalog.plugin("shop").functions == ()
    outgoing = Outgoing([f"127.0.0.1:{descriptions['port']}"])
    door = Door(_Nothing(), database, outgoing, lambda name: None)
    assert await door.prepare([catalog.plugin("shop")]) == []
    catalog.refresh_now()
    assert catalog.plugin("shop").functions == ("orders_list", "remote", "other")
    descriptions.pop("/shop.json")
    assert await door.prepare([catalog.plugin("shop")]) == []
    assert house.open().plugin("shop").functions == ("orders_list", "remote", "other")
    await outgoing.close()
    door.close()


class _Nothing:
    @property
    def plugins(self) -> dict[str, Any]:
        return {}


ARRAY, OBJECT = ["blue", "black", "brown"], {"R": 100, "G": 200, "B": 150}
TABLE = [
    ("path", "matrix", False, ";c=5", ";c=blue,black,brown", ";c=R,100,G,200,B,150"),
    ("path", "matrix", True, ";c=5", ";c=blue;c=black;c=brown", ";R=100;G=200;B=150"),
    ("path", "label", False, ".5", ".blue,black,brown", ".R,100,G,200,B,150"),
    ("path", "label", True, ".5", ".blue.black.brown", ".R=100.G=200.B=150"),
    ("path", "simple", False, "5", "blue,black,brown", "R,100,G,200,B,150"),
    ("path", "simple", True, "5", "blue,black,brown", "R=100,G=200,B=150"),
    ("header", "simple", False, "5", "blue,black,brown", "R,100,G,200,B,150"),
    ("header", "simple", True, "5", "blue,black,brown", "R=100,G=200,B=150"),
    ("query", "form", False, "c=5", "c=blue,black,brown", "c=R,100,G,200,B,150"),
    ("query", "form", True, "c=5", "c=blue&c=black&c=brown", "R=100&G=200&B=150"),
    ("query", "spaceDelimited", False, "c=5", "c=blue%20black%20brown", "c=R%20100%20G%20200%20B%20150"),
    ("query", "pipeDelimited", False, "c=5", "c=blue%7Cblack%7Cbrown", "c=R%7C100%7CG%7C200%7CB%7C150"),
    ("query", "deepObject", True, "c=5", "c=blue&c=black&c=brown", "c%5BR%5D=100&c%5BG%5D=200&c%5BB%5D=150"),
    ("cookie", "form", False, "c=5", "c=blue,black,brown", "c=R,100,G,200,B,150"),
    ("cookie", "form", True, "c=5", "c=blue; c=black; c=brown", "R=100; G=200; B=150"),
]


@pytest.mark.parametrize(("where", "style", "explode", "one", "many", "named"), TABLE)
async def test_every_style_of_every_place_is_written_as_the_specification_has_it(
    where: str, style: str, explode: bool, one: str, many: str, named: str,
    house: House, door: Door, crm: Crm,
) -> None:  # fmt: skip
    parameter = {"name": "c", "in": where, "style": style, "explode": explode, "required": True,
                 "schema": {"type": ["integer", "array", "object"]}}  # fmt: skip
    path = "/a/{c}" if where == "path" else "/a"
    document = {"openapi": "3.1.0", "paths": {path: {"get": {"operationId": "ask", "parameters": [parameter]}}}}
    write(house.plugins / "descriptions" / "one.json", orjson.dumps(document).decode())
    house.plugin(f"kind: openapi\nspec: descriptions/one.json\nbase_url: {crm.url}\n", "one.yaml")
    plugins = [house.open().plugin("one")]
    for value, written in ((5, one), (ARRAY, many), (OBJECT, named)):
        result = await door.call(plugins, "ask", {"c": value}, ANN)
        assert result.status == "ok", result
        asked = crm.asked[-1]
        found = {"path": asked.path.removeprefix("/a/"), "query": asked.query,
                 "header": asked.headers.get("c"), "cookie": asked.headers.get("Cookie")}  # fmt: skip
        assert found[where] == written


async def test_an_object_cannot_take_the_place_of_another_parameter(house: House, door: Door, crm: Crm) -> None:
    parameters = [{"name": "who", "in": "query"}, {"name": "c", "in": "query", "schema": {"type": "object"}}]
    document = {"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "ask", "parameters": parameters}}}}
    write(house.plugins / "descriptions" / "one.json", orjson.dumps(document).decode())
    more = 'bind: {who: "${user.id}"}\nauth: {api_key: {query: key, value: abc}}\n'
    house.plugin(f"kind: openapi\nspec: descriptions/one.json\nbase_url: {crm.url}\n{more}", "one.yaml")
    plugins = [house.open().plugin("one")]
    for name in ("who", "Who", "w_h_o", "key", "KEY"):
        result = await door.call(plugins, "ask", {"c": {name: "other"}}, ANN)
        assert (result.status in ("failed", "refused"), crm.asked) == (True, []), name


async def test_an_imported_file_calls_the_service_it_describes(load: Load, door: Door, crm: Crm) -> None:
    text = (HERE / "shop.json").read_text("utf-8").replace("HOST", f"127.0.0.1:{crm.port}")
    made = imported(read_description(text.encode(), lambda name: (HERE / name).read_bytes()))
    plugin = load(made.text.replace("${secret.SHOP_ACCESS_KEY}", "${secret.TOKEN}"), "shop")
    result = await door.call([plugin], "orders_list", {"userId": "a/b", "page": 1}, ANN)
    assert result.status == "ok", result
    assert (crm.asked[0].path, crm.asked[0].query) == ("/v1/customers/a%2Fb/orders", "page=1")
    assert "X-Key" in crm.asked[0].headers
