"""The durable list of work that turns left to do."""

from __future__ import annotations

from dataclasses import dataclass

from server.storage.database import Transaction
from server.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work; `payload` is JSON that the kind understands."""

    id: str
    kind: str
    user_id: str
    payload: str
    attempts: int


def add(tx: Transaction, kind: str, user_id: str, payload: str, at: str) -> str:
    """Leaves work to do as soon as possible; its id."""
    job_id = new_id("j")
    tx.run(
        "INSERT INTO outbox(id, kind, user_id, payload, status, attempts, due_at, created_at)"
        " VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?)",
        *(job_id, kind, user_id, payload, at, at),
    )
    return job_id


def due(tx: Transaction, now: str, limit: int = 20) -> list[Job]:
    """What is due, oldest first."""
    rows = tx.rows(
        "SELECT id, kind, user_id, payload, attempts FROM outbox WHERE status = 'waiting' AND due_at <= ?"
        " ORDER BY due_at, id LIMIT ?",
        *(now, limit),
    )
    return [Job(*row) for row in rows]


def next_due(tx: Transaction) -> str | None:
    """When the next piece of work is due."""
    row = tx.row("SELECT min(due_at) FROM outbox WHERE status = 'waiting'")
    return row[0] if row else None


def done(tx: Transaction, job_id: str, at: str) -> None:
    """Marks work as done; what it was about is not kept."""
    tx.run(
        "UPDATE outbox SET status = 'done', payload = '{}', error = NULL, ended_at = ? WHERE id = ?",
        at,
        job_id,
    )


def retry(tx: Transaction, job_id: str, due_at: str, error: str) -> None:
    """Leaves failed work for later."""
    tx.run("UPDATE outbox SET attempts = attempts + 1, due_at = ?, error = ? WHERE id = ?", due_at, error, job_id)


def give_up(tx: Transaction, job_id: str, error: str, at: str) -> None:
    """Ends work that failed too often; it stays to be seen."""
    tx.run(
        "UPDATE outbox SET status = 'failed', attempts = attempts + 1, error = ?, ended_at = ? WHERE id = ?",
        *(error, at, job_id),
    )
