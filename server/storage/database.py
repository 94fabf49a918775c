"""One door to the database: readers, and writers that make what they did durable before they return.

SQLite has one writer thread that groups commits: works that wait while one commit is written share the next
one, each in its own savepoint, and all of them are told only after it. PostgreSQL has a few writer threads
with a connection each. The same statements serve both; `?` stands for a parameter.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from server.errors import Unavailable, WrongSetting

T = TypeVar("T")
Work = Callable[["Transaction"], T]
_POSTGRES = re.compile(r"^postgres(ql)?(\+psycopg)?://")
_GROUP = 64


@lru_cache(maxsize=1000)
def _percent(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class Transaction:
    """One transaction: written-out statements for the turn, SQLAlchemy and SQLModel for everything else."""

    def __init__(self, connection: sa.Connection, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self._raw: Any = connection.connection.driver_connection
        self._session: Session | None = None

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """All rows of a statement whose parameters are `?`."""
        return cast("list[tuple[Any, ...]]", self._cursor(sql, params).fetchall())

    def row(self, sql: str, *params: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        return cast("tuple[Any, ...] | None", self._cursor(sql, params).fetchone())

    def run(self, sql: str, *params: Any) -> int:
        """Executes a statement; the number of rows it changed."""
        return int(self._cursor(sql, params).rowcount)

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Executes a statement once for each row of parameters."""
        if not rows:
            return
        if self.dialect == "sqlite":
            self._raw.executemany(sql, rows)
        else:
            with self._raw.cursor() as cursor:
                cursor.executemany(_percent(sql), rows)

    def execute(self, statement: sa.Executable, params: Any = None) -> sa.CursorResult[Any]:
        """A SQLAlchemy Core statement on the same transaction."""
        return cast("sa.CursorResult[Any]", self.connection.execute(statement, params))

    @property
    def session(self) -> Session:
        """A SQLModel session on the same transaction; what it holds is flushed before the commit."""
        if self._session is None:
            self._session = Session(self.connection, join_transaction_mode="create_savepoint")
        return self._session

    def lock(self, name: str) -> None:
        """Makes writers of one name wait for each other until the commit. On SQLite all writers do anyway."""
        if self.dialect != "sqlite":
            self.run("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", name)

    def finish(self) -> None:
        """Flushes the session, if one was used."""
        if self._session is not None:
            self._session.commit()
            self._session.close()
            self._session = None

    def abandon(self) -> None:
        """Drops what the session held."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _cursor(self, sql: str, params: Sequence[Any]) -> Any:
        return self._raw.execute(sql if self.dialect == "sqlite" else _percent(sql), params)


class _Worker(threading.Thread):
    """A thread with a connection of its own that takes works from a queue."""

    def __init__(self, database: Database, works: queue.SimpleQueue[Any], *, name: str, write: bool) -> None:
        super().__init__(name=name, daemon=True)
        self.database, self.works, self.write = database, works, write
        self.connection: sa.Connection | None = None

    def run(self) -> None:
        while True:
            item = self.works.get()
            if item is None:
                break
            self._serve(item)
        self._drop()

    def _serve(self, item: tuple[Work[Any], Future[Any]]) -> None:
        group = [item]
        if self.write and self.database.dialect == "sqlite":
            with contextlib.suppress(queue.Empty):
                while len(group) < _GROUP:
                    more = self.works.get_nowait()
                    if more is None:
                        self.works.put(None)
                        break
                    group.append(more)
        try:
            outcomes = self._transact([work for work, _ in group])
        except Exception as error:
            cause = error.cause if isinstance(error, _Refused) else error
            if cause is error or _is_operational(cause):
                self._drop()
            outcomes = [(None, _as_unavailable(cause))] * len(group)
        for (_, future), (value, fault) in zip(group, outcomes, strict=True):
            if fault is not None:
                future.set_exception(fault)
            else:
                future.set_result(value)

    def _transact(self, works: list[Work[Any]]) -> list[tuple[Any, BaseException | None]]:
        if self.connection is None or self.connection.invalidated:
            self._drop()
            self.connection = self.database.engine.connect()
        connection = self.connection
        outcomes: list[tuple[Any, BaseException | None]] = []
        with connection.begin():
            tx = Transaction(connection, self.database.dialect)
            alone = len(works) == 1
            for work in works:
                try:
                    outcomes.append((self._one(tx, work, alone), None))
                except _Broken as broken:
                    raise broken.cause from None
                except Exception as error:
                    if alone:
                        raise _Refused(error) from error
                    outcomes.append((None, error))
        return outcomes

    def _one(self, tx: Transaction, work: Work[Any], alone: bool) -> Any:
        if alone:
            try:
                value = work(tx)
                tx.finish()
            except Exception:
                tx.abandon()
                raise
            return value
        tx.run("SAVEPOINT work")
        try:
            value = work(tx)
            tx.finish()
        except Exception as error:
            tx.abandon()
            try:
                tx.run("ROLLBACK TO work")
                tx.run("RELEASE work")
            except Exception:
                raise _Broken(error) from error
            raise
        tx.run("RELEASE work")
        return value

    def _drop(self) -> None:
        if self.connection is not None:
            with contextlib.suppress(Exception):
                self.connection.invalidate()
                self.connection.close()
            self.connection = None


class _Broken(Exception):
    """The whole transaction is lost, not one work of it."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


class _Refused(Exception):
    """A single work failed: its transaction is rolled back and its own error is handed on."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


def _as_unavailable(error: BaseException) -> BaseException:
    """Errors of the database itself as 503; the caller's own errors as they are."""
    if not _is_operational(error):
        return error
    words = "The database does not answer at the moment; nothing was stored. Try again shortly."
    return Unavailable(words, retry_after=1).with_traceback(error.__traceback__)


def _is_operational(error: BaseException) -> bool:
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError):
        return True
    names = {kind.__name__ for kind in type(error).__mro__}  # of sqlite3 and of psycopg, which is not always there
    return not names.isdisjoint(("OperationalError", "InterfaceError")) or isinstance(error, OSError)


class Database:
    """Readers and writers over one engine. Close it to let the last commits out."""

    def __init__(self, engine: sa.Engine, *, readers: int = 2, writers: int = 4) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._reads: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._writes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        writers = 1 if self.dialect == "sqlite" else writers
        self._workers = [_Worker(self, self._writes, name=f"writer-{n}", write=True) for n in range(writers)] + [
            _Worker(self, self._reads, name=f"reader-{n}", write=False) for n in range(readers)
        ]
        self._counts = (writers, readers)
        for worker in self._workers:
            worker.start()

    async def read(self, work: Work[T]) -> T:
        """Runs `work` on a reader's thread, in a snapshot of its own.

        Raises Unavailable when the database is away.
        """
        return await asyncio.wrap_future(self._put(self._reads, work))

    async def write(self, work: Work[T]) -> T:
        """Runs `work` in a transaction that is durable when this returns; whatever it raises undoes it all.

        A caller that is cancelled does not undo it: once queued, the work is done.
        """
        return await asyncio.wrap_future(self._put(self._writes, work))

    def read_now(self, work: Work[T]) -> T:
        """`read` for start-up and commands: blocks."""
        return self._put(self._reads, work).result()

    def write_now(self, work: Work[T]) -> T:
        """`write` for start-up and commands: blocks."""
        return self._put(self._writes, work).result()

    async def compact(self) -> None:
        """On SQLite, empties the write-ahead log, so that erased rows are in no file any more."""
        if self.dialect == "sqlite":
            await asyncio.to_thread(self._checkpoint)

    def _checkpoint(self) -> None:
        raw = self.engine.raw_connection()
        try:
            raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        finally:
            raw.close()

    def close(self) -> None:
        """Finishes what is queued, then closes every connection."""
        writers, readers = self._counts
        for _ in range(writers):
            self._writes.put(None)
        for _ in range(readers):
            self._reads.put(None)
        for worker in self._workers:
            worker.join(timeout=30)
        self.engine.dispose()

    def _put(self, works: queue.SimpleQueue[Any], work: Work[T]) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        works.put((work, future))
        return future


def make_engine(url: str) -> sa.Engine:
    """An engine for SQLite or PostgreSQL; raises WrongSetting on any other address."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise WrongSetting(
            "RAPPORT_DATABASE_URL is not a database address such as postgresql://user@host/name"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if _POSTGRES.match(url):
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=12, pool_pre_ping=True)
    raise WrongSetting(
        f"RAPPORT_DATABASE_URL: `{parsed.get_backend_name()}` is not supported; use sqlite:///FILE or postgresql://…"
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise WrongSetting("RAPPORT_DATABASE_URL needs a file, such as sqlite:////var/lib/rapport/rapport.db")
    engine = sa.create_engine(
        url.set(drivername="sqlite"),
        poolclass=NullPool,
        connect_args={"check_same_thread": False, "timeout": 10},
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=10000")
        # SQLite's own knows ASCII alone, and a search has to find what PostgreSQL would
        connection.create_function("lower", 1, lambda text: text and str(text).lower(), deterministic=True)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        write = threading.current_thread().name.startswith("writer")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextlib.contextmanager
def connected(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A plain connection for DDL and migrations, in a transaction."""
    with engine.begin() as connection:
        yield connection
