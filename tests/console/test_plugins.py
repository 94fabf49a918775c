"""Plugins as people of the house see them: whether each works, what is wrong where, and a try of each function."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Visitors, settled
from tests.console.house import House

BROKEN = "kind: http\ndescription: Stock\nfunctions:\n  - nome: oops\n"
SOUND = """\
kind: http
description: "**Stock** <img src=x> ![i](http://x.example/y.png)"
base_url: http://127.0.0.1:9/v1
headers: {X-Key: "${secret.STOCK_KEY}"}
functions:
  - name: count_stock
    description: How many there are
    parameters:
      type: object
      properties:
        size: {type: string, enum: [small, large]}
        many: {type: integer, minimum: 1}
        fresh: {type: boolean}
        tags: {type: array, items: {type: string}}
      required: [size]
      additionalProperties: false
    request: {method: GET, path: /stock, query: {size: "${args.size}"}}
"""


def test_a_broken_file_shows_with_its_place_and_recovers_by_itself(own_house: House, visit_own: Visitors) -> None:
    page = visit_own("/plugins")
    file = own_house.folder / "plugins.d" / "stock.yaml"
    expect(page.get_by_text("stock", exact=True)).to_have_count(0)
    file.write_text(BROKEN)
    row = page.locator(".st-key-plugin_row_stock")
    expect(row.get_by_text("Error: not loaded")).to_be_visible(timeout=6000)
    expect(row).to_contain_text("stock.yaml:4:5")
    file.write_text(SOUND.replace('headers: {X-Key: "${secret.STOCK_KEY}"}\n', ""))
    expect(row.get_by_text("Works")).to_be_visible(timeout=6000)
    expect(row).to_contain_text("**Stock** <img src=x> ![i](http://x.example/y.png)")
    row.get_by_role("link").click()
    expect(page.get_by_label("size")).to_be_visible()
    for name in ("many", "fresh", "tags"):
        expect(page.get_by_label(name)).to_be_visible()
    settled(page)
    file.write_text(BROKEN)
    expect(page.get_by_text("Error: the last good version serves")).to_be_visible(timeout=6000)


def test_a_function_is_tried_and_shows_request_answer_and_what_the_model_would_see(visit: Visitors) -> None:
    page = visit("/plugins?name=product_catalog&function=find_products", role="developer")
    page.get_by_label("query").fill("Fleet")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_text("What the model would see")).to_be_visible()
    expect(page.get_by_text("Request, secrets masked")).to_be_visible()
    expect(page.get_by_text("KV-FLEET").first).to_be_visible()


def test_a_refused_call_says_why_and_keeps_what_was_typed(visit: Visitors) -> None:
    page = visit("/plugins?name=customer_profile&function=set_customer_profile", role="developer")
    page.get_by_label("company").fill("x" * 300)
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".st-key-try_outcome").get_by_text("refused")).to_be_visible()
    expect(page.get_by_label("company")).to_have_value("x" * 300)


def test_a_viewer_reads_functions_and_is_told_who_may_try_them(visit: Visitors) -> None:
    page = visit("/plugins?name=customer_profile&function=set_customer_profile", role="viewer")
    expect(page.get_by_text("Anybody in the chat")).to_be_visible()
    expect(page.get_by_role("button", name="Try", exact=True)).to_be_disabled()
    expect(page.get_by_text("Needs the role Developer. You may read.").first).to_be_visible()
    expect(page.get_by_text("Not shown to your role")).to_be_visible()
