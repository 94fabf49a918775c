"""The events of a turn: kept as the bytes that are sent, so that a resumed stream is the same to the letter.

Framing by the HTML standard's server-sent events: `id`, `event`, `data`, an empty line.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson

from server.errors import RapportError

KEEP_SECONDS = 900.0
KEEP_BYTES = 64 * 1024 * 1024


def event_block(number: int, kind: str, data: bytes) -> bytes:
    """One event as it goes over the wire."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)


class EventLog:
    """The events of one turn, from 1 upward; readers follow it while it grows."""

    __slots__ = (
        "_before",
        "_blocks",
        "_waiting",
        "answer",
        "closed",
        "conversation_id",
        "problem",
        "size",
        "turn_id",
        "user_id",
    )

    def __init__(self, turn_id: str, conversation_id: str, user_id: str) -> None:
        self.turn_id, self.conversation_id, self.user_id = turn_id, conversation_id, user_id
        self.answer: bytes | None = None
        self.problem: RapportError | None = None
        self.closed = False
        self.size = 0
        self._before = 0
        self._blocks: list[bytes] = []
        self._waiting: list[asyncio.Future[bool]] = []

    @property
    def last(self) -> int:
        """The number of the newest event, 0 when there is none."""
        return self._before + len(self._blocks)

    def send(self, kind: str, data: Any) -> None:
        """Adds an event; `data` is JSON already (bytes) or becomes it."""
        body = data if isinstance(data, bytes) else orjson.dumps(data)
        block = event_block(self.last + 1, kind, body)
        self._blocks.append(block)
        self.size += len(block)
        self._wake()

    def close(self, answer: bytes | None = None) -> None:
        """Says that nothing more comes; `answer` is the whole chat answer for those who wait for it."""
        self.answer = answer
        self.closed = True
        self._wake()

    def fail(self, problem: RapportError) -> None:
        """Ends the turn with `error`."""
        self.problem = problem
        self.send("error", problem.document())
        self.close()

    def restore(self, answer: bytes, last: int) -> None:
        """Fills the log of a turn of which only the stored `end` is left."""
        self._before = last - 1
        self.send("end", answer)
        self.close(answer)

    def since(self, after: int) -> tuple[list[bytes], int]:
        """(the events after that number one by one, the number of the last of them)."""
        return self._blocks[max(after - self._before, 0) :], max(after, self.last)

    def take(self, after: int) -> tuple[bytes, int]:
        """(the events after that number as they are sent, the number of the last of them); empty when none is new."""
        new, last = self.since(after)
        return (new[0] if len(new) == 1 else b"".join(new)), last

    async def wait(self, seconds: float | None = None) -> bool:
        """Waits for something new; False when nothing came in that time."""
        loop = asyncio.get_running_loop()
        changed: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(changed)
        timer = loop.call_later(seconds, _settle, changed, False) if seconds is not None else None
        try:
            return await changed
        finally:
            if timer is not None:
                timer.cancel()
            if changed in self._waiting:
                self._waiting.remove(changed)

    async def read(self, after: int = 0) -> AsyncIterator[bytes]:
        """The events after that number, several together when they are there already, until the end."""
        while True:
            block, after = self.take(after)
            if block:
                yield block
            elif self.closed:
                return
            else:
                await self.wait()

    async def done(self) -> bytes | None:
        """Waits for the end; the whole chat answer, None when the turn failed."""
        while not self.closed:
            await self.wait()
        return self.answer

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for changed in waiting:
            _settle(changed, True)


def _settle(changed: asyncio.Future[bool], value: bool) -> None:
    if not changed.done():
        changed.set_result(value)


class EventShelf:
    """Logs of ended turns, for resuming: 15 minutes, within a bound of memory, the oldest go first."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._logs: OrderedDict[str, tuple[float, EventLog]] = OrderedDict()
        self._size = 0

    def put(self, log: EventLog) -> None:
        """Keeps the log of a turn that has ended, or waits."""
        self.forget(log.turn_id)
        self._logs[log.turn_id] = (self._monotonic(), log)
        self._size += log.size
        self._tidy()

    def get(self, turn_id: str) -> EventLog | None:
        """The log of a turn, while it is kept."""
        self._tidy()
        found = self._logs.get(turn_id)
        return found[1] if found else None

    def forget(self, turn_id: str) -> None:
        """Drops the log of a turn."""
        if turn_id in self._logs:
            self._drop(turn_id)

    def forget_user(self, user_id: str) -> None:
        """Drops all logs of a person."""
        for turn_id in [t for t, (_, log) in self._logs.items() if log.user_id == user_id]:
            self._drop(turn_id)

    def rename_user(self, old: str, new: str) -> None:
        """Hands the logs of a visitor to the verified user they turned out to be."""
        for _, log in self._logs.values():
            if log.user_id == old:
                log.user_id = new

    def _tidy(self) -> None:
        before = self._monotonic() - KEEP_SECONDS
        while self._logs:
            turn_id, (at, _) = next(iter(self._logs.items()))
            if at > before and self._size <= KEEP_BYTES:
                return
            self._drop(turn_id)

    def _drop(self, turn_id: str) -> None:
        _, log = self._logs.pop(turn_id)
        self._size -= log.size
