"""Words for times of day, English and Chinese: at 3, half past two, 下午三点半, noon."""

from __future__ import annotations

import re
from datetime import datetime

from server.leads.extract.moments import Hit, Hour, Part, Rule, rule
from server.leads.extract.numerals import CHINESE, ONE_TO_TWELVE, small_number

_ZH_PART = "凌晨|清晨|早晨|早上|一早|上午|中午|正午|下午|午后|傍晚|晚上|夜里|夜晚|半夜|晚间|早|晚"
_PART_WORDS = {
    "dawn": "凌晨",
    "morning": "morning am 清晨 早晨 早上 一早 早 上午",
    "noon": "lunchtime noon 中午 正午",
    "afternoon": "afternoon pm 下午 午后",
    "evening": "evening tonight 傍晚 晚上 晚 晚间 夜晚",
    "night": "night 夜里 半夜",
}
_PARTS = {word: part for part, words in _PART_WORDS.items() for word in words.split()}
_H12 = rf"(?P<h>1[0-2]|0?[1-9]|{ONE_TO_TWELVE})"
_ANY = rf"\d{{1,2}}|{ONE_TO_TWELVE}"
_AP = r"(?:\s?(?P<ap>[ap]\.?m\b\.?))"


def _clock(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    said = m.groupdict()
    hour, minute = small_number(said["h"]), int(said.get("m") or 0)
    half = (said.get("ap") or "").replace(".", "").strip()
    if hour > 24 or minute > 59 or (half and hour > 12 and half[0] == "a"):
        return None
    part = {"a": "am", "p": "pm"}.get(half[:1], "")
    exact = bool(part) or hour > 12 or (said["h"].startswith("0") and said.get("m") is not None)
    return Hour(m.start(), m.end(), hour, minute, part, exact)


def _range(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    hour, other = small_number(m["h"]), small_number(m["o"])
    half = (m["ap"] or m["ap2"] or "").replace(".", "").strip()[:1]
    if hour > 24 or other > 24:
        return None
    if not m["ap"] and half == "p" and hour > other and other != 12:
        half = "a"  # 11-1pm starts in the morning
    if not m["ap"] and half == "p" and hour < 12 and other == 12:
        half = "a"
    return Hour(
        m.start(),
        m.end(),
        hour,
        int(m["m"] or 0),
        {"a": "am", "p": "pm"}.get(half, ""),
        bool(half) or hour > 12,
    )


def _past(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    hour = small_number(m["h"])
    if m["how"].startswith("half"):
        return Hour(m.start(), m.end(), hour, 30, (m["ap"] or "").strip())
    if m["to"] == "to":
        return Hour(m.start(), m.end(), (hour - 1) or 12, 45, (m["ap"] or "").strip())
    return Hour(m.start(), m.end(), hour, 15, (m["ap"] or "").strip())


def _chinese_hour(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    hour = small_number(m["h"])
    tail = m["m"] or ""
    minute = {"半": 30, "一刻": 15, "三刻": 45}.get(tail.rstrip("钟分"), -1)
    if minute < 0:
        digits = tail.rstrip("分")
        minute = small_number(digits) if digits and (digits.isdigit() or all(c in CHINESE for c in digits)) else 0
    part = _PARTS.get(m["p"] or "", "")
    if hour > 24 or minute > 59 or (not part and not m["day"] and m[0] in ("一点", "两点", "几点")):
        return None
    return Hour(m.start(), m.end(), hour, minute, part, hour > 12 or bool(part))


def _twenty_four(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    hour, part = int(m["h"]), _PARTS.get((m["p"] or "").rstrip("的"), "")
    return Hour(m.start(), m.end(), hour, int(m["m"]), part, bool(part) or hour > 12 or m["h"].startswith("0"))


def _noon(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    return Hour(m.start(), m.end(), 12, 0, "noon", True)


def _midnight(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    return Hour(m.start(), m.end(), 24, 0, "", True)


def _part(m: re.Match[str], _now: datetime, _first: bool) -> Hit | None:
    return Part(m.start(), m.end(), _PARTS[m["p"] or m["z"]])


TIMES: list[Rule] = [
    rule(
        _range,
        rf"\b(?:between |from )?(?P<h>{_ANY})(?::(?P<m>[0-5]\d))?{_AP}?\s?(?:-|~|to|and|till|until)\s?",
        rf"(?P<o>{_ANY})(?::[0-5]\d)?\s?(?P<ap2>[ap]\.?m\b\.?)",
    ),
    rule(
        _range,
        rf"\bbetween (?P<h>{_ANY})(?::(?P<m>[0-5]\d))?(?P<ap>x^)? and (?P<o>{_ANY})(?::[0-5]\d)?(?P<ap2>x^)?\b",
    ),
    rule(_clock, rf"(?<![\d:.])(?P<h>[01]?\d|2[0-4])[:.](?P<m>[0-5]\d){_AP}"),
    rule(
        _twenty_four,
        rf"(?P<p>(?:{_ZH_PART})的?)?\s?(?<![\d:.])(?P<h>[01]?\d|"
        rf"2[0-4]):(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?:\s?h\b)?",
    ),
    rule(_clock, rf"(?<![\d:.$€£-])\b{_H12}{_AP}"),
    rule(_clock, rf"\b{_H12}\s?o'?\s?clock\b{_AP}?"),
    rule(_past, rf"\b(?P<how>half|quarter|a quarter) (?P<to>past|to) (?P<h>{_ANY})\b(?:\s?(?P<ap>[ap]m)\b)?"),
    rule(
        _clock,
        rf"\b(?:at|around|about|by|after|@)\s?(?P<h>2[0-3]|1\d|0?[1-9]|{ONE_TO_TWELVE})(?::(?P<m>[0-5]\d))?",
        r"(?![\w:%.-](?<!\.)|\.\d|\s?(?:%|people|users?|units?|robots?|dollars|euros|usd|per|hours?|"
        r"days?|min|months?|weeks?|",
        r"years?|times?|seats?|licen[cs]es|of\b|percent))",
        r"(?!\s(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)\b)",
    ),
    rule(_noon, r"\b(?:noon|midday)\b"),
    rule(_midnight, r"\bmidnight\b|零点"),
    rule(_clock, r"(?<![\d:])(?P<h>1[3-9]|2[0-3])h(?P<m>[0-5]\d)?\b"),
    rule(
        _chinese_hour,
        rf"(?P<day>(?<=[天日号晚早周一二三四五六]))?(?P<p>{_ZH_PART})?的?\s?(?<![\d:.第有差])",
        rf"(?:(?<![{CHINESE}])|(?<=[周期拜][一二三四五六日]))(?P<h>\d{{1,2}}|[{CHINESE}]{{1,3}})\s?",
        rf"(?:点钟?|时(?![间候代长尚常]))(?P<m>半|一刻|三刻|整|(?:[0-5]?\d|"
        rf"[{CHINESE}]{{1,3}})分?(?![\d个天]))?",
        r"(?!建议|要求|问题|原因|意见|想法|需求|疑问|[儿些]|[零一二三四五六七八九]{2})",
    ),
]
PARTS: list[Rule] = [
    rule(
        _part,
        r"(?:\bin the |\bat )?\b(?:early |late )?(?P<p>morning|afternoon|evening|night|lunchtime)\b",
        rf"|(?P<z>{_ZH_PART.removesuffix('|半夜|晚间|早|晚')})",
    ),
]
