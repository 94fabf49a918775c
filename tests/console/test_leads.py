"""Leads in the browser: the list keeps its place, values stay text, and what a person does can be undone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitors, settled, type_day
from tests.console.house import House

HOSTILE = "<img src=x onerror=alert(1)> **b** :smile: [x](http://e)"
KEPT = {"company": "Harbour Fish Ltd", "phone": "+44 20 7946 0958"}


def _lead(house: House, fields: Mapping[str, str], *said: str) -> dict[str, Any]:
    """A lead of a new customer who said these things; `fields` are set by hand."""
    visitor = house.server.visitor("en-GB")
    for text in said or ("What does it cost?",):
        visitor.say(text, persona="guide")
    newest: dict[str, Any] = house.api.get("/leads", params={"limit": 1}).json()["items"][0]
    if fields:
        answer = house.api.patch(f"/leads/{newest['id']}", json={"fields": dict(fields)})
        assert answer.status_code == 200, answer.text
        newest = answer.json()
    return newest


def _open_first(page: Page) -> None:
    table = page.locator(".st-key-lead_table .dvn-scroller")
    expect(table).to_be_visible()
    table.hover(position={"x": 60, "y": 54})
    table.click(position={"x": 60, "y": 54})


def test_a_lead_opens_by_a_click_and_back_returns_to_the_filtered_list(house: House, visit: Visitors) -> None:
    _lead(house, {})
    kept = _lead(house, KEPT)
    page = visit("/leads?q=harbour&sort=created_at")
    expect(page.get_by_text("1 lead", exact=True)).to_be_visible()
    _open_first(page)
    expect(page.locator(".st-key-lead_title")).to_have_text(KEPT["company"])
    assert page.url.endswith(f"/lead?id={kept['id']}")
    page.go_back()
    expect(page.get_by_text("1 lead", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/leads\?q=harbour&sort=created_at$"))
    expect(page.get_by_role("searchbox")).to_have_value("harbour")


def test_a_filter_chosen_by_hand_stands_in_the_address_in_no_language(house: House, visit: Visitors) -> None:
    _lead(house, KEPT)
    page = visit("/leads", lang="zh")
    page.locator(".st-key-leads_contact input").click()
    page.get_by_role("option", name="有联系方式", exact=True).click()
    expect(page).to_have_url(re.compile(r"/leads\?contact=true$"))
    found = house.api.get("/leads", params={"contact": True}).json()["total"]
    expect(page.get_by_text(f"{found} 条线索", exact=True)).to_be_visible()
    page.get_by_role("button", name="清除筛选").click()
    expect(page).to_have_url(re.compile(r"/leads$"))


def test_export_holds_what_the_filters_show(house: House, visit: Visitors) -> None:
    _lead(house, {"company": "Elsewhere Ltd"})
    _lead(house, KEPT)
    page = visit("/leads?q=harbour", role="viewer")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    text = Path(download.value.path()).read_text("utf-8")
    assert download.value.suggested_filename == "leads.csv"
    assert "Harbour Fish Ltd" in text
    assert "Elsewhere" not in text
    page.get_by_role("button", name="Formats").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV for Excel").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\xef\xbb\xbf")


def test_values_of_a_customer_are_text_everywhere(house: House, visit: Visitors) -> None:
    lead = _lead(house, {"company": HOSTILE})
    page = visit(f"/lead?id={lead['id']}")
    expect(page.locator(".st-key-lead_title")).to_have_text(HOSTILE)
    expect(page.locator(".st-key-lead_value_company")).to_have_text(HOSTILE)
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog").get_by_text(HOSTILE)).to_be_visible()
    main = page.get_by_test_id("stApp")
    assert main.locator("img[src='x'], a[href^='http://e']").count() == 0
    assert main.locator("strong", has_text=re.compile("^b$")).count() == 0


def test_the_sentence_behind_a_phone_number_is_two_clicks_from_home(house: House, visit: Visitors) -> None:
    _lead(house, {}, "What does the Fleet plan cost?", "Sure, my phone is +44 20 7946 0123")
    page = visit("/")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Leads").click()
    expect(page.get_by_role("heading", name="Leads")).to_be_visible()
    settled(page)
    _open_first(page)
    expect(page.locator(".st-key-lead_quote_phone")).to_contain_text("my phone is +44 20 7946 0123")
    expect(page.locator(".st-key-lead_field_phone")).to_contain_text("Said by the customer")
    expect(page.locator(".st-key-lead_field_wechat")).to_contain_text("Never asked")


def test_a_value_that_does_not_fit_is_not_lost_and_a_good_one_can_be_undone(house: House, visit: Visitors) -> None:
    lead = _lead(house, KEPT)
    page = visit(f"/lead?id={lead['id']}")
    field = page.locator(".st-key-lead_field_phone")
    field.get_by_role("button", name="Edit").click()
    field.get_by_role("textbox").fill("not a phone")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Not saved: this does not read as a phone number")).to_be_visible()
    expect(field.get_by_role("textbox")).to_have_value("not a phone")
    field.get_by_role("textbox").fill("+44 20 7946 0111")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-lead_value_phone")).to_have_text("+44 20 7946 0111")
    expect(field).to_contain_text("Entered by a person")
    page.locator("[class*='st-key-undo_change_']").first.get_by_role("button").click()
    expect(page.locator(".st-key-lead_value_phone")).to_have_text(KEPT["phone"])


def test_a_missed_number_is_stored_by_one_click_and_comes_back_by_undo(house: House, visit: Visitors) -> None:
    _lead(house, {}, "What does it cost?", "My colleague's number is +49 30 1234567, call him")
    before = house.api.get("/leads/missed").json()
    item = next(one for one in before["items"] if "1234567" in one["text"])
    page = visit("/leads?view=missed", lang="zh")
    expect(page.get_by_text("属于他人，不是客户本人的").first).to_be_visible()
    page.locator(f".st-key-accept_{item['id']}").get_by_role("button").click()
    done = page.locator(f".st-key-missed_done_{item['id']}")
    expect(done).to_contain_text("电话: +49 30 1234567")
    fields = house.api.get(f"/leads/{item['lead_id']}").json()["fields"]
    assert fields["phone"]["by"] == "person"
    assert "1234567" in fields["phone"]["quote"]
    done.get_by_role("button", name="撤销").click()
    expect(page.locator(f".st-key-accept_{item['id']}")).to_be_visible()
    assert "phone" not in house.api.get(f"/leads/{item['lead_id']}").json()["fields"]


def test_deleting_counts_what_goes_and_asks_for_the_name(house: House, visit: Visitors) -> None:
    lead = _lead(house, {"company": "Gone Ltd"}, "What does it cost?", "And how fast can we start?")
    page = visit(f"/lead?id={lead['id']}")
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".st-key-lead_erase_messages")).to_contain_text("4")
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    dialog.get_by_role("textbox").press_sequentially("Gone Ltd")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleted. Nothing of this person is kept.")).to_be_visible()
    assert house.api.get(f"/leads/{lead['id']}").status_code == 404


def test_a_viewer_reads_and_is_told_why_nothing_can_be_changed(house: House, visit: Visitors) -> None:
    lead = _lead(house, KEPT)
    page = visit(f"/lead?id={lead['id']}", role="viewer")
    for name in ("Edit", "Delete…"):
        expect(page.get_by_role("button", name=name).first).to_be_disabled()
    page.locator(".st-key-lead_delete").hover()
    expect(page.get_by_text("Needs the role Editor")).to_be_visible()


def test_contact_is_opened_again_only_after_a_question(house: House, visit: Visitors) -> None:
    lead = _lead(house, KEPT)
    house.api.patch(f"/leads/{lead['id']}", json={"opted_out": True})
    page = visit(f"/lead?id={lead['id']}")
    page.locator(".st-key-contact_switch label").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert house.api.get(f"/leads/{lead['id']}").json()["opted_out"] is True
    page.locator(".st-key-contact_switch label").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Open contact").click()
    expect(page.get_by_text("The assistant may ask when it fits.")).to_be_visible()
    assert house.api.get(f"/leads/{lead['id']}").json()["opted_out"] is False


@pytest.mark.parametrize("width", [390, 1280])
def test_an_empty_search_offers_the_way_back(visit: Visitors, width: int) -> None:
    page = visit("/leads?q=nobody-says-this", width=width)
    expect(page.get_by_text("No lead fits all filters.")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    page.get_by_role("button", name="Clear filters").first.click()
    expect(page).to_have_url(re.compile(r"/leads$"))


TURNING = "invoice\u202etxt.exe\u2066"
MARKED = "invoice\N{REPLACEMENT CHARACTER}txt.exe\N{REPLACEMENT CHARACTER}"


def test_characters_that_turn_a_line_are_marked_everywhere(own_house: House, visit_own: Visitors) -> None:
    visitor = own_house.server.visitor("en-GB")
    visitor.say(f"Is there parking near {TURNING}?")
    visitor.say(f"My colleague {TURNING} has the number +49 30 1234567, call him")
    lead = own_house.api.get("/leads", params={"limit": 1}).json()["items"][0]["id"]
    own_house.api.patch(f"/leads/{lead}", json={"fields": {"company": TURNING, "name": TURNING}}).raise_for_status()
    pages = {
        f"/lead?id={lead}": (".st-key-lead_title", ".st-key-lead_value_company", ".st-key-lead_change_0"),
        f"/conversation?id={visitor.conversation}": ("[class*='st-key-said_customer_']",),
        "/conversations": (".st-key-conversation_row_0",),
        "/leads?view=missed": ("[class*='st-key-lead_quote_']",),
    }
    for path, places in pages.items():
        page = visit_own(path)
        for place in places:
            expect(page.locator(place).first).to_contain_text(MARKED)
        assert "\u202e" not in page.locator("body").inner_text(), path
    page = visit_own("/")
    page.get_by_text("question found no answer").click()
    expect(page.locator("[class*='st-key-question_']").first).to_contain_text(MARKED)


def test_days_narrow_the_leads_and_stand_in_the_address(house: House, visit: Visitors) -> None:
    _lead(house, KEPT)
    page = visit("/leads")
    type_day(page, "From", "2030-01-01")
    expect(page.get_by_text("No lead fits all filters.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"from=2030-01-01"))
    page.get_by_role("button", name="Clear filters").first.click()
    type_day(page, "To", "2020-01-01")
    expect(page.get_by_text("No lead fits all filters.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"to=2020-01-01"))


def _give_role(house: House, role: str) -> None:
    assert httpx.get(house.link("editor@example.com", role), trust_env=False).status_code == 303


def test_who_lost_a_role_while_the_page_was_open_changes_nothing_more(own_house: House, visit_own: Visitors) -> None:
    lead = _lead(own_house, KEPT)
    page = visit_own(f"/lead?id={lead['id']}", role="editor")
    field = page.locator(".st-key-lead_field_phone")
    field.get_by_role("button", name="Edit").click()
    field.get_by_role("textbox").fill("+44 20 7946 0222")
    _give_role(own_house, "viewer")
    page.keyboard.press("Control+Enter")
    expect(field.get_by_text("Your role does not allow this.")).to_be_visible()
    expect(field.get_by_role("textbox")).to_have_value("+44 20 7946 0222")
    expect(page.locator(".st-key-lead_field_company").get_by_role("button", name="Edit")).to_be_disabled()
    assert own_house.api.get(f"/leads/{lead['id']}").json()["fields"]["phone"]["value"] == KEPT["phone"]
