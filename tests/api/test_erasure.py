"""Erasure: one call, and nothing of a person is left in any file, table, stream or token - nor comes back."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import furnish
from tests.running import Gate, RunningServer, Visitor, customer_token, new_message_id

MARKS = tuple(f"Zqx{n:02}marked" for n in range(20))


def leads_of(server: RunningServer, user_id: str) -> list[dict[str, Any]]:
    with server.client() as client:
        items = client.get("/api/v1/leads?limit=500").json()["items"]
        items += client.get("/api/v1/leads?limit=500&test=true").json()["items"]
    return [item for item in items if item["user_id"] == user_id]


def erase(server: RunningServer, lead_id: str) -> None:
    with server.client() as client:
        answer = client.delete(f"/api/v1/leads/{lead_id}")
    assert answer.status_code == 204, answer.text


def leave_traces(server: RunningServer) -> tuple[Visitor, list[str], list[str]]:
    """A person who leaves each of 20 marked strings somewhere: (person, turns, tokens)."""
    with server.client(None) as client:
        body: dict[str, Any] = {"locale": "en", "page": f"https://shop.example/{MARKS[0]}", "channel": MARKS[1]}
        made = client.post("/api/v1/visitors", json=body).json()
    person = Visitor(server, made["visitor_id"], made["token"])
    turns = [
        person.say(f"We are {MARKS[2]} Robotics. Which products are there?")["turn_id"],
        person.say(f"My WeChat is {MARKS[3]}, and my email is {MARKS[4]}@example.com.")["turn_id"],
        person.say(f"Do you sell {MARKS[5]}?", client_message_id=MARKS[6])["turn_id"],
        person.say(f"My phone is 12345, extension {MARKS[7]}")["turn_id"],
    ]
    last = person.say(f"I am {MARKS[8]}. 我在{MARKS[9]}公司工作。")
    with server.client(person.token) as client:
        path = f"/api/v1/conversations/{last['conversation_id']}/feedback"
        thumb = {"message_id": last["message_id"], "score": -1, "comment": MARKS[10]}
        assert client.post(path, json=thumb).status_code == 204
    (lead,) = leads_of(server, person.id)
    with server.client() as client:
        fields = {"company": MARKS[11], "product": f"long {MARKS[12]} " + "y" * 250, "name": MARKS[13]}
        assert client.patch(f"/api/v1/leads/{lead['id']}", json={"fields": fields}).status_code == 200
        assert client.patch(f"/api/v1/leads/{lead['id']}", json={"fields": {"name": None}}).status_code == 200
        client.get(f"/api/v1/leads/{lead['id']}")
        client.get("/api/v1/leads.csv")
    sub = f"cust-{MARKS[14]}-{new_message_id()}"
    with server.client(person.token) as client:
        token = customer_token(sub, name=MARKS[15])
        known = client.post("/api/v1/visitors/identify", json={"customer_token": token}).json()
    person = Visitor(server, sub, known["token"])
    turns.append(person.say(f"It is {MARKS[16]} again. " + "z" * 9000 + MARKS[17], persona="adviser")["turn_id"])
    with server.client() as client:
        body = {"persona": "guide", "message": {"text": f"We are {MARKS[18]} Ltd."}, "as_user": sub}
        turns.append(client.post("/api/v1/chat", json=body).json()["turn_id"])
        path = "/api/v1/plugins/customer_profile/functions/set_customer_profile/try"
        assert client.post(path, json={"args": {"company": MARKS[19]}, "as_user": sub}).status_code == 200
    return person, turns, [made["token"], known["token"]]


def crowd(server: RunningServer, people: int) -> list[Visitor]:
    """Others who chat, so that pages of the database are shared, split and moved."""

    def chat(n: int) -> Visitor:
        other = server.visitor()
        other.say(f"We are Quiet Fjord {n} Labs. Which products are there?")
        other.say("Do you sell umbrellas?" + " please" * (n * 37 % 200))
        return other

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(chat, range(people)))


def assert_gone(server: RunningServer, person: Visitor, turns: list[str], tokens: list[str], leads: list[str]) -> None:
    with server.client() as client:
        for path in [f"/api/v1/turns/{turn}/events" for turn in turns] + [f"/api/v1/leads/{lead}" for lead in leads]:
            assert client.get(path).status_code == 404, path
        for test in ("false", "true"):
            found = client.get(f"/api/v1/conversations?limit=500&test={test}&user_id={person.id}").json()
            assert found["items"] == []
        for path in ("leads/missed", "questions/unanswered", "plugins/customer_profile/calls"):
            text = client.get(f"/api/v1/{path}?limit=500").text
            assert [mark for mark in MARKS if mark in text] == [], path
    for token in tokens:
        with server.client(token) as client:
            assert client.get("/api/v1/me").status_code == 401
            body = {"persona": "guide", "message": {"text": "hi"}}
            assert client.post("/api/v1/chat", json=body).status_code == 401


def left_in_files(*folders: Path) -> list[tuple[str, str]]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    data = {path.name: path.read_bytes() for path in files}
    return [(mark, name) for name, text in data.items() for mark in MARKS if mark.encode() in text]


def left_in_tables(uri: str) -> list[tuple[str, str]]:
    found = []
    with psycopg.connect(uri) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            text = str(connection.execute(f'SELECT * FROM "{name}"').fetchall())
            found += [(mark, name) for mark in MARKS if mark in text]
    return found


def stored(server: RunningServer) -> list[tuple[str, str]]:
    """(mark, file or table) of every mark that the server still holds."""
    if server.database.startswith("postgresql"):
        return left_in_tables(server.database)
    return left_in_files(server.home / "data", Path(server.database.removeprefix("sqlite:///")).parent)


def test_no_byte_of_a_person_is_left(own_server: RunningServer) -> None:
    before = crowd(own_server, 12)
    person, turns, tokens = leave_traces(own_server)
    after = crowd(own_server, 12)
    assert {mark for mark, _ in stored(own_server)} == set(MARKS)
    leads = [lead["id"] for lead in leads_of(own_server, person.id)]
    assert len(leads) == 3
    reading = _readers(own_server)
    erase(own_server, leads[0])
    reading.set()
    assert stored(own_server) == []
    assert_gone(own_server, person, turns, tokens, leads)
    log = own_server.log()
    assert [mark for mark in MARKS if mark in log] == []
    for other in before + after:
        assert other.lead()
        with own_server.client(other.token) as client:
            assert len(client.get(f"/api/v1/conversations/{other.conversation}").json()["messages"]) == 4
    with own_server.client() as client:
        assert client.delete(f"/api/v1/leads/{leads[0]}").status_code == 404
    own_server.stop()
    assert stored(own_server) == []
    own_server.start()
    assert_gone(own_server, person, turns, tokens, leads)
    assert stored(own_server) == []


def _readers(server: RunningServer) -> threading.Event:
    """Somebody who reads all the time, as consoles do, until the event is set."""
    done = threading.Event()

    def read() -> None:
        with server.client() as client:
            while not done.is_set():
                client.get("/api/v1/leads?limit=500")

    threading.Thread(target=read, daemon=True).start()
    return done


@pytest.fixture
def slow_server(tmp_path: Path, gate: Gate) -> Iterator[RunningServer]:
    """A server whose persona `slow` the test can hold."""
    home = furnish(tmp_path)
    gate.furnish(home)
    running = RunningServer(home, "", gate.env).start()
    yield running
    running.kill()


def test_a_running_turn_does_not_bring_a_person_back(slow_server: RunningServer, gate: Gate) -> None:
    """Erasure waits for a turn that ends soon, and ends one that does not; either way nothing is left of it."""
    person = slow_server.visitor()
    first = person.say(f"We are {MARKS[0]} Robotics.", persona="slow")
    (lead,) = leads_of(slow_server, person.id)
    with ThreadPoolExecutor(4) as pool:
        with gate.held():
            turn = pool.submit(_post, person, f"My number is 030 {MARKS[1]}")
            gate.wait_until_reached()
            waiting = pool.submit(_post, person, f"Also {MARKS[2]}")
            erasing = pool.submit(erase, slow_server, lead["id"])
            erasing.result(40)  # the gate stays shut: what has not ended after 15 seconds is ended
        assert turn.result() in (200, 404, 503)
        assert waiting.result() in (401, 404, 503)
    assert leads_of(slow_server, person.id) == []
    with slow_server.client() as client:
        assert client.get(f"/api/v1/conversations/{first['conversation_id']}").status_code == 404
        assert client.get(f"/api/v1/turns/{first['turn_id']}/events").status_code == 404
    assert left_in_files(slow_server.home / "data") == []
    rows = sqlite3.connect(slow_server.home / "data/rapport.db").execute("SELECT count(*) FROM turn").fetchone()
    assert rows == (0,)
    assert "Traceback" not in slow_server.log()


def test_erasing_waits_for_a_turn_that_ends_soon(any_server: RunningServer, gate: Gate) -> None:
    person = any_server.visitor()
    person.say("We are Harbour Light Robotics.", persona="slow")
    (lead,) = leads_of(any_server, person.id)
    with ThreadPoolExecutor(2) as pool:
        with gate.held():
            turn = pool.submit(_post, person, "And then?")
            gate.wait_until_reached()
            erasing = pool.submit(erase, any_server, lead["id"])
        assert turn.result() == 200
        erasing.result()
    assert leads_of(any_server, person.id) == []
    with any_server.client(person.token) as client:
        assert client.get("/api/v1/me").status_code == 401


def _post(person: Visitor, text: str) -> int:
    body = {"persona": "slow", "message": {"text": text}, "conversation_id": person.conversation}
    with person.server.client(person.token) as client:
        return client.post("/api/v1/chat", json=body).status_code
