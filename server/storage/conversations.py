"""Conversations as they are read: by their customer, or by people of the house."""

from __future__ import annotations

from dataclasses import dataclass

from server.errors import NotFound
from server.storage.database import Transaction
from server.storage.owner import Owner
from server.storage.paging import decode_cursor, encode_cursor, like

_COLUMNS = "id, user_id, persona, persona_version, channel, status, test, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation without its messages."""

    id: str
    user_id: str
    persona: str
    persona_version: int | None
    channel: str
    status: str
    test: bool
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class ConversationMessage:
    """A message as the API shows it; `images` is JSON text."""

    id: str
    turn_id: str
    role: str
    text: str
    images: str
    at: str


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """A turn of a conversation; `answer` and `trace` are JSON text."""

    id: str
    status: str
    model: str
    answer: str | None
    trace: str | None
    created_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """What a list is narrowed to."""

    persona: str | None = None
    q: str | None = None
    test: bool = False
    user_id: str | None = None


def find(tx: Transaction, conversation_id: str, owner: Owner) -> ConversationRow:
    """The conversation, or NotFound when it is another's or nobody's."""
    condition, params = owner.where()
    row = tx.row(
        f"SELECT {_COLUMNS} FROM conversation WHERE id = ? AND {condition}",  # noqa: S608
        *(conversation_id, *params),
    )
    if row is None:
        raise NotFound("There is no conversation of that id.")
    return _row(row)


def messages(tx: Transaction, conversation_id: str) -> list[ConversationMessage]:
    """All messages of a conversation that `find` has allowed, turn by turn."""
    rows = tx.rows(
        "SELECT id, turn_id, role, text, images, at FROM message WHERE conversation_id = ? ORDER BY turn_seq, part",
        conversation_id,
    )
    return [ConversationMessage(*row) for row in rows]


def turns(tx: Transaction, conversation_id: str) -> list[ConversationTurn]:
    """All turns of a conversation that `find` has allowed."""
    rows = tx.rows(
        "SELECT id, status, model, answer, trace, created_at, ended_at FROM turn WHERE conversation_id = ?"
        " ORDER BY seq",
        conversation_id,
    )
    return [ConversationTurn(*row) for row in rows]


def page(
    tx: Transaction, owner: Owner, narrow: ConversationFilter, limit: int, cursor: str | None
) -> tuple[list[ConversationRow], str | None, int]:
    """(rows, next cursor, total), the last changed first."""
    where, params = _conditions(owner, narrow)
    total = tx.row(f"SELECT count(*) FROM conversation WHERE {where}", *params)  # noqa: S608
    if cursor:
        at, row_id = decode_cursor(cursor)
        where += " AND (updated_at < ? OR (updated_at = ? AND id < ?))"
        params = (*params, at, at, row_id)
    rows = [
        _row(row)
        for row in tx.rows(
            f"SELECT {_COLUMNS} FROM conversation WHERE {where}"  # noqa: S608
            " ORDER BY updated_at DESC, id DESC LIMIT ?",
            *(*params, limit + 1),
        )
    ]
    more = rows[limit - 1] if len(rows) > limit else None
    return (
        rows[:limit],
        encode_cursor(more.updated_at, more.id) if more else None,
        int(total[0]) if total else 0,
    )


def _conditions(owner: Owner, narrow: ConversationFilter) -> tuple[str, tuple[object, ...]]:
    condition, own = owner.where()
    parts, params = [condition, "test = ?"], [*own, narrow.test]
    if narrow.persona:
        parts.append("persona = ?")
        params.append(narrow.persona)
    if narrow.user_id:
        parts.append("user_id = ?")
        params.append(narrow.user_id)
    if narrow.q:
        parts.append("id IN (SELECT conversation_id FROM message WHERE lower(text) LIKE ? ESCAPE '!') ")
        params.append(like(narrow.q))
    return " AND ".join(parts), tuple(params)


def _row(row: tuple[object, ...]) -> ConversationRow:
    values = list(row)
    values[6] = bool(values[6])
    return ConversationRow(*values)  # type: ignore[arg-type]


def message_in(tx: Transaction, message_id: str, conversation_id: str) -> str | None:
    """The role of a message, when it belongs to that conversation."""
    row = tx.row("SELECT role FROM message WHERE id = ? AND conversation_id = ?", message_id, conversation_id)
    return row[0] if row else None


def put_feedback(
    tx: Transaction,
    message_id: str,
    conversation_id: str,
    user_id: str,
    score: int,
    comment: str | None,
    at: str,
) -> None:
    """Stores a thumb for an answer; a later one replaces it."""
    tx.run(
        "INSERT INTO feedback(message_id, conversation_id, user_id, score, comment, at)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (message_id) DO UPDATE SET score = excluded.score, comment = excluded.comment,"
        " at = excluded.at",
        *(message_id, conversation_id, user_id, score, comment, at),
    )
