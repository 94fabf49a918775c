"""The audit of the door, as it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from server.storage.database import Transaction
from server.storage.paging import decode_cursor, encode_cursor

_COLUMNS = (
    "id, turn_id, conversation_id, function, forced, effect, trust, status, arguments, error, milliseconds, bytes, at"
)


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call of a plugin; `arguments` is bounded JSON."""

    id: str
    turn_id: str | None
    conversation_id: str | None
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

    def document(self) -> dict[str, Any]:
        """In the API's shape."""
        try:
            arguments: Any = orjson.loads(self.arguments)
        except orjson.JSONDecodeError:
            arguments = self.arguments
        return {
            "id": self.id,
            "turn_id": self.turn_id,
            "conversation_id": self.conversation_id,
            "function": self.function,
            "forced": bool(self.forced),
            "effect": self.effect,
            "trust": self.trust,
            "status": self.status,
            "arguments": arguments,
            "error": self.error,
            "milliseconds": self.milliseconds,
            "bytes": self.bytes,
            "at": self.at,
        }


def page(tx: Transaction, plugin: str, limit: int, cursor: str | None) -> tuple[list[CallLine], str | None]:
    """(calls of a plugin, next cursor), newest first."""
    where = "plugin = ?"
    params: list[object] = [plugin]
    if cursor:
        at, row_id = decode_cursor(cursor)
        where += " AND (at < ? OR (at = ? AND id < ?))"
        params += [at, at, row_id]
    rows = [
        CallLine(*row)
        for row in tx.rows(
            f"SELECT {_COLUMNS} FROM plugin_call WHERE {where} ORDER BY at DESC, id DESC LIMIT ?",  # noqa: S608
            *(*params, limit + 1),
        )
    ]
    more = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], encode_cursor(more.at, more.id) if more else None


def made(tx: Transaction, conversation_id: str, plugin: str, function: str) -> int:
    """How often a function was called in a conversation and not refused."""
    row = tx.row(
        "SELECT count(*) FROM plugin_call WHERE conversation_id = ? AND plugin = ? AND function = ?"
        " AND status NOT IN ('refused', 'waiting')",
        *(conversation_id, plugin, function),
    )
    return int(row[0]) if row else 0
