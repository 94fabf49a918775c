"""Who may call what, as people of the house read it: the server's own judgement, in words."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Visitors, settled
from tests.console.house import House

DESK = """\
kind: http
description: Desk
base_url: http://127.0.0.1:9/v1
functions:
  - {name: desk_open, description: Opens, request: {method: GET, path: /a}}
  - {name: desk_staff, description: Staff, allow: {roles: [editor]}, request: {method: GET, path: /b}}
  - {name: desk_adviser, description: Adviser, allow: {personas: [adviser]}, request: {method: GET, path: /c}}
  - name: desk_book
    description: Books
    effect: write
    confirm: true
    limits: {per_turn: 1, per_conversation: 2}
    request: {method: POST, path: /d}
"""


def cells(page: Page, function: str) -> Locator:
    return page.locator(".st-key-permissions_table tr", has_text=function).locator("td")


def told(page: Page, function: str) -> list[str]:
    """The words of a row's cells, without the icons' names."""
    found = cells(page, function)
    expect(found.first).to_be_visible()
    texts = found.evaluate_all(
        """all => all.map(cell => { const copy = cell.cloneNode(true);
        copy.querySelectorAll('[data-testid="stIconMaterial"], [role="img"]').forEach(icon => icon.remove());
        return copy.textContent.trim(); })"""
    )
    return [str(text) for text in texts]


def test_a_row_says_for_each_caller_whether_and_why_not(own_house: House, visit_own: Visitors) -> None:
    (own_house.folder / "plugins.d" / "desk.yaml").write_text(DESK)
    guide = own_house.folder / "personas.d" / "guide.yaml"
    guide.write_text(guide.read_text().replace("plugins: [customer_profile, ", "plugins: [customer_profile, desk, "))
    page = visit_own("/permissions?q=desk", role="viewer")
    expect(cells(page, "desk_book").first).to_be_visible(timeout=8000)
    assert told(page, "desk_open")[1:] == ["Yes", "Yes", "Yes", "Has no chats", "Yes", "Yes", "Yes"]
    assert told(page, "desk_staff")[1:] == ["Not this role"] * 3 + ["Has no chats", "Yes"] + ["Not this role"] * 2
    book = told(page, "desk_book")
    assert "at most 1 in an answer and 2 in a conversation; asks the customer first; signed-in" in book[0]
    assert book[1:] == ["Not signed in"] * 2 + ["Asks first", "Has no chats"] + ["Asks first"] * 3
    assert told(settled(page), "desk_adviser")[1] == "Yes"
    page.get_by_label("Persona", exact=True).click()
    page.get_by_role("option").nth(2).click()
    page.wait_for_url("**persona=guide**")
    expect(cells(page, "desk_adviser").nth(1)).to_contain_text("Not this persona")
    assert told(settled(page), "desk_open")[1] == "Yes"
    page.goto(page.url.replace("guide", "adviser"))
    expect(cells(page, "desk_open").nth(1)).to_contain_text("Persona lacks it")


def test_a_search_without_a_match_says_so_and_lets_go(visit: Visitors) -> None:
    page = visit("/permissions?q=**x** <b>", lang="zh")
    expect(page.get_by_text("没有匹配的功能")).to_be_visible()
    page.get_by_role("button", name="清除搜索").click()
    expect(cells(page, "find_products").first).to_be_visible()


def test_an_unknown_persona_is_told_and_can_be_left(visit: Visitors) -> None:
    page = visit("/permissions?persona=nobody-here")
    expect(page.get_by_text("This is no longer there.")).to_be_visible()
    page.get_by_label("Persona", exact=True).click()
    page.get_by_role("option", name="Any persona that uses it").click()
    expect(cells(page, "find_products").first).to_be_visible()
