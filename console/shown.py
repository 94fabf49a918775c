"""Numbers, money, durations and times as people of a language write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

from console.visit import current, language

_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


def _locale() -> str:
    return _LOCALES[language()]


def number(value: float) -> str:
    """1,234 in English and in Chinese."""
    return format_decimal(value, locale=_locale())


def percent(part: int, whole: int) -> str:
    """`12.4 % (61 of 492)`; a dash when there is nothing to divide by."""
    if not whole:
        return "–"
    share = format_percent(part / whole, format="0.0 %" if language() == "en" else "0.0%", locale=_locale())
    return f"{share} ({number(part)} / {number(whole)})"


def money(us_dollars: float | None) -> str:
    """US dollars with the digits that small sums need: `$0.0031`; a dash for None."""
    if us_dollars is None:
        return "–"
    digits = "0.00" if us_dollars >= 1 or us_dollars == 0 else "0.0000"
    return "$" + format_decimal(us_dollars, format=digits, locale=_locale())


def duration(milliseconds: float) -> str:
    """`85 ms`, `1.2 s`."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{format_decimal(milliseconds / 1000, format='0.0', locale=_locale())} s"


def moment(rfc3339: str) -> datetime:
    """A time of the server in the visitor's time zone."""
    parsed = datetime.fromisoformat(rfc3339)
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(current().timezone))


def date_and_time(rfc3339: str | None) -> str:
    """`23 Nov 2026, 14:02`, `2026年11月23日 14:02`; a dash for None."""
    if not rfc3339:
        return "–"
    pattern = "d MMM y, HH:mm" if language() == "en" else "y年M月d日 HH:mm"
    return format_datetime(moment(rfc3339), pattern, locale=_locale())


def short_time(rfc3339: str | None) -> str:
    """Today's as `14:02`, this year's as `23 Nov`, others with the year; a dash for None."""
    if not rfc3339:
        return "–"
    at, now = moment(rfc3339), datetime.now(ZoneInfo(current().timezone))
    if at.date() == now.date():
        return format_time(at, "HH:mm", locale=_locale())
    pattern = {"en": "d MMM", "zh": "M月d日"} if at.year == now.year else {"en": "d MMM y", "zh": "y年M月d日"}
    return format_date(at, pattern[language()], locale=_locale())


def day(on: date) -> str:
    """`23 Nov 2026`, `2026年11月23日`."""
    return format_date(on, {"en": "d MMM y", "zh": "y年M月d日"}[language()], locale=_locale())


def ago(rfc3339: str) -> str:
    """`3 minutes ago`, `3分钟前`."""
    return format_timedelta(moment(rfc3339) - datetime.now(UTC), add_direction=True, locale=_locale())
