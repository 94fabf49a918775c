"""Settings: the people of the house, keys of programs, sessions, and the audit. The tab stands in the address."""

from __future__ import annotations

import streamlit as st

from console.parts import addressed, bound
from console.screens.setting import audit, keys, people, sessions
from console.visit import current, say, say_of

TABS = {"people": people.draw, "keys": keys.draw, "sessions": sessions.draw, "audit": audit.draw}


def show() -> None:
    """Draws the page."""
    st.title(say_of("nav.page", "settings"))
    tab = _tab()
    if tab != "sessions" and not current().may("admin"):
        st.info(say("settings.admin_alone"), icon=":material/lock:")
        return
    TABS[tab]()


def _tab() -> str:
    usual = "people" if current().may("admin") else "sessions"
    asked = addressed.said("tab")
    tab = asked if asked in TABS else usual
    key = bound.chosen("settings_tab", tab)
    st.segmented_control(
        say("settings.tab_label"),
        tuple(TABS),
        required=True,
        format_func=_named,
        key=key,
        on_change=_turn,
        label_visibility="collapsed",
    )
    return tab


def _named(tab: str) -> str:
    return say_of("settings.tab", tab)


def _turn() -> None:
    """Another tab begins without the filters of the one before."""
    st.query_params.from_dict({"tab": st.session_state["settings_tab"]})
