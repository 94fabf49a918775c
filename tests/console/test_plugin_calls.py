"""A plugin's calls as developers see them: how they went, and running one again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from server.storage import open_database
from server.storage.ids import new_id
from server.storage.turns import CallRow, add_calls
from tests.console.conftest import Visitors, settled
from tests.console.house import House

LOOKED = "/plugins?name=product_catalog&function=find_products"
WROTE = "/plugins?name=customer_profile&function=set_customer_profile"


def called(house: House, plugin: str, function: str, effect: str, *arguments: object) -> None:
    """Puts calls into the record, the last the newest; every second one failed."""
    now = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    rows = [
        CallRow(new_id("x"), None, None, "v_ann", plugin, function, False, effect, "anonymous",
                "failed" if place % 2 else "ok", json.dumps(told), None, 10.0 * (place + 1), 20, f"{now}.{place:03d}Z")
        for place, told in enumerate(arguments)
    ]  # fmt: skip
    database = open_database(house.server.database)
    try:
        database.write_now(lambda tx: add_calls(tx, rows))
    finally:
        database.close()


def press_again(page: Page, row: int) -> None:
    """Presses "Run again" in that row of the last calls; the grid is drawn on a canvas."""
    grid = page.get_by_test_id("stDataFrame")
    expect(grid).to_be_visible()
    grid.scroll_into_view_if_needed()
    settled(page)
    box = grid.bounding_box()
    assert box
    page.mouse.click(box["x"] + 55, box["y"] + 37 + 36 * row + 18)


def test_a_lookup_is_run_again_with_what_was_sent(house: House, visit: Visitors) -> None:
    called(house, "product_catalog", "find_products", "read", {"query": "no such thing"}, {"query": "Fleet"})
    page = settled(visit(LOOKED, role="developer"))
    figures = page.locator(".st-key-plugin_figures")
    expect(figures.get_by_role("row").nth(1)).to_contain_text("50.0 % (1 / 2)")
    expect(figures.get_by_role("row").nth(1)).to_contain_text("10 ms")
    press_again(page, 0)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("query")).to_have_value("Fleet")
    expect(dialog.get_by_label("As customer")).to_have_value("v_ann")
    expect(dialog.get_by_text("KV-FLEET").first).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("query")).to_have_value("")
    press_again(settled(page), 1)
    expect(dialog.get_by_label("query")).to_have_value("no such thing")
    expect(dialog.get_by_text("KV-FLEET")).to_have_count(0)


def test_a_write_waits_for_a_press_and_what_the_record_hides_is_left_empty(house: House, visit: Visitors) -> None:
    sent = {"company": "Acme Foods", "phone": "***", "fax": "1"}
    called(house, "customer_profile", "set_customer_profile", "write", sent)
    page = settled(visit(WROTE, role="developer"))
    press_again(page, 0)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It writes, so nothing has run yet.")).to_be_visible()
    expect(dialog.get_by_text("Not filled in: fax, phone.")).to_be_visible()
    expect(dialog.get_by_label("company")).to_have_value("Acme Foods")
    expect(dialog.get_by_label("phone")).to_have_value("")
    expect(dialog.get_by_text("Request, secrets masked")).to_have_count(0)
    dialog.get_by_role("button", name="Try", exact=True).click()
    expect(dialog.get_by_text("What the model would see")).to_be_visible()
    rows = house.api.get(f"{house.server_url}/data/v1/profile", params={"userid": "v_ann"}).json()
    assert rows["data"]["rows"] == []


def test_the_calls_are_those_of_the_chosen_function_or_of_all(house: House, visit: Visitors) -> None:
    called(house, "customer_profile", "set_customer_profile", "write", {"company": "Acme Foods"})
    page = settled(visit(WROTE.replace("set_", "get_"), role="developer"))
    expect(page.get_by_text("No call yet")).to_be_visible()
    page.get_by_role("radio", name="All functions").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    press_again(settled(page), 0)
    expect(page.get_by_role("dialog").get_by_text("Run set_customer_profile again")).to_be_visible()
    viewer = settled(visit(WROTE, role="viewer"))
    expect(viewer.locator(".st-key-plugin_figures").get_by_role("row")).to_have_count(2)
    expect(viewer.get_by_text("Not shown to your role")).to_be_visible()
