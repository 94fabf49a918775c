"""The publish drawer: what changes for customers, what could be better, a note, and the button."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from console.client import Refused, ServerAway
from console.client.personas import Difference
from console.parts.difference import difference
from console.parts.label import label
from console.parts.pane import pane
from console.parts.problem import in_words
from console.screens.studio.draft import DraftEdit
from console.screens.studio.hint_places import in_words_with_place
from console.visit import current, say

_HINTS = 4


def ask_publish(draft: DraftEdit, close: Callable[[], None]) -> None:
    """Opens the drawer; `close` forgets that it is open."""

    @st.dialog(say("studio.publish_title"), position="right", width="medium", on_dismiss=close)
    def drawer() -> None:
        _drawer(draft, close)

    drawer()


@pane
def _drawer(draft: DraftEdit, close: Callable[[], None]) -> None:
    if draft.clash:
        _meanwhile(draft.clash.version, close)
        return
    st.text(say("studio.publish_becomes", before=draft.base_version, after=draft.base_version + 1))
    found = _difference(draft)
    difference(found.segments, key="studio_publish_difference", height=340)
    if all(piece.kind == "same" for piece in found.segments):
        st.caption(say("studio.publish_same"))
    _hints(draft)
    note = st.text_input(say("studio.note"), key="studio_note", max_chars=2000, placeholder=say("studio.note_example"))
    if st.button(say("studio.publish"), key="studio_publish_now", type="primary", shortcut="Mod+Enter"):
        _publish(draft, str(note or ""), close)


def _difference(draft: DraftEdit) -> Difference:
    """Asked once for each revision: typing a note draws the drawer anew."""
    stand = (draft.name, draft.base_version, draft.revision)
    kept: tuple[object, Difference] | None = st.session_state.get("studio_difference")
    if kept is None or kept[0] != stand:
        before = "published" if draft.published.version else "draft"
        kept = (stand, current().api.personas.difference(draft.name, before, "draft"))
        st.session_state["studio_difference"] = kept
    return kept[1]


def _hints(draft: DraftEdit) -> None:
    if not draft.hints:
        return
    with st.container(key="studio_publish_hints", gap="xsmall"):
        st.badge(say("studio.hints", count=len(draft.hints)), icon=":material/lightbulb:", color="orange")
        for hint in draft.hints[:_HINTS]:
            st.text(in_words_with_place(draft.spec, hint))
        if len(draft.hints) > _HINTS:
            st.caption(say("studio.hints_more", count=len(draft.hints) - _HINTS))


def _publish(draft: DraftEdit, note: str, close: Callable[[], None]) -> None:
    try:
        version = current().api.personas.publish(
            draft.name, base_version=draft.base_version, revision=draft.revision, note=note
        )
        draft.reload()
    except Refused as refused:
        if draft.met_conflict(refused) or (refused.status in (404, 409) and draft.was_overtaken()):
            st.rerun(scope="fragment")
        st.error(label(in_words(refused)), icon=":material/error:")
    except ServerAway:
        st.error(say("studio.publish_away"), icon=":material/cloud_off:")
    else:
        close()
        st.toast(say("studio.published", version=version), icon=":material/check_circle:")
        st.rerun()


def _meanwhile(version: int, close: Callable[[], None]) -> None:
    st.warning(say("studio.publish_meanwhile", version=version), icon=":material/merge:")
    if st.button(say("studio.compare"), key="studio_compare", type="primary"):
        close()
        st.rerun()
