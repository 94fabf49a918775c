"""Secrets as developers set them: the value goes in and is never seen again."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitors, settled
from tests.console.house import House

STOCK = """\
kind: http
description: Stock
base_url: https://stock.example.com/v1
headers: {X-Key: "${secret.STOCK_KEY}"}
functions:
  - name: count_stock
    description: How many there are
    request: {method: GET, path: /stock}
"""
VALUE = "sk-an-invented-value-5309"


def set_secret(page: Page, value: str, hosts: str) -> None:
    if value:
        page.get_by_label("Value", exact=True).fill(value)
    page.get_by_label("Sent only to these hosts, one a line", exact=True).fill(hosts)
    page.get_by_role("button", name="Save", exact=True).click()


def kept(house: House, name: str) -> dict[str, object]:
    answer: httpx.Response = house.api.get(f"/secrets/{name}")
    return dict(answer.json()) if answer.status_code == 200 else {}


def test_a_missing_secret_is_set_from_the_plugin_that_names_it_and_never_shown(
    own_house: House, visit_own: Visitors
) -> None:
    (own_house.folder / "plugins.d" / "stock.yaml").write_text(STOCK)
    page = visit_own("/plugins?name=stock", role="developer")
    page.get_by_role("link", name="Set STOCK_KEY").click(timeout=8000)
    expect(page.get_by_role("dialog")).to_contain_text("STOCK_KEY")
    set_secret(page, VALUE, "https://stock.example.com/v1")
    expect(page.get_by_role("dialog")).to_contain_text("no scheme and no path")
    expect(page.get_by_label("Value", exact=True)).to_have_value(VALUE)
    set_secret(page, "", "stock.example.com")
    row = page.locator(".st-key-secrets_row_STOCK_KEY")
    expect(row).to_contain_text("Sent only to stock.example.com")
    assert (kept(own_house, "STOCK_KEY")["source"], kept(own_house, "STOCK_KEY")["stored"]) == ("stored", True)
    settled(page).reload()
    expect(row).to_contain_text("Stored here")
    row.get_by_role("button", name="Replace").click()
    expect(page.get_by_label("Value", exact=True)).to_have_value("")
    assert VALUE not in settled(page).content()


def test_deleting_says_what_stops_and_asks_first(house: House, visit: Visitors) -> None:
    house.api.put("/secrets/GONE_KEY", json={"value": VALUE, "hosts": ["gone.example.com"]}).raise_for_status()
    page = visit("/secrets")
    row = page.locator(".st-key-secrets_row_GONE_KEY")
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("nothing stops working")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert kept(house, "GONE_KEY")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert not kept(house, "GONE_KEY")


def test_a_name_that_cannot_be_one_is_told_before_it_is_sent(visit: Visitors) -> None:
    page = visit("/secrets", lang="zh", role="developer")
    page.get_by_role("button", name="添加机密").click()
    page.get_by_label("名称", exact=True).fill("**x** <b>")
    page.get_by_label("值", exact=True).fill(VALUE)
    page.get_by_label("只发送到这些主机，每行一个", exact=True).fill("a.example.com")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("名称以字母或 _ 开头")
    page.get_by_label("名称", exact=True).fill("RAPPORT_ADMIN_TOKEN")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("不能是服务器自己的")
    expect(page.get_by_label("值", exact=True)).to_have_value(VALUE)


def test_a_viewer_sees_which_are_there_and_why_they_may_not_set_them(house: House, visit: Visitors) -> None:
    house.api.put("/secrets/SEEN_KEY", json={"value": VALUE, "hosts": ["seen.example.com"]}).raise_for_status()
    page = visit("/secrets?name=SEEN_KEY", role="viewer")
    expect(page.get_by_text("Needs the role Developer. You may read.")).to_be_visible()
    expect(page.locator(".st-key-secrets_row_SEEN_KEY")).to_contain_text("Sent only to seen.example.com")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for name in ("Add a secret", "Replace", "Delete"):
        expect(page.get_by_role("button", name=name).first).to_be_disabled()
