"""Questions in SQL: each customer among their own rows, read only, within limits, on real databases."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from server.plugins import Bound, CallResult, Door

from .conftest import ANN, BEN, Load
from .shop import HIDDEN, contents, engine_of, furnish_shop

SHOP = """
kind: sql
description: Orders of the shop
database: ${secret.SHOP}
tables: [orders, visits, product]
bind: {userid: "${user.id}"}
shared: [product]
limits: {rows: 50}
functions:
  describe: {name: describe_shop}
  query: {name: ask_shop}
statements:
  - name: order_by_id
    description: One order
    sql: |
      SELECT o.id, o.total, p.name
      FROM orders o JOIN product p ON p.sku = o.sku
      WHERE o.id = :order_id
    parameters:
      type: object
      properties: {order_id: {type: integer}}
      required: [order_id]
  - name: my_total
    force_call: true
    sql: SELECT sum(total) AS total FROM orders
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def furnished(request: pytest.FixtureRequest, new_shared_database: Callable[[str], str]) -> str:
    """Nothing here changes anything, so one shop serves all tests."""
    address = new_shared_database(request.param)
    furnish_shop(address)
    return address


@pytest.fixture
def shop(furnished: str, secrets: dict[str, str]) -> str:
    secrets["SHOP"] = furnished
    return furnished


async def ask(door: Door, load: Load, sql: str, who: Bound = ANN, text: str = SHOP) -> CallResult:
    return await door.call([load(text, "shop")], "ask_shop", {"sql": sql}, who)


async def test_the_schema_is_told_with_values_of_the_customers_own_rows(door: Door, load: Load, shop: str) -> None:
    plugins = [load(SHOP, "shop")]
    assert await door.prepare(plugins) == []
    told = await door.call(plugins, "describe_shop", "{}", ANN)
    assert told.status == "ok", told
    tables = {table["name"]: table for table in told.value["tables"]}
    assert list(tables) == ["orders", "visits", "product"]
    columns = {column["name"]: column["samples"] for column in tables["orders"]["columns"]}
    assert columns["note"] == ["ann-only 0", "ann-only 1", "ann-only 2"]
    assert "userid" not in columns
    assert "ben" not in told.shown
    assert tables["product"]["rows"] == "everybody's"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) FROM orders", [[6]]),
        ("SELECT max(o.note) m FROM orders AS o", [["ann-only 5"]]),
        ("SELECT id FROM orders UNION ALL SELECT id FROM visits ORDER BY 1 LIMIT 3", [[0], [0], [1]]),
        ("WITH mine AS (SELECT * FROM orders), x AS (SELECT * FROM mine) SELECT count(*) FROM x", [[6]]),
        ("SELECT p.name FROM product p WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.sku = p.sku)", []),
        ("SELECT (SELECT count(*) FROM visits v WHERE v.id >= o.id) n FROM orders o WHERE o.id = 2", [[2]]),
        ("SELECT count(*) FROM orders a JOIN orders b ON a.id < b.id", [[15]]),
        ("SELECT count(*) FROM (SELECT * FROM orders) orders", [[6]]),
        ("SELECT id FROM visits WHERE id IN (SELECT id FROM orders WHERE total > 10) ORDER BY id", [[2], [3]]),
        ("SELECT orders.id FROM orders NATURAL JOIN visits WHERE orders.id = 1", [[1]]),
        ("SELECT row_number() OVER (ORDER BY id DESC) r, id FROM orders ORDER BY 1 LIMIT 1", [[1, 5]]),
        ("SELECT count(*) FROM orders WHERE note LIKE '%only%' OR 1 = 1", [[6]]),
        ("SELECT count(*) /* all */ FROM orders -- WHERE", [[6]]),
        (
            "SELECT 'it''s 100% :userid %(userid)s ?' AS t FROM product WHERE sku = 's0'",
            [["it's 100% :userid %(userid)s ?"]],
        ),
    ],
)
async def test_a_question_sees_the_customers_own_rows_only(
    door: Door, load: Load, shop: str, sql: str, rows: list[list[object]]
) -> None:
    found = await ask(door, load, sql)
    assert found.status == "ok", found
    assert found.value["rows"] == rows


async def test_columns_without_a_name_tell_nothing_of_how_rows_are_filtered(door: Door, load: Load, shop: str) -> None:
    found = await ask(door, load, "SELECT id, (SELECT count(*) FROM orders), 1 + 1 FROM orders WHERE id = 2")
    assert found.value["rows"] == [[2, 6, 2]]
    assert "v_ann" not in str(found.value)
    assert not any("userid" in name.lower() for name in found.value["columns"])


async def test_what_a_model_wrote_is_not_logged(
    door: Door, load: Load, shop: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await ask(door, load, "EXPLAIN SELECT 'her address'")).status == "refused"
    assert "her address" not in caplog.text


async def test_the_record_holds_the_statement_as_sent_and_how_it_was_found(door: Door, load: Load, shop: str) -> None:
    found = await ask(door, load, "SELECT total FROM orders WHERE id = 3")
    sent = found.request["statement"]
    assert "userid" in sent
    assert sent.endswith("LIMIT 51")
    assert found.request["bind"] == {"userid": "v_ann"}
    assert found.request["plan"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orders", "SELECT 1; DELETE FROM orders", "SELECT * FROM staff", "SELECT * FROM sqlite_master",
        "SELECT * FROM information_schema.tables", "SELECT * FROM pg_catalog.pg_class", "SELECT pg_sleep(9)",
        "SELECT load_extension('x')", "SELECT * INTO copy FROM orders", "SELECT * FROM orders FOR UPDATE",
        "WITH staff AS (SELECT 1) SELECT * FROM (WITH staff AS (SELECT 2) SELECT * FROM staff) x, staff",
        "SELECT 1 WHERE 1 IN staff", "WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", "",
        "SELECT benchmark(1, 1)", "SELECT set_config('a', 'b', false)", "EXPLAIN SELECT 1", "PRAGMA table_list",
        "SELECT * FROM main.orders", "SELECT * FROM public.orders", "VALUES (1)", "SELECT :userid", "SELECT '",
        "WITH orders AS (SELECT * FROM orders) SELECT * FROM orders", "SELECT * FROM ORDERS LIMIT (SELECT 9)",
        "SELECT lo_import('/etc/passwd')", "SELECT 'orders'::regclass", "SELECT " + "(" * 60 + "1" + ")" * 60,
    ],
)  # fmt: skip
async def test_anything_but_one_harmless_select_is_refused_with_a_reason(
    door: Door, load: Load, shop: str, sql: str
) -> None:
    before = contents(shop)
    found = await ask(door, load, sql)
    assert found.status == "refused", found
    assert found.error
    assert HIDDEN not in str(found)
    assert contents(shop) == before


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT id FROM orders ORDER BY sku COLLATE NOCASE", "`COLLATE` is not allowed here; compare"),
        ("SELECT o.id FROM (orders o JOIN product p ON p.sku = o.sku)", "A join in parentheses is not allowed"),
        ("SELECT json_group_array(id) FROM orders", "The function `json_group_array` is not allowed"),
        ("SELECT id FROM orders FETCH FIRST 3 ROWS ONLY", "`FETCH` is not allowed here; use `LIMIT`"),
        ("SELECT * FROM (VALUES (1)) v", "`VALUES` is not allowed here; write the list itself"),
        ("SELECT 1 FROM (WITH w AS (SELECT 1) SELECT * FROM w) x, w", "`w` is a part of WITH that cannot be seen"),
    ],
)
async def test_a_refusal_says_what_to_write_instead(door: Door, load: Load, shop: str, sql: str, told: str) -> None:
    found = await ask(door, load, sql)
    assert found.status == "refused"
    assert str(found.error).lower().startswith(told.lower())


async def test_a_fixed_statement_takes_its_parameters_and_the_customer(door: Door, load: Load, shop: str) -> None:
    plugins = [load(SHOP, "shop")]
    mine = await door.call(plugins, "order_by_id", {"order_id": 4}, ANN)
    assert mine.value == {"columns": ["id", "total", "name"], "rows": [[4, 28, "Thing 1"]]}
    assert (await door.call(plugins, "order_by_id", {"order_id": 14}, ANN)).value["rows"] == []
    assert (await door.call(plugins, "order_by_id", {"order_id": 14}, BEN)).value["rows"] == [[14, 29, "Thing 2"]]
    assert (await door.call(plugins, "order_by_id", {"order_id": 4, "userid": "v_ben"}, ANN)).status == "refused"
    assert [(r.function, r.value["rows"]) for r in await door.forced_all(plugins, ANN, 5)] == [("my_total", [[105]])]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "SELECT count(*) FROM " + ", ".join(f"orders o{at}" for at in range(16)),
        "SELECT max(a.note || b.note || c.note) FROM " + ", ".join(f"orders {x}" for x in "abcdefghijkl"),
    ],
)
async def test_a_bomb_is_cut_within_its_time(door: Door, load: Load, shop: str, sql: str) -> None:
    if shop.startswith("mysql") and "||" in sql:
        sql = sql.replace("a.note || b.note || c.note", "concat(a.note, b.note, c.note)")
    await door.prepare([load(SHOP, "shop")])
    began = time.monotonic()
    found = await ask(door, load, sql)
    took = time.monotonic() - began
    assert found.status in ("timeout", "failed") or (shop.startswith("mysql") and "RECURSIVE" in sql), found
    assert took < 1.5, took


async def test_more_rows_than_the_limit_are_left_out_with_a_note(door: Door, load: Load, shop: str) -> None:
    text = SHOP.replace("rows: 50", "rows: 4")
    found = await ask(door, load, "SELECT id FROM orders ORDER BY id", text=text)
    assert found.value["rows"] == [[0], [1], [2], [3]]
    assert "more rows" in found.value["note"]
    found = await ask(door, load, "SELECT id FROM orders ORDER BY id LIMIT 2", text=text)
    assert "note" not in found.value


async def test_ids_that_a_collation_takes_for_another_see_nothing(door: Door, load: Load, shop: str) -> None:
    for name in ("V_ANN", "v_ann ", "v_änn", "v_ann\0", "%", "v_a%", "' OR 1=1 --"):
        found = await ask(door, load, "SELECT id FROM orders", Bound(name, "anonymous", "c_9", "guide"))
        assert found.value is None or found.value["rows"] == [], name


async def test_a_mistake_tells_nothing_of_rows_of_others(door: Door, load: Load, shop: str) -> None:
    for sql in (
        "SELECT id FROM orders WHERE CAST(note AS INTEGER) = 1", "SELECT id FROM orders WHERE 1 / (id - 11) > 0",
        "SELECT id FROM orders WHERE CAST(page AS INTEGER) = 1",
        "SELECT id FROM orders WHERE CASE WHEN note LIKE 'ben%' THEN abs(-9223372036854775807 - 1) ELSE 1 END = 1",
    ):  # fmt: skip
        found = await ask(door, load, sql)
        assert "ben-only" not in str(found)
        assert "cat-only" not in str(found)
        assert "overflow" not in str(found)
    divided = await ask(door, load, "SELECT count(*) FROM orders WHERE 1 / (id - 11) <= 0")
    assert divided.status == "ok", divided


async def test_a_table_without_the_bound_column_has_to_be_shared(door: Door, load: Load, shop: str) -> None:
    problems = await door.prepare([load(SHOP.replace("shared: [product]", ""), "shop")])
    assert problems == [
        ("shop", "`product` has no column `userid`; list it under `shared` if everybody may see its rows")
    ]
    problems = await door.prepare([load(SHOP.replace("shared: [product]", "shared: [product, orders]"), "other")])
    assert problems == [("other", "`orders` is `shared` and has the column `userid` that is bound")]
    problems = await door.prepare([load(SHOP.replace("[orders, visits", "[orders, visits, gone"), "third")])
    assert problems == [("third", "there is no table `gone`")]


async def test_postgresql_runs_statements_as_the_role_that_is_named(
    door: Door, load: Load, new_database: Callable[[str], str], secrets: dict[str, str]
) -> None:
    secrets["SHOP"] = address = new_database("postgresql")
    furnish_shop(address)
    role = f"reader_{uuid.uuid4().hex[:8]}"
    with engine_of(address).begin() as connection:
        connection.execute(sa.text(f"CREATE ROLE {role}"))
        connection.execute(sa.text(f"GRANT SELECT ON product TO {role}"))
    text = SHOP.replace("tables:", f"role: {role}\ntables:")
    assert (await ask(door, load, "SELECT count(*) FROM product", text=text)).value["rows"] == [[3]]
    denied = await ask(door, load, "SELECT count(*) FROM orders", text=text)
    assert denied.status == "failed"
    assert "permission denied" in str(denied.error)
