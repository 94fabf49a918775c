"""Names that every provider takes, made from names that a description may have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

LONGEST = 64
_BAD = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def function_name(said: str, taken: Collection[str] = ()) -> str:
    """Letters, digits, `_` and `-`, at most 64, and not among `taken`, which holds names in lower case."""
    made = re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9_-]+", "_", said)).strip("_")
    return _unique(made[:LONGEST].rstrip("_") or "call", taken)


def argument_name(said: str, taken: Collection[str] = ()) -> str:
    """Letters, digits, `_`, `-` and `.`, at most 64, and not among `taken`, which holds names in lower case."""
    made = re.sub(r"[^A-Za-z0-9_.-]+", "_", said).strip("_") if not _fits(said) else said
    return _unique(made[:LONGEST].rstrip("_") or "value", taken)


def _fits(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name) is not None


def _unique(name: str, taken: Collection[str]) -> str:
    made, number = name, 1
    while made.lower() in taken:
        number += 1
        made = f"{name[: LONGEST - len(str(number)) - 1]}_{number}"
    return made


def clean(text: str) -> str:
    """The text without what a plugin's file cannot hold: control characters, and the beginning of a reference."""
    text = _BAD.sub("", text)
    return text.replace("${", "$ {") if "${" in text else text


def shortened(text: str, most: int) -> str:
    """The text on as few characters as said, cut at a word."""
    text = clean(text).strip()
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(None, 1)[0] + "…"


def folded(name: str) -> str:
    """A name as the door compares names: NFKC, case folded, nothing but letters and digits."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in text if letter.isalnum())
