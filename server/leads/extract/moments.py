"""What stands in a message about days and times of day, not yet what it comes to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A day; `fixed` when rolling forward would change what was said, `within` how far it rolls (days or a year)."""

    start: int
    end: int
    day: date
    roll: str = ""  # "", "week", "month", "year"
    part: str = ""


@dataclass(frozen=True, slots=True)
class Hour:
    """A time of day; `part` is am, pm, noon, evening, night, morning … or empty when it was not said."""

    start: int
    end: int
    hour: int
    minute: int
    part: str = ""
    exact: bool = False  # 14:00, 3pm: no guess needed


@dataclass(frozen=True, slots=True)
class Part:
    """Morning, 下午: no hour."""

    start: int
    end: int
    part: str


@dataclass(frozen=True, slots=True)
class Point:
    """A moment counted from now: "in two hours"."""

    start: int
    end: int
    moment: datetime


Hit = Day | Hour | Part | Point

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], datetime, bool], Hit | None]]
Make = Callable[[re.Match[str], datetime, bool], Hit | None]


def rule(make: Make, *pattern: str) -> Rule:
    """A pattern, written in pieces, and what makes a hit of its match, the time now, and "the day comes first"."""
    return re.compile("".join(pattern)), make


def hits(low: str, now: datetime, day_first: bool, *tables: list[Rule]) -> list[Hit]:
    """Days, hours, parts of days and counted moments, in order; where they overlap the first rule wins."""
    found: list[Hit] = []
    for rules in tables:
        for pattern, make in rules:
            for match in pattern.finditer(low):
                clash = next((h for h in found if h.start < match.end() and match.start() < h.end), None)
                again = pattern.search(low, clash.end, match.end()) if clash and clash.end < match.end() else None
                kept = match if clash is None else again
                hit = make(kept, now, day_first) if kept else None
                if hit and hit.end > hit.start and not any(h.start < hit.end and hit.start < h.end for h in found):
                    found.append(hit)
                if len(found) > 60:
                    return sorted(found, key=lambda h: h.start)
    return sorted(found, key=lambda h: h.start)
