"""Coming in, staying, leaving, and the frame round every page, as a person sees them in a browser."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.console.conftest import Visitors, settled
from tests.console.house import SESSION_COOKIE, House


@pytest.fixture
def tab(visit: Visitors) -> Page:
    """An empty tab of somebody who is not signed in."""
    return visit.context(role=None).new_page()


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def cookie(context: BrowserContext) -> dict[str, object]:
    return next(dict(one) for one in context.cookies() if one["name"] == SESSION_COOKIE)


def test_the_printed_link_opens_the_home_page(house: House, tab: Page) -> None:
    tab.goto(house.link("boss@example.com"))
    expect(tab).to_have_title("Home · Rapport")
    expect(tab.get_by_text("boss@example.com")).to_be_visible()
    assert "token" not in tab.url
    kept = cookie(tab.context)
    assert kept["httpOnly"] is True
    assert kept["sameSite"] == "Lax"
    assert SESSION_COOKIE not in tab.evaluate("document.cookie")


def test_a_link_works_once_and_says_so(house: House, visit: Visitors) -> None:
    visit.forgive("401")
    link = house.link()
    visit.context(role=None).new_page().goto(link)
    second = visit.context(role=None).new_page()
    second.goto(link)
    heading(second, "This link is no longer good")
    expect(second.get_by_text("rapport signin-link")).to_be_visible()
    expect(second).to_have_title("This link is no longer good · Rapport")


def test_a_link_is_good_for_ten_minutes_only(house: House, visit: Visitors) -> None:
    visit.forgive("401")
    link = house.link("late@example.com")
    with closing(sqlite3.connect(house.folder / "data" / "rapport.db")) as rows, rows:
        moved = rows.execute(
            "UPDATE credential SET expires_at = '2026-01-01T00:00:00.000Z' WHERE kind = 'signin' AND name = ?",
            ("late@example.com",),
        )
        assert moved.rowcount == 1
    page = visit.context(lang="zh", role=None).new_page()
    page.goto(link)
    heading(page, "这个链接已失效")


def test_nobody_signed_in_is_told_how_to_come_in(house: House, visit: Visitors) -> None:
    page = visit("/leads", role=None)
    heading(page, "Sign in to Rapport")
    expect(page.get_by_text("rapport signin-link")).to_be_visible()
    expect(page.get_by_role("link", name="Leads")).to_have_count(0)


def test_signing_out_ends_the_session_everywhere(house: House, tab: Page) -> None:
    tab.goto(house.link("leaver@example.com"))
    kept = str(cookie(tab.context)["value"])
    tab.get_by_role("button", name="Sign out").click()
    heading(tab, "You are signed out")
    assert house.server.client(kept).get("/api/v1/me").status_code == 401
    tab.reload()
    heading(tab, "Sign in to Rapport")


def test_the_page_comes_back_by_itself_when_the_server_does(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/")
    own_house.kill_server()
    page.goto(own_house.console_url + "/models")
    heading(page, "The server is away")
    own_house.start_server()
    heading(page, "Models")
    expect(page.get_by_role("heading", name="The server is away")).to_have_count(0)


def test_the_page_comes_back_by_itself_when_the_console_does(own_house: House, visit_own: Visitors) -> None:
    visit_own.forgive("Failed to")
    page = visit_own("/models")
    own_house.kill_console()
    expect(page.locator('[data-testid="stApp"]')).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    own_house.start_console()
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute(
        "data-test-connection-state", "CONNECTED", timeout=40_000
    )
    heading(page, "Models")


def test_an_unknown_address_gets_our_page(visit: Visitors) -> None:
    page = visit("/pricing/old")
    expect(page.get_by_text("There is no page at that address.")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_role("link", name="Leads")).to_be_visible()


def test_a_nested_address_opens_the_page_it_means(house: House, visit: Visitors) -> None:
    page = visit("/persona/guide")
    assert page.url == f"{house.console_url}/persona?name=guide"
    expect(page).to_have_title(re.compile("Persona"))


def test_the_browser_chooses_the_language_first(visit: Visitors) -> None:
    page = visit("/leads", lang="zh")
    expect(page).to_have_title("线索 · Rapport")
    expect(page.get_by_role("link", name="对话")).to_be_visible()
    assert visit("/leads", lang="en").title() == "Leads · Rapport"


def test_a_chosen_language_stays_after_reload_and_in_a_new_tab(house: House, visit: Visitors) -> None:
    page = visit("/models", lang="en")
    page.get_by_text("中文", exact=True).click()
    expect(page).to_have_title("模型 · Rapport")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    settled(page).reload()
    expect(page).to_have_title("模型 · Rapport")
    other = page.context.new_page()
    other.goto(house.console_url + "/leads")
    expect(other).to_have_title("线索 · Rapport")


@pytest.mark.parametrize(("role", "said"), [("viewer", "Viewer"), ("editor", "Editor"), ("admin", "Administrator")])
def test_one_sees_who_one_is(visit: Visitors, role: str, said: str) -> None:
    who = visit("/", role=role).locator(".st-key-person")
    expect(who).to_contain_text(f"{role}@example.com")
    expect(who).to_contain_text(said)


def test_nothing_of_the_tool_it_is_made_with_shows(visit: Visitors) -> None:
    page = visit("/")
    for name in ("stMainMenu", "stAppDeployButton", "stToolbarActions", "stDecoration"):
        assert not [one for one in page.get_by_test_id(name).all() if one.is_visible()], name
    expect(page.get_by_text(re.compile("streamlit", re.I))).to_have_count(0)
    assert "Rapport" in page.title()
    icon = page.locator('link[rel~="icon"]').first.get_attribute("href") or ""
    assert page.evaluate("async url => (await (await fetch(url)).text()).includes('<svg')", icon)


def test_a_narrow_window_folds_the_sidebar_and_opens_it_again(visit: Visitors) -> None:
    page = visit("/", width=390)
    leads = page.get_by_role("link", name="Leads", exact=True)
    expect(leads).not_to_be_in_viewport()
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(leads).to_be_in_viewport()
