"""Leads as marketers work with them: lists, search, edits that win, exports that open safely."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.running import RunningServer, Visitor, new_message_id

COLUMNS = ["id", "user_id", "persona", "stage", "exit", "contact", "opted_out", "created_at", "updated_at"]


def lead_of(visitor: Visitor) -> dict[str, Any]:
    lead = visitor.lead()
    assert lead
    return lead


def patch(server: RunningServer, lead_id: str, status: int = 200, **body: Any) -> dict[str, Any]:
    with server.client() as client:
        answer = client.patch(f"/api/v1/leads/{lead_id}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def known(server: RunningServer, company: str = "Harbour Light Robotics") -> tuple[Visitor, dict[str, Any]]:
    visitor = server.visitor()
    visitor.say(f"We are {company}. Which products are there?")
    return visitor, lead_of(visitor)


def test_pages_of_leads_have_every_lead_once_newest_first(any_server: RunningServer) -> None:
    mark = f"Quay{new_message_id()[:8]}"
    made = [known(any_server, f"{mark} {word} Labs")[1] for word in ("Ash", "Birch", "Cedar", "Dogwood", "Elm")]
    found: list[dict[str, Any]] = []
    cursor, pages = None, 0
    with any_server.client() as client:
        while True:
            query: dict[str, str | int] = {"q": mark, "limit": 2, **({"cursor": cursor} if cursor else {})}
            page = client.get("/api/v1/leads", params=query).json()
            assert set(page) == {"items", "next_cursor", "total"}
            assert page["total"] == 5
            found, cursor, pages = [*found, *page["items"]], page["next_cursor"], pages + 1
            if cursor is None:
                break
    assert pages == 3
    assert [lead["id"] for lead in found] == [lead["id"] for lead in reversed(made)]
    for lead in found:
        assert set(lead) == {
            *("id", "user_id", "persona", "stage", "exit", "contact", "opted_out", "created_at", "updated_at"),
            *("conversation_ids", "sync", "fields"),
        }
        assert lead["created_at"].endswith("Z")


def test_filters_narrow_by_stage_persona_time_contact_and_words(any_server: RunningServer) -> None:
    mark = f"Mole{new_message_id()[:8]}"
    visitor, lead = known(any_server, f"{mark} Labs")
    other, _ = known(any_server, f"{mark} Works")
    other.say("You can call me at +49 30 901820.")
    with any_server.client() as client:

        def ids(**query: Any) -> set[str]:
            answer = client.get("/api/v1/leads", params={"q": mark, **query})
            assert answer.status_code == 200, answer.text
            return {item["user_id"] for item in answer.json()["items"]}

        assert ids() == {visitor.id, other.id}
        assert ids(contact=True) == {other.id}
        assert ids(contact=False) == {visitor.id}
        assert ids(persona="adviser") == set()
        assert ids(persona="guide") == {visitor.id, other.id}
        assert ids(stage=lead["stage"]) >= {visitor.id}
        assert ids(stage="meeting") == set()
        assert ids(**{"from": lead["created_at"]}) == {visitor.id, other.id}
        assert ids(to=lead["created_at"]) == set()
        assert ids(**{"from": "2020-01-01", "to": "2020-12-31"}) == set()
        assert ids(test=True) == set()
        for words in (mark.lower(), mark.upper(), "%", "_"):
            assert {item["user_id"] for item in client.get("/api/v1/leads", params={"q": words}).json()["items"]} <= (
                {visitor.id, other.id} if words.lower() == mark.lower() else ids(q=words)
            )


def test_pages_of_leads_in_every_order_hold_each_lead_once(any_server: RunningServer) -> None:
    mark = f"Weir{new_message_id()[:8]}"
    made = [known(any_server, f"{mark} {word} Labs") for word in ("Ash", "Birch", "Cedar")]
    made[0][0].say("You can call me at +49 30 901820.")
    ids = [lead["id"] for _, lead in made]
    orders = {
        "-created_at": [ids[2], ids[1], ids[0]],
        "created_at": ids,
        "-updated_at": [ids[0], ids[2], ids[1]],
        "updated_at": [ids[1], ids[2], ids[0]],
        "persona": [ids[2], ids[1], ids[0]],
        "stage": [ids[2], ids[1], ids[0]],
        "-stage": [ids[0], ids[2], ids[1]],
    }
    with any_server.client() as client:
        for sort, expected in orders.items():
            found = []
            for number in (1, 2, 3):
                query: dict[str, Any] = {"q": mark, "sort": sort, "limit": 2, "page": number}
                page = client.get("/api/v1/leads", params=query).json()
                assert (page["total"], page["next_cursor"]) == (3, None)
                found += [lead["id"] for lead in page["items"]]
            assert found == expected, sort
        cursor = client.get("/api/v1/leads", params={"q": mark, "limit": 1}).json()["next_cursor"]
        for wrong in ({"page": 1, "cursor": cursor}, {"sort": "stage", "cursor": cursor}, {"sort": "x"}, {"page": 0}):
            assert client.get("/api/v1/leads", params=wrong).status_code == 422, wrong


def test_one_customers_leads_are_listed_and_exported(any_server: RunningServer) -> None:
    visitor, lead = known(any_server)
    known(any_server)
    query = {"user_id": visitor.id}
    with any_server.client() as client:
        items = client.get("/api/v1/leads", params=query).json()["items"]
        lines = client.get("/api/v1/leads.jsonl", params=query).text.splitlines()
        table = client.get("/api/v1/leads.csv", params=query).text
    assert [item["id"] for item in items] == [json.loads(line)["id"] for line in lines] == [lead["id"]]
    assert len(table.splitlines()) == 2


def test_a_lead_tells_what_became_of_asking_and_its_history(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    visitor.say("Which products are there?")
    visitor.say("How quickly can we start?")
    with any_server.client() as client:

        def shown() -> dict[str, Any]:
            found: dict[str, Any] = client.get(f"/api/v1/leads/{lead_of(visitor)['id']}").json()
            return found

        asked = next(name for name, line in shown()["asked"].items() if line["times"])
        lead = shown()
        assert set(lead["asked"]) == {"company", "product", "account", "name", "phone", "wechat", "meeting_time"}
        assert lead["asked"][asked]["outcome"] == "ignored"
        assert lead["asked"][asked]["last_at"].endswith("Z")
        unasked = next(name for name, line in lead["asked"].items() if not line["times"])
        assert lead["asked"][unasked] == {"times": 0, "last_at": None, "outcome": "never"}
        assert lead["history"] == []
        told = {"company": "We are Harbour Light Robotics.", "product": "I am interested in the Hub H2."}[asked]
        visitor.say(told)
        patch(any_server, lead["id"], fields={"name": "Ada"})
        after = shown()
    assert after["asked"][asked]["outcome"] == "answered"
    assert (after["history"][0]["field"], after["history"][0]["value"], after["history"][0]["by"]) == (
        *("name", "Ada"),
        "person",
    )
    assert {each["field"] for each in after["history"]} == {asked, "name"}


def test_what_erasing_would_remove_is_counted_before_it_is_done(any_server: RunningServer) -> None:
    visitor, lead = known(any_server)
    visitor.say("You can call me at +49 30 901820.")
    with any_server.client() as client:
        counted = client.get(f"/api/v1/leads/{lead['id']}/erasure").json()
        assert counted == {
            "leads": 1,
            "conversations": 1,
            "messages": 4,
            "calls": counted["calls"],
            "tokens": 1,
            "mirror_rows": 1,
            "mirrors": {"customer_profile": 1},
        }
        assert counted["calls"] >= 2
        assert client.get(f"/api/v1/leads/{lead['id']}").status_code == 200
        assert client.get("/api/v1/leads/l_none/erasure").status_code == 404


def test_a_chinese_company_is_found_by_two_characters(any_server: RunningServer) -> None:
    visitor = any_server.visitor(locale="zh", timezone="Asia/Shanghai")
    visitor.say("我们公司是云帆科技有限公司。有哪些产品？")
    assert "云帆科技" in lead_of(visitor)["fields"]["company"]["value"]
    with any_server.client() as client:
        for words in ("云帆", "科技有限", "帆科"):
            items = client.get("/api/v1/leads", params={"q": words, "limit": 500}).json()["items"]
            assert visitor.id in {item["user_id"] for item in items}, words
        assert client.get("/api/v1/leads", params={"q": "云科"}).json()["items"] == []


def test_what_a_person_edited_wins_over_what_the_customer_says_later(any_server: RunningServer) -> None:
    visitor, lead = known(any_server)
    edited = patch(any_server, lead["id"], fields={"company": "  Harbour Light Group ", "name": "Ada"})
    assert edited["fields"]["company"]["value"] == "Harbour Light Group"
    assert {edited["fields"][name]["by"] for name in ("company", "name")} == {"person"}
    answer = visitor.say("Actually, we are Quiet Fjord Labs.")
    assert "company" not in answer["captured"]
    after = lead_of(visitor)["fields"]
    assert (after["company"]["value"], after["company"]["by"]) == ("Harbour Light Group", "person")
    assert after["name"]["value"] == "Ada"


def test_an_emptied_field_is_empty_and_may_be_filled_again(any_server: RunningServer) -> None:
    visitor, lead = known(any_server)
    assert "company" not in patch(any_server, lead["id"], fields={"company": None})["fields"]
    visitor.say("Hello again")
    assert "company" not in lead_of(visitor)["fields"]
    visitor.say("As I said, we are Harbour Light Robotics.")
    assert lead_of(visitor)["fields"]["company"]["value"] == "Harbour Light Robotics"


def test_a_phone_that_a_person_types_is_normalised_and_counts_as_a_contact(any_server: RunningServer) -> None:
    _, lead = known(any_server)
    assert lead["contact"] is False
    edited = patch(any_server, lead["id"], fields={"phone": "030 901820"})
    assert edited["fields"]["phone"]["normalised"] == "+4930901820"
    assert edited["contact"] is True
    assert edited["stage"] in ("contact_captured", "qualified", "meeting")


def test_opting_out_by_hand_is_an_exit_and_can_be_undone(any_server: RunningServer) -> None:
    _, lead = known(any_server)
    gone = patch(any_server, lead["id"], opted_out=True)
    assert (gone["opted_out"], gone["exit"]) == (True, "opted_out")
    back = patch(any_server, lead["id"], opted_out=False)
    assert (back["opted_out"], back["exit"]) == (False, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fields": {"compny": "x"}}, "fields.compny"),
        ({"fields": {"phone": "not a number"}}, "fields.phone"),
        ({"fields": {"meeting_time": "banana"}}, "fields.meeting_time"),
        ({"fields": {"company": "  "}}, "fields.company"),
        ({"fields": {"company": "x" * 2001}}, "fields.company"),
        ({"fields": {"company": 5}}, "fields.company"),
        ({"fields": {"company": ["x"]}}, "fields.company"),
        ({"fields": "x"}, "fields"),
        ({"stage": "meeting"}, "stage"),
        ({"user_id": "cust-1"}, "user_id"),
        ({"opted_out": "perhaps"}, "opted_out"),
    ],
)
def test_a_wrong_edit_is_a_422_that_names_the_field_and_changes_nothing(
    any_server: RunningServer, body: dict[str, Any], field: str
) -> None:
    visitor, lead = known(any_server)
    fields = body.get("fields")
    if isinstance(fields, dict) and "company" not in fields:
        body = {**body, "fields": {**fields, "company": "Changed"}}
    problem = patch(any_server, lead["id"], 422, **body)
    assert [one["field"] for one in problem["errors"]] == [field]
    assert lead_of(visitor)["fields"] == lead["fields"]


def test_a_csv_opens_safely_and_has_its_columns(any_server: RunningServer) -> None:
    mark = f"Otter{new_message_id()[:8]}"
    formulas = {
        "company": f'=HYPERLINK("http://x/{mark}","x")',
        "product": "+1+1",
        "account": "-2",
        "name": "@SUM(A1)",
    }
    visitor, lead = known(any_server)
    patch(any_server, lead["id"], fields=formulas)
    quoted = {"company": f'A "quoted", one; {mark}\nsecond line', "name": "王小明"}
    other, plain = known(any_server)
    patch(any_server, plain["id"], fields=quoted)
    with any_server.client() as client:
        answer = client.get("/api/v1/leads.csv", params={"q": mark})
        with_bom = client.get("/api/v1/leads.csv", params={"q": mark, "bom": True}).content
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="leads.csv"'
    assert with_bom == b"\xef\xbb\xbf" + answer.content
    rows = {row["user_id"]: row for row in csv.DictReader(io.StringIO(answer.content.decode(), newline=""))}
    assert set(rows) == {visitor.id, other.id}
    with any_server.client() as client:
        text = client.get("/api/v1/leads.csv", params={"q": "nobody", "persona": "guide"}).text
    fields = ("company", "product", "account", "name", "phone", "wechat", "meeting_time")
    named = [column for name in fields for column in (name, f"{name}_said", f"{name}_sentence")]
    assert text == ",".join([*COLUMNS, *named]) + "\r\n"
    for name, value in formulas.items():
        assert rows[visitor.id][name] == f"'{value}"
        assert rows[visitor.id][f"{name}_said"] == f"'{value}"
    for name, value in quoted.items():
        assert rows[other.id][f"{name}_said"] == value
    assert rows[other.id]["contact"] == "false"
    for row in rows.values():
        assert [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_a_jsonl_export_is_the_leads_as_the_api_shows_them(any_server: RunningServer) -> None:
    mark = f"Vole{new_message_id()[:8]}"
    for word in ("Ash", "Birch"):
        known(any_server, f"{mark} {word} Labs")
    with any_server.client() as client:
        answer = client.get("/api/v1/leads.jsonl", params={"q": mark})
        items = client.get("/api/v1/leads", params={"q": mark}).json()["items"]
        nothing = client.get("/api/v1/leads.jsonl", params={"q": "nobody-has-this"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in answer.text.splitlines()] == items
    assert (nothing.status_code, nothing.text) == (200, "")


def test_what_was_missed_and_left_unanswered_is_listed(any_server: RunningServer) -> None:
    visitor = any_server.visitor()
    visitor.say("Do you deliver to the moon by submarine?")
    with any_server.client() as client:
        page = client.get("/api/v1/questions/unanswered", params={"persona": "guide", "limit": 500}).json()
        assert client.get("/api/v1/questions/unanswered", params={"persona": "nobody"}).json()["items"] == []
        assert client.get("/api/v1/leads/missed", params={"persona": "nobody"}).json()["items"] == []
    mine = [item for item in page["items"] if item["conversation_id"] == visitor.conversation]
    assert [item["text"] for item in mine] == ["Do you deliver to the moon by submarine?"]


def test_a_test_chat_stays_out_of_the_leads(any_server: RunningServer) -> None:
    user = f"cust-{new_message_id()}"
    with any_server.client() as client:
        body = {"persona": "guide", "message": {"text": "We are Harbour Light Robotics."}, "as_user": user}
        answer = client.post("/api/v1/chat", json=body).json()
        assert answer["captured"]["company"]["value"] == "Harbour Light Robotics"
        for path in ("leads", "conversations"):
            for test, expected in ((False, set()), (True, {user})):
                query = {"test": test, "limit": 500}
                items = client.get(f"/api/v1/{path}", params=query).json()["items"]
                assert {item["user_id"] for item in items if item["user_id"] == user} == expected
        assert user not in client.get("/api/v1/leads.csv").text
