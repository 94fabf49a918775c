"""The counts of the first page: a week by days, what waits, and how far a new house has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from server.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Week:
    """Counts by day, the oldest first; test chats stay out."""

    conversations: list[int]
    messages: list[int]
    leads: list[int]
    contacts: list[int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Totals of real chats, what waits, and whether things were done at all; `unmirrored` is leads by persona."""

    conversations: int
    leads: int
    missed_open: int
    unanswered: int
    chatted: bool
    drafted: bool
    published: bool
    any_lead: bool
    unmirrored: dict[str, int] = field(default_factory=dict)


def week(tx: Transaction, bounds: Sequence[str], contact_fields: Sequence[str]) -> Week:
    """Counts between each moment of `bounds` and the next; messages of the last two days alone.

    A contact counts on the day on which the first of its fields was stored.
    """
    first, last, recent = bounds[0], bounds[-1], bounds[-3]
    marks = ", ".join("?" * len(contact_fields)) or "NULL"
    got = (
        f"coalesce((SELECT min(h.at) FROM lead_change h WHERE h.lead_id = l.id AND h.name IN ({marks})"  # noqa: S608
        " AND h.value IS NOT NULL), l.created_at)"
    )
    found = {kind: [0] * (len(bounds) - 1) for kind in ("conversation", "message", "lead", "contact")}
    for kind, at, count in tx.rows(
        f"SELECT 'conversation', {_bucket('created_at', bounds)}, count(*) FROM conversation"  # noqa: S608
        " WHERE test = ? AND updated_at >= ? AND created_at >= ? AND created_at < ? GROUP BY 2"
        f" UNION ALL SELECT 'message', {_bucket('m.at', bounds)}, count(*) FROM conversation c"
        " JOIN message m ON m.conversation_id = c.id"
        " WHERE c.test = ? AND c.updated_at >= ? AND m.at >= ? AND m.at < ? GROUP BY 2"
        f" UNION ALL SELECT 'lead', {_bucket('created_at', bounds)}, count(*) FROM lead"
        " WHERE test = ? AND created_at >= ? AND created_at < ? GROUP BY 2"
        f" UNION ALL SELECT 'contact', {_bucket('got', bounds)}, count(*) FROM"
        f" (SELECT {got} AS got FROM lead l WHERE l.test = ? AND l.contact = ? AND l.updated_at >= ?) AS reached"
        " WHERE got >= ? AND got < ? GROUP BY 2",
        *(False, first, first, last),
        *(False, recent, recent, last),
        *(False, first, last),
        *(*contact_fields, False, True, first, first, last),
    ):
        found[kind][at] = count
    return Week(found["conversation"], found["message"], found["lead"], found["contact"])


def _bucket(column: str, bounds: Sequence[str]) -> str:
    """SQL for the place of the day; `bounds` are times that this server made, never a caller's text."""
    cases = " ".join(f"WHEN {column} < '{bound}' THEN {place}" for place, bound in enumerate(bounds[1:-1]))
    return f"CASE {cases} ELSE {len(bounds) - 2} END"


def standing(tx: Transaction) -> Standing:
    """What there is, at this moment."""
    row = tx.row(
        "SELECT (SELECT count(*) FROM conversation WHERE test = ?), (SELECT count(*) FROM lead WHERE test = ?),"
        " (SELECT count(*) FROM missed WHERE test = ? AND status = 'open'),"
        " (SELECT count(*) FROM unanswered WHERE test = ?),"
        " EXISTS (SELECT 1 FROM conversation), EXISTS (SELECT 1 FROM persona_draft WHERE yaml IS NOT NULL),"
        " EXISTS (SELECT 1 FROM persona_version WHERE author NOT IN ('file', '')), EXISTS (SELECT 1 FROM lead)",
        *[False] * 4,
    )
    assert row is not None
    failed = tx.rows("SELECT persona, count(*) FROM lead WHERE sync = 'failed' AND test = ? GROUP BY persona", False)
    return Standing(*(*row[:4], *(bool(each) for each in row[4:]), dict(failed)))
