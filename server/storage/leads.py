"""Leads, their fields and history, what was missed, and a person's erasure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from server.errors import NotFound
from server.storage.database import Transaction
from server.storage.ids import new_id
from server.storage.owner import among
from server.storage.paging import Paging, contains, decode_cursor, encode_cursor

_LEAD = "id, user_id, persona, test, stage, exit, contact, opted_out, sync, created_at, updated_at"
_FIELD = "name, value, normalised, by, quote, message_id, confidence, plausible, at"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """The value of a field in force. `by`: customer, function, person, external or model."""

    name: str
    value: str
    normalised: str
    by: str
    quote: str = ""
    message_id: str | None = None
    confidence: float = 1.0
    plausible: bool = True
    at: str = ""


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead with its fields by name; `conversation_ids` is filled by `find` and `page`."""

    id: str
    user_id: str
    persona: str
    test: bool
    stage: str
    exit: str | None
    contact: bool
    opted_out: bool
    sync: str
    created_at: str
    updated_at: str
    fields: dict[str, FieldRow] = field(default_factory=dict)
    conversation_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """What a list of leads is narrowed to. `since` and `until` are RFC 3339 in UTC; `personas` None means all."""

    q: str | None = None
    stage: str | None = None
    persona: str | None = None
    since: str | None = None
    until: str | None = None
    test: bool = False
    contact: bool | None = None
    user_id: str | None = None
    personas: tuple[str, ...] | None = None


Order = Literal["-created_at", "created_at", "-updated_at", "updated_at", "persona", "stage", "-stage"]
_STAGES = "exposed", "engaged", "helped", "asked", "contact_captured", "qualified", "meeting"
_STAGE = "CASE stage " + " ".join(f"WHEN '{name}' THEN {n}" for n, name in enumerate(_STAGES)) + " END"
_ORDERS: dict[Order, str] = {
    "-created_at": "created_at DESC, id DESC",
    "created_at": "created_at, id",
    "-updated_at": "updated_at DESC, id DESC",
    "updated_at": "updated_at, id",
    "persona": "persona, created_at DESC, id DESC",
    "stage": f"{_STAGE}, created_at DESC, id DESC",
    "-stage": f"{_STAGE} DESC, created_at DESC, id DESC",
}


@dataclass(frozen=True, slots=True)
class MissedFilter:
    """What a list of missed contact data is narrowed to; `status` None means all."""

    persona: str | None = None
    test: bool = False
    status: str | None = "open"
    user_id: str | None = None
    personas: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class MissedRow:
    """Contact data that was said and not stored. `status`: open, accepted or dismissed.

    `lead_id` and `sentence` (the customer's message) are filled when it is read; `undo` is JSON of what an
    acceptance replaced.
    """

    id: str
    user_id: str
    persona: str
    conversation_id: str
    message_id: str
    field: str | None
    text: str
    reason: str
    at: str
    status: str = "open"
    undo: str | None = None
    lead_id: str | None = None
    sentence: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """A question that knowledge had no answer for."""

    id: str
    persona: str
    conversation_id: str
    message_id: str
    text: str
    at: str


def of_user(tx: Transaction, user_id: str, persona: str, test: bool) -> LeadRow | None:
    """The lead of a customer with a persona, without its conversations."""
    row = tx.row(
        f"SELECT {_LEAD} FROM lead WHERE user_id = ? AND persona = ? AND test = ?",  # noqa: S608
        *(user_id, persona, test),
    )
    return _with_fields(tx, [row])[0] if row else None


def all_of_user(tx: Transaction, user_id: str) -> list[LeadRow]:
    """Every lead of a customer, test chats' too."""
    return _with_fields(tx, tx.rows(f"SELECT {_LEAD} FROM lead WHERE user_id = ?", user_id))  # noqa: S608


def find(tx: Transaction, lead_id: str) -> LeadRow:
    """The lead with its conversations, or NotFound."""
    row = tx.row(f"SELECT {_LEAD} FROM lead WHERE id = ?", lead_id)  # noqa: S608
    if row is None:
        raise NotFound("There is no lead of that id.")
    return _with_conversations(tx, _with_fields(tx, [row]))[0]


def put(tx: Transaction, lead: LeadRow) -> None:
    """Stores a lead's own columns; its fields go by `put_field`."""
    tx.run(
        "INSERT INTO lead(id, user_id, persona, test, stage, exit, contact, opted_out, sync, created_at,"
        " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " user_id = excluded.user_id, stage = excluded.stage, exit = excluded.exit,"
        " contact = excluded.contact, opted_out = excluded.opted_out, sync = excluded.sync,"
        " updated_at = excluded.updated_at",
        *(lead.id, lead.user_id, lead.persona, lead.test, lead.stage, lead.exit, lead.contact),
        *(lead.opted_out, lead.sync, lead.created_at, lead.updated_at),
    )


def put_field(tx: Transaction, lead_id: str, row: FieldRow, actor: str = "") -> None:
    """Stores a field's value and remembers the change in the lead's history."""
    _put_field(tx, lead_id, row)
    _remember(tx, lead_id, row.name, row.value, row.by, actor, row.at)


def restore_field(tx: Transaction, lead_id: str, name: str, row: FieldRow | None) -> None:
    """Puts a field back to what it was (None: empty), without a word in the history."""
    if row is None:
        tx.run("DELETE FROM lead_field WHERE lead_id = ? AND name = ?", lead_id, name)
    else:
        _put_field(tx, lead_id, row)


def _put_field(tx: Transaction, lead_id: str, row: FieldRow) -> None:
    tx.run(
        "INSERT INTO lead_field(lead_id, name, value, normalised, by, quote, message_id, confidence,"
        " plausible, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (lead_id, name) DO UPDATE SET"
        " value = excluded.value, normalised = excluded.normalised, by = excluded.by, quote = excluded.quote,"
        " message_id = excluded.message_id, confidence = excluded.confidence, plausible = excluded.plausible,"
        " at = excluded.at",
        *(lead_id, row.name, row.value, row.normalised, row.by, row.quote, row.message_id, row.confidence),
        *(row.plausible, row.at),
    )


def drop_field(tx: Transaction, lead_id: str, name: str, actor: str, at: str) -> None:
    """Empties a field by a person's hand."""
    if tx.run("DELETE FROM lead_field WHERE lead_id = ? AND name = ?", lead_id, name):
        _remember(tx, lead_id, name, None, "person", actor, at)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of a field, with who made it. `value` None: the field was emptied."""

    field: str
    value: str | None
    by: str
    actor: str
    at: str


def changes(tx: Transaction, lead_id: str, limit: int = 500) -> list[ChangeRow]:
    """The history of a lead, newest first."""
    rows = tx.rows(
        "SELECT name, value, by, actor, at FROM lead_change WHERE lead_id = ? ORDER BY at DESC, id DESC LIMIT ?",
        *(lead_id, limit),
    )
    return [ChangeRow(*row) for row in rows]


def set_sync(tx: Transaction, lead_id: str, sync: str, at: str) -> None:
    """How the mirror stands: ok, pending or failed."""
    tx.run("UPDATE lead SET sync = ?, updated_at = ? WHERE id = ?", sync, at, lead_id)


def move_fields(tx: Transaction, lead_id: str, to_lead_id: str) -> None:
    """Hands the history of one lead to another and removes the first."""
    tx.run("UPDATE lead_change SET lead_id = ? WHERE lead_id = ?", to_lead_id, lead_id)
    tx.run("DELETE FROM lead_field WHERE lead_id = ?", lead_id)
    tx.run("DELETE FROM lead WHERE id = ?", lead_id)


def remember(tx: Transaction, lead_id: str, change: ChangeRow) -> None:
    """Adds a line to the history of a lead."""
    _remember(tx, lead_id, change.field, change.value, change.by, change.actor, change.at)


def _remember(tx: Transaction, lead_id: str, name: str, value: str | None, by: str, actor: str, at: str) -> None:
    tx.run(
        "INSERT INTO lead_change(id, lead_id, name, value, by, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(new_id("h"), lead_id, name, value, by, actor, at),
    )


def page(
    tx: Transaction, narrow: LeadFilter, paging: Paging, order: Order = "-created_at"
) -> tuple[list[LeadRow], str | None, int]:
    """(leads, next cursor, total). A cursor belongs to the order `-created_at` alone."""
    where, params = _conditions(tx, narrow)
    total = tx.row(f"SELECT count(*) FROM lead WHERE {where}", *params)  # noqa: S608
    found, following = _part(tx, where, params, paging, order)
    return found, following, int(total[0]) if total else 0


def everything(tx: Transaction, narrow: LeadFilter) -> Iterator[LeadRow]:
    """All leads of a filter, newest first, part by part, for an export."""
    where, params = _conditions(tx, narrow)
    cursor: str | None = None
    while True:
        rows, cursor = _part(tx, where, params, Paging(500, cursor), "-created_at")
        yield from rows
        if cursor is None:
            return


def _part(
    tx: Transaction, where: str, params: tuple[object, ...], paging: Paging, order: Order
) -> tuple[list[LeadRow], str | None]:
    if paging.cursor:
        at, row_id = decode_cursor(paging.cursor)
        where += " AND (created_at < ? OR (created_at = ? AND id < ?))"
        params = (*params, at, at, row_id)
    rows = tx.rows(
        f"SELECT {_LEAD} FROM lead WHERE {where} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?",  # noqa: S608
        *(*params, paging.limit + 1, paging.offset),
    )
    found = _with_conversations(tx, _with_fields(tx, rows[: paging.limit]))
    by_cursor = order == "-created_at" and paging.number is None and len(rows) > paging.limit
    return found, encode_cursor(found[-1].created_at, found[-1].id) if by_cursor else None


def _conditions(tx: Transaction, narrow: LeadFilter) -> tuple[str, tuple[object, ...]]:
    parts = ["test = ?"]
    params: list[object] = [narrow.test]
    equal = (
        ("stage", narrow.stage),
        ("persona", narrow.persona),
        ("contact", narrow.contact),
        ("user_id", narrow.user_id),
    )
    for column, value in equal:
        if value is not None:
            parts.append(f"{column} = ?")
            params.append(value)
    if narrow.personas is not None:
        condition, names = among("persona", narrow.personas)
        parts.append(condition)
        params += names
    if narrow.since:
        parts.append("created_at >= ?")
        params.append(narrow.since)
    if narrow.until:
        parts.append("created_at < ?")
        params.append(narrow.until)
    if narrow.q:
        found = [contains(tx.dialect, column, narrow.q) for column in ("user_id", "value", "normalised")]
        held = f"SELECT lead_id FROM lead_field WHERE {found[1][0]} OR {found[2][0]}"  # noqa: S608
        parts.append(f"({found[0][0]} OR id IN ({held}))")
        params += [param for _, marks in found for param in marks]
    return " AND ".join(parts), tuple(params)


def _with_fields(tx: Transaction, rows: Sequence[tuple[object, ...]]) -> list[LeadRow]:
    leads = {str(row[0]): _lead(row) for row in rows}
    if leads:
        marks = ", ".join("?" * len(leads))
        for row in tx.rows(
            f"SELECT lead_id, {_FIELD} FROM lead_field WHERE lead_id IN ({marks}) ORDER BY at, name",  # noqa: S608
            *leads,
        ):
            value = FieldRow(*row[1:])
            value = replace(value, plausible=bool(value.plausible))
            leads[row[0]].fields[value.name] = value
    return list(leads.values())


def _with_conversations(tx: Transaction, leads: list[LeadRow]) -> list[LeadRow]:
    if not leads:
        return []
    marks = ", ".join("?" * len(leads))
    found: dict[tuple[str, str, bool], list[str]] = {}
    for row in tx.rows(
        f"SELECT user_id, persona, test, id FROM conversation WHERE user_id IN ({marks})"  # noqa: S608
        " ORDER BY created_at, id",
        *(lead.user_id for lead in leads),
    ):
        found.setdefault((row[0], row[1], bool(row[2])), []).append(row[3])
    return [
        replace(lead, conversation_ids=tuple(found.get((lead.user_id, lead.persona, lead.test), ()))) for lead in leads
    ]


def _lead(row: tuple[object, ...]) -> LeadRow:
    values = list(row)
    for place in (3, 6, 7):
        values[place] = bool(values[place])
    return LeadRow(*values)  # type: ignore[arg-type]


def add_missed(tx: Transaction, row: MissedRow, test: bool) -> None:
    """Stores what was said and not stored; what waits already, or was dismissed, is not listed twice."""
    known = tx.rows(
        "SELECT 1 FROM missed WHERE user_id = ? AND persona = ? AND test = ? AND text = ?"
        " AND COALESCE(field, '') = ? AND status <> 'accepted'",
        *(row.user_id, row.persona, test, row.text, row.field or ""),
    )
    if known:
        return
    tx.run(
        "INSERT INTO missed(id, user_id, persona, conversation_id, message_id, field, text, reason, test, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(row.id, row.user_id, row.persona, row.conversation_id, row.message_id, row.field, row.text),
        *(row.reason, test, row.at),
    )


_MISSED = (
    "x.id, x.user_id, x.persona, x.conversation_id, x.message_id, x.field, x.text, x.reason, x.at, x.status, x.undo,"
    " l.id, m.text, x.test FROM missed x LEFT JOIN lead l ON l.user_id = x.user_id AND l.persona = x.persona"
    " AND l.test = x.test LEFT JOIN message m ON m.id = x.message_id"
)


def missed_page(tx: Transaction, narrow: MissedFilter, paging: Paging) -> tuple[list[MissedRow], str | None, int]:
    """(missed contact data, next cursor, total), newest first."""
    parts = ["x.test = ?"]
    params: list[object] = [narrow.test]
    for column, value in (("persona", narrow.persona), ("status", narrow.status), ("user_id", narrow.user_id)):
        if value is not None:
            parts.append(f"x.{column} = ?")
            params.append(value)
    if narrow.personas is not None:
        condition, names = among("x.persona", narrow.personas)
        parts.append(condition)
        params += names
    where = " AND ".join(parts)
    total = tx.row(f"SELECT count(*) FROM missed x WHERE {where}", *params)  # noqa: S608
    if paging.cursor:
        at, row_id = decode_cursor(paging.cursor)
        where += " AND (x.at < ? OR (x.at = ? AND x.id < ?))"
        params += [at, at, row_id]
    rows = tx.rows(
        f"SELECT {_MISSED} WHERE {where} ORDER BY x.at DESC, x.id DESC LIMIT ? OFFSET ?",
        *(*params, paging.limit + 1, paging.offset),
    )
    found = [_missed(row) for row in rows]
    following = _after(found, paging.limit) if paging.number is None else None
    return found[: paging.limit], following, int(total[0]) if total else 0


def find_missed(tx: Transaction, missed_id: str) -> MissedRow:
    """One of them, or NotFound."""
    row = tx.row(f"SELECT {_MISSED} WHERE x.id = ?", missed_id)
    if row is None:
        raise NotFound("There is no missed contact data of that id.")
    return _missed(row)


def decide_missed(tx: Transaction, missed_id: str, status: str, undo: str | None = None) -> None:
    """What became of missed contact data; `undo` says how an acceptance is undone."""
    tx.run("UPDATE missed SET status = ?, undo = ? WHERE id = ?", status, undo, missed_id)


def _missed(row: tuple[Any, ...]) -> MissedRow:
    return MissedRow(*(*row[:12], row[12] or "", bool(row[13])))


def add_unanswered(tx: Transaction, user_id: str, row: UnansweredRow, test: bool) -> None:
    """Stores a question that knowledge had no answer for."""
    tx.run(
        "INSERT INTO unanswered(id, user_id, persona, conversation_id, message_id, text, test, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(row.id, user_id, row.persona, row.conversation_id, row.message_id, row.text, test, row.at),
    )


def unanswered_page(
    tx: Transaction, persona: str | None, limit: int, cursor: str | None
) -> tuple[list[UnansweredRow], str | None]:
    """(questions without an answer of real chats, next cursor), newest first."""
    columns = "id, persona, conversation_id, message_id, text, at"
    found = [UnansweredRow(*row) for row in _timed_page(tx, "unanswered", columns, persona, limit, cursor)]
    return found[:limit], _after(found, limit)


def _timed_page(
    tx: Transaction, table: str, columns: str, persona: str | None, limit: int, cursor: str | None
) -> list[tuple[Any, ...]]:
    where = "test = ?"
    params: list[object] = [False]
    if persona:
        where += " AND persona = ?"
        params.append(persona)
    if cursor:
        at, row_id = decode_cursor(cursor)
        where += " AND (at < ? OR (at = ? AND id < ?))"
        params += [at, at, row_id]
    return tx.rows(
        f"SELECT {columns} FROM {table} WHERE {where} ORDER BY at DESC, id DESC LIMIT ?",  # noqa: S608
        *(*params, limit + 1),
    )


def _after(found: Sequence[MissedRow] | Sequence[UnansweredRow], limit: int) -> str | None:
    return encode_cursor(found[limit - 1].at, found[limit - 1].id) if len(found) > limit else None


@dataclass(frozen=True, slots=True)
class PersonRows:
    """How many rows of each kind the server holds of a person."""

    leads: int
    conversations: int
    messages: int
    calls: int
    tokens: int


def count_user(tx: Transaction, user_id: str) -> PersonRows:
    """What `erase_user` would remove, counted."""
    row = tx.row(
        "SELECT (SELECT count(*) FROM lead WHERE user_id = ?),"
        " (SELECT count(*) FROM conversation WHERE user_id = ?),"
        " (SELECT count(*) FROM message WHERE conversation_id IN (SELECT id FROM conversation WHERE user_id = ?)),"
        " (SELECT count(*) FROM plugin_call WHERE user_id = ?),"
        " (SELECT count(*) FROM credential WHERE subject = ?)",
        *[user_id] * 5,
    )
    assert row is not None
    return PersonRows(*row)


_PERSON_TABLES = (
    "outbox",
    "confirmation",
    "plugin_call",
    "unanswered",
    "missed",
    "feedback",
    "turn",
    "lead",
    "conversation",
)


def erase_user(tx: Transaction, user_id: str) -> None:
    """Removes every row of a person: conversations, leads, calls, tokens, outbox, all of it."""
    own = "(SELECT id FROM conversation WHERE user_id = ?)"
    tx.run(f"DELETE FROM message WHERE conversation_id IN {own}", user_id)  # noqa: S608
    tx.run(f"DELETE FROM scratch WHERE conversation_id IN {own}", user_id)  # noqa: S608
    for table in ("lead_field", "lead_change"):
        tx.run(f"DELETE FROM {table} WHERE lead_id IN (SELECT id FROM lead WHERE user_id = ?)", user_id)  # noqa: S608
    for table in _PERSON_TABLES:
        tx.run(f"DELETE FROM {table} WHERE user_id = ?", user_id)  # noqa: S608
    tx.run("DELETE FROM credential WHERE subject = ?", user_id)
    tx.run("DELETE FROM customer WHERE id = ?", user_id)


def hand_over(tx: Transaction, old: str, new: str) -> None:
    """Moves everything but leads and tokens from a visitor to the verified user they turned out to be."""
    tx.run(
        "UPDATE turn SET client_message_id = NULL WHERE user_id = ? AND client_message_id IN"
        " (SELECT client_message_id FROM turn WHERE user_id = ?)",
        *(old, new),
    )
    for table in ("conversation", "turn", "missed", "unanswered", "feedback", "plugin_call", "confirmation", "outbox"):
        tx.run(f"UPDATE {table} SET user_id = ? WHERE user_id = ?", new, old)  # noqa: S608
