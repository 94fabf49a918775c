"""What would be captured from a sentence: the published persona reads it, and nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from console.client.knowledge import Capture
from console.parts.missed_reason import reason_in_words
from console.parts.pane import pane
from console.screens.studio.field_list import named_fields
from console.screens.studio.inputs import why_not
from console.visit import current, language, say

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit


def capture(draft: DraftEdit) -> None:
    """One input, and below it what would be stored and what passed over."""
    with st.container(key="capture", border=True):
        st.subheader(say("studio_fields.try_title"))
        sentence = st.text_input(
            say("studio_fields.try_label"),
            key=f"capture_{draft.name}",
            placeholder=say("studio_fields.try_example"),
            help=why_not(draft),
            disabled=not draft.may_edit,
        )
        st.caption(say("studio_fields.try_published"))
        if sentence.strip() and draft.may_edit:
            _result(draft, sentence)


@pane
def _result(draft: DraftEdit, sentence: str) -> None:
    visit = current()
    found = visit.api.knowledge.would_capture(draft.name, sentence, language(), visit.timezone)
    if not found.fields and not found.missed:
        st.text(say("studio_fields.try_nothing"))
    _stored(draft, found)
    for missed in found.missed:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.badge(say("studio_fields.try_missed"), color="orange", icon=":material/block:")
            st.text(f"{missed.text}\n{reason_in_words(missed.reason)}")


def _stored(draft: DraftEdit, found: Capture) -> None:
    named = named_fields(draft.spec)
    for name, heard in found.fields.items():
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if heard.plausible:
                st.badge(say("studio_fields.try_stored"), color="green", icon=":material/check:")
            else:
                st.badge(say("studio_fields.try_doubtful"), color="orange", icon=":material/help:")
            st.text(f"{named.get(name, name)}: {heard.normalised or heard.value}")
