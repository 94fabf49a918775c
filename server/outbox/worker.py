"""Takes what is due from the outbox, one after the other, until it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from server.catalog import Catalog
from server.clock import Clock, rfc3339
from server.llm import ModelFault, Models
from server.outbox.extract import read_with_model
from server.outbox.mirror import MirrorFailed, write_mirror
from server.outbox.work import Tools
from server.plugins import Door
from server.storage import Database, outbox
from server.storage.outbox import Job

PAUSES = (5, 30, 120, 600, 3600, 3 * 3600, 8 * 3600)
"""Seconds between tries; after the last one work is given up and stays to be seen."""

HOLD_SECONDS = 5.0
"""The longest that one round of work holds back for turns under way."""

_IDLE_SECONDS = 2.0
_LOOK_SECONDS = 0.05
_KINDS: dict[str, Callable[[Job, Tools], Awaitable[None]]] = {
    "extract": read_with_model,
    "mirror": write_mirror,
}
_log = structlog.get_logger("outbox")


class Worker:
    """The one who does it. While `busy` says that customers wait it holds back, though not for ever."""

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        models: Models,
        door: Door,
        clock: Clock,
        busy: Callable[[], bool] = lambda: False,
        *,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._tools = Tools(database, catalog, models, door, clock)
        self._busy, self._hold_seconds = busy, hold_seconds

    async def run(self) -> None:
        """Works until cancelled; a database that is away is waited for."""
        while True:
            try:
                worked = await self.once()
            except Exception as error:
                _log.warning("outbox_waits", reason=str(error))
                worked = False
            if not worked:
                await asyncio.sleep(_IDLE_SECONDS)

    async def once(self) -> bool:
        """Does what is due now, as far as one look finds it; whether there was anything."""
        now = rfc3339(self._tools.clock.now())
        jobs = await self._tools.database.read(lambda tx: outbox.due(tx, now))
        patience = self._hold_seconds
        for job in jobs:
            patience = await self._hold(patience)
            await self._do(job)
        return bool(jobs)

    async def _hold(self, patience: float) -> float:
        """Waits until no turn is under way, at most `patience` seconds; gives what is left of them.

        A round shares its patience: on a server that is always busy each job waiting anew would pile work up.
        """
        while patience > 0 and self._busy():
            await asyncio.sleep(_LOOK_SECONDS)
            patience -= _LOOK_SECONDS
        return patience

    async def _do(self, job: Job) -> None:
        work = _KINDS.get(job.kind)
        try:
            if work is None:
                raise LookupError(f"no kind of work is called {job.kind}")
            await work(job, self._tools)
        except Exception as error:
            words = str(error) if isinstance(error, MirrorFailed | ModelFault) else ""
            await self._failed(job, f"{type(error).__name__} {words}".strip()[:500])
            return
        at = rfc3339(self._tools.clock.now())
        await self._tools.database.write(lambda tx: outbox.done(tx, job.id, at))

    async def _failed(self, job: Job, reason: str) -> None:
        now: datetime = self._tools.clock.now()
        if job.attempts >= len(PAUSES):
            _log.error("outbox_gave_up", kind=job.kind, job=job.id, reason=reason)
            await self._tools.database.write(lambda tx: outbox.give_up(tx, job.id, reason, rfc3339(now)))
            return
        _log.warning("outbox_retries", kind=job.kind, job=job.id, reason=reason)
        due = rfc3339(now + timedelta(seconds=PAUSES[job.attempts]))
        await self._tools.database.write(lambda tx: outbox.retry(tx, job.id, due, reason))
