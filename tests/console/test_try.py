"""Try: chatting as a customer, the lead beside it, and what happens when something goes wrong in the middle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import furnish
from tests.console.conftest import PATIENCE, Visitors, settled
from tests.console.house import House
from tests.running import Gate

NASTY = "<script>alert(1)</script> ![x](http://x.invalid/y.png) [l](http://x.invalid) **x** :smile: $a$ `c` <b>b</b>"
expect.set_options(timeout=PATIENCE)


def bubbles(page: Page, role: str = "") -> Locator:
    return page.locator(f'[class*="st-key-said_{role}"]')


def type_in(page: Page, text: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(text)
    box.press("Enter")


def answered(page: Page, number: int) -> None:
    """Waits until that many answers stand there beside the greeting."""
    answers = page.locator('[class*="st-key-said_assistant_"]:not([class*="_greeting"])')
    expect(answers).to_have_count(number)
    settled(page)


def row(page: Page, field: str) -> Locator:
    return page.locator(f'[class*="st-key-tally_"][class*="_{field}"]').first


def conversation_of(house: House, page: Page) -> dict[str, Any]:
    found = re.search(r"conversation=(\w+)", page.url)
    assert found, page.url
    answer: dict[str, Any] = house.api.get(f"/conversations/{found[1]}").json()
    return answer


def choose(page: Page, name: str, option: str) -> None:
    settled(page)  # a run that ends now would close the list again
    page.locator(f".st-key-try_{name}").get_by_role("combobox").click()
    page.get_by_role("option", name=option).click()
    settled(page)


def test_one_click_fills_a_field_with_its_sentence_and_stays_out_of_the_leads(house: House, visit: Visitors) -> None:
    page = visit("/try?persona=guide", lang="zh")
    page.get_by_role("button", name="我叫王敏").click()
    answered(page, 1)
    expect(row(page, "phone")).to_contain_text("138 0013 8000")
    expect(row(page, "name")).to_contain_text("“我叫王敏，电话 138 0013 8000”")
    expect(row(page, "name")).to_contain_text("新")
    talk = conversation_of(house, page)
    assert talk["test"] is True
    leads = {test: house.api.get("/leads", params={"test": test}).json()["items"] for test in (True, False)}
    assert talk["user_id"] in {lead["user_id"] for lead in leads[True]}
    assert talk["user_id"] not in {lead["user_id"] for lead in leads[False]}


def test_a_field_is_new_only_until_the_next_message(visit: Visitors) -> None:
    page = visit("/try?persona=guide")
    type_in(page, "We are Harbour Light Robotics")
    answered(page, 1)
    expect(row(page, "company").get_by_text("new", exact=True)).to_be_visible()
    type_in(page, "What does it cost?")
    answered(page, 2)
    expect(row(page, "company")).to_contain_text("Harbour Light Robotics")
    expect(row(page, "company").get_by_text("new", exact=True)).to_have_count(0)


def test_what_is_typed_or_suggested_is_shown_letter_by_letter(house: House, visit: Visitors) -> None:
    yaml = (
        f"title: Odd\nprompt: You help.\nsuggestions: ['{NASTY}']\ncollect: {{fields: [{{name: company, type: text}}]}}"
    )
    assert house.api.post("/personas", json={"name": "odd", "yaml": yaml}).status_code == 201
    page = visit("/try?persona=odd")
    offered = page.locator(".st-key-try_suggestion_0 button")
    assert offered.inner_text() == NASTY
    assert offered.locator("img, a, strong, b, code, .katex").count() == 0
    offered.click()
    answered(page, 1)
    said = bubbles(page, "customer")
    assert said.inner_text() == NASTY
    assert said.locator("img, a, strong, b, code, .katex").count() == 0


def test_a_message_is_taken_back_and_said_differently(house: House, visit: Visitors) -> None:
    page = visit("/try?persona=guide")
    type_in(page, "Hello")
    answered(page, 1)
    type_in(page, "We are Acme Ltd")
    answered(page, 2)
    expect(row(page, "company")).to_contain_text("Acme Ltd")
    page.get_by_role("button", name="Edit last message").click()
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_have_value("We are Acme Ltd")
    expect(bubbles(page, "customer")).to_have_count(1)
    expect(row(page, "company")).not_to_contain_text("Acme")
    type_in(page, "We are Northwind Ltd")
    answered(page, 2)
    expect(row(page, "company")).to_contain_text("Northwind Ltd")
    assert [m["text"] for m in conversation_of(house, page)["messages"] if m["role"] == "customer"] == [
        "Hello",
        "We are Northwind Ltd",
    ]


def test_a_reload_and_another_page_come_back_to_the_same_chat(visit: Visitors) -> None:
    page = visit("/try?persona=guide")
    type_in(page, "We are Acme Ltd")
    answered(page, 1)
    before = page.url
    page.reload()
    answered(page, 1)
    expect(row(page, "company")).to_contain_text("Acme Ltd")
    page.get_by_role("link", name="Leads", exact=True).click()
    settled(page)
    page.get_by_role("link", name="Try", exact=True).click()
    answered(page, 1)
    assert page.url == before


def test_another_choice_begins_a_new_conversation_and_links_the_one_before(visit: Visitors) -> None:
    page = visit("/try?persona=guide")
    type_in(page, "Hello")
    answered(page, 1)
    before = re.search(r"conversation=(\w+)", page.url)
    assert before
    choose(page, "locale", "中文")
    expect(bubbles(page, "customer")).to_have_count(0)
    assert "conversation=" not in page.url
    kept = page.get_by_role("link", name="Open the one before")
    assert before[1] in str(kept.get_attribute("href"))
    expect(page.get_by_role("button", name="价格是多少？")).to_be_visible()


def test_the_draft_is_chatted_with_before_it_is_published(house: House, visit: Visitors) -> None:
    held = house.api.get("/personas/adviser").json()
    yaml = held["yaml"].replace("Good day. Take your time", "Good evening from the draft. Take your time")
    body = {"yaml": yaml, "base_version": held["version"], "base_revision": 0}
    assert house.api.put("/personas/adviser/draft", json=body).status_code == 200
    page = visit("/try?persona=adviser")
    expect(bubbles(page).first).to_contain_text("Good day")
    choose(page, "version", "Draft")
    expect(bubbles(page).first).to_contain_text("Good evening from the draft")
    type_in(page, "Hello")
    answered(page, 1)
    assert conversation_of(house, page)["messages"][0]["text"] == "Hello"


def test_a_chat_that_counts_is_among_the_leads_and_exports_as_csv(house: House, visit: Visitors) -> None:
    page = visit("/try?persona=guide")
    page.get_by_text("Count this chat as a real one").click()
    settled(page)
    type_in(page, "We are Quayside Ltd, my phone is +44 20 7946 0018")
    answered(page, 1)
    names = [lead["fields"]["company"]["value"] for lead in house.api.get("/leads").json()["items"]]
    assert "Quayside Ltd" in names
    expect(page.get_by_role("link", name="Open lead")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export this lead (CSV)").click()
    lines = Path(waiting.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "+44 20 7946 0018" in lines[1]


def test_a_viewer_reads_why_chatting_is_not_possible(visit: Visitors) -> None:
    page = visit("/try?persona=guide", role="viewer")
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_disabled()
    expect(page.get_by_text("Chatting needs the role Editor. You may read.").first).to_be_visible()
    expect(page.get_by_role("button", name="What does it cost?")).to_be_disabled()


def test_a_telephone_shows_chat_lead_and_settings_one_at_a_time(visit: Visitors) -> None:
    page = visit("/try?persona=guide", width=390)
    lead, box = page.locator(".st-key-try_lead"), page.get_by_test_id("stChatInputTextArea")
    expect(box).to_be_visible()
    expect(lead).to_be_hidden()
    page.locator(".st-key-try_tabs").get_by_text("Lead").click()
    expect(lead).to_be_visible()
    expect(box).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


# --- something goes wrong in the middle ---------------------------------------------------------------------


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    server = made.serve()
    yield made
    made.opened.set()
    server.shutdown()


@pytest.fixture
def slow_house(tmp_path_factory: pytest.TempPathFactory, gate: Gate) -> Iterator[House]:
    folder = furnish(tmp_path_factory.mktemp("slow-house"))
    gate.furnish(folder)
    made = House(folder)
    made.server.env = {**made.server.env, **gate.env}
    yield made.start()
    made.close()


@pytest.fixture
def slow_visit(browser: Browser, slow_house: House) -> Iterator[Visitors]:
    visitors = Visitors(browser, slow_house)
    yield visitors
    assert not visitors.look_back()


def test_a_server_killed_while_it_answers_loses_and_doubles_nothing(
    slow_house: House, slow_visit: Visitors, gate: Gate
) -> None:
    page = slow_visit("/try?persona=slow")
    with gate.held():
        type_in(page, "We are Acme Ltd")
        gate.wait_until_reached()
        expect(page.get_by_text("Looking up: wait_for_it")).to_be_visible()
        slow_house.kill_server()
        expect(page.get_by_role("button", name="Send again")).to_be_visible()
        expect(bubbles(page, "customer")).to_have_text("We are Acme Ltd")
    slow_house.start_server()
    page.get_by_role("button", name="Send again").click()
    answered(page, 1)
    expect(row(page, "company")).to_contain_text("Acme Ltd")
    assert [m["role"] for m in conversation_of(slow_house, page)["messages"]] == ["customer", "assistant"]
    assert slow_house.api.get("/conversations", params={"test": True}).json()["total"] == 1


def test_a_page_reloaded_after_the_crash_still_sends_the_message_once(
    slow_house: House, slow_visit: Visitors, gate: Gate
) -> None:
    page = slow_visit("/try?persona=slow")
    with gate.held():
        type_in(page, "We are Acme Ltd")
        gate.wait_until_reached()
        expect(page).to_have_url(re.compile("conversation="))
        slow_house.kill_server()
        expect(page.get_by_role("button", name="Send again")).to_be_visible()
    slow_house.start_server()
    page.reload()
    expect(bubbles(page, "customer")).to_have_text("We are Acme Ltd")
    page.get_by_role("button", name="Send again").click()
    answered(page, 1)
    assert [m["role"] for m in conversation_of(slow_house, page)["messages"]] == ["customer", "assistant"]


def test_a_page_reloaded_while_it_answers_goes_on_watching(slow_house: House, slow_visit: Visitors, gate: Gate) -> None:
    page = slow_visit("/try?persona=slow")
    with gate.held():
        type_in(page, "We are Acme Ltd")
        gate.wait_until_reached()
        expect(page).to_have_url(re.compile("conversation="))
        page.reload()
        expect(page.get_by_text("Looking up: wait_for_it")).to_be_visible()
    answered(page, 1)
    assert [m["role"] for m in conversation_of(slow_house, page)["messages"]] == ["customer", "assistant"]


def test_stopping_leaves_the_answer_to_the_server_and_the_next_message_follows_it(
    slow_house: House, slow_visit: Visitors, gate: Gate
) -> None:
    page = slow_visit("/try?persona=slow")
    with gate.held():
        type_in(page, "We are Acme Ltd")
        gate.wait_until_reached()
        page.get_by_test_id("stChatInput").get_by_role("button", name="Stop").click()
    type_in(page, "My phone is +44 20 7946 0018")
    answered(page, 2)
    roles = [m["role"] for m in conversation_of(slow_house, page)["messages"]]
    assert roles == ["customer", "assistant", "customer", "assistant"]
