"""From the printed link to the exported lead, in one go, as the first screen of the README promises."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Visitors, settled
from tests.console.house import House

FIELDS = ("company", "product", "account", "name", "phone", "wechat", "meeting_time")
ENGLISH = (
    "We are Harbour Light Robotics",
    "We are interested in the Fleet plan",
    "My name is Ada Example",
    "My number is +49 1512 3456789",
    "Could you call me next Tuesday at 3pm?",
    "My WeChat is harbour_ada88",
    "Our account is harbour-light",
)
CHINESE = (
    "我们是晨光冷链公司的",
    "我们对车队版感兴趣",
    "我叫王小明",
    "我的电话是13816250975",
    "下周二下午三点可以给我打电话",
    "我的微信是 chenguang_wang",
    "我们的账号是 chenguang",
)
TALKS = {"en": (ENGLISH, "Harbour Light Robotics"), "zh": (CHINESE, "晨光冷链公司")}


def _answers(page: Page) -> Locator:
    return page.locator('[class*="st-key-said_assistant_"]:not([class*="_greeting"])')


def _say(page: Page, text: str, answers: int) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(text)
    box.press("Enter")
    expect(_answers(page)).to_have_count(answers)
    settled(page)


@pytest.mark.parametrize("language", TALKS)
def test_a_chat_fills_every_field_of_the_lead_beside_it(visit: Visitors, language: str) -> None:
    said, company = TALKS[language]
    page = visit("/try?persona=guide", lang=language)
    for number, text in enumerate(said, 1):
        _say(page, text, number)
    for field, sentence in zip(FIELDS, (said[0], said[1], said[6], said[2], said[3], said[5], said[4]), strict=True):
        row = page.locator(f'[class*="st-key-tally_"][class*="_{field}"]').first
        expect(row).to_contain_text(sentence)
    expect(page.locator('[class*="st-key-tally_"][class*="_company"]').first).to_contain_text(company)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    (lead,) = csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig")))
    assert lead["company"] == company
    assert all(lead[field] for field in FIELDS)


def test_link_chat_change_publish_and_the_next_answer_is_of_the_new_version(
    own_house: House, visit_own: Visitors
) -> None:
    page = visit_own.context(role=None).new_page()
    page.goto(own_house.link())
    settled(page)
    page.get_by_role("button", name="Try a chat").click()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible()
    settled(page)
    _say(page, "What does it cost?", 1)
    talk = own_house.api.get("/conversations", params={"test": True}).json()["items"][0]["id"]
    page.goto(own_house.console_url + "/persona?name=guide")
    settled(page)
    prompt = page.get_by_label("Who the assistant is and how it answers").or_(
        page.get_by_label("Who the assistant is and how it behaves")
    )
    prompt.click()
    prompt.press("Control+End")
    prompt.press_sequentially("\nSay that the pilot is free.")
    expect(page.get_by_text("Draft saved").first).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_text("v2").first).to_be_visible()
    page.goto(f"{own_house.console_url}/try?persona=guide&conversation={talk}")
    settled(page)
    _say(page, "And how quickly can we start?", 2)
    versions = [one["persona_version"] for one in own_house.api.get(f"/conversations/{talk}").json()["turns"]]
    assert versions == [1, 2]
