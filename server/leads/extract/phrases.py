"""Pieces of text as people tell them: what a name looks like, where it ends, and the claim made of it."""

from __future__ import annotations

import re
from itertools import islice

from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.reading import Reading

UP = r"[A-ZÀ-ÖØ-Þ][\w&'.+-]*"
_PROPER = rf"(?:{UP}|\d\w*)(?:\s+(?:&|and|of|for|the|de|van|von|der|{UP}|\d\w*)){{0,6}}"
_LOOSE = r"[\w&'.+\-À-ɏ]+(?:\s[\w&'.+\-À-ɏ]+){0,5}"
PROPER, LOOSE = re.compile(_PROPER), re.compile(_LOOSE)
HAN = r"\u4e00-\u9fff"
_STOP_TAIL = re.compile(
    r"\s+(?:and|of|for|the|based|located|from|in|at|we|i|is|are|but|so|which|who|with|my|our|a|an|here|"
    r"looking|trying|to|need|needs|want|by|or|on|because|as|since|"
    r"if|can|could|please|thanks|thank|you|your|it|that|this|now|who's|interested|calling|speaking|"
    r"writing|de|van|von|der|&)$",
    re.I,
)
_CUT = re.compile(
    r"\s+(?:and (?:i|we|my|our|need|want|would|am|are|have|the|you|it|looking|also|currently)|based in|"
    r"located in|looking (?:for|to|at)|who|which|but|so|because|"
    r"my (?:name|number|phone|email|e-mail)|we\b|i\b|i'm|we're|here\b|you can|please|in (?:[A-Z]|the )|"
    r"as (?:a|an|the)\b|where|since|thanks|thank you|from\b|at\b|with\b|for\b|to\b|"
    r"would|wants?|needs?|is|are|has|have|speaking|calling|writing|interested)\b.*$",
    re.I | re.S,
)


def matches(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """At most 24, so that a message of nothing but lead-ins stays cheap."""
    return list(islice(pattern.finditer(text), 24))


def claim_of(reading: Reading, start: int, end: int, earlier: str, *, weak: bool = False) -> Claim | None:
    while start < end and reading.text[start] in " \t\"'<(:=《[":
        start += 1
    while end > start and reading.text[end - 1] in " \t\"'.,:>)》]!-。":
        end -= 1
    if start >= end:
        return None
    value = reading.raw[start:end]
    before = reading.before(start)
    reason = whose.doubt(reading, start, end, own=True, earlier=earlier)
    if reason is None and re.search(
        r"(?:他|她|对方|别人|朋友|同事|老板|\bhis|\bher|\btheir|colleague'?s?|boss'?s?|friend'?s?|"
        r"\byour)\W{0,2}(?:公司|名字|账号|company|name|account|firm)?\W*(?:是|叫|is|:)?\W*$",
        before[-40:],
    ):
        reason = whose.OTHER
    return Claim(start, end, value, value, confidence=0.8 if weak else 1.0, doubt=reason)


_SENTENCE_END = re.compile(r"(?:^|[\s.])(\S*?)[.!?]+\s+")
_SHORTENED = frozenset(
    ["co", "inc", "ltd", "llc", "corp", "bros", "st", "dr", "mr", "mrs", "ms", "jr", "sr", "no", "dept", "ing", "prof"]
)


_BEGINS = re.compile(
    r"(?:what|how|do|does|did|can|could|which|when|where|who|why|is|are|will|would|should|have|has|we|my|our|"
    r"please|thanks|hello|hi|tell|and)\b",
    re.I,
)


def _one_sentence(text: str) -> str:
    """The text up to its first sentence end; a point after a letter or an abbreviation is none."""
    for found in _SENTENCE_END.finditer(text):
        word = found[1].lower()
        begins = _BEGINS.match(text, found.end())
        if begins or (len(word) > 1 and word not in _SHORTENED):
            return text[: found.end(1)]
    return text


def tidy(text: str) -> str:
    text = _CUT.sub("", _one_sentence(text))
    while (cut := _STOP_TAIL.sub("", text)) != text:
        text = cut
    return text.rstrip(" .,-&'")


def outermost(claims: list[Claim]) -> list[Claim]:
    """Without those that lie inside another."""
    return [
        c
        for c in claims
        if not any(
            o is not c and o.start <= c.start and c.end <= o.end and (o.start, o.end) != (c.start, c.end)
            for o in claims
        )
    ]


FUNCTION_ZH = re.compile(r"[了太很还也都是吧啊呢嘛哪谁么让被把给过着得呀哦嗯你您我他她这那个]|有(?!限)|在|就")
SENTENCE = re.compile(
    r"\b(?:i|i'm|we|we're|we've|i've|you|your|build|builds|make|makes|need|want|is|are|was|how|what|"
    r"why|can|could|would|looking|please|just|have|has|do|don't|it|them|because|should|my|our|not|yet|"
    r"send|show|tell|want|give|then|first)\b"
)
ZH_SENTENCE = re.compile(
    r"我|你|您|想|要|需要|个人|自由职业|学生|什么|怎么|多少|价格|可以|能|吗|呢|请|谢|先|再|有没有|不|"
    r"没|做|的时候|告诉|"
    r"发给|看看|了解|问"
)
