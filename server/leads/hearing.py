"""What messages tell for a persona: its own fields, and contact data that it has no field for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from server.catalog.spec import CONTACT_TYPES, CollectField
from server.leads.extract import extract
from server.leads.types import Extraction, Missed, Said

_STRAY = "stray_"
_WORDS = {"email": "an e-mail address", "phone": "a phone number", "wechat": "a WeChat ID"}


@lru_cache(maxsize=16)
def _strays(kinds: frozenset[str]) -> tuple[CollectField, ...]:
    return tuple(CollectField(name=_STRAY + kind, type=kind) for kind in sorted(CONTACT_TYPES - kinds))


def hear(
    messages: Sequence[Said],
    fields: Sequence[CollectField],
    *,
    asked: str | None,
    now: datetime,
    timezone: str | None,
    locale: str | None,
    known: Mapping[str, str] | None = None,
    catalogue: Sequence[str] = (),
) -> Extraction:
    """`extract` for these fields; contact data of a kind that none of them takes is among the missed."""
    strays = _strays(frozenset(field.type for field in fields))
    found = extract(
        messages,
        [*fields, *strays],
        asked=asked,
        now=now,
        timezone=timezone,
        locale=locale,
        known=known or {},
        catalogue=catalogue,
    )
    kept = {name: value for name, value in found.fields.items() if not name.startswith(_STRAY)}
    lost = tuple(
        Missed(value.value, f"This persona has no field for {_WORDS[name.removeprefix(_STRAY)]}.", value.message_id)
        for name, value in found.fields.items()
        if name.startswith(_STRAY)
    )
    others = tuple(missed for missed in found.missed if not (missed.field or "").startswith(_STRAY))
    return Extraction(kept, others + lost)
