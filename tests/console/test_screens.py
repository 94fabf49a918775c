"""Every page of the map, in both languages, wide and narrow, with real chats in it: what no page may show.

The pictures go to a temporary folder, and to docs/screens when RAPPORT_SCREENS=1 (`make screens`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from console.pages import PAGES
from tests.console.conftest import Visitors, new_house, settled
from tests.console.house import House
from tests.console.talks import TRIED, fill
from tests.running import ROOT

SCREENS = {entry.screen: f"/{entry.path}" for entry in PAGES} | {
    "lead": "/lead?id={lead}",
    "conversation": "/conversation?id={conversation}&turn={turn}",
    "persona": "/persona?name=guide",
    "fields": "/persona?name=guide&tab=fields",
    "plugin": "/plugins?name=product_catalog&function=find_products",
    "try_chat": "/try?persona=guide",
    "settings": "/settings?tab=people",
    "keys": "/settings?tab=keys",
    "sessions": "/settings?tab=sessions&user=all",
    "audit": "/settings?tab=audit",
}
"""Every page by its screen, and what one of its tabs or items shows; `{lead}` is one of the house's."""
NAMES = {
    "try_chat": "try",
    "persona": "studio",
    "fields": "studio-fields",
    "settings": "settings-people",
    "keys": "settings-keys",
    "sessions": "settings-sessions",
    "audit": "settings-audit",
}
"""Pictures that are called otherwise than their screen."""
TALL = {"persona": 960, "plugin": 960, "try_chat": 904}
"""Heights in CSS pixels of pictures that would else end in the middle of what they show."""

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
    made = new_house(tmp_path_factory.mktemp("lively"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def shown(house: House) -> dict[str, dict[str, str]]:
    """What the pictures show of a house where ten customers have chatted, by language."""
    return fill(house)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("RAPPORT_SCREENS") != "1":
        return tmp_path_factory.mktemp("screens")
    folder = ROOT / "docs" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_shows_nothing_it_should_not(
    visit: Visitors, shown: dict[str, dict[str, str]], pictures: Path, screen: str, lang: str, width: int
) -> None:
    page = visit(SCREENS[screen].format(**shown[lang]), lang=lang, width=width)
    act(page, screen, lang, width)
    keep(page, pictures / f"{NAMES.get(screen, screen)}-{lang}-{width}.png")
    assert wrongs(page, lang, width) == []


@pytest.mark.parametrize("screen", ["home", "try_chat"])
def test_the_dark_theme_is_the_devices_choice(
    visit: Visitors, shown: dict[str, dict[str, str]], pictures: Path, screen: str
) -> None:
    page = visit(SCREENS[screen].format(**shown["en"]), scheme="dark")
    act(page, screen, "en", 1280)
    keep(page, pictures / f"{NAMES.get(screen, screen)}-en-1280-dark.png")
    assert wrongs(page, "en", 1280) == []
    ground = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert ground == "rgb(17, 23, 26)"


def act(page: Page, screen: str, lang: str, width: int) -> None:
    """Does what the picture is to show: on Try a talk, in the studio a question, at a plugin a call."""
    if width > 640 and screen in ("persona", "plugin", "try_chat"):
        page.set_viewport_size({"width": width, "height": TALL[screen]})
    if screen == "plugin":
        page.locator('.stForm input[type="text"]').first.fill({"en": "Fleet plan", "zh": "车队版"}[lang])
        page.locator('[data-testid="stBaseButton-primaryFormSubmit"]').click()
        expect(page.locator(".st-key-try_outcome")).to_be_visible()
        settled(page)
    if screen == "try_chat" or (screen == "persona" and width > 640):
        for number, line in enumerate(TRIED[lang][: 4 if screen == "try_chat" else 1], 1):
            box = page.get_by_test_id("stChatInputTextArea")
            box.fill(line)
            box.press("Enter")
            answers = page.locator('[class*="st-key-said_assistant_"]:not([class*="_greeting"])')
            expect(answers).to_have_count(number)
            settled(page)


def keep(page: Page, file: Path) -> None:
    """Takes the picture, in a palette of colours: a third of the size."""
    page.mouse.move(0, 0)
    page.screenshot(path=file, animations="disabled")
    with Image.open(file) as taken:
        small = taken.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


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
