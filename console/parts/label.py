"""Data in places that read Markdown: labels, tabs, options."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")


def label(text: str) -> str:
    """The text so that a label shows it letter by letter, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
