"""The audit: who did what and who looked at what, without the personal data itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from server.storage.database import Transaction
from server.storage.paging import Paging, contains, decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line. `object` names the thing that was changed or looked at."""

    id: str
    at: str
    actor: str
    action: str
    object: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the audit is narrowed to. `since` and `until` are RFC 3339 in UTC."""

    q: str | None = None
    actor: str | None = None
    action: str | None = None
    since: str | None = None
    until: str | None = None


def look(tx: Transaction, actor: str, action: str, thing: str, at: str) -> None:
    """Notes that somebody looked at a thing: one line for each of them and hour."""
    named = "\n".join((actor, action, thing, at[:13]))
    tx.run(
        "INSERT INTO audit(id, actor, action, object, detail, at) VALUES (?, ?, ?, ?, '', ?)"
        " ON CONFLICT (id) DO NOTHING",
        *("ul_" + hashlib.sha256(named.encode()).hexdigest()[:40], actor, action, thing, at),
    )


def page(tx: Transaction, narrow: AuditFilter, paging: Paging) -> tuple[list[AuditLine], str | None, int]:
    """(lines, next cursor, total), the newest first."""
    where, params = _conditions(tx, narrow)
    total = tx.row(f"SELECT count(*) FROM audit WHERE {where}", *params)  # noqa: S608
    if paging.cursor:
        at, line = decode_cursor(paging.cursor)
        where += " AND (at < ? OR (at = ? AND id < ?))"
        params += [at, at, line]
    rows = tx.rows(
        f"SELECT id, at, actor, action, object, detail FROM audit WHERE {where}"  # noqa: S608
        " ORDER BY at DESC, id DESC LIMIT ? OFFSET ?",
        *(*params, paging.limit + 1, paging.offset),
    )
    found = [AuditLine(*row) for row in rows[: paging.limit]]
    more = len(rows) > paging.limit and paging.number is None
    return found, encode_cursor(found[-1].at, found[-1].id) if more else None, int(total[0]) if total else 0


def _conditions(tx: Transaction, narrow: AuditFilter) -> tuple[str, list[object]]:
    parts, params = ["1=1"], list[object]()
    given = (
        ("actor = ?", narrow.actor),
        ("action = ?", narrow.action),
        ("at >= ?", narrow.since),
        ("at < ?", narrow.until),
    )
    for condition, value in given:
        if value:
            parts.append(condition)
            params.append(value)
    if narrow.q:
        found = [contains(tx.dialect, column, narrow.q) for column in ("actor", "action", "object", "detail")]
        parts.append(f"({' OR '.join(condition for condition, _ in found)})")
        params += [mark for _, marks in found for mark in marks]
    return " AND ".join(parts), params
