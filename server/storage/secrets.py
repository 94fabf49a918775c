"""Secrets of plugins as they are stored: encrypted, each with the hosts it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from server.storage.database import Transaction, make_engine


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One stored secret. `hosts` are hosts or `host:port` pairs."""

    name: str
    hosts: tuple[str, ...]
    ciphertext: str
    updated_at: str
    updated_by: str


def everyone(tx: Transaction) -> list[SecretRow]:
    """All of them, by name."""
    rows = tx.rows("SELECT name, hosts, ciphertext, updated_at, updated_by FROM secret ORDER BY name")
    return [SecretRow(row[0], tuple(orjson.loads(row[1])), row[2], row[3], row[4]) for row in rows]


def put(tx: Transaction, row: SecretRow) -> None:
    """Stores a secret in the place of the one of that name."""
    tx.run("DELETE FROM secret WHERE name = ?", row.name)
    tx.run(
        "INSERT INTO secret(name, hosts, ciphertext, updated_at, updated_by) VALUES (?, ?, ?, ?, ?)",
        *(row.name, orjson.dumps(row.hosts).decode(), row.ciphertext, row.updated_at, row.updated_by),
    )


def take_away(tx: Transaction, name: str) -> None:
    """Deletes it."""
    tx.run("DELETE FROM secret WHERE name = ?", name)


def names_beside(url: str) -> frozenset[str]:
    """Names of stored secrets of a database that may not be there, which is not made. Blocks."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        address = address.set(database=f"file:{address.database}", query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(address) if address.get_backend_name() == "sqlite" else make_engine(url)
    try:
        with engine.connect() as connection:
            return frozenset(connection.execute(sa.text("SELECT name FROM secret")).scalars())
    except SQLAlchemyError:
        return frozenset()  # no database, or one of an older version: nothing is stored in it
    finally:
        engine.dispose()
