"""Brings a database to the newest schema. Each start does; so does `rapport db upgrade`."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from server.errors import WrongSetting
from server.storage.database import connected

HEAD = "0007"
_FOLDER = Path(__file__).with_name("migrations")


def upgrade(engine: sa.Engine, to: str = "head") -> bool:
    """Runs the migrations that are missing; True when there were any.

    Raises WrongSetting when the database was made by a newer version of the server.
    """
    if to == "head" and _at(engine) == HEAD:
        return False
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    with connected(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(727401)"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, to)
        except CommandError as error:
            raise WrongSetting(f"The database was made by a newer version of Rapport ({error}).") from None
    return True


def _at(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return str(found) if found is not None else None
