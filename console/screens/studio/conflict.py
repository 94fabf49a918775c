"""Two texts of one persona, side by side, and the choice between them. Neither is lost."""

from __future__ import annotations

import streamlit as st

from console import shown
from console.client import Refused, ServerAway
from console.parts.difference import side_by_side
from console.parts.label import label
from console.parts.problem import in_words
from console.screens.studio.draft import Clash, DraftEdit
from console.visit import current, say

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
            on_click=lambda: _keep(draft),
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
    failed = st.session_state.pop("studio_conflict_failed", None)
    if failed:
        st.error(label(failed), icon=":material/error:")
    named = say("studio.mine_by", author=clash.mine_by) if clash.mine_by else say("studio.mine")
    side_by_side((whose_theirs(clash), clash.theirs), (named, mine), key="studio_conflict_texts")


def whose_theirs(clash: Clash) -> str:
    """Whose the other text is, and since when."""
    time = shown.short_time(clash.updated_at) if clash.updated_at else ""
    if clash.theirs_is == "draft":
        if clash.author in (current().me.name, current().me.id):
            return say("studio.theirs_own_draft", time=time)
        return say("studio.theirs_draft", author=clash.author, time=time)
    if not time:
        return say("studio.theirs_version", version=clash.version)
    if clash.author == "file":
        return say("studio.theirs_file", version=clash.version, time=time)
    return say("studio.theirs_published", version=clash.version, author=clash.author, time=time)


def _edited(clash: Clash) -> str:
    return str(st.session_state.get(_EDITED) or clash.mine)


def _keep(draft: DraftEdit) -> None:
    if draft.clash:
        draft.keep_mine(_edited(draft.clash))
    st.session_state.pop(_EDITED, None)


def _take(draft: DraftEdit) -> None:
    try:
        draft.take_theirs()
    except Refused as refused:
        st.session_state["studio_conflict_failed"] = in_words(refused)
    except ServerAway:
        st.session_state["studio_conflict_failed"] = say("common.away_here")
    else:
        st.session_state.pop(_EDITED, None)
