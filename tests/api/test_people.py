"""People and keys: invited by a link, ended at once, never without an administrator; keys reach what they are for."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import good, session_of
from tests.running import ADMIN, RunningServer


@pytest.fixture
def ada(house: RunningServer) -> Iterator[httpx.Client]:
    """An administrator in person, signed in."""
    with house.client(session_of(house, "admin")) as client:
        yield client


def invited(admin: httpx.Client, house: RunningServer, email: str, role: str = "viewer") -> tuple[str, httpx.Client]:
    """(account id, client) of a new person who has opened their link."""
    made = good(admin.post("/api/v1/accounts", json={"email": email, "role": role}), 201)
    token = made["link"].partition("token=")[2]
    with house.client(None) as nobody:
        opened = good(nobody.post("/api/v1/sessions", json={"token": token}), 201)
        assert nobody.post("/api/v1/sessions", json={"token": token}).status_code == 401
    return made["id"], house.client(opened["token"])


def test_an_invited_person_signs_in_once_by_the_link_and_is_listed(house: RunningServer, admin: httpx.Client) -> None:
    account, client = invited(admin, house, "Nia@Example.com ".strip(), "editor")
    me = good(client.get("/api/v1/me"))
    assert (me["name"], me["role"], me["id"]) == ("nia@example.com", "editor", account)
    listed = {one["id"]: one for one in good(admin.get("/api/v1/accounts"))["items"]}[account]
    assert (listed["sessions"], listed["invited_until"]) == (1, None)
    assert listed["last_signin_at"] is not None
    again = admin.post("/api/v1/accounts", json={"email": "nia@example.com", "role": "admin"})
    assert again.status_code == 409
    assert good(client.get("/api/v1/me"))["role"] == "editor"


def test_a_new_link_ends_the_one_before(house: RunningServer, admin: httpx.Client) -> None:
    made = good(admin.post("/api/v1/accounts", json={"email": "two@example.com", "role": "viewer"}), 201)
    other = good(admin.post(f"/api/v1/accounts/{made['id']}/link"), 201)
    with house.client(None) as nobody:
        for link, status in ((made["link"], 401), (other["link"], 201)):
            token = link.partition("token=")[2]
            assert nobody.post("/api/v1/sessions", json={"token": token}).status_code == status


def test_a_role_changes_at_the_next_request(house: RunningServer, admin: httpx.Client, ada: httpx.Client) -> None:
    assert good(ada.get("/api/v1/me"))["role"] == "admin"
    account, client = invited(admin, house, "role@example.com", "viewer")
    assert client.get("/api/v1/accounts").status_code == 403
    good(admin.patch(f"/api/v1/accounts/{account}", json={"role": "admin"}))
    assert client.get("/api/v1/accounts").status_code == 200
    good(admin.patch(f"/api/v1/accounts/{account}", json={"role": "viewer"}))
    assert client.get("/api/v1/accounts").status_code == 403


def test_a_removed_person_is_out_at_once_and_can_be_invited_again(house: RunningServer, admin: httpx.Client) -> None:
    account, client = invited(admin, house, "gone@example.com")
    link = good(admin.post(f"/api/v1/accounts/{account}/link"), 201)["link"]
    good(admin.delete(f"/api/v1/accounts/{account}"), 204)
    assert client.get("/api/v1/me").status_code == 401
    with house.client(None) as nobody:
        spent = nobody.post("/api/v1/sessions", json={"token": link.partition("token=")[2]})
    assert spent.status_code == 401
    again, back = invited(admin, house, "gone@example.com", "editor")
    assert again == account
    assert good(back.get("/api/v1/me"))["role"] == "editor"
    assert client.get("/api/v1/me").status_code == 401


def test_the_last_administrator_stays(house: RunningServer, admin: httpx.Client, ada: httpx.Client) -> None:
    me = good(ada.get("/api/v1/me"))["id"]
    for one in good(admin.get("/api/v1/accounts"))["items"]:
        if one["role"] == "admin" and one["id"] != me:
            good(admin.delete(f"/api/v1/accounts/{one['id']}"), 204)
    assert admin.delete(f"/api/v1/accounts/{me}").status_code == 409
    assert admin.patch(f"/api/v1/accounts/{me}", json={"role": "editor"}).status_code == 409
    assert ada.get("/api/v1/accounts").status_code == 200


def test_sessions_are_ones_own_and_end_at_once(house: RunningServer, admin: httpx.Client, ada: httpx.Client) -> None:
    _, client = invited(admin, house, "laptop@example.com")
    token = good(admin.post(f"/api/v1/accounts/{good(client.get('/api/v1/me'))['id']}/link"), 201)["link"]
    with house.client(None) as nobody:
        second = good(nobody.post("/api/v1/sessions", json={"token": token.partition("token=")[2]}), 201)["token"]
    phone = house.client(second)
    listed = good(client.get("/api/v1/sessions"))["items"]
    assert [one["current"] for one in listed] == [False, True]
    assert client.get("/api/v1/sessions?user=all").status_code == 403
    assert len(good(ada.get("/api/v1/sessions?user=all"))["items"]) > 2
    stranger = good(ada.get("/api/v1/sessions"))["items"][0]["id"]
    assert client.delete(f"/api/v1/sessions/{stranger}").status_code == 404
    assert good(client.delete("/api/v1/sessions")) == {"ended": 1}
    assert phone.get("/api/v1/me").status_code == 401
    good(ada.delete(f"/api/v1/sessions/{listed[1]['id']}"), 204)
    assert client.get("/api/v1/me").status_code == 401


def test_a_key_is_shown_once_notes_its_use_and_ends_at_once(house: RunningServer, admin: httpx.Client) -> None:
    made = good(admin.post("/api/v1/keys", json={"name": "Website", "role": "editor"}), 201)
    with house.client(made["key"]) as program:
        assert good(program.get("/api/v1/me"))["role"] == "editor"
        for _ in range(200):
            listed = {one["id"]: one for one in good(admin.get("/api/v1/keys"))["items"]}[made["id"]]
            if listed["used_at"]:
                break
        assert listed["used_at"] is not None
        assert made["key"] not in admin.get("/api/v1/keys").text
        first = listed["used_at"]
        good(program.get("/api/v1/me"))
        again = {one["id"]: one for one in good(admin.get("/api/v1/keys"))["items"]}[made["id"]]
        assert again["used_at"] == first
        good(admin.delete(f"/api/v1/keys/{made['id']}"), 204)
        assert program.get("/api/v1/me").status_code == 401
    assert admin.delete("/api/v1/keys/admin").status_code == 403


def test_a_key_for_a_persona_reaches_that_one_alone(house: RunningServer, admin: httpx.Client) -> None:
    visitor = house.visitor()
    mine = visitor.say("Hello, we are Harbour Light Robotics.")
    lead = visitor.lead()
    assert lead
    other = house.visitor().say("Hello", persona="adviser")
    body = {"name": "Shop", "role": "editor", "personas": ["adviser"]}
    made = good(admin.post("/api/v1/keys", json=body), 201)
    whole = good(admin.post("/api/v1/keys", json={**body, "personas": ["adviser", "guide"]}), 201)
    hello = {"message": {"text": "Hello"}}
    with house.client(made["key"]) as shop, house.client(whole["key"]) as both:
        assert good(shop.get("/api/v1/me"))["personas"] == ["adviser"]
        assert shop.post("/api/v1/chat", json={"persona": "guide", **hello}).status_code == 403
        assert good(shop.post("/api/v1/chat", json={"persona": "adviser", **hello}))["reply"]
        assert {one["persona"] for one in good(shop.get("/api/v1/conversations?limit=500"))["items"]} == {"adviser"}
        assert good(shop.get("/api/v1/conversations?persona=guide"))["total"] == 0
        assert shop.get(f"/api/v1/conversations/{mine['conversation_id']}").status_code == 404
        assert shop.get(f"/api/v1/conversations/{other['conversation_id']}").status_code == 200
        assert shop.get(f"/api/v1/turns/{mine['turn_id']}/events").status_code == 403
        assert {one["persona"] for one in good(shop.get("/api/v1/leads?limit=500"))["items"]} <= {"adviser"}
        assert lead["id"] in {one["id"] for one in good(both.get("/api/v1/leads?limit=500"))["items"]}
        assert lead["id"] not in shop.get("/api/v1/leads.jsonl").text
        assert lead["id"] not in shop.get("/api/v1/leads.csv").text
        assert shop.get(f"/api/v1/leads/{lead['id']}").status_code == 404
        assert shop.patch(f"/api/v1/leads/{lead['id']}", json={"fields": {}}).status_code == 404
        assert both.patch(f"/api/v1/leads/{lead['id']}", json={"fields": {}}).status_code == 200
        going_on = {"persona": "adviser", "conversation_id": mine["conversation_id"], **hello}
        assert shop.post("/api/v1/chat", json=going_on).status_code == 404
        for path in ("personas", "plugins", "secrets", "overview", "models", "personas/guide", "questions/unanswered"):
            assert shop.get(f"/api/v1/{path}").status_code == 403, path
        assert shop.delete(f"/api/v1/leads/{lead['id']}").status_code == 403
        assert shop.put("/api/v1/personas/guide/draft", json={"yaml": "x"}).status_code in (403, 422)
    assert admin.post("/api/v1/keys", json={**body, "role": "admin"}).status_code == 422


def test_the_audit_is_searched_and_paged(house: RunningServer, admin: httpx.Client) -> None:
    for n in range(3):
        good(admin.post("/api/v1/keys", json={"name": f"Zebra 100%_{n}", "role": "viewer"}), 201)
    found = good(admin.get("/api/v1/audit", params={"q": "zebra 100%_", "action": "make_key", "limit": 2}))
    assert (found["total"], len(found["items"])) == (3, 2)
    rest = good(
        admin.get(
            "/api/v1/audit",
            params={"q": "zebra 100%_", "action": "make_key", "limit": 2, "cursor": found["next_cursor"]},
        )
    )
    assert len(rest["items"]) == 1
    assert rest["next_cursor"] is None
    assert {one["detail"][:11] for one in (*found["items"], *rest["items"])} == {"Zebra 100%_"}
    assert good(admin.get("/api/v1/audit?actor=nobody@example.com"))["total"] == 0
    assert good(admin.get("/api/v1/audit?to=2020-01-01"))["total"] == 0


def test_looks_are_one_line_for_person_thing_and_hour(house: RunningServer, admin: httpx.Client) -> None:
    visitor = house.visitor()
    answer = visitor.say("Hello, we are Quiet Harbour Boats.")
    lead = visitor.lead()
    assert lead
    with house.client(session_of(house, "viewer")) as viewer:
        for _ in range(3):
            good(viewer.get(f"/api/v1/leads/{lead['id']}"))
            good(viewer.get(f"/api/v1/conversations/{answer['conversation_id']}"))
            good(viewer.get("/api/v1/leads"))
            good(viewer.get("/api/v1/leads/missed"))
            good(viewer.get("/api/v1/conversations"))
    lines = good(admin.get("/api/v1/audit?actor=viewer@example.com&limit=500"))["items"]
    seen = [(one["action"], one["object"]) for one in lines if one["action"] != "sign_in"]
    hours = {one["at"][:13] for one in lines}
    for look in (
        ("view_lead", lead["id"]),
        ("view_conversation", answer["conversation_id"]),
        ("list_leads", "all"),
        ("list_missed", "all"),
        ("list_conversations", "all"),
    ):
        assert 1 <= seen.count(look) <= len(hours)
    assert "Quiet Harbour" not in str(lines)
    good(visitor_conversations := house.client(visitor.token).get("/api/v1/conversations"))
    assert visitor_conversations.status_code == 200
    assert good(admin.get(f"/api/v1/audit?actor={visitor.id}"))["total"] == 0


def test_the_operators_key_stands_in_the_list_and_is_no_session(house: RunningServer, admin: httpx.Client) -> None:
    fixed = [one for one in good(admin.get("/api/v1/keys"))["items"] if one["fixed"]]
    assert [one["id"] for one in fixed] == ["admin"]
    with house.client(ADMIN) as program:
        assert program.get("/api/v1/sessions").status_code == 403
