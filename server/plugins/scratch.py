"""What test chats wrote: kept for their conversation alone and laid over the real row when it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from server.plugins.types import Bound
from server.storage import Transaction


def key_text(key: Sequence[Any]) -> str:
    """The key of a row as one text."""
    return json.dumps(list(key), ensure_ascii=False)


def overlay(tx: Transaction, bound: Bound, plugin: str, key: Sequence[Any]) -> dict[str, Any]:
    """What that conversation's test wrote to the row."""
    sql = 'SELECT data FROM scratch WHERE conversation_id = ? AND plugin = ? AND "key" = ?'
    found = tx.row(sql, bound.conversation_id, plugin, key_text(key))
    data: dict[str, Any] = json.loads(found[0]) if found else {}
    return data


def keep(tx: Transaction, bound: Bound, plugin: str, key: Sequence[Any], given: Mapping[str, Any]) -> None:
    """Adds to what the test wrote."""
    data = json.dumps({**overlay(tx, bound, plugin, key), **given}, ensure_ascii=False)
    tx.run(
        'INSERT INTO scratch (conversation_id, plugin, "key", data) VALUES (?, ?, ?, ?) '
        'ON CONFLICT (conversation_id, plugin, "key") DO UPDATE SET data = excluded.data',
        *(bound.conversation_id, plugin, key_text(key), data),
    )


def forget(tx: Transaction, plugin: str, key: Sequence[Any]) -> None:
    """Drops what any test wrote to that row."""
    tx.run('DELETE FROM scratch WHERE plugin = ? AND "key" = ?', plugin, key_text(key))
