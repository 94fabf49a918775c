"""What the cards of fields, offers and question pairs have in common: taking out, opening, and taking back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from console.screens.studio.inputs import why_not
from console.visit import say

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit


def remove_button(draft: DraftEdit, noun: str, index: int, label: str, on_remove: Callable[[], None]) -> None:
    """The button that takes a card out; `noun` is the cards' part of its key."""
    st.button(
        label,
        key=f"icon_{noun}_remove_{index}",
        icon=":material/delete:",
        type="tertiary",
        help=why_not(draft) or label,
        disabled=not draft.may_edit,
        on_click=on_remove,
    )


def open_button(noun: str, index: int, is_open: bool, on_open: Callable[[int | None], None]) -> None:
    """The button that opens a card, or closes it: `on_open` hears which is open then."""
    st.button(
        say("studio_fields.close") if is_open else say("studio_fields.open"),
        key=f"{noun}_open_{index}",
        type="tertiary",
        icon=":material/expand_less:" if is_open else ":material/expand_more:",
        on_click=partial(on_open, None if is_open else index),
    )


def undo_line(noun: str, told: str, on_undo: Callable[[], None]) -> None:
    """What was taken out, with the button that brings it back."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(told, width="content")
        st.button(
            say("studio_fields.undo"),
            key=f"{noun}_undo",
            icon=":material/undo:",
            type="tertiary",
            on_click=on_undo,
        )
