"""The audit of the door, as it is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from server.storage.database import Transaction
from server.storage.paging import decode_cursor, encode_cursor

MOST_COUNTED = 20_000
"""Figures are of so many calls at most, the newest."""
_COLUMNS = (
    "id, turn_id, conversation_id, user_id, function, forced, effect, trust, status, arguments, error,"
    " milliseconds, bytes, at"
)


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call of a plugin; `arguments` is bounded JSON."""

    id: str
    turn_id: str | None
    conversation_id: str | None
    user_id: str
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
            "user_id": self.user_id,
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


@dataclass(frozen=True, slots=True)
class Figures:
    """How calls went. `calls` reached the service and `failed` of them brought nothing; `refused` did not get there.

    Times in milliseconds, of calls that were not answered from the cache; None where there is none.
    """

    calls: int
    failed: int
    refused: int
    p50_ms: float | None
    p95_ms: float | None

    def document(self) -> dict[str, Any]:
        """In the API's shape."""
        return {
            "calls": self.calls,
            "failed": self.failed,
            "refused": self.refused,
            "error_rate": round(self.failed / self.calls, 4) if self.calls else None,
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
        }


def figures(tx: Transaction, plugin: str, since: str) -> tuple[Figures, dict[str, Figures]]:
    """(all functions together, each function by its name) of the calls since that time."""
    rows = tx.rows(
        "SELECT function, status, milliseconds FROM plugin_call WHERE plugin = ? AND at >= ?"
        " ORDER BY at DESC, id DESC LIMIT ?",
        *(plugin, since, MOST_COUNTED),
    )
    each: dict[str, list[tuple[str, float]]] = {}
    for function, status, milliseconds in rows:
        each.setdefault(function, []).append((status, milliseconds))
    together = [one for many in each.values() for one in many]
    return _figures(together), {function: _figures(many) for function, many in sorted(each.items())}


def _figures(calls: Sequence[tuple[str, float]]) -> Figures:
    went = [(status, took) for status, took in calls if status in ("ok", "failed", "timeout")]
    times = sorted(took for _, took in went if took > 0)
    failed = sum(status != "ok" for status, _ in went)
    refused = sum(status == "refused" for status, _ in calls)
    return Figures(len(went), failed, refused, _percentile(times, 0.5), _percentile(times, 0.95))


def _percentile(times: Sequence[float], share: float) -> float | None:
    """The nearest rank of sorted times."""
    return round(times[max(0, math.ceil(share * len(times)) - 1)], 1) if times else None


def page(
    tx: Transaction, plugin: str, limit: int, cursor: str | None, function: str | None = None
) -> tuple[list[CallLine], str | None]:
    """(calls of a plugin, or of one function of it, next cursor), newest first."""
    where = "plugin = ?"
    params: list[object] = [plugin]
    if function:
        where += " AND function = ?"
        params.append(function)
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
