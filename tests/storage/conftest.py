"""Databases of each dialect, opened as the server opens them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.storage import Database, open_database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()
