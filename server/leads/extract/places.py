"""Places, so that "I'm from Berlin" is no company; surnames, so that 我是王芳 is a name."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from server.leads.extract.words import words

SURNAMES = words("surname")
COMPOUND = words("double surname")


@lru_cache(maxsize=1)
def places() -> frozenset[str]:
    """Countries, the cities of the time zones, Chinese provinces and more, in lower case."""
    folder = files("tzdata.zoneinfo")
    lines = (folder / "zone.tab").read_text().splitlines() + (folder / "iso3166.tab").read_text().splitlines()
    rows = [line.split("\t") for line in lines if line[:1] != "#"]
    cities = {row[2].rsplit("/", 1)[-1].replace("_", " ").lower() for row in rows if len(row) > 2}
    countries = {row[1].lower() for row in rows if len(row) == 2}
    return frozenset(cities | countries) | words("place") | words("place in chinese")


def is_place(text: str) -> bool:
    """Whether it names a place or a department rather than a company."""
    low = text.lower().strip(" .")
    return low in places() or (low[-1:] in "市省县区" and low[:-1] in places())


def is_chinese_name(text: str) -> bool:
    """A surname with one or two more characters (or three after a double surname)."""
    if text[:2] in COMPOUND:
        return 3 <= len(text) <= 4
    return text[:1] in SURNAMES and 2 <= len(text) <= 3
