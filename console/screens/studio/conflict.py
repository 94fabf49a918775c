"""Two texts of one persona, side by side, and the choice between them. Neither is lost."""

from __future__ import annotations

import streamlit as st

from console.parts.difference import side_by_side
from console.screens.studio.draft import Clash, DraftEdit
from console.visit import say

_EDITED = "studio_conflict_mine"


def conflict(draft: DraftEdit, clash: Clash) -> None:
    """Draws both and the ways to go on."""
    st.subheader(say("studio.conflict"))
    st.text(say("studio.conflict_what"))
    mine = _edited(clash)
    with st.container(key="studio_conflict_ways", horizontal=True, gap="small"):
        st.button(
            say("studio.conflict_mine"),
            key="studio_keep_mine",
            icon=":material/person:",
            on_click=lambda: _keep(draft, mine),
        )
        st.button(
            say("studio.conflict_theirs"),
            key="studio_take_theirs",
            icon=":material/group:",
            on_click=lambda: _take(draft),
        )
        st.toggle(say("studio.conflict_edit"), key="studio_conflict_edits")
    if st.session_state.get("studio_conflict_edits"):
        st.text_area(say("studio.conflict_edit_label"), mine, key=_EDITED, height=320, persist_state="page")
    theirs = say("studio.theirs", version=clash.version)
    side_by_side((theirs, clash.theirs), (say("studio.mine"), mine), key="studio_conflict_texts")


def _edited(clash: Clash) -> str:
    return str(st.session_state.get(_EDITED) or clash.mine)


def _keep(draft: DraftEdit, mine: str) -> None:
    draft.keep_mine(mine)
    st.session_state.pop(_EDITED, None)


def _take(draft: DraftEdit) -> None:
    draft.take_theirs()
    st.session_state.pop(_EDITED, None)
