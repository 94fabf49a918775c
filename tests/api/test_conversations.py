"""Conversations as customers and the house read them: lists, pages, search, feedback, resumed events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.running import RunningServer, Visitor, events, new_message_id


def test_pages_of_conversations_have_each_once_the_last_changed_first(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    made: list[str | None] = []
    for n in range(5):
        visitor.conversation = None
        visitor.say(f"Hello number {n}")
        made.append(visitor.conversation)
    visitor.conversation = made[1]
    visitor.say("And once more")
    order = [made[1], made[4], made[3], made[2], made[0]]
    for limit in (1, 2, 4, 500):
        found, cursor = [], None
        with any_server.client(visitor.token) as client:
            while True:
                query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
                page = client.get("/api/v1/conversations", params=query).json()
                assert page["total"] == 5
                found += [item["id"] for item in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
        assert found == order


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("你们有没有仓库机器人的月租方案？", ["仓库", "月租", "机器人的"]),
        ("Is the GATEWAY for greenhouses waterproof?", ["gateway", "GREENhouses", "gateway for"]),
        ("What about 100 % uptime_guarantee!", ["100 %", "uptime_g", "guarantee!"]),
        ("Prüfen Sie Ölfilter und ÄRMEL?", ["ölfilter", "Ärmel", "PRÜFEN"]),
    ],
)
def test_a_conversation_is_found_by_its_words(any_server: RunningServer, said: str, words: list[str]) -> None:
    visitor = any_server.visitor()
    visitor.say(said)
    with any_server.client(visitor.token) as client:
        for word in words:
            items = client.get("/api/v1/conversations", params={"q": word}).json()["items"]
            assert [item["id"] for item in items] == [visitor.conversation], word
        for word in ("仓机", "nobody said this", "100%%", "uptimeXg"):
            assert client.get("/api/v1/conversations", params={"q": word}).json()["items"] == [], word
    with any_server.client() as client:
        query = {"q": words[0], "user_id": visitor.id, "persona": "guide"}
        assert client.get("/api/v1/conversations", params=query).json()["total"] == 1
        assert client.get("/api/v1/conversations", params={**query, "persona": "adviser"}).json()["total"] == 0


def test_a_row_shows_first_and_last_words_and_how_the_lead_stands(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    visitor.say("我们公司是云帆科技有限公司。" + "有哪些产品？" * 40)
    answer = visitor.say("You can call me at +49 30 901820.")
    lead = visitor.lead()
    assert lead
    with any_server.client() as client:
        (row,) = client.get("/api/v1/conversations", params={"user_id": visitor.id}).json()["items"]
    assert row["preview"] == ("我们公司是云帆科技有限公司。" + "有哪些产品？" * 40)[:140]
    assert row["last_message"] == answer["reply"]["text"][:140]
    assert (row["message_count"], row["contact"], row["lead_id"], row["lead_stage"]) == (
        *(4, True),
        *(lead["id"], lead["stage"]),
    )
    with any_server.client(visitor.token) as client:
        (own,) = client.get("/api/v1/conversations").json()["items"]
    assert own["message_count"] == 4
    assert not {"contact", "lead_id", "lead_stage"} & set(own)


def test_conversations_by_page_and_time(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    made: list[str | None] = []
    for n in range(3):
        visitor.conversation = None
        visitor.say(f"Hello number {n}")
        made.insert(0, visitor.conversation)
    with any_server.client() as client:

        def ids(**query: Any) -> list[str]:
            page = client.get("/api/v1/conversations", params={"user_id": visitor.id, **query}).json()
            assert page["total"] == 3 or {"from", "to"} & set(query)
            return [item["id"] for item in page["items"]]

        assert [ids(limit=2, page=number) for number in (1, 2, 3)] == [made[:2], made[2:], []]
        rows = client.get("/api/v1/conversations", params={"user_id": visitor.id}).json()["items"]
        assert ids(**{"from": rows[1]["updated_at"]}) == made[:2]
        assert ids(to=rows[1]["created_at"]) == made[2:]
        assert ids(**{"from": "2020-01-01", "to": "2020-12-31"}) == []
        refused: tuple[dict[str, Any], ...] = ({"page": 1, "cursor": "x"}, {"page": 0}, {"from": "soon"})
        for wrong in refused:
            assert client.get("/api/v1/conversations", params=wrong).status_code == 422, wrong


def test_a_test_chat_is_taken_back_and_a_customers_own_is_not(any_server: RunningServer) -> None:
    user = f"cust-{new_message_id()}"
    with any_server.client() as client:

        def say(text: str, **more: Any) -> dict[str, Any]:
            body = {"persona": "guide", "message": {"text": text}, "as_user": user, **more}
            found: dict[str, Any] = client.post("/api/v1/chat", json=body).json()
            return found

        first = say("We are Harbour Light Robotics.")
        conversation = first["conversation_id"]
        second = say("My phone is +49 30 901820.", conversation_id=conversation, client_message_id=new_message_id())
        path = f"/api/v1/conversations/{conversation}/takeback"
        taken = {"text": "My phone is +49 30 901820.", "conversation_id": conversation, "messages_left": 2, "stays": []}
        assert client.post(path).json() == taken
        shown = client.get(f"/api/v1/conversations/{conversation}").json()
        assert [m["turn_id"] for m in shown["messages"]] == [first["turn_id"]] * 2
        assert client.get(f"/api/v1/turns/{second['turn_id']}/events").status_code == 404
        (lead,) = client.get("/api/v1/leads", params={"user_id": user, "test": True}).json()["items"]
        assert (set(lead["fields"]), lead["contact"]) == ({"company"}, False)
        assert client.post(path).json()["messages_left"] == 0
        assert client.post(path).status_code == 422
        assert client.get("/api/v1/leads", params={"user_id": user, "test": True}).json()["items"] == []
        visitor = any_server.visitor()
        visitor.say("Hello")
        assert client.post(f"/api/v1/conversations/{visitor.conversation}/takeback").status_code == 403


def test_a_conversation_carries_its_messages_and_turns(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    answers = [visitor.say("Hello"), visitor.say("What does it cost?")]
    with any_server.client(visitor.token) as client:
        own = client.get(f"/api/v1/conversations/{visitor.conversation}").json()
    assert {"id", "user_id", "persona", "persona_version", "channel", "status", "created_at", "updated_at"} <= set(own)
    assert [(m["role"], m["turn_id"]) for m in own["messages"]] == [
        (role, answer["turn_id"]) for answer in answers for role in ("customer", "assistant")
    ]
    assert [m["text"] for m in own["messages"] if m["role"] == "assistant"] == [a["reply"]["text"] for a in answers]
    for turn, answer in zip(own["turns"], answers, strict=True):
        for name in ("model", "calls", "plan", "usage", "timings"):
            assert turn[name] == answer[name]
        assert "trace" not in turn
    with any_server.client() as client:
        inside = client.get(f"/api/v1/conversations/{visitor.conversation}").json()
    assert all("trace" in turn and turn["persona_version"] == 1 for turn in inside["turns"])
    assert not {"missed", "feedback", "lead_id"} & set(own)
    assert inside["lead_id"]
    assert all(turn["plan"]["code"] for turn in inside["turns"])


def test_a_conversation_tells_the_house_of_thumbs_and_of_what_was_missed(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    answer = visitor.say("My boss's phone number is 13812345678")
    path = f"/api/v1/conversations/{visitor.conversation}"
    with any_server.client(visitor.token) as client:
        client.post(f"{path}/feedback", json={"message_id": answer["message_id"], "score": -1, "comment": "slow"})
    with any_server.client() as client:
        inside = client.get(path).json()
    assert inside["feedback"] == [{"message_id": answer["message_id"], "score": -1, "comment": "slow"}]
    assert [(note["message_id"], note["text"], note["status"]) for note in inside["missed"]] == [
        (inside["messages"][0]["id"], "13812345678", "open")
    ]
    assert inside["missed"][0]["reason"]


def test_the_last_thumb_counts(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    answer = visitor.say("Hello")
    path = f"/api/v1/conversations/{visitor.conversation}/feedback"
    with any_server.client(visitor.token) as client:

        def thumb(status: int, **body: Any) -> None:
            assert (
                client.post(path, json={"message_id": answer["message_id"], "score": 1, **body}).status_code == status
            )

        thumb(204)
        thumb(204, score=-1, comment="not quite")
        for score in (0, 2, "1", None, 1.5):
            thumb(422, score=score)
        thumb(422, comment="x" * 2001)
        thumb(404, message_id="m_nothing")
        customer = client.get(f"/api/v1/conversations/{visitor.conversation}").json()["messages"][0]["id"]
        thumb(404, message_id=customer)
    assert feedback(any_server, visitor) == [(-1, "not quite")]


def feedback(server: RunningServer, visitor: Visitor) -> list[tuple[Any, ...]]:
    from server.storage import open_database

    database = open_database(server.database)
    try:
        return database.read_now(
            lambda tx: tx.rows("SELECT score, comment FROM feedback WHERE conversation_id = ?", visitor.conversation)
        )
    finally:
        database.close()


def test_events_resume_after_any_number_to_the_letter(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    seen = visitor.stream("What does it cost?")
    path = f"/api/v1/turns/{seen[0][2]['turn_id']}/events"
    with any_server.client(visitor.token) as client:
        for after in range(len(seen) + 2):
            assert events(client.get(path, headers={"last-event-id": str(after)}).text) == seen[after:]
        assert events(client.get(path).text) == seen
        for odd in (b"-1", b"x", b"1.5", b"9" * 12, "\u0661".encode(), b"\xb2"):
            assert client.get(path, headers=[(b"last-event-id", odd)]).status_code == 422


def test_the_card_speaks_the_asked_language(any_server: RunningServer) -> None:
    with any_server.client(None) as client:

        def greeting(**more: Any) -> str:
            card = client.get("/api/v1/personas/guide/card", **more).json()
            assert set(card) == {"title", "greeting", "suggestions", "media"}
            return str(card["greeting"])

        english, chinese = greeting(params={"locale": "en"}), greeting(params={"locale": "zh"})
        assert english != chinese
        for locale in ("zh-CN", "zh_Hant_TW", "ZH"):
            assert greeting(params={"locale": locale}) == chinese
        assert greeting(headers={"accept-language": "fr;q=0.9, zh-CN;q=0.8"}) == chinese
        assert greeting(params={"locale": "en"}, headers={"accept-language": "zh"}) == english
        assert greeting(params={"locale": "fr"}) == english
        assert client.get("/api/v1/personas/nobody/card").status_code == 404


def test_a_chat_cannot_change_its_persona_or_its_kind(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    visitor.say("Hello")
    body = {"persona": "adviser", "message": {"text": "hi"}, "conversation_id": visitor.conversation}
    with any_server.client(visitor.token) as client:
        assert client.post("/api/v1/chat", json=body).status_code == 422
        assert client.post("/api/v1/chat", json={**body, "conversation_id": "c_none"}).status_code == 404
    with any_server.client() as client:
        body = {**body, "persona": "guide", "as_user": f"cust-{new_message_id()}"}
        assert client.post("/api/v1/chat", json=body).status_code == 422
