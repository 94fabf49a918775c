"""What people tell in free text, and what the bare answer to a question is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from server.leads.extract import accounts, companies, names, products, whose
from server.leads.extract.answers import clauses, clean, is_question, is_small_talk, refuses
from server.leads.extract.claim import Claim
from server.leads.extract.phrases import FUNCTION_ZH
from server.leads.extract.reading import Reading


def find(meaning: str, reading: Reading, catalogue: Sequence[str], *, earlier: str, asked: bool = False) -> list[Claim]:
    """What the message tells of that meaning (company, name, product, account), in order."""
    if len(reading.low) > 6000:
        reading = Reading(reading.raw[:6000], reading.id)
    if meaning == "product":
        found = products.find(reading, catalogue, earlier, asked=asked and bare(meaning, reading) is None)
    else:
        found = _FINDERS[meaning](reading, earlier)
    return sorted(found, key=lambda claim: claim.start)[:20]


_FINDERS: dict[str, Callable[[Reading, str], list[Claim]]] = {
    "company": companies.find, "name": names.find, "account": accounts.find,
}  # fmt: skip

_OTHER_CONTACT = re.compile(
    r"\b(?:phone|mobile|cell|telephone|number|whatsapp|we-?chat|weixin|e-?mail)\b|电话|手机|微信|邮箱"
    r"|座机|号码"
)
_ACCOUNT_WORD = re.compile(
    r"\b(?:account|user ?name|login|log in|sign(?:ed)? (?:up|in)|registered|same)\b|账号|帐号|账户"
    r"|帐户|用户名|注册|登录|登陆"
)
_SURNAME = re.compile(r"(?:免贵)?姓(?=[\u4e00-\u9fff]{1,2}$)")


def bare(meaning: str | None, reading: Reading) -> Claim | None:
    """The answer to the question just asked, when the message is nothing but that."""
    if len(reading.low) > 400 or refuses(reading) or whose.commands(reading):
        return None
    if meaning is None:
        return _whole_answer(reading)
    if meaning == "account" and _OTHER_CONTACT.search(reading.low) and not _ACCOUNT_WORD.search(reading.low):
        return None  # a correction or a way to be reached, told instead
    if (claim := _bare_piece(meaning, reading, 0, len(reading.low), whole=True)) is not None:
        return claim
    if is_question(reading.low):
        return None
    first = True
    for start, end in clauses(reading):
        lone = first and meaning in ("company", "name") and _stands_alone(reading, meaning, start, end)
        if claim := _bare_piece(meaning, reading, start, end, whole=lone):
            return (_full_name(reading, claim) if meaning == "name" else None) or claim
        first = first and is_small_talk(reading.low[start:end])
    return None


def _full_name(reading: Reading, claim: Claim) -> Claim | None:
    """The name after its surname: 姓陈，陈晓明."""
    if len(claim.value) > 2:
        return None
    found = re.match(
        rf"[,、\s]+(?:叫|名叫|全名)?({re.escape(claim.value)}[\u4e00-\u9fff]{{1,2}})(?![\u4e00-\u9fff])",
        reading.text[claim.end :],
    )
    if not found:
        return None
    start, end = claim.end + found.start(1), claim.end + found.end(1)
    return replace(claim, start=start, end=end, value=reading.raw[start:end], normalised=reading.raw[start:end])


def _stands_alone(reading: Reading, meaning: str, start: int, end: int) -> bool:
    """Whether the first piece of an answer is the value: a few words that make no sentence."""
    piece = reading.low[slice(*clean(reading, start, end))]
    if re.fullmatch(r"[\u4e00-\u9fff]+", piece):
        return 2 <= len(piece) <= 12 and not FUNCTION_ZH.search(piece)
    return len(piece.split()) <= 4 and (meaning == "company" or whose.is_neutral(reading.low[end:]))


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
