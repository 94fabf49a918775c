"""Words for days, English and Chinese: tomorrow, 下周二, 30 November, in two hours."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from server.leads.extract.moments import Day, Hit, Make, Point, Rule, rule
from server.leads.extract.numerals import CHINESE, ONE_TO_TWELVE, small_number

_MONTH_NAMES = (
    "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
    "september sept sep", "october oct", "november nov", "december dec",
)  # fmt: skip
_DAY_NAMES = (
    "monday mon", "tuesday tues tue", "wednesday weds wed", "thursday thurs thur thu", "friday fri",
    "saturday sat", "sunday sun",
)  # fmt: skip
_MONTHS = {name: n for n, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_DAYS = {name: n for n, names in enumerate(_DAY_NAMES) for name in names.split()}
MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
DAY = "|".join(sorted(_DAYS, key=len, reverse=True))
_NUM = rf"(?:\d{{1,2}}|[{CHINESE}]{{1,3}})"
_DATE = r"(?P<d>3[01]|[12]\d|0?[1-9])"


_NEXT_WEEK = re.compile(
    r"\bnext week\W+(?:(?:say|on|maybe|perhaps|like|either)\W+){0,2}$|下个?(?:周|星期|礼拜)[吧,、 的]{0,3}$"
)


def _shift(days: int, part: str = "") -> Make:
    return lambda m, now, _: Day(m.start(), m.end(), now.date() + timedelta(days=days), part=part)


def _date(m: re.Match[str], year: int | None, month: int, day: int, now: datetime) -> Day | None:
    if year is not None and year < 100:
        year += 2000
    try:
        return Day(m.start(), m.end(), date(year or now.year, month, day), "" if year else "year")
    except ValueError:
        if year is None and (month, day) == (2, 29):
            return _leap(m, now)
        return None


def _leap(m: re.Match[str], now: datetime) -> Day:
    year = next(y for y in range(now.year, now.year + 9) if y % 4 == 0 and (y % 100 or y % 400 == 0))
    return Day(m.start(), m.end(), date(year, 2, 29))


def _weekday(m: re.Match[str], now: datetime, weeks: int | None, weekday: int) -> Day:
    today = now.date()
    if weeks is None:
        return Day(m.start(), m.end(), today + timedelta(days=(weekday - today.weekday()) % 7), "week")
    monday = today - timedelta(days=today.weekday())
    day = monday + timedelta(days=weekday, weeks=weeks)
    return Day(m.start(), m.end(), day, "week" if weeks == 0 else "")


def _english_weekday(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    which, after = (m["which"] or "").strip(), (m["after"] or "").strip()
    weekday = _DAYS[m["day"]]
    if not which and _NEXT_WEEK.search(m.string, max(0, m.start() - 30), m.start()):
        return _weekday(m, now, 1, weekday)
    if which.startswith("last"):
        return _weekday(m, now, -1, weekday)
    if which.startswith(("next", "the following", "following")) or after == "next week" or "next week" in which:
        return _weekday(m, now, 1, weekday)
    if after == "week" or which == "a week on" or after == "after next":
        found = _weekday(m, now, None, weekday)
        return Day(found.start, found.end, found.day + timedelta(days=7))
    return _weekday(m, now, 0 if which.startswith("this") and "coming" not in which else None, weekday)


def _chinese_weekday(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    which = (m["which"] or "").replace("个", "")
    weekday = (
        "一二三四五六日".index({"天": "日", "末": "六"}.get(m["day"], m["day"]))
        if not m["day"].isdigit()
        else int(m["day"]) - 1
    )
    if not which and _NEXT_WEEK.search(m.string, max(0, m.start() - 8), m.start()):
        which = "下"
    weeks = {"": None, "这": 0, "本": 0, "下": 1, "下下": 2, "上": -1, "上上": -2}.get(which)
    return _weekday(m, now, weeks, weekday)


def _is_count(said: str) -> bool:
    return (
        said in ("a", "an")
        or said.endswith("couple of")
        or said in ONE_TO_TWELVE.split("|")
        or all(c in CHINESE for c in said)
    )


def _counted(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    unit, said = m["unit"], (m["n"] or "1").strip()
    half = "half" in said or said == "半"
    count = 0 if half else (small_number(said) if said.isdigit() or _is_count(said) else 1)
    if m.groupdict().get("half"):
        half = True
    if unit.startswith(("day", "天", "日")):
        return Day(m.start(), m.end(), now.date() + timedelta(days=count))
    if unit.startswith(("week", "周", "星期", "礼拜", "个星期", "个礼拜")):
        return Day(m.start(), m.end(), now.date() + timedelta(weeks=count))
    minutes = count if unit.startswith(("min", "分")) else 60 * count + (30 if half else 0)
    moment = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    return Point(m.start(), m.end(), moment)


def _slashed(m: re.Match[str], now: datetime, day_first: bool) -> Hit | None:
    first, second = int(m[1]), int(m[2])
    year = int(m[3]) if m[3] else None
    if (day_first or first > 12) and second <= 12:
        return _date(m, year, second, first, now)
    return _date(m, year, first, second, now)


def _day_of_month(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    day = small_number(m[1])
    for months in range(3):
        month = now.month + months
        try:
            found = date(now.year + (month - 1) // 12, (month - 1) % 12 + 1, day)
        except ValueError:
            continue
        if found >= now.date():
            return Day(m.start(), m.end(), found, "month")
    return None


def _month_first(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    return _date(m, int(m["y"]) if m["y"] else None, _MONTHS[m["m"]], int(m["d"]), now)


def _numbered(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    year = m["y"]
    return _date(m, int(year) if year else None, small_number(m["m"]), small_number(m["d"]), now)


def _last_year(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    return _date(m, now.year + (1 if m["which"] == "明" else 0), small_number(m["m"]), small_number(m["d"]), now)


def _days_from_now(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    return Day(m.start(), m.end(), now.date() + timedelta(days=3 if m[0].startswith("大") else 2))


def _this_part(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    return Day(m.start(), m.end(), now.date(), part=m["p"])


def _dotted(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    return _date(m, int(m[3]) if m[3] else None, int(m[2]), int(m[1]), now)


def _next_month(m: re.Match[str], now: datetime, _: bool) -> Hit | None:
    try:
        return Day(m.start(), m.end(), date(now.year + now.month // 12, now.month % 12 + 1, small_number(m["d"])))
    except ValueError:
        return None


DAYS: list[Rule] = [
    rule(_next_month, rf"下个?月(?P<d>\d{{1,2}}|[{CHINESE}]{{1,3}})[号日]"),
    rule(_next_month, rf"\b(?:on )?(?:the )?{_DATE}(?:st|nd|rd|th) of next month\b"),
    rule(_days_from_now, r"\b(?:the )?day after (?:tomorrow|tmrw|tmr|tomorow)\b|大?后天|后日"),
    rule(_shift(-2), r"\b(?:the )?day before yesterday\b|前天"),
    rule(_shift(1), r"\b(?:tomorrow|tmrw|tmr|tomorow|tommorow|tommorrow)\b|明天|明日|明儿个?|翌日"),
    rule(_shift(1, "morning"), r"明早"),
    rule(_shift(1, "evening"), r"明晚"),
    rule(_shift(2, "evening"), r"后晚"),
    rule(_shift(0, "evening"), r"\btonight\b|今晚"),
    rule(_shift(0, "morning"), r"今早"),
    rule(_this_part, r"\bthis (?P<p>morning|afternoon|evening)\b"),
    rule(_shift(0), r"\b(?:today|later today)\b|今天|今日|今儿"),
    rule(_shift(-1), r"\byesterday\b|昨天|昨日|昨晚|\blast night\b"),
    rule(
        _english_weekday,
        r"\b(?P<which>(?:this coming|coming|next week(?: on)?|the following|following|next|this|last|"
        r"a week on)\s+)?",
        rf"(?P<day>{DAY})\b\.?(?P<after>\s+(?:next week|after next|week)\b)?(?!'s|\s*(?:,\s*)?(?:ltd|inc)\b)",
    ),
    rule(
        _chinese_weekday,
        r"(?P<which>下下个?|上上个?|这个?|本|下个?|上个?)?(?:周|星期|"
        r"礼拜)(?P<day>[一二三四五六日天末1-7])(?![\d年个])",
    ),
    rule(
        _counted,
        rf"\bin\s+(?:about |around |like )?(?P<n>\d{{1,3}}|a couple of|an?|half an|{ONE_TO_TWELVE})\s+",
        r"(?P<half>and a half )?(?P<unit>minutes?|mins?|hours?|hrs?|days?|weeks?)\b(?:'s)?(?: time)?",
    ),
    rule(
        _counted,
        rf"\b(?P<n>\d{{1,3}}|an?|half an|{ONE_TO_TWELVE})\s+(?P<unit>minutes?|hours?|days?|"
        rf"weeks?)\s+from\s+now\b",
    ),
    rule(
        _counted,
        rf"(?P<n>\d{{1,3}}|[{CHINESE}]{{1,3}}|半)\s?(?P<half>个半)?个?(?P<unit>小时|钟头|分钟|天|星期|"
        rf"礼拜|周)",
        r"(?:之后|以后|后|过后)",
    ),
    rule(
        _numbered,
        r"(?<!\d)(?P<y>20\d\d)\s?[-/.年]\s?(?P<m>1[0-2]|0?[1-9])\s?[-/.月]\s?",
        rf"{_DATE}(?!\d)(?:\s?[日号])?t?",
    ),
    rule(_last_year, rf"(?P<which>明|今)年(?P<m>{_NUM})月(?P<d>{_NUM})[日号]?"),
    rule(
        _numbered,
        rf"(?:(?<!\d)(?P<y>20\d\d)年)?(?<![\d{CHINESE}])(?P<m>{_NUM})\s?月\s?(?P<d>\d{{1,2}}|"
        rf"[{CHINESE}]{{1,3}})",
        r"(?:\s?[日号])?(?![\d个])",
    ),
    rule(
        _month_first,
        rf"\b(?P<m>{MONTH})\.?\s+(?:the\s+)?{_DATE}(?:st|nd|rd|th)?(?![\d:])(?!\s?(?:am|pm)\b)",
        r"(?:,?\s+(?P<y>20\d\d))?\b",
    ),
    rule(
        _month_first,
        rf"(?<![\d:]){_DATE}(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m>{MONTH})\b\.?(?:,?\s+(?P<y>20\d\d))?",
    ),
    rule(_dotted, r"(?<![\d./-])(3[01]|[12]\d|0?[1-9])\.(1[0-2]|0?[1-9])\.(20\d\d)?(?![\d])"),
    rule(_slashed, r"(?<![\d./-])(3[01]|[12]\d|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?:/(20\d\d|\d\d))?(?![\d/])"),
    rule(
        _numbered,
        rf"(?<![\d.])(?P<y>x^)?(?P<m>1[0-2]|[1-9])\.{_DATE}(?=\s?(?:上午|下午|早上|晚上|中午|[日号]))",
    ),
    rule(_day_of_month, rf"(?:本月|这个?月)(\d{{1,2}}|[{CHINESE}]{{1,3}})[号日]"),
    rule(_day_of_month, rf"(?<![\d月{CHINESE}.-])(\d{{1,2}}|[{CHINESE}]{{1,3}})[号日](?![线楼店馆码院机])"),
    rule(
        _day_of_month,
        r"\b(?:on\s+)?the\s+(3[01]|[12]\d|[1-9])(?:st|nd|rd|th)\b",
        r"(?!\s+(?:floor|time|one|option|quarter|of (?!this|the)))",
    ),
]
