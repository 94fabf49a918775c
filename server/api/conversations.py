"""Conversations: a visitor's own, every one for people of the house."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query

from server.api.service import Serviced
from server.api.shapes import FeedbackBody, IdInPath, Paged, Search, Short, listed, moment
from server.auth.rules import EDITOR, VISITOR_OR_VIEWER_OF_SOME
from server.clock import rfc3339
from server.errors import NotFound
from server.storage import Transaction, conversations
from server.storage.conversations import (
    ConversationFilter,
    ConversationMessage,
    ConversationRow,
    ConversationTurn,
    Glimpse,
)

Since = Annotated[Short | None, Query(alias="from", description="Still going on at that day or moment, or later.")]
Until = Annotated[Short | None, Query(alias="to", description="Begun before that moment.")]

router = APIRouter(prefix="/conversations", tags=["conversations"])


@router.get("")
async def list_conversations(
    caller: VISITOR_OR_VIEWER_OF_SOME,
    service: Serviced,
    paging: Paged,
    persona: Short | None = None,
    q: Search = None,
    user_id: Annotated[Short | None, Query(description="One customer's.")] = None,
    since: Since = None,
    until: Until = None,
    test: bool = False,
) -> dict[str, Any]:
    """The last changed first, with their first and last words, and for the house how the lead stands."""
    narrow = ConversationFilter(persona, q, test, user_id, moment(since, "from"), moment(until, "to"))

    def work(tx: Transaction) -> dict[str, Any]:
        rows, following, total = conversations.page(tx, caller.owner, narrow, paging)
        seen = conversations.glimpses(tx, [row.id for row in rows])
        inside = caller.kind != "visitor"
        return listed([{**asdict(row), **_glimpse(seen[row.id], inside=inside)} for row in rows], following, total)

    if caller.kind != "visitor":
        await service.look(caller, "list_conversations", persona or "all")
    return await service.database.read(work)


@router.get("/{conversation_id}")
async def one_conversation(
    conversation_id: IdInPath, caller: VISITOR_OR_VIEWER_OF_SOME, service: Serviced
) -> dict[str, Any]:
    """A conversation with all its messages, turn by turn; for the house how the lead stands and what was missed."""
    inside = caller.kind != "visitor"

    def work(tx: Transaction) -> dict[str, Any]:
        row = conversations.find(tx, conversation_id, caller.owner)
        return {
            **asdict(row),
            **(_around(tx, row) if inside else {}),
            "messages": [_message(m) for m in conversations.messages(tx, row.id)],
            "turns": [_turn(t, inside=inside) for t in conversations.turns(tx, row.id)],
        }

    found = await service.database.read(work)
    if inside and not found["test"]:
        await service.look(caller, "view_conversation", conversation_id)
    return found


@router.post("/{conversation_id}/feedback", status_code=204)
async def feedback(
    conversation_id: IdInPath, body: FeedbackBody, caller: VISITOR_OR_VIEWER_OF_SOME, service: Serviced
) -> None:
    """A thumb for an answer; the last one counts."""
    at = rfc3339(service.clock.now())

    def work(tx: Transaction) -> None:
        row = conversations.find(tx, conversation_id, caller.owner)
        if conversations.message_in(tx, body.message_id, row.id) != "assistant":
            raise NotFound("There is no answer of that message id in this conversation.")
        conversations.put_feedback(tx, body.message_id, row.id, row.user_id, body.score, body.comment, at)

    await service.database.write(work)


@router.post("/{conversation_id}/takeback")
async def take_back(conversation_id: IdInPath, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Takes the last message of a test or console conversation back, with its answer and all that came of it.

    `stays` names what could not be undone: functions that wrote, columns of a mirror elsewhere.
    """
    taken = await service.turns.take_back(conversation_id, caller.name or caller.id)
    return {
        "text": taken.text,
        "conversation_id": taken.conversation_id,
        "messages_left": taken.messages_left,
        "stays": list(taken.stays),
    }


def _glimpse(seen: Glimpse, *, inside: bool) -> dict[str, Any]:
    shown = {"preview": seen.preview, "last_message": seen.last_message, "message_count": seen.message_count}
    lead = {"contact": seen.contact, "lead_id": seen.lead_id, "lead_stage": seen.lead_stage}
    return {**shown, **lead} if inside else shown


def _around(tx: Transaction, row: ConversationRow) -> dict[str, Any]:
    seen = conversations.glimpses(tx, [row.id])[row.id]
    return {
        "contact": seen.contact,
        "lead_id": seen.lead_id,
        "lead_stage": seen.lead_stage,
        "missed": [asdict(note) for note in conversations.missed(tx, row)],
        "feedback": [asdict(thumb) for thumb in conversations.thumbs(tx, row)],
    }


def _message(message: ConversationMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "turn_id": message.turn_id,
        "role": message.role,
        "text": message.text,
        "images": orjson.loads(message.images),
        "at": message.at,
    }


def _turn(turn: ConversationTurn, *, inside: bool) -> dict[str, Any]:
    answer = orjson.loads(turn.answer) if turn.answer else {}
    shown = {
        "id": turn.id,
        "status": turn.status,
        "persona_version": answer.get("persona_version"),
        "handled_by": answer.get("handled_by"),
        "problem": answer.get("detail"),
        "model": answer.get("model", turn.model),
        "calls": answer.get("calls", []),
        "plan": answer.get("plan"),
        "usage": answer.get("usage"),
        "timings": answer.get("timings"),
        "confirm": answer.get("confirm"),
    }
    if inside:
        shown["captured"] = answer.get("captured", {})
        shown["trace"] = orjson.loads(turn.trace) if turn.trace else None
    return shown
