"""Runs of digits in a message, however they are spelled: 138-1625, 一三八幺, one three double five."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from server.leads.extract.reading import HIDDEN, Reading

_CHINESE = {
    char: str(value)
    for value, chars in enumerate(
        ["〇零○洞", "一幺妖弌壹", "二两弍贰", "三弎叁", "四肆", "五伍", "六陆", "七拐柒", "八捌", "九勾玖"]
    )
    for char in chars
}
_TO_ASCII = str.maketrans(_CHINESE)
_DIGIT = "0-9" + "".join(_CHINESE)
_GAP = rf"[ \-.()·\t\u00a0{HIDDEN}]"
_RUN = re.compile(
    rf"(?<![A-Za-z0-9_])\(?\+?(?:[{_DIGIT}]{_GAP}{{0,3}}){{2,}}[{_DIGIT}]"
    rf"|1[3-9]\d[,、]\s?\d{{4}}[,、]\s?\d{{4}}(?!\d)"
)
_CHINESE_RUN = re.compile(rf"[{''.join(_CHINESE)}](?:[ ,、\-]{{0,2}}[{_DIGIT}]){{6,}}")
_ENGLISH = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9", "hundred": "00",
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_WORD = "|".join(sorted([*_ENGLISH, *_TIMES, "plus"], key=len, reverse=True))
_SPOKEN = re.compile(rf"\b(?:{_WORD}|\d{{1,11}})(?:[\s,.\-]{{1,3}}(?:{_WORD}|\d{{1,11}})\b)+")
_SPOKEN_HINT = re.compile(rf"\b(?:{_WORD})[\s,.\-]+(?:{_WORD}|\d)")
_SPOKEN_WORDS = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "double",
    "triple",
    "zero",
    "oh",
)
_WORDS = re.compile(r"[a-z]+|\d+")
HAS_DIGITS = re.compile(rf"[{_DIGIT}][^\n]{{0,3}}[{_DIGIT}][^\n]{{0,3}}[{_DIGIT}]")
MOST = 40


@dataclass(frozen=True, slots=True)
class Run:
    """Digits (with a leading + when said) at `start:end` of the message."""

    digits: str
    start: int
    end: int
    spoken: bool = False


def ascii_digits(text: str) -> str:
    """The digits in a folded text, Chinese ones included, as ASCII; a leading + stays."""
    kept = "".join(c for c in text.translate(_TO_ASCII) if c in "+0123456789")
    return kept[:1] + kept[1:].replace("+", "")


def _english(text: str) -> str:
    digits, times = "", 1
    for word in _WORDS.findall(text):
        if word in _TIMES:
            times = _TIMES[word]
        elif word == "plus":
            digits = digits or "+"
        else:
            said = _ENGLISH.get(word, word)
            digits, times = digits + (said * times if len(said) == 1 else said), 1
    return digits


def _written(reading: Reading) -> Iterator[Run]:
    for pattern in (_RUN, _CHINESE_RUN):
        for match in pattern.finditer(reading.text):
            if HAS_DIGITS.search(match[0]) or pattern is _CHINESE_RUN:
                yield Run(ascii_digits(match[0]), match.start(), match.end())


def _said(reading: Reading) -> Iterator[Run]:
    if not _SPOKEN_HINT.search(reading.low):
        return
    for match in _SPOKEN.finditer(reading.low):
        digits = _english(match[0])
        if len(digits) >= 6 and _SPOKEN_HINT.search(match[0]):
            yield Run(digits, match.start(), match.end(), spoken=True)


def runs(reading: Reading) -> list[Run]:
    """Runs of three digits and more, in order, the longest of those that overlap; at most 40 a message."""
    if reading.runs is None:
        reading.runs = _runs(reading)
    return reading.runs


def _runs(reading: Reading) -> list[Run]:
    spoken = reading.has(_SPOKEN_WORDS) and _SPOKEN_HINT.search(reading.low)
    if not spoken and not HAS_DIGITS.search(reading.text):
        return []
    found = sorted([*_written(reading), *_said(reading)], key=lambda run: (run.start, -run.end))
    kept: list[Run] = []
    for run in found:
        if kept and run.start < kept[-1].end:
            if len(run.digits) > len(kept[-1].digits):
                kept[-1] = run
        else:
            kept.append(run)
    return kept if len(kept) <= MOST else kept[: MOST // 2] + kept[-MOST // 2 :]
