"""The ask planner: whether this answer asks for one field, recommends one offer, or does neither.

Pure rules over what the conversation has shown; a model words what is decided here and decides nothing.

How the formulas of "The ask planner" are read:

* `resolved` in `p` is 1 when this message's question gets its answer in this turn; `value` is half a point
  per answered question of the conversation, this one included, at most 2.
* `asks` in `p` and `U` are the asks that brought nothing. A customer who answers is not being nagged, so an
  answered ask raises neither, shortens the gap by one turn (never under one), and counts as `positive`.
* The bound on asks counts those that brought nothing, plus the answered ones beyond the bound itself. So a
  customer who answers every time is asked at most twice the bound in a conversation, one who never does at
  most the bound.
* An ask is ignored when the next message tells nothing; ignoring, refusing and irritation start the cool-off,
  counted in turns from that message. Asking back why we want to know is neither.
* A first message that neither asks, tells nor wants anything (a greeting) is greeted: help comes first.
* The dial bends only λ, the gap, the bound, the cool-off and the re-asks, each in one direction. Offers do
  not look at the dial (but for 0), so that turning it down never turns an offer into an ask.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from server.catalog.spec import Collect, CollectField, Offer
from server.clock import rfc3339
from server.leads.signals import TurnSignals
from server.leads.types import Plan
from server.leads.wording import Directive, PlanCode, directive, explain, reason_for

__all__ = [
    "Dial",
    "Directive",
    "PlannerState",
    "after_answer",
    "begin",
    "dial_settings",
    "directive",
    "explain",
    "observe",
    "plan",
]

TRIES = 2
TRIES_WITHIN = timedelta(days=30)
OFFER_GAP = 2


@dataclass(frozen=True, slots=True)
class Dial:
    """What the proactivity means: `lambda_` weighs annoyance, `gap` and `cool_off` are turns, `max_asks` the
    most asks of a conversation, `reasks` how often a field may be asked again after the first time."""

    lambda_: float
    gap: int
    max_asks: int
    cool_off: int
    reasks: int


def dial_settings(d: float) -> Dial:
    """The dial from 0 to 1 as settings: λ = 4 · 0.05^d, the rest linear, halves to the quiet side.

    Raises ValueError outside 0 to 1.
    """
    if not 0 <= d <= 1:
        raise ValueError(f"the dial is {d}; it needs a number from 0 to 1")
    return Dial(
        lambda_=4 * 0.05**d,
        gap=math.floor(3 - 2 * d + 0.5),
        max_asks=math.ceil(2 + 6 * d - 0.5) if d else 0,
        cool_off=math.floor(5 - 3 * d + 0.5),
        reasks=0 if d < 0.25 else 1,
    )


@dataclass(frozen=True, slots=True)
class PlannerState:
    """What the planner remembers of a conversation; `to_dict` is stored with it.

    Turns count the customer's messages from 1. `answered` are the asks that brought something. `ask_history`
    holds the times (RFC 3339) at which a field was asked for, over all conversations of the customer.
    """

    turn: int = 0
    asks: int = 0
    answered: int = 0
    last_ask_turn: int | None = None
    last_asked: str | None = None
    last_ask_answered: bool = False
    awaiting: bool = False
    asks_by_field: Mapping[str, int] = field(default_factory=dict)
    refusals_by_field: Mapping[str, int] = field(default_factory=dict)
    ignored_by_field: Mapping[str, int] = field(default_factory=dict)
    cool_off_from: int | None = None
    captured_now: bool = False
    resolved: int = 0
    purpose_told: bool = False
    seen: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    last_offer_turn: int | None = None
    annoyed: bool = False
    opted_out: bool = False
    ask_history: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def unanswered(self) -> int:
        """The asks that brought nothing."""
        return max(0, self.asks - self.answered)

    @property
    def value(self) -> float:
        """Half a point per answered question of the customer, at most 2."""
        return min(2.0, 0.5 * self.resolved)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> PlannerState:
        """From `to_dict` of any version: unknown keys are passed over, missing ones start fresh."""
        known = {f.name: stored[f.name] for f in fields(cls) if f.name in stored} if stored else {}
        for name in ("seen", "offered"):
            known[name] = tuple(known.get(name) or ())
        history: Mapping[str, Sequence[str]] = known.get("ask_history") or {}
        known["ask_history"] = {name: tuple(times) for name, times in history.items()}
        return cls(**known)


def begin(previous: PlannerState | None) -> PlannerState:
    """The state of a customer's new conversation: what holds across visits stays, the counters start anew."""
    if previous is None:
        return PlannerState()
    return PlannerState(
        opted_out=previous.opted_out,
        ask_history=previous.ask_history,
        refusals_by_field=previous.refusals_by_field,
        purpose_told=previous.purpose_told,
    )


# --- before the answer ------------------------------------------------------------------------------------


def observe(state: PlannerState, signals: TurnSignals, captured: Collection[str], now: datetime) -> PlannerState:
    """The state at the customer's next message: one turn on, with what became of the last ask.

    `captured` are the fields that this message gave.
    """
    new = replace(state, turn=state.turn + 1, captured_now=bool(captured))
    new = _refused(new, signals, captured)
    new = _late_answers(new, captured)
    if state.awaiting:
        new = _outcome(new, signals, captured)
    if signals.irritated:
        new = replace(new, annoyed=True, cool_off_from=new.turn)
    elif signals.positive or signals.buy or captured:
        new = replace(new, annoyed=False)
    if signals.opt_out or signals.opt_in:
        new = replace(new, opted_out=signals.opt_out)
    seen = dict.fromkeys((*new.seen, *_conditions(signals)))
    return replace(new, seen=tuple(seen), ask_history=_recent(new.ask_history, now))


def _refused(state: PlannerState, signals: TurnSignals, captured: Collection[str]) -> PlannerState:
    refused = [name for name in signals.refused_fields if name not in captured]
    if not refused:
        return state
    counts = dict(state.refusals_by_field)
    for name in refused:
        counts[name] = counts.get(name, 0) + 1
    return replace(state, refusals_by_field=counts, cool_off_from=None if captured else state.turn)


def _late_answers(state: PlannerState, captured: Collection[str]) -> PlannerState:
    """A field that was asked for earlier and comes now counts as answered, and ends the cool-off."""
    late = [name for name in captured if state.ignored_by_field.get(name) and name != _pending(state)]
    if not late:
        return state
    ignored = {name: n for name, n in state.ignored_by_field.items() if name not in late}
    return replace(
        state,
        answered=min(state.asks, state.answered + len(late)),
        ignored_by_field=ignored,
        cool_off_from=None,
    )


def _pending(state: PlannerState) -> str | None:
    return state.last_asked if state.awaiting else None


def _outcome(state: PlannerState, signals: TurnSignals, captured: Collection[str]) -> PlannerState:
    """What became of the ask in the answer before: captured, refused, ignored, or still to come."""
    if captured:
        return replace(state, awaiting=False, last_ask_answered=True, answered=min(state.asks, state.answered + 1))
    if signals.asks_purpose:
        return state
    if state.last_asked is None or state.last_asked in signals.refused_fields:
        return replace(state, awaiting=False)
    ignored = dict(state.ignored_by_field)
    ignored[state.last_asked] = ignored.get(state.last_asked, 0) + 1
    return replace(state, awaiting=False, ignored_by_field=ignored, cool_off_from=state.turn)


def _conditions(signals: TurnSignals) -> list[str]:
    said = {"asked_price": signals.asks_price, "asked_product": signals.asks_product, "buying": signals.buy}
    return [name for name, holds in said.items() if holds]


def _recent(history: Mapping[str, tuple[str, ...]], now: datetime) -> dict[str, tuple[str, ...]]:
    since = now - TRIES_WITHIN
    kept = {name: tuple(at for at in times if datetime.fromisoformat(at) > since) for name, times in history.items()}
    return {name: times for name, times in kept.items() if times}


# --- the decision -----------------------------------------------------------------------------------------


def plan(
    state: PlannerState,
    signals: TurnSignals,
    collect: Collect,
    known: Collection[str],
    *,
    question_open: bool,
    offers: Sequence[Offer],
    today: date,
    now: datetime,
    dial: float | None = None,
) -> Plan:
    """The decision for the answer to the message that `state` has observed.

    `known` are the fields that the lead holds. `question_open` says that the customer asked something for
    which nothing was found; a question whose answer is at hand is not open: help first, then ask in the same
    answer. `today` is the date in the persona's time zone, `dial` overrides the persona's own.
    """
    d = collect.dial if dial is None else dial
    settings = dial_settings(d)
    helped = signals.open_question and not question_open
    silent = _silent(state, signals, d, question_open)
    if silent:
        return _none(silent, explain_purpose=silent == "asks_purpose")
    cooling = _is_cooling(state, signals, settings)
    offer = None if cooling else _offer(state, signals, offers, today, helped)
    if offer and offer.when == "asked_price" and signals.asks_price:
        return _recommend(offer)
    ask = _ask(state, signals, collect, known, settings, helped, now, cooling)
    return _recommend(offer) if offer and ask.action == "NONE" else ask


def _silent(state: PlannerState, signals: TurnSignals, d: float, question_open: bool) -> PlanCode | None:
    """The gates that hold asks and offers alike."""
    if state.opted_out:
        return "opted_out"
    if d == 0:
        return "dial_zero"
    if signals.irritated:
        return "irritated"
    if signals.asks_purpose:
        return "asks_purpose"
    if question_open:
        return "question_open"
    return None


def _ask(
    state: PlannerState,
    signals: TurnSignals,
    collect: Collect,
    known: Collection[str],
    settings: Dial,
    helped: bool,
    now: datetime,
    cooling: bool,
) -> Plan:
    held = _held(state, signals, settings, helped, cooling)
    if held:
        return _none(held)
    open_fields = [f for f in collect.fields if _may_ask(f, state, known, settings, now)]
    if not open_fields:
        return _none("nothing_left")
    scored = [(utility(f, state, signals, settings, helped), f.is_contact, -i, f) for i, f in enumerate(open_fields)]
    worth, _, _, best = max(scored, key=lambda entry: entry[:3])
    if worth <= 0:
        return _none("not_worth_it", worth)
    code = _why_now(state, signals, helped)
    return Plan(
        "ASK",
        code,
        reason_for(code, best.name),
        field=best.name,
        alternative=_alternative(best, open_fields),
        explain_purpose=not state.purpose_told,
        utility=worth,
    )


def _held(state: PlannerState, signals: TurnSignals, settings: Dial, helped: bool, cooling: bool) -> PlanCode | None:
    """The gates that hold any ask."""
    if state.turn <= 1 and not (helped or signals.buy or signals.asks_product or state.captured_now):
        return "first_turn"
    if state.unanswered + max(0, state.answered - settings.max_asks) >= settings.max_asks:
        return "max_asks"
    gap = max(1, settings.gap - 1) if state.last_ask_answered else settings.gap
    if state.last_ask_turn is not None and state.turn - state.last_ask_turn < gap:
        return "too_soon"
    return "cooling_off" if cooling else None


def _is_cooling(state: PlannerState, signals: TurnSignals, settings: Dial) -> bool:
    """Whether an ignored or refused ask, or anger, is too fresh; wanting to buy ends it."""
    if state.cool_off_from is None or signals.buy:
        return False
    return state.turn - state.cool_off_from < settings.cool_off


def _may_ask(wanted: CollectField, state: PlannerState, known: Collection[str], settings: Dial, now: datetime) -> bool:
    name = wanted.name
    if name in known or state.refusals_by_field.get(name, 0) > settings.reasks:
        return False
    if state.asks_by_field.get(name, 0) > settings.reasks:
        return False
    return len(_recent(state.ask_history, now).get(name, ())) < TRIES


def utility(wanted: CollectField, state: PlannerState, signals: TurnSignals, settings: Dial, helped: bool) -> float:
    """What asking now is worth: the field's weight times the chance of an answer, less the annoyance."""
    asks = state.unanswered
    refusals = state.refusals_by_field.get(wanted.name, 0)
    positive = signals.positive or (state.last_ask_answered and state.captured_now)
    value = min(2.0, state.value + 0.5 * helped)
    score = -0.6 + 0.7 * helped + 0.6 * value + signals.buy + 0.5 * positive
    p = _sigmoid(score - wanted.sensitivity - 0.9 * refusals - 0.15 * asks)
    return wanted.weight * p - settings.lambda_ * (1 - p) * 0.4 * (1 + 0.3 * asks)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _why_now(state: PlannerState, signals: TurnSignals, helped: bool) -> PlanCode:
    if signals.buy:
        return "ask_buying"
    if helped:
        return "ask_helped"
    return "ask_answered" if state.captured_now else "ask"


def _alternative(wanted: CollectField, open_fields: Sequence[CollectField]) -> str | None:
    return wanted.alternative if wanted.alternative in {f.name for f in open_fields} else None


def _offer(
    state: PlannerState, signals: TurnSignals, offers: Sequence[Offer], today: date, helped: bool
) -> Offer | None:
    """The offer whose condition holds, one that this message calls for before any other."""
    if state.last_offer_turn is not None and state.turn - state.last_offer_turn < OFFER_GAP:
        return None
    holding = {"always", *state.seen, *_conditions(signals)}
    if helped or state.resolved:
        holding.add("helped")
    fitting = [
        offer
        for offer in offers
        if offer.name not in state.offered and offer.when in holding and _in_its_days(offer, today)
    ]
    fresh = _conditions(signals)
    return min(fitting, key=lambda offer: offer.when not in fresh, default=None)


def _in_its_days(offer: Offer, today: date) -> bool:
    return (offer.from_ is None or offer.from_ <= today) and (offer.to is None or today <= offer.to)


def _recommend(offer: Offer) -> Plan:
    code: PlanCode = f"offer_{offer.when}"  # type: ignore[assignment]
    return Plan("RECOMMEND", code, reason_for(code, offer.name), field=offer.name)


def _none(code: PlanCode, worth: float | None = None, *, explain_purpose: bool = False) -> Plan:
    return Plan("NONE", code, reason_for(code), utility=worth, explain_purpose=explain_purpose)


# --- after the answer -------------------------------------------------------------------------------------


def after_answer(state: PlannerState, plan: Plan, resolved: bool, purpose_told: bool, now: datetime) -> PlannerState:
    """The state to store: `state` as observed, with what the answer did.

    `resolved`: the answer answered a question of the customer; `purpose_told`: it said why we ask.
    """
    new = replace(state, resolved=state.resolved + resolved, purpose_told=state.purpose_told or purpose_told)
    if plan.action == "RECOMMEND" and plan.field:
        return replace(new, offered=(*new.offered, plan.field), last_offer_turn=new.turn)
    if plan.action != "ASK" or not plan.field:
        return new
    asked = dict(new.asks_by_field)
    asked[plan.field] = asked.get(plan.field, 0) + 1
    history = dict(new.ask_history)
    history[plan.field] = (*history.get(plan.field, ()), rfc3339(now))
    return replace(
        new,
        asks=new.asks + 1,
        last_ask_turn=new.turn,
        last_asked=plan.field,
        last_ask_answered=False,
        awaiting=True,
        asks_by_field=asked,
        ask_history=history,
    )
