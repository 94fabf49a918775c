"""Where a phone number without a country code belongs: the locale's region, else the time zone's, else by language."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import phonenumbers

_BY_LANGUAGE = {"zh": "CN", "ja": "JP", "ko": "KR", "de": "DE", "fr": "FR", "it": "IT", "es": "ES"}


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """IANA zone to ISO 3166 country, from `zone.tab`; old names follow the links of `tzdata.zi`."""
    folder = files("tzdata.zoneinfo")
    rows = (line.split("\t") for line in (folder / "zone.tab").read_text().splitlines() if line[:1] != "#")
    zones = {row[2]: row[0] for row in rows if len(row) > 2}
    links = (line.split() for line in (folder / "tzdata.zi").read_text().splitlines() if line.startswith("L "))
    for _, target, name in links:
        if target in zones:
            zones.setdefault(name, zones[target])
    return zones


@lru_cache(maxsize=1024)
def locale_region(locale: str | None) -> str | None:
    """The region in a locale such as en-GB or zh_Hans_CN, else None."""
    for part in (locale or "").split(".")[0].replace("_", "-").split("-")[1:]:
        if len(part) == 2 and part.upper() in phonenumbers.SUPPORTED_REGIONS:
            return part.upper()
    return None


@lru_cache(maxsize=1024)
def zone_region(timezone: str | None) -> str | None:
    """The country of an IANA zone, else None."""
    return _zones().get(timezone or "")


@lru_cache(maxsize=1024)
def regions(locale: str | None, timezone: str | None) -> tuple[str, ...]:
    """Regions to try for a number without a country code, the likeliest first."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    found = [locale_region(locale), zone_region(timezone), _BY_LANGUAGE.get(language)]
    return tuple(dict.fromkeys(region for region in found if region))


def day_first(locale: str | None, timezone: str | None) -> bool:
    """Whether 3/12 is the third of December there."""
    region = locale_region(locale) or zone_region(timezone)
    if region is None or region in {"US", "PH", "CN", "JP", "KR", "TW", "HU", "LT", "MN", "CA"}:
        return False
    return not (locale or "").lower().startswith("zh")
