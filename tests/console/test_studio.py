"""The studio: text is kept at every change, compared and published, and never lost."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from console.client import connect
from console.screens.studio.draft import DraftEdit
from tests.console.conftest import Visitors
from tests.console.house import House
from tests.running import ADMIN

PROMPT = "Who the assistant is and how it answers"
EVIL = '**x** :smile: <b>x</b> ![i](http://x.invalid/y.png) "quoted"'


def prompt_of(page: Page) -> Locator:
    return page.get_by_label(PROMPT).filter(visible=True)


def type_first(page: Page, words: str) -> None:
    box = prompt_of(page)
    box.click()
    box.press("Control+Home")
    page.keyboard.type(words)


def persona(house: House, name: str) -> dict[str, Any]:
    found: dict[str, Any] = house.api.get(f"/personas/{name}").json()
    return found


def beginning(words: str) -> re.Pattern[str]:
    return re.compile("^" + re.escape(words))


@contextmanager
def halted(house: House) -> Iterator[None]:
    """The server answers nobody meanwhile, and everybody afterwards."""
    process = house.server.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def fresh(house: House, name: str) -> str:
    """A persona of the test's own, by another name in a second try."""
    made = house.api.post("/personas", json={"name": name, "copy_of": "adviser"})
    if made.status_code == 409:
        return fresh(house, f"{name}_again")
    assert made.status_code == 201
    return name


def test_a_change_is_kept_while_typing_published_and_rolled_back(house: House, visit: Visitors) -> None:
    name = fresh(house, "publishing")
    page = visit(f"/persona?name={name}")
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    type_first(page, f"Say {EVIL} first. ")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.keyboard.type("And go on.")
    expect(prompt_of(page)).to_be_focused()
    expect(prompt_of(page)).to_have_value(beginning(f"Say {EVIL} first. And go on."))

    page.get_by_role("button", name="Publish").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("ins").first).to_contain_text(f"Say {EVIL} first. And go on.")
    drawer.get_by_label("Note for the history").fill("a first word")
    drawer.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("v2 as published")).to_be_visible()
    assert persona(house, name)["spec"]["prompt"].startswith(f"Say {EVIL} first. And go on.")

    page.get_by_role("tab", name="History").click()
    page.locator(".st-key-studio_roll_back_1").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("v3 as published")).to_be_visible()
    assert persona(house, name)["spec"]["prompt"].startswith("You stand at the counter")


def test_two_who_edit_at_once_see_both_texts_and_choose(house: House, visit: Visitors) -> None:
    name = fresh(house, "together")
    first, second = visit(f"/persona?name={name}"), visit(f"/persona?name={name}", role="editor")
    type_first(first, "Alpha speaks. ")
    expect(first.get_by_text("Draft saved")).to_be_visible()
    type_first(second, "Beta speaks. ")
    expect(second.get_by_text("Somebody changed this text meanwhile")).to_be_visible()
    expect(second.locator("section", has_text="Mine").locator("ins").first).to_contain_text("Beta")
    theirs = second.locator("section", has_text="'s draft, saved")
    expect(theirs.locator("del").first).to_contain_text("Alpha")
    expect(second.get_by_text("as published, no draft")).to_have_count(0)
    second.reload()
    expect(theirs.locator("del").first).to_contain_text("Alpha")
    expect(second.locator("section", has_text="Mine").locator("ins").first).to_contain_text("Beta")
    assert "Alpha speaks." in persona(house, name)["draft"]["yaml"]
    second.get_by_role("button", name="Keep mine").click()
    expect(prompt_of(second)).to_have_value(beginning("Beta speaks. "))
    assert "Beta speaks." in persona(house, name)["draft"]["yaml"]
    second.get_by_role("button", name="Take it back").click()
    expect(prompt_of(second)).to_have_value(beginning("Alpha speaks. "))


def test_taking_theirs_is_remembered_and_can_be_undone(house: House, visit: Visitors) -> None:
    name = fresh(house, "taking")
    page = visit(f"/persona?name={name}", role="editor")
    theirs = persona(house, name)["yaml"].replace("Be brief", "Be very brief")
    body = {"yaml": theirs, "base_version": 1, "base_revision": 0}
    assert house.api.put(f"/personas/{name}/draft", json=body).status_code == 200
    type_first(page, "Gamma speaks. ")
    page.get_by_role("button", name="Take theirs").click()
    expect(prompt_of(page)).to_have_value(re.compile("Be very brief"))
    page.get_by_role("button", name="Take it back").click()
    expect(prompt_of(page)).to_have_value(beginning("Gamma speaks. "))
    page.reload()
    expect(prompt_of(page)).to_have_value(beginning("Gamma speaks. "))
    expect(page.get_by_role("button", name="Take theirs")).to_have_count(0)
    now = persona(house, name)
    assert {**now["draft"]["spec"], "prompt": ""} == {**now["spec"], "prompt": ""}, "the forms changed something"


def test_what_a_box_still_sends_after_another_text_was_chosen_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser sends the click and the last words typed before it together."""
    name = fresh(house, "late_words")
    api = connect(house.server_url, ADMIN)
    me = SimpleNamespace(api=api, me=SimpleNamespace(name="admin", id="admin"), may=lambda role: True)
    monkeypatch.setattr("console.screens.studio.draft.current", lambda: me)
    edit = DraftEdit(api.personas.one(name))
    theirs = persona(house, name)["yaml"].replace("Be brief", "Be very brief")
    body = {"yaml": theirs, "base_version": 1, "base_revision": 0}
    assert house.api.put(f"/personas/{name}/draft", json=body).status_code == 200
    edit.put(("prompt",), "Gamma")
    assert edit.clash is not None
    edit.take_theirs()
    edit.put(("prompt",), "Gamma speaks")
    assert persona(house, name)["draft"]["yaml"] == edit.yaml == theirs
    edit.draw_begins()
    edit.put(("prompt",), "Delta")
    assert persona(house, name)["draft"]["spec"]["prompt"] == "Delta"
    edit.put(("suggestions", 9, "en"), "Said into an entry that is gone")
    edit.put(("suggestions", 9), {"en": "Said into an entry that is gone"})
    edit.put(("title", "en", 0), "Said into what is no list")
    assert persona(house, name)["draft"]["yaml"] == edit.yaml
    assert "that is gone" not in edit.yaml


def test_a_roll_back_beside_a_draft_asks_at_once_which_to_go_on_with(house: House, visit: Visitors) -> None:
    name = fresh(house, "beside_draft")
    text = persona(house, name)["yaml"].replace("Be brief", "Be very brief")
    body = {"yaml": text, "base_version": 1, "base_revision": 0}
    kept = house.api.put(f"/personas/{name}/draft", json=body).json()
    house.api.post(f"/personas/{name}/publish", json={"base_version": 1, "revision": kept["revision"]})
    page = visit(f"/persona?name={name}")
    type_first(page, "Delta speaks. ")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.get_by_role("tab", name="History").click()
    page.locator(".st-key-studio_roll_back_1").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.locator("section", has_text="Mine").locator("ins").first).to_contain_text("Delta speaks.")
    expect(page.locator("section", has_text="Version 3, published by")).to_be_visible()
    page.get_by_role("button", name="Take theirs").click()
    expect(page.get_by_text("v3 as published")).to_be_visible()
    assert "draft" not in persona(house, name)


def test_what_is_typed_on_until_both_texts_are_shown_is_mine_too(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/persona?name=adviser")
    theirs = persona(own_house, "adviser")["yaml"].replace("Be brief", "Be very brief")
    body = {"yaml": theirs, "base_version": 1, "base_revision": 0}
    assert own_house.api.put("/personas/adviser/draft", json=body).status_code == 200
    with halted(own_house):
        type_first(page, "Gamma speaks")
        expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "running")
        page.keyboard.type(" on and on.")
    mine = page.locator("section", has_text="Mine").locator("ins").first
    expect(mine).to_contain_text("Gamma speaks on and on.")
    page.reload()
    expect(mine).to_contain_text("Gamma speaks on and on.")
    assert "very brief" in persona(own_house, "adviser")["draft"]["yaml"]


def test_a_draft_saved_after_the_choice_was_shown_is_never_thrown_away(house: House, visit: Visitors) -> None:
    name = fresh(house, "late_draft")
    text = persona(house, name)["yaml"] + "# second\n"
    kept = house.api.put(f"/personas/{name}/draft", json={"yaml": text, "base_version": 1, "base_revision": 0}).json()
    house.api.post(f"/personas/{name}/publish", json={"base_version": 1, "revision": kept["revision"]})
    page = visit(f"/persona?name={name}", role="editor")
    type_first(page, "Gamma speaks. ")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    body = {"yaml": text.replace("Be brief", "Be very brief"), "base_version": 2, "base_revision": 2}
    assert house.api.put(f"/personas/{name}/draft", json=body).status_code == 200
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Discard draft").click()
    theirs = page.locator("section", has_text="'s draft, saved")
    expect(theirs.locator("del").first).to_contain_text("very")
    expect(page.locator("section", has_text="Mine").locator("ins").first).to_contain_text("Gamma speaks.")
    assert "Be very brief" in persona(house, name)["draft"]["yaml"]
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_text("Draft saved")).to_be_visible()
    house.api.post(f"/personas/{name}/rollback", json={"version": 1}).raise_for_status()
    page.reload()
    expect(page.get_by_role("button", name="Take theirs")).to_be_visible()
    now = persona(house, name)
    newer = {"yaml": text + "# newest\n", "base_version": now["version"], "base_revision": now["draft"]["revision"]}
    assert house.api.put(f"/personas/{name}/draft", json=newer).status_code == 200
    page.get_by_role("button", name="Take theirs").click()
    expect(theirs.locator("del", has_text="# newest")).to_be_visible()
    assert "# newest" in persona(house, name)["draft"]["yaml"]
    page.get_by_role("button", name="Take theirs").click()
    expect(prompt_of(page)).to_have_value(beginning("You stand at the counter"))
    assert "# newest" in persona(house, name)["draft"]["yaml"]


def test_what_is_typed_while_the_server_is_away_is_saved_when_it_is_back(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/persona?name=adviser")
    own_house.kill_server()
    type_first(page, "Typed in the dark. ")
    expect(page.get_by_text("Your text is kept here")).to_be_visible()
    page.keyboard.type("Still typing. ")
    expect(prompt_of(page)).to_have_value(beginning("Typed in the dark. Still typing. "))
    own_house.start_server()
    expect(page.get_by_text("Draft saved")).to_be_visible()
    expect(prompt_of(page)).to_have_value(beginning("Typed in the dark. Still typing. "))
    expect(page.get_by_text("Your text is kept here")).to_have_count(0)
    assert "Typed in the dark. Still typing." in persona(own_house, "adviser")["draft"]["yaml"]


def test_what_is_typed_after_the_session_ended_can_still_be_copied(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/persona?name=adviser", role="editor")
    with sqlite3.connect(own_house.folder / "data" / "rapport.db") as database:
        database.execute("DELETE FROM credential WHERE kind = 'session'")
    type_first(page, "Be of good cheer. ")
    page.keyboard.press("Tab")
    expect(page.get_by_text("not saved yet").first).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.get_by_text("尚未保存")).to_be_visible()
    expect(page.get_by_text("Be of good cheer.")).to_be_visible()


def test_broken_yaml_is_kept_its_place_is_shown_and_the_published_version_serves(house: House, visit: Visitors) -> None:
    visit.forgive("fonts.googleapis.com")  # the packaged editor's theme asks; the content policy refuses
    name = fresh(house, "mending")
    page = visit(f"/persona?name={name}&tab=yaml")
    editor = page.frame_locator(".st-key-studio_yaml iframe").locator(".ace_text-input")
    editor.press("Control+End")
    editor.type("\ntests: [")
    expect(page.locator(".st-key-studio_problems").get_by_role("button")).to_have_count(1)
    assert persona(house, name)["draft"]["problems"]
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    page.get_by_role("tab", name="Prompt").click()
    expect(page.get_by_text("forms cannot show it")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Discard draft").click()
    expect(prompt_of(page)).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("forms cannot show it")).to_be_visible()
    assert persona(house, name)["version"] == 1


def test_the_yaml_editor_marks_lines_goes_to_them_and_offers_keys_alone(house: House, visit: Visitors) -> None:
    visit.forgive("fonts.googleapis.com")
    name = fresh(house, "marking")
    page = visit(f"/persona?name={name}&tab=yaml")
    frame = page.frame_locator(".st-key-studio_yaml iframe")
    editor = frame.locator(".ace_text-input").first
    editor.press("Control+End")
    editor.type("\nmedi")
    expect(frame.locator(".ace_autocomplete")).to_contain_text("media")
    editor.press("Escape")
    editor.type("um: x\nprompt2: a text\n")
    expect(page.locator(".st-key-studio_problems").get_by_role("button")).to_have_count(2)
    line = persona(house, name)["draft"]["problems"][0]["line"]
    marked = frame.locator(".ace_gutter-cell.ace_error")
    expect(marked.first).to_contain_text(str(line))
    editor.press("Control+Home")
    page.locator(".st-key-studio_problems").get_by_role("button").first.click()
    expect(frame.locator(".ace_gutter-active-line")).to_contain_text(str(line))
    assert "prompt2: a text\n" in persona(house, name)["draft"]["yaml"], "Enter in a sentence is an Enter"


def test_form_and_yaml_are_one_draft_and_comments_survive(house: House, visit: Visitors) -> None:
    visit.forgive("fonts.googleapis.com")
    name = fresh(house, "both_ways")
    page = visit(f"/persona?name={name}&tab=yaml")
    frame = page.frame_locator(".st-key-studio_yaml iframe")
    editor = frame.locator(".ace_text-input").first
    editor.press("Control+Home")
    editor.type("# Agreed with the shop.\n")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.get_by_role("tab", name="Prompt").click()
    type_first(page, "Smile first. ")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.get_by_role("tab", name="Fields").click()
    page.locator(".st-key-icon_field_down_0 button").first.click()
    first = page.locator(".st-key-name_field_0")
    before = persona(house, name)["spec"]["collect"]["fields"]
    expect(first).to_contain_text(before[1]["name"])
    page.get_by_role("tab", name="YAML").click()
    expect(frame.locator(".ace_comment").first).to_contain_text("Agreed with the shop.")
    draft = persona(house, name)["draft"]
    assert draft["yaml"].startswith("# Agreed with the shop.\n")
    assert draft["spec"]["prompt"].startswith("Smile first. ")
    assert [one["name"] for one in draft["spec"]["collect"]["fields"][:2]] == [before[1]["name"], before[0]["name"]]


def test_publishing_over_a_newer_version_is_refused_and_leads_to_both_texts(house: House, visit: Visitors) -> None:
    name = fresh(house, "overtaken")
    page = visit(f"/persona?name={name}")
    type_first(page, "Late words. ")
    page.get_by_role("button", name="Publish").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("ins").first).to_be_visible()
    text = persona(house, name)["yaml"].replace("Be brief", "Be very brief")
    draft = {"yaml": text, "base_version": 1, "base_revision": persona(house, name)["draft"]["revision"]}
    kept = house.api.put(f"/personas/{name}/draft", json=draft).json()
    done = house.api.post(f"/personas/{name}/publish", json={"base_version": 1, "revision": kept["revision"]})
    assert done.json() == {"version": 2}
    drawer.get_by_role("button", name="Publish").click()
    expect(drawer.get_by_text("Not published")).to_be_visible()
    drawer.get_by_role("button", name="Compare").click()
    expect(page.locator("section", has_text="Mine").locator("ins").first).to_contain_text("Late words.")


def test_a_viewer_reads_the_studio_and_changes_nothing(visit: Visitors) -> None:
    page = visit("/persona?name=guide", role="viewer")
    expect(prompt_of(page)).to_be_disabled()
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()


def test_who_lost_a_role_while_typing_keeps_the_text_and_is_told(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/persona?name=adviser", role="editor")
    assert httpx.get(own_house.link("editor@example.com", "viewer"), trust_env=False).status_code == 303
    type_first(page, "Be of good cheer. ")
    expect(page.get_by_text("Your role does not allow this.")).to_be_visible()
    expect(prompt_of(page)).to_be_disabled()
    expect(prompt_of(page)).to_have_value(beginning("Be of good cheer. "))
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    assert "draft" not in persona(own_house, "adviser")
