"""The statements that take a turn back: what it found is kept beside it, what it left is removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class LastTurn:
    """The last turn of a conversation with its messages; `text` is the customer's. JSON as it is stored."""

    id: str
    seq: int
    status: str
    answer: str | None
    before: str | None
    ended_at: str | None
    text: str
    message_ids: tuple[str, ...]
    writes: tuple[str, ...]


def conversation_now(tx: Transaction, conversation_id: str) -> tuple[str, int | None]:
    """(the planner's memory as JSON, persona's version) of a conversation."""
    row = tx.row("SELECT state, persona_version FROM conversation WHERE id = ?", conversation_id)
    return (str(row[0]), row[1]) if row else ("{}", None)


def scratch_now(tx: Transaction, conversation_id: str) -> list[tuple[str, str, str]]:
    """(plugin, key, data) of what a test conversation wrote."""
    rows = tx.rows('SELECT plugin, "key", data FROM scratch WHERE conversation_id = ?', conversation_id)
    return [(row[0], row[1], row[2]) for row in rows]


def last_turn(tx: Transaction, conversation_id: str) -> LastTurn | None:
    """The turn that would be taken back, None when there is none."""
    tx.lock(f"takeback:{conversation_id}")
    row = tx.row(
        "SELECT id, seq, status, answer, before, ended_at FROM turn WHERE conversation_id = ?"
        " ORDER BY seq DESC LIMIT 1",
        conversation_id,
    )
    if row is None:
        return None
    said = tx.rows(
        "SELECT id, text FROM message WHERE conversation_id = ? AND turn_seq = ? ORDER BY part",
        *(conversation_id, row[1]),
    )
    calls = tx.rows(
        "SELECT DISTINCT plugin, function FROM plugin_call WHERE turn_id = ? AND effect = 'write' AND status = 'ok'"
        " ORDER BY plugin, function",
        row[0],
    )
    text, ids = said[0][1] if said else "", tuple(each[0] for each in said)
    writes = tuple(f"{plugin}.{function}" for plugin, function in calls)
    return LastTurn(*(*row, text, ids, writes))


def remove_turn(tx: Transaction, conversation_id: str, turn: LastTurn) -> int:
    """Removes the turn, its messages, thumbs, and what was noted of them; how many messages are left."""
    for message_id in turn.message_ids:
        for table in ("feedback", "missed", "unanswered"):
            tx.run(f"DELETE FROM {table} WHERE message_id = ?", message_id)  # noqa: S608
    tx.run("DELETE FROM message WHERE conversation_id = ? AND turn_seq = ?", conversation_id, turn.seq)
    tx.run("DELETE FROM confirmation WHERE turn_id = ?", turn.id)
    tx.run("DELETE FROM turn WHERE id = ?", turn.id)
    left = tx.row("SELECT count(*) FROM message WHERE conversation_id = ?", conversation_id)
    return int(left[0]) if left else 0


def put_conversation_back(tx: Transaction, conversation_id: str, state: str, version: int | None, at: str) -> None:
    """Gives a conversation the memory it had, and as many turns as it has left."""
    tx.run(
        "UPDATE conversation SET state = ?, persona_version = ?, updated_at = ?, turns ="
        " (SELECT coalesce(max(seq), 0) FROM turn WHERE conversation_id = ?) WHERE id = ?",
        *(state, version, at, conversation_id, conversation_id),
    )


def put_scratch_back(tx: Transaction, conversation_id: str, rows: Sequence[Sequence[str]]) -> None:
    """Makes these rows all that the conversation's tests wrote."""
    tx.run("DELETE FROM scratch WHERE conversation_id = ?", conversation_id)
    tx.run_many(
        'INSERT INTO scratch(conversation_id, plugin, "key", data) VALUES (?, ?, ?, ?)',
        [(conversation_id, *row) for row in rows],
    )


def forget_change(tx: Transaction, lead_id: str, name: str, value: str, at: str) -> None:
    """Removes a change from the history of a lead: what it held was taken back."""
    tx.run("DELETE FROM lead_change WHERE lead_id = ? AND name = ? AND value = ? AND at = ?", lead_id, name, value, at)


def remove_lead(tx: Transaction, lead_id: str) -> None:
    """Removes a lead that only the taken turn had made."""
    for table in ("lead_field", "lead_change"):
        tx.run(f"DELETE FROM {table} WHERE lead_id = ?", lead_id)  # noqa: S608
    tx.run("DELETE FROM lead WHERE id = ?", lead_id)


def went_on_elsewhere(tx: Transaction, user_id: str, persona: str, test: bool, conversation_id: str, at: str) -> bool:
    """Whether another conversation of the same lead had an answer since then."""
    row = tx.row(
        "SELECT 1 FROM turn t JOIN conversation c ON c.id = t.conversation_id WHERE c.user_id = ? AND c.persona = ?"
        " AND c.test = ? AND c.id <> ? AND t.ended_at >= ? LIMIT 1",
        *(user_id, persona, test, conversation_id, at),
    )
    return row is not None
