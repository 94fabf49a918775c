"""Personas as marketers work on them: draft, compare, publish, go back; knowledge; trying functions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import good
from tests.running import RunningServer

GUIDE = "/api/v1/personas/guide"


def save(admin: httpx.Client, persona: dict[str, Any], yaml: str, status: int = 200, revision: int = 0) -> Any:
    body = {"yaml": yaml, "base_version": persona["version"], "base_revision": revision}
    return good(admin.put(f"{GUIDE}/draft", json=body), status)


def test_from_draft_to_published_and_back(house: RunningServer, admin: httpx.Client) -> None:
    before = good(admin.get(GUIDE))
    assert "draft" not in before
    changed = before["yaml"].replace("prompt: |\n", "prompt: |\n  Say Good day first.\n", 1) + "# a remark\n"
    draft = save(admin, before, changed)
    assert draft["problems"] == []
    assert good(admin.get(GUIDE))["draft"]["yaml"] == changed

    diff = good(admin.get(f"{GUIDE}/diff"))
    added = [line for hunk in diff["hunks"] for line in hunk["lines"] if line["kind"] == "added"]
    assert ["".join(part["text"] for part in line["segments"]) for line in added] == [
        "  Say Good day first.",
        "# a remark",
    ]
    stale = admin.post(f"{GUIDE}/publish", json={"base_version": before["version"], "revision": 99})
    assert stale.status_code == 409
    body = {"base_version": before["version"], "revision": draft["revision"], "note": "politer"}
    published = good(admin.post(f"{GUIDE}/publish", json=body))
    assert published == {"version": before["version"] + 1}
    now = good(admin.get(GUIDE))
    assert (now["version"], now["yaml"], "draft" in now) == (before["version"] + 1, changed, False)
    assert now["fingerprint"] != before["fingerprint"]
    assert (house.home / "personas.d/guide.yaml").read_text("utf-8") == changed
    assert house.visitor().say("hi")["persona_version"] == now["version"]
    assert admin.post(f"{GUIDE}/publish", json=body).status_code in (404, 409)

    history = good(admin.get(f"{GUIDE}/versions"))["items"]
    assert [info["version"] for info in history] == list(range(now["version"], 0, -1))
    assert (history[0]["note"], history[0]["author"]) == ("politer", "RAPPORT_ADMIN_TOKEN")
    old = good(admin.get(f"{GUIDE}/versions/{before['version']}"))
    assert old["yaml"] == before["yaml"]
    assert admin.get(f"{GUIDE}/versions/999").status_code == 404
    diff = good(admin.get(f"{GUIDE}/diff", params={"from": now["version"], "to": before["version"]}))
    assert {line["kind"] for hunk in diff["hunks"] for line in hunk["lines"]} == {"same", "removed"}
    assert good(admin.get(f"{GUIDE}/diff", params={"from": "published", "to": now["version"]}))["hunks"] == []
    for odd in ({"from": "0"}, {"from": "-1"}, {"to": "x"}, {"to": "1.5"}, {"from": "\u0661"}):
        assert admin.get(f"{GUIDE}/diff", params=odd).status_code == 422
    assert admin.get(f"{GUIDE}/diff").status_code == 404

    back = good(admin.post(f"{GUIDE}/rollback", json={"version": before["version"]}))
    assert back == {"version": now["version"] + 1}
    assert good(admin.get(GUIDE))["yaml"] == before["yaml"]


def test_the_second_of_two_savers_gets_both_texts_and_nothing_is_lost(admin: httpx.Client) -> None:
    persona = good(admin.get(GUIDE))
    first = save(admin, persona, persona["yaml"] + "# first\n")
    problem = save(admin, persona, persona["yaml"] + "# second\n", 409)
    assert problem["status"] == 409
    assert "# first" in str(problem)
    assert "# second" in str(problem)
    second = save(admin, persona, persona["yaml"] + "# second\n", revision=first["revision"])
    assert second["revision"] > first["revision"]
    assert admin.delete(f"{GUIDE}/draft").status_code == 204
    third = save(admin, persona, persona["yaml"] + "# third\n")
    assert third["revision"] > second["revision"], "a revision is never used again"
    assert admin.delete(f"{GUIDE}/draft").status_code == 204


def test_a_wrong_draft_is_kept_shown_and_cannot_be_published(house: RunningServer, admin: httpx.Client) -> None:
    persona = good(admin.get(GUIDE))
    for text, line in (
        ("promt: x\n", 1),
        ("prompt: [\n", 1),
        ("title: a\ntitle: b\nprompt: x\n", 2),
        ("", 1),
        ("\t", 1),
    ):
        draft = save(admin, persona, text)
        assert draft["problems"], text
        assert draft["problems"][0]["line"] >= line
        assert set(draft["problems"][0]) >= {"file", "line", "column", "message"}
        body = {"base_version": persona["version"], "revision": draft["revision"]}
        assert admin.post(f"{GUIDE}/publish", json=body).status_code == 422
        assert admin.delete(f"{GUIDE}/draft").status_code == 204
    assert good(admin.get(GUIDE))["yaml"] == persona["yaml"]
    assert house.visitor().say("hi")["persona_version"] == persona["version"]


def test_a_draft_from_its_content_keeps_the_comments(admin: httpx.Client) -> None:
    persona = good(admin.get(GUIDE))
    spec = {**persona["spec"], "prompt": persona["spec"]["prompt"] + "Be brief.\n"}
    body = {"spec": spec, "base_version": persona["version"], "base_revision": 0}
    draft = good(admin.put(f"{GUIDE}/draft", json=body))
    assert draft["problems"] == []
    assert "Be brief." in draft["yaml"]
    kept = [line for line in persona["yaml"].splitlines() if line.strip().startswith("#")]
    assert [line for line in kept if line not in draft["yaml"]] == []
    for odd in ({}, {"yaml": "x", "spec": {}}):
        both = {**odd, "base_version": persona["version"], "base_revision": draft["revision"]}
        assert admin.put(f"{GUIDE}/draft", json=both).status_code == 422
    assert admin.delete(f"{GUIDE}/draft").status_code == 204


def test_a_new_persona_chats_and_an_archived_one_does_not(house: RunningServer, admin: httpx.Client) -> None:
    assert good(admin.post("/api/v1/personas", json={"name": "copy", "copy_of": "guide"}), 201)["version"] == 1
    assert admin.post("/api/v1/personas", json={"name": "copy", "copy_of": "guide"}).status_code == 409
    assert good(admin.post("/api/v1/personas", json={"name": "plain", "yaml": "prompt: Be kind.\n"}), 201)
    for name in ("../x", "a b", "Guide", "x" * 65, "", ".hidden", "a/b"):
        assert admin.post("/api/v1/personas", json={"name": name}).status_code == 422
    assert admin.post("/api/v1/personas", json={"name": "other", "copy_of": "nobody"}).status_code == 404
    names = {item["name"] for item in good(admin.get("/api/v1/personas"))["items"]}
    assert {"guide", "adviser", "copy", "plain"} <= names
    visitor = house.visitor()
    assert visitor.say("hi", persona="copy")["reply"]["text"]
    assert admin.post("/api/v1/personas/copy/archive").status_code == 204
    with house.client(visitor.token) as client:
        body = {"persona": "copy", "message": {"text": "hi"}}
        assert client.post("/api/v1/chat", json=body).status_code == 404
    assert client_status(house, "/api/v1/personas/copy/card") == 404


def client_status(house: RunningServer, path: str) -> int:
    with house.client(None) as client:
        return client.get(path).status_code


def test_uploaded_knowledge_answers_and_what_is_in_use_stays(house: RunningServer, admin: httpx.Client) -> None:
    text = "# Wallaby crates\n\nWallaby crates cost exactly 4711 crowns and come in violet.\n"
    path = f"{GUIDE}/knowledge/knowledge/wallaby.md"
    made = good(admin.put(path, content=text.encode()))
    assert (made["path"], made["bytes"], made["used_by"]) == ("knowledge/wallaby.md", len(text.encode()), [])
    assert admin.get(path).content == text.encode()
    assert admin.get(path).headers["content-disposition"] == "attachment"
    persona = good(admin.get(GUIDE))
    anchor = "  - knowledge/guide-en.md\n"
    changed = (
        persona["yaml"].replace(anchor, f"{anchor}  - knowledge/wallaby.md\n", 1)
        if anchor in persona["yaml"]
        else persona["yaml"].replace("knowledge/guide-en.md", "knowledge/guide-en.md, knowledge/wallaby.md", 1)
    )
    draft = save(admin, persona, changed)
    assert draft["problems"] == []
    body = {"base_version": persona["version"], "revision": draft["revision"]}
    good(admin.post(f"{GUIDE}/publish", json=body))
    assert "4711" in house.visitor().say("What do wallaby crates cost?")["reply"]["text"]
    assert admin.delete(path).status_code == 409
    version = good(admin.get(GUIDE))["version"]
    good(admin.put(path, content=text.replace("4711", "1234").encode()))
    answer = house.visitor().say("What do wallaby crates cost?")
    assert "1234" in answer["reply"]["text"]
    assert answer["persona_version"] == version
    listed = {item["path"]: item["used_by"] for item in good(admin.get(f"{GUIDE}/knowledge"))["items"]}
    assert listed["knowledge/wallaby.md"] == ["guide"]
    good(admin.post(f"{GUIDE}/rollback", json={"version": persona["version"]}))
    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("x.exe", b"MZ", 422),
        ("x.md", b"", 422),
        ("x.md", b"\x80\x81\x82", 422),
        ("x.pdf", b"%PDF-1.4 broken", 422),
        ("x.docx", b"PK\x03\x04broken", 422),
        ("guide.yaml", b"prompt: x\n", 422),
        (".hidden.md", b"# x\n\nx\n", 422),
        ("%2e%2e/x.md", b"# x\n\nx\n", 422),
    ],
)
def test_what_cannot_be_knowledge_is_refused(admin: httpx.Client, name: str, data: bytes, status: int) -> None:
    answer = admin.put(f"{GUIDE}/knowledge/{name}", content=data)
    assert answer.status_code in (status, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_would_be_captured_is_shown_and_stored_nowhere(admin: httpx.Client) -> None:
    before = good(admin.get("/api/v1/leads"))["total"]
    body = {
        "messages": [{"role": "customer", "text": "我的电话是13816250974"}],
        "locale": "zh",
        "timezone": "Asia/Shanghai",
    }
    found = good(admin.post(f"{GUIDE}/extract", json=body))
    assert found["fields"]["phone"]["normalised"] == "+8613816250974"
    assert set(found) == {"fields", "missed"}
    for now in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-23T10:00:00", 0, 1e300):
        said = [{"role": "customer", "text": "Tomorrow at 3 pm, or next week?"}]
        answer = admin.post(f"{GUIDE}/extract", json={"messages": said, "now": now})
        assert answer.status_code in (200, 422), (now, answer.text)
    assert good(admin.get("/api/v1/leads"))["total"] == before


def test_a_function_is_tried_for_a_named_user_and_its_write_goes_nowhere(admin: httpx.Client) -> None:
    base = "/api/v1/plugins/customer_profile"

    def attempt(function: str, args: dict[str, Any], status: int = 200) -> Any:
        body = {"args": args, "as_user": "cust-1"}
        return good(admin.post(f"{base}/functions/{function}/try", json=body), status)

    tried = attempt("get_customer_profile", {})
    assert {"request", "status", "result", "milliseconds"} <= set(tried)
    assert tried["status"] == "ok"
    assert attempt("set_customer_profile", {"company": "Harbour Light"})["status"] == "ok"
    assert "Harbour Light" not in str(good(admin.get("/api/v1/leads")))
    for sent in ("userid", "user_id", "User.ID", "ＵｓｅｒＩｄ"):
        refused = attempt("set_customer_profile", {sent: "someone", "company": "x"}, 422)
        assert refused["outcome"]["status"] == "refused"
        assert refused["detail"]
    assert attempt("no_such", {}, 404)
    calls = good(admin.get(f"{base}/calls", params={"limit": 500}))["items"]
    assert all({"function", "status", "milliseconds", "at"} <= set(call) for call in calls)


def test_plugins_are_listed_with_their_functions_calls_and_problems(house: RunningServer, admin: httpx.Client) -> None:
    visitor = house.visitor()
    answer = visitor.say("hi")
    listed = {item["name"]: item for item in good(admin.get("/api/v1/plugins"))["items"]}
    profile = listed["customer_profile"]
    assert (profile["kind"], profile["status"], profile["problems"]) == ("table", "ok", [])
    assert [function["name"] for function in profile["functions"]] == ["get_customer_profile", "set_customer_profile"]
    assert profile["functions"][0]["parameters"]["properties"] == {}
    assert "company" in profile["functions"][1]["parameters"]["properties"]
    assert "guide" in profile["personas"]
    assert good(admin.get("/api/v1/plugins/customer_profile")) == profile
    assert admin.get("/api/v1/plugins/nobody").status_code == 404
    pages, cursor = [], None
    for _ in range(100):
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = good(admin.get("/api/v1/plugins/customer_profile/calls", params=query))
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len({call["id"] for call in pages}) == len(pages)
    mine = [call for call in pages if call["turn_id"] == answer["turn_id"]]
    assert [(call["function"], call["forced"], call["status"]) for call in mine] == [
        ("get_customer_profile", True, "ok")
    ]
    assert sorted((call["at"] for call in pages), reverse=True) == [call["at"] for call in pages]
    assert {call["user_id"] for call in mine} == {visitor.id}
    gets = [call["id"] for call in pages if call["function"] == "get_customer_profile"]
    only = {"function": "get_customer_profile", "limit": 500}
    assert [c["id"] for c in good(admin.get("/api/v1/plugins/customer_profile/calls", params=only))["items"]] == gets
    figures = good(admin.get("/api/v1/plugins/customer_profile/figures"))
    (of_get,) = [one for one in figures["functions"] if one["function"] == "get_customer_profile"]
    assert (of_get["calls"], of_get["failed"], of_get["error_rate"], figures["days"]) == (len(gets), 0, 0.0, 7)
    assert 0 < of_get["p50_ms"] <= of_get["p95_ms"]
    assert figures["calls"] == sum(one["calls"] for one in figures["functions"])
    assert admin.get("/api/v1/plugins/customer_profile/figures", params={"days": 0}).status_code == 422
