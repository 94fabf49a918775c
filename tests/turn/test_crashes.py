"""The server killed and callers who leave: what was acknowledged is stored once, every `end` has its answer."""

from __future__ import annotations

import asyncio
import random
import subprocess
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.llm.wires import Answer, WireServer
from tests.running import Gate, RunningServer, Visitor, events, new_message_id

KILLS = 20
CHATTERS = 4


@dataclass
class Ledger:
    """What the server has told its callers."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)


def chat_until(stop: threading.Event, visitor: Visitor, ledger: Ledger) -> None:
    """Sends messages one after the other; one that broke off is sent again under its own id."""
    number = 0
    while not stop.is_set():
        number += 1
        message_id = new_message_id()
        text = f"message {number} of {visitor.id}"
        while message_id not in ledger.ended and not stop.is_set():
            _once(visitor, message_id, text, ledger)


def _once(visitor: Visitor, message_id: str, text: str, ledger: Ledger) -> None:
    body: dict[str, Any] = {"persona": "guide", "message": {"text": text}, "client_message_id": message_id}
    if visitor.conversation:
        body["conversation_id"] = visitor.conversation
    received = ""
    try:
        with (
            visitor.server.client(visitor.token, timeout=10) as client,
            client.stream("POST", "/api/v1/chat", json=body, headers={"accept": "text/event-stream"}) as answer,
        ):
            if answer.status_code != 200:
                return
            for piece in answer.iter_text():
                received += piece
    except httpx.TransportError:
        pass
    for _, kind, data in events(received[: received.rfind("\n\n") + 2]):
        if kind == "start":
            ledger.acknowledged[message_id] = text
        if kind == "end":
            visitor.conversation = visitor.conversation or data["conversation_id"]
            ledger.ended[message_id] = data["reply"]["text"]


def test_twenty_kills_lose_and_double_nothing(own_server: RunningServer) -> None:
    visitors = [own_server.visitor() for _ in range(CHATTERS)]
    for visitor in visitors:
        visitor.say(f"Hello from {visitor.id}")
    ledger, stop, chance = Ledger(), threading.Event(), random.Random(7)
    threads = [threading.Thread(target=chat_until, args=(stop, visitor, ledger)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        threading.Event().wait(chance.uniform(0.05, 0.4))
        own_server.kill()
        own_server.start()
    threading.Event().wait(0.5)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert len(ledger.acknowledged) >= KILLS
    stored: list[dict[str, Any]] = []
    with own_server.client() as client:
        for visitor in visitors:
            stored += client.get(f"/api/v1/conversations/{visitor.conversation}").json()["messages"]
    said = [m["text"] for m in stored if m["role"] == "customer"]
    assert len(said) == len(set(said)), "a message is doubled"
    assert set(ledger.acknowledged.values()) <= set(said), "an acknowledged message is lost"
    answers = {m["turn_id"]: m["text"] for m in stored if m["role"] == "assistant"}
    by_text = {m["text"]: m["turn_id"] for m in stored if m["role"] == "customer"}
    for message_id, reply in ledger.ended.items():
        assert answers[by_text[ledger.acknowledged[message_id]]] == reply


@pytest.fixture
async def wire() -> AsyncIterator[WireServer]:
    async with WireServer() as running:
        yield running


def _with_model(home: Path, wire: WireServer) -> RunningServer:
    path = home / "personas.d" / "guide.yaml"
    path.write_text("model: openai/gpt-5-mini\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    return RunningServer(home, env=wire.environ)


async def test_a_turn_that_a_crash_cut_is_finished_under_its_own_id(home: Path, wire: WireServer) -> None:
    gate = asyncio.Event()
    wire.script("gpt-5-mini", [Answer("never", hold=gate), Answer("Here I am again.")])
    server = await asyncio.to_thread(_with_model(home, wire).start)
    try:
        visitor = await asyncio.to_thread(server.visitor)
        body = {"persona": "guide", "message": {"text": "Hello"}, "client_message_id": "cut-1"}
        headers = {"authorization": f"Bearer {visitor.token}", "accept": "text/event-stream"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60, trust_env=False) as client:
            async with client.stream("POST", "/api/v1/chat", json=body) as answer:
                first = await anext(answer.aiter_text())
                turn_id = events(first)[0][2]["turn_id"]
                await wire.arrived.wait() if isinstance(wire.arrived, asyncio.Event) else None
                await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            gone = await client.get(f"/api/v1/turns/{turn_id}/events")
            assert gone.status_code == 404
            again = await client.post("/api/v1/chat", json=body)
        story = events(again.text)
        assert story[0][2]["turn_id"] == turn_id
        assert story[-1][2]["reply"]["text"].startswith("Here I am again.")
        conversation = story[-1][2]["conversation_id"]
        async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as client:
            messages = (await client.get(f"/api/v1/conversations/{conversation}")).json()["messages"]
        assert [m["role"] for m in messages] == ["customer", "assistant"]
    finally:
        gate.set()
        server.kill()


async def test_a_caller_who_leaves_does_not_stop_the_turn(home: Path, wire: WireServer) -> None:
    gate = asyncio.Event()
    wire.script("gpt-5-mini", [Answer("One two three four.", hold=gate, hold_after=2)])
    server = await asyncio.to_thread(_with_model(home, wire).start)
    try:
        visitor = await asyncio.to_thread(server.visitor)
        body = {"persona": "guide", "message": {"text": "Hello"}}
        headers = {"authorization": f"Bearer {visitor.token}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60, trust_env=False) as client:
            stream = {"accept": "text/event-stream"}
            async with client.stream("POST", "/api/v1/chat", json=body, headers=stream) as answer:
                seen = ""
                async for piece in answer.aiter_text():
                    seen += piece
                    if "event: delta" in seen:
                        break
            gate.set()
            whole = seen[: seen.rfind("\n\n") + 2]
            turn_id, last = events(whole)[0][2]["turn_id"], events(whole)[-1][0]
            rest = await client.get(f"/api/v1/turns/{turn_id}/events", headers={"last-event-id": str(last)})
            everything = await client.get(f"/api/v1/turns/{turn_id}/events")
        assert everything.text == whole + rest.text
        assert events(everything.text)[-1][1] == "end"
        assert events(everything.text)[-1][2]["reply"]["text"].startswith("One two three four.")
    finally:
        gate.set()
        server.kill()


def test_the_same_message_after_a_restart_gives_its_stored_end(own_server: RunningServer) -> None:
    visitor = own_server.visitor()
    first = visitor.say("What does it cost?", client_message_id="kept-1")
    visitor.conversation = None
    own_server.kill()
    own_server.start()
    assert visitor.say("What does it cost?", client_message_id="kept-1") == first
    with own_server.client(visitor.token) as client:
        told = events(client.get(f"/api/v1/turns/{first['turn_id']}/events").text)
    assert [(kind, data) for _, kind, data in told] == [("end", first)]


def test_a_stopping_server_lets_its_turns_finish(home: Path, database_url: str, gate: Gate) -> None:
    gate.furnish(home)
    server = RunningServer(home, database_url, gate.env).start()
    visitor = server.visitor()
    answers: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: answers.append(visitor.say("What does it cost?", persona="slow")))
    with gate.held():
        thread.start()
        gate.wait_until_reached()
        assert server.process is not None
        server.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(0.5)
    status = server.stop()
    thread.join(30)
    assert answers[0]["reply"]["text"]
    assert status == 0
    assert "Traceback" not in server.log()
