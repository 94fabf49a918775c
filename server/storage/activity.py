"""How much was going on with each persona lately."""

from __future__ import annotations

from dataclasses import dataclass

from server.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Activity:
    """Real leads with a contact, and real conversations, that began in a span of time."""

    leads: int = 0
    conversations: int = 0


def since(tx: Transaction, at: str) -> dict[str, Activity]:
    """By persona what began since that moment, RFC 3339 in UTC; one statement."""
    sql = (
        "SELECT persona, sum(lead), sum(conversation) FROM ("
        "SELECT persona, 1 AS lead, 0 AS conversation FROM lead WHERE test = ? AND created_at >= ? AND contact = ?"
        " UNION ALL SELECT persona, 0, 1 FROM conversation WHERE test = ? AND updated_at >= ? AND created_at >= ?"
        ") AS happened GROUP BY persona"
    )
    rows = tx.rows(sql, False, at, True, False, at, at)
    return {persona: Activity(int(leads), int(conversations)) for persona, leads, conversations in rows}
