"""Step 8: the second commit - answer, calls, usage, lead, mirror, outbox - and then `end`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from server.clock import rfc3339
from server.leads import book, planner
from server.leads.book import Progress
from server.leads.edit import field_document
from server.storage import Transaction, leads, new_id, outbox, turns
from server.storage.leads import FieldRow, LeadRow, MissedRow, UnansweredRow
from server.storage.turns import CallRow, DoneTurn
from server.turn.consent import keep, told
from server.turn.order import Parts, Turn, call_line

MODEL_WORK = "extract"
_LONGEST_TRACE = 200_000


async def record(turn: Turn, parts: Parts) -> Turn:
    """Stores all that came of the turn in one commit, then tells `end`.

    Of a turn that waits for its caller's functions this is what the customer told and what was called; the rest
    follows with their results.
    """
    if turn.handed:
        return await _hand_over(turn, parts)
    message_id = new_id("m")
    resolved = _resolved(turn)
    assert turn.plan is not None
    state = planner.after_answer(
        turn.state, turn.plan, resolved=resolved, purpose_told=turn.plan.explain_purpose, now=turn.now
    )
    turn.state = state
    turn.timings["total"] = (parts.clock.monotonic() - turn.started) * 1000
    answer = await parts.database.write(lambda tx: _write(turn, parts, tx, message_id, resolved))
    if answer is None:
        turn.log.close()
        return turn
    turn.log.send("end", answer)
    turn.log.close(answer)
    return turn


async def _hand_over(turn: Turn, parts: Parts) -> Turn:
    turn.timings["total"] = (parts.clock.monotonic() - turn.started) * 1000

    def work(tx: Transaction) -> bytes:
        at = rfc3339(parts.clock.now())
        changes, _ = _write_lead(turn, parts, tx, at)
        answer = orjson.dumps(_answer(turn, "", changes))
        last = turn.log.last + 1
        if not turns.hand_over(tx, turn.accepted.turn_id, answer.decode(), last, _trace(turn), at):
            raise Erased
        turns.add_calls(tx, [_call_row(turn, call, at) for call in turn.all_calls()])
        return answer

    answer = await parts.database.write(work)
    turn.log.send("end", answer)
    turn.log.close(answer)
    return turn


def _write(turn: Turn, parts: Parts, tx: Transaction, message_id: str, resolved: bool) -> bytes | None:
    at = rfc3339(parts.clock.now())
    changes, lead = _write_lead(turn, parts, tx, at)
    answer = orjson.dumps(_answer(turn, message_id, changes))
    done = DoneTurn(
        turn.accepted.turn_id,
        turn.accepted.conversation_id,
        turn.accepted.seq,
        message_id,
        turn.text,
        answer.decode(),
        turn.log.last + 1,
        _trace(turn),
        orjson.dumps(turn.state.to_dict()).decode(),
        turn.model,
        turn.persona.version,
        turn.persona.fingerprint,
        at,
        turn.before,
    )
    if not turns.finish(tx, done):
        raise Erased
    keep(turn, tx, at)
    turns.add_calls(tx, [_call_row(turn, call, at) for call in turn.all_calls()])
    _write_notes(turn, tx, at, resolved)
    _leave_work(turn, parts, tx, lead, at)
    return answer


class Erased(Exception):
    """The person was erased while the turn ran: nothing of it may be stored."""


def _write_lead(turn: Turn, parts: Parts, tx: Transaction, at: str) -> tuple[list[FieldRow], LeadRow]:
    order, collect = turn.order, turn.persona.spec.collect
    lead = leads.of_user(tx, order.user_id, order.persona, order.test)
    lead = lead or book.open_lead(order.user_id, order.persona, order.test, at)
    changes = book.settle(lead.fields, turn.found)
    state = turn.state
    progress = Progress(state.turn, state.resolved > 0, state.asks > 0, state.annoyed, state.opted_out)
    lead = book.write(tx, lead, changes, collect, progress, at)
    ours = [row for row in changes if row.by != "external"]
    book.tell_mirror(tx, lead, ours, collect, turn.persona.plugins, parts.door, turn.bound, at)
    return changes, lead


def _write_notes(turn: Turn, tx: Transaction, at: str, resolved: bool) -> None:
    order, accepted = turn.order, turn.accepted
    for missed in turn.heard.missed:
        row = MissedRow(
            new_id("x"), order.user_id, order.persona, accepted.conversation_id,
            accepted.message_id, missed.field, missed.text, missed.reason, at,
        )  # fmt: skip
        leads.add_missed(tx, row, order.test)
    if turn.signals and turn.signals.open_question and not resolved:
        question = UnansweredRow(
            new_id("q"), order.persona, accepted.conversation_id, accepted.message_id, order.text, at
        )
        leads.add_unanswered(tx, order.user_id, question, order.test)


def _leave_work(turn: Turn, parts: Parts, tx: Transaction, lead: LeadRow, at: str) -> None:
    """A model's reading after the turn, when there is a model and something to read for."""
    fields = turn.persona.spec.collect.fields
    if not fields or all(f.name in lead.fields for f in fields) or not parts.models.is_connected(turn.models[0]):
        return
    payload = {"turn_id": turn.accepted.turn_id, "persona": turn.order.persona, "test": turn.order.test}
    outbox.add(tx, MODEL_WORK, turn.order.user_id, orjson.dumps(payload).decode(), at)


def _resolved(turn: Turn) -> bool:
    """Whether the customer asked something that knowledge or a function answered."""
    if turn.signals is None or not turn.signals.open_question:
        return False
    looked_up = any(call.status == "ok" and call.effect == "read" for call in turn.calls)
    return bool(turn.passages) or looked_up


def _answer(turn: Turn, message_id: str, changes: list[FieldRow]) -> dict[str, Any]:
    assert turn.plan is not None
    usage = turn.usage
    return {
        "conversation_id": turn.accepted.conversation_id,
        "turn_id": turn.accepted.turn_id,
        "message_id": message_id,
        "reply": {"text": turn.text},
        "handled_by": "model",
        "finish_reason": _reason(turn),
        **({"waits_for": [asdict(call) for call in turn.handed]} if turn.handed else {}),
        "persona_version": turn.persona.version,
        "fingerprint": turn.persona.fingerprint,
        "model": turn.model,
        "calls": [call_line(call) for call in turn.all_calls()],
        "plan": {
            "action": turn.plan.action,
            "code": turn.plan.code,
            "field": turn.plan.field,
            "reason": turn.plan.reason,
        },
        "confirm": told(turn),
        "captured": {row.name: field_document(row) for row in changes},
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_usd": usage.cost_usd,
        },
        "timings": {name: round(value, 2) for name, value in turn.timings.items()},
    }


def _reason(turn: Turn) -> str:
    if turn.handed:
        return "function_calls"
    return "length" if turn.interrupted else turn.reason if turn.reason != "function_calls" else "stop"


def _trace(turn: Turn) -> str:
    """What went on inside, for the console: plan, passages, faults, what was cut."""
    plan = turn.plan
    trace = {
        "plan": {"code": plan.code, "utility": plan.utility, "alternative": plan.alternative} if plan else None,
        "language": turn.language,
        "passages": [{"source": p.source, "heading": p.heading, "score": p.score} for p in turn.passages],
        "faults": [{"model": f.model, "kind": f.kind, "words": f.words[:500]} for f in turn.faults],
        "interrupted": turn.interrupted,
        "cut": turn.cut,
    }
    return orjson.dumps(trace).decode()[:_LONGEST_TRACE]


def _call_row(turn: Turn, call: Any, at: str) -> CallRow:
    return CallRow(
        new_id("p"), turn.accepted.turn_id, turn.accepted.conversation_id, turn.order.user_id, call.plugin,
        call.function, call.forced, call.effect, turn.order.trust, call.status,
        orjson.dumps(call.arguments, default=str).decode()[:4000], call.error, call.milliseconds, call.bytes, at,
    )  # fmt: skip
