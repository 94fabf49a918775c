"""The list of personas: begin one from a template, find it, put it away, bring it back."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Visitors
from tests.console.house import House


def test_a_persona_begins_from_a_template_is_found_archived_and_restored(house: House, visit: Visitors) -> None:
    page = visit("/personas")
    page.get_by_role("button", name="New persona").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Course adviser").click()
    dialog.get_by_role("textbox", name="Name in addresses and files").fill("Not A Name")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("Nothing was created")).to_be_visible()
    dialog.get_by_role("textbox", name="Name in addresses and files").fill("courses")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("tab", name="Prompt")).to_be_visible()
    assert house.api.get("/personas/courses").json()["version"] == 1

    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("It stops answering at once")).to_be_visible()
    page.locator(".st-key-personas_archive_now button").click()
    expect(page.get_by_role("heading", name="Personas")).to_be_visible()
    expect(page.locator(".st-key-personas_row_guide")).to_be_visible()
    expect(page.locator(".st-key-personas_row_courses")).to_have_count(0)

    page.get_by_text("Archived", exact=True).click()
    page.locator(".st-key-personas_row_courses").get_by_role("button", name="Restore").click()
    expect(page.locator(".st-key-personas_row_courses")).to_have_count(0)
    assert house.api.get("/personas/courses").json()["status"] == "ok"


def test_the_search_stands_in_the_address(visit: Visitors) -> None:
    page = visit("/personas?q=kelv")
    expect(page.locator(".st-key-personas_row_guide")).to_be_visible()
    expect(page.locator(".st-key-personas_row_adviser")).to_have_count(0)


def test_a_viewer_reads_the_list_and_is_told_why_nothing_can_be_made(visit: Visitors) -> None:
    page = visit("/personas", role="viewer")
    expect(page.locator(".st-key-personas_row_guide")).to_be_visible()
    expect(page.get_by_role("button", name="New persona")).to_be_disabled()


def test_a_broken_file_says_where_and_which_version_serves(own_house: House, visit_own: Visitors) -> None:
    file = own_house.folder / "personas.d" / "adviser.yaml"
    file.write_text(file.read_text("utf-8") + "\nunheard_of: 1\n", "utf-8")
    own_house.api.post("/personas", json={"name": "look-again"})  # the catalog reads its folder before it adds to it
    page = visit_own("/personas")
    said = page.locator(".st-key-personas_problems_adviser")
    expect(said.get_by_text("v1 goes on serving")).to_be_visible()
    expect(said.get_by_text("adviser.yaml:")).to_contain_text("unheard_of")
