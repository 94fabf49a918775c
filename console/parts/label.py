"""Data in places that read Markdown: labels, tabs, options."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")


_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def plainly(text: str) -> str:
    """The text with a mark in place of each character that would turn its line around."""
    return _TURNING.sub("\N{REPLACEMENT CHARACTER}", text)


def label(text: str) -> str:
    """The text so that a label shows it letter by letter, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(plainly(text).split()))
