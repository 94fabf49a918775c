"""Pages of lists: cursors, numbers of pages, and the words that a list is searched for."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from server.errors import Invalid


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list: after a `cursor`, or page `number` (from 1); the first page without either."""

    limit: int = 50
    cursor: str | None = None
    number: int | None = None

    @property
    def offset(self) -> int:
        """How many rows come before a numbered page."""
        return ((self.number or 1) - 1) * self.limit


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


def contains(dialect: str, column: str, words: str) -> tuple[str, list[str]]:
    """(condition, parameters) for rows whose `column` holds the words, in whatever case.

    SQLite's own LIKE knows the case of ASCII alone but reads ten times as many rows a second as one that calls
    `lower` for each, so it sifts first: letters of other scripts that have a case count as any letter there.
    """
    exact = f"lower({column}) LIKE ? ESCAPE '!'"
    if dialect != "sqlite" or "\u0307" in words.lower():  # the dot that İ leaves behind when it gets small
        return exact, [like(words)]
    quick, sieve = f"{column} LIKE ? ESCAPE '!'", like(words)
    if all(_plain(sign) for sign in sieve):
        return quick, [sieve]
    return f"({quick} AND {exact})", ["".join(s if _plain(s) else "_" for s in sieve), sieve]


def _plain(sign: str) -> bool:
    return sign.isascii() or sign.lower() == sign.upper()
