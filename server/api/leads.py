"""Leads: list, one, edit, erase, export; what was missed; questions without an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from server.api.service import Serviced
from server.api.shapes import Cursor, IdInPath, LeadPatch, Limit, Search, Short, listed, moment
from server.auth import Caller
from server.auth.rules import EDITOR, VIEWER
from server.clock import rfc3339
from server.leads.edit import as_csv, as_jsonl, document
from server.leads.types import Stage
from server.service import Service
from server.storage import Transaction, leads, people
from server.storage.leads import LeadFilter

router = APIRouter(tags=["leads"])
Since = Annotated[Short | None, Query(alias="from", description="First day or moment of creation.")]
Until = Annotated[Short | None, Query(alias="to", description="Moment before which it was created.")]


async def _narrow(
    q: Search = None,
    stage: Stage | None = None,
    persona: Short | None = None,
    since: Since = None,
    until: Until = None,
    test: bool = False,
    contact: bool | None = None,
) -> LeadFilter:
    return LeadFilter(q, stage, persona, moment(since, "from"), moment(until, "to"), test, contact)


Narrow = Annotated[LeadFilter, Depends(_narrow)]


@router.get("/leads")
async def list_leads(
    caller: VIEWER, service: Serviced, narrow: Narrow, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """Leads, newest first."""
    rows, following, total = await service.database.read(lambda tx: leads.page(tx, narrow, limit, cursor))
    return listed([document(row) for row in rows], following, total)


@router.get("/leads.csv", response_class=Response)
async def leads_csv(caller: VIEWER, service: Serviced, narrow: Narrow, bom: bool = False) -> Response:
    """All leads of a filter as CSV; `bom=true` for spreadsheets that need a byte order mark."""
    names = service.field_names(narrow.persona)
    text = await _exported(service, caller, narrow, "csv", lambda rows: as_csv(rows, names))
    return Response(("\ufeff" if bom else "") + text, headers=_named("csv"), media_type="text/csv; charset=utf-8")


@router.get("/leads.jsonl", response_class=Response)
async def leads_jsonl(caller: VIEWER, service: Serviced, narrow: Narrow) -> Response:
    """All leads of a filter, one a line."""
    text = await _exported(service, caller, narrow, "jsonl", as_jsonl)
    return Response(text, headers=_named("jsonl"), media_type="application/x-ndjson")


@router.get("/leads/missed")
async def missed(
    caller: VIEWER, service: Serviced, persona: Short | None = None, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """Contact data that was said and not stored, with the reason."""
    rows, following = await service.database.read(lambda tx: leads.missed_page(tx, persona, limit, cursor))
    return listed([asdict(row) for row in rows], following, None)


@router.get("/questions/unanswered")
async def unanswered(
    caller: VIEWER, service: Serviced, persona: Short | None = None, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """Questions that knowledge had no answer for."""
    rows, following = await service.database.read(lambda tx: leads.unanswered_page(tx, persona, limit, cursor))
    return listed([asdict(row) for row in rows], following, None)


@router.get("/leads/{lead_id}")
async def one_lead(lead_id: IdInPath, caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """One lead; the look is written to the audit."""
    at = rfc3339(service.clock.now())

    def work(tx: Transaction) -> dict[str, Any]:
        lead = leads.find(tx, lead_id)
        people.note(tx, caller.name or caller.id, "view_lead", lead.id, at)
        return document(lead)

    return await service.database.write(work)


@router.patch("/leads/{lead_id}")
async def patch_lead(lead_id: IdInPath, body: LeadPatch, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Sets and empties fields as a person's word, which wins over the machine."""
    return document(await service.edit_lead(lead_id, body.fields, body.opted_out, caller.name or caller.id))


@router.delete("/leads/{lead_id}", status_code=204)
async def erase_lead(lead_id: IdInPath, caller: EDITOR, service: Serviced) -> None:
    """Erases the person everywhere: leads, conversations, mirror rows, kept events, tokens."""
    lead = await service.database.read(lambda tx: leads.find(tx, lead_id))
    await service.people.erase(lead.user_id, caller.name or caller.id)


async def _exported(service: Service, caller: Caller, narrow: LeadFilter, kind: str, render: Any) -> str:
    at = rfc3339(service.clock.now())
    await service.database.write(lambda tx: people.note(tx, caller.name or caller.id, "export_leads", kind, at))

    def work(tx: Transaction) -> str:
        lines: Iterator[str] = render(leads.everything(tx, narrow))
        return "".join(lines)

    return await service.database.read(work)


def _named(kind: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="leads.{kind}"'}
