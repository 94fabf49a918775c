"""Takes what is due from the outbox, one after the other, until it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from server.catalog import Catalog
from server.clock import Clock, rfc3339
from server.llm import Models
from server.outbox.extract import read_with_model
from server.outbox.mirror import write_mirror
from server.outbox.work import Tools
from server.plugins import Door
from server.storage import Database, outbox
from server.storage.outbox import Job

PAUSES = (5, 30, 120, 600, 3600, 3 * 3600, 8 * 3600)
"""Seconds between tries; after the last one work is given up and stays to be seen."""

_IDLE_SECONDS = 2.0
_KINDS: dict[str, Callable[[Job, Tools], Awaitable[None]]] = {
    "extract": read_with_model,
    "mirror": write_mirror,
}
_log = structlog.get_logger("outbox")


class Worker:
    """The one who does it."""

    def __init__(self, database: Database, catalog: Catalog, models: Models, door: Door, clock: Clock) -> None:
        self._tools = Tools(database, catalog, models, door, clock)

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
        """Does all that is due now; whether there was anything."""
        now = rfc3339(self._tools.clock.now())
        jobs = await self._tools.database.read(lambda tx: outbox.due(tx, now))
        for job in jobs:
            await self._do(job)
        return bool(jobs)

    async def _do(self, job: Job) -> None:
        work = _KINDS.get(job.kind)
        try:
            if work is None:
                raise LookupError(f"no kind of work is called {job.kind}")
            await work(job, self._tools)
        except Exception as error:
            await self._failed(job, f"{type(error).__name__}: {error}"[:500])
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
