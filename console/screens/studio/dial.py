"""Proactivity as five named positions: what each means in a chat, and what an exact number in between is near to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import streamlit as st

from console.parts import bound
from console.screens.studio.inputs import Path, key_of, nearest, value_at, why_not
from console.shown import number
from console.visit import language, say, say_of

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

PLACE: Final[Path] = ("collect", "proactivity")
USUAL: Final = 0.5
POSITIONS: Final = {0.0: "only_answers", 0.2: "discreet", 0.5: "balanced", 0.75: "active", 1.0: "eager"}
"""Each position of the dial and its name; the words of `studio_fields.dial_means` tell what the planner does there."""


def dial(draft: DraftEdit) -> None:
    """The five positions, with a sentence on the chosen one."""
    exact = exact_value(draft.spec)
    chosen = nearest(POSITIONS, exact)
    key = bound.chosen(key_of(draft, PLACE, language()), chosen)
    with st.container(key="dial", gap="xsmall"):
        st.segmented_control(
            say("studio_fields.dial"),
            list(POSITIONS),
            required=True,
            format_func=lambda step: say_of("studio_fields.dial_name", POSITIONS[step]),
            key=key,
            help=why_not(draft),
            disabled=not draft.may_edit,
            width="stretch",
            on_change=partial(_turn, draft, key),
        )
        st.text(say_of("studio_fields.dial_means", POSITIONS[chosen]))
        if value_at(draft.spec, PLACE) == "learn":
            st.caption(say("studio_fields.dial_learns"))
        elif exact != chosen:
            _in_between(draft, exact, chosen)


def exact_value(spec: object) -> float:
    """The dial's number; what is left out, `learn` or no number at all counts as balanced."""
    value = value_at(spec, PLACE)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else USUAL


def _in_between(draft: DraftEdit, exact: float, chosen: float) -> None:
    name = say_of("studio_fields.dial_name", POSITIONS[chosen])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(say("studio_fields.dial_between", exact=number(exact), name=name), width="content")
        st.button(
            say("studio_fields.dial_round", name=name),
            key=key_of(draft, PLACE, "round"),
            type="tertiary",
            help=why_not(draft),
            disabled=not draft.may_edit,
            on_click=partial(draft.put, PLACE, chosen),
        )


def _turn(draft: DraftEdit, key: str) -> None:
    draft.put(PLACE, st.session_state[key])
