"""The planner's decision for an answer, as one sentence for people."""

from __future__ import annotations

from console.visit import say_of
from console.wording import catalog


def plan_sentence(action: str, field: str | None, reason: str, code: str | None = None) -> str:
    """Why the answer asked, recommended or did neither. Holds a field's or an offer's name: show it by `st.text`.

    `code` is the reason's name for programs; without one that the console knows, it is the server's own `reason`.
    """
    if code and f"plan.reason.{code}" in catalog():
        return say_of("plan.reason", code, name=field or "")
    return reason or plan_action(action)


def plan_action(action: str) -> str:
    """ASK, RECOMMEND or NONE in a word or two."""
    return say_of("plan.action", action) if f"plan.action.{action}" in catalog() else action
