"""The data service over real HTTP: rows of plugins' tables for programs, in the shape of a hosted service."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import DIALECTS, furnish
from tests.running import ADMIN, RunningServer

DESK = """
kind: table
description: Desks
table: desk
create: true
key: {site: "${user.id}", place: "${persona.name}"}
columns:
  label: {max: 50, description: What it says on the door}
  seats: {type: integer}
  rent: {type: number}
  free: {type: boolean}
  since: {type: datetime}
  until: {type: date}
  page: {type: integer}
functions:
  get: {name: get_desk}
"""
FAR = """
kind: table
description: Orders in the shop's own database
table: orders
database: ${secret.SHOP_DATABASE}
create: true
key: {number: "${conversation.id}"}
columns:
  state: {max: 20}
  weight: {type: number}
functions:
  get: {name: get_order}
"""
PRICES = """
kind: table
description: Prices
table: price
create: true
rows: prices.csv
columns:
  sku: {max: 20}
  amount: {type: number}
functions:
  find: {name: find_prices}
"""
RESULT = {"code", "message", "start_ms", "end_ms", "latency", "row_count", "row_affect", "limit"}
NASTY = (
    "'",
    '"',
    "' OR '1'='1",
    "'; DROP TABLE desk; --",
    '" OR ""="',
    "%",
    "_",
    "\\",
    "\\'; --",
    "%s",
    "%(site)s",
    ":site",
    "?",
    "$1",
    "${user.id}",
    "{{7*7}}",
    "/* */",
    "1; SELECT pg_sleep(9)",
    "a\r\nSet-Cookie: b=c",
    "名前 🙂 é\u0301 \u202e",
    "\ufffe\uffff\u200b",
    " padded ",
    "x" * 50,
    "null",
    "NaN",
    "",
)


@pytest.fixture(scope="module", params=DIALECTS)
def shop(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_shared_database: Callable[[str], str],
) -> Iterator[RunningServer]:
    """A server with a table of its own, one in another database, and one that a file fills."""
    home = furnish(tmp_path_factory.mktemp("shop"))
    for name, text in (("desk", DESK), ("far", FAR), ("prices", PRICES)):
        (home / f"plugins.d/{name}.yaml").write_text(text)
    lines = "".join(f"K-{number},{number}.5\n" for number in range(2500))
    (home / "plugins.d/prices.csv").write_text("sku,amount\n" + lines)
    env = {"SHOP_DATABASE": new_shared_database(request.param)}
    running = RunningServer(home, new_shared_database(request.param), env).start()
    yield running
    running.kill()


@pytest.fixture
def api(shop: RunningServer) -> Iterator[httpx.Client]:
    with shop.client() as client:
        yield client


def shaped(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The answer's `data`; fails when status or shape are other than those of the hosted service."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"type", "data"}
    assert body["type"] == "sql_endpoint"
    data: dict[str, Any] = body["data"]
    assert set(data) == {"columns", "rows", "result"}
    assert set(data["result"]) == RESULT
    assert data["result"]["code"] == status
    if status != 200:
        assert (data["columns"], data["rows"], data["result"]["row_affect"]) == ([], [], 0)
    return data


def words(answer: httpx.Response, status: int = 400) -> str:
    message: str = shaped(answer, status)["result"]["message"]
    return message


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shaped(answer)["rows"]
    return found


def affected(answer: httpx.Response) -> int:
    return int(shaped(answer)["result"]["row_affect"])


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


WHOLE = {
    "site": "north", "place": "a1", "label": "Corner", "seats": 4, "rent": 12.5, "free": True,
    "since": "2026-11-23T09:30:00+08:00", "until": "2026-12-31", "page": 7,
}  # fmt: skip


def test_a_row_is_made_read_changed_and_deleted(api: httpx.Client) -> None:
    key = {"site": "north", "place": "a1"}
    assert affected(api.post("/data/v1/desk", json=WHOLE)) == 1
    data = shaped(api.get("/data/v1/desk", params=key))
    assert data["rows"] == [WHOLE]
    assert data["columns"][:3] == [
        {"col": "site", "data_type": "VARCHAR", "nullable": False},
        {"col": "place", "data_type": "VARCHAR", "nullable": False},
        {"col": "label", "data_type": "VARCHAR", "nullable": True},
    ]
    result = data["result"]
    assert (result["row_count"], result["row_affect"], result["limit"]) == (1, 0, 50)
    assert 0 <= result["end_ms"] - result["start_ms"] < 60_000
    assert result["latency"] == f"{result['end_ms'] - result['start_ms']}ms"

    assert affected(api.put("/data/v1/desk", json={**key, "seats": 5, "rent": None})) == 1
    assert rows(api.get("/data/v1/desk", params=key)) == [{**WHOLE, "seats": 5, "rent": None}]
    assert affected(api.delete("/data/v1/desk", params=key)) == 1
    assert rows(api.get("/data/v1/desk", params=key)) == []
    assert affected(api.delete("/data/v1/desk", params=key)) == 0


def test_a_key_that_is_there_is_a_409_and_the_row_stays(api: httpx.Client) -> None:
    row = {"site": "twice", "place": "a", "label": "first"}
    shaped(api.post("/data/v1/desk", json=row))
    assert "already" in words(api.post("/data/v1/desk", json={**row, "label": "second"}), 409)
    assert rows(api.get("/data/v1/desk", params={"site": "twice"}))[0]["label"] == "first"


def test_put_makes_the_row_that_is_not_there_and_keeps_what_it_was_not_given(api: httpx.Client) -> None:
    key = {"site": "upsert", "place": "b"}
    assert affected(api.put("/data/v1/desk", json={**key, "label": "new"})) == 1
    assert affected(api.put("/data/v1/desk", json={**key, "seats": 2})) == 1
    (row,) = rows(api.get("/data/v1/desk", params=key))
    assert (row["label"], row["seats"], row["free"]) == ("new", 2, None)


def test_rows_are_filtered_by_columns_of_every_type(api: httpx.Client) -> None:
    for place, seats, rent, free in (("a", 1, 1.5, True), ("b", 2, 2.5, False), ("c", 2, 2.5, True)):
        row = {"site": "filter", "place": place, "seats": seats, "rent": rent, "free": free, "until": "2026-01-01"}
        shaped(api.put("/data/v1/desk", json=row))

    def places(**more: str) -> str:
        found = rows(api.get("/data/v1/desk", params={"site": "filter", **more}))
        return "".join(row["place"] for row in found)

    assert places() == "abc"
    assert places(seats="2") == "bc"
    assert places(rent="2.5", free="true") == "c"
    assert places(free="0") == "b"
    assert places(until="2026-01-01", seats="1") == "a"
    assert places(label="nothing") == ""


def test_2500_rows_come_page_by_page_each_once(api: httpx.Client) -> None:
    pages: list[list[dict[str, Any]]] = []
    while not pages or len(pages[-1]) == 1000:
        pages.append(rows(api.get("/data/v1/price", params={"page": len(pages) + 1, "page_size": 1000})))
    seen = [row["sku"] for page in pages for row in page]
    assert (len(pages), len(seen), len(set(seen))) == (3, 2500, 2500)
    assert len(rows(api.get("/data/v1/price"))) == 50
    assert rows(api.get("/data/v1/price", params={"sku": "K-2499"})) == [{"sku": "K-2499", "amount": 2499.5}]
    assert rows(api.get("/data/v1/price", params={"page": 1_000_000_000, "page_size": 1000})) == []
    for page_of in ({"page": "0"}, {"page": "1000000001"}, {"page": "-1"}, {"page": "9" * 400}, {"page": "one"},
                    {"page": "1.0"}, {"page": "\u0661"}, {"page_size": "1001"}, {"page_size": "0"}):  # fmt: skip
        assert "is a whole number from 1 to" in words(api.get("/data/v1/price", params=page_of))


def test_rows_that_a_file_fills_can_only_be_read(api: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = api.request(method, "/data/v1/price", json={"sku": "K-1", "amount": 0})
        assert "can only be read" in words(answer)
    assert rows(api.get("/data/v1/price", params={"sku": "K-1"})) == [{"sku": "K-1", "amount": 1.5}]


def test_a_table_in_another_database_is_served_alike(api: httpx.Client) -> None:
    assert affected(api.post("/data/v1/orders", json={"number": "7", "state": "paid"})) == 1
    words(api.post("/data/v1/orders", json={"number": "7", "state": "sent"}), 409)
    assert affected(api.put("/data/v1/orders", json={"number": "7", "weight": 0.25})) == 1
    assert affected(api.put("/data/v1/orders", json={"number": "8", "weight": None})) == 1
    assert rows(api.get("/data/v1/orders", params={"state": "paid"})) == [
        {"number": "7", "state": "paid", "weight": 0.25}
    ]
    assert affected(api.delete("/data/v1/orders", params={"number": "7", "state": "sent"})) == 0
    assert affected(api.delete("/data/v1/orders", params={"number": "7", "state": "paid"})) == 1


def test_deleting_without_the_whole_key_is_refused(api: httpx.Client) -> None:
    shaped(api.put("/data/v1/desk", json={"site": "keep", "place": "a", "seats": 1}))
    for params in ({}, {"site": "keep"}, {"seats": "1"}, {"site": "", "place": ""}, {"site": "keep", "place": ""}):
        words(api.delete("/data/v1/desk", params=params))
    for body in ({"site": "keep", "seats": 9}, {"seats": 9}, {}, {"site": None, "place": "a", "seats": 9}):
        words(api.put("/data/v1/desk", json=body))
        words(api.post("/data/v1/desk", json=body))
    assert rows(api.get("/data/v1/desk", params={"site": "keep"}))[0]["seats"] == 1


def test_unknown_columns_are_refused_with_the_known_ones(api: httpx.Client) -> None:
    known = "there are site, place, label, seats, rent, free, since, until, page."
    for name in ("colour", "SITE", "site ", 'site" = "site" OR "a', "__proto__", "rowid", "ctid", "名", "a\0b"):
        assert known in words(api.get("/data/v1/desk", params={name: "x"}))
        assert known in words(api.delete("/data/v1/desk", params={"site": "a", "place": "b", name: "x"}))
        for method in ("POST", "PUT"):
            body = {"site": "unknown", "place": "b", name: "x"}
            assert known in words(api.request(method, "/data/v1/desk", json=body))
    assert rows(api.get("/data/v1/desk", params={"site": "unknown"})) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("label", 1), ("label", ["a"]), ("label", {"a": "b"}), ("label", "x" * 51), ("label", "a\0b"), ("label", True),
        ("seats", "4"), ("seats", 1.5), ("seats", 2**63), ("seats", -(2**70)), ("seats", True), ("rent", "1"),
        ("free", 1), ("free", "true"), ("since", "yesterday"), ("since", 5), ("until", "2026-13-01"), ("place", 1),
        ("place", "x" * 256), ("place", ""), ("place", "a\0"), ("place", ["a"]),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_by_name(api: httpx.Client, column: str, value: Any) -> None:
    for method in ("POST", "PUT"):
        body = {"site": "types", "place": "p", "label": "a", column: value}
        assert column in words(api.request(method, "/data/v1/desk", json=body))
    assert rows(api.get("/data/v1/desk", params={"site": "types"})) == []


@pytest.mark.parametrize(
    "query",
    ["seats=x", "seats=1_0", "seats=%D9%A1", "seats=" + "9" * 30, "seats=1.0", "seats=", "rent=nan", "rent=inf",
     "rent=1e999", "rent=0x1", "free=maybe", "since=soon", "until=%00", "label=a%00b", "site=%00", "site=",
     "label=" + "x" * 51, "site=a&site=b", "site=a&site=a"],
)  # fmt: skip
def test_a_query_that_no_column_can_mean_is_refused(api: httpx.Client, query: str) -> None:
    words(api.get(f"/data/v1/desk?{query}"))


@pytest.mark.parametrize("value", NASTY)
def test_whatever_a_value_holds_it_is_only_a_value(api: httpx.Client, value: str) -> None:
    shaped(api.put("/data/v1/desk", json={"site": "bystander", "place": "a", "label": "safe"}))
    row = {"site": value or "empty", "place": "injected", "label": value}
    assert affected(api.post("/data/v1/desk", json=row)) == 1
    for params in ({"site": row["site"]}, {"label": value, "place": "injected"}):
        found = rows(api.get("/data/v1/desk", params=params))
        assert [(each["site"], each["label"]) for each in found] == [(row["site"], value)]
    assert affected(api.put("/data/v1/desk", json={**row, "seats": 3})) == 1
    assert affected(api.delete("/data/v1/desk", params={"site": row["site"], "place": "injected"})) == 1
    assert rows(api.get("/data/v1/desk", params={"site": "bystander"}))[0]["label"] == "safe"


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"a"', b"1", b"{", b"{'site': 1}", b"\xff\xfe", b'{"site": "\xff"}', b'{"site": "\\ud800"}',
     b'{"site": "a", "site": "b", "place": "c", "seats": 1}', b'{"site": "a", "place": "b", "rent": NaN}',
     b'{"site": "a", "place": "b", "rent": 1e999}', b'{"site": "a", "place": "b", "label": ' + b"[" * 9000,
     b'{"site": "a", "place": "b"} x', b"a=b", b'{"site": "a", "place": "b", "seats": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_a_body_that_is_no_row_is_refused(api: httpx.Client, body: bytes) -> None:
    for method in ("POST", "PUT"):
        words(api.request(method, "/data/v1/desk", content=body, headers={"content-type": "application/json"}))


def test_a_body_that_is_too_large_is_refused_in_the_same_shape(api: httpx.Client) -> None:
    body = b'{"site": "' + b"x" * 3_000_000 + b'"}'
    words(api.post("/data/v1/desk", content=body), 413)
    words(api.post("/data/v1/desk", content=(body[i : i + 65_536] for i in range(0, len(body), 65_536))), 413)


def test_a_table_that_no_plugin_has_is_not_found(api: httpx.Client) -> None:
    for name in (
        "nothing",
        "lead",
        "leads",
        "credential",
        "audit",
        "sqlite_master",
        "desk;--",
        "DESK",
        "desk%00",
        "名",
    ):
        for method in ("GET", "POST", "PUT", "DELETE"):
            words(api.request(method, f"/data/v1/{name}"), 404)
        words(api.get(f"/data/v1/{name}/openapi.json"), 404)
    words(api.get("/data/v1/desk/"), 404)
    words(api.get("/data/v1/"), 404)


def test_another_method_is_a_405_in_the_same_shape(api: httpx.Client) -> None:
    assert "GET" in api.patch("/data/v1/desk").headers["allow"]
    words(api.patch("/data/v1/desk"), 405)
    words(api.post("/data/v1/desk/openapi.json"), 405)


# --- keys ---------------------------------------------------------------------------------------------------------


def test_keys_are_taken_as_bearer_and_as_a_pair(shop: RunningServer) -> None:
    for role in ("viewer", "editor"):
        key = shop.key(role)
        with shop.client(key) as client:
            key_id = client.get("/api/v1/me").json()["id"]
            assert shaped(client.get("/data/v1/desk"))
        with shop.client(None) as client:
            pair = basic(key_id, key)
            assert shaped(client.get("/data/v1/desk", headers=pair))
            answer = client.put("/data/v1/desk", json={"site": role, "place": "k", "seats": 1}, headers=pair)
            shaped(answer, 403 if role == "viewer" else 200)
            for wrong in (
                basic("k_somebody", key), basic(key_id, "rk_wrong"), basic(key_id, ""), basic("", key),
                basic(key, key_id), {"authorization": "Basic !!!"}, {"authorization": "Basic"},
                {"authorization": "Basic /zr+"}, {"authorization": f"Basic {key}"},
                {"authorization": f"Digest {key}"}, {"authorization": "Bearer rk_wrong"}, {"authorization": key}, {},
            ):  # fmt: skip
                assert "Bearer" in client.get("/data/v1/desk", headers=wrong).headers["www-authenticate"]
                words(client.get("/data/v1/desk", headers=wrong), 401)
            assert client.get("/api/v1/me", headers=pair).status_code == 401


def test_a_visitor_reads_and_writes_nothing(shop: RunningServer) -> None:
    visitor = shop.visitor()
    with shop.client(visitor.token) as client:
        for method in ("GET", "POST", "PUT", "DELETE"):
            words(client.request(method, "/data/v1/profile", params={"userid": visitor.id}), 403)
    with shop.client(None) as client:
        words(client.get("/data/v1/profile", headers=basic(visitor.id, visitor.token)), 401)


def test_two_credentials_are_refused(shop: RunningServer) -> None:
    pair = basic("admin", ADMIN)["authorization"]
    with shop.client(None) as client:
        for headers in (
            [("authorization", pair), ("authorization", f"Bearer {ADMIN}")],
            [("authorization", f"{pair}, Bearer {ADMIN}")],
            [("authorization", pair), ("x-api-key", ADMIN)],
        ):
            assert "two credentials" in words(client.get("/data/v1/desk", headers=headers))
            words(client.get("/data/v1/desk/openapi.json", headers=headers))
        shaped(client.get("/data/v1/desk", headers={"authorization": pair}))
