"""Missed contact data by a person's hand: taken into the lead after all, dismissed, or taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from server.catalog import LoadedPlugin
from server.catalog.spec import CONTACT_TYPES, Collect, CollectField
from server.clock import Clock, rfc3339
from server.errors import Conflict, Invalid
from server.leads import book
from server.leads.book import Place
from server.plugins import Bound, Door
from server.storage import Transaction, leads, people
from server.storage.leads import ChangeRow, FieldRow, LeadRow, MissedRow
from server.storage.people import CustomerRow

_LONGEST_QUOTE = 500


@dataclass(frozen=True, slots=True)
class Hand:
    """A person who decides, with what the persona collects and where it is mirrored."""

    actor: str
    collect: Collect
    plugins: Sequence[LoadedPlugin]
    door: Door
    clock: Clock


def likely_field(row: MissedRow, collect: Collect, place: Place) -> str | None:
    """The field that it would fill: the one it was read for, else the first contact that it is a value of."""
    if any(field.name == row.field for field in collect.fields):
        return row.field
    contacts = [field for field in collect.fields if field.type in CONTACT_TYPES]
    return next((field.name for field in contacts if book.normalise(field, row.text, place)[1]), None)


def missed_document(row: MissedRow, likely: str | None) -> dict[str, Any]:
    """Missed contact data in the API's shape."""
    return {
        "id": row.id,
        "user_id": row.user_id,
        "persona": row.persona,
        "lead_id": row.lead_id,
        "conversation_id": row.conversation_id,
        "message_id": row.message_id,
        "field": likely,
        "text": row.text,
        "sentence": row.sentence,
        "reason": row.reason,
        "status": row.status,
        "at": row.at,
    }


def accept(tx: Transaction, missed_id: str, field: str | None, value: str | None, hand: Hand) -> LeadRow:
    """Stores it in the lead as a person's word, with the customer's sentence; the lead as it is then.

    Raises NotFound, Conflict when it was decided already, Invalid when it fits no field or not this one.
    """
    row, at = leads.find_missed(tx, missed_id), rfc3339(hand.clock.now())
    if row.status != "open":
        raise Conflict(f"This was {row.status} already; reopen it first.")
    customer = people.customer(tx, row.user_id)
    place = place_of(customer, hand.clock)
    wanted = _wanted(field or likely_field(row, hand.collect, place), hand.collect)
    new = _value(row, wanted, row.text if value is None else value, place, at)
    lead = leads.of_user(tx, row.user_id, row.persona, row.test)
    lead = lead or book.open_lead(row.user_id, row.persona, row.test, at)
    after = book.write(tx, lead, [new], hand.collect, None, at, hand.actor)
    _tell_mirror(tx, after, [new], customer, hand, at)
    before = lead.fields.get(wanted.name)
    undo = {"before": asdict(before) if before else None, "stage": lead.stage, "reached": after.stage, "at": at}
    leads.decide_missed(tx, row.id, "accepted", orjson.dumps({"field": wanted.name, **undo}).decode())
    people.note(tx, hand.actor, "accept_missed", row.id, at, wanted.name)
    return leads.find(tx, lead.id)


def dismiss(tx: Transaction, missed_id: str, hand: Hand) -> None:
    """Decides that it is not worth keeping. Raises NotFound, or Conflict when it was decided already."""
    row = leads.find_missed(tx, missed_id)
    if row.status != "open":
        raise Conflict(f"This was {row.status} already; reopen it first.")
    leads.decide_missed(tx, row.id, "dismissed")
    people.note(tx, hand.actor, "dismiss_missed", row.id, rfc3339(hand.clock.now()))


def reopen(tx: Transaction, missed_id: str, hand: Hand) -> None:
    """Undoes either decision; the earlier value comes back unless the field was changed since.

    Raises NotFound, or Conflict when it is open.
    """
    row, at = leads.find_missed(tx, missed_id), rfc3339(hand.clock.now())
    if row.status == "open":
        raise Conflict("This is open already.")
    if row.undo and row.lead_id:
        _put_back(tx, leads.find(tx, row.lead_id), orjson.loads(row.undo), hand, at)
    leads.decide_missed(tx, row.id, "open")
    people.note(tx, hand.actor, "reopen_missed", row.id, at)


def place_of(customer: CustomerRow | None, clock: Clock) -> Place:
    """Where a customer's words are read."""
    return Place(clock.now(), customer.timezone if customer else None, customer.locale if customer else None)


def _wanted(name: str | None, collect: Collect) -> CollectField:
    found = next((field for field in collect.fields if field.name == name), None)
    if found is None:
        listed = ", ".join(field.name for field in collect.fields) or "none"
        told = f"no field of this persona; it has {listed}" if name else f"is needed here: one of {listed}"
        raise Invalid("Nothing was stored: it needs a field.", errors=[{"field": "field", "message": told}])
    return found


def _value(row: MissedRow, field: CollectField, text: str, place: Place, at: str) -> FieldRow:
    text = text.strip()
    normalised, plausible = book.normalise(field, text, place) if text else ("", False)
    if not plausible:
        told = {"field": "value", "message": f"is not a {field.type}; correct it in `value`" if text else "is empty"}
        raise Invalid(f"Nothing was stored: this does not fit the field `{field.name}`.", errors=[told])
    quote = (row.sentence or row.text)[:_LONGEST_QUOTE]
    return FieldRow(field.name, text, normalised, "person", quote, row.message_id or None, at=at)


def _put_back(tx: Transaction, lead: LeadRow, undo: dict[str, Any], hand: Hand, at: str) -> None:
    name, held = undo["field"], lead.fields.get(undo["field"])
    if held is None or (held.by, held.at) != ("person", undo["at"]):
        return
    before = FieldRow(**undo["before"]) if undo["before"] else None
    leads.restore_field(tx, lead.id, name, before)
    leads.remember(tx, lead.id, ChangeRow(name, before.value if before else None, "person", hand.actor, at))
    fields = {each: row for each, row in lead.fields.items() if each != name}
    fields.update({name: before} if before else {})
    stage = undo["stage"] if lead.stage == undo["reached"] else lead.stage
    contact = book.has_contact(fields, hand.collect)
    leads.put(tx, replace(lead, fields=fields, stage=stage, contact=contact, updated_at=at))
    customer = people.customer(tx, lead.user_id)
    _tell_mirror(tx, lead, [before] if before else [], customer, hand, at)
    book.empty_mirror(tx, lead, [] if before else [name], hand.collect, hand.door)


def _tell_mirror(
    tx: Transaction, lead: LeadRow, rows: Sequence[FieldRow], customer: CustomerRow | None, hand: Hand, at: str
) -> None:
    trust = customer.trust if customer else "anonymous"
    bound = Bound(lead.user_id, trust, "", lead.persona, test=lead.test)  # type: ignore[arg-type]
    book.tell_mirror(tx, lead, rows, hand.collect, hand.plugins, hand.door, bound, at)
