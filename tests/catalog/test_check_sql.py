"""What `rapport check` says of plugins of kind `sql`, and where it points."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.catalog.parsed import parse_plugin

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"```yaml\n(kind: sql\n.*?)```", PAGE, re.DOTALL)


def problems(text: str) -> list[str]:
    return [f"{p.line}:{p.column}: {p.message}" for p in parse_plugin("shop", "shop.yaml", text.encode()).problems]


def example(old: str = "", new: str = "") -> str:
    assert EXAMPLE is not None
    assert old in EXAMPLE[1]
    return EXAMPLE[1].replace(old, new, 1)


def test_the_example_of_the_page_is_sound() -> None:
    assert problems(example()) == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("tables: [orders, visits, product]\n", "", "`tables` is missing in an sql plugin"),
        (":order_id", ":ordr_id", "17:20: `:ordr_id` is no parameter; did you mean `:order_id`?"),
        ("FROM orders o JOIN", "FROM order o JOIN", "16:12: There is no table `order`; did you mean `orders`?"),
        ("FROM orders o JOIN", "FROM staff o JOIN", "16:12: There is no table `staff`; there are `orders`"),
        ("SELECT o.id, o.total", "DELETE o.id, o.total", "15:7: Only a SELECT"),
        ("SELECT o.id, o.total", "SELECT pg_sleep(9), o.total", "15:14: The function `pg_sleep` is not allowed here."),
        ("shared: [product]", "shared: [produkt]", "6:10: `produkt` is not among `tables`; did you mean `product`?"),
        ("${user.id}", "${args.id}", "5:16: `userid` is filled by the server"),
        ("${secret.SHOP_DATABASE}", "sqlite:///shop.db", "3:11: `database` needs `${secret.NAME}`"),
        ("{order_id: {type: integer}}", "{userid: {type: integer}, order_id: {}}", "named like a slot"),
        ("ask_shop,", "ask_shop, force_call: true,", "10:39: `ask_shop` takes arguments from the model"),
        ('bind: {userid: "${user.id}"}\n', "", "4:10: whose rows of `orders`?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(old: str, new: str, wanted: str) -> None:
    assert any(wanted in told for told in problems(example(old, new))), problems(example(old, new))
