"""Taking the last message of a test or console chat back: afterwards it is as if it had never been said."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from server.errors import Conflict, Forbidden, Invalid
from server.leads.edit import document
from server.service import Service
from server.storage import conversations
from server.storage.owner import EVERYONE
from server.turn.takeback import TakenBack
from tests.llm.wires import Answer, Call, WireServer
from tests.running import Gate
from tests.turn.conftest import Customer, customer, opened, settings_for

TABLES = ("message", "turn", "missed", "unanswered", "feedback", "scratch", "lead", "lead_field", "lead_change")


async def tester(service: Service, **more: Any) -> Customer:
    return await customer(service, test=True, channel="console", **more)


async def take_back(person: Customer) -> TakenBack:
    assert person.order.conversation_id
    return await person.service.turns.take_back(person.order.conversation_id, "eva@example.com")


async def rows(service: Service) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a turn may leave, and the planner's memory."""
    found = await service.database.read(
        lambda tx: {name: sorted(map(repr, tx.rows(f"SELECT * FROM {name}"))) for name in TABLES}
    )
    memory = await service.database.read(
        lambda tx: tx.rows("SELECT id, state, turns, persona_version FROM conversation")
    )
    return {**found, "memory": sorted(memory)}  # type: ignore[dict-item]


def without_times(found: dict[str, Any], lead: Any) -> dict[str, Any]:
    """The rows, with the lead by its document: its time of change may move on."""
    shown = {**document(lead), "updated_at": ""} if lead else None
    return {**found, "lead": shown}


async def test_a_phone_that_is_taken_back_was_never_said(service: Service) -> None:
    person = await tester(service)
    await person.say("We are Harbour Light Robotics. Which products are there?")
    before = without_times(await rows(service), await person.lead(test=True))
    answer = await person.say("My phone is +49 30 901820, and I am Ada. Do you sell submarines?")
    assert set(answer["captured"]) >= {"phone", "name"}
    taken = await take_back(person)
    assert taken.text.startswith("My phone is +49 30 901820")
    assert (taken.conversation_id, taken.messages_left, taken.stays) == (person.order.conversation_id, 2, ())
    assert without_times(await rows(service), await person.lead(test=True)) == before
    lead = await person.lead(test=True)
    assert lead
    assert set(lead.fields) == {"company"}
    assert lead.contact is False
    with pytest.raises(Exception, match="no turn of that id"):
        await service.turns.events(answer["turn_id"], EVERYONE)
    again = await person.say("What does it cost?")
    assert "901820" not in orjson.dumps(again).decode()


async def test_the_planner_asks_again_what_it_had_asked_in_the_answer_taken_back(service: Service) -> None:
    person = await tester(service)
    await person.say("Which products are there?")
    words = "We are Harbour Light Robotics. How quickly can we start?"
    asked = await person.say(words)
    assert asked["plan"]["action"] == "ASK"
    await take_back(person)
    assert (await person.say(words))["plan"] == asked["plan"]


async def test_the_first_message_can_be_taken_back_and_then_nothing_is_left(service: Service) -> None:
    person = await tester(service)
    empty = {**await rows(service), "memory": []}
    await person.say("We are Harbour Light Robotics, +49 30 901820.")
    assert (await take_back(person)).messages_left == 0
    left = await rows(service)
    assert {**left, "memory": []} == empty
    assert [tuple(row[1:3]) for row in left["memory"]] == [("{}", 0)]
    with pytest.raises(Invalid, match="Nothing is left"):
        await take_back(person)
    answer = await person.say("Hello")
    assert answer["plan"]["reason"]
    assert await person.lead(test=True)


async def test_an_earlier_value_comes_back_and_what_a_person_edited_stays(service: Service) -> None:
    person = await tester(service)
    await person.say("We are Harbour Light Robotics.")
    await person.say("Actually, we are Quiet Fjord Labs. My phone is +49 30 901820.")
    lead = await person.lead(test=True)
    assert lead
    assert lead.fields["company"].value == "Quiet Fjord Labs"
    await service.edit_lead(lead.id, {"phone": "+49 30 555555", "name": "Ada"}, None, "eva@example.com")
    await take_back(person)
    lead = await person.lead(test=True)
    assert lead
    assert {name: row.value for name, row in lead.fields.items()} == {
        "company": "Harbour Light Robotics",
        "phone": "+49 30 555555",
        "name": "Ada",
    }
    assert lead.contact is True


async def test_opting_out_is_taken_back(service: Service) -> None:
    person = await tester(service)
    await person.say("Which products are there?")
    await person.say("Do not contact me, and delete my data.")
    lead = await person.lead(test=True)
    assert lead
    assert (lead.opted_out, lead.exit) == (True, "opted_out")
    await take_back(person)
    lead = await person.lead(test=True)
    assert lead
    assert (lead.opted_out, lead.exit) == (False, None)


async def test_a_console_chat_that_is_no_test_gives_the_mirror_back_too(service: Service) -> None:
    person = await customer(service, channel="console")
    await person.say("We are Harbour Light Robotics.")
    await person.say("Sorry, we are Quiet Fjord Labs. My phone is +49 30 901820.")
    sql = "SELECT company, phone FROM profile WHERE userid = ?"
    user = person.order.user_id
    assert await service.database.read(lambda tx: tx.row(sql, user)) == ("Quiet Fjord Labs", "+4930901820")
    assert (await take_back(person)).stays == ()
    assert await service.database.read(lambda tx: tx.row(sql, user)) == ("Harbour Light Robotics", None)
    await person.say("Hello")
    assert await person.values() == {"company": "Harbour Light Robotics"}


async def test_a_customers_own_conversation_is_left_alone(service: Service) -> None:
    person = await customer(service, channel="web")
    await person.say("My phone is +49 30 901820.")
    before = await rows(service)
    with pytest.raises(Forbidden):
        await take_back(person)
    assert await rows(service) == before


async def test_nothing_is_taken_back_while_an_answer_is_made(home: Path, new_database: Any, gate: Gate) -> None:
    gate.furnish(home)
    hosts = (f"127.0.0.1:{gate.port}",)
    async with opened(settings_for(home, new_database("sqlite"), allow_hosts=",".join(hosts))) as service:
        person = await tester(service, persona="slow")
        with gate.held():
            log = await person.begin("Hello")
            await asyncio.to_thread(gate.wait_until_reached)
            with pytest.raises(Conflict):
                await take_back(person)
        await log.done()
        assert (await take_back(person)).text == "Hello"


async def test_the_model_and_its_functions_forget_what_was_taken_back(
    home: Path, new_database: Any, wire: WireServer
) -> None:
    path = home / "personas.d/guide.yaml"
    path.write_text("model: openai/gpt-5-mini\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    store = Call("set_customer_profile", '{"product": "freezer vans"}')
    wire.script("gpt-5-mini", [Answer("Hello."), Answer(calls=[store]), Answer("Noted."), Answer("Fine.")])
    async with opened(settings_for(home, new_database("sqlite"))) as service:
        person = await tester(service)
        await person.say("Good morning")
        await person.say("We are after freezer vans, call +49 30 901820")
        sql = "SELECT count(*) FROM scratch"
        assert await service.database.read(lambda tx: tx.row(sql)) == (1,)
        await take_back(person)
        assert await service.database.read(lambda tx: tx.row(sql)) == (0,)
        await person.say("Something else")
        sent = orjson.dumps(wire.requests[-1]).decode()
    assert "Good morning" in sent
    assert "Something else" in sent
    assert "901820" not in sent
    assert "freezer vans" not in sent


async def test_a_failed_turn_is_taken_back_as_well(service: Service) -> None:
    person = await tester(service)
    await person.say("Hello")
    conversation = person.order.conversation_id or ""
    other = replace(person, order=replace(person.order))
    await other.say("My phone is +49 30 901820.")
    await service.database.write(
        lambda tx: tx.run(
            "UPDATE turn SET status = 'failed', answer = '{}' WHERE conversation_id = ? AND seq = 2", conversation
        )
    )
    assert (await take_back(person)).text == "My phone is +49 30 901820."
    held = await service.database.read(lambda tx: conversations.messages(tx, conversation))
    assert [message.role for message in held] == ["customer", "assistant"]
