"""The lead as it is written: what was heard, stored by a function, or changed outside, brought together.

The lead in the server's own database is the truth; the mirror follows it. What a person edited wins over the
machine, the customer's own words win over a function's arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from server.catalog import LoadedPlugin
from server.catalog.spec import Collect, CollectField
from server.clock import rfc3339
from server.leads.extract import extract
from server.leads.stages import exit_of, stage_of
from server.leads.types import Exit, Found, Said, Stage
from server.plugins import Bound, Door
from server.storage import Transaction, leads, new_id, outbox
from server.storage.leads import FieldRow, LeadRow

MIRROR_WORK = "mirror"
_DIGITS = re.compile(r"\D+")
_SPACES = re.compile(r"[\s\-_.·,，。]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when values are read: what makes "tomorrow at 3" and a local phone number unambiguous."""

    now: datetime
    timezone: str | None
    locale: str | None


def from_words(found: Iterable[Found], at: str, by: str = "customer") -> list[FieldRow]:
    """What rules (or a model after the turn, `by="model"`) found in the customer's words."""
    return [
        FieldRow(f.field, f.value, f.normalised, by, f.quote, f.message_id, f.confidence, f.plausible, at)
        for f in found
    ]


def from_function(
    values: Mapping[str, Any], collect: Collect, said: Sequence[Said], place: Place, *, is_get: bool = False
) -> list[FieldRow]:
    """What a `set` call stored, or with `is_get` what the mirror holds, as fields of the lead.

    A contact that a model stored and the customer never said is kept but never counts as a contact.
    """
    by_column = {field.column or field.name: field for field in collect.fields}
    rows = []
    for column, value in values.items():
        field = by_column.get(column)
        text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        if field is None or not text:
            continue
        normalised, plausible = normalise(field, text, place)
        quote, message_id = _source(text, said)
        grounded = is_get or not field.is_contact or bool(quote)
        rows.append(
            FieldRow(
                field.name,
                text,
                normalised,
                "external" if is_get else "function",
                quote,
                message_id,
                1.0 if quote else 0.5,
                plausible and grounded,
                rfc3339(place.now),
            )
        )
    return rows


def normalise(field: CollectField, text: str, place: Place) -> tuple[str, bool]:
    """(normalised, plausible) of a value that somebody wrote down for that field."""
    if field.type == "text":
        return text, True
    heard = extract(
        [Said("customer", text, "0")],
        [field],
        asked=field.name,
        now=place.now,
        timezone=place.timezone,
        locale=place.locale,
    ).fields.get(field.name)
    if heard and heard.plausible:
        return heard.normalised, True
    return text, False


def settle(held: Mapping[str, FieldRow], heard: Sequence[FieldRow]) -> list[FieldRow]:
    """The rows that change the lead, of all that was heard in order; later ones of a field replace earlier."""
    changes: dict[str, FieldRow] = {}
    for row in heard:
        before = changes.get(row.name) or held.get(row.name)
        if _replaces(row, before):
            changes[row.name] = row
    return list(changes.values())


def _replaces(row: FieldRow, before: FieldRow | None) -> bool:
    if before is None:
        return True
    if before.by == "person":
        return False
    if row.by == "external":
        return row.value not in (before.value, before.normalised) and row.normalised != before.normalised
    if not row.plausible and before.plausible:
        return False
    if row.by == "model":
        return False
    if row.by == "function" and before.by == "customer" and before.message_id == row.message_id:
        return False
    return row.normalised != before.normalised


def open_lead(user_id: str, persona: str, test: bool, at: str) -> LeadRow:
    """A lead that nothing is known of yet."""
    return LeadRow(
        new_id("l"), user_id, persona, test, "exposed", None, contact=False, opted_out=False, sync="ok",
        created_at=at, updated_at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversation has come, for the stage."""

    customer_turns: int
    helped: bool
    asked: bool
    annoyed: bool
    opted_out: bool


def write(
    tx: Transaction,
    lead: LeadRow,
    changes: Sequence[FieldRow],
    collect: Collect,
    progress: Progress | None,
    at: str,
    actor: str = "",
) -> LeadRow:
    """Stores the changed fields and the stage that follows from them; the lead as it is then."""
    fields = dict(lead.fields)
    fields.update({row.name: row for row in changes})
    contact = has_contact(fields, collect)
    stage, left = _stage(lead, fields, collect, contact, progress)
    opted_out = progress.opted_out if progress else lead.opted_out
    new = replace(lead, stage=stage, exit=left, contact=contact, opted_out=opted_out, updated_at=at, fields=fields)
    leads.put(tx, new)
    for row in changes:
        leads.put_field(tx, lead.id, row, actor)
    return new


def has_contact(fields: Mapping[str, FieldRow], collect: Collect) -> bool:
    """Whether a plausible way to reach the customer is known."""
    return any(f.is_contact and f.name in fields and fields[f.name].plausible for f in collect.fields)


def mirror_values(changes: Sequence[FieldRow], collect: Collect) -> dict[str, str]:
    """What the mirror is told, by column: the normalised value, or the words where they are no value."""
    columns = {field.name: field.column or field.name for field in collect.fields}
    return {columns[row.name]: row.normalised for row in changes if row.name in columns}


def tell_mirror(
    tx: Transaction,
    lead: LeadRow,
    rows: Sequence[FieldRow],
    collect: Collect,
    plugins: Sequence[LoadedPlugin],
    door: Door,
    bound: Bound,
    at: str,
) -> None:
    """Writes the rows to the lead's mirror: in this transaction, or by the outbox when it lies elsewhere."""
    if collect.into is None or not rows:
        return
    done = door.mirror(tx, plugins, collect.into, mirror_values(rows, collect), bound)
    if done is None or done.status != "ok":
        leads.set_sync(tx, lead.id, "pending", at)
        payload = {"lead_id": lead.id, "fields": [row.name for row in rows]}
        outbox.add(tx, MIRROR_WORK, lead.user_id, orjson.dumps(payload).decode(), at)


def empty_mirror(tx: Transaction, lead: LeadRow, names: Sequence[str], collect: Collect, door: Door) -> list[str]:
    """Empties the fields in the lead's mirror, so that they do not come back from it; the columns that stay.

    A mirror outside the server's own database is not reached. Tests have rows of their own.
    """
    columns = [field.column or field.name for field in collect.fields if field.name in names]
    if collect.into is None or lead.test or not columns:
        return []
    return door.blank(tx, collect.into.plugin, lead.user_id, columns)


def _stage(
    lead: LeadRow, fields: Mapping[str, FieldRow], collect: Collect, contact: bool, progress: Progress | None
) -> tuple[Stage, Exit | None]:
    known = {name for name, row in fields.items() if row.plausible}
    stage = stage_of(
        before=lead.stage,
        customer_turns=progress.customer_turns if progress else 0,
        helped=progress.helped if progress else False,
        asked=progress.asked if progress else False,
        contact=contact,
        known=known,
        collect=collect,
    )
    if progress is None:
        return stage, lead.exit  # type: ignore[return-value]
    return stage, exit_of(annoyed=progress.annoyed, opted_out=progress.opted_out)


def _source(value: str, said: Sequence[Said]) -> tuple[str, str | None]:
    """(sentence, message id) of the customer's newest message that holds the value, ("", None) when none does."""
    wanted, digits = _SPACES.sub("", value).casefold(), _DIGITS.sub("", value)
    for message in reversed(said):
        if message.role != "customer":
            continue
        plain = _SPACES.sub("", message.text).casefold()
        if (wanted and wanted in plain) or (len(digits) >= 6 and digits[-8:] in _DIGITS.sub("", message.text)):
            return message.text[:500], message.id
    return "", None
