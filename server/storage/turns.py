"""The statements of the turn, written out: its first commit, what it gathers, its second commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from server.errors import Invalid, NotFound
from server.storage.database import Transaction
from server.storage.owner import Owner

HISTORY_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class NewTurn:
    """What the first commit stores."""

    turn_id: str
    message_id: str
    conversation_id: str
    is_new: bool
    user_id: str
    persona: str
    text: str
    channel: str
    locale: str | None
    timezone: str | None
    client_message_id: str | None
    body_digest: str
    persona_version: int
    fingerprint: str
    model: str
    test: bool
    at: str


@dataclass(frozen=True, slots=True)
class AcceptedTurn:
    """A turn that is stored. `answer` is set when it was answered before."""

    turn_id: str
    message_id: str
    conversation_id: str
    seq: int
    persona_version: int
    model: str
    repeated: bool = False
    status: str = "running"
    answer: str | None = None
    last_event: int = 0


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message of the history."""

    id: str
    turn_id: str
    role: str
    text: str
    images: str
    at: str


@dataclass(frozen=True, slots=True)
class DoneTurn:
    """What the second commit stores of the turn itself."""

    turn_id: str
    conversation_id: str
    seq: int
    message_id: str
    text: str | None
    answer: str
    last_event: int
    trace: str
    state: str
    model: str
    persona_version: int
    fingerprint: str
    at: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class CallRow:
    """One line of the door's audit. `arguments` is bounded JSON."""

    id: str
    turn_id: str | None
    conversation_id: str | None
    user_id: str
    plugin: str
    function: str
    forced: bool
    effect: str
    trust: str
    status: str
    arguments: str
    error: str | None
    milliseconds: float
    bytes: int
    at: str


def repeated(tx: Transaction, user_id: str, client_message_id: str, body_digest: str) -> AcceptedTurn | None:
    """The turn that this message id of this customer began. Raises Invalid when it had another body."""
    row = tx.row(
        "SELECT t.id, m.id, t.conversation_id, t.seq, t.persona_version, t.model, t.status,"
        " t.answer, t.last_event, t.body_digest FROM turn t"
        " JOIN message m ON m.turn_id = t.id AND m.part = 0 AND m.conversation_id = t.conversation_id"
        " WHERE t.user_id = ? AND t.client_message_id = ?",
        *(user_id, client_message_id),
    )
    if row is None:
        return None
    if row[9] != body_digest:
        raise Invalid(
            "This client_message_id was used before with another message; use a new one for each message.",
            errors=[{"field": "client_message_id", "message": "already used with another body"}],
        )
    stored = AcceptedTurn(*row[:6])
    return replace(stored, repeated=True, status=row[6], answer=row[7], last_event=row[8])


def resume(tx: Transaction, turn_id: str, user_id: str) -> AcceptedTurn | None:
    """Sets a customer's turn going again that waited for results of functions; `repeated` when it did not wait."""
    row = tx.row(
        "SELECT t.id, m.id, t.conversation_id, t.seq, t.persona_version, t.model, t.status, t.answer, t.last_event"
        " FROM turn t JOIN message m ON m.turn_id = t.id AND m.part = 0 AND m.conversation_id = t.conversation_id"
        " WHERE t.user_id = ? AND t.id = ?",
        *(user_id, turn_id),
    )
    if row is None:
        return None
    changed = tx.run("UPDATE turn SET status = 'running' WHERE id = ? AND status IN ('waiting', 'failed')", turn_id)
    return replace(AcceptedTurn(*row[:6]), repeated=not changed, status=row[6], answer=row[7], last_event=row[8])


@dataclass(frozen=True, slots=True)
class WaitingTurn:
    """A turn as a program's results find it. `answer` is the chat answer that handed its calls over."""

    conversation_id: str
    user_id: str
    persona: str
    text: str
    answer: str | None


def waiting(tx: Transaction, turn_id: str) -> WaitingTurn | None:
    """The turn of that id with the customer's message, whoever's it is: the caller has to compare."""
    row = tx.row(
        "SELECT c.id, c.user_id, c.persona, m.text, t.answer FROM turn t"
        " JOIN conversation c ON c.id = t.conversation_id"
        " JOIN message m ON m.turn_id = t.id AND m.part = 0 AND m.conversation_id = c.id WHERE t.id = ?",
        turn_id,
    )
    return WaitingTurn(*row) if row else None


def hand_over(tx: Transaction, turn_id: str, answer: str, last_event: int, trace: str, at: str) -> bool:
    """Lets a turn wait for what its caller's functions give. False when the turn is gone."""
    changed = tx.run(
        "UPDATE turn SET status = 'waiting', answer = ?, last_event = ?, trace = ?, ended_at = ?"
        " WHERE id = ? AND status = 'running'",
        *(answer, last_event, trace, at, turn_id),
    )
    return bool(changed)


def accept(tx: Transaction, new: NewTurn) -> AcceptedTurn:
    """Stores the customer's message and its turn, in a conversation of theirs or a new one.

    Raises NotFound when the conversation is not this customer's, Invalid when it is another persona's.
    """
    if new.client_message_id:
        before = repeated(tx, new.user_id, new.client_message_id, new.body_digest)
        if before:
            return before
    seq = _begin_conversation(tx, new) if new.is_new else _continue_conversation(tx, new)
    tx.run(
        "INSERT INTO turn(id, conversation_id, user_id, seq, client_message_id, body_digest, status,"
        " persona_version, fingerprint, model, last_event, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, 0, ?)",
        *(new.turn_id, new.conversation_id, new.user_id, seq, new.client_message_id, new.body_digest),
        *(new.persona_version, new.fingerprint, new.model, new.at),
    )
    tx.run(
        "INSERT INTO message(id, conversation_id, turn_id, turn_seq, part, role, text, images, at)"
        " VALUES (?, ?, ?, ?, 0, 'customer', ?, '[]', ?)",
        *(new.message_id, new.conversation_id, new.turn_id, seq, new.text, new.at),
    )
    return AcceptedTurn(new.turn_id, new.message_id, new.conversation_id, seq, new.persona_version, new.model)


def _begin_conversation(tx: Transaction, new: NewTurn) -> int:
    tx.run(
        "INSERT INTO conversation(id, user_id, persona, channel, locale, timezone, test, status, turns, state,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', 1, '{}', ?, ?)",
        *(new.conversation_id, new.user_id, new.persona, new.channel, new.locale, new.timezone),
        *(new.test, new.at, new.at),
    )
    return 1


def _continue_conversation(tx: Transaction, new: NewTurn) -> int:
    row = tx.row(
        "UPDATE conversation SET turns = turns + 1, updated_at = ? WHERE id = ? AND user_id = ?"
        " RETURNING turns, persona, test",
        *(new.at, new.conversation_id, new.user_id),
    )
    if row is None:
        raise NotFound("There is no conversation of that id.")
    if row[1] != new.persona:
        raise Invalid(f"This conversation is with `{row[1]}`, not `{new.persona}`.")
    if bool(row[2]) != new.test:
        kind = "a test chat" if row[2] else "a customer's conversation"
        raise Invalid(f"This conversation is {kind}; begin a new one for the other kind.")
    return int(row[0])


def history(tx: Transaction, conversation_id: str, before_seq: int) -> list[StoredMessage]:
    """The last messages of the turns before that one, oldest first."""
    rows = tx.rows(
        "SELECT id, turn_id, role, text, images, at FROM message WHERE conversation_id = ? AND turn_seq < ?"
        " ORDER BY turn_seq DESC, part DESC LIMIT ?",
        *(conversation_id, before_seq, HISTORY_MESSAGES),
    )
    return [StoredMessage(*row) for row in reversed(rows)]


def place_of(tx: Transaction, turn_id: str, user_id: str) -> tuple[str, int] | None:
    """(conversation, place in it) of a customer's turn."""
    row = tx.row("SELECT conversation_id, seq FROM turn WHERE id = ? AND user_id = ?", turn_id, user_id)
    return (row[0], row[1]) if row else None


def planner_state(
    tx: Transaction, conversation_id: str, seq: int, user_id: str, persona: str, test: bool
) -> tuple[str, bool]:
    """The planner's memory at that turn as JSON, and whether it comes from the conversation before this one."""
    if seq > 1:
        row = tx.row("SELECT state FROM conversation WHERE id = ?", conversation_id)
        if row and row[0] != "{}":
            return str(row[0]), False
    before = tx.row(
        "SELECT state FROM conversation WHERE user_id = ? AND persona = ? AND test = ? AND id <> ?"
        " AND state <> '{}' ORDER BY updated_at DESC LIMIT 1",
        *(user_id, persona, test, conversation_id),
    )
    return (str(before[0]), True) if before else ("{}", True)


def latest_state(tx: Transaction, user_id: str, persona: str, test: bool) -> str:
    """The planner's memory of a customer's newest conversation with a persona, as JSON."""
    row = tx.row(
        "SELECT state FROM conversation WHERE user_id = ? AND persona = ? AND test = ? AND state <> '{}'"
        " ORDER BY updated_at DESC LIMIT 1",
        *(user_id, persona, test),
    )
    return str(row[0]) if row else "{}"


def asks_of(tx: Transaction, user_id: str, persona: str, test: bool) -> list[tuple[str, str]]:
    """(answer as JSON, when) of the turns that may have asked a customer for a field, oldest first."""
    rows = tx.rows(
        "SELECT t.answer, t.ended_at FROM conversation c JOIN turn t ON t.conversation_id = c.id"
        " WHERE c.user_id = ? AND c.persona = ? AND c.test = ? AND t.status = 'done'"
        " AND t.answer LIKE '%\"ASK\"%' ORDER BY t.ended_at",
        *(user_id, persona, test),
    )
    return [(row[0], row[1]) for row in rows]


def finish(tx: Transaction, done: DoneTurn) -> bool:
    """Stores the answer. False when the turn is gone: the person was erased while it ran."""
    changed = tx.run(
        "UPDATE turn SET status = 'done', answer = ?, last_event = ?, trace = ?, model = ?,"
        " persona_version = ?, fingerprint = ?, before = ?, ended_at = ? WHERE id = ? AND status = 'running'",
        *(done.answer, done.last_event, done.trace, done.model, done.persona_version, done.fingerprint),
        *(done.before, done.at, done.turn_id),
    )
    if not changed:
        return False
    if done.text is not None:
        tx.run(
            "INSERT INTO message(id, conversation_id, turn_id, turn_seq, part, role, text, images, at)"
            " VALUES (?, ?, ?, ?, 1, 'assistant', ?, '[]', ?)",
            *(done.message_id, done.conversation_id, done.turn_id, done.seq, done.text, done.at),
        )
    tx.run(
        "UPDATE conversation SET state = ?, persona_version = ?, updated_at = ? WHERE id = ?",
        *(done.state, done.persona_version, done.at, done.conversation_id),
    )
    return True


def fail(tx: Transaction, turn_id: str, answer: str, at: str, before: str | None = None) -> None:
    """Marks a turn as failed, so that it is not taken for one that a crash cut."""
    tx.run(
        "UPDATE turn SET status = 'failed', answer = ?, before = ?, ended_at = ? WHERE id = ? AND status = 'running'",
        *(answer, before, at, turn_id),
    )


def resume_failed(tx: Transaction, turn_id: str) -> None:
    """Sets a failed turn running again, for the customer who sends the same message once more."""
    tx.run("UPDATE turn SET status = 'running', answer = NULL WHERE id = ? AND status = 'failed'", turn_id)


def stored_end(tx: Transaction, turn_id: str, owner: Owner) -> tuple[str, str | None, int, str] | None:
    """(status, answer, id of its last event, conversation) of a turn that the owner may see."""
    condition, params = owner.where()
    row = tx.row(
        f"SELECT status, answer, last_event, conversation_id FROM turn WHERE id = ? AND {condition}",  # noqa: S608
        *(turn_id, *params),
    )
    return (row[0], row[1], row[2], row[3]) if row else None


def add_calls(tx: Transaction, calls: Sequence[CallRow]) -> None:
    """Writes the door's audit of a turn."""
    tx.run_many(
        "INSERT INTO plugin_call(id, turn_id, conversation_id, user_id, plugin, function, forced, effect,"
        " trust, status, arguments, error, milliseconds, bytes, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [astuple(call) for call in calls],
    )
