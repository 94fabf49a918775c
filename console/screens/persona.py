"""The studio of one persona: `/persona?name=…&tab=…&version=…`."""

from __future__ import annotations

import streamlit as st

from console import links
from console.parts.pane import pane
from console.screens.studio.desk import studio
from console.screens.studio.draft import open_draft


def show() -> None:
    """Draws the page; without a name the list of personas opens."""
    name = st.query_params.get("name", "")
    if not name:
        links.go("personas")
    _studio(name)


@pane
def _studio(name: str) -> None:
    studio(open_draft(name))
