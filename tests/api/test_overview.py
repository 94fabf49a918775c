"""The first page: days by the viewer's own clock, first steps, what is broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.clock import rfc3339
from server.storage import open_database
from tests.running import RunningServer


def seen(server: RunningServer, timezone: str = "Europe/Berlin") -> dict[str, Any]:
    with server.client() as client:
        answer = client.get("/api/v1/overview", params={"timezone": timezone})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def move_to(server: RunningServer, user_id: str, at: datetime) -> None:
    """Makes all that this person did happen at that moment."""
    when = rfc3339(at)
    database = open_database(server.database)

    def work(tx: Any) -> None:
        own = "(SELECT id FROM conversation WHERE user_id = ?)"
        tx.run(f"UPDATE message SET at = ? WHERE conversation_id IN {own}", when, user_id)
        tx.run("UPDATE conversation SET created_at = ?, updated_at = ? WHERE user_id = ?", when, when, user_id)
        tx.run("UPDATE lead_change SET at = ? WHERE lead_id IN (SELECT id FROM lead WHERE user_id = ?)", when, user_id)
        tx.run("UPDATE lead SET created_at = ?, updated_at = ? WHERE user_id = ?", when, when, user_id)

    try:
        database.write_now(work)
    finally:
        database.close()


def test_a_new_house_then_first_steps_then_numbers_by_day(own_server: RunningServer) -> None:
    fresh = seen(own_server)
    assert fresh["checklist"] == dict.fromkeys(
        ("chat_tried", "model_connected", "prompt_changed", "published", "lead_seen"), False
    )
    assert fresh["totals"] == {"conversations": 0, "leads": 0}
    assert (len(fresh["week"]), fresh["broken"], fresh["missed_open"], fresh["unanswered"]) == (7, [], 0, 0)
    visitor = own_server.visitor()
    visitor.say("We are Harbour Light Robotics, +49 30 901820. My QQ is 123456789.")
    visitor.say("Do you deliver to the moon by submarine?")
    with own_server.client() as client:
        body = {"persona": "guide", "message": {"text": "Hello, I am Ada"}, "as_user": "cust-1"}
        assert client.post("/api/v1/chat", json=body).status_code == 200
    now = seen(own_server)
    counted = {"conversations": 1, "messages": 4, "leads": 1, "contacts": 1}
    assert {name: now["today"][name] for name in counted} == counted
    assert now["yesterday"] | counted != now["yesterday"]
    assert now["week"][6] == {"day": now["week"][6]["day"], "conversations": 1, "contacts": 1}
    assert (now["totals"], now["missed_open"], now["unanswered"]) == ({"conversations": 1, "leads": 1}, 1, 1)
    steps = now["checklist"]
    assert (steps["chat_tried"], steps["lead_seen"], steps["published"]) == (True, True, False)


def test_days_begin_at_midnight_of_the_time_zone(own_server: RunningServer) -> None:
    visitor = own_server.visitor()
    visitor.say("You can call me at +49 30 901820.")
    for timezone in ("Pacific/Auckland", "America/Los_Angeles", "UTC"):
        zone = ZoneInfo(timezone)
        midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        for moment, day in ((midnight, "today"), (midnight - timedelta(milliseconds=1), "yesterday")):
            move_to(own_server, visitor.id, moment.astimezone(UTC))
            found = seen(own_server, timezone)
            for name in ("today", "yesterday"):
                expected = (1, 2, 1, 1) if name == day else (0, 0, 0, 0)
                counts = tuple(found[name][key] for key in ("conversations", "messages", "leads", "contacts"))
                assert counts == expected, (timezone, day, name)
            assert found["today"]["from"] == rfc3339(midnight.astimezone(UTC))
            assert [each["day"] for each in found["week"]][-1] == midnight.date().isoformat()
        move_to(own_server, visitor.id, (midnight - timedelta(days=5, hours=12)).astimezone(UTC))
        assert [each["contacts"] for each in seen(own_server, timezone)["week"]] == [1, 0, 0, 0, 0, 0, 0]
        move_to(own_server, visitor.id, (midnight - timedelta(days=8)).astimezone(UTC))
        assert sum(each["conversations"] for each in seen(own_server, timezone)["week"]) == 0


def test_a_broken_file_is_shown_with_its_place(own_server: RunningServer) -> None:
    own_server.kill()
    (own_server.home / "plugins.d/broken.yaml").write_text("kind: http\nnonsense: 1\n")
    (own_server.home / "personas.d/odd.yaml").write_text("title: Odd\nprompt: You help.\nmodel: openai/gpt-5-mini\n")
    own_server.start()
    broken = seen(own_server)["broken"]
    plugin = next(each for each in broken if each["name"] == "broken")
    assert plugin["kind"] == "plugin"
    assert plugin["file"].endswith("broken.yaml")
    assert plugin["line"] >= 1
    (model,) = [each for each in broken if each["kind"] == "model"]
    assert model["name"] == "openai/gpt-5-mini"
    assert "`odd`" in model["message"]


def test_an_unknown_time_zone_is_a_422(server: RunningServer) -> None:
    with server.client() as client:
        answer = client.get("/api/v1/overview", params={"timezone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "IANA time zone" in answer.text


def test_publishing_is_a_first_step_done(own_server: RunningServer) -> None:
    with own_server.client() as client:
        text = client.get("/api/v1/personas/guide").json()["yaml"]
        body = {"yaml": text + "\n# noted\n", "base_version": 1, "base_revision": 0}
        assert client.put("/api/v1/personas/guide/draft", json=body).status_code == 200
        assert seen(own_server)["checklist"]["prompt_changed"] is True
        assert seen(own_server)["checklist"]["published"] is False
        assert client.post("/api/v1/personas/guide/publish", json={"base_version": 1, "revision": 1}).status_code == 200
    steps = seen(own_server)["checklist"]
    assert (steps["prompt_changed"], steps["published"]) == (True, True)
