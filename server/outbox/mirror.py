"""Writes a lead's fields to a mirror outside the server's own database."""

from __future__ import annotations

import orjson

from server.clock import rfc3339
from server.errors import NotFound
from server.leads import book
from server.outbox.work import Tools
from server.plugins import Bound
from server.storage import Transaction, leads, people
from server.storage.leads import LeadRow
from server.storage.outbox import Job


async def write_mirror(job: Job, tools: Tools) -> None:
    """Sends the values in force now; a lead that is gone needs none. Raises when the mirror did not take them."""
    payload = orjson.loads(job.payload)
    try:
        lead, trust = await tools.database.read(lambda tx: _lead(tx, payload["lead_id"]))
    except NotFound:
        return
    persona = tools.catalog.persona(lead.persona)
    collect = persona.spec.collect
    if collect.into is None:
        return
    rows = [row for name, row in lead.fields.items() if name in payload["fields"]]
    bound = Bound(lead.user_id, trust, "", lead.persona, test=lead.test)  # type: ignore[arg-type]
    result = await tools.door.mirror_later(persona.plugins, collect.into, book.mirror_values(rows, collect), bound)
    at = rfc3339(tools.clock.now())
    sync = "ok" if result.status == "ok" else "failed"
    await tools.database.write(lambda tx: leads.set_sync(tx, lead.id, sync, at))
    if result.status not in ("ok", "refused"):  # a refused value never fits; the lead shows `sync: failed`
        raise MirrorFailed(f"{result.plugin}.{result.function}: {result.status}")


class MirrorFailed(Exception):
    """The mirror did not take the values this time. Says nothing of them: it stands in the log."""


def _lead(tx: Transaction, lead_id: str) -> tuple[LeadRow, str]:
    lead = leads.find(tx, lead_id)
    customer = people.customer(tx, lead.user_id)
    return lead, customer.trust if customer else "anonymous"
