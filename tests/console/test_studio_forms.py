"""A marketer changes what a persona asks, offers, knows and answers with by forms, and loses nothing."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from console.screens.studio.dial import POSITIONS
from console.screens.studio.field_form import with_options
from console.screens.studio.field_list import common_fields, renamed, with_field, with_removed, without_field
from console.screens.studio.file_names import free_name, kept_name
from console.wording import word
from server.catalog.hints import hints
from server.catalog.yaml_source import read_source
from server.leads.planner import dial_settings
from tests.console.conftest import Visitors, settled
from tests.console.house import House

HOSTILE = "**x** :smile: <b>x</b> ![i](http://x/y.png)"


def spec_of(house: House, name: str = "guide") -> dict[str, Any]:
    found = house.api.get(f"/personas/{name}").json()
    spec: dict[str, Any] = (found.get("draft") or found)["spec"]
    return spec


def fresh(house: House, name: str = "guide") -> None:
    house.api.delete(f"/personas/{name}/draft").raise_for_status()


def box(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def typed(page: Page, name: str, text: str) -> None:
    box(page, name).fill(text)
    box(page, name).press("Tab")
    settled(page)


def opened(page: Page, kind: str, place: int) -> None:
    page.locator(f".st-key-{kind}_open_{place} button").click()
    settled(page)


def spec_with(*fields: dict[str, Any], **collect: Any) -> dict[str, Any]:
    return {"prompt": "x", "collect": {"fields": list(fields), **collect}}


# --- what the forms promise, without a browser ----------------------------------------------------------------


def test_the_dials_sentences_say_what_the_planner_does() -> None:
    for value, name in POSITIONS.items():
        means = {language: word(language, f"studio_fields.dial_means.{name}") for language in ("en", "zh")}
        found = dial_settings(value)
        if not value:
            assert found.max_asks == 0
            continue
        wanted = [found.max_asks, found.cool_off] if found.gap == 1 else [found.gap, found.max_asks, found.cool_off]
        assert [int(one) for one in re.findall(r"\d+", means["en"])] == wanted, name
        assert [int(one) for one in re.findall(r"\d+", means["zh"])] == wanted, name
        assert ("twice" in means["en"]) == (found.reasks == 0)


def test_common_fields_come_with_questions_that_need_no_hint() -> None:
    spec: dict[str, Any] = {"prompt": "Be kind."}
    for name in common_fields():
        if name != "own":
            spec = with_field(spec, name)
    text = str(spec).replace("'", '"').encode()
    assert len(spec["collect"]["fields"]) == len(common_fields()) - 1
    assert hints(read_source(text, "persona.yaml")) == ()


def test_a_field_that_comes_back_is_again_what_others_referred_to() -> None:
    phone, wechat = {"name": "phone", "alternative": "wechat"}, {"name": "wechat"}
    before = spec_with(phone, wechat, {"name": "city"}, qualified_when=["wechat"])
    after, removed = without_field(before, 1)
    assert after == spec_with({"name": "phone"}, {"name": "city"}, qualified_when=[])
    assert with_removed(after, removed) == before
    assert with_removed(before, removed) == before


def test_a_renamed_field_is_renamed_everywhere_and_keeps_its_column() -> None:
    before = spec_with({"name": "a", "alternative": "b"}, {"name": "b"}, qualified_when=["b"], into="crm")
    assert renamed(before, 1, "c", {"b"}) == spec_with(
        {"name": "a", "alternative": "c"}, {"name": "c", "column": "b"}, qualified_when=["c"], into="crm"
    )
    assert renamed(before, 1, "a", {"b"}) is None
    assert renamed(before, 1, "两个 字", {"b"}) is None


def test_options_of_two_languages_stay_beside_each_other() -> None:
    options = with_options([{"en": "Yes", "zh": "是"}, "No"], "en", ["Sure", "No", "Maybe"])
    assert options == [{"en": "Sure", "zh": "是"}, "No", {"en": "Maybe"}]
    assert with_options(options, "en", []) == [{"zh": "是"}, {"zh": "No"}]


def test_every_file_gets_a_name_that_the_server_takes() -> None:
    assert kept_name("价格 表（新）.MD") == "价格 表(新).md"
    assert kept_name("../../etc/a#b?.markdown") == "a-b.md"
    assert kept_name("….pdf") == "file.pdf"
    assert free_name("a.md", {"a.md", "a (2).md"}) == "a (3).md"


# --- fields ---------------------------------------------------------------------------------------------------


def test_from_home_to_discreet_in_four_clicks(house: House, visit: Visitors) -> None:
    fresh(house)
    page = visit("/")
    page.get_by_test_id("stSidebarNav").get_by_text("Personas").click()
    page.get_by_text("Nora, guide at Kelvarda").first.click()
    page.get_by_role("tab", name="Fields").click()
    page.get_by_role("radio", name="Discreet").click()
    expect(page.get_by_text("at most every 3rd answer")).to_be_visible()
    settled(page)
    assert spec_of(house)["collect"]["proactivity"] == 0.2


def test_a_number_between_two_positions_is_shown_and_can_be_rounded(house: House, visit: Visitors) -> None:
    fresh(house)
    spec = spec_of(house)
    spec["collect"]["proactivity"] = 0.35
    version = house.api.get("/personas/guide").json()["version"]
    house.api.put(
        "/personas/guide/draft", json={"spec": spec, "base_version": version, "base_revision": 0}
    ).raise_for_status()
    page = visit("/persona?name=guide&tab=fields", lang="zh")
    expect(page.get_by_text("准确值 0.35")).to_be_visible()
    page.get_by_role("button", name="设为").click()
    expect(page.get_by_text("准确值 0.35")).to_have_count(0)
    settled(page)
    assert spec_of(house)["collect"]["proactivity"] == 0.2


def test_typing_on_loses_neither_focus_nor_text_and_a_label_stays_what_was_typed(house: House, visit: Visitors) -> None:
    fresh(house)
    page = visit("/persona?name=guide&tab=fields")
    opened(page, "field", 0)
    typed(page, "What people call it · English", HOSTILE)
    expect(page.locator(".st-key-name_field_0")).to_contain_text(HOSTILE)
    expect(box(page, "What people call it · Chinese")).to_be_focused()
    assert spec_of(house)["collect"]["fields"][0]["label"] == {"en": HOSTILE, "zh": "公司"}
    typed(page, "Example question · English", "Your name and your phone?")
    expect(page.get_by_text("This asks 2 things at once.")).to_be_visible()
    typed(page, "Example question · English", "")
    typed(page, "Example question · Chinese", " ")
    collect = spec_of(house)["collect"]
    assert "ask" not in collect["fields"][0]
    assert collect["qualified_when"] == ["company", "product"]


def test_a_text_is_kept_while_typing_with_the_caret_and_no_composition_is_cut(house: House, visit: Visitors) -> None:
    fresh(house)
    page = visit("/persona?name=guide")
    title = box(page, "Title · English")
    title.click()
    title.press("Home")
    page.keyboard.type("Miss ")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.keyboard.type("X ")
    expect(title).to_be_focused()
    expect(title).to_have_value(re.compile("^Miss X Nora"))
    title.evaluate("box => box.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }))")
    page.keyboard.type("ni")
    page.wait_for_timeout(1500)  # longer than the pause: nothing may be sent
    assert "ni" not in str(spec_of(house)["title"]["en"]).split("Nora")[0]
    title.evaluate("box => box.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }))")
    page.wait_for_timeout(1500)
    settled(page)
    page.reload()
    expect(title).to_have_value(re.compile("^Miss X niNora"))


def test_a_removed_field_comes_back_with_undo_and_a_common_one_is_added(house: House, visit: Visitors) -> None:
    fresh(house)
    page = visit("/persona?name=guide&tab=fields")
    page.locator(".st-key-icon_field_remove_5 button").first.click()
    expect(page.get_by_text("WeChat ID was removed from the draft.")).to_be_visible()
    settled(page)
    assert "alternative" not in spec_of(house)["collect"]["fields"][4]
    page.get_by_role("button", name="Undo").click()
    settled(page)
    page.get_by_role("button", name="Add a field").click()
    page.get_by_text("E-mail", exact=True).click()
    expect(box(page, "Name in exports")).to_have_value("email")
    settled(page)
    fields = spec_of(house)["collect"]["fields"]
    assert [field["name"] for field in fields[4:]] == ["phone", "wechat", "meeting_time", "email"]
    assert fields[4]["alternative"] == "wechat"


def test_a_sentence_shows_what_would_be_captured_and_why_something_would_not(house: House, visit: Visitors) -> None:
    page = visit("/persona?name=guide&tab=fields")
    box(page, "A customer says").fill("My number is 0171 2345678. My colleague's number is 0171 2345679.")
    box(page, "A customer says").press("Enter")
    expect(page.get_by_text("Phone: +491712345678")).to_be_visible()
    expect(page.get_by_text("Belongs to somebody else")).to_be_visible()


def test_what_is_typed_while_the_server_is_away_is_saved_when_it_is_back(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/persona?name=guide&tab=fields")
    opened(page, "field", 0)
    own_house.kill_server()
    box(page, "What people call it · English").fill("Firm")
    box(page, "What people call it · English").press("Tab")
    expect(page.locator(".st-key-name_field_0")).to_contain_text("Firm")
    own_house.start_server()
    expect(page.get_by_text("Draft saved").first).to_be_visible()
    settled(page)
    expect(box(page, "What people call it · English")).to_have_value("Firm")
    assert spec_of(own_house)["collect"]["fields"][0]["label"]["en"] == "Firm"


# --- offers, knowledge, model ---------------------------------------------------------------------------------


def test_an_offer_is_added_opened_and_taken_back(house: House, visit: Visitors) -> None:
    fresh(house)
    page = visit("/persona?name=guide&tab=offers")
    page.get_by_role("button", name="Add an offer").click()
    box(page, "What the customer is told · Chinese").fill("本周免运费")
    page.get_by_role("button", name="Add an offer").click()
    expect(box(page, "Name in records")).to_have_value("offer")
    settled(page)
    assert spec_of(house)["offers"][2] == {"name": "offer", "text": {"zh": "本周免运费"}, "when": "helped"}
    page.locator(".st-key-icon_offer_remove_2 button").first.click()
    expect(page.get_by_text("offer was removed from the draft.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("offer was removed from the draft.")).to_have_count(0)
    settled(page)
    assert len(spec_of(house)["offers"]) == 3


def test_files_are_read_refused_in_words_and_never_written_over(house: House, visit: Visitors) -> None:
    fresh(house)
    before = house.api.get("/personas/guide/knowledge/guide-en.md").content
    page = visit("/persona?name=guide&tab=knowledge")
    page.locator("input[type=file]").set_input_files(
        [
            {
                "name": "价格 表（新）.md",
                "mimeType": "text/markdown",
                "buffer": "# 价格\n\n标准版每月 99 元。".encode(),
            },
            {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"no pdf"},
            {"name": "guide-en.md", "mimeType": "text/markdown", "buffer": b"# Other\n\nOther."},
        ]
    )
    expect(page.get_by_text("价格 表(新).md, passages: 1.")).to_be_visible()
    expect(page.get_by_text("not a readable PDF")).to_be_visible()
    expect(page.get_by_text("guide-en.md is there already and used by guide.")).to_be_visible()
    settled(page)
    assert house.api.get("/personas/guide/knowledge/guide-en.md").content == before
    assert spec_of(house)["knowledge"][2] == "knowledge/价格 表(新).md"
    box(page, "A customer asks").fill("标准版多少钱？")
    box(page, "A customer asks").press("Enter")
    expect(page.locator(".st-key-hit_0")).to_contain_text("标准版每月 99 元。")


def test_a_question_and_its_answer_are_added_in_one_language(house: House, visit: Visitors) -> None:
    fresh(house)
    page = visit("/persona?name=guide&tab=knowledge")
    page.get_by_role("button", name="Add a pair").click()
    expect(box(page, "Question · English")).to_be_visible()
    settled(page)  # the form took the place of a button with its name
    page.get_by_role("button", name="Add a pair").click()
    expect(page.get_by_text("in at least one language")).to_be_visible()
    box(page, "Question · English").fill("Do you ship abroad?")
    box(page, "Answer · English").fill(HOSTILE)
    page.get_by_role("button", name="Add a pair").click()
    expect(page.locator(".st-key-quiet_pair_2")).to_have_text(HOSTILE)
    settled(page)
    assert spec_of(house)["knowledge"][2] == {"q": {"en": "Do you ship abroad?"}, "a": {"en": HOSTILE}}


def test_a_number_left_blank_is_taken_out_and_any_model_may_be_typed(house: House, visit: Visitors) -> None:
    fresh(house)
    page = visit("/persona?name=guide&tab=model")
    page.get_by_role("spinbutton", name="Temperature").fill("")
    page.get_by_role("spinbutton", name="Temperature").press("Tab")
    settled(page)
    assert spec_of(house)["settings"] == {"max_tokens": 600}
    model = page.get_by_role("combobox", name="Model", exact=True).first
    model.fill("vendor/some-model")
    model.press("Enter")
    settled(page)
    page.locator("[class*=st-key-form_guide_plugins_product_catalog] label").first.click()
    settled(page)
    spec = spec_of(house)
    assert (spec["model"], spec["plugins"]) == ("vendor/some-model", ["customer_profile"])


def test_a_viewer_reads_everything_and_changes_nothing(visit: Visitors) -> None:
    page = visit("/persona?name=guide&tab=fields", role="viewer")
    opened(page, "field", 0)
    left = page.locator(".st-key-studio_left")
    assert left.locator("textarea:visible, input[type=text]:visible").count() > 5
    assert left.locator("textarea:enabled:visible, input[type=text]:enabled:visible").count() == 0
    expect(page.get_by_role("button", name="Add a field")).to_be_disabled()
    expect(page.get_by_role("radio", name="Eager")).to_be_disabled()
