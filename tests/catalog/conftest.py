"""A real catalog over real folders and a SQLite file; the studio's tests run on PostgreSQL too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.storage import Database, open_database
from tests.catalog.house import CRM, PERSONA, PROFILE, House, write


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'rapport.db'}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def house(tmp_path: Path, database: Database) -> House:
    """An installation with one persona, its knowledge, and its table plugin."""
    made = House(tmp_path, database)
    made.persona(PERSONA)
    write(made.personas / "knowledge" / "pricing.md", "# Prices\n\nThe starter plan costs 49 dollars a month.\n")
    made.plugin(PROFILE, "customer_profile.yaml")
    made.plugin(CRM, "crm.yaml")
    return made
