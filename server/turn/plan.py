"""Step 3: what the customer said and wants, what knowledge has on it, and what may be asked now."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

from server.catalog.knowledge import Knowledge
from server.catalog.spec import CollectField, said_in
from server.leads import planner
from server.leads.extract import asked_in
from server.leads.hearing import hear
from server.leads.products import product_names
from server.leads.signals import TurnSignals, language_of, read_signals
from server.leads.types import Extraction, Said
from server.llm.types import Passage
from server.turn.order import Parts, Turn

PASSAGES = 6
_CONTEXT_MESSAGES = 6
_NEAR_MESSAGES = 2
_NUMBER = re.compile(r"[\d〇零一二两三四五六七八九十百]")


async def plan(turn: Turn, parts: Parts) -> Turn:
    """Fills language, signals, what was heard, the passages, and the plan with its directive."""
    begun = parts.clock.monotonic()
    spec, order = turn.persona.spec, turn.order
    collect = spec.collect
    asked = turn.state.last_asked if turn.state.awaiting else None
    turn.signals = read_signals(order.text, asked=asked, fields=collect.fields)
    turn.language = turn.signals.language or _language_before(turn)
    turn.heard = _heard(turn, collect.fields, asked)
    turn.passages = passages_for(order.text, turn.signals, turn.persona.knowledge, turn.language)
    if _is_appointment(turn):
        turn.signals = replace(turn.signals, open_question=False)
    told = list(turn.heard.fields)
    turn.state = planner.observe(turn.state, turn.signals, told, turn.now)
    turn.plan = planner.plan(
        turn.state,
        turn.signals,
        collect,
        _settled(turn),
        question_open=turn.signals.open_question and not turn.passages and asked not in told,
        offers=spec.offers,
        today=turn.now.astimezone(ZoneInfo(spec.timezone or "UTC")).date(),
        now=turn.now,
    )
    turn.directive = planner.directive(
        turn.plan, collect, spec.offers, turn.language, said_in(spec.title, turn.language, turn.persona.name)
    )
    turn.timings["plan"] = (parts.clock.monotonic() - begun) * 1000
    return turn


def passages_for(text: str, signals: TurnSignals, knowledge: Knowledge, language: str) -> list[Passage]:
    """What knowledge has on a message; nothing on one that only says whether we may ask or call."""
    if (signals.opt_out or signals.opt_in) and not signals.open_question:
        return []
    return knowledge.search(text, language, PASSAGES)


def _is_appointment(turn: Turn) -> bool:
    """Whether the message's question is a time for a talk ("could you call me on Tuesday at 3"): noted, not open."""
    moments = {field.name for field in turn.persona.spec.collect.fields if field.type == "datetime"}
    return not turn.passages and any(name in moments for name in turn.heard.fields)


def _heard(turn: Turn, fields: list[CollectField], asked: str | None) -> Extraction:
    """What this message tells, read together with the few before it; earlier messages were heard before.

    Only numbers are told in several pieces, or are an echo of what was said long before.
    """
    if not fields:
        return Extraction()
    most = _CONTEXT_MESSAGES if _NUMBER.search(turn.order.text) else _NEAR_MESSAGES
    recent = [_as_said(turn, place, fields, asked) for place in range(-most, 0)]
    this = Said("customer", turn.order.text, turn.accepted.message_id)
    known = {name: row.normalised for name, row in (turn.lead.fields if turn.lead else {}).items()}
    said = [message for message in recent if message] + [this]
    whole = hear(
        said,
        fields,
        asked=asked if len(said) == 1 else None,
        now=turn.now,
        timezone=turn.timezone,
        locale=turn.locale or turn.language,
        known=known,
        catalogue=product_names(turn.persona.plugins, turn.persona.spec.offers),
    )
    return Extraction(
        {name: found for name, found in whole.fields.items() if found.message_id == this.id},
        tuple(missed for missed in whole.missed if missed.message_id == this.id),
    )


def _as_said(turn: Turn, place: int, fields: list[CollectField], asked: str | None) -> Said | None:
    """A message of the history; the last answer says what it asked, however a model worded it."""
    if -place > len(turn.history):
        return None
    message = turn.history[place]
    said = Said("customer" if message.role == "customer" else "assistant", message.text, message.id)
    if place == -1 and asked and said.role == "assistant" and asked_in(said.text, fields) != asked:
        wording = next((said_in(f.ask, turn.language) for f in fields if f.name == asked), "")
        return replace(said, text=wording or said.text)
    return said


def _settled(turn: Turn) -> list[str]:
    """Fields not to ask for: known from the lead, the mirror, or this very message."""
    settled = set(turn.known())
    into = turn.persona.spec.collect.into
    if into:
        columns = {f.column or f.name: f.name for f in turn.persona.spec.collect.fields}
        for call in turn.forced:
            if call.plugin == into.plugin and isinstance(call.value, dict):
                settled |= {columns[key] for key, value in call.value.items() if key in columns and value}
    return sorted(settled)


def _language_before(turn: Turn) -> str:
    """The language of the talk so far, else of the locale, else the persona's first."""
    for message in reversed(turn.history):
        if message.role == "customer" and (found := language_of(message.text)):
            return found
    if turn.locale:
        return turn.locale.split("-")[0].split("_")[0].lower()
    return turn.persona.languages[0]
