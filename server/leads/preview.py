"""What would be captured from some messages, with nothing stored: for `rapport extract` and its route."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from server.catalog.spec import PersonaSpec
from server.errors import Invalid
from server.leads.hearing import hear
from server.leads.types import Said


def would_capture(
    persona: PersonaSpec,
    said: Sequence[Said],
    asked: str | None,
    now: datetime,
    timezone: str | None,
    locale: str | None,
    catalogue: Sequence[str] = (),
) -> dict[str, Any]:
    """`{fields: {NAME: {value, normalised, quote}}, missed: [{text, reason}]}` of the contract.

    `asked` is the field asked for before the first message. Raises Invalid for a field the persona lacks.
    """
    names = [field.name for field in persona.collect.fields]
    if asked is not None and asked not in names:
        raise Invalid(f"asked: `{asked}` is no field of this persona; it has {', '.join(names) or 'none'}.")
    found = hear(
        said,
        persona.collect.fields,
        asked=asked,
        now=now if now.tzinfo else now.replace(tzinfo=UTC),
        timezone=timezone or persona.timezone,
        locale=locale,
        catalogue=catalogue,
    )
    return {
        "fields": {
            name: {"value": f.value, "normalised": f.normalised, "quote": f.quote, "plausible": f.plausible}
            for name, f in found.fields.items()
        },
        "missed": [{"text": m.text, "reason": m.reason} for m in found.missed],
    }
