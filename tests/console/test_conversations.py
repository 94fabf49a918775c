"""Conversations as people of the house read them: found, opened, every turn's inside, and nothing of it a program."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitors, settled, type_day
from tests.console.house import House

HOSTILE = (
    "**loud** :smile: <b>x</b> ![i](http://x.example/y.png) [l](http://x.example) "
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
)


def chat(house: House, *said: str) -> list[dict[str, Any]]:
    """The answers of a customer's conversation."""
    visitor = house.server.visitor()
    return [visitor.say(text) for text in said]


@pytest.fixture(scope="module")
def talks(house: House) -> dict[str, dict[str, Any]]:
    """The last answers of a few conversations, by name."""
    told = {
        "zh": ("冷链监测怎么收费？", "我们是海风食品，电话 13812345678"),
        "en": ("What does it cost?", "My boss's phone number is 13987654321"),
        "hostile": (HOSTILE,),
    }
    return {name: chat(house, *said)[-1] for name, said in told.items()}


def rows(page: Page) -> Any:
    return page.locator('[class*="st-key-conversation_row_"]')


def test_a_conversation_is_found_in_both_languages_and_back_restores_the_search(
    visit: Visitors, talks: dict[str, dict[str, Any]]
) -> None:
    page = visit("/conversations")
    expect(rows(page)).to_have_count(len(talks))
    search = page.get_by_label("Search what was said")
    search.fill("海风食品")
    expect(rows(page)).to_have_count(1)
    search.fill("BOSS's phone")
    expect(rows(page).filter(has_text="What does it cost?")).to_have_count(1)
    rows(page).get_by_role("link").click()
    expect(page.get_by_text("My boss's phone number is 13987654321")).to_be_visible()
    page.go_back()
    expect(search).to_have_value("BOSS's phone")
    expect(rows(page)).to_have_count(1)
    settled(page)
    search.fill("nobody said this")
    expect(page.get_by_text("No match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(rows(page)).to_have_count(len(talks))


def test_a_turns_inside_says_what_ran_why_it_asked_and_what_was_captured_and_missed(
    visit: Visitors, talks: dict[str, dict[str, Any]]
) -> None:
    page = visit(f"/conversation?id={talks['zh']['conversation_id']}", lang="zh")
    page.get_by_text("本轮内部过程").last.click()
    inside = page.locator(f".st-key-inside_{talks['zh']['turn_id']}")
    expect(inside.get_by_text("customer_profile.get_customer_profile · 模型之前运行 · 成功")).to_be_visible()
    expect(inside.get_by_text("电话: 13812345678")).to_contain_text("← “我们是海风食品，电话 13812345678”")
    expect(inside.get_by_text("整轮用时")).to_be_visible()
    expect(inside.get_by_role("link", name="版本 1")).to_have_attribute(
        "href", re.compile(r"persona\?name=guide&tab=history&version=1")
    )
    assert "not" not in inside.locator('[class*="st-key-told_plan_"]').inner_text(), "the reason is in Chinese"
    page = visit(f"/conversation?id={talks['en']['conversation_id']}&turn={talks['en']['turn_id']}")
    expect(page.locator('[class*="st-key-told_missed_"]')).to_contain_text("13987654321")
    expect(page.locator('[class*="st-key-told_missed_"]')).to_contain_text("to decide")


def test_what_a_customer_wrote_is_shown_letter_by_letter(visit: Visitors, talks: dict[str, dict[str, Any]]) -> None:
    page = visit("/conversations?q=loud")
    expect(rows(page)).to_contain_text(HOSTILE[:60])
    page = visit(f"/conversation?id={talks['hostile']['conversation_id']}")
    expect(page.locator('[class*="st-key-said_customer_"]')).to_contain_text(HOSTILE)
    expect(page).to_have_title("Conversation · Rapport")
    assert page.locator('[class*="st-key-said_"]').locator("img, a, b, strong").count() == 0


def test_a_long_conversation_begins_at_its_end_and_a_turn_has_an_address(house: House, visit: Visitors) -> None:
    answers = chat(house, *[f"What does the Fleet plan cost for {n} vans?" for n in range(1, 46)])
    page = visit(f"/conversation?id={answers[0]['conversation_id']}")
    expect(page.get_by_text("for 45 vans?")).to_be_attached()
    expect(page.get_by_text("for 1 vans?")).to_have_count(0)
    page.get_by_role("button", name="Show 5 earlier turns").click()
    expect(page.get_by_text("for 1 vans?")).to_be_attached()
    page.get_by_text("Inside this answer").first.click()
    page.wait_for_url(re.compile(f"turn={answers[0]['turn_id']}"))
    again = visit(page.url.removeprefix(house.console_url))
    expect(again.locator(f".st-key-inside_{answers[0]['turn_id']}").get_by_text("Planner")).to_be_in_viewport()


def test_a_conversation_that_is_not_there_is_said_and_the_list_is_near(visit: Visitors) -> None:
    page = visit("/conversation?id=c_none")
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    expect(page.get_by_role("link", name="All conversations")).to_be_visible()


def test_the_list_names_personas_by_their_titles(visit: Visitors, talks: dict[str, dict[str, Any]]) -> None:
    page = visit("/conversations", lang="zh")
    page.locator(".st-key-conversations_persona input").click()
    page.get_by_role("option", name="小凛，凛航顾问", exact=True).click()
    expect(page).to_have_url(re.compile(r"/conversations\?persona=guide$"))
    expect(rows(page).first).to_contain_text("小凛，凛航顾问")
    page = visit("/conversations?persona=guide")
    expect(page.locator(".st-key-conversations_persona input")).to_have_value("Nora, guide at Kelvarda")
    page.goto(page.url.replace("guide", "lan"))
    expect(page.get_by_text("No match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(rows(page).first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/conversations$"))


def test_days_narrow_the_list_and_stand_in_the_address(visit: Visitors, talks: dict[str, dict[str, Any]]) -> None:
    page = visit("/conversations")
    expect(rows(page).first).to_be_visible()
    type_day(page, "From", "2030-01-01")
    expect(page.get_by_text("No match")).to_be_visible()
    expect(page).to_have_url(re.compile(r"from=2030-01-01"))
    page.get_by_role("button", name="Clear filters").click()
    expect(rows(page).first).to_be_visible()
    type_day(page, "To", "2020-01-01")
    expect(page.get_by_text("No match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(rows(page).first).to_be_visible()


def test_the_link_of_a_conversation_is_copied(house: House, visit: Visitors, talks: dict[str, dict[str, Any]]) -> None:
    page = visit(f"/conversation?id={talks['en']['conversation_id']}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=house.console_url)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith(location.origin)")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{house.console_url}/conversation?id={talks['en']['conversation_id']}"
