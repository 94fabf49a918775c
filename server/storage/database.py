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
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from server.errors import Unavailable, WrongSetting

T = TypeVar("T")
Work = Callable[["Transaction"], T]
Outcome = tuple[Any, BaseException | None]
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
            if not self.connection.in_transaction():
                self.connection.begin()  # joins the one that has begun, so that the session cannot end it
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


class _Outages:
    """How often a server of databases was found gone: all hands then take new connections, not each at its own cost."""

    def __init__(self) -> None:
        self.seen = 0


class _Hand:
    """A connection, and how works run on it: each alone in a transaction, or several that share one."""

    def __init__(self, engine: sa.Engine, outages: _Outages, *, write: bool) -> None:
        self._engine, self._outages, self._write = engine, outages, write
        self._seen = 0
        self._dialect = engine.dialect.name
        self._connection: sa.Connection | None = None

    def serve(self, works: Sequence[Work[Any]]) -> list[Outcome]:
        """What came of each work, in order. Never raises."""
        try:
            return self._alone(works[0]) if len(works) == 1 else self._together(works)
        except Exception as error:
            self._give_up()
            return [(None, _as_unavailable(error))] * len(works)

    def look(self, work: Work[T]) -> T:
        """Runs `work` without a transaction: each statement sees its own moment."""
        connection = self._connected()
        try:
            return work(Transaction(connection, self._dialect))
        except Exception as error:
            if _is_operational(error):
                self._give_up()
            raise _as_unavailable(error) from None
        finally:
            if connection.in_transaction():  # SQLAlchemy began one for a Core statement
                connection.rollback()

    def _alone(self, work: Work[Any]) -> list[Outcome]:
        try:
            with self._transaction() as tx:
                value = work(tx)
                tx.finish()
        except Exception as error:
            if _is_operational(error):
                raise
            return [(None, error)]
        return [(value, None)]

    def _together(self, works: Sequence[Work[Any]]) -> list[Outcome]:
        with self._transaction() as tx:
            return [self._in_savepoint(tx, work) for work in works]

    def _in_savepoint(self, tx: Transaction, work: Work[Any]) -> Outcome:
        tx.run("SAVEPOINT work")
        try:
            value = work(tx)
            tx.finish()
        except Exception as error:
            tx.abandon()
            try:
                tx.run("ROLLBACK TO work")
                tx.run("RELEASE work")
            except Exception:  # the whole transaction is lost, not one work of it
                raise error from None
            return None, _as_unavailable(error)
        tx.run("RELEASE work")
        return value, None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        connection = self._connected()
        begin = connection.begin() if self._dialect != "sqlite" else _raw_transaction(connection, write=self._write)
        with begin:
            tx = Transaction(connection, self._dialect)
            try:
                yield tx
            except BaseException:
                tx.abandon()
                raise

    def _connected(self) -> sa.Connection:
        if self._connection is None or self._connection.invalidated or self._seen != self._outages.seen:
            self.drop()
            self._seen = self._outages.seen
            self._connection = self._engine.connect()
        return self._connection

    def _give_up(self) -> None:
        """Drops a connection on which something failed; on a server, those of the other hands go likewise."""
        self.drop()
        if self._dialect != "sqlite":
            self._outages.seen += 1

    def drop(self) -> None:
        """Lets the connection go, whatever state it is in."""
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None


@contextlib.contextmanager
def _raw_transaction(connection: sa.Connection, *, write: bool) -> Iterator[None]:
    """BEGIN and COMMIT on SQLite's own connection: SQLAlchemy's bookkeeping costs more than the statements.

    SQLAlchemy joins it when a work uses Core or a session (see `_sqlite`), and is told when it is over.
    """
    raw: Any = connection.connection.driver_connection
    raw.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise
    finally:
        joined = connection.get_transaction()
        if joined is not None:
            joined.close()


@dataclass(frozen=True, slots=True)
class _Item:
    """A work in a queue and whom to tell what came of it."""

    work: Work[Any]
    future: asyncio.Future[Any] | Future[Any]


class _Worker(threading.Thread):
    """A thread with a hand of its own that takes works from a queue."""

    def __init__(self, hand: _Hand, works: queue.SimpleQueue[_Item | None], *, name: str, most: int) -> None:
        super().__init__(name=name, daemon=True)
        self._works, self._hand, self._most = works, hand, most

    def run(self) -> None:
        while (item := self._works.get()) is not None:
            group = [item]
            with contextlib.suppress(queue.Empty):
                while len(group) < self._most:
                    more = self._works.get_nowait()
                    if more is None:
                        self._works.put(None)
                        break
                    group.append(more)
            _tell(group, self._hand.serve([each.work for each in group]))
        self._hand.drop()


def _tell(group: Sequence[_Item], outcomes: Sequence[Outcome]) -> None:
    """Hands the outcomes out; each event loop is woken once."""
    waiting: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Outcome]]] = {}
    for item, outcome in zip(group, outcomes, strict=True):
        if isinstance(item.future, asyncio.Future):
            waiting.setdefault(item.future.get_loop(), []).append((item.future, outcome))
        else:
            _settle(item.future, outcome)
    for loop, told in waiting.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed before its answer came
            loop.call_soon_threadsafe(_settle_all, told)


def _settle_all(told: Sequence[tuple[asyncio.Future[Any], Outcome]]) -> None:
    for future, outcome in told:
        if not future.done():
            _settle(future, outcome)


def _settle(future: asyncio.Future[Any] | Future[Any], outcome: Outcome) -> None:
    value, fault = outcome
    if fault is not None:
        future.set_exception(fault)
    else:
        future.set_result(value)


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
        self._reads: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._writes: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._counts = (1 if self.dialect == "sqlite" else writers, readers)
        self._here, self._outages = threading.local(), _Outages()
        group = _GROUP if self.dialect == "sqlite" else 1
        kinds = ((self._writes, "writer", True, self._counts[0]), (self._reads, "reader", False, readers))
        self._workers = [
            _Worker(self._hand(write=write), works, name=f"{name}-{number}", most=group if write else 1)
            for works, name, write, count in kinds
            for number in range(count)
        ]
        for worker in self._workers:
            worker.start()

    async def read(self, work: Work[T]) -> T:
        """Runs `work` on a reader's thread, in a snapshot of its own.

        Raises Unavailable when the database is away.
        """
        return await self._queued(self._reads, work)

    async def glance(self, work: Work[T]) -> T:
        """A few rows by their keys, without a snapshot: on SQLite it runs right here, since that is quicker than
        a thread's answer; never for anything that scans."""
        if self.dialect != "sqlite":
            return await self.read(work)
        hand = getattr(self._here, "hand", None)
        if hand is None:
            hand = self._here.hand = self._hand(write=False)
        return cast(_Hand, hand).look(work)

    def _hand(self, *, write: bool) -> _Hand:
        return _Hand(self.engine, self._outages, write=write)

    async def write(self, work: Work[T]) -> T:
        """Runs `work` in a transaction that is durable when this returns; whatever it raises undoes it all.

        A caller that is cancelled does not undo it: once queued, the work is done.
        """
        return await self._queued(self._writes, work)

    def read_now(self, work: Work[T]) -> T:
        """`read` for start-up and commands: blocks."""
        return self._blocking(self._reads, work)

    def write_now(self, work: Work[T]) -> T:
        """`write` for start-up and commands: blocks."""
        return self._blocking(self._writes, work)

    async def _queued(self, works: queue.SimpleQueue[_Item | None], work: Work[T]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        works.put(_Item(work, future))
        return await future

    def _blocking(self, works: queue.SimpleQueue[_Item | None], work: Work[T]) -> T:
        future: Future[T] = Future()
        works.put(_Item(work, future))
        return future.result()

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
        if (hand := getattr(self._here, "hand", None)) is not None:
            hand.drop()
        self.engine.dispose()


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
        connection.execute("PRAGMA wal_autocheckpoint=4000")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=10000")
        # SQLite's own knows ASCII alone, and a search has to find what PostgreSQL would
        connection.create_function("lower", 1, lambda text: text and str(text).lower(), deterministic=True)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        raw: Any = connection.connection.driver_connection
        if raw.in_transaction:  # `_raw_transaction` has begun it
            return
        write = threading.current_thread().name.startswith("writer")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextlib.contextmanager
def connected(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A plain connection for DDL and migrations, in a transaction."""
    with engine.begin() as connection:
        yield connection
