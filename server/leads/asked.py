"""What became of asking a customer for each field, from the turns and the planner's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from server.catalog.spec import CollectField
from server.leads.planner import PlannerState
from server.storage import Transaction
from server.storage.leads import LeadRow
from server.storage.turns import asks_of, latest_state

_THE_CUSTOMERS = ("customer", "function", "model")


def asked_of(tx: Transaction, lead: LeadRow, fields: Sequence[CollectField]) -> dict[str, dict[str, Any]]:
    """By field: `times` it was asked for over all conversations, when last, and the outcome.

    `never` was asked for; `ignored`: asked for and nothing came, or not yet; `refused`; `answered`.
    """
    times: dict[str, list[str]] = {}
    for answer, at in asks_of(tx, lead.user_id, lead.persona, lead.test):
        plan = orjson.loads(answer).get("plan") or {}
        if plan.get("action") == "ASK":
            times.setdefault(plan["field"], []).append(at)
    state = PlannerState.from_dict(orjson.loads(latest_state(tx, lead.user_id, lead.persona, lead.test)))
    return {field.name: _line(field.name, times.get(field.name, []), lead, state.refusals_by_field) for field in fields}


def _line(name: str, times: Sequence[str], lead: LeadRow, refusals: Mapping[str, int]) -> dict[str, Any]:
    held = lead.fields.get(name)
    outcome = "ignored" if times else "never"
    if times and held and held.by in _THE_CUSTOMERS:
        outcome = "answered"
    elif refusals.get(name):
        outcome = "refused"
    return {"times": len(times), "last_at": times[-1] if times else None, "outcome": outcome}
