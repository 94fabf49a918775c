"""Thousands of statements that a turned model might write: nothing changes, and nobody else's rows come back."""

# ruff: noqa: E501

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

import pytest

from server.catalog.plugin_spec import SqlPlugin
from server.plugins import Bound
from server.plugins.operation import Means, Outcome
from server.plugins.references import Slot, Values, read
from server.plugins.sql.functions import SqlExecutor
from server.plugins.sql.reading import Library

from .shop import HIDDEN, MARKS, PEOPLE, contents, furnish_shop

ANN = Bound("v_ann", "anonymous", "c_1", "guide")
TABLES = (
    "orders", "ORDERS", '"orders"', "`orders`", "[orders]", "visits", "product", "staff", "main.orders", "public.orders",
    '"public"."staff"', "temp.staff", "sqlite_master", "sqlite_schema", "pg_catalog.pg_class", "pg_stat_activity",
    "information_schema.tables", "mysql.user", "orders staff", "staff AS orders", "visits AS orders",
    "(SELECT * FROM staff) orders", "(TABLE staff) orders", "ONLY orders", "orders TABLESAMPLE SYSTEM (50)",
    "generate_series(1, 3) orders", "json_each('[1]')", "pragma_table_info('staff')", "unnest(ARRAY[1,2]) x",
    "LATERAL (SELECT * FROM orders) o", "(VALUES (1)) v(id)", "orders NATURAL JOIN visits", "orders JOIN visits USING (id)",
    "orders o, LATERAL (SELECT * FROM visits v WHERE v.id = o.id) x", "orders CROSS JOIN staff", "ｓｔａｆｆ", "ſtaff",
    "orders LEFT JOIN visits v ON true", "orders /* , staff */", "orders/**/,/**/staff", "dblink('a','b') x",
    "query_to_xml('select 1',true,true,'')", "orders RIGHT JOIN product p ON p.sku = orders.sku",
)  # fmt: skip
VALUES = (
    "*", "id", "note", "orders", "orders.*", "count(*)", "max(note)", "(SELECT max(word) FROM staff)",
    "(SELECT max(note) FROM orders o WHERE o.userid <> 'v_ann')", "group_concat(note)", "string_agg(note, ',')",
    "json_agg(orders)", "row_to_json(orders)", "to_jsonb(orders)", "note || userid", "ctid", "rowid", "orders.rowid",
    "pg_read_file('/etc/passwd')", "readfile('/etc/passwd')", "load_file('/etc/passwd')", "pg_sleep(9)", "sleep(9)",
    "set_config('role', 'x', false)", "current_user", "version()", "sqlite_version()", "randomblob(900000000)",
    "row_number() OVER (PARTITION BY userid ORDER BY id)", "first_value(note) OVER (ORDER BY userid DESC)",
    "lag(note) OVER w", "note::regclass", "CAST('staff' AS regclass)", "repeat('x', 900000000)", "@@version", "@x := 1",
    "note -> 'a'", "json_extract(note, '$')", "CASE WHEN EXISTS (SELECT 1 FROM staff) THEN 1 ELSE 0 END", "1 IN staff",
    "(orders).note", "orders.pg_sleep", "ARRAY(SELECT word FROM staff)", "lo_import('/etc/passwd')", ":userid", "$1",
    "'a' 'b'", "E'\\\\' || note", "U&'\\0041'", "x'41'", "'\\' || note --'", "$$ $$", "/*! 1 */ 2", "*, (SELECT 1)",
    "benchmark(900000000, 1)", "load_extension('x')", "writefile('/tmp/x', 'y')", "nextval('a')", "abs(-1)", "Ⅰ",
)  # fmt: skip
TAILS = (
    "", ";", "; DROP TABLE orders", "WHERE 1 = 1 OR userid <> 'v_ann'", "WHERE userid = 'v_ben'", "-- x", "/* x",
    "UNION ALL SELECT * FROM orders", "UNION SELECT word FROM staff", "UNION SELECT id FROM visits", "FOR UPDATE",
    "INTO OUTFILE '/tmp/x'", "INTO stolen", "LIMIT 100000", "LIMIT ALL", "OFFSET (SELECT count(*) FROM staff)",
    "ORDER BY (SELECT word FROM staff)", "GROUP BY 1 HAVING max(id) > 0", "WINDOW w AS (ORDER BY id)", "PROCEDURE ANALYSE()",
    "WHERE id IN (SELECT id FROM staff)", "WHERE EXISTS (SELECT 1 FROM orders x WHERE x.id = orders.id)",
    "WHERE note LIKE '%' ESCAPE '\\'", "EXCEPT SELECT * FROM orders WHERE userid = 'v_ann'", "LOCK IN SHARE MODE",
    "WHERE CAST(note AS integer) = 1", "WHERE (id, userid) = (SELECT 11, 'v_ben')", "FETCH FIRST 5 ROWS WITH TIES",
)  # fmt: skip
FRAMES = (
    "SELECT {value} FROM {table} {tail}", "SELECT {value} FROM {table} {tail}", "SELECT {value} FROM {table} {tail}",
    "WITH x AS (SELECT {value} FROM {table}) SELECT * FROM x {tail}", "SELECT * FROM (SELECT {value} FROM {table} {tail}) q",
    "WITH orders AS (SELECT {value} FROM {table}) SELECT * FROM orders {tail}", "TABLE {table} {tail}",
    "WITH RECURSIVE visits(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM {table}) SELECT {value} FROM visits {tail}",
    "SELECT 1 FROM product WHERE EXISTS (SELECT {value} FROM {table} {tail})", "INSERT INTO orders SELECT {value} FROM {table}",
    "UPDATE orders SET note = {value} {tail}", "DELETE FROM {table} {tail}", "SELECT (SELECT {value} FROM {table} {tail}) a",
    "EXPLAIN ANALYZE DELETE FROM {table}", "/*a/*b*/SELECT {value} FROM {table} {tail}", "COPY {table} TO '/tmp/x'",
    "SELECT DISTINCT ON (id) {value} FROM {table} {tail}", "CREATE TABLE stolen AS SELECT {value} FROM {table}",
    "WITH x AS (UPDATE {table} SET note = 'x' RETURNING *) SELECT {value} FROM x", "CALL x({value})", "ATTACH '/tmp/x' AS y",
    "(SELECT {value} FROM {table}) UNION ALL (SELECT {value} FROM orders {tail})", "DO $$BEGIN DELETE FROM orders; END$$",
)  # fmt: skip
COUNTS = {"sqlite": 3_000, "postgresql": 3_000, "mariadb": 600}


def statements(count: int) -> Iterator[str]:
    """Every frame, value, table and tail at least once, then by chance."""
    dice = random.Random(20261123)
    longest = max(len(FRAMES), len(VALUES), len(TABLES), len(TAILS))
    for at in range(longest):
        frame, value = FRAMES[0], VALUES[at % len(VALUES)]
        yield frame.format(value=value, table="orders", tail="")
        yield frame.format(value="*", table=TABLES[at % len(TABLES)], tail="")
        yield frame.format(value="id", table="orders", tail=TAILS[at % len(TAILS)])
    for _ in range(count - 3 * longest):
        yield dice.choice(FRAMES).format(value=dice.choice(VALUES), table=dice.choice(TABLES), tail=dice.choice(TAILS))


SPEC = SqlPlugin.model_validate(
    {
        "kind": "sql", "database": "${secret.SHOP}", "tables": ["orders", "visits", "product"],
        "bind": {"userid": "${user.id}"}, "shared": ["product"], "functions": {"query": {"name": "ask"}},
        "limits": {"seconds": 0.3},
    }
)  # fmt: skip


class Asker:
    """The executor behind `query` on one database."""

    def __init__(self, address: str, means: Means) -> None:
        slot = read("${secret.SHOP}")
        assert isinstance(slot, Slot)
        self.secrets = {"SHOP": address}.get
        library = Library(SPEC, means, {"userid": read("${user.id}")}, slot)
        library.prepare(self.values(""))
        self.executor = SqlExecutor(library)

    def values(self, sql: str, who: Bound = ANN) -> Values:
        return Values({"sql": sql}, who, self.secrets)

    def ask(self, sql: str, who: Bound = ANN) -> Outcome:
        return self.executor._run(self.values(sql, who))


@pytest.fixture(scope="module", params=list(COUNTS))
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def asker(dialect: str, new_database: Callable[[str], str], database: object, door: object) -> tuple[Asker, str]:
    address = new_database(dialect)
    furnish_shop(address)
    made = Asker(address, door._means)  # type: ignore[attr-defined]
    return made, address


async def test_no_statement_changes_anything_or_shows_rows_of_others(asker: tuple[Asker, str], dialect: str) -> None:
    asking, address = asker
    before = contents(address)
    others = [MARKS[who] for who in PEOPLE if who != ANN.user_id] + [HIDDEN, "v_ben'", "v_cat"]
    answered = tried = 0
    for sql in statements(COUNTS[dialect]):
        found = asking.ask(sql)
        tried += 1
        assert found.status in ("ok", "refused", "failed", "timeout"), sql
        told = str(found.value) + str(found.error)
        assert not any(mark in told for mark in others if mark not in sql), (sql, told[:300])
        answered += found.status == "ok"
    assert contents(address) == before
    assert tried >= COUNTS[dialect]
    assert answered > tried / 60, "nearly all were refused: the corpus tries nothing"


async def test_the_filter_is_the_same_as_tables_that_hold_one_persons_rows(
    asker: tuple[Asker, str], dialect: str, new_database: Callable[[str], str], door: object
) -> None:
    asking, _ = asker
    alone = new_database(dialect)
    furnish_shop(alone, (ANN.user_id,))
    lonely = Asker(alone, door._means)  # type: ignore[attr-defined]
    compared = 0
    for sql in honest_questions():
        both = [asking.ask(sql), lonely.ask(sql)]
        assert [found.status for found in both] == ["ok", "ok"], (sql, both)
        assert sorted(map(str, both[0].value["rows"])) == sorted(map(str, both[1].value["rows"])), sql
        compared += 1
    assert compared > 100


def honest_questions() -> Iterator[str]:
    """Joins, subqueries, CTEs, UNIONs and windows over two filtered tables and a shared one."""
    sources = (
        "orders o", "(SELECT * FROM orders) o", "orders o JOIN visits v ON v.id = o.id", "orders o LEFT JOIN visits v USING (id)",
        "product p LEFT JOIN orders o ON o.sku = p.sku", "orders o NATURAL JOIN product", "visits v JOIN orders o ON o.id > v.id",
        "(SELECT id, note, total, sku FROM orders UNION ALL SELECT id, page, 0, 's0' FROM visits) o",
    )  # fmt: skip
    wheres = (
        "", "WHERE o.total > 10", "WHERE o.id IN (SELECT id FROM visits)", "WHERE NOT EXISTS (SELECT 1 FROM visits x WHERE x.id = o.id)",
        "WHERE o.total = (SELECT max(total) FROM orders)", "WHERE o.note LIKE '%-only%' OR 1 = 1",
        "WHERE o.sku IN ('s0', 's1')",
    )  # fmt: skip
    shown = ("count(*)", "max(o.note), min(o.total)", "o.id, o.note", "o.id, row_number() OVER (ORDER BY o.id)")
    for source, where, what in itertools.product(sources, wheres, shown):
        if what.startswith("o.id, row_number") and "v" in source:
            continue
        yield f"SELECT {what} FROM {source} {where}"
        if what == "count(*)":
            yield f"WITH q AS (SELECT o.id AS i FROM {source} {where}) SELECT count(*), sum(i) FROM q"
