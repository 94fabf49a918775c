"""Stages: how far a lead has come, as the funnel counts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.spec import Collect, CollectField
from server.leads.stages import STAGES, exit_of, furthest, stage_of

COLLECT = Collect(
    qualified_when=["company"],
    fields=[
        CollectField(name="company", type="text"),
        CollectField(name="phone", type="phone"),
        CollectField(name="meeting_time", type="datetime"),
    ],
)
NAMES = ["company", "phone", "meeting_time"]


def stage(collect: Collect = COLLECT, **given_: object) -> str:
    none = {"customer_turns": 1, "helped": False, "asked": False, "contact": False, "known": ()}
    return stage_of(**(none | given_), collect=collect)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "given_"),
    [
        ("exposed", {}),
        ("engaged", {"customer_turns": 2}),
        ("helped", {"helped": True}),
        ("asked", {"asked": True, "helped": True}),
        ("asked", {"asked": True, "known": ["company"]}),
        ("contact_captured", {"contact": True, "known": ["phone"]}),
        ("qualified", {"contact": True, "known": ["phone", "company"]}),
        ("meeting", {"contact": True, "known": ["phone", "meeting_time"]}),
        ("exposed", {"known": ["meeting_time"]}),
        ("asked", {"before": "asked"}),
    ],
)
def test_the_stage_is_the_furthest_one_reached(expected: str, given_: dict[str, object]) -> None:
    assert stage(**given_) == expected


def test_a_persona_that_collects_no_contact_may_still_make_meetings() -> None:
    assert stage(Collect(fields=[COLLECT.fields[2]]), known=["meeting_time"]) == "meeting"


def test_a_persona_without_a_rule_qualifies_nobody() -> None:
    free = COLLECT.model_copy(update={"qualified_when": []})
    assert stage(free, contact=True, known=["phone", "company"]) == "contact_captured"


@given(
    before=st.sampled_from(STAGES),
    customer_turns=st.integers(0, 5),
    helped=st.booleans(),
    asked=st.booleans(),
    contact=st.booleans(),
    known=st.sets(st.sampled_from(NAMES)),
)
def test_a_lead_never_goes_back(before: str, **given_: object) -> None:
    reached = stage(before=before, **given_)
    assert STAGES.index(reached) >= STAGES.index(before)  # type: ignore[arg-type]
    assert stage(before=reached) == reached


def test_unknown_stages_count_for_nothing() -> None:
    assert furthest("asked", "from a later version", "helped") == "asked"
    assert furthest() == "exposed"


def test_opting_out_is_the_graver_exit() -> None:
    assert exit_of(annoyed=True, opted_out=True) == "opted_out"
    assert exit_of(annoyed=True, opted_out=False) == "annoyed"
    assert exit_of(annoyed=False, opted_out=False) is None
