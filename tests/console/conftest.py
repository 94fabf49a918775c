"""What the console's tests share: a house with server and console, and a real Chromium that visits it.

Tests here are plain functions, never `async def`: Playwright's synchronous API keeps an event loop running in the
thread while it is open, and no other loop can run meanwhile. `browser` is therefore kept for this package and closed
when pytest leaves it (under xdist too), so that the asynchronous tests of other rooms are free to run.

A visit ends with a look back: a screen that failed, an error on the browser's console, or a request to another
machine fails the test. Allow an error that a test provokes on purpose by
`visit.forgive("part of its text")`.

A test with a browser that fails is tried once more, since a machine without a free core can keep Chromium waiting
for longer than anybody's patience; pytest's summary names every test that needed it, as RERUN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser import find_browser
from tests.conftest import furnish
from tests.console.house import SESSION_COOKIE, House

HEIGHTS = {390: 844}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)
_SETTLED = """quiet => {
  const app = document.querySelector('[data-testid="stApp"]');
  const still = app && app.dataset.testScriptState === "notRunning"
    && app.dataset.testConnectionState === "CONNECTED"
    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]');
  const now = performance.now(), size = document.body.innerText.length;
  const before = window.rapportSettling;
  if (!still || !before || before.size !== size) window.rapportSettling = still ? { since: now, size } : null;
  return Boolean(still && before && before.size === size && now - before.since >= quiet);
}"""
# A server that goes away is heard on the console.
_HARMLESS = re.compile(r"ERR_(CONNECTION|INCOMPLETE_CHUNKED|EMPTY_RESPONSE|ABORTED)|WebSocket connection")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lets tests with a browser have a second try."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))


def type_day(page: Page, label: str, day: str) -> None:
    """Types a date (YYYY-MM-DD) into a field and leaves it."""
    page.get_by_role("spinbutton", name=f"year, {label}").click()
    page.keyboard.type(day.replace("-", ""))
    page.keyboard.press("Escape")  # the calendar, which takes the focus when it is there
    page.get_by_role("spinbutton", name=f"day, {label}").press("Tab")


def settled(page: Page, quiet_ms: int = 250) -> Page:
    """Waits until Streamlit runs nothing and the page's text has stood still for `quiet_ms`.

    For pictures, and before counting what is on a page; after a click rather wait for what should appear.
    """
    page.evaluate("window.rapportSettling = null")
    page.wait_for_function(_SETTLED, arg=quiet_ms, timeout=PATIENCE)
    return page


def follow(link: Locator, url: str) -> None:
    """Clicks on a link of a page that looks again by itself, and again when it led nowhere.

    Streamlit lays a click and a timer's run that wait together into one request, with the timer's page.
    """
    page, tries = link.page, 3
    for left in reversed(range(tries)):
        link.click()
        try:
            page.wait_for_url(url, timeout=PATIENCE / tries)
        except PlaywrightTimeout:
            if not left:
                raise
        else:
            return


class Visitors:
    """Opens pages as somebody: `visit("/leads", lang="zh", width=390, role="viewer", scheme="dark")`."""

    def __init__(self, browser: Browser, house: House) -> None:
        self._browser = browser
        self._house = house
        self._contexts: list[BrowserContext] = []
        self._forgiven: list[str] = []
        self.wrong: list[str] = []
        self._logged = len(house.log())

    def __call__(
        self,
        path: str = "/",
        lang: str = "en",
        width: int = 1280,
        role: str | None = "admin",
        scheme: str = "light",
    ) -> Page:
        """A settled page in a browser of its own; `role=None` is nobody signed in."""
        page = self.context(lang=lang, width=width, role=role, scheme=scheme).new_page()
        page.goto(self._house.console_url + path)
        return settled(page)

    def context(
        self, lang: str = "en", width: int = 1280, role: str | None = "admin", scheme: str = "light"
    ) -> BrowserContext:
        """A browser of its own without a page, for tests that open several tabs."""
        context = self._browser.new_context(
            locale=LOCALES[lang],
            timezone_id="Europe/Berlin",
            viewport={"width": width, "height": HEIGHTS.get(width, 800)},
            color_scheme=scheme,  # type: ignore[arg-type]
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        if role:
            cookie = {"name": SESSION_COOKIE, "value": self._house.session(role), "url": self._house.console_url}
            context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Lax"}])  # type: ignore[typeddict-item]
        context.on("request", self._note_request)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.wrong.append(f"script error: {error.error}"))
        self._contexts.append(context)
        return context

    def forgive(self, part: str) -> None:
        """Lets errors pass that hold this text: the test provokes them."""
        self._forgiven.append(part)

    def look_back(self) -> list[str]:
        """Closes every browser; what went wrong while they were open, without what was forgiven."""
        for context in self._contexts:
            for page in context.pages:
                self._note_traceback(page)
            context.close()
        logged = self._house.log()[self._logged :]
        self.wrong.extend(f"a screen failed: {logged[at:][:3000]}" for at in _failures(logged))
        return [one for one in self.wrong if not any(part in one for part in self._forgiven)]

    def _note_traceback(self, page: Page) -> None:
        if page.is_closed():
            return
        shown = page.locator('[data-testid="stException"]')
        self.wrong.extend(f"traceback on {page.url}: {one[:300]}" for one in shown.all_inner_texts())
        if "Traceback (most recent call last)" in page.content():
            self.wrong.append(f"traceback on {page.url}")

    def _note_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in ("127.0.0.1", "localhost"):
            self.wrong.append(f"request to another machine: {request.url[:200]}")

    def _note_console(self, message: ConsoleMessage) -> None:
        told = f"browser console: {message.text[:300]} ({message.location.get('url', '')[:120]})"
        if message.type == "error" and not _HARMLESS.search(told):
            self.wrong.append(told)


def _failures(logged: str) -> list[int]:
    return [found.start() for found in re.finditer("screen failed, reference", logged)]


def new_house(folder: Path) -> House:
    """A started house with the shipped personas and plugins."""
    return House(furnish(folder)).start()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running house that a module's tests share: they add to it and break nothing."""
    made = new_house(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.fixture
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running house of one test's own, to be changed, killed and started again."""
    made = new_house(tmp_path_factory.mktemp("own-house"))
    yield made
    made.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium without a window and without the internet."""
    path = find_browser()
    assert path, "no browser: run `make test`, which installs one, or `python tests/browser.py`"
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
    alone = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", "--no-proxy-server"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*quiet, *alone])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Visitors]:
    """Opens pages of the shared house; see `Visitors`."""
    yield from _visitors(browser, house)


@pytest.fixture
def visit_own(browser: Browser, own_house: House) -> Iterator[Visitors]:
    """Opens pages of the test's own house."""
    yield from _visitors(browser, own_house)


def _visitors(browser: Browser, house: House) -> Iterator[Visitors]:
    visitors = Visitors(browser, house)
    yield visitors
    wrong = visitors.look_back()
    assert not wrong, "\n".join(wrong) + "\n" + house.log()[-3000:]
