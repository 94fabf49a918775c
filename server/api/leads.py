"""Leads: list, one, edit, erase, export; what was missed; questions without an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from server.api.service import Serviced
from server.api.shapes import (
    AcceptMissedBody,
    Cursor,
    IdInPath,
    LeadPatch,
    Limit,
    Paged,
    Search,
    Short,
    listed,
    moment,
)
from server.auth import Caller
from server.auth.rules import EDITOR, EDITOR_OF_SOME, VIEWER, VIEWER_OF_SOME
from server.clock import rfc3339
from server.errors import Invalid, NotFound
from server.leads.asked import asked_of
from server.leads.edit import as_csv, as_jsonl, document
from server.leads.missed import Hand, accept, dismiss, missed_document, reopen
from server.leads.types import Stage
from server.service import Service
from server.storage import Transaction, leads, people
from server.storage.leads import LeadFilter, LeadRow, MissedFilter, Order

router = APIRouter(tags=["leads"])
Since = Annotated[Short | None, Query(alias="from", description="First day or moment of creation.")]
Until = Annotated[Short | None, Query(alias="to", description="Moment before which it was created.")]


async def _narrow(
    caller: VIEWER_OF_SOME,
    q: Search = None,
    stage: Stage | None = None,
    persona: Short | None = None,
    since: Since = None,
    until: Until = None,
    test: bool = False,
    contact: bool | None = None,
    user_id: Annotated[Short | None, Query(description="One customer's.")] = None,
) -> LeadFilter:
    since, until = moment(since, "from"), moment(until, "to")
    return LeadFilter(q, stage, persona, since, until, test, contact, user_id, caller.personas)


Narrow = Annotated[LeadFilter, Depends(_narrow)]


@router.get("/leads")
async def list_leads(
    caller: VIEWER_OF_SOME, service: Serviced, narrow: Narrow, paging: Paged, sort: Order = "-created_at"
) -> dict[str, Any]:
    """Leads, newest first, or sorted: by pages in any order, by cursors in the first one."""
    if paging.cursor is not None and sort != "-created_at":
        raise Invalid("A cursor goes with the order `-created_at` alone; use `page` with another.")
    await service.look(caller, "list_leads", narrow.persona or "all")
    rows, following, total = await service.database.read(lambda tx: leads.page(tx, narrow, paging, sort))
    return listed([document(row) for row in rows], following, total)


@router.get("/leads.csv", response_class=Response)
async def leads_csv(caller: VIEWER_OF_SOME, service: Serviced, narrow: Narrow, bom: bool = False) -> Response:
    """All leads of a filter as CSV; `bom=true` for spreadsheets that need a byte order mark."""
    names = service.field_names(narrow.persona)
    text = await _exported(service, caller, narrow, "csv", lambda rows: as_csv(rows, names))
    return Response(("\ufeff" if bom else "") + text, headers=_named("csv"), media_type="text/csv; charset=utf-8")


@router.get("/leads.jsonl", response_class=Response)
async def leads_jsonl(caller: VIEWER_OF_SOME, service: Serviced, narrow: Narrow) -> Response:
    """All leads of a filter, one a line."""
    text = await _exported(service, caller, narrow, "jsonl", as_jsonl)
    return Response(text, headers=_named("jsonl"), media_type="application/x-ndjson")


@router.get("/leads/missed")
async def missed(
    caller: VIEWER_OF_SOME,
    service: Serviced,
    paging: Paged,
    persona: Short | None = None,
    test: bool = False,
    status: Literal["open", "accepted", "dismissed", "all"] = "open",
    user_id: Annotated[Short | None, Query(description="One customer's.")] = None,
) -> dict[str, Any]:
    """Contact data that was said and not stored, with the reason and the field it seems to be for; newest first."""
    narrow = MissedFilter(persona, test, None if status == "all" else status, user_id, caller.personas)

    def work(tx: Transaction) -> dict[str, Any]:
        rows, following, total = leads.missed_page(tx, narrow, paging)
        return listed([missed_document(row, service.likely(tx, row)) for row in rows], following, total)

    await service.look(caller, "list_missed", persona or "all")
    return await service.database.read(work)


@router.post("/leads/missed/{missed_id}/accept")
async def accept_missed(
    missed_id: IdInPath, body: AcceptMissedBody, caller: EDITOR, service: Serviced
) -> dict[str, Any]:
    """Stores it in the lead as a person's word, with the customer's sentence; 409 when it was decided already."""
    return await _decided(
        service, caller, missed_id, lambda tx, hand: accept(tx, missed_id, body.field, body.value, hand)
    )


@router.post("/leads/missed/{missed_id}/dismiss")
async def dismiss_missed(missed_id: IdInPath, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Takes it off the list of open ones; the lead stays as it is."""
    return await _decided(service, caller, missed_id, lambda tx, hand: dismiss(tx, missed_id, hand))


@router.post("/leads/missed/{missed_id}/reopen")
async def reopen_missed(missed_id: IdInPath, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Undoes either; the value that an acceptance replaced comes back, unless the field was changed since."""
    return await _decided(service, caller, missed_id, lambda tx, hand: reopen(tx, missed_id, hand))


@router.get("/questions/unanswered")
async def unanswered(
    caller: VIEWER, service: Serviced, persona: Short | None = None, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """Questions that knowledge had no answer for."""
    rows, following = await service.database.read(lambda tx: leads.unanswered_page(tx, persona, limit, cursor))
    return listed([asdict(row) for row in rows], following, None)


@router.get("/leads/{lead_id}")
async def one_lead(lead_id: IdInPath, caller: VIEWER_OF_SOME, service: Serviced) -> dict[str, Any]:
    """One lead with its history and what became of asking for each field; the look is written to the audit."""

    def work(tx: Transaction) -> dict[str, Any]:
        lead = _found(tx, lead_id, caller)
        asked = asked_of(tx, lead, service.collected(lead.persona)[0].fields)
        history = [asdict(change) for change in leads.changes(tx, lead.id)]
        return {**document(lead), "asked": asked, "history": history}

    found = await service.database.read(work)
    await service.look(caller, "view_lead", lead_id)
    return found


@router.get("/leads/{lead_id}/erasure")
async def erasure(lead_id: IdInPath, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """What erasing this lead's person would remove, counted; `mirrors` has the rows of each plugin's table."""

    def work(tx: Transaction) -> dict[str, Any]:
        user_id = leads.find(tx, lead_id).user_id
        mirrors = service.door.count(tx, user_id)
        return {**asdict(leads.count_user(tx, user_id)), "mirror_rows": sum(mirrors.values()), "mirrors": mirrors}

    return await service.database.read(work)


@router.patch("/leads/{lead_id}")
async def patch_lead(lead_id: IdInPath, body: LeadPatch, caller: EDITOR_OF_SOME, service: Serviced) -> dict[str, Any]:
    """Sets and empties fields as a person's word, which wins over the machine."""
    await service.database.read(lambda tx: _found(tx, lead_id, caller))
    return document(await service.edit_lead(lead_id, body.fields, body.opted_out, caller.name or caller.id))


@router.delete("/leads/{lead_id}", status_code=204)
async def erase_lead(lead_id: IdInPath, caller: EDITOR, service: Serviced) -> None:
    """Erases the person everywhere: leads, conversations, mirror rows, kept events, tokens."""
    lead = await service.database.read(lambda tx: leads.find(tx, lead_id))
    await service.people.erase(lead.user_id, caller.name or caller.id)


def _found(tx: Transaction, lead_id: str, caller: Caller) -> LeadRow:
    lead = leads.find(tx, lead_id)
    if not caller.may_use(lead.persona):
        raise NotFound("There is no lead of that id.")
    return lead


async def _decided(
    service: Service, caller: Caller, missed_id: str, decide: Callable[[Transaction, Hand], object]
) -> dict[str, Any]:
    """What a decision on missed contact data leaves: the lead (null when there is none) and the missed."""
    persona = (await service.database.read(lambda tx: leads.find_missed(tx, missed_id))).persona
    hand = service.hand(persona, caller.name or caller.id)

    def work(tx: Transaction) -> dict[str, Any]:
        decide(tx, hand)
        row = leads.find_missed(tx, missed_id)
        lead = document(leads.find(tx, row.lead_id)) if row.lead_id else None
        return {"lead": lead, "missed": missed_document(row, service.likely(tx, row))}

    return await service.database.write(work)


async def _exported(service: Service, caller: Caller, narrow: LeadFilter, kind: str, render: Any) -> str:
    at = rfc3339(service.clock.now())
    await service.database.write(lambda tx: people.note(tx, caller.name or caller.id, "export_leads", kind, at))

    def work(tx: Transaction) -> str:
        lines: Iterator[str] = render(leads.everything(tx, narrow))
        return "".join(lines)

    return await service.database.read(work)


def _named(kind: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="leads.{kind}"'}
