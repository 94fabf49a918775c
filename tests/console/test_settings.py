"""Settings: people invited and removed, keys made once, sessions ended, and what everybody did, in words."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Locator, Page, expect

from console.client.audit import ACTIONS
from tests.console.conftest import Visitors, settled
from tests.console.house import House
from tests.running import ROOT

MARKUP = "**x** :smile: <b>x</b> ![i](http://x.example/y.png) [l](http://x.example)"


def row(page: Page, part: str, named: str) -> Locator:
    return page.locator(f'[class*="st-key-{part}_row_"]', has_text=named)


def choose(page: Page, box: Locator, option: str) -> None:
    settled(page)  # a run that ends now would close the list again
    box.click()
    page.get_by_role("option", name=option, exact=True).click()


def invite(page: Page, email: str, role: str) -> None:
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_label("E-mail address", exact=True).fill(email)
    page.get_by_role("dialog").get_by_text(role, exact=True).click()
    page.get_by_role("button", name="Make a link").click()


def test_somebody_is_invited_by_a_link_given_another_role_and_removed(house: House, visit: Visitors) -> None:
    page = visit("/settings")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    invite(page, "not an address", "Editor")
    expect(page.get_by_role("dialog")).to_contain_text("needs an e-mail address")
    expect(page.get_by_label("E-mail address", exact=True)).to_have_value("not an address")
    page.get_by_label("E-mail address", exact=True).fill("nia@example.com")
    page.get_by_role("button", name="Make a link").click()
    page.get_by_role("dialog").get_by_role("button", name="Copy", exact=True).click()
    link = page.evaluate("navigator.clipboard.readText()")
    assert page.get_by_role("dialog").locator("pre").inner_text().split() == [link]
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    expect(row(page, "people", "nia@example.com")).to_contain_text("link not used yet, good until")
    guest = visit("/", role=None)
    guest.goto(link)
    expect(guest.locator(".st-key-person")).to_contain_text("Editor")
    settled(page).reload()
    expect(row(page, "people", "nia@example.com")).to_contain_text("1 open session")
    assert link.partition("token=")[2] not in settled(page).content()
    choose(page, row(page, "people", "nia@example.com").get_by_role("combobox"), "Developer")
    expect(page.get_by_text("Now a developer")).to_be_visible()
    settled(page)
    row(page, "people", "nia@example.com").get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    row(settled(page), "people", "nia@example.com").get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row(page, "people", "nia@example.com")).to_have_count(0)
    guest.reload()
    expect(guest.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_last_administrator_stays_and_the_page_says_why(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/settings?tab=people")
    own = row(page, "people", "admin@example.com")
    expect(own).to_contain_text("The last administrator stays. Make somebody else one first.")
    expect(own.get_by_role("button", name="Remove")).to_be_disabled()
    expect(own.get_by_role("combobox")).to_be_disabled()
    own_house.api.post("/accounts", json={"email": "two@example.com", "role": "admin"}).raise_for_status()
    settled(page).reload()
    expect(own).to_contain_text("Your own role is for another administrator to change.")
    expect(row(page, "people", "two@example.com").get_by_role("button", name="Remove")).to_be_enabled()


def test_a_key_is_shown_once_tells_its_last_use_and_ends(house: House, visit: Visitors) -> None:
    page = visit("/settings?tab=keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("dialog")).to_contain_text("Give the key a name")
    page.get_by_label("Name", exact=True).fill(MARKUP)
    choose(page, page.get_by_role("dialog").get_by_role("combobox").first, "Editor")
    page.get_by_role("dialog").get_by_role("combobox").nth(1).click()
    page.get_by_role("option", name="Nora").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Create key").click()
    shown = page.get_by_role("dialog").locator("pre")
    expect(shown).to_contain_text("rk_")
    key = shown.inner_text().replace("\n", "")
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    mine = row(page, "keys", "**x**")
    expect(mine).to_contain_text(MARKUP)
    expect(mine).to_contain_text("never used")
    expect(mine).to_contain_text("Editor · only ")
    assert key not in settled(page).content()
    program = {"authorization": f"Bearer {key}"}
    me = httpx.get(f"{house.server_url}/api/v1/me", headers=program, trust_env=False).json()
    assert (me["role"], len(me["personas"])) == ("editor", 1)
    settled(page).reload()
    expect(mine).to_contain_text("used ")
    mine.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("dialog")).to_contain_text("refused at once")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(mine).to_have_count(0)
    assert httpx.get(f"{house.server_url}/api/v1/me", headers=program, trust_env=False).status_code == 401
    fixed = row(page, "keys", "Server key")
    expect(fixed).to_contain_text("RAPPORT_ADMIN_TOKEN")
    expect(fixed.get_by_role("button", name="Revoke")).to_be_disabled()


def test_other_sessions_are_ended_at_once(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/settings", role="viewer")
    own_house._sessions.clear()
    other = visit_own("/", role="viewer")
    settled(page).reload()
    expect(page.locator('[class*="st-key-sessions_row_"]')).to_have_count(2)
    expect(row(page, "sessions", "This browser")).to_have_count(1)
    expect(page.get_by_text("Everybody's")).to_have_count(0)
    page.get_by_role("button", name="End all others").click()
    expect(page.get_by_role("dialog")).to_contain_text("One other browser is signed out at once.")
    page.get_by_role("button", name="End them").click()
    expect(page.locator('[class*="st-key-sessions_row_"]')).to_have_count(1)
    other.reload()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator(".st-key-person")).to_contain_text("Viewer")
    admin = visit_own("/settings?tab=sessions&user=all")
    row(admin, "sessions", "viewer@example.com").get_by_role("button", name="End").click()
    expect(row(admin, "sessions", "viewer@example.com")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_audit_is_searched_narrowed_and_turned_in_the_address(own_house: House, visit_own: Visitors) -> None:
    own_house.session("admin")
    editor = {"authorization": f"Bearer {own_house.session('editor')}"}
    for n in range(60):
        own_house.api.post("/keys", json={"name": f"Robot {n}", "role": "viewer"}).raise_for_status()
    body = {"userid": "u1", "company": "Acme"}
    httpx.post(f"{own_house.server_url}/data/v1/profile", json=body, headers=editor, trust_env=False).raise_for_status()
    own_house.api.post("/keys", json={"name": MARKUP, "role": "editor"}).raise_for_status()
    page = visit_own("/settings?tab=audit")
    lines = page.locator('[class*="st-key-audit_row_"]')
    expect(lines).to_have_count(50)
    expect(lines.first).to_contain_text(f"{MARKUP} · Editor · all personas")
    expect(row(page, "audit", "profile")).to_contain_text("Added a row by the data service")
    expect(row(page, "audit", "profile")).to_contain_text("profile · company")
    assert not re.search(r"[{}]|k_[0-9a-f]{20}", page.locator(".st-key-audit_rows").inner_text())
    page.get_by_role("button", name="Page 2", exact=True).click()
    page.wait_for_url("**page=2**")
    expect(page.get_by_text("Robot 0 ")).to_be_visible()
    choose(page, page.get_by_role("combobox", name="Who"), "editor@example.com")
    page.wait_for_url(lambda address: "actor=editor" in address and "page=" not in address)
    expect(row(page, "audit", "Server key")).to_have_count(0)
    expect(row(page, "audit", "profile")).to_have_count(1)
    choose(page, page.get_by_role("combobox", name="What"), "Signed in")
    page.wait_for_url("**action=sign_in**")
    expect(lines).to_have_count(1)
    address = settled(page).url
    again = visit_own(address.removeprefix(own_house.console_url), lang="zh")
    expect(row(again, "audit", "登录")).to_have_count(1)
    again.goto(f"{own_house.console_url}/settings?tab=audit&to=2020-01-01")
    expect(again.get_by_text("没有匹配的记录")).to_be_visible()
    again.get_by_role("button", name="清除筛选").click()
    expect(again.locator('[class*="st-key-audit_row_"]')).to_have_count(50)


def test_everything_that_the_server_writes_down_has_words() -> None:
    calls = re.compile(r'(?:\bnote|\blook|_secrets_changed|_written)\((?:[^()"]|\([^()]*\))*?"([a-z_]+)"')
    texts = [file.read_text("utf-8") for file in (ROOT / "server").rglob("*.py")]
    found = {name for text in texts for name in calls.findall(text)} - {"operator"}
    assert len(found) > 30
    assert found == set(ACTIONS)


def test_who_is_no_administrator_sees_their_sessions_and_why_nothing_else(visit: Visitors) -> None:
    page = visit("/settings", role="developer")
    expect(row(page, "sessions", "This browser")).to_have_count(1)
    for tab in ("People", "API keys", "Audit"):
        page.get_by_role("radio", name=tab).or_(page.get_by_role("button", name=tab)).first.click()
        expect(page.get_by_text("Only administrators see this.")).to_be_visible()
        expect(page.locator('[data-testid^="stBaseButton-primary"]')).to_have_count(0)
