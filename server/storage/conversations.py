"""Conversations as they are read: by their customer, or by people of the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.errors import NotFound
from server.storage.database import Transaction
from server.storage.owner import Owner
from server.storage.paging import Paging, contains, decode_cursor, encode_cursor

_COMPARED = 20
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
    """What a list is narrowed to. `since` and `until` (RFC 3339 in UTC) are a span in which it went on."""

    persona: str | None = None
    q: str | None = None
    test: bool = False
    user_id: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a list shows of a conversation besides its own row: texts are cut to 140 characters."""

    preview: str = ""
    last_message: str = ""
    message_count: int = 0
    lead_id: str | None = None
    lead_stage: str | None = None
    contact: bool = False


@dataclass(frozen=True, slots=True)
class MissedNote:
    """What a message said and was not stored, with the reason; `status` is open, accepted or dismissed."""

    message_id: str
    field: str | None
    text: str
    reason: str
    status: str


@dataclass(frozen=True, slots=True)
class Thumb:
    """What the customer thought of an answer; `score` is 1 or -1."""

    message_id: str
    score: int
    comment: str | None


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


def of_words(tx: Transaction, user_id: str, persona: str, words: Sequence[tuple[str, str]]) -> str | None:
    """A customer's newest conversation that consists of just these (role, text), spaces aside; None when none does."""
    newest = tx.rows(
        "SELECT id FROM conversation WHERE user_id = ? AND persona = ? AND test = ? AND turns > 0"
        " ORDER BY updated_at DESC LIMIT ?",
        *(user_id, persona, False, _COMPARED),
    )
    wanted = [(role, _plain(text)) for role, text in words]
    for row in newest:
        if [(message.role, _plain(message.text)) for message in messages(tx, row[0])] == wanted:
            return str(row[0])
    return None


def _plain(text: str) -> str:
    return " ".join(text.split())


def turns(tx: Transaction, conversation_id: str) -> list[ConversationTurn]:
    """All turns of a conversation that `find` has allowed."""
    rows = tx.rows(
        "SELECT id, status, model, answer, trace, created_at, ended_at FROM turn WHERE conversation_id = ?"
        " ORDER BY seq",
        conversation_id,
    )
    return [ConversationTurn(*row) for row in rows]


def missed(tx: Transaction, row: ConversationRow) -> list[MissedNote]:
    """What a conversation that `find` has allowed said and did not leave in the lead."""
    found = tx.rows(
        "SELECT message_id, field, text, reason, status FROM missed WHERE user_id = ? AND conversation_id = ?"
        " ORDER BY at, id",
        *(row.user_id, row.id),
    )
    return [MissedNote(*one) for one in found]


def thumbs(tx: Transaction, row: ConversationRow) -> list[Thumb]:
    """The thumbs for the answers of a conversation that `find` has allowed."""
    found = tx.rows(
        "SELECT message_id, score, comment FROM feedback WHERE user_id = ? AND conversation_id = ?",
        *(row.user_id, row.id),
    )
    return [Thumb(*one) for one in found]


def page(
    tx: Transaction, owner: Owner, narrow: ConversationFilter, paging: Paging
) -> tuple[list[ConversationRow], str | None, int]:
    """(rows, next cursor, total), the last changed first."""
    where, params = _conditions(tx, owner, narrow)
    total = tx.row(f"SELECT count(*) FROM conversation WHERE {where}", *params)  # noqa: S608
    if paging.cursor:
        at, row_id = decode_cursor(paging.cursor)
        where += " AND (updated_at < ? OR (updated_at = ? AND id < ?))"
        params = (*params, at, at, row_id)
    found = tx.rows(
        f"SELECT {_COLUMNS} FROM conversation WHERE {where}"  # noqa: S608
        " ORDER BY updated_at DESC, id DESC LIMIT ? OFFSET ?",
        *(*params, paging.limit + 1, paging.offset),
    )
    rows = [_row(row) for row in found]
    more = rows[paging.limit - 1] if len(rows) > paging.limit and paging.number is None else None
    return (
        rows[: paging.limit],
        encode_cursor(more.updated_at, more.id) if more else None,
        int(total[0]) if total else 0,
    )


def glimpses(tx: Transaction, ids: Sequence[str]) -> dict[str, Glimpse]:
    """What a list shows of these conversations, by their ids: rows of a page that `page` has allowed."""
    if not ids:
        return {}
    marks = ", ".join("?" * len(ids))
    mine = "FROM message m WHERE m.conversation_id = c.id"
    rows = tx.rows(
        f"SELECT c.id, (SELECT substr(m.text, 1, 140) {mine} AND m.role = 'customer'"  # noqa: S608
        f" ORDER BY m.turn_seq, m.part LIMIT 1), (SELECT substr(m.text, 1, 140) {mine}"
        f" ORDER BY m.turn_seq DESC, m.part DESC LIMIT 1), (SELECT count(*) {mine}), l.id, l.stage, l.contact"
        " FROM conversation c LEFT JOIN lead l ON l.user_id = c.user_id AND l.persona = c.persona"
        f" AND l.test = c.test WHERE c.id IN ({marks})",
        *ids,
    )
    return {row[0]: Glimpse(row[1] or "", row[2] or "", row[3], row[4], row[5], bool(row[6])) for row in rows}


def _conditions(tx: Transaction, owner: Owner, narrow: ConversationFilter) -> tuple[str, tuple[object, ...]]:
    condition, own = owner.where()
    parts, params = [condition, "test = ?"], [*own, narrow.test]
    given = (
        ("persona = ?", narrow.persona),
        ("user_id = ?", narrow.user_id),
        ("updated_at >= ?", narrow.since),
        ("created_at < ?", narrow.until),
    )
    for part, value in given:
        if value:
            parts.append(part)
            params.append(value)
    if narrow.q:
        words, found = contains(tx.dialect, "text", narrow.q)
        parts.append(f"id IN (SELECT conversation_id FROM message WHERE {words})")  # noqa: S608
        params += found
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
