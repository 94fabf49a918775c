"""Cursors: where a page ended, as text that a caller hands back unread."""

from __future__ import annotations

import base64
import binascii

from server.errors import Invalid


def encode_cursor(at: str, row_id: str) -> str:
    """The cursor after the row of that time and id."""
    return base64.urlsafe_b64encode(f"{at}|{row_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[str, str]:
    """(time, id) of the row after which the page begins. Raises Invalid for anything made up."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, row_id = text.split("|", 1)
    except (binascii.Error, ValueError):
        raise Invalid("`cursor` is not one that a page gave; ask for the first page again.") from None
    if "\0" in text:
        raise Invalid("`cursor` is not one that a page gave; ask for the first page again.")
    return at, row_id


def like(words: str) -> str:
    """A pattern for `LIKE … ESCAPE '!'` that finds the words anywhere, whatever signs they hold."""
    escaped = words.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"
