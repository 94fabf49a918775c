"""How a lead's fields changed: what was there, what came, who, when; the latest of a field can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from console.client.leads import Change, Form, LeadInFull
from console.parts.label import plainly
from console.screens.leading import fields
from console.screens.leading.forms import label_of
from console.shown import date_and_time, number
from console.visit import current, say

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A change with what it replaced; `is_latest`: nothing changed the field since."""

    change: Change
    before: str | None
    is_latest: bool


def lines(changes: Sequence[Change]) -> list[Line]:
    """The changes, newest first, each with the value before it."""
    held: dict[str, str | None] = {}
    left = {change.field: index for index, change in reversed(list(enumerate(changes)))}
    found = []
    for index, change in reversed(list(enumerate(changes))):
        found.append(Line(change, held.get(change.field), left[change.field] == index))
        held[change.field] = change.value
    return found[::-1]


def draw(lead: LeadInFull, form: Form) -> None:
    """The latest changes; the older ones folded."""
    found = lines(lead.history)
    st.subheader(say("lead.history"))
    if not found:
        st.caption(say("lead.no_history"))
    for index, line in enumerate(found[:SHOWN]):
        _line(lead, form, line, index)
    if len(found) > SHOWN:
        with st.expander(say("lead.older", count=number(len(found) - SHOWN))):
            for index, line in enumerate(found[SHOWN:], SHOWN):
                _line(lead, form, line, index)


def _line(lead: LeadInFull, form: Form, line: Line, index: int) -> None:
    change = line.change
    with st.container(key=f"lead_change_{index}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(plainly(_words(form, line)), width="stretch")
            if change.by == "person" and line.is_latest and line.before != change.value:
                _undo(lead, line, index)
        with st.container(key=f"lead_quiet_change_{index}"):
            st.text(plainly(f"{_who(change)} · {date_and_time(change.at)}"))


def _words(form: Form, line: Line) -> str:
    label, nothing = label_of(form, line.change.field), say("lead.nothing")
    after = nothing if line.change.value is None else line.change.value
    if line.before is None or line.before == line.change.value:
        return say("lead.set", field=label, after=after)
    return say("lead.changed", field=label, before=line.before, after=after)


def _who(change: Change) -> str:
    means = fields.means(change.by)
    return f"{means} ({change.actor})" if change.by == "person" and change.actor else means


def _undo(lead: LeadInFull, line: Line, index: int) -> None:
    may = current().may("editor")
    st.button(
        say("leads.undo"),
        key=f"undo_change_{index}",
        type="tertiary",
        icon=":material/undo:",
        disabled=not may,
        help=None if may else say("common.needs_editor"),
        on_click=fields.plan,
        args=(fields.Edit(lead.id, line.change.field, line.before),),
    )
