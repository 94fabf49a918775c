"""Functions that run only on the customer's own yes to exactly these arguments, once."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.service import Service
from server.turn.consent import yes_or_no
from tests.llm.wires import Answer, WireServer
from tests.running import ROOT
from tests.turn.conftest import Customer, customer, opened, settings_for

MODEL = "gpt-5-mini"
PAGE = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
DESK = re.search(r"^# plugins.d/demo_desk.yaml\n.*?(?=^```)", PAGE, re.MULTILINE | re.DOTALL)[0]  # type: ignore[index]
"""The plugin of the page, pointed at a service on loopback."""
TUESDAY = {"day": "2026-12-01", "topic": "ready?"}


@dataclass
class Desk:
    """The service that books, and what reached it."""

    url: str = ""
    booked: list[dict[str, Any]] = field(default_factory=list)

    async def book(self, request: web.Request) -> web.Response:
        self.booked.append(await request.json())
        return web.json_response({"id": f"demo-{len(self.booked)}"}, status=201)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    state = Desk()
    app = web.Application()
    app.router.add_post("/demos", state.book)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    state.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield state
    await runner.cleanup()


@pytest.fixture
async def service(
    home: Path, new_database: Any, wire: WireServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    guide = home / "personas.d" / "guide.yaml"
    text = guide.read_text(encoding="utf-8").replace("plugins: [", "plugins: [demo_desk, ", 1)
    assert "demo_desk" in text
    monkeypatch.setenv("DESK_TOKEN", "an-example-token")
    guide.write_text(f"model: openai/{MODEL}\n{text}", encoding="utf-8")
    (home / "plugins.d" / "demo_desk.yaml").write_text(
        DESK.replace("https://desk.example.com", desk.url), encoding="utf-8"
    )
    host = desk.url.removeprefix("http://")
    async with opened(settings_for(home, new_database("sqlite"), allow_hosts=[host])) as running:
        yield running


async def asked(service: Service, wire: WireServer, *later: Answer, **more: Any) -> tuple[Customer, dict[str, Any]]:
    """A customer whom the model has just made ask for a demo on Tuesday."""
    wire.script(MODEL, [Answer(calls=[("book_demo", TUESDAY)]), *later])
    visitor = await customer(service, **more)
    return visitor, await visitor.say("I would like a demo on Tuesday")


async def test_the_server_asks_in_its_own_words_and_nothing_is_sent(
    service: Service, wire: WireServer, desk: Desk
) -> None:
    _, answer = await asked(service, wire)
    assert answer["reply"]["text"] == (
        "Please confirm: Book a demo (Day: 2026-12-01; Topic: ready?). Reply “yes” to go ahead or “no” to leave it."
    )
    assert answer["plan"]["code"] == "confirming"
    assert answer["confirm"]["function"] == "book_demo"
    assert ("book_demo", "waiting") in [(call["function"], call["status"]) for call in answer["calls"]]
    assert desk.booked == []


async def test_a_yes_runs_exactly_that_once_and_the_model_hears_of_it(
    service: Service, wire: WireServer, desk: Desk
) -> None:
    visitor, _ = await asked(service, wire, Answer("You are booked."), Answer("Anything else."))
    answer = await visitor.say("Yes, please!")
    assert desk.booked == [{"who": visitor.order.user_id, **TUESDAY}]
    assert ("book_demo", "ok") in [(call["function"], call["status"]) for call in answer["calls"]]
    assert answer["confirm"] is None
    note = wire.requests[-1]["messages"][-1]["content"]
    assert 'has called book_demo, once; say what came of it. Result: {"id": "demo-1"}' in note
    await visitor.say("yes")
    assert len(desk.booked) == 1


async def test_in_chinese(service: Service, wire: WireServer, desk: Desk) -> None:
    wire.script(MODEL, [Answer(calls=[("book_demo", {"day": "12月1日"})]), Answer("已预约。")])
    visitor = await customer(service, locale="zh", timezone="Asia/Shanghai")
    answer = await visitor.say("我想周二看演示")
    assert answer["reply"]["text"] == "请您确认：预约演示（Day：12月1日）。回复“确认”即可办理，回复“取消”则不办理。"
    await visitor.say("好的，确认。")
    assert [each["day"] for each in desk.booked] == ["12月1日"]


async def test_a_no_lets_it_go_for_good(service: Service, wire: WireServer, desk: Desk) -> None:
    visitor, _ = await asked(service, wire, Answer("As you like."), Answer("Good."))
    await visitor.say("No, thanks")
    assert "said no to book_demo" in wire.requests[-1]["messages"][-1]["content"]
    await visitor.say("Yes")
    assert desk.booked == []


async def test_anything_else_is_no_yes_and_a_later_yes_is_another_question(
    service: Service, wire: WireServer, desk: Desk
) -> None:
    visitor, answer = await asked(service, wire, Answer("It takes an hour."), Answer("Hm."), Answer("Done."))
    await visitor.say("Yes but how long does it take?")
    await visitor.say("yes")
    assert desk.booked == []
    await visitor.say("Yes", confirm=answer["confirm"]["id"], confirm_yes=True)
    assert len(desk.booked) == 1


async def test_without_a_model_the_customer_is_told_all_the_same(
    service: Service, wire: WireServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, _ = await asked(service, wire)
    monkeypatch.delenv("OPENAI_API_KEY")
    answer = await visitor.say("yes")
    assert answer["model"] == "standin"
    assert answer["reply"]["text"].startswith("That is done: Book a demo.")
    assert len(desk.booked) == 1


async def test_the_button_of_another_question_or_person_does_nothing(
    service: Service, wire: WireServer, desk: Desk
) -> None:
    visitor, answer = await asked(service, wire, Answer("Hm."), Answer("Hm."))
    stranger = await customer(service)
    await stranger.say("Yes", confirm=answer["confirm"]["id"], confirm_yes=True)
    await visitor.say("Yes", confirm="k_another", confirm_yes=True)
    assert desk.booked == []


async def test_the_same_yes_sent_twice_books_once(service: Service, wire: WireServer, desk: Desk) -> None:
    visitor, _ = await asked(service, wire, Answer("You are booked."))
    first = await visitor.say("yes", client_message_id="m-1")
    again = await visitor.say("yes", client_message_id="m-1")
    assert first == again
    assert len(desk.booked) == 1


async def test_a_yes_that_a_crash_cut_is_never_run_again_and_told_as_unknown(
    service: Service, wire: WireServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, _ = await asked(service, wire, Answer("I do not know."))
    call = service.door.call

    async def cut(*given: Any, **more: Any) -> Any:
        if more.get("confirmed"):
            raise RuntimeError("the power went")
        return await call(*given, **more)

    with monkeypatch.context() as broken:
        broken.setattr(service.door, "call", cut)
        log = await visitor.begin("yes", client_message_id="m-1")
        assert await log.done() is None
    answer = await visitor.say("yes", client_message_id="m-1")
    assert ("book_demo", "failed") in [(each["function"], each["status"]) for each in answer["calls"]]
    assert "whether it was done is not known" in wire.requests[-1]["messages"][-1]["content"]
    assert desk.booked == []


async def test_a_plugin_that_changed_since_is_asked_about_again(
    service: Service, wire: WireServer, desk: Desk, home: Path
) -> None:
    visitor, _ = await asked(service, wire, Answer("Let me ask again."))
    file = home / "plugins.d" / "demo_desk.yaml"
    file.write_text(file.read_text("utf-8").replace("/demos", "/orders"), encoding="utf-8")
    service.catalog.refresh_now()
    answer = await visitor.say("yes")
    assert ("book_demo", "refused") in [(each["function"], each["status"]) for each in answer["calls"]]
    assert desk.booked == []


async def test_what_nobody_could_read_is_not_asked(service: Service, wire: WireServer, desk: Desk) -> None:
    long = {"day": "2026-12-01", "topic": "x" * 2_000}
    wire.script(MODEL, [Answer(calls=[("book_demo", long)]), Answer("Say it shorter.")])
    visitor = await customer(service)
    answer = await visitor.say("A demo")
    assert answer["confirm"] is None
    assert ("book_demo", "refused") in [(each["function"], each["status"]) for each in answer["calls"]]


async def test_what_waits_goes_with_the_person(service: Service, wire: WireServer) -> None:
    visitor, _ = await asked(service, wire)
    rows = await service.database.read(lambda tx: tx.rows("SELECT arguments FROM confirmation"))
    assert [json.loads(row[0]) for row in rows] == [TUESDAY]
    await service.people.erase(visitor.order.user_id, "Ann")
    assert await service.database.read(lambda tx: tx.rows("SELECT * FROM confirmation")) == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *[(text, "yes") for text in ("yes", "Yes!", "ok, go ahead", "Sure, please do.", "Yes. Thank you!")],
        *[(text, "yes") for text in ("是的", "好的，谢谢", "确认", "可以。", "嗯嗯", "没问题，办理吧", "ＯＫ")],
        *[(text, "no") for text in ("no", "No thanks.", "cancel that", "don't", "不用了，谢谢", "取消", "算了吧")],
        *[(text, None) for text in ("yes but on Friday", "yes?", "is it free", "yes no", "not sure", "ok what else")],
        *[(text, None) for text in ("可以改到周五吗", "好的，不过改成下午", "确认一下价格", "是吗", "不是周二", "")],
    ],
)
def test_only_a_plain_yes_or_no_counts(text: str, meant: str | None) -> None:
    assert yes_or_no(text) == meant
