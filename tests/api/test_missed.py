"""Missed contact data as marketers decide on it: accept, dismiss, take up again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.running import RunningServer, Visitor


def missed_by(server: RunningServer, user_id: str, **query: Any) -> list[dict[str, Any]]:
    with server.client() as client:
        answer = client.get("/api/v1/leads/missed", params={"user_id": user_id, **query})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    assert page["total"] == len(page["items"])
    return list(page["items"])


def decide(server: RunningServer, missed_id: str, what: str, status: int = 200, **body: Any) -> dict[str, Any]:
    with server.client() as client:
        answer = client.post(f"/api/v1/leads/missed/{missed_id}/{what}", json=body if what == "accept" else None)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def somebody(server: RunningServer) -> tuple[Visitor, dict[str, Any]]:
    """A visitor whose phone number was no phone number, and what is listed of it."""
    visitor = server.visitor()
    visitor.say("We are Harbour Light Robotics. Which products are there?")
    visitor.say("My QQ is 123456789")
    (row,) = missed_by(server, visitor.id)
    return visitor, row


def test_a_row_says_whose_it_is_and_which_field_it_would_fill(any_server: RunningServer) -> None:
    visitor, row = somebody(any_server)
    lead = visitor.lead()
    assert lead
    assert set(row) == {
        *("id", "user_id", "persona", "lead_id", "conversation_id", "message_id", "field", "text", "sentence"),
        *("reason", "status", "at"),
    }
    assert (row["lead_id"], row["conversation_id"], row["status"]) == (lead["id"], visitor.conversation, "open")
    assert (row["text"], row["sentence"]) == ("QQ is 123456789", "My QQ is 123456789")
    assert row["message_id"].startswith("m_")


def test_a_value_that_the_machine_doubted_is_accepted_as_it_stands(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    visitor.say("My colleague's phone is +49 30 901820, what does it cost?")
    (row,) = missed_by(any_server, visitor.id)
    assert row["field"] == "phone"
    assert row["reason"]
    lead = decide(any_server, row["id"], "accept")["lead"]
    assert (lead["fields"]["phone"]["normalised"], lead["fields"]["phone"]["by"]) == ("+4930901820", "person")


def test_an_accepted_value_is_a_persons_word_with_the_customers_sentence(any_server: RunningServer) -> None:
    visitor, row = somebody(any_server)
    stage = (visitor.lead() or {})["stage"]
    after = decide(any_server, row["id"], "accept", field="phone", value="030 901820")
    kept = after["lead"]["fields"]["phone"]
    assert (kept["value"], kept["normalised"], kept["by"]) == ("030 901820", "+4930901820", "person")
    assert (kept["quote"], kept["message_id"]) == ("My QQ is 123456789", row["message_id"])
    assert after["missed"]["status"] == "accepted"
    assert (after["lead"]["contact"], after["lead"]["stage"]) == (True, "contact_captured")
    assert missed_by(any_server, visitor.id) == []
    assert [each["id"] for each in missed_by(any_server, visitor.id, status="accepted")] == [row["id"]]
    for again in ("accept", "dismiss"):
        assert "accepted already" in decide(any_server, row["id"], again, 409, field="phone")["detail"]
    undone = decide(any_server, row["id"], "reopen")
    assert undone["missed"]["status"] == "open"
    assert "phone" not in undone["lead"]["fields"]
    assert (undone["lead"]["contact"], undone["lead"]["stage"]) == (False, stage)
    visitor.say("Hello again")
    assert "phone" not in (visitor.lead() or {})["fields"]


def test_reopening_puts_the_earlier_value_back_but_never_over_a_newer_one(any_server: RunningServer) -> None:
    visitor, row = somebody(any_server)
    visitor.say("You can call me at +49 30 901820.")
    said = (visitor.lead() or {})["fields"]["phone"]
    decide(any_server, row["id"], "accept", field="phone", value="+49 30 555555")
    assert decide(any_server, row["id"], "reopen")["lead"]["fields"]["phone"] == said
    after = decide(any_server, row["id"], "accept", field="phone", value="+49 30 555555")
    with any_server.client() as client:
        client.patch(f"/api/v1/leads/{after['lead']['id']}", json={"fields": {"phone": "+49 30 777777"}})
    assert decide(any_server, row["id"], "reopen")["lead"]["fields"]["phone"]["value"] == "+49 30 777777"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"field": "phone"}, "value", "is not a phone"),
        ({"field": "phone", "value": " "}, "value", "is empty"),
        ({"field": "fax"}, "field", "it has company"),
        ({"nothing": 1}, "nothing", ""),
    ],
)
def test_what_does_not_fit_is_a_422_and_stays_open(
    any_server: RunningServer, body: dict[str, Any], field: str, words: str
) -> None:
    visitor, row = somebody(any_server)
    before = visitor.lead()
    problem = decide(any_server, row["id"], "accept", 422, **body)
    assert [one["field"] for one in problem["errors"]] == [field]
    assert words in problem["errors"][0]["message"]
    assert visitor.lead() == before
    assert missed_by(any_server, visitor.id)[0]["status"] == "open"


def test_a_dismissed_one_leaves_the_lead_alone_and_can_be_reopened(any_server: RunningServer) -> None:
    visitor, row = somebody(any_server)
    before = visitor.lead()
    assert decide(any_server, row["id"], "dismiss")["lead"] == before
    assert missed_by(any_server, visitor.id) == []
    decide(any_server, row["id"], "dismiss", 409)
    assert decide(any_server, row["id"], "reopen")["missed"] == row
    decide(any_server, row["id"], "reopen", 409)
    assert visitor.lead() == before


def test_decisions_stand_in_the_audit_and_in_the_leads_history(any_server: RunningServer) -> None:
    from server.storage import open_database

    _, row = somebody(any_server)
    lead = decide(any_server, row["id"], "accept", field="phone", value="030 901820")["lead"]
    decide(any_server, row["id"], "reopen")
    with any_server.client() as client:
        history = client.get(f"/api/v1/leads/{lead['id']}").json()["history"]
    assert [(each["field"], each["value"], each["by"]) for each in history[:2]] == [
        ("phone", None, "person"),
        ("phone", "030 901820", "person"),
    ]
    assert history[0]["actor"]
    assert history[0]["at"] >= history[-1]["at"]
    database = open_database(any_server.database)
    try:
        noted = database.read_now(
            lambda tx: tx.rows("SELECT action FROM audit WHERE object = ? ORDER BY at", row["id"])
        )
    finally:
        database.close()
    assert [action for (action,) in noted] == ["accept_missed", "reopen_missed"]


def test_pages_and_filters_of_missed_data(any_server: RunningServer) -> None:
    visitor, _row = somebody(any_server)
    visitor.say("And my other QQ is 987654321")
    rows = missed_by(any_server, visitor.id)
    assert [each["text"] for each in rows] == ["QQ is 987654321", "QQ is 123456789"]
    with any_server.client() as client:
        for number, expected in ((1, rows[:1]), (2, rows[1:]), (3, [])):
            query: dict[str, Any] = {"user_id": visitor.id, "limit": 1, "page": number}
            page = client.get("/api/v1/leads/missed", params=query).json()
            assert (page["items"], page["total"], page["next_cursor"]) == (expected, 2, None)
        both = client.get("/api/v1/leads/missed", params={"page": 1, "cursor": "x"})
        assert both.status_code == 422
    assert missed_by(any_server, visitor.id, persona="adviser") == []
    assert missed_by(any_server, visitor.id, test=True) == []
    assert missed_by(any_server, visitor.id, status="all") == rows
