"""People of the house with their sessions, and the keys of programs, as administrators see them."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from server.errors import Conflict, NotFound
from server.storage.database import Transaction
from server.storage.people import AccountRow, account

_ID = 32  # signs of the digest that name a session
_LIVE = "ended_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


@dataclass(frozen=True, slots=True)
class AccountInFull:
    """A person of the house. `sessions` are those open now; `invited_until` is when a link not used yet runs out."""

    id: str
    email: str
    role: str
    created_at: str
    last_signin_at: str | None
    sessions: int
    invited_until: str | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key without the key. `personas` None means all."""

    id: str
    name: str
    role: str
    trust: str
    personas: tuple[str, ...] | None
    created_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One open session of a person."""

    id: str
    account_id: str
    email: str
    created_at: str
    used_at: str | None
    expires_at: str | None


def everyone(tx: Transaction, now: str) -> list[AccountInFull]:
    """The people who may sign in, by e-mail."""
    opened = "FROM credential c WHERE c.subject = a.id AND c.kind"
    columns = (
        "a.id, a.email, a.role, a.created_at",
        f"(SELECT max(c.created_at) {opened} = 'session')",
        f"(SELECT count(*) {opened} = 'session' AND {_LIVE})",
        f"(SELECT max(c.expires_at) {opened} = 'signin' AND {_LIVE})",
    )
    rows = tx.rows(
        f"SELECT {', '.join(columns)} FROM account a WHERE a.disabled_at IS NULL ORDER BY a.email, a.id",  # noqa: S608
        *(now, now),
    )
    return [AccountInFull(*row) for row in rows]


def was_removed(tx: Transaction, email: str) -> bool:
    """Whether the house has taken the account of that address away."""
    return tx.row("SELECT 1 FROM account WHERE email = ? AND disabled_at IS NOT NULL", email) is not None


def found(tx: Transaction, account_id: str) -> AccountRow:
    """The account of that id, or NotFound."""
    row = account(tx, account_id)
    if row is None:
        raise NotFound("There is no person of that id.")
    return row


def set_role(tx: Transaction, account_id: str, role: str) -> AccountRow:
    """Changes a person's role; Conflict for the last administrator's."""
    before = _one_of_several(tx, account_id, goes=role != "admin")
    tx.run("UPDATE account SET role = ? WHERE id = ?", role, account_id)
    return AccountRow(before.id, before.email, role)


def remove(tx: Transaction, account_id: str, now: str) -> AccountRow:
    """Takes a person's account away, with sessions and links; Conflict for the last administrator's."""
    before = _one_of_several(tx, account_id, goes=True)
    tx.run("UPDATE account SET disabled_at = ? WHERE id = ?", now, account_id)
    tx.run(
        "UPDATE credential SET ended_at = ? WHERE subject = ? AND kind IN ('session', 'signin') AND ended_at IS NULL",
        *(now, account_id),
    )
    return before


def _one_of_several(tx: Transaction, account_id: str, *, goes: bool) -> AccountRow:
    tx.lock("accounts")
    before = found(tx, account_id)
    others = "SELECT 1 FROM account WHERE role = 'admin' AND disabled_at IS NULL AND id <> ? LIMIT 1"
    if goes and before.role == "admin" and tx.row(others, account_id) is None:
        raise Conflict("This is the last administrator; make somebody else one first.")
    return before


def keys(tx: Transaction, now: str) -> list[KeyRow]:
    """The API keys in force, the newest first."""
    columns = "subject, name, role, trust, personas, created_at, used_at"
    where = f"kind = 'key' AND {_LIVE} ORDER BY created_at DESC, subject DESC"
    rows = tx.rows(f"SELECT {columns} FROM credential WHERE {where}", now)  # noqa: S608
    return [
        KeyRow(row[0], row[1], row[2], row[3], tuple(orjson.loads(row[4])) if row[4] else None, row[5], row[6])
        for row in rows
    ]


def sessions(tx: Transaction, account_id: str | None, now: str) -> list[SessionRow]:
    """The open sessions of a person, or of all with None; the last one opened first."""
    people = "JOIN account a ON a.id = c.subject AND a.disabled_at IS NULL"
    where = "c.kind = 'session' AND c.ended_at IS NULL AND c.expires_at > ?" + (" AND a.id = ?" if account_id else "")
    rows = tx.rows(
        f"SELECT c.digest, c.subject, a.email, c.created_at, c.used_at, c.expires_at FROM credential c {people}"  # noqa: S608
        f" WHERE {where} ORDER BY c.created_at DESC, c.digest",
        *(now, *((account_id,) if account_id else ())),
    )
    return [SessionRow(session_id(row[0]), *row[1:]) for row in rows]


def session_id(digest: str) -> str:
    """By what a session is named: the beginning of its token's digest."""
    return f"s_{digest[:_ID]}"


def end_session(tx: Transaction, wanted: str, account_id: str | None, now: str) -> str:
    """Ends an open session, a person's own unless `account_id` is None; whose it was. Raises NotFound."""
    for row in sessions(tx, account_id, now):
        if row.id == wanted:
            tx.run(
                "UPDATE credential SET ended_at = ? WHERE kind = 'session' AND substr(digest, 1, 32) = ?",
                *(now, wanted[2:]),
            )
            return row.email
    raise NotFound("There is no open session of that id.")


def end_other_sessions(tx: Transaction, account_id: str, digest: str, now: str) -> int:
    """Ends the open sessions of a person but the one of that digest; how many."""
    return tx.run(
        "UPDATE credential SET ended_at = ? WHERE kind = 'session' AND subject = ? AND digest <> ?"
        " AND ended_at IS NULL AND expires_at > ?",
        *(now, account_id, digest, now),
    )


def end_key(tx: Transaction, key_id: str, now: str) -> str:
    """Ends an API key; its name. Raises NotFound."""
    row = tx.row("SELECT name FROM credential WHERE subject = ? AND kind = 'key' AND ended_at IS NULL", key_id)
    if row is None:
        raise NotFound("There is no API key of that id.")
    tx.run("UPDATE credential SET ended_at = ? WHERE subject = ? AND kind = 'key' AND ended_at IS NULL", *(now, key_id))
    return str(row[0])


def use_once(tx: Transaction, digest: str, now: str) -> bool:
    """Notes that a company sign-in was used; False when it was already."""
    made = tx.run(
        "INSERT INTO credential(digest, kind, subject, role, name, trust, created_at, expires_at)"
        " VALUES (?, 'oidc', '', '', '', '', ?, ?) ON CONFLICT (digest) DO NOTHING",
        *(digest, now, now),
    )
    return made > 0


def touch(tx: Transaction, digest: str, now: str) -> None:
    """Notes when a credential was last used."""
    tx.run("UPDATE credential SET used_at = ? WHERE digest = ?", now, digest)
