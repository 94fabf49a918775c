"""The studio of one persona: `/persona?name=…&tab=…&version=…`."""

from __future__ import annotations

import streamlit as st

from console import links
from console.client import Refused
from console.parts.pane import empty, pane
from console.screens.studio.desk import studio
from console.screens.studio.draft import DraftEdit, open_draft
from console.visit import say


def show() -> None:
    """Draws the page; without a name the list of personas opens."""
    name = st.query_params.get("name", "")
    if not name:
        links.go("personas")
    _studio(name)


@pane
def _studio(name: str) -> None:
    draft = _found(name)
    if draft:
        studio(draft)
        return
    empty(say("studio.unknown"), say("studio.unknown_next"), icon=":material/search_off:")
    with st.container(key="studio_back", horizontal=True, horizontal_alignment="center"):
        st.page_link(links.page("personas"), label=say("studio.unknown_back"), icon=":material/arrow_back:")


def _found(name: str) -> DraftEdit | None:
    try:
        return open_draft(name)
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
