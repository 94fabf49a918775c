"""The first things a newcomer does, each done from Home in a real browser with its clicks counted.

The most clicks allowed are those of the design brief; `docs/console.md` has the table. Typing is no click, nor is
Enter, and clicks begin on the settled first page.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import PATIENCE, Visitors, settled
from tests.console.house import House

Click = Callable[[Locator], None]


class Counted:
    """Clicks, counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def __call__(self, target: Locator, *, at: tuple[int, int] | None = None) -> None:
        """One click, then a wait until the page stands still."""
        target.click(position={"x": at[0], "y": at[1]} if at else None)
        self.clicks += 1
        settled(self.page)

    def menu(self, name: str) -> None:
        """One click in the sidebar."""
        self(self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=name))

    def button(self, name: str) -> None:
        """One click on the button of that name."""
        self(self.page.get_by_role("button", name=name).first)


@pytest.fixture
def from_home(visit: Visitors) -> Callable[..., Counted]:
    def opened(lang: str = "en") -> Counted:
        return Counted(visit("/", lang=lang))

    return opened


def _answers(page: Page) -> Locator:
    return page.locator('[class*="st-key-said_assistant_"]:not([class*="_greeting"])')


def _type(page: Page, text: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(text)
    box.press("Enter")


def test_chat_in_chinese_and_see_a_field_fill(from_home: Callable[..., Counted]) -> None:
    clicks = from_home("zh")
    clicks.menu("试聊")
    clicks.button("我叫王敏")
    expect(clicks.page.locator('[class*="st-key-tally_"][class*="_phone"]').first).to_contain_text("138 0013 8000")
    assert clicks.clicks <= 2


def test_chat_in_english_and_see_a_field_fill(from_home: Callable[..., Counted]) -> None:
    clicks = from_home()
    clicks.menu("Try")
    clicks.button("I'm Alex Green")
    expect(clicks.page.locator('[class*="st-key-tally_"][class*="_phone"]').first).to_contain_text("415 555 0132")
    assert clicks.clicks <= 3


def test_change_the_prompt_and_try_it_then_publish_then_roll_back(
    house: House, from_home: Callable[..., Counted]
) -> None:
    clicks = from_home()
    page = clicks.page
    clicks.menu("Personas")
    clicks(page.get_by_role("link", name="Inkfallow"))
    prompt = page.get_by_label("Who the assistant is and how it behaves").or_(
        page.get_by_label("Who the assistant is and how it answers")
    )
    clicks(prompt)
    prompt.press("Control+End")
    prompt.press_sequentially("\nMention the shop in Haarlem.")
    prompt.press("Tab")
    expect(page.get_by_text("Draft saved").first).to_be_visible()
    _type(page, "Which pen suits a beginner?")
    expect(_answers(page)).to_have_count(1, timeout=PATIENCE)
    settled(page)
    assert clicks.clicks <= 4
    assert "Haarlem" in house.api.get("/personas/adviser").json()["draft"]["yaml"]

    clicks.clicks = 0
    clicks.button("Publish")
    clicks(page.get_by_role("dialog").get_by_role("button", name="Publish"))
    expect(page.get_by_text("v2").first).to_be_visible()
    assert clicks.clicks <= 3
    published = house.api.get("/personas/adviser").json()
    assert published["version"] == 2
    assert "Mention the shop in Haarlem." in published["yaml"]
    _type(page, "What does shipping cost?")
    expect(_answers(page).last).to_be_visible()

    clicks.clicks = 0
    clicks(page.get_by_role("tab", name="History"))
    clicks(page.get_by_role("button", name="Roll back").last)
    clicks(page.get_by_role("dialog").get_by_role("button", name="Roll back"))
    expect(page.get_by_text("v3").first).to_be_visible()
    assert clicks.clicks <= 4
    assert "Mention the shop in Haarlem." not in house.api.get("/personas/adviser").json()["yaml"]


def test_turn_the_dial_to_discreet(house: House, from_home: Callable[..., Counted]) -> None:
    clicks = from_home()
    clicks.menu("Personas")
    clicks(clicks.page.get_by_role("link", name="Nora"))
    clicks(clicks.page.get_by_role("tab", name="Fields"))
    clicks(clicks.page.get_by_role("radio", name="Discreet").or_(clicks.page.get_by_text("Discreet", exact=True)).first)
    expect(clicks.page.get_by_text("Draft saved").first).to_be_visible()
    assert clicks.clicks <= 4
    assert house.api.get("/personas/guide").json()["draft"]["spec"]["collect"]["proactivity"] == 0.2
    house.api.delete("/personas/guide/draft")


def _lead(house: House, *said: str) -> None:
    visitor = house.server.visitor("en-GB")
    for text in said:
        visitor.say(text, persona="guide")


def test_find_the_sentence_behind_a_phone_number(house: House, from_home: Callable[..., Counted]) -> None:
    _lead(house, "What does the Fleet plan cost?", "My phone is +44 20 7946 0123")
    clicks = from_home()
    clicks.menu("Leads")
    table = clicks.page.locator(".st-key-lead_table .dvn-scroller")
    table.hover(position={"x": 60, "y": 54})
    clicks(table, at=(60, 54))
    expect(clicks.page.locator(".st-key-lead_quote_phone")).to_contain_text("My phone is +44 20 7946 0123")
    assert clicks.clicks <= 3


def test_accept_a_missed_number(house: House, from_home: Callable[..., Counted]) -> None:
    _lead(house, "My colleague's phone is +44 20 7946 0199")
    assert house.api.get("/leads/missed").json()["total"] == 1
    clicks = from_home()
    clicks.menu("Leads")
    clicks(clicks.page.get_by_role("radio", name="Missed").or_(clicks.page.get_by_text("Missed ·")).first)
    clicks.button("Accept")
    expect(clicks.page.get_by_role("button", name="Undo").first).to_be_visible()
    assert clicks.clicks <= 3
    assert house.api.get("/leads/missed").json()["total"] == 0


def test_export_the_leads_as_csv(house: House, from_home: Callable[..., Counted]) -> None:
    _lead(house, "We are Quay Side Foods, my phone is +44 20 7946 0777")
    clicks = from_home()
    clicks.menu("Leads")
    with clicks.page.expect_download() as download:
        clicks.button("Export CSV")
    assert clicks.clicks <= 2
    assert "Quay Side Foods" in Path(download.value.path()).read_text("utf-8")


def test_find_the_line_that_connects_a_model(from_home: Callable[..., Counted]) -> None:
    clicks = from_home("zh")
    clicks.menu("模型")
    clicks(clicks.page.get_by_text("Qwen").first)
    expect(clicks.page.get_by_text("DASHSCOPE_API_KEY=").first).to_be_visible()
    assert clicks.clicks <= 3, "the fourth click copies the line"
