"""Work that turns left over never keeps a customer waiting, and is done all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from server.clock import SYSTEM
from server.outbox import Worker
from server.storage import Database, open_database, outbox

NO_ROOM: Any = None
"""For rooms that work of an unknown kind never enters."""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def leave_work(database: Database, pieces: int = 1) -> None:
    for _ in range(pieces):
        database.write_now(lambda tx: outbox.add(tx, "unheard of", "v_1", "{}", "2026-01-01T00:00:00Z"))


def tries(database: Database) -> list[int]:
    return [row[0] for row in database.read_now(lambda tx: tx.rows("SELECT attempts FROM outbox"))]


async def test_work_waits_until_no_turn_is_under_way(database: Database) -> None:
    leave_work(database)
    looked, under_way = asyncio.Event(), [True]

    def busy() -> bool:
        looked.set()
        return under_way[0]

    worker = Worker(database, NO_ROOM, NO_ROOM, NO_ROOM, SYSTEM, busy)
    round_of_work = asyncio.create_task(worker.once())
    await looked.wait()
    assert tries(database) == [0]
    under_way[0] = False
    assert await round_of_work
    assert tries(database) == [1]


async def test_a_server_that_is_always_busy_does_its_work_too(database: Database) -> None:
    leave_work(database, 3)
    looks = 0

    def busy() -> bool:
        nonlocal looks
        looks += 1
        return True

    worker = Worker(database, NO_ROOM, NO_ROOM, NO_ROOM, SYSTEM, busy, hold_seconds=0.1)
    assert await worker.once()
    assert tries(database) == [1, 1, 1]
    assert looks == 2
