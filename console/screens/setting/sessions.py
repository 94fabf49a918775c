"""Open sessions: one's own, and for administrators everybody's; each can be ended."""

from __future__ import annotations

import streamlit as st

from console import shown
from console.client.sessions import Session
from console.parts import addressed, bound
from console.parts.acting import went_well
from console.parts.label import plainly
from console.parts.pane import pane
from console.visit import current, say, say_of


@pane
def draw() -> None:
    """The list, with a way to end all others."""
    everybody = _whose() == "everybody"
    sessions = current().api.sessions.all(everybody=everybody)
    with st.container(key="sessions_head", horizontal=True, vertical_alignment="center"):
        st.text(say("sessions.about_all") if everybody else say("sessions.about"), width="stretch")
        if not everybody:
            others = sum(not session.current for session in sessions)
            if st.button(
                say("sessions.end_others"),
                key="sessions_end_others",
                icon=":material/logout:",
                disabled=not others,
                help=None if others else say("sessions.no_others"),
            ):
                _others_dialog(others)
    with st.container(key="sessions_rows", gap=None):
        for session in sessions:
            _row(session, named=everybody)


def _whose() -> str:
    if not current().may("admin"):
        return "mine"
    whose = "everybody" if addressed.said("user") == "all" else "mine"
    key = bound.chosen("sessions_whose", whose)
    st.segmented_control(
        say("sessions.whose_label"),
        ("mine", "everybody"),
        required=True,
        format_func=lambda one: say_of("sessions.whose", one),
        key=key,
        on_change=lambda: addressed.put("user", "all" if st.session_state[key] == "everybody" else ""),
        label_visibility="collapsed",
    )
    return whose


def _row(session: Session, *, named: bool) -> None:
    with st.container(key=f"sessions_row_{session.id}", gap=None):
        with st.container(key=f"sessions_named_{session.id}", gap=None):
            st.text(plainly(session.email) if named else say("sessions.opened", when=_at(session.created_at)))
            st.caption(_lately(session, named=named))
        with st.container(key=f"sessions_state_{session.id}", gap=None):
            if session.current:
                st.badge(say("sessions.this"), color="green", icon=":material/computer:")
        with st.container(key=f"sessions_acts_{session.id}", horizontal=True, gap="xsmall"):
            if st.button(
                say("sessions.end"),
                key=f"sessions_end_{session.id}",
                icon=":material/close:",
                disabled=session.current,
                help=say("sessions.sign_out") if session.current else None,
            ) and went_well(lambda: current().api.sessions.end(session.id)):
                st.toast(say("sessions.ended"), icon=":material/check:")
                st.rerun()


def _at(moment: str) -> str:
    return shown.date_and_time(moment)


def _lately(session: Session, *, named: bool) -> str:
    parts = [say("sessions.opened", when=_at(session.created_at))] if named else []
    if session.used_at:
        parts.append(say("sessions.used", when=shown.ago(session.used_at)))
    if session.expires_at:
        parts.append(say("sessions.until", when=_at(session.expires_at)))
    return " · ".join(parts)


def _others_dialog(others: int) -> None:
    @st.dialog(say("sessions.end_others"))
    def dialog() -> None:
        _end_others(others)

    dialog()


@pane
def _end_others(others: int) -> None:
    st.text(say("sessions.end_one") if others == 1 else say("sessions.end_many", n=shown.number(others)))
    with st.container(horizontal=True, gap="small"):
        if st.button(say("sessions.end_others_yes"), key="sessions_others_yes", type="primary") and went_well(
            current().api.sessions.end_others
        ):
            st.toast(say("sessions.ended_others"), icon=":material/check:")
            st.rerun()
        if st.button(say("common.cancel"), key="sessions_others_no"):
            st.rerun()
