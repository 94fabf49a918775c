"""Leads by a person's hand: edits, which win over the machine, and exports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import orjson

from server.catalog import LoadedPlugin
from server.catalog.spec import Collect
from server.clock import Clock, rfc3339
from server.errors import Invalid
from server.leads import book
from server.leads.book import Place
from server.plugins import Bound, Door
from server.storage import Transaction, leads, people
from server.storage.leads import FieldRow, LeadRow

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("id", "user_id", "persona", "stage", "exit", "contact", "opted_out", "created_at", "updated_at")


def edit(
    tx: Transaction,
    lead_id: str,
    fields: Mapping[str, str | None],
    opted_out: bool | None,
    collect: Collect,
    plugins: Sequence[LoadedPlugin],
    door: Door,
    actor: str,
    clock: Clock,
) -> LeadRow:
    """Sets (text) and empties (None) fields as a person's word, tells the mirror, and writes the audit.

    Raises NotFound for the lead, Invalid with one entry for each value that does not fit its field.
    """
    lead, at = leads.find(tx, lead_id), rfc3339(clock.now())
    customer = people.customer(tx, lead.user_id)
    place = Place(clock.now(), customer.timezone if customer else None, customer.locale if customer else None)
    rows = _rows(fields, collect, place, at)
    emptied = [name for name, value in fields.items() if value is None]
    for name in emptied:
        leads.drop_field(tx, lead.id, name, actor, at)
    kept = {name: row for name, row in lead.fields.items() if fields.get(name, "") is not None}
    lead = replace(lead, fields=kept, opted_out=lead.opted_out if opted_out is None else opted_out)
    if opted_out is not None:
        lead = replace(lead, exit="opted_out" if opted_out else None)
    new = book.write(tx, lead, rows, collect, None, at, actor)
    trust = customer.trust if customer else "anonymous"
    bound = Bound(lead.user_id, trust, "", lead.persona, test=lead.test)  # type: ignore[arg-type]
    book.tell_mirror(tx, new, rows, collect, plugins, door, bound, at)
    book.empty_mirror(tx, new, emptied, collect, door)
    people.note(tx, actor, "edit_lead", lead.id, at, ", ".join(sorted(fields)))
    return replace(new, conversation_ids=lead.conversation_ids)


def _rows(fields: Mapping[str, str | None], collect: Collect, place: Place, at: str) -> list[FieldRow]:
    known = {field.name: field for field in collect.fields}
    rows, errors = [], []
    for name, value in fields.items():
        if name not in known:
            listed = ", ".join(known) or "none"
            errors.append({"field": f"fields.{name}", "message": f"no field of this persona; it has {listed}"})
        elif value is not None and not value.strip():
            errors.append({"field": f"fields.{name}", "message": "is empty; use null to empty the field"})
        elif value is not None:
            normalised, plausible = book.normalise(known[name], value.strip(), place)
            if not plausible:
                errors.append({"field": f"fields.{name}", "message": f"is not a {known[name].type}"})
            rows.append(FieldRow(name, value.strip(), normalised, "person", plausible=plausible, at=at))
    if errors:
        raise Invalid("The lead was not changed: some values do not fit.", errors=errors)
    return rows


def as_csv(rows: Iterable[LeadRow], names: Sequence[str]) -> Iterator[str]:
    """Lines of CSV: the lead's own columns, then for each field its value, its words and its sentence.

    A cell that a spreadsheet would take for a formula is quoted with an apostrophe.
    """
    yield _line([*_COLUMNS, *(column for n in names for column in (n, f"{n}_said", f"{n}_sentence"))])
    for lead in rows:
        cells = [str(_plain(getattr(lead, column))) for column in _COLUMNS]
        for name in names:
            row = lead.fields.get(name)
            cells += [row.normalised, row.value, row.quote] if row else ["", "", ""]
        yield _line(cells)


def as_jsonl(rows: Iterable[LeadRow]) -> Iterator[str]:
    """One lead a line, as the API shows it."""
    for lead in rows:
        yield orjson.dumps(document(lead)).decode() + "\n"


def document(lead: LeadRow) -> dict[str, object]:
    """The lead in the API's shape."""
    return {
        "id": lead.id,
        "user_id": lead.user_id,
        "persona": lead.persona,
        "stage": lead.stage,
        "exit": lead.exit,
        "contact": lead.contact,
        "opted_out": lead.opted_out,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "conversation_ids": list(lead.conversation_ids),
        "sync": lead.sync,
        "fields": {name: field_document(row) for name, row in lead.fields.items()},
    }


def field_document(row: FieldRow) -> dict[str, object]:
    """A field's value in the API's shape; what a model read in the customer's words is the customer's."""
    return {
        "value": row.value,
        "normalised": row.normalised,
        "by": "customer" if row.by == "model" else row.by,
        "quote": row.quote,
        "message_id": row.message_id,
        "at": row.at,
    }


def _plain(value: object) -> object:
    return {True: "true", False: "false", None: ""}.get(value, value) if not isinstance(value, str) else value  # type: ignore[call-overload]


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow("'" + cell if cell.startswith(_FORMULA) else cell for cell in cells)
    return out.getvalue()
