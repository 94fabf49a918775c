"""A table of kind `table` in somebody else's database: SQLite, PostgreSQL and MariaDB for real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from server.plugins import Door

from .conftest import ANN, BEN, EVE, PROFILE, Load
from .shop import engine_of

ELSEWHERE = PROFILE.replace("create: true", "create: true\ndatabase: ${secret.CRM}") + "  find: {name: find_profiles}\n"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def crm_database(request: pytest.FixtureRequest, new_database: Callable[[str], str], secrets: dict[str, str]) -> str:
    secrets["CRM"] = address = new_database(request.param)
    return address


async def test_a_row_is_made_changed_and_found_again(door: Door, load: Load, crm_database: str) -> None:
    plugins = [load(ELSEWHERE)]
    assert await door.prepare(plugins) == []
    assert (await door.call(plugins, "get_profile", "{}", EVE)).value == {}
    given = {"company": "Hafen 灯塔 🚢 100%_", "seats": 2**53, "budget": 0.1, "trial": False, "meeting": "2026-11-24"}
    for part in (given, {"seats": 3}, {"product": 'it\'s \\ a "robot"'}):
        saved = await door.call(plugins, "set_profile", part, EVE)
        assert saved.status == "ok", saved
    wanted = {**given, "seats": 3, "product": 'it\'s \\ a "robot"'}
    found = await door.call(plugins, "get_profile", "{}", EVE)
    assert {**found.value, "trial": bool(found.value["trial"])} == wanted
    assert (await door.call(plugins, "find_profiles", {"query": "灯塔"}, EVE)).value[0]["company"] == given["company"]
    assert (await door.call(plugins, "find_profiles", {"query": "灯塔"}, ANN)).value == []
    with engine_of(crm_database).connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM profile")).scalar_one() == 1
    assert await door.prepare([load(ELSEWHERE + "# again\n")]) == []


async def test_ids_that_look_alike_are_two_people(door: Door, load: Load, crm_database: str) -> None:
    plugins = [load(ELSEWHERE)]
    assert await door.prepare(plugins) == []
    await door.call(plugins, "set_profile", {"company": "Ann's"}, ANN)
    for name in ("V_ANN", "v_änn", "v_ann ", "v_ann\t"):
        other = replace(ANN, user_id=name)
        assert (await door.call(plugins, "get_profile", "{}", other)).value == {}, name
        await door.call(plugins, "set_profile", {"company": f"of {name!r}"}, other)
        assert (await door.call(plugins, "get_profile", "{}", ANN)).value == {"company": "Ann's"}, name


async def test_a_value_taken_by_another_row_changes_nobody(door: Door, load: Load, crm_database: str) -> None:
    with engine_of(crm_database).begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE profile (userid VARCHAR(60) PRIMARY KEY, company VARCHAR(60) UNIQUE, seats INTEGER)")
        )
    text = "kind: table\ntable: profile\ndatabase: ${secret.CRM}\nkey: {userid: '${user.id}'}\n"
    text += "columns: {company: {}, seats: {type: integer}}\nfunctions: {get: {name: get_it}, set: {name: set_it}}\n"
    plugins = [load(text)]
    assert await door.prepare(plugins) == []
    assert (await door.call(plugins, "set_it", {"company": "One", "seats": 1}, ANN)).status == "ok"
    assert (await door.call(plugins, "set_it", {"company": "One", "seats": 2}, BEN)).status == "failed"
    assert (await door.call(plugins, "get_it", "{}", ANN)).value == {"company": "One", "seats": 1}
    assert (await door.call(plugins, "get_it", "{}", BEN)).value == {}


async def test_differences_from_the_real_table_are_told(door: Door, load: Load, crm_database: str) -> None:
    with engine_of(crm_database).begin() as connection:
        connection.execute(sa.text("CREATE TABLE profile (userid VARCHAR(60) PRIMARY KEY, seats VARCHAR(20))"))
    problem = (await door.prepare([load(ELSEWHERE.replace("create: true\n", ""))]))[0][1]
    assert "it has no column `company`" in problem
    assert "`seats` is VARCHAR(20)" in problem
    assert "there and integer here" in problem
