"""Storage: the server's tables, migrations, and every statement on them.

Queries for a conversation, turn or lead take the caller and cannot return another's. Nothing above this room
writes SQL of its own on these tables, and nothing here knows of HTTP, models or personas.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from server.errors import WrongSetting
from server.storage.database import Database, Transaction, make_engine
from server.storage.ids import new_id
from server.storage.migrate import upgrade

__all__ = ["Database", "Transaction", "new_id", "open_database", "upgrade"]

_NOT_THERE = (sa.exc.OperationalError, sa.exc.DatabaseError)  # the latter: a file that is no database


def open_database(url: str) -> Database:
    """Connects, migrates, and starts readers and writers. Raises WrongSetting with one clear line."""
    engine = make_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
        upgrade(engine)
    except (sa.exc.DatabaseError, OSError) as error:
        if isinstance(error, sa.exc.DatabaseError) and type(error) not in _NOT_THERE:
            raise
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        where = engine.url.render_as_string(hide_password=True)
        raise WrongSetting(f"The database {where} cannot be opened: {reason}") from None
    return Database(engine)
