"""Every page of the map, in both languages, wide and narrow, with real chats in it: what no page may show.

The pictures go to a temporary folder, and to docs/screens when RAPPORT_SCREENS=1 (`make screens`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from console.pages import PAGES, PageEntry
from tests.console.conftest import Visitors, new_house
from tests.console.house import House
from tests.running import ROOT

TALKS = (
    ("en", ("What does it cost?", "We are Harbour Light Robotics", "My number is +49 151 23456789")),
    ("zh-CN", ("你好，你们是做什么的？", "我们是青禾物流", "打我电话 13800138000")),
    ("en", ("How long does it take?", "We are Northwind Bakery, about 40 people", "What about a discount?")),
    ("zh-CN", ("多少钱？", "先不用留电话，谢谢")),
    ("en", ("Do you work on weekends?",)),
)
# English that a Chinese page may show: what customers and files say, and names. Elements that hold data are left out.
DATA = (
    ".stText, pre, code, textarea, input, canvas, iframe, script, style, svg, [data-testid='stIconMaterial'],"
    " [data-testid='stDataFrame'], [data-testid='stJson'], [role='option'], [data-testid='stExpander'] summary,"
    " [data-testid='stChatMessage'], [data-testid='stFileUploaderDropzone'], [data-testid='stSidebar'],"
    " [data-testid='stPageLink'], [data-baseweb='select'], [data-testid='stTableStyledTable']"
)
# A customer's or a persona's name is no markup, so it stands as text in a container whose key ends in `_title`.
TITLED_BY_DATA = '[class*="_title"] .stText'
_TEXT = """skip => {
  const page = document.querySelector('[data-testid="stMain"]').cloneNode(true);
  for (const one of page.querySelectorAll(skip)) one.remove();
  return page.textContent;
}"""
_UNNAMED = """() => [...document.querySelectorAll('input, textarea, select')].filter(one => {
  if (one.type === 'hidden' || !one.getClientRects().length) return false;
  if (one.closest('[data-testid="stFileUploader"], [aria-hidden="true"]')) return false;
  const named = one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.title;
  return !(named || one.closest('label')?.textContent.trim()
    || (one.id && document.querySelector(`label[for="${CSS.escape(one.id)}"]`)?.textContent.trim()));
}).map(one => one.outerHTML.slice(0, 200))"""
_LEAKS = re.compile(r"\bNone\b|\bnan\b|\bundefined\b|Traceback|\{['\"]?\w+['\"]?:|\b\w+Error\b|<[a-z]+ object")
_ENGLISH = re.compile(r"\b[A-Z]?[a-z']+(?: [a-z']+){3,}")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house where customers have chatted in both languages."""
    made = new_house(tmp_path_factory.mktemp("lively"))
    for locale, lines in TALKS:
        visitor = made.server.visitor(locale)
        for line in lines:
            visitor.say(line)
    yield made
    made.close()


@pytest.fixture(scope="module")
def addresses(house: House) -> dict[str, str]:
    """The address of each page, detail pages with the first item of their list."""
    first: dict[str, Any] = {
        noun: house.api.get(f"/{noun}", params={"limit": 1}).json()["items"][0]["id"]
        for noun in ("leads", "conversations")
    }
    queries = {
        "lead": f"?id={first['leads']}",
        "conversation": f"?id={first['conversations']}",
        "persona": "?name=guide",
    }
    return {entry.path: f"/{entry.path}{queries.get(entry.path, '')}" for entry in PAGES}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("RAPPORT_SCREENS") != "1":
        return tmp_path_factory.mktemp("screens")
    folder = ROOT / "docs" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.screen)
def test_a_page_shows_nothing_it_should_not(
    visit: Visitors, addresses: dict[str, str], pictures: Path, entry: PageEntry, lang: str, width: int
) -> None:
    page = visit(addresses[entry.path], lang=lang, width=width)
    page.screenshot(path=pictures / f"{entry.screen}-{lang}-{width}.png")
    assert wrongs(page, lang, width) == []


def test_the_dark_theme_is_the_devices_choice(visit: Visitors, addresses: dict[str, str], pictures: Path) -> None:
    page = visit(addresses[""], scheme="dark")
    page.screenshot(path=pictures / "home-en-1280-dark.png")
    assert wrongs(page, "en", 1280) == []
    ground = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert ground == "rgb(17, 23, 26)"


def wrongs(page: Page, lang: str, width: int) -> list[str]:
    """What a customer would take for a mistake on this page."""
    found = []
    main = page.locator('[data-testid="stMain"]')
    if not main.get_by_role("heading", level=1).count() and not main.locator(TITLED_BY_DATA).count():
        found.append("no title")
    across = page.evaluate(
        "Math.max(document.scrollingElement.scrollWidth, document.querySelector('[data-testid=stMain]').scrollWidth)"
    )
    if across > width:
        found.append(f"scrolls sideways: {across} px")
    said = page.evaluate(_TEXT, DATA)
    if leak := _LEAKS.search(said):
        found.append(f"shows {leak[0]!r}")
    if lang == "zh" and (english := _ENGLISH.search(said)):
        found.append(f"English on a Chinese page: {english[0]!r}")
    if lang == "en" and (chinese := re.search(r"[㐀-鿿]{3,}", said)):
        found.append(f"Chinese on an English page: {chinese[0]!r}")
    primary = main.locator('[data-testid^="stBaseButton-primary"]').filter(visible=True)
    if primary.count() > 1:
        found.append(f"primary buttons: {primary.all_inner_texts()}")
    found.extend(f"no name: {one}" for one in page.evaluate(_UNNAMED))
    return found


def test_the_look_of_a_page_is_judged_by_what_is_wrong_with_it(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_content(
        '<div data-testid="stApp"><div data-testid="stMain"><div style="width:900px">None of it</div>'
        '<p>these are four words</p><button data-testid="stBaseButton-primary">A</button>'
        '<button data-testid="stBaseButton-primary">B</button><input></div></div>'
    )
    found = " ".join(wrongs(page, "zh", 390))
    page.close()
    for part in ("no title", "scrolls sideways", "shows 'None'", "English on a Chinese", "primary buttons", "no name"):
        assert part in found
