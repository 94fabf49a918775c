"""Meeting times of the customer, in their own time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.days import DAY, DAYS, MONTH
from server.leads.extract.hours import PARTS, TIMES
from server.leads.extract.moments import Day, Hit, Hour, Part, Point, hits
from server.leads.extract.numerals import ONE_TO_TWELVE
from server.leads.extract.reading import Reading

_HINT = re.compile(
    rf"tomorrow|\btmrw?\b|\btomm?or+ow|today|tonight|yesterday|\b(?:{DAY}|{MONTH}|noon)\b|midday|midnight|"
    rf"\d\s?[ap]\.?m\b|\d:\d\d|o'?clock|\b(?:{ONE_TO_TWELVE})\s?[ap]\.?m\b|half past|quarter (?:past|to)|"
    rf"from now|\d[/.]\d|\bthe \d|\bin (?:\d+|an?|half|{ONE_TO_TWELVE})\b|\d(?:st|nd|rd|th)\b|20\d\d-|"
    rf"\bat (?:\d|{ONE_TO_TWELVE})|"
    r"around \d|after \d|between|\d\dh|morning|afternoon|evening|night|"
    r"[今明后昨前][天日早晚儿]|翌日|[周期拜][一二三四五六日天末1-7]|[早晚夜]|傍晚|[上下中正]午|午后|凌晨|"
    r"[\d〇零一二两三四五六七八九十]\s?(?:[月日号点时]|个?半?小时|个?钟头|分钟|天|周|个?星期|个?礼拜)|半小时|"
    r"\d{1,2}-\d"
)
_DIGIT = re.compile(r"\d")
_WORDS = (
    "tom", "tmr", "today", "night", "day", "noon", "clock", "half", "quarter", "from now", "morning", "evening",
    "between", "in a", "pm", "p.m", "a.m", " am", "jan", "feb", "mar", "apr", "may", "jun", "jul",
    "aug", "sep", "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "one", "two", "three", "four",
    "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    *"今明后昨翌周期拜早晚午半夜傍凌零〇一二两三四五六七八九十",
)  # fmt: skip
PAST = "The time is in the past."
_FILL = re.compile(
    r"(?>(?:[\s,.的在上@~\-()t]|\bat\b|\bon\b|\bin the\b|\bin\b|\baround\b|\babout\b|\bof\b|\bfor\b|"
    r"\bthe\b|\bfrom\b|\bby\b|\bsay\b|\bmaybe\b|\bafter\b|"
    r"\blike\b|大约|大概|左右|约|那天|就|差不多|吧|可以|是)*)"
)
_OR = re.compile(r"[\s,]*(?:\bor\b|或者?|还是|\band\b|和|、|/)[\s,]*(?:\bon\b|\bat\b|\beven\b|\bmaybe\b)?\s*")
_TO = re.compile(r"\s*(?:-|~|到|至|to|until|till)\s*")
_CUE = re.compile(
    r"\b(?:meet|meeting|call|calls|demo|talk|chat|speak|schedule|book|appointment|available|"
    r"availability|free|slot|works?|suits?|visit|"
    r"catch up|zoom|teams|conference|walk ?through|presentation|sync|discuss|connect|come by|drop by|"
    r"reach me|call me|contact me|see you|let's|how about|what about|could we|can we|shall we|any ?time|"
    r"(?:best|good|ideal|preferred) time|"
    r"reschedule|move it|make it|push it|ring|phone)\b|联系|开会|会议|见面|面谈|约|沟通|聊|通话|电话|"
    r"打给|演示|有空|有时间|方便|拜访|改到|改成|改为|视频|"
    r"时间|可以|会面|碰面|碰头|见个?面|回电|找我|推迟到|提前到|安排|空闲|对接"
)
_OUR_PART = re.compile(
    r"\bwould\b[^?]{0,60}\b(?:ok|okay|work|suit)\b|\b(?:i|i'm|me|we|us|my|our|let's|i'll|i'd|we'd|"
    r"we'll)\b|how about|what about|我|咱|给我|吗$|约|聊|可以"
)
_NOT_A_MEETING = re.compile(
    r"\b(?:launch(?:es|ing)?|deadline|holiday|vacation|deliver(?:y|ed)?|ship(?:s|ped|ping)?|arriv(?:e|"
    r"es|ed)|release[sd]?|expires?|renew(?:s|al)?|"
    r"birthday|order(?:ed)?|bought|signed up|since|until|closed?|born|invoice|payment|go live|due|"
    r"every|daily|weekly|"
    r"out of office|trade fair|exhibition|travel(?:ling)?)\b"
    r"|上线|截止|放假|度假|发货|到货|交货|发布|到期|续费|生日|下单|买的|购买|"
    r"注册的|开业|出差|展会|"
    r"付款|交付|旅游|收到|之前就|已经"
)
_REGULAR = re.compile(r"\b(?:every|daily|weekly|usually)\b|每(?:天|周|个|月|日)|平时|通常")
_UNFIT_BEFORE = re.compile(
    r"(?:\bnot|\bexcept|\b(?:any|every)\w*(?: day| time)? but|can't(?: do| make)?|cannot(?: do| make)?|"
    r"won't(?: do)?|\bbusy|\bunavailable|"
    r"\baway|\boff|不是|不要|除了|别在?|没空|不在)"
    r"(?:\s+(?:on|at|until|from|it|for|the|available|free|in|this|work))*\s*$"
)
_UNFIT_AFTER = re.compile(
    r"^\s*(?:\b(?:doesn't|does not|won't|will not|isn't|is not|is (?:a )?(?:bad|impossible|out|full|"
    r"no good|difficult|too)|i'm busy|i am busy|i can't|i'm (?:not|out|away)|"
    r"we can't|not (?:work|possible|good)|no longer)|不行|不方便|不可以|没空|没时间|我?不在|有事|不太|"
    r"来不及|不合适|我没|我有事|要开会|我要?开会|忙)"
)
_MAKE_IT = re.compile(
    r"\b(?:instead|rather|make it|move|change|reschedule|push|actually|sorry|better|no,)\b|改|换|还是|"
    r"推迟|提前|不对|错"
)
_ZONES = (
    (re.compile(r"\(?\b(?:utc|gmt)\b(?![+-]\d)\)?"), "UTC"),
    (re.compile(r"\(?(?:\b(?:beijing|china|shanghai) time\b|(?:北京|中国)时间)\)?"), "Asia/Shanghai"),
    (re.compile(r"\(?(?:\b(?:london|uk|british) time\b|(?<=[\dm])\s?\bbst\b|(?:伦敦|英国)时间)\)?"), "Europe/London"),
    (
        re.compile(r"\(?(?:\b(?:new york|eastern) time\b|(?<=[\dm])\s?\be[sd]?t\b|(?:纽约|美东)时间)\)?"),
        "America/New_York",
    ),
    (re.compile(r"\(?(?:\bpacific time\b|(?<=[\dm])\s?\bp[sd]?t\b)\)?"), "America/Los_Angeles"),
    (
        re.compile(r"\(?(?:\b(?:berlin|german|paris) time\b|(?<=[\dm])\s?\bces?t\b|(?:德国|柏林)时间)\)?"),
        "Europe/Berlin",
    ),
    (re.compile(r"\(?(?:\bsingapore time\b|(?<=[\dm])\s?\bsgt\b|新加坡时间)\)?"), "Asia/Singapore"),
    (re.compile(r"\(?(?:\b(?:tokyo|japan) time\b|(?<=[\dm])\s?\bjst\b|(?:东京|日本)时间)\)?"), "Asia/Tokyo"),
)


@dataclass(frozen=True, slots=True)
class _Group:
    """Hits that belong together: "Tuesday the 30th at 3"."""

    start: int
    end: int
    day: Day | None = None
    hour: Hour | None = None
    part: str = ""
    point: Point | None = None

    @property
    def empty(self) -> bool:
        return not (self.day or self.hour or self.point)


@lru_cache(maxsize=256)
def zone(name: str | None) -> ZoneInfo:
    """The zone of that name; an unknown one or none is UTC."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def _add(group: _Group, hit: Hit) -> _Group:
    group = replace(group, start=min(group.start, hit.start), end=hit.end)
    match hit:
        case Day():
            better = group.day is None or (group.day.roll == "week" and hit.roll != "week")
            return replace(group, day=hit if better else group.day, part=group.part or hit.part)
        case Hour():
            return replace(group, hour=group.hour or hit)
        case Part():
            return replace(group, part=group.part or hit.part)
        case Point():
            return replace(group, point=group.point or hit)


def _fits(group: _Group, hit: Hit) -> bool:
    if isinstance(hit, Day):
        return group.day is None or group.day.roll == "week" or hit.roll == "week"
    return not (isinstance(hit, Hour) and group.hour)


def _groups(low: str, now: datetime, day_first: bool) -> list[_Group]:
    found: list[_Group] = []
    for hit in hits(low, now, day_first, DAYS, TIMES, PARTS):
        gap = low[found[-1].end : hit.start] if found else None
        if gap is not None and isinstance(hit, Hour) and found[-1].hour and _TO.fullmatch(gap):
            found[-1] = replace(found[-1], end=hit.end)
        elif gap is not None and len(gap) < 24 and _FILL.fullmatch(gap) and _fits(found[-1], hit):
            found[-1] = _add(found[-1], hit)
        else:
            found.append(_add(_Group(hit.start, hit.end), hit))
    return _without_second_choices(low, [group for group in found if not group.empty])


def _without_second_choices(low: str, groups: list[_Group]) -> list[_Group]:
    kept: list[_Group] = []
    for group in groups:
        if kept and _OR.fullmatch(low[kept[-1].end : group.start]):
            kept[-1] = replace(kept[-1], end=group.end, hour=kept[-1].hour or (group.hour if not group.day else None))
        else:
            kept.append(group)
    return kept


def _on_the_clock(hour: Hour, part: str) -> tuple[int, int]:
    """Hour from 0 to 24 and minute. One to six without am or pm is the afternoon: business is done by day."""
    part, h = hour.part or part, hour.hour
    if part == "am" or part == "morning":
        h = 0 if h == 12 and part == "am" else h
    elif part == "dawn":
        h = h % 12 if h == 12 else h
    elif part in ("pm", "afternoon"):
        h = h + 12 if h < 12 else h
    elif part == "noon":
        h = h + 12 if h < 4 else h
    elif part in ("evening", "night"):
        h = h + 12 if (h < 12 and not (part == "night" and h < 5)) else (24 if h == 12 else h)
    elif not hour.exact and 1 <= h <= 6:
        h += 12
    return h, hour.minute


def _moment(day: date, clock: tuple[int, int], tz: ZoneInfo) -> datetime:
    hours, minutes = clock
    extra, hours = divmod(hours, 24)
    return datetime.combine(day + timedelta(days=extra), time(hours, minutes), tz)


def _roll(day: date, how: str) -> date:
    if how == "week":
        return day + timedelta(days=7)
    if how == "month":
        return day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1, day=min(day.day, 28))
    return day.replace(year=day.year + 1, day=min(day.day, 28) if day.month == 2 else day.day)


def _normalise(group: _Group, now: datetime, tz: ZoneInfo, carried: str | None, carry_hour: bool) -> str | None:
    """RFC 3339 or YYYY-MM-DD, None when the time is past and cannot roll forward."""
    if group.point:
        return group.point.moment.isoformat()
    kept = _carried(carried, tz)
    if group.hour is None:
        assert group.day
        day = group.day.day
        if day < now.date():
            if not group.day.roll:
                return None
            day = _roll(day, group.day.roll)
        if carry_hour and not group.part and kept and "T" in (carried or ""):
            return datetime.combine(day, kept.time(), tz).isoformat()
        return day.isoformat()
    clock = _on_the_clock(group.hour, group.part)
    if group.day is None:
        if kept and (moment := _moment(kept.date(), clock, tz)) > now:
            return moment.isoformat()
        moment = _moment(now.date(), clock, tz)
        return (moment if moment > now else _moment(now.date() + timedelta(days=1), clock, tz)).isoformat()
    moment = _moment(group.day.day, clock, tz)
    if moment <= now and group.day.roll:
        moment = _moment(_roll(group.day.day, group.day.roll), clock, tz)
    return moment.isoformat() if moment > now else None


def _carried(value: str | None, tz: ZoneInfo) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=tz)


def _without_zone(low: str) -> tuple[str, str | None]:
    """The text with the words for another zone blanked out, and that zone."""
    for pattern, name in _ZONES:
        if found := pattern.search(low):
            return low[: found.start()] + " " * len(found[0]) + low[found.end() :], name
    return low, None


_IS_ALL = re.compile(
    r"(?:\b(?:ok|okay|yes|yeah|sure|well|so|then|maybe|perhaps|say|is|it|that|would|will|be|could|can"
    r"|do|does|fine|good|"
    r"great|perfect|ideal|best|better|possible|preferred|please|pls|plz|thanks|thank|you|thx|cheers"
    r"|for|me|us|with|the|at|on|"
    r"to|hi|hello|i|we|i'd|prefer|like|think|guess|alright|right|all|confirmed|instead|or|so|let's|go"
    r"|suits?|works?|ok|"
    r"sounds|time|cet|here|my|our|side)\b|"
    r"可以|行|好的?|没问题|方便|都?可|吧|的话|合适|最好|有空|谢谢|就|那|定在?|我们?|这边|不错|也|都"
    r"|嗯|哦|啊|呢|是|在|时间|"
    r"[\s,.!。、~;:()-])*"
)


def _wanted(reading: Reading, group: _Group, low: str, asked: bool) -> bool:
    start, end = reading.bounds(group.start, group.end)
    sentence = reading.low[start:end]
    if _NOT_A_MEETING.search(sentence) and not re.search(r"\bcall me|meet|demo|见面|开会|联系我|约", sentence):
        return False
    if _REGULAR.search(sentence):
        return False
    if asked:
        return True
    if group.day and group.hour and _IS_ALL.fullmatch(low[: group.start][-80:] + " " + low[group.end :][:80]):
        return True
    if not _CUE.search(sentence):
        return False
    if not re.search(r"\?|吗", sentence) or _OUR_PART.search(sentence):
        return True
    return bool(re.search(r"通个?电话|通话|开个?会|见个?面|演示", sentence)) and not re.search(
        "你们|您们|贵司|客服", sentence
    )


def find(
    reading: Reading,
    *,
    asked: bool,
    now: datetime,
    timezone: str | None,
    day_first: bool,
    carried: str | None,
    earlier: str,
) -> list[Claim]:
    """The meeting times of one message, in order; `carried` is the day or moment that was said before."""
    if not (_DIGIT.search(reading.low) or reading.has(_WORDS)) or not _HINT.search(reading.low):
        return []
    tz = zone(timezone)
    low, said = _without_zone(reading.low[:4000])
    local = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(zone(said) if said else tz)
    claims: list[Claim] = []
    for group in _groups(low, local, day_first)[:20]:
        claim = _claim(reading, group, low, local, tz, asked=asked, carried=carried, earlier=earlier)
        if claim:
            claims.append(claim)
            carried = claim.normalised if not claim.doubt else carried
    return claims


def _claim(
    reading: Reading,
    group: _Group,
    low: str,
    now: datetime,
    tz: ZoneInfo,
    *,
    asked: bool,
    carried: str | None,
    earlier: str,
) -> Claim | None:
    before, after = reading.before(group.start), reading.after(group.end)
    if not _wanted(reading, group, low, asked) or _UNFIT_BEFORE.search(before[-40:]) or _UNFIT_AFTER.search(after[:40]):
        return None
    if (
        not asked
        and not group.day
        and not group.point
        and not (
            group.hour
            and (
                group.hour.exact
                or group.hour.part
                or re.search(r"\bat\b|点|o'clock", reading.low[group.start : group.end])
            )
        )
    ):
        return None
    spoken = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else tz
    try:
        normal = _normalise(group, now, spoken, carried, _MAKE_IT.search(reading.low[:300]) is not None)
        if normal and "T" in normal:
            normal = datetime.fromisoformat(normal).astimezone(tz).isoformat()
    except (OverflowError, ValueError):
        return None
    value = reading.raw[group.start : group.end].strip(" \t\n,.，。@在的")
    reason = whose.doubt(reading, group.start, group.end, own=True)
    if (
        reason is None
        and whose.is_about_other(before)
        and re.search(r"\bhas\b|\bhave\b|\bmeeting with\b|他们?|她们?", before)
    ):
        reason = whose.OTHER
    if normal is None and not asked and not (group.day and group.hour):
        return None
    if normal is None:
        return Claim(group.start, group.end, value, value, doubt=reason or PAST)
    return Claim(group.start, group.end, value, normal, doubt=reason)
