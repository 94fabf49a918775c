"""Where in the studio one is: the tab, and the place in it that a hint or a problem leads to."""

from __future__ import annotations

from typing import Final, Literal, get_args

import streamlit as st

from console.screens.studio.prompt_editor import Jump

Tab = Literal["prompt", "fields", "offers", "knowledge", "model", "yaml", "history"]
TABS: Final[tuple[Tab, ...]] = get_args(Tab)
_BY_KEY: Final[dict[str, Tab]] = {
    "prompt": "prompt",
    "title": "prompt",
    "greeting": "prompt",
    "suggestions": "prompt",
    "collect": "fields",
    "offers": "offers",
    "knowledge": "knowledge",
    "settings": "model",
    "limits": "model",
}


def tab_now() -> Tab:
    """The tab that the address names."""
    named = st.query_params.get("tab")
    return next((tab for tab in TABS if tab == named), "prompt")


def open_tab(tab: Tab) -> None:
    """Opens the tab, as a step that Back undoes. For callbacks."""
    st.query_params["tab"] = tab
    st.query_params.pop("version", None)


def tab_of(path: str) -> Tab:
    """The tab where the value at a path such as `collect.fields[0].ask` is edited."""
    return _BY_KEY.get(path.split(".")[0].split("[")[0], "yaml")


def lead_to(tab: Tab, line: int, column: int) -> None:
    """Opens the tab and goes to the line in its editor, 1-based. For callbacks."""
    number = st.session_state.get("studio_jumps", 0) + 1
    st.session_state["studio_jumps"] = number
    st.session_state[f"studio_jump_{tab}"] = Jump(number, line, column)
    open_tab(tab)


def jump_in(tab: Tab) -> Jump | None:
    """Where the tab was last led to; the editor goes there once."""
    jump: Jump | None = st.session_state.get(f"studio_jump_{tab}")
    return jump
