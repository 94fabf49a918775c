"""Numbers written as words, English and Chinese."""

from __future__ import annotations

import re

SCALE = {
    "k": 1_000, "m": 1_000_000, "w": 10_000, "万": 10_000, "千": 1_000, "百": 100, "亿": 100_000_000,
    "thousand": 1_000, "million": 1_000_000,
}  # fmt: skip
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_UNITS = {word: n for n, word in enumerate(_SMALL + _TEENS)} | {word: 20 + 10 * n for n, word in enumerate(_TENS)}
_CN_DIGITS = {char: n for n, chars in enumerate(["零〇", "一", "二两", *"三四五六七八九"]) for char in chars}
_CN_UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
ONE_TO_TWELVE = "|".join(_SMALL[1:])
CHINESE = "零一二两三四五六七八九十"


def small_number(text: str) -> int:
    """3, three, a and 三 as a number."""
    if text.isdigit():
        return int(text)
    if text in ("a", "an"):
        return 1
    if text.endswith("couple of"):
        return 2
    return _UNITS[text] if text in _UNITS else chinese_number(text)


def chinese_number(text: str) -> int:
    """三十五 → 35, 两千 → 2000, 二〇二六 → 2026, 三万五 → 35000."""
    if not any(char in _CN_UNITS for char in text):
        return int("".join(str(_CN_DIGITS[char]) for char in text))
    total = section = digit = 0
    last = 1
    for char in text:
        if char in _CN_DIGITS:
            digit = _CN_DIGITS[char]
            last = last if digit else 10
        else:
            unit = _CN_UNITS[char]
            if unit >= 10_000:
                total, section = (total + section + digit) * unit, 0
            else:
                section += (digit or (1 if unit == 10 else 0)) * unit
            digit, last = 0, unit
    return total + section + digit * max(1, last // 10)


def english_number(text: str) -> int | None:
    """twenty-five → 25, two hundred → 200; None when no number word is in it."""
    total = current = 0
    seen = False
    for word in re.findall("[a-z]+", text):
        if word in _UNITS:
            current, seen = current + _UNITS[word], True
        elif word in ("hundred", "dozen"):
            current, seen = (current or 1) * (100 if word == "hundred" else 12), True
        elif word in ("thousand", "million"):
            total, current, seen = total + (current or 1) * SCALE[word], 0, True
    return total + current if seen else None
