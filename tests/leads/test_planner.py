"""The ask planner: what a customer is asked, and above all when they are not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.catalog.spec import Collect, CollectField, Offer
from server.clock import rfc3339
from server.leads.planner import (
    PlannerState,
    after_answer,
    begin,
    dial_settings,
    directive,
    explain,
    observe,
    plan,
)
from server.leads.signals import TurnSignals
from server.leads.types import Plan
from server.leads.wording import ask_wording, one_question

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
FIELDS = [
    CollectField(name="company", type="text", weight=2, sensitivity=0.3),
    CollectField(name="product", type="text", weight=2, sensitivity=0.2),
    CollectField(name="account", type="text", weight=1, sensitivity=0.4),
    CollectField(name="name", type="text", weight=1, sensitivity=0.4),
    CollectField(name="phone", type="phone", weight=3, sensitivity=0.9, alternative="wechat"),
    CollectField(name="wechat", type="wechat", weight=2, sensitivity=0.6),
    CollectField(name="meeting_time", type="datetime", weight=2, sensitivity=0.7),
]
NAMES = [f.name for f in FIELDS]
COLLECT = Collect(fields=FIELDS, qualified_when=["company", "product"])
PRICE_OFFER = Offer(name="spring", text={"en": "10 % off in spring", "zh": "春季九折"}, when="asked_price")
QUIET = TurnSignals()
QUESTION = TurnSignals(open_question=True)


def decide(state: PlannerState, signals: TurnSignals = QUIET, **given: object) -> Plan:
    call: dict[str, object] = {
        "collect": COLLECT,
        "known": (),
        "question_open": False,
        "offers": (),
        "today": TODAY,
        "now": NOW,
        "dial": 0.5,
    }
    return plan(state, signals, **(call | given))  # type: ignore[arg-type]


ready = PlannerState(turn=3, resolved=2)

names = st.sampled_from(NAMES)
counts = st.dictionaries(names, st.integers(0, 3), max_size=4)
turns = st.one_of(st.none(), st.integers(0, 12))
times = st.lists(st.integers(0, 40), max_size=3).map(lambda days: tuple(rfc3339(NOW - timedelta(days=d)) for d in days))
states = st.builds(
    PlannerState,
    turn=st.integers(0, 12),
    asks=st.integers(0, 9),
    answered=st.integers(0, 9),
    last_ask_turn=turns,
    last_asked=st.one_of(st.none(), names),
    last_ask_answered=st.booleans(),
    awaiting=st.booleans(),
    asks_by_field=counts,
    refusals_by_field=counts,
    ignored_by_field=counts,
    cool_off_from=turns,
    captured_now=st.booleans(),
    resolved=st.integers(0, 5),
    purpose_told=st.booleans(),
    seen=st.lists(st.sampled_from(["asked_price", "asked_product", "buying"]), max_size=3).map(tuple),
    offered=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
    last_offer_turn=turns,
    annoyed=st.booleans(),
    opted_out=st.booleans(),
    ask_history=st.dictionaries(names, times, max_size=4),
)
signal = st.builds(
    TurnSignals,
    open_question=st.booleans(),
    asks_price=st.booleans(),
    asks_product=st.booleans(),
    asks_purpose=st.booleans(),
    buy=st.booleans(),
    positive=st.booleans(),
    irritated=st.booleans(),
    opt_out=st.booleans(),
    opt_in=st.booleans(),
    refused_fields=st.lists(names, max_size=2, unique=True).map(tuple),
)
personas = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 3)), min_size=len(NAMES), max_size=len(NAMES)).map(
    lambda pairs: Collect(
        fields=[f.model_copy(update={"weight": w, "sensitivity": s}) for f, (w, s) in zip(FIELDS, pairs, strict=True)]
    )
)
offer_lists = st.lists(
    st.builds(
        Offer,
        name=st.sampled_from(["a", "b", "c"]),
        text=st.just("An offer."),
        when=st.sampled_from(["always", "asked_price", "asked_product", "helped", "buying"]),
        to=st.sampled_from([None, date(2026, 11, 22), date(2026, 12, 31)]),
    ),
    max_size=3,
)
dials = st.floats(0, 1)
known_sets = st.sets(names)
situation = {
    "state": states,
    "signals": signal,
    "collect": personas,
    "known": known_sets,
    "question_open": st.booleans(),
    "offers": offer_lists,
    "dial": dials,
}


def case(given_: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in given_.items() if k not in ("state", "signals")}


# --- the dial ---------------------------------------------------------------------------------------------


def test_the_dial_gives_the_documented_settings() -> None:
    middle = dial_settings(0.5)
    assert middle.lambda_ == pytest.approx(4 * 0.05**0.5)
    assert (middle.gap, middle.max_asks, middle.cool_off, middle.reasks) == (2, 5, 4, 1)
    eager = dial_settings(1.0)
    assert eager.lambda_ == pytest.approx(0.2)
    assert (eager.gap, eager.max_asks, eager.cool_off, eager.reasks) == (1, 8, 2, 1)
    discreet = dial_settings(0.01)
    assert (discreet.gap, discreet.max_asks, discreet.cool_off, discreet.reasks) == (3, 2, 5, 0)
    assert dial_settings(0.24).reasks == 0
    assert dial_settings(0.25).reasks == 1
    with pytest.raises(ValueError, match="0 to 1"):
        dial_settings(1.5)


@given(low=dials, high=dials)
def test_turning_the_dial_up_never_makes_any_setting_quieter(low: float, high: float) -> None:
    low, high = sorted((low, high))
    a, b = dial_settings(low), dial_settings(high)
    assert a.lambda_ >= b.lambda_
    assert a.gap >= b.gap
    assert a.max_asks <= b.max_asks
    assert a.cool_off >= b.cool_off
    assert a.reasks <= b.reasks


# --- gates ------------------------------------------------------------------------------------------------


@given(st.fixed_dictionaries(situation))
def test_the_same_input_gives_the_same_plan(given_: dict[str, object]) -> None:
    state, signals = given_["state"], given_["signals"]
    first = decide(state, signals, **case(given_))  # type: ignore[arg-type]
    stored = PlannerState.from_dict(json.loads(json.dumps(state.to_dict())))  # type: ignore[attr-defined]
    assert decide(stored, signals, **case(given_)) == first  # type: ignore[arg-type]


@settings(max_examples=400)
@given(st.fixed_dictionaries(situation), dials)
def test_turning_the_dial_down_never_adds_an_ask(given_: dict[str, object], other: float) -> None:
    low, high = sorted((given_["dial"], other))  # type: ignore[type-var]
    state, signals, rest = given_["state"], given_["signals"], case(given_)
    quiet = decide(state, signals, **(rest | {"dial": low}))  # type: ignore[arg-type]
    loud = decide(state, signals, **(rest | {"dial": high}))  # type: ignore[arg-type]
    assert not (quiet.action == "ASK" and loud.action != "ASK")


@settings(max_examples=400)
@given(st.fixed_dictionaries(situation))
def test_no_gate_is_ever_overridden(given_: dict[str, object]) -> None:
    state: PlannerState = given_["state"]  # type: ignore[assignment]
    signals: TurnSignals = given_["signals"]  # type: ignore[assignment]
    chosen = decide(state, signals, **case(given_))
    held = state.opted_out or given_["dial"] == 0 or signals.irritated or given_["question_open"]
    if held:
        assert chosen.action == "NONE"
    if chosen.action != "ASK":
        return
    at = dial_settings(given_["dial"])  # type: ignore[arg-type]
    field = chosen.field
    assert field in NAMES
    assert field not in given_["known"]  # type: ignore[operator]
    assert chosen.alternative not in given_["known"]  # type: ignore[operator]
    assert state.unanswered < at.max_asks
    assert state.asks_by_field.get(field, 0) <= at.reasks
    assert state.refusals_by_field.get(field, 0) <= at.reasks
    recent = [t for t in state.ask_history.get(field, ()) if datetime.fromisoformat(t) > NOW - timedelta(days=30)]
    assert len(recent) < 2
    if state.last_ask_turn is not None:
        assert state.turn - state.last_ask_turn >= (at.gap if not state.last_ask_answered else max(1, at.gap - 1))
    if state.cool_off_from is not None and not signals.buy:
        assert state.turn - state.cool_off_from >= at.cool_off
    assert chosen.utility is not None
    assert chosen.utility > 0


@pytest.mark.parametrize(
    ("code", "state", "signals", "given_"),
    [
        ("opted_out", replace(ready, opted_out=True), QUIET, {}),
        ("dial_zero", ready, QUIET, {"dial": 0.0}),
        ("irritated", ready, TurnSignals(irritated=True), {}),
        ("question_open", ready, QUESTION, {"question_open": True}),
        ("asks_purpose", ready, TurnSignals(open_question=True, asks_purpose=True), {"question_open": True}),
        ("first_turn", PlannerState(turn=1), QUIET, {"dial": 1.0}),
        ("max_asks", replace(ready, asks=5, turn=20), QUIET, {}),
        ("too_soon", replace(ready, asks=1, last_ask_turn=2), QUIET, {}),
        ("cooling_off", replace(ready, cool_off_from=1), QUIET, {}),
        ("nothing_left", ready, QUIET, {"known": NAMES}),
        ("not_worth_it", replace(ready, resolved=0), QUIET, {"dial": 0.01}),
    ],
)
def test_each_gate_says_why_it_held(
    code: str, state: PlannerState, signals: TurnSignals, given_: dict[str, object]
) -> None:
    assert decide(ready).action == "ASK"
    held = decide(state, signals, **given_)
    assert (held.action, held.code, held.field) == ("NONE", code, None)
    assert held.reason.startswith("did not ask: ")
    assert explain(held, "zh-CN").startswith("未询问：")
    assert explain(held, "en") == held.reason


def test_wanting_to_buy_ends_the_cool_off_and_nothing_else() -> None:
    cooling = replace(ready, cool_off_from=3)
    assert decide(cooling, TurnSignals(buy=True)).action == "ASK"
    assert decide(replace(cooling, opted_out=True), TurnSignals(buy=True)).action == "NONE"
    assert decide(replace(cooling, asks=1, last_ask_turn=2), TurnSignals(buy=True)).code == "too_soon"


def test_an_answered_question_is_helped_and_asked_in_the_same_answer() -> None:
    first = observe(PlannerState(), QUESTION, (), NOW)
    chosen = decide(first, QUESTION)
    assert (chosen.action, chosen.code) == ("ASK", "ask_helped")
    assert chosen.explain_purpose
    assert decide(first, QUESTION, question_open=True).code == "question_open"


def test_the_reason_names_the_field_and_the_moment() -> None:
    chosen = decide(ready, TurnSignals(buy=True))
    assert chosen.field == "phone"
    assert chosen.reason == "asks for phone: the customer wants to buy and it is not known"
    assert "phone" in explain(chosen, "zh")
    assert "购买" in explain(chosen, "zh")


def test_the_formula_gives_the_documented_utility() -> None:
    chosen = decide(ready, known=[n for n in NAMES if n != "company"])
    p = 1 / (1 + 2.718281828459045 ** -(-0.6 + 0.6 * 1.0 - 0.3))
    assert chosen.utility == pytest.approx(2 * p - 4 * 0.05**0.5 * (1 - p) * 0.4)


def test_equal_worth_goes_to_the_contact_first() -> None:
    same = [CollectField(name=n, type=t) for n, t in (("budget", "text"), ("email", "email"), ("site", "text"))]
    assert decide(ready, collect=Collect(fields=same)).field == "email"


# --- a conversation ---------------------------------------------------------------------------------------


def turn(
    state: PlannerState,
    signals: TurnSignals = QUIET,
    captured: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
    dial: float = 0.5,
    now: datetime = NOW,
) -> tuple[PlannerState, Plan]:
    seen = observe(state, signals, captured, now)
    chosen = decide(seen, signals, known=known, dial=dial, now=now)
    helped = signals.open_question
    return after_answer(seen, chosen, helped, chosen.explain_purpose, now), chosen


@pytest.mark.parametrize("dial", [0.35, 0.5, 0.8, 1.0])
def test_a_customer_who_answers_each_question_gives_seven_fields_in_twelve_messages(dial: float) -> None:
    state, known, wanted = PlannerState(), (), None
    for number in range(12):
        told = (wanted,) if wanted else ()
        known += told
        state, chosen = turn(state, QUIET if number else QUESTION, told, known, dial)
        wanted = chosen.field if chosen.action == "ASK" else None
    assert sorted(known) == sorted(NAMES)


@given(dial=dials, mood=st.lists(signal, min_size=1, max_size=30))
def test_a_customer_who_never_answers_is_asked_no_more_than_the_bound(dial: float, mood: list[TurnSignals]) -> None:
    state, asked_at, asked = PlannerState(), [], []
    for number, signals in enumerate(mood):
        state, chosen = turn(state, replace(signals, opt_out=False, opt_in=False), dial=dial)
        if chosen.action == "ASK":
            asked_at.append(number)
            asked.append(chosen.field)
    at = dial_settings(dial)
    assert len(asked) <= at.max_asks
    assert all(asked.count(name) <= 1 + at.reasks for name in asked)
    assert all(b - a >= at.gap for a, b in pairwise(asked_at))


@given(dial=dials, before=st.lists(signal, max_size=6), after=st.lists(signal, min_size=1, max_size=8))
def test_nobody_is_asked_after_opting_out_nor_in_later_visits(
    dial: float, before: list[TurnSignals], after: list[TurnSignals]
) -> None:
    state = PlannerState()
    for signals in before:
        state, _ = turn(state, signals, dial=dial)
    state, chosen = turn(state, TurnSignals(opt_out=True, buy=True), dial=dial)
    assert chosen.action == "NONE"
    for number, signals in enumerate(after):
        state = begin(state) if number == 2 else state
        state, chosen = turn(state, replace(signals, opt_in=False), dial=dial)
        assert chosen.action == "NONE"


def test_a_change_of_mind_opens_the_door_again() -> None:
    state, _ = turn(replace(ready, opted_out=True), TurnSignals(opt_in=True))
    assert not state.opted_out


def test_an_ignored_ask_cools_off_and_an_answer_does_not() -> None:
    asked, first = turn(PlannerState(), QUESTION)
    assert first.action == "ASK"
    ignored, _ = turn(asked)
    ignored, held = turn(ignored)
    assert held.code == "cooling_off"
    assert ignored.ignored_by_field == {first.field: 1}
    answered, second = turn(asked, captured=(first.field or "",), known=(first.field or "",))
    assert second.action == "ASK"
    assert second.code == "ask_answered"
    assert answered.unanswered == 1


def test_a_late_answer_ends_the_cool_off() -> None:
    asked, first = turn(PlannerState(), QUESTION)
    field = first.field or ""
    ignored, _ = turn(asked)
    state, chosen = turn(ignored, captured=(field,), known=(field,))
    assert chosen.action == "ASK"
    assert state.answered == 1


def test_asking_why_gets_the_purpose_and_no_ask_and_is_no_refusal() -> None:
    asked, first = turn(PlannerState(), QUESTION)
    why = TurnSignals(open_question=True, asks_purpose=True)
    state, chosen = turn(asked, why)
    assert (chosen.action, chosen.explain_purpose) == ("NONE", True)
    assert state.cool_off_from is None
    assert state.awaiting
    assert "follow up" in directive(chosen, COLLECT, (), "en", "Lan").purpose
    _, after = turn(state, captured=(first.field or "",), known=(first.field or "",))
    assert after.action == "ASK"


def test_a_refused_field_is_asked_again_once_at_most_and_not_at_all_by_the_discreet() -> None:
    refused = replace(ready, refusals_by_field={"phone": 1}, asks_by_field={"phone": 1})
    others = tuple(n for n in NAMES if n != "phone")
    assert decide(refused, TurnSignals(buy=True), known=others).field == "phone"
    assert decide(refused, TurnSignals(buy=True), known=others, dial=0.2).code == "nothing_left"
    twice = replace(refused, refusals_by_field={"phone": 2})
    assert decide(twice, TurnSignals(buy=True), known=others, dial=1.0).code == "nothing_left"


def test_a_field_that_was_passed_over_is_asked_once_more_and_not_at_all_by_the_discreet() -> None:
    passed_over = replace(ready, turn=9, asks_by_field={"company": 1}, resolved=4)
    others = tuple(n for n in NAMES if n != "company")
    assert decide(passed_over, TurnSignals(buy=True), known=others).field == "company"
    assert decide(passed_over, TurnSignals(buy=True), known=others, dial=0.24).code == "nothing_left"


def test_the_easier_field_may_follow_a_refused_one() -> None:
    state, chosen = turn(replace(ready, resolved=4), TurnSignals(buy=True))
    assert (chosen.field, chosen.alternative) == ("phone", "wechat")
    state = observe(state, TurnSignals(refusal=True, refused_fields=("phone",)), (), NOW)
    assert decide(state, TurnSignals(refused_fields=("phone",))).action == "NONE"
    later = replace(state, turn=state.turn + 4)
    others = tuple(n for n in NAMES if n not in ("phone", "wechat"))
    assert decide(later, TurnSignals(buy=True), known=others).field == "wechat"


def test_a_value_that_comes_with_a_refusal_is_no_refusal_of_it() -> None:
    asked = replace(ready, asks=1, awaiting=True, last_asked="phone", last_ask_turn=3)
    given_anyway = observe(asked, TurnSignals(refused_fields=("phone",)), ("phone",), NOW)
    assert given_anyway.refusals_by_field == {}
    other = observe(asked, TurnSignals(refused_fields=("phone",)), ("wechat",), NOW)
    assert other.refusals_by_field == {"phone": 1}
    assert other.cool_off_from is None


def test_two_tries_in_thirty_days_hold_across_conversations() -> None:
    only = Collect(fields=[FIELDS[0]])
    state, now, asked = None, NOW, []
    for _visit in range(8):
        state = replace(begin(state), turn=5, resolved=4)
        chosen = decide(state, collect=only, dial=1.0, now=now)
        state = after_answer(state, chosen, False, True, now)
        asked.append(chosen.action == "ASK")
        now += timedelta(days=7)
    assert asked == [True, True, False, False, False, True, True, False]


def test_a_new_conversation_keeps_what_must_hold_and_forgets_the_counts() -> None:
    old = replace(ready, asks=4, opted_out=True, purpose_told=True, refusals_by_field={"phone": 1}, offered=("spring",))
    new = begin(old)
    assert (new.opted_out, new.purpose_told, new.refusals_by_field) == (True, True, {"phone": 1})
    assert (new.turn, new.asks, new.resolved, new.offered) == (0, 0, 0, ())
    assert begin(None) == PlannerState()


@given(states)
def test_the_state_survives_json_and_unknown_keys(state: PlannerState) -> None:
    stored = json.loads(json.dumps(state.to_dict()))
    assert PlannerState.from_dict(stored | {"from_a_later_version": 1}) == state
    assert PlannerState.from_dict({"turn": 4}).turn == 4
    assert PlannerState.from_dict(None) == PlannerState()


# --- offers -----------------------------------------------------------------------------------------------

ASKS_PRICE = TurnSignals(open_question=True, asks_price=True, buy=True)


def test_a_price_question_gets_the_price_offer_before_an_ask() -> None:
    chosen = decide(ready, ASKS_PRICE, offers=[PRICE_OFFER])
    assert (chosen.action, chosen.code, chosen.field) == ("RECOMMEND", "offer_asked_price", "spring")
    state = after_answer(replace(ready, seen=("asked_price",)), chosen, True, False, NOW)
    assert state.offered == ("spring",)
    assert decide(replace(state, turn=9), ASKS_PRICE, offers=[PRICE_OFFER]).action == "ASK"


def test_another_offer_waits_until_there_is_nothing_to_ask() -> None:
    helped = Offer(name="guide", text="A guide.", when="helped")
    assert decide(ready, offers=[helped]).action == "ASK"
    assert decide(ready, offers=[helped], known=NAMES).field == "guide"
    assert decide(replace(ready, resolved=0), offers=[helped], known=NAMES).action == "NONE"


@pytest.mark.parametrize(
    ("state", "signals", "given_"),
    [
        (replace(ready, opted_out=True), ASKS_PRICE, {}),
        (ready, replace(ASKS_PRICE, irritated=True), {}),
        (ready, ASKS_PRICE, {"question_open": True}),
        (ready, ASKS_PRICE, {"dial": 0.0}),
        (replace(ready, cool_off_from=3), QUIET, {"offers": [Offer(name="x", text="X.", when="always")]}),
    ],
)
def test_the_gates_hold_offers_too(state: PlannerState, signals: TurnSignals, given_: dict[str, object]) -> None:
    assert decide(state, signals, **({"offers": [PRICE_OFFER], "known": NAMES} | given_)).action == "NONE"


def test_an_offer_is_made_in_its_days_only() -> None:
    dated = Offer(name="sale", text="Sale.", when="always", **{"from": date(2026, 11, 23), "to": date(2026, 11, 24)})
    for day, action in ((22, "NONE"), (23, "RECOMMEND"), (24, "RECOMMEND"), (25, "NONE")):
        chosen = decide(ready, offers=[dated], known=NAMES, today=date(2026, 11, day))
        assert chosen.action == action


def test_two_offers_do_not_follow_each_other_at_once() -> None:
    two = [Offer(name=name, text="An offer.", when="always") for name in ("a", "b")]
    first = decide(ready, offers=two, known=NAMES)
    state = after_answer(ready, first, False, False, NOW)
    assert (first.field, state.last_offer_turn) == ("a", 3)
    assert decide(replace(state, turn=4), offers=two, known=NAMES).action == "NONE"
    assert decide(replace(state, turn=5), offers=two, known=NAMES).field == "b"


@given(mood=st.lists(signal, min_size=1, max_size=20), offers=offer_lists, dial=dials)
def test_an_offer_comes_once_in_a_conversation(mood: list[TurnSignals], offers: list[Offer], dial: float) -> None:
    state, made = PlannerState(), []
    for signals in mood:
        seen = observe(state, signals, (), NOW)
        chosen = decide(seen, signals, offers=offers, dial=dial)
        state = after_answer(seen, chosen, signals.open_question, False, NOW)
        if chosen.action == "RECOMMEND":
            made.append(chosen.field)
    assert len(made) == len(set(made))


# --- directive --------------------------------------------------------------------------------------------


def marks(text: str) -> int:
    return text.count("?") + text.count("？")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("field", FIELDS, ids=NAMES)
def test_every_field_has_a_ready_question_with_one_mark(field: CollectField, language: str) -> None:
    chosen = Plan("ASK", "ask", "asks", field=field.name, alternative=field.alternative, explain_purpose=True)
    told = directive(chosen, COLLECT, (), language, "Lan")
    assert marks(told.ask) == 1
    assert ("您" in told.ask or "方便" in told.ask) == (language == "zh")
    assert told.purpose
    assert "xactly one question mark" in told.text_for_model
    assert told.ask.split("?")[0].split("？")[0] in told.text_for_model


def test_the_easier_way_is_offered_once_and_as_a_statement() -> None:
    chosen = Plan("ASK", "ask", "asks", field="phone", alternative="wechat")
    assert directive(chosen, COLLECT, (), "zh", "小岚").ask.endswith("留微信号也可以。")
    own = CollectField(
        name="phone",
        type="phone",
        ask={"en": "Phone? Or WeChat?", "zh": "方便留电话或微信吗？"},
        alternative="wechat",
    )
    collect = Collect(fields=[own, FIELDS[5]])
    assert directive(chosen, collect, (), "zh", "小岚").ask == "方便留电话或微信吗？"
    assert directive(chosen, collect, (), "en", "Lan").ask == "Phone. Or WeChat?"


def test_no_ask_tells_the_model_not_to() -> None:
    told = directive(Plan("NONE", "opted_out", "did not ask"), COLLECT, (), "en", "Lan")
    assert "Do not ask for personal data in this answer" in told.text_for_model
    assert (told.ask, told.offer, told.purpose) == ("", "", "")


def test_a_recommendation_carries_the_offer_in_the_language_of_the_talk() -> None:
    chosen = Plan("RECOMMEND", "offer_asked_price", "recommends", field="spring")
    assert directive(chosen, COLLECT, [PRICE_OFFER], "zh", "小岚").offer == "春季九折"
    told = directive(chosen, COLLECT, [PRICE_OFFER], "en", "Lan")
    assert "10 % off in spring" in told.text_for_model
    assert "Do not ask for personal data" in told.text_for_model


def test_a_choice_is_asked_with_its_options() -> None:
    size = CollectField(
        name="size", type="choice", options=[{"en": "small", "zh": "小型"}, {"en": "large", "zh": "大型"}]
    )
    assert ask_wording(size, "en") == "Which size fits you best: small, large?"
    assert "小型、大型" in ask_wording(size, "zh")


@given(st.text(alphabet="ab 你好?？.!", max_size=20))
def test_any_wording_ends_up_with_one_question_mark(text: str) -> None:
    assert marks(one_question(text)) == 1
