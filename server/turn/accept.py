"""Step 1: the first commit. A turn is acknowledged (`start`) only when the customer's message is stored."""

from __future__ import annotations

import hashlib

import orjson
import structlog

from server.catalog import LoadedPersona
from server.clock import rfc3339
from server.errors import Invalid, NotFound, Unauthorised
from server.llm.types import Usage
from server.plugins import Bound
from server.storage import Transaction, new_id, people, turns
from server.storage.turns import AcceptedTurn, NewTurn
from server.turn.events import EventLog
from server.turn.order import Order, Parts, Turn

_log = structlog.get_logger("turn")


async def accept(order: Order, persona: LoadedPersona, models: tuple[str, ...], parts: Parts) -> AcceptedTurn:
    """Stores the message, or finds the turn that the same client_message_id began.

    Raises Unauthorised when the customer is gone, NotFound for another's conversation, Invalid for another
    message under a used id.
    """
    new = _new_turn(order, persona, models, parts)
    return await parts.database.write(lambda tx: _store(tx, order, new))


def _store(tx: Transaction, order: Order, new: NewTurn) -> AcceptedTurn:
    if people.customer(tx, order.user_id) is None:
        raise Unauthorised("This visitor has ended; begin as a new one.")
    if order.carried.resumes:
        resumed = turns.resume(tx, order.carried.resumes, order.user_id)
        if resumed is None:
            raise NotFound("There is no turn that waits for these results.")
        return resumed
    accepted = turns.accept(tx, new)
    if accepted.repeated and accepted.status == "failed":
        turns.resume_failed(tx, accepted.turn_id)
    return accepted


def _new_turn(order: Order, persona: LoadedPersona, models: tuple[str, ...], parts: Parts) -> NewTurn:
    return NewTurn(
        turn_id=new_id("t"),
        message_id=new_id("m"),
        conversation_id=order.conversation_id or order.opens or new_id("c"),
        is_new=order.conversation_id is None,
        user_id=order.user_id,
        persona=order.persona,
        text=order.text,
        channel=order.channel,
        locale=order.locale,
        timezone=order.timezone,
        client_message_id=order.client_message_id,
        body_digest=hashlib.sha256(order.body()).hexdigest(),
        persona_version=persona.version,
        fingerprint=persona.fingerprint,
        model=models[0],
        test=order.test,
        at=rfc3339(parts.clock.now()),
    )


def begin(order: Order, persona: LoadedPersona, models: tuple[str, ...], accepted: AcceptedTurn, parts: Parts) -> Turn:
    """The turn of a stored message, with `start` told."""
    log = EventLog(accepted.turn_id, accepted.conversation_id, order.user_id)
    start = {
        "conversation_id": accepted.conversation_id,
        "turn_id": accepted.turn_id,
        "persona_version": persona.version,
        "model": models[0],
    }
    log.send("start", start)
    return Turn(
        order=order,
        persona=persona,
        accepted=accepted,
        models=models,
        log=log,
        now=parts.clock.now(),
        started=parts.clock.monotonic(),
        bound=bound(order, accepted),
        usage=_spent(accepted),
    )


def _spent(accepted: AcceptedTurn) -> Usage:
    """What a turn that goes on has cost before."""
    usage = orjson.loads(accepted.answer or "{}").get("usage")
    return Usage(usage["prompt_tokens"], usage["completion_tokens"], usage["cost_usd"]) if usage else Usage()


def bound(order: Order, accepted: AcceptedTurn) -> Bound:
    """What the server knows of who is asking: from the credential alone, nothing typed, nothing sent."""
    if order.trust not in ("anonymous", "claimed", "verified"):
        raise Invalid(f"`{order.trust}` is not a trust.")
    return Bound(
        user_id=order.user_id,
        trust=order.trust,  # type: ignore[arg-type]
        conversation_id=accepted.conversation_id,
        persona=order.persona,
        user_name=order.user_name if order.trust == "verified" else None,
        locale=order.locale,
        turn_id=accepted.turn_id,
        test=order.test,
        role=order.role,
    )
