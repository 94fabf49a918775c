"""Customers, accounts, credentials and the audit."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from server.storage.database import Transaction
from server.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A live credential. `subject` is a customer's id, an account's id, or a key's own id.

    `personas` are those that a key is for; None means all.
    """

    digest: str
    kind: str
    subject: str
    role: str
    name: str
    trust: str
    personas: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """Who a customer is and how they came."""

    id: str
    trust: str
    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    channel: str | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A person of the house."""

    id: str
    email: str
    role: str


def add_credential(tx: Transaction, row: CredentialRow, *, created_at: str, expires_at: str | None = None) -> None:
    """Stores a credential under its digest."""
    personas = orjson.dumps(row.personas).decode() if row.personas is not None else None
    tx.run(
        "INSERT INTO credential(digest, kind, subject, role, name, trust, personas, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(row.digest, row.kind, row.subject, row.role, row.name, row.trust, personas, created_at, expires_at),
    )


def credential(tx: Transaction, digest: str, now: str) -> CredentialRow | None:
    """The credential of that digest if it is neither ended nor expired."""
    row = tx.row(
        "SELECT digest, kind, subject, role, name, trust FROM credential"
        " WHERE digest = ? AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
        *(digest, now),
    )
    return CredentialRow(*row) if row else None


def credential_with_customer(
    tx: Transaction, digest: str, now: str
) -> tuple[CredentialRow, str | None, str | None, str | None] | None:
    """`credential`, with locale, zone and channel of the customer who holds it."""
    row = tx.row(
        "SELECT c.digest, c.kind, c.subject, c.role, c.name, c.trust, p.locale, p.timezone, p.channel, c.personas"
        " FROM credential c LEFT JOIN customer p ON p.id = c.subject AND c.kind = 'visitor'"
        " WHERE c.digest = ? AND c.ended_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > ?)",
        *(digest, now),
    )
    if row is None:
        return None
    personas = tuple(orjson.loads(row[9])) if row[9] else None
    return CredentialRow(row[0], row[1], row[2], row[3], row[4], row[5], personas), row[6], row[7], row[8]


def end_credential(tx: Transaction, digest: str, now: str) -> bool:
    """Ends a credential; True when it was live."""
    return tx.run("UPDATE credential SET ended_at = ? WHERE digest = ? AND ended_at IS NULL", now, digest) > 0


def end_credentials_of(tx: Transaction, subject: str, kind: str, now: str) -> None:
    """Ends all credentials of one kind that somebody holds."""
    tx.run(
        "UPDATE credential SET ended_at = ? WHERE subject = ? AND kind = ? AND ended_at IS NULL",
        *(now, subject, kind),
    )


def replace_named_key(tx: Transaction, row: CredentialRow, *, created_at: str) -> None:
    """Makes `row` the only live key of its name, whatever its token was before."""
    kept = tx.row(
        "SELECT 1 FROM credential WHERE digest = ? AND kind = 'key' AND name = ? AND role = ? AND ended_at IS NULL",
        *(row.digest, row.name, row.role),
    )
    if kept is None:
        tx.run("DELETE FROM credential WHERE digest = ?", row.digest)
        add_credential(tx, row, created_at=created_at)
    tx.run("DELETE FROM credential WHERE kind = 'key' AND name = ? AND digest <> ?", row.name, row.digest)


def put_customer(tx: Transaction, row: CustomerRow, at: str) -> None:
    """Adds a customer, or brings trust, name, locale and zone of a known one up to date."""
    tx.run(
        "INSERT INTO customer(id, trust, name, locale, timezone, channel, page, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET trust = excluded.trust,"
        " name = coalesce(excluded.name, customer.name), locale = coalesce(excluded.locale, customer.locale),"
        " timezone = coalesce(excluded.timezone, customer.timezone)",
        *(row.id, row.trust, row.name, row.locale, row.timezone, row.channel, row.page, at),
    )


def customer(tx: Transaction, user_id: str) -> CustomerRow | None:
    """The customer of that id."""
    row = tx.row("SELECT id, trust, name, locale, timezone, channel, page FROM customer WHERE id = ?", user_id)
    return CustomerRow(*row) if row else None


def remove_customer(tx: Transaction, user_id: str) -> None:
    """Forgets a visitor who has become somebody else."""
    tx.run("DELETE FROM customer WHERE id = ?", user_id)


def put_account(tx: Transaction, email: str, role: str | None, at: str) -> AccountRow:
    """The account of that address, made when there is none; a given role is set."""
    found = account_by_email(tx, email)
    if found is None:
        back = tx.row("SELECT id FROM account WHERE email = ? AND disabled_at IS NOT NULL", email)
        if back:
            again = AccountRow(back[0], email, role or "admin")
            tx.run("UPDATE account SET role = ?, disabled_at = NULL WHERE id = ?", again.role, again.id)
            return again
        made = AccountRow(new_id("a"), email, role or "admin")
        tx.run(
            "INSERT INTO account(id, email, role, created_at) VALUES (?, ?, ?, ?)",
            *(made.id, made.email, made.role, at),
        )
        return made
    if role and role != found.role:
        tx.run("UPDATE account SET role = ? WHERE id = ?", role, found.id)
        return AccountRow(found.id, found.email, role)
    return found


def is_stranger(tx: Transaction, email: str) -> bool:
    """Whether there are accounts, and none of that address."""
    return account_by_email(tx, email) is None and tx.row("SELECT 1 FROM account LIMIT 1") is not None


def account_by_email(tx: Transaction, email: str) -> AccountRow | None:
    """The account of that address."""
    row = tx.row("SELECT id, email, role FROM account WHERE email = ? AND disabled_at IS NULL", email)
    return AccountRow(*row) if row else None


def account(tx: Transaction, account_id: str) -> AccountRow | None:
    """The account of that id, unless it is disabled."""
    row = tx.row("SELECT id, email, role FROM account WHERE id = ? AND disabled_at IS NULL", account_id)
    return AccountRow(*row) if row else None


def note(tx: Transaction, actor: str, action: str, thing: str, at: str, detail: str = "") -> None:
    """Writes a line of the audit."""
    tx.run(
        "INSERT INTO audit(id, actor, action, object, detail, at) VALUES (?, ?, ?, ?, ?, ?)",
        *(new_id("u"), actor, action, thing, detail, at),
    )
