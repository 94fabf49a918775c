"""What the studio shows: hints beside the text, templates, archived personas, passages, what a draft changes."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.api.conftest import good, session_of
from tests.running import RunningServer

ALL = "/api/v1/personas"
TEXT = """\
# Who answers.
title: {en: Guide, zh: 向导}  # as customers see it
greeting: {en: "Hello!"}
prompt: |
  You help.
collect:
  fields:
    - {name: phone, type: phone, ask: {en: "Your number?", zh: "为了联系您，方便留个电话吗？"}}  # last
"""


def make(admin: httpx.Client, name: str, yaml: str = TEXT) -> str:
    """A persona of that name; its address."""
    good(admin.post(ALL, json={"name": name, "yaml": yaml}), 201)
    return f"{ALL}/{name}"


def draft(admin: httpx.Client, path: str, status: int = 200, version: int = 1, revision: int = 0, **what: Any) -> Any:
    body = {**what, "base_version": version, "base_revision": revision}
    return good(admin.put(f"{path}/draft", json=body), status)


def listed(admin: httpx.Client, name: str) -> dict[str, Any]:
    (found,) = [item for item in good(admin.get(ALL))["items"] if item["name"] == name]
    return dict(found)


def test_hints_stand_beside_the_text_with_their_places(admin: httpx.Client) -> None:
    path = make(admin, "hinted")
    shown = good(admin.get(path))
    assert shown["problems"] == []
    assert [(hint["code"], hint["path"], hint["line"], hint["column"]) for hint in shown["hints"]] == [
        ("missing_language", "greeting", 3, 11),
        ("no_reason", "collect.fields[0].ask.en", 8, 44),
    ]
    first = shown["hints"][0]
    assert set(first) == {"code", "path", "line", "column", "message", "language", "params"}
    assert (first["language"], first["params"]) == ("zh", {"language": "zh", "have": ["en"]})
    assert shown["prompt_tokens"] == 3
    better = TEXT.replace('"Hello!"}', '"Hello!", zh: 你好}').replace(
        "Your number?", "Your number, so that I can call?"
    )
    assert draft(admin, path, yaml=better)["hints"] == []
    worse = draft(admin, path, revision=1, yaml=TEXT + "promt: x\n")
    assert len(worse["hints"]) == 2
    assert len(worse["problems"]) == 1, "hints are given beside problems"
    assert draft(admin, path, revision=2, yaml="prompt: [")["hints"] == []
    again = good(admin.get(path))["draft"]
    assert (again["hints"], again["prompt_tokens"]) == ([], 0)


def test_the_list_says_who_published_what_waits_and_what_came_in(house: RunningServer, admin: httpx.Client) -> None:
    path = make(admin, "busy")
    before = listed(admin, "busy")
    assert (before["draft"], before["archived"]) == (None, False)
    assert (before["leads_7d"], before["conversations_7d"]) == (0, 0)
    assert before["published_by"] == "RAPPORT_ADMIN_TOKEN"
    assert before["published_at"].endswith("Z")
    house.visitor().say("Hello", persona="busy")
    house.visitor().say("My phone is 0171 2345678", persona="busy", locale="de-DE")
    body = {"persona": "busy", "message": {"text": "My phone is 0171 2345678"}, "test": True}
    good(admin.post("/api/v1/chat", json=body))
    draft(admin, path, yaml=TEXT + "promt: x\n")
    after = listed(admin, "busy")
    assert (after["leads_7d"], after["conversations_7d"]) == (1, 2), "tests and leads without a contact do not count"
    assert {**after["draft"], "updated_at": ""} == {
        "revision": 1, "author": "RAPPORT_ADMIN_TOKEN", "updated_at": "", "problems": 1,
    }  # fmt: skip


def test_a_persona_that_never_loaded_has_its_draft_in_the_list(house: RunningServer, admin: httpx.Client) -> None:
    (house.home / "personas.d/halfway.yaml").write_text("promt: x\n")
    end = time.monotonic() + 20
    while "halfway" not in [item["name"] for item in good(admin.get(ALL))["items"]]:
        assert time.monotonic() < end
    assert (listed(admin, "halfway")["published_at"], listed(admin, "halfway")["draft"]) == (None, None)
    draft(admin, f"{ALL}/halfway", version=0, yaml=TEXT)
    assert listed(admin, "halfway")["draft"]["problems"] == 0


def test_an_archived_persona_is_listed_and_comes_back_as_a_new_version(admin: httpx.Client) -> None:
    path = make(admin, "gone")
    assert admin.post(f"{path}/restore").status_code == 409
    assert admin.post(f"{ALL}/never-there/restore").status_code == 404
    good(admin.post(f"{path}/archive"), 204)
    assert "gone" not in [item["name"] for item in good(admin.get(ALL))["items"]]
    (item,) = [item for item in good(admin.get(ALL, params={"archived": True}))["items"] if item["name"] == "gone"]
    assert {**item, "archived_at": ""} == {
        "name": "gone", "title": {"en": "Guide", "zh": "向导"}, "version": 1, "archived": True, "archived_at": "",
    }  # fmt: skip
    assert item["archived_at"].endswith("Z")
    assert good(admin.post(f"{path}/restore")) == {"version": 2}
    shown = good(admin.get(path))
    assert (shown["version"], shown["yaml"]) == (2, TEXT)
    assert good(admin.get(f"{path}/versions"))["items"][0]["note"] == "restored"
    assert "gone" not in [item["name"] for item in good(admin.get(ALL, params={"archived": True}))["items"]]
    good(admin.post(f"{path}/archive"), 204)
    make(admin, "gone", "prompt: Another.\n")
    assert admin.post(f"{path}/restore").status_code == 409


def test_a_persona_begins_as_a_template_and_answers(house: RunningServer, admin: httpx.Client) -> None:
    found = good(admin.get(f"{ALL}/templates"))
    assert found["total"] == 5
    for item in found["items"]:
        assert set(item) == {"name", "title", "description", "languages"}
        assert item["languages"] == ["en", "zh"]
        name = f"from-{item['name']}"
        assert good(admin.post(ALL, json={"name": name, "template": item["name"]}), 201)["version"] == 1
        shown = good(admin.get(f"{ALL}/{name}"))
        assert (shown["status"], shown["problems"], shown["hints"]) == ("ok", [], [])
        assert shown["yaml"].startswith("# ")
        for suggestion in shown["spec"]["suggestions"]:
            for language, words in suggestion.items():
                body = {"q": words, "locale": language}
                assert good(admin.post(f"{ALL}/{name}/passages/search", json=body))["items"][0]["answers"], words
    reply = house.visitor().say("How do I find my size?", persona="from-shop-adviser")["reply"]["text"]
    assert "one centimetre" in reply
    assert admin.post(ALL, json={"name": "x", "template": "no-such"}).status_code == 404
    assert admin.post(ALL, json={"name": "x", "template": "shop-adviser", "copy_of": "guide"}).status_code == 422


def test_no_persona_stands_in_the_way_of_the_templates(house: RunningServer, admin: httpx.Client) -> None:
    assert admin.post(ALL, json={"name": "templates", "yaml": TEXT}).status_code == 422
    (house.home / "personas.d/templates.yaml").write_text(TEXT)
    end = time.monotonic() + 20
    while not any("templates.yaml" in str(item["problems"]) for item in good(admin.get(ALL))["items"]):
        assert time.monotonic() < end
    assert listed(admin, "templates")["status"] == "error"
    assert good(admin.get(f"{ALL}/templates"))["total"] == 5
    (house.home / "personas.d/templates.yaml").unlink()


def test_passages_are_shown_as_they_were_cut(admin: httpx.Client) -> None:
    path = make(admin, "reader")
    made = good(
        admin.put(f"{path}/knowledge/zebra.md", content=b"# Zebras\n\nZebras cost 4711.\n\n* striped\n* fast\n")
    )
    assert (made["path"], made["passages"]) == ("knowledge/zebra.md", 3)
    assert admin.get(f"{path}/passages", params={"source": "draft"}).status_code == 404
    spec = {
        **good(admin.get(path))["spec"],
        "knowledge": ["knowledge/zebra.md", {"q": {"en": "Do you sell lions?"}, "a": {"en": "No lions."}}],
    }
    saved = draft(admin, path, spec=spec)
    assert saved["problems"] == []
    assert [line for line in TEXT.splitlines() if "#" in line and line not in saved["yaml"]] == []
    assert good(admin.get(f"{path}/passages"))["total"] == 0
    query = {"source": "draft", "limit": 3}
    first = good(admin.get(f"{path}/passages", params=query))
    assert (first["total"], first["next_cursor"]) == (4, "3")
    assert first["items"][0] == {
        "path": "knowledge/zebra.md", "heading": "Zebras", "text": "Zebras cost 4711.", "language": "en", "position": 1,
    }  # fmt: skip
    rest = good(admin.get(f"{path}/passages", params={**query, "cursor": first["next_cursor"]}))
    assert [(item["path"], item["heading"], item["position"]) for item in rest["items"]] == [
        ("", "Do you sell lions?", 1)
    ]
    assert rest["next_cursor"] is None
    assert good(admin.get(f"{path}/passages", params={**query, "path": ""}))["total"] == 1
    assert good(admin.get(f"{path}/passages", params={**query, "path": "knowledge/zebra.md"}))["total"] == 3
    assert admin.get(f"{path}/passages", params={**query, "cursor": "x"}).status_code == 422
    assert admin.get(f"{path}/passages", params={"source": "other"}).status_code == 422
    body = {"base_version": 1, "revision": saved["revision"]}
    good(admin.post(f"{path}/publish", json=body))
    in_use = {item["path"]: item["passages"] for item in good(admin.get(f"{path}/knowledge"))["items"]}
    assert in_use["knowledge/zebra.md"] == 3
    draft(admin, path, version=2, yaml="prompt: [")
    assert admin.get(f"{path}/passages", params={"source": "draft"}).status_code == 422


def test_a_search_shows_what_the_turn_would_hand_to_the_model(house: RunningServer, admin: httpx.Client) -> None:
    path = make(admin, "seeker")

    def search(**body: Any) -> Any:
        return good(admin.post(f"{path}/passages/search", json=body))

    facts = [f"Crate number {n} is called K{n} and is painted violet." for n in range(700)]
    large = "# Wombats\n\nA wombat costs 88 crowns.\n\n# Crates\n\n" + "\n\n".join(facts)
    good(admin.put(f"{path}/knowledge/wombat.md", content=large.encode()))
    draft(admin, path, yaml=TEXT + "knowledge: [knowledge/wombat.md]\n")
    found = search(q="What does a wombat cost?", source="draft")
    assert found["whole"] is False
    assert set(found["items"][0]) == {"path", "heading", "text", "language", "score", "answers", "used"}
    assert (found["items"][0]["text"], found["items"][0]["used"]) == ("A wombat costs 88 crowns.", True)
    many = search(q="Which violet crates are painted?", source="draft", limit=20)["items"]
    assert [item["used"] for item in many] == [True] * 6 + [False] * 14
    assert search(q="Do you like music?", source="draft")["items"] == []
    assert search(q="What does a wombat cost?")["items"] == [], "the published one does not name the file"
    small = draft(admin, path, revision=1, yaml=TEXT + "knowledge: [{q: Do you sell lions?, a: 'Yes, lions.'}]\n")
    assert small["problems"] == []
    (item,) = search(q="lions and tigers and bears and their cages in Finland", source="draft")["items"]
    assert item["used"]
    assert search(q="lions", source="draft")["whole"] is True
    for odd in ({}, {"q": " "}, {"q": "x", "limit": 0}, {"q": "x", "source": "y"}, {"q": "x" * 2001}):
        assert admin.post(f"{path}/passages/search", json=odd).status_code == 422


def test_a_form_never_writes_over_a_draft_that_is_not_yaml(admin: httpx.Client) -> None:
    path = make(admin, "mangled")
    broken = draft(admin, path, yaml="prompt: [half\n")
    refused = draft(admin, path, 422, revision=broken["revision"], spec={"prompt": "New."})
    assert "not YAML" in refused["detail"]
    assert refused["errors"][0]["line"] >= 1
    stale = draft(admin, path, 409, spec={"prompt": "New."})
    assert stale["theirs"] == "prompt: [half\n"
    assert "New." in stale["yours"]
    assert (stale["theirs_is"], stale["author"]) == ("draft", "RAPPORT_ADMIN_TOKEN")
    assert stale["updated_at"] == broken["updated_at"]
    assert good(admin.get(path))["aside"]["yaml"] == stale["yours"]
    assert good(admin.get(path))["draft"]["yaml"] == "prompt: [half\n"


def test_a_refused_text_is_shown_to_its_author_alone_and_survives_a_restart(
    house: RunningServer, admin: httpx.Client
) -> None:
    path = make(admin, "beside")
    draft(admin, path, yaml=TEXT + "# first\n")
    with house.client(session_of(house, "editor")) as editor:
        refused = draft(editor, path, 409, yaml=TEXT + "# second\n")
        assert refused["author"] == "RAPPORT_ADMIN_TOKEN"
        house.kill()
        house.start()
        aside = good(editor.get(path))["aside"]
        assert (aside["yaml"], aside["updated_at"][-1]) == (TEXT + "# second\n", "Z")
        shown = good(admin.get(path))
        assert "aside" not in shown
        assert (shown["published_by"], shown["published_at"][-1]) == ("RAPPORT_ADMIN_TOKEN", "Z")
        good(editor.delete(f"{path}/aside"), 204)
        assert "aside" not in good(editor.get(path))


def test_a_draft_thrown_away_comes_back_by_saving_its_text_again(admin: httpx.Client) -> None:
    path = make(admin, "undone")
    first = draft(admin, path, yaml=TEXT + "# mine\n")
    good(admin.delete(f"{path}/draft"), 204)
    draft(admin, path, 409, revision=first["revision"], yaml=first["yaml"])
    again = draft(admin, path, yaml=first["yaml"])
    assert (again["yaml"], again["revision"]) == (first["yaml"], first["revision"] + 1)


def test_a_draft_that_is_newer_than_the_one_seen_is_not_thrown_away(admin: httpx.Client) -> None:
    path = make(admin, "newer")
    seen = draft(admin, path, yaml=TEXT + "# seen\n")
    newer = draft(admin, path, revision=seen["revision"], yaml=TEXT + "# newer\n")
    refused = good(admin.delete(f"{path}/draft", params={"base_revision": seen["revision"]}), 409)
    assert (refused["yours"], refused["theirs"], refused["theirs_is"]) == (TEXT, newer["yaml"], "draft")
    assert (refused["version"], refused["revision"]) == (1, newer["revision"])
    assert good(admin.get(path))["draft"]["yaml"] == newer["yaml"]
    for _ in range(2):
        good(admin.delete(f"{path}/draft", params={"base_revision": newer["revision"]}), 204)
    assert "draft" not in good(admin.get(path))
    assert admin.delete(f"{path}/draft", params={"base_revision": -1}).status_code == 422


def test_a_difference_comes_by_word_and_by_value(admin: httpx.Client) -> None:
    path = make(admin, "changed")
    new = TEXT.replace("You help.", "You help kindly.").replace("向导", "顾问")
    draft(admin, path, yaml=new)
    diff = good(admin.get(f"{path}/diff"))
    assert set(diff) == {"before", "after", "hunks", "unified", "segments", "changes"}
    assert "".join(part["text"] for part in diff["segments"] if part["kind"] != "added") == TEXT
    assert "".join(part["text"] for part in diff["segments"] if part["kind"] != "removed") == new
    assert [(part["kind"], part["text"]) for part in diff["segments"] if part["kind"] != "same"] == [
        ("removed", "向导"), ("added", "顾问"), ("added", " kindly"),
    ]  # fmt: skip
    assert diff["changes"] == [
        {"path": "title.zh", "before": "向导", "after": "顾问"},
        {"path": "prompt", "before": "You help.\n", "after": "You help kindly.\n"},
    ]
    draft(admin, path, revision=1, yaml="prompt: [")
    assert good(admin.get(f"{path}/diff"))["changes"] is None


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pdf", b"%PDF-1.4 broken", "save it as PDF again"),
        ("a.docx", b"PK\x03\x04broken", "save it as DOCX again"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "save it as .docx"),
    ],
)
def test_knowledge_that_cannot_be_read_says_what_to_do(admin: httpx.Client, name: str, data: bytes, words: str) -> None:
    answer = admin.put(f"{ALL}/guide/knowledge/{name}", content=data)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_a_viewer_reads_all_of_it_and_changes_none(house: RunningServer) -> None:
    with house.client(session_of(house, "viewer")) as viewer:
        assert viewer.get(f"{ALL}/guide").json()["prompt_tokens"] > 100
        assert viewer.get(f"{ALL}/guide/passages").json()["total"] > 10
        assert viewer.post(f"{ALL}/guide/restore").status_code == 403
