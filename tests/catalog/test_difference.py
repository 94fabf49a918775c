"""What changed: both texts can be read off the words, Chinese is cut finely, and values are named."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from server.catalog.changes import Change, changes
from server.catalog.difference import Difference, difference


def compared(old: str, new: str) -> Difference:
    return difference(old, new, "old", "new")


def sides(found: Difference) -> tuple[str, str]:
    old = "".join(piece.text for piece in found.pieces if piece.kind != "added")
    return old, "".join(piece.text for piece in found.pieces if piece.kind != "removed")


_PARTS = st.lists(st.sampled_from(["a b", "你好", " ", "\n", "\r\n", "x: 1", "\u2028", "  "]), max_size=12).map("".join)


@settings(max_examples=300, deadline=None)
@given(_PARTS, _PARTS)
def test_both_texts_can_be_read_off_the_words(old: str, new: str) -> None:
    found = compared(old, new)
    assert sides(found) == (old, new)
    assert all(one.kind != two.kind for one, two in zip(found.pieces, found.pieces[1:], strict=False))


def test_chinese_is_cut_by_character_and_english_by_word() -> None:
    pieces = compared("你帮助访客。\nBe very kind.\n", "你帮助顾客。\nBe kind.\n").pieces
    assert [(piece.kind, piece.text) for piece in pieces if piece.kind != "same"] == [
        ("removed", "访"), ("added", "顾"), ("removed", "very "),
    ]  # fmt: skip


def test_a_line_break_that_changed_is_seen() -> None:
    pieces = compared("a\r\nb", "a\nb\n").pieces
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("same", "a"), ("removed", "\r\n"), ("added", "\n"), ("same", "b"), ("added", "\n"),
    ]  # fmt: skip


def test_two_hundred_kilobytes_are_compared_whole() -> None:
    chance = random.Random(4)
    words = ["price", "delivery", "the", "of", "we", "help", "价格", "您", "的"]
    texts = []
    for length in (12, 300):
        lines = [" ".join(chance.choice(words) for _ in range(length)) for _ in range(200_000 // (length * 5))]
        others = [" ".join(chance.choice(words) for _ in range(length)) for _ in lines]
        texts.append(("\n".join(lines), "\n".join(others)))
        texts.append(("\n".join(lines), "\n".join(lines).replace("price of", "cost of")))
    for old, new in texts:
        assert sides(compared(old, new)) == (old, new)


def test_values_that_differ_are_named() -> None:
    before = {
        "title": {"en": "Guide", "zh": "向导"},
        "prompt": "Help.",
        "suggestions": ["a", "b", "c"],
        "collect": {
            "proactivity": 0.5,
            "fields": [{"name": "company", "type": "text"}, {"name": "phone", "weight": 1}],
        },
    }
    after = {
        "title": {"en": "Guide", "zh": "顾问"},
        "prompt": "Help.",
        "suggestions": ["a", "c", "d"],
        "collect": {"proactivity": 0.2, "fields": [{"name": "phone", "weight": 2}, {"name": "email", "type": "email"}]},
        "model": "standin",
    }
    assert changes(before, after) == (
        Change("title.zh", "向导", "顾问"),
        Change("suggestions[1]", "b", None),
        Change("suggestions[2]", None, "d"),
        Change("collect.proactivity", 0.5, 0.2),
        Change("collect.fields[phone].weight", 1, 2),
        Change("collect.fields[email]", None, {"name": "email", "type": "email"}),
        Change("collect.fields[company]", {"name": "company", "type": "text"}, None),
        Change("model", None, "standin"),
    )
    assert changes(before, before) == ()


def test_an_order_that_changed_is_told_once() -> None:
    one, two = {"name": "a", "ask": "x"}, {"name": "b", "ask": "y"}
    assert changes({"fields": [one, two]}, {"fields": [two, one]}) == (Change("fields", ["a", "b"], ["b", "a"]),)
    assert changes({"a": [{"q": "1", "a": "2"}]}, {"a": [{"q": "1", "a": "3"}]}) == (Change("a[0].a", "2", "3"),)
    assert changes({"into": "crm"}, {"into": {"plugin": "crm"}}) == (Change("into", "crm", {"plugin": "crm"}),)
