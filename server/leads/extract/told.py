"""What people tell in free text, and what the bare answer to a question is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from server.leads.extract import accounts, companies, names, products, whose
from server.leads.extract.answers import clauses, clean, is_question, is_small_talk, refuses
from server.leads.extract.claim import Claim
from server.leads.extract.reading import Reading


def find(meaning: str, reading: Reading, catalogue: Sequence[str], *, earlier: str) -> list[Claim]:
    """What the message tells of that meaning (company, name, product, account), in order."""
    if len(reading.low) > 6000:
        reading = Reading(reading.raw[:6000], reading.id)
    return sorted(_FINDERS[meaning](reading, catalogue, earlier), key=lambda claim: claim.start)[:20]


_FINDERS: dict[str, Callable[[Reading, Sequence[str], str], list[Claim]]] = {
    "company": companies.find, "name": names.find, "product": products.find, "account": accounts.find,
}  # fmt: skip

_SURNAME = re.compile(r"(?:免贵)?姓(?=[\u4e00-\u9fff]{1,2}$)")


def bare(meaning: str | None, reading: Reading) -> Claim | None:
    """The answer to the question just asked, when the message is nothing but that."""
    if len(reading.low) > 400 or refuses(reading) or whose.commands(reading):
        return None
    if meaning is None:
        return _whole_answer(reading)
    if (claim := _bare_piece(meaning, reading, 0, len(reading.low), whole=True)) is not None:
        return claim
    if is_question(reading.low):
        return None
    for start, end in clauses(reading):
        if claim := _bare_piece(meaning, reading, start, end, whole=False):
            return claim
    return None


def _whole_answer(reading: Reading) -> Claim | None:
    start, end = clean(reading, 0, len(reading.low), of_a_name=False)
    text = reading.low[start:end]
    if not text or is_question(reading.low) or is_small_talk(text) or is_small_talk(reading.low):
        return None
    return Claim(start, end, reading.raw[start:end], reading.raw[start:end], confidence=0.8)


def _bare_piece(meaning: str, reading: Reading, start: int, end: int, *, whole: bool) -> Claim | None:
    start, end = clean(reading, start, end)
    if meaning == "name" and (surname := _SURNAME.match(reading.text, start, end)):
        start = surname.end()
    text, low = reading.text[start:end], reading.low[start:end]
    if (
        not 1 <= len(text) <= 60
        or "\n" in text
        or is_small_talk(low)
        or is_question(low)
        or not _BARE[meaning](text, low, whole)
    ):
        return None
    reason = whose.doubt(reading, start, end, own=True)
    if reason is None and whose.is_about_other(low):
        reason = whose.OTHER
    return Claim(start, end, reading.raw[start:end], reading.raw[start:end], confidence=0.8, doubt=reason)


_BARE: dict[str, Callable[[str, str, bool], bool]] = {
    "company": companies.is_bare, "name": names.is_bare, "product": products.is_bare, "account": accounts.is_bare,
}  # fmt: skip
