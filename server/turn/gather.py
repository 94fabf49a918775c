"""Step 2: history, lead, the planner's memory and all forced calls, at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson

from server.clock import rfc3339
from server.leads import planner
from server.leads.planner import PlannerState
from server.plugins import CallResult
from server.storage import Transaction, confirmations, leads, turns
from server.storage.turns import StoredMessage
from server.turn.order import Parts, Turn, call_line, running_line
from server.turn.takeback import CONSOLE, found_before

FORCED_SECONDS = 10.0


async def gather(turn: Turn, parts: Parts) -> Turn:
    """Fills history, lead, state and the results of the forced functions."""
    begun = parts.clock.monotonic()
    may_wait = turn.accepted.seq > 1 and parts.door.asks(turn.persona.plugins)
    read = parts.database.glance(lambda tx: _read(turn, tx, may_wait=may_wait))
    _, turn.forced = await asyncio.gather(read, _force(turn, parts))
    turn.timings["gather"] = (parts.clock.monotonic() - begun) * 1000
    return turn


def _read(turn: Turn, tx: Transaction, *, may_wait: bool) -> None:
    accepted, order = turn.accepted, turn.order
    if may_wait:
        turn.pending = confirmations.open_in(tx, accepted.conversation_id, order.user_id, accepted.turn_id)
    if accepted.seq > 1 and not order.carried.earlier:
        turn.history = turns.history(tx, accepted.conversation_id, accepted.seq)
    else:
        turn.history = _brought(turn)
    turn.lead = leads.of_user(tx, order.user_id, order.persona, order.test)
    turn.timezone = order.timezone or turn.persona.spec.timezone
    turn.locale = order.locale
    text, is_earlier = turns.planner_state(
        tx, accepted.conversation_id, accepted.seq, order.user_id, order.persona, order.test
    )
    state = PlannerState.from_dict(orjson.loads(text))
    state = planner.begin(state) if is_earlier else state
    by_hand = turn.lead is not None and turn.lead.opted_out != state.opted_out
    turn.state = replace(state, opted_out=not state.opted_out) if by_hand else state
    if order.test or order.channel == CONSOLE:
        turn.before = found_before(tx, accepted.conversation_id, turn.lead)


def _brought(turn: Turn) -> list[StoredMessage]:
    """What was said before, as the program that carries the chat tells it; it came with this turn's message."""
    roles = {"user": "customer", "assistant": "assistant"}
    came = turn.accepted
    return [
        StoredMessage(came.message_id, came.turn_id, roles[message.role], message.text, "[]", rfc3339(turn.now))
        for message in turn.order.carried.earlier
        if message.role in roles and message.text
    ]


async def _force(turn: Turn, parts: Parts) -> list[CallResult]:
    forced = parts.door.forced(turn.persona.plugins)
    if not forced:
        return []
    for function in forced:
        turn.log.send("call", running_line(turn, function, forced=True))
    results = await parts.door.forced_all(turn.persona.plugins, turn.bound, FORCED_SECONDS)
    for result in results:
        turn.log.send("call", call_line(result))
    return results
