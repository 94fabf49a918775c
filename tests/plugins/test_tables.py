"""A table as functions: the customer's own row, a catalogue, somebody else's database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.catalog.spec import Into
from server.plugins import Bound, CallResult, Door
from server.storage import Database, Transaction, open_database

from .conftest import ANN, BEN, EVE, PROFILE, Load, Shelf, rows


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Every test of this file runs on SQLite and on PostgreSQL."""
    opened = open_database(database_url)
    yield opened
    opened.close()


PRODUCTS = """
kind: table
table: product
create: true
rows: product.csv
columns:
  sku: {}
  name: {}
  name_zh: {}
  price: {type: number}
functions: {find: {name: find_products}}
"""
CSV = """sku,name,name_zh,price
A1,Starter Kit,入门套件,99
A2,Pro Kit,专业套件,299.5
B1,Cable Österreich,数据线,
B2,100% Cotton_bag,棉布袋,5
"""


async def test_a_profile_is_empty_then_filled_piece_by_piece(door: Door, load: Load) -> None:
    plugins = [load(PROFILE)]
    assert await door.prepare(plugins) == []
    first = await door.call(plugins, "get_profile", "{}", ANN, forced=True)
    assert (first.status, first.value, first.shown, first.forced) == ("ok", {}, "{}", True)
    said = '{"company": "Harbour Light", "seats": 12, "budget": 1.5, "trial": true, "meeting": "2026-11-24"}'
    saved = await door.call(plugins, "set_profile", said, ANN)
    assert (saved.status, saved.effect) == ("ok", "write"), saved
    await door.call(plugins, "set_profile", {"product": "人形机器人'; DROP TABLE profile; --"}, ANN)
    found = await door.call(plugins, "get_profile", "", ANN)
    assert found.value == {
        "company": "Harbour Light",
        "product": "人形机器人'; DROP TABLE profile; --",
        "seats": 12,
        "budget": 1.5,
        "trial": True,
        "meeting": "2026-11-24",
    }
    assert (await door.call(plugins, "get_profile", "{}", BEN)).value == {}


PLAIN = """
kind: table
table: plain_profile
create: true
key: {userid: "${user.id}", order: "${conversation.id}"}
columns: {group: {}, seats: {type: integer}, budget: {type: number}}
functions: {get: {name: get_plain}, set: {name: set_plain}}
"""


async def test_plain_columns_are_read_by_the_whole_key(door: Door, load: Load, database: Database) -> None:
    plugins = [load(PLAIN)]
    assert await door.prepare(plugins) == []
    await door.call(plugins, "set_plain", {"group": "北方", "seats": 12, "budget": 2}, ANN)
    elsewhere = replace(ANN, conversation_id="c_9")
    await door.call(plugins, "set_plain", {"seats": 3}, elsewhere)
    found = [(await door.call(plugins, "get_plain", "", who)).value for who in (ANN, elsewhere, BEN)]
    assert found == [{"group": "北方", "seats": 12, "budget": 2.0}, {"seats": 3}, {}]
    assert [type(value) for value in found[0].values()] == [str, int, float]


async def test_a_table_that_has_gone_is_told_as_the_databases_fault(door: Door, load: Load, database: Database) -> None:
    plugins = [load(PLAIN)]
    await door.prepare(plugins)
    database.write_now(lambda tx: tx.run("DROP TABLE plain_profile"))
    result = await door.call(plugins, "get_plain", "", ANN)
    assert result.status == "failed"
    assert "broke" not in (result.error or "")


async def test_what_does_not_fit_a_column_is_refused_with_the_reason(door: Door, load: Load) -> None:
    plugins = [load(PROFILE)]
    await door.prepare(plugins)
    wrong = [
        '{"company": 3}', '{"company": "' + "x" * 201 + '"}', "{}", '{"seats": 1.5}', '{"nickname": "x"}',
        '{"seats": 99999999999999999999}', '{"company": null}', '{"trial": "yes"}',
    ]  # fmt: skip
    for arguments in wrong:
        result = await door.call(plugins, "set_profile", arguments, ANN)
        assert result.status == "refused", arguments
        assert result.error is not None
        assert result.error in result.shown.replace('\\"', '"')
    for arguments in ('{"meeting": "soon"}', '{"company": "a\\u0000b"}'):
        assert (await door.call(plugins, "set_profile", arguments, ANN)).status == "failed"
    assert (await door.call(plugins, "get_profile", "{}", ANN)).value == {}


async def test_a_catalogue_is_filled_from_its_file_and_found_by_words(
    door: Door, load: Load, tmp_path: Path, database: Database
) -> None:
    (tmp_path / "product.csv").write_text("\ufeff" + CSV, encoding="utf-8")
    plugins = [load(PRODUCTS)]
    assert await door.prepare(plugins) == []

    async def found(query: str) -> list[str]:
        result = await door.call(plugins, "find_products", {"query": query}, ANN)
        return [row["sku"] for row in result.value]

    assert await found("") == ["A1", "A2", "B1", "B2"]
    assert await found("STARTER kits") == ["A1", "A2"]
    assert await found("你们的专业套件多少钱") == ["A2", "A1"]
    assert await found("österreich") == ["B1"]
    assert await found("100%") == ["B2"]
    assert await found("%") == []
    assert await found("') UNION SELECT sql --") == []
    assert (await door.call(plugins, "find_products", {}, ANN)).value[1]["price"] == 299.5
    (tmp_path / "product.csv").write_text("sku,name\nC1,New\n")
    assert await door.prepare(plugins) == []
    assert await found("") == ["C1"]
    database.write_now(lambda tx: tx.run("UPDATE product SET name = 'Edited'"))
    assert await door.prepare(plugins) == []
    assert rows(database, "SELECT name FROM product") == [("Edited",)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("sku,nam\nA,b\n", "wrong: ['nam']"),
        ("sku,name\nA\n", "product.csv:2: 1 cells under 2 columns"),
        ("sku,price\nA,cheap\n", "product.csv:2: `price`: `cheap` is no number"),
        ("", "must name columns"),
    ],
)
async def test_a_broken_csv_file_is_told_with_its_line(
    door: Door, load: Load, tmp_path: Path, content: str, told: str
) -> None:
    (tmp_path / "product.csv").write_text(content)
    ((plugin, message),) = await door.prepare([load(PRODUCTS)])
    assert plugin == "crm"
    assert told in message


async def test_a_file_never_replaces_rows_of_somebody_else(
    door: Door, load: Load, tmp_path: Path, database: Database
) -> None:
    (tmp_path / "product.csv").write_text(CSV)
    (tmp_path.parent / "secret.csv").write_text("sku\nX\n")
    database.write_now(lambda tx: tx.run("CREATE TABLE product (sku TEXT, name TEXT, name_zh TEXT, price REAL)"))
    database.write_now(lambda tx: tx.run("INSERT INTO product (sku) VALUES ('mine')"))
    ((_, message),) = await door.prepare([load(PRODUCTS)])
    assert "rows of its own" in message
    assert rows(database, "SELECT sku FROM product") == [("mine",)]
    ((_, outside),) = await door.prepare([load(PRODUCTS.replace("product.csv", "../secret.csv"))])
    assert "outside" in outside


@pytest.mark.parametrize("table", ["lead", "LEAD", "customer", "credential", "scratch", "alembic_version", "sqlite_x"])
async def test_the_servers_own_tables_are_no_plugin(door: Door, load: Load, table: str) -> None:
    text = PROFILE.replace("table: profile", f"table: {table}")
    ((_, message),) = await door.prepare([load(text)])
    assert "belongs to the server itself" in message
    plugins = [load(text)]
    assert (await door.call(plugins, "get_profile", "{}", ANN)).status == "failed"


async def test_a_table_made_elsewhere_is_compared_and_the_difference_told(
    door: Door, load: Load, database: Database
) -> None:
    text = PROFILE.replace("create: true", "create: false")
    ((_, message),) = await door.prepare([load(text)])
    assert "there is no table `profile`" in message
    database.write_now(lambda tx: tx.run("CREATE TABLE profile (userid TEXT, company TEXT, seats TEXT)"))
    ((_, message),) = await door.prepare([load(text)])
    assert "it has no column `product`" in message
    assert "`seats` is TEXT there and integer here" in message


async def test_a_column_added_to_the_file_is_added_to_the_table(door: Door, load: Load) -> None:
    assert await door.prepare([load(PROFILE)]) == []
    plugins = [load(PROFILE.replace("  product: {}", "  product: {}\n  select: {}"))]
    assert await door.prepare(plugins) == []
    assert (await door.call(plugins, "set_profile", {"select": "x"}, ANN)).status == "ok"
    assert (await door.call(plugins, "get_profile", {}, ANN)).value == {"select": "x"}


async def test_a_table_of_another_database_works_the_same(
    door: Door, load: Load, tmp_path: Path, secrets: dict[str, str], database: Database
) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute(
        "CREATE TABLE crm (userid TEXT, company TEXT, product TEXT, seats INTEGER, budget NUMERIC(10, 2), "
        "trial BOOLEAN, meeting DATETIME, birthday DATE)"
    )
    other.commit()
    text = PROFILE.replace("table: profile", 'table: crm\ndatabase: "${secret.CRM_DB}"').replace("create: true", "")
    plugins = [load(text)]
    ((_, message),) = await door.prepare(plugins)
    assert "the secret CRM_DB is not set" in message
    assert (await door.call(plugins, "get_profile", {}, ANN)).status == "failed"
    secrets["CRM_DB"] = f"sqlite:///{tmp_path / 'other.db'}"
    said = {
        "company": "Acme",
        "budget": 10.25,
        "meeting": "2026-11-24T09:00:00+08:00",
        "birthday": "1990-01-02",
    }
    assert (await door.call(plugins, "set_profile", said, ANN)).status == "ok"
    assert (await door.call(plugins, "set_profile", {"company": "Acme 2"}, ANN)).status == "ok"
    found = await door.call(plugins, "get_profile", {}, ANN)
    assert found.value == {
        "company": "Acme 2", "budget": 10.25, "meeting": "2026-11-24T01:00:00", "birthday": "1990-01-02",
    }  # fmt: skip
    assert other.execute("SELECT userid FROM crm").fetchall() == [("v_ann",)]
    assert database.write_now(lambda tx: door.mirror(tx, plugins, Into(plugin="crm"), {"company": "x"}, ANN)) is None
    later = await door.mirror_later(plugins, Into(plugin="crm"), {"seats": "4"}, ANN)
    assert (later.status, other.execute("SELECT seats FROM crm").fetchall()) == ("ok", [(4,)])
    other.close()


async def test_a_broken_database_fails_without_its_password(door: Door, load: Load, secrets: dict[str, str]) -> None:
    text = PROFILE.replace("table: profile", 'table: crm\ndatabase: "${secret.CRM_DB}"')
    secrets["CRM_DB"] = "postgresql://robot:hunter22@127.0.0.1:9/crm"
    result = await door.call([load(text)], "get_profile", {}, ANN)
    assert result.status == "failed"
    assert "hunter22" not in str(result)


async def test_a_test_writes_to_scratch_and_reads_it_over_the_real_row(
    door: Door, load: Load, database: Database
) -> None:
    plugins = [load(PROFILE)]
    await door.prepare(plugins)
    await door.call(plugins, "set_profile", {"company": "Real", "seats": 3}, ANN)
    trying = replace(ANN, test=True, conversation_id="t_1")
    assert (await door.call(plugins, "set_profile", {"company": "Tried"}, trying)).status == "ok"
    assert (await door.call(plugins, "get_profile", {}, trying)).value == {"company": "Tried", "seats": 3}
    other = replace(trying, conversation_id="t_2")
    assert (await door.call(plugins, "get_profile", {}, other)).value == {"company": "Real", "seats": 3}
    assert (await door.call(plugins, "get_profile", {}, ANN)).value == {"company": "Real", "seats": 3}
    assert rows(database, "SELECT conversation_id FROM scratch") == [("t_1",)]


async def test_a_lead_is_mirrored_in_the_same_transaction(door: Door, load: Load, database: Database) -> None:
    plugins = [load(PROFILE)]
    into = Into(plugin="crm")
    await door.prepare(plugins)

    def turn(tx: Transaction) -> list[CallResult | None]:
        said = ({"company": "Acme", "seats": "7", "trial": "yes"}, {"seats": "many"}, {"userid": "v_ben"})
        written = [door.mirror(tx, plugins, into, values, ANN) for values in (*said, {"meeting": "soon"})]
        return [*written, door.read_mirror(tx, plugins, into, ANN)]

    results = database.write_now(turn)
    statuses = [result.status for result in results if result]
    assert statuses == ["ok", "refused", "refused", "failed", "ok"]
    assert results[-1] is not None
    assert results[-1].value == {"company": "Acme", "seats": 7, "trial": True}
    assert rows(database, "SELECT userid, seats FROM profile") == [("v_ann", 7)]


async def test_a_person_is_erased_and_moved(door: Door, load: Load, shelf: Shelf, database: Database) -> None:
    plugins = [load(PROFILE)]
    shelf.loaded = plugins
    assert database.write_now(lambda tx: door.erase(tx, "v_ann")) == 0
    await door.prepare(plugins)
    await door.call(plugins, "set_profile", {"company": "Said", "seats": 3, "trial": True}, ANN)
    await door.call(plugins, "set_profile", {"company": "Known", "product": ""}, EVE)
    await door.call(plugins, "set_profile", {"company": "Ben's"}, BEN)
    assert database.write_now(lambda tx: door.rekey(tx, "v_ann", EVE.user_id)) == 1
    assert (await door.call(plugins, "get_profile", {}, ANN)).value == {}
    assert (await door.call(plugins, "get_profile", {}, EVE)).value == {
        "company": "Known", "product": "", "seats": 3, "trial": True,
    }  # fmt: skip
    assert database.write_now(lambda tx: door.erase(tx, EVE.user_id)) == 1
    assert rows(database, "SELECT userid FROM profile") == [("v_ben",)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("${user.id}", "${args.userid}", "takes values of user, conversation and persona only"),
        ("  product: {}", "  user_id: {}", "`user_id` is bound by the server here"),
        ("{name: set_profile}", "{name: set_profile, force_call: true}", "cannot be called before the model"),
        ("create: true", "database: sqlite:////etc/x", "`database` is one secret"),
    ],
)
async def test_a_table_that_would_give_the_key_away_is_not_offered(
    door: Door, load: Load, old: str, new: str, told: str
) -> None:
    plugins = [load(PROFILE.replace(old, new))]
    assert told in str(await door.prepare(plugins))
    assert "set_profile" not in [f.name for f in door.offered(plugins, EVE)]
    assert (await door.call(plugins, "set_profile", {"company": "x"}, EVE)).status == "refused"


async def test_only_the_own_row_may_be_written_by_somebody_unknown(door: Door, load: Load) -> None:
    plugins = [load(PROFILE.replace("${user.id}", "${persona.name}"))]
    claimed = Bound("v_x", "claimed", "c", "guide")
    assert (await door.call(plugins, "set_profile", {"company": "x"}, claimed)).status == "refused"
    assert (await door.call(plugins, "set_profile", {"company": "x"}, EVE)).status == "ok"
    assert (await door.call(plugins, "get_profile", {}, claimed)).value == {"company": "x"}
