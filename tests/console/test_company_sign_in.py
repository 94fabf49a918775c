"""Signing in with a company account, in the browser: there and back, and what one reads when it does not work."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import furnish
from tests.console.house import House
from tests.identity_provider import IdentityProvider


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider().running() as made:
        yield made


@pytest.fixture(scope="module")
def trusting(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that takes company accounts."""
    made = House(furnish(tmp_path_factory.mktemp("company")))
    made.server.env.update(provider.env())
    made.start()
    yield made
    made.close()


@pytest.fixture
def page(browser: Browser, trusting: House, provider: IdentityProvider) -> Iterator[Page]:
    """A browser in which nobody is signed in."""
    provider.email, provider.denies = "nia@company.example", False
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    made = context.new_page()
    made.goto(trusting.console_url)
    yield made
    context.close()


def test_a_person_comes_in_by_the_company_account_and_stays(page: Page, trusting: House) -> None:
    page.get_by_role("link", name="Sign in with your company account").click()
    expect(page.get_by_text("nia@company.example")).to_be_visible()
    assert page.url.startswith(trusting.console_url)
    cookies = {one["name"]: one for one in page.context.cookies()}
    assert (cookies["rapport_session"]["httpOnly"], cookies["rapport_session"]["sameSite"]) == (True, "Lax")
    assert "rapport_signin" not in cookies, "what was kept for the way is gone"
    page.reload()
    expect(page.get_by_text("nia@company.example")).to_be_visible()


def test_a_stranger_and_one_who_cancels_read_what_to_do(page: Page, provider: IdentityProvider) -> None:
    provider.email = "ann@elsewhere.example"
    page.get_by_role("link", name="Sign in with your company account").click()
    expect(page.get_by_role("heading", name="You are not known here yet")).to_be_visible()
    provider.denies = True
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="You did not sign in")).to_be_visible()


def test_an_answer_that_another_browser_asked_for_is_refused(
    page: Page, trusting: House, provider: IdentityProvider
) -> None:
    """Nobody can be signed in to somebody else's account by a link."""
    begun = trusting.api.post("/sessions/oidc/start").json()
    page.goto(provider.authorize(begun["address"]))
    expect(page.get_by_role("heading", name="This sign-in did not fit")).to_be_visible()
    page.goto(trusting.console_url)
    expect(page.get_by_role("link", name="Sign in with your company account")).to_be_visible()


def test_a_provider_that_is_away_is_told_in_words(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    house = House(furnish(tmp_path_factory.mktemp("away")))
    house.server.env.update(IdentityProvider().env())
    house.start()
    try:
        context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
        page = context.new_page()
        page.goto(house.console_url)
        page.get_by_role("link", name="使用公司账号登录").click()
        expect(page.get_by_role("heading", name="公司账号登录暂时不可用")).to_be_visible()
        expect(page).to_have_url(re.compile("/signin/company$"))
        context.close()
    finally:
        house.close()
