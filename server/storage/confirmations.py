"""What customers are asked to confirm: kept with its arguments, answered once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from server.storage.database import Transaction

Answer = Literal["done", "failed", "declined"]
_COLUMNS = "id, conversation_id, user_id, turn_id, turn_seq, plugin, digest, function, arguments, status, at"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One call that waits for a customer's yes. `arguments` is JSON; `digest` is that of the plugin's file.

    `turn_seq` is the turn that asked. `status` is waiting, started (a yes came; whether the work was done is not
    known yet), done, failed, declined, or replaced by a later one.
    """

    id: str
    conversation_id: str
    user_id: str
    turn_id: str
    turn_seq: int
    plugin: str
    digest: str
    function: str
    arguments: str
    status: str
    at: str


def add(tx: Transaction, asked: Confirmation) -> None:
    """Keeps what is asked; an earlier question of the conversation that still waits is replaced."""
    tx.run(
        "UPDATE confirmation SET status = 'replaced' WHERE conversation_id = ? AND status = 'waiting'",
        asked.conversation_id,
    )
    tx.run(
        f"INSERT INTO confirmation({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        *(asked.id, asked.conversation_id, asked.user_id, asked.turn_id, asked.turn_seq),
        *(asked.plugin, asked.digest, asked.function, asked.arguments, asked.status, asked.at),
    )


def open_in(tx: Transaction, conversation_id: str, user_id: str, turn_id: str) -> Confirmation | None:
    """What waits in a customer's conversation, or what this very turn has begun before it was cut."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM confirmation WHERE conversation_id = ? AND user_id = ?"  # noqa: S608
        " AND (status = 'waiting' OR (status = 'started' AND answered_turn = ?)) ORDER BY at DESC, id DESC LIMIT 1",
        *(conversation_id, user_id, turn_id),
    )
    return Confirmation(*row) if row else None


def claim(tx: Transaction, confirmation_id: str, turn_id: str) -> bool:
    """Takes the yes for one turn; False when it was answered before."""
    return (
        tx.run(
            "UPDATE confirmation SET status = 'started', answered_turn = ? WHERE id = ? AND status = 'waiting'",
            *(turn_id, confirmation_id),
        )
        == 1
    )


def end(tx: Transaction, confirmation_id: str, answer: Answer) -> None:
    """Notes what came of it; the arguments are needed no longer."""
    tx.run("UPDATE confirmation SET status = ?, arguments = '{}' WHERE id = ?", answer, confirmation_id)
