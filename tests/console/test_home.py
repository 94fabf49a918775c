"""The first page ticks off first steps by itself and shows what waits; the models page leads to the line to copy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitors, follow
from tests.console.house import House
from tests.llm.vendor import Vendor
from tests.llm.wires import Answer

QUESTION = "Is there parking **near** :smile: <b>your</b> ![office](http://x.example/y.png)?"


def chat(house: House, *lines: str) -> None:
    visitor = house.server.visitor("en")
    for line in lines:
        visitor.say(line)


def primary(page: Page) -> list[str]:
    return [one.inner_text() for one in page.locator('[data-testid="stBaseButton-primary"]').all() if one.is_visible()]


def test_first_steps_tick_themselves_off_while_one_looks(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/")
    steps = page.locator(".stVerticalBlock.st-key-first_steps")
    expect(steps).to_contain_text("0 of 5")
    assert primary(page) == ["Try a chat"]
    chat(own_house, "We are Harbour Light Robotics", "My number is +49 151 23456789")
    expect(steps).to_contain_text("2 of 5")
    expect(page.locator(".st-key-step_done_chat")).to_contain_text("Done")
    expect(page.locator(".st-key-step_done_lead")).to_contain_text("Done")
    expect(steps.locator("code")).to_have_text("OPENAI_API_KEY=your-key")
    assert primary(page) == ["Choose a vendor"]


def test_the_figures_of_today_stand_beside_yesterdays(house: House, visit: Visitors) -> None:
    chat(house, "We are Harbour Light Robotics", "My number is +49 151 23456789")
    page = visit("/")
    counts = house.api.get("/overview").json()["today"]
    for name, key in {"Conversations": "conversations", "New leads": "leads", "Contacts left": "contacts"}.items():
        metric = page.locator('[data-testid="stMetric"]').filter(has_text=name)
        expect(metric.locator('[data-testid="stMetricValue"]')).to_have_text(str(counts[key]))
        expect(metric).to_contain_text("Yesterday 0")
    assert counts["contacts"] >= 1


def test_a_broken_plugin_is_told_with_its_place_and_a_link(own_house: House, visit_own: Visitors) -> None:
    (own_house.folder / "plugins.d" / "crm.yaml").write_text("kind: http\nbase_url: nowhere\n")
    page = visit_own("/", lang="zh")
    waiting = page.locator(".stVerticalBlock.st-key-waiting")
    expect(waiting).to_contain_text("插件 crm 有错误")
    expect(waiting).to_contain_text("plugins.d/crm.yaml:2:11")
    follow(waiting.get_by_role("link", name="打开插件"), "**/plugins?name=crm")


def test_an_unanswered_question_is_read_letter_by_letter(own_house: House, visit_own: Visitors) -> None:
    chat(own_house, QUESTION)
    page = visit_own("/")
    waiting = page.locator(".stVerticalBlock.st-key-waiting")
    waiting.get_by_text("1 question found no answer").click()
    expect(waiting.locator(".stText").filter(has_text="parking")).to_have_text(QUESTION)
    assert waiting.locator("img:not([alt]), b").count() == 0
    follow(waiting.get_by_role("link", name="Conversation"), "**/conversation?id=*")


@pytest.mark.parametrize(("lang", "said"), [("en", "Nothing waits for you"), ("zh", "没有待处理的事")])
def test_nothing_to_do_is_calm(own_house: House, visit_own: Visitors, lang: str, said: str) -> None:
    page = visit_own("/", lang=lang)
    expect(page.get_by_text(said)).to_be_visible()


def test_a_viewer_sees_steps_that_others_take(house: House, visit: Visitors) -> None:
    page = visit("/", role="viewer")
    steps = page.locator(".stVerticalBlock.st-key-first_steps")
    expect(steps).to_contain_text("Taken by an admin")
    expect(page.locator(".st-key-step_publish")).to_contain_text("Taken by an editor")
    expect(steps.get_by_role("button")).to_have_count(0)
    assert primary(page) == []


def test_a_viewer_is_told_whose_a_broken_plugin_is(own_house: House, visit_own: Visitors) -> None:
    (own_house.folder / "plugins.d" / "crm.yaml").write_text("kind: http\nbase_url: nowhere\n")
    page = visit_own("/", role="viewer")
    waiting = page.locator(".stVerticalBlock.st-key-waiting")
    expect(waiting).to_contain_text("Plugin crm has an error")
    expect(waiting).to_contain_text("For a developer")
    expect(waiting.get_by_role("link")).to_have_count(0)


def test_from_home_to_the_line_that_connects_a_model_in_four_clicks(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=own_house.console_url)
    follow(page.get_by_role("button", name="Choose a vendor"), "**/models")
    expect(page.get_by_text("Built-in stand-in")).to_be_visible()
    page.get_by_text("DeepSeek", exact=True).click()
    line = (
        page.locator('[data-testid="stExpander"]').filter(has_text="DeepSeek").locator('[data-testid="stCode"]').first
    )
    expect(line).to_contain_text("DEEPSEEK_API_KEY=your-key")
    line.hover()
    line.get_by_role("button").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == "DEEPSEEK_API_KEY=your-key"


def test_vendors_are_found_by_the_name_of_a_model(visit: Visitors) -> None:
    page = visit("/models")
    page.get_by_label("Search vendors").fill("qwen")
    page.keyboard.press("Enter")
    expect(page.locator('[data-testid="stExpander"]')).to_have_count(1)
    expect(page.get_by_text("DASHSCOPE_API_KEY=your-key")).to_be_visible()
    assert "q=qwen" in page.url
    page.get_by_label("Search vendors").fill("nobody at all")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No vendor by that name")).to_be_visible()


def test_a_model_of_ones_own_asks_for_its_address_and_name(visit: Visitors) -> None:
    page = visit("/models?q=ollama")
    shown = page.locator('[data-testid="stCode"]').first.inner_text()
    assert shown.split() == ["OLLAMA_BASE_URL=http://…", "RAPPORT_MODEL=ollama/MODEL"]


def test_a_model_that_is_put_aside_is_told_with_its_reason(own_house: House, visit_own: Visitors) -> None:
    vendor = Vendor()
    vendor.script(Answer(status=429, error="Quota used up for today", headers={"retry-after": "200"}))
    own_house.kill_server()
    own_house.server.env = {**own_house.server.env, **vendor.wire.environ, "RAPPORT_MODEL": "openai/gpt-test"}
    own_house.start_server()
    assert own_house.server.visitor().say("What does it cost?")["model"] == "standin"
    page = visit_own("/models")
    aside = page.locator('[class*="st-key-aside_"]').first
    expect(aside).to_contain_text("openai/gpt-test is put aside for a moment")
    expect(aside).to_contain_text("The vendor takes no more requests at the moment.")
    expect(aside).to_contain_text("It failed once,")
    expect(aside).to_contain_text("Quota used up for today")
    vendor.close()
