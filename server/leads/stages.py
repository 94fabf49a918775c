"""How far a lead has come through the funnel, and where it left it.

Each stage holds everything before it in the funnel's drop-off, so a lead never goes back: what was reached
stays reached when a field is corrected or deleted later.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from server.catalog.spec import Collect
from server.leads.types import Exit, Stage

STAGES: tuple[Stage, ...] = get_args(Stage)
"""In the order of the funnel."""


def furthest(*stages: str) -> Stage:
    """The stage that is furthest down the funnel; names that are no stage count for nothing."""
    return max((stage for stage in STAGES if stage in stages), key=STAGES.index, default="exposed")


def stage_of(
    *,
    before: str = "exposed",
    customer_turns: int,
    helped: bool,
    asked: bool,
    contact: bool,
    known: Collection[str],
    collect: Collect,
) -> Stage:
    """The furthest stage reached.

    `customer_turns` are messages of the customer; `helped`: one of their questions was answered; `asked`: an
    answer asked for a field; `contact`: a plausible way to reach them is known; `known`: the fields with a
    plausible value. A persona without `qualified_when` never qualifies a lead; a meeting needs somebody who
    can be reached, unless the persona collects no contact at all.
    """
    reached: list[str] = [before]
    if customer_turns >= 2:
        reached.append("engaged")
    if helped:
        reached.append("helped")
    if asked:
        reached.append("asked")
    if contact:
        reached.append("contact_captured")
    if contact and collect.qualified_when and all(name in known for name in collect.qualified_when):
        reached.append("qualified")
    if _meets(contact, known, collect):
        reached.append("meeting")
    return furthest(*reached)


def _meets(contact: bool, known: Collection[str], collect: Collect) -> bool:
    reachable = contact or not any(field.is_contact for field in collect.fields)
    return reachable and any(field.type == "datetime" and field.name in known for field in collect.fields)


def exit_of(*, annoyed: bool, opted_out: bool) -> Exit | None:
    """The side exit a lead has taken, the graver one first."""
    if opted_out:
        return "opted_out"
    return "annoyed" if annoyed else None
