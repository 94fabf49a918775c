"""The inside of a turn: what ran, why it asked, what it used and captured, how long and how dear it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from console import links, shown
from console.client.conversations import Call, Captured, Fault, Missed, Passage, Trace, Turn
from console.parts.field_words import field_in_words
from console.parts.label import plainly
from console.parts.missed_reason import reason_in_words
from console.parts.plan import plan_sentence
from console.visit import say, say_of

_STANDIN = "standin"
_TIMINGS = ("waited", "gather", "plan", "first_text", "total")


def draw_inside(turn: Turn, persona: str, missed: tuple[Missed, ...] = ()) -> None:
    """A line for each part of the turn that has something to tell."""
    if turn.problem:
        with _line(turn, "problem"):
            st.text(plainly(turn.problem))
    _plan(turn)
    _functions(turn)
    if turn.trace and turn.trace.passages:
        with _line(turn, "passages"):
            st.text(plainly("\n".join(_passages(turn.trace.passages))))
    if turn.captured:
        with _line(turn, "captured"):
            st.text(plainly("\n".join(_captured(name, one) for name, one in turn.captured.items())))
    if missed:
        with _line(turn, "missed"):
            st.text(plainly("\n".join(_missed(one) for one in missed)))
    _timings(turn)
    _model(turn)
    _version(turn, persona)
    if turn.trace:
        _faults(turn, turn.trace)


@contextmanager
def _line(turn: Turn, name: str) -> Iterator[None]:
    with st.container(key=f"fact_{name}_{turn.id}", horizontal=True, gap="small", wrap=False):
        st.caption(say_of("conversation.part", name), width=110)
        with st.container(gap="xsmall", width="stretch", key=f"told_{name}_{turn.id}"):
            yield


def _plan(turn: Turn) -> None:
    if turn.plan:
        asked = turn.plan.action == "ASK" and turn.plan.field
        name = field_in_words(asked) if asked else turn.plan.field
        with _line(turn, "plan"):
            st.text(plainly(plan_sentence(turn.plan.action, name, turn.plan.reason, turn.plan_code)))


def _functions(turn: Turn) -> None:
    with _line(turn, "functions"):
        st.text(
            plainly("\n".join(_call(one) for one in turn.calls) if turn.calls else say("conversation.no_functions"))
        )


def _call(call: Call) -> str:
    when = say("conversation.before_model") if call.forced else say("conversation.by_model")
    how = say_of("conversation.call", call.status)
    return " · ".join((f"{call.plugin}.{call.function}", when, how, shown.duration(call.milliseconds)))


def _passages(passages: tuple[Passage, ...]) -> list[str]:
    """Each place in the knowledge once, with how many passages of it were given."""
    places = Counter(" › ".join(part for part in (one.source, one.heading) if part) for one in passages)
    return [place if times == 1 else f"{place} × {times}" for place, times in places.items()]


def _captured(name: str, captured: Captured) -> str:
    quote = f"  ← “{captured.quote}”" if captured.quote else ""
    return f"{field_in_words(name)}: {captured.value}{quote}"


def _missed(missed: Missed) -> str:
    field = f"{field_in_words(missed.field)}: " if missed.field else ""
    reason, status = reason_in_words(missed.reason), say_of("conversation.missed_status", missed.status)
    return f"{field}{missed.text} · {reason} · {status}"


def _timings(turn: Turn) -> None:
    known = [name for name in _TIMINGS if turn.timings and name in turn.timings]
    if not known or not turn.timings:
        return
    with _line(turn, "timings"), st.container(horizontal=True, gap="medium", key=f"timings_{turn.id}"):
        for name in known:
            with st.container(width="content", gap=None, key=f"timing_{name}_{turn.id}"):
                st.caption(say_of("conversation.timing", name))
                st.text(shown.duration(turn.timings[name]))


def _model(turn: Turn) -> None:
    if not turn.model:
        return
    parts = [say("try_chat.model.standin") if turn.model == _STANDIN else turn.model]
    if turn.usage:
        told, answered = shown.number(turn.usage.prompt_tokens), shown.number(turn.usage.completion_tokens)
        parts.append(say("conversation.tokens", told=told, answered=answered))
        parts.append(_cost(turn.usage.cost_usd))
    with _line(turn, "model"):
        st.text(plainly(" · ".join(parts)))


def _cost(cost: float | None) -> str:
    return say("conversation.cost_unknown") if cost is None else shown.money(cost)


def _version(turn: Turn, persona: str) -> None:
    if not turn.persona_version:
        return
    query = {"name": persona, "tab": "history", "version": str(turn.persona_version)}
    with _line(turn, "version"):
        st.page_link(
            links.page("persona"), label=say("conversation.version", n=turn.persona_version), query_params=query
        )


def _faults(turn: Turn, trace: Trace) -> None:
    lines = [_fault(one) for one in trace.faults]
    if trace.interrupted:
        lines.append(say("conversation.interrupted"))
    if trace.cut:
        lines.append(say("conversation.cut", what=", ".join(trace.cut)))
    if lines:
        with _line(turn, "faults"):
            st.text(plainly("\n".join(lines)))


def _fault(fault: Fault) -> str:
    return " · ".join(part for part in (fault.model, fault.kind, fault.words) if part)
