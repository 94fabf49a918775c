"""Conversations: a visitor's own, every one for people of the house."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query

from server.api.service import Serviced
from server.api.shapes import Cursor, FeedbackBody, IdInPath, Limit, Search, Short, listed
from server.auth.rules import VISITOR_OR_VIEWER
from server.clock import rfc3339
from server.errors import NotFound
from server.storage import Transaction, conversations
from server.storage.conversations import (
    ConversationFilter,
    ConversationMessage,
    ConversationTurn,
)

router = APIRouter(prefix="/conversations", tags=["conversations"])


@router.get("")
async def list_conversations(
    caller: VISITOR_OR_VIEWER,
    service: Serviced,
    persona: Short | None = None,
    q: Search = None,
    user_id: Annotated[Short | None, Query(description="One customer's.")] = None,
    test: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The last changed first."""
    narrow = ConversationFilter(persona, q, test, user_id)
    rows, following, total = await service.database.read(
        lambda tx: conversations.page(tx, caller.owner, narrow, limit, cursor)
    )
    return listed([asdict(row) for row in rows], following, total)


@router.get("/{conversation_id}")
async def one_conversation(conversation_id: IdInPath, caller: VISITOR_OR_VIEWER, service: Serviced) -> dict[str, Any]:
    """A conversation with all its messages, turn by turn."""

    def work(tx: Transaction) -> dict[str, Any]:
        row = conversations.find(tx, conversation_id, caller.owner)
        return {
            **asdict(row),
            "messages": [_message(m) for m in conversations.messages(tx, row.id)],
            "turns": [_turn(t, inside=caller.kind != "visitor") for t in conversations.turns(tx, row.id)],
        }

    return await service.database.read(work)


@router.post("/{conversation_id}/feedback", status_code=204)
async def feedback(conversation_id: IdInPath, body: FeedbackBody, caller: VISITOR_OR_VIEWER, service: Serviced) -> None:
    """A thumb for an answer; the last one counts."""
    at = rfc3339(service.clock.now())

    def work(tx: Transaction) -> None:
        row = conversations.find(tx, conversation_id, caller.owner)
        if conversations.message_in(tx, body.message_id, row.id) != "assistant":
            raise NotFound("There is no answer of that message id in this conversation.")
        conversations.put_feedback(tx, body.message_id, row.id, row.user_id, body.score, body.comment, at)

    await service.database.write(work)


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
        "model": answer.get("model", turn.model),
        "calls": answer.get("calls", []),
        "plan": answer.get("plan"),
        "usage": answer.get("usage"),
        "timings": answer.get("timings"),
    }
    if inside:
        shown["captured"] = answer.get("captured", {})
        shown["trace"] = orjson.loads(turn.trace) if turn.trace else None
    return shown
