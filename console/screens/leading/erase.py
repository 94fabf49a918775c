"""Erasing a lead's person: what goes, counted, and the name typed before it goes."""

from __future__ import annotations

import streamlit as st

from console import links
from console.client.leads import Erasure, LeadInFull
from console.parts.pane import pane
from console.screens.leading import address
from console.screens.leading.forms import called
from console.shown import number
from console.visit import current, say, say_of

_COUNTED = ("leads", "conversations", "messages", "calls", "mirror_rows", "tokens")


def offer(lead: LeadInFull) -> None:
    """The button that opens the dialog."""
    may = current().may("editor")
    st.space("small")
    if st.button(
        say("lead.delete"),
        key="lead_delete",
        icon=":material/delete:",
        disabled=not may,
        help=None if may else say("common.needs_editor"),
    ):
        _ask(lead)


def _ask(lead: LeadInFull) -> None:
    @st.dialog(say("lead.delete_title"))
    def dialog() -> None:
        _confirm(lead)

    dialog()


@pane
def _confirm(lead: LeadInFull) -> None:
    counted = current().api.leads.erasure(lead.id)
    st.text(say("lead.delete_what"))
    for name, count in _rows(counted):
        with st.container(key=f"lead_erase_{name}", horizontal=True, gap="small"):
            st.text(say_of("lead.erased", name), width="stretch")
            st.text(number(count), width="content")
    st.text(say("lead.delete_type"))
    st.code(called(lead), language=None, wrap_lines=True)
    typed = st.text_input(say("lead.delete_name"), key=f"erase_name_{lead.id}", live=True, autocomplete="off")
    matches = " ".join(typed.split()) == " ".join(called(lead).split())
    with st.container(horizontal=True, gap="small"):
        if st.button(say("lead.delete_yes"), type="primary", disabled=not matches, key="erase_yes"):
            current().api.leads.erase(lead.id)
            st.session_state["leads_notice"] = say("lead.deleted")
            links.go("leads", **address.last())
        if st.button(say("lead.cancel"), key="erase_no"):
            st.rerun()


def _rows(counted: Erasure) -> list[tuple[str, int]]:
    return [(name, getattr(counted, name)) for name in _COUNTED if getattr(counted, name)]
