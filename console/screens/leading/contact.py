"""Whether a lead may be contacted: a switch, with a question before contact is opened again."""

from __future__ import annotations

from typing import Final

import streamlit as st

from console.client import Refused
from console.client.leads import LeadInFull
from console.parts import bound
from console.parts.pane import failed
from console.parts.problem import in_words
from console.visit import current, say

_PENDING: Final = "contact_pending"
_ASK: Final = "contact_ask"
_SWITCH: Final = "contact_switch"


def save_pending(lead_id: str) -> None:
    """Makes the change that the switch or the dialog left."""
    wanted: tuple[str, bool] | None = st.session_state.pop(_PENDING, None)
    if wanted is None or wanted[0] != lead_id:
        return
    try:
        current().api.leads.set_opted_out(lead_id, wanted[1])
    except Refused as refused:
        failed(in_words(refused), key="contact")
    else:
        st.toast(say("lead.opted_out_saved") if wanted[1] else say("lead.opened_saved"), icon=":material/check:")


def draw(lead: LeadInFull) -> None:
    """The switch as the server has it."""
    may = current().may("editor")
    bound.chosen(_SWITCH, lead.opted_out)
    with st.container(key="lead_contact", gap="xsmall"):
        st.toggle(
            say("lead.opted_out"),
            key=_SWITCH,
            disabled=not may,
            help=None if may else say("common.needs_editor"),
            on_change=_switched,
            args=(lead.id,),
        )
        st.caption(say("lead.opted_out_means") if lead.opted_out else say("lead.open_means"))
    if st.session_state.pop(_ASK, None) == lead.id:
        _confirm(lead.id)


def _switched(lead_id: str) -> None:
    if st.session_state[_SWITCH]:
        st.session_state[_PENDING] = (lead_id, True)
    else:
        st.session_state[_ASK] = lead_id


def _confirm(lead_id: str) -> None:
    @st.dialog(say("lead.open_title"))
    def ask() -> None:
        st.text(say("lead.open_question"))
        with st.container(horizontal=True, gap="small"):
            if st.button(say("lead.open_yes"), type="primary"):
                st.session_state[_PENDING] = (lead_id, False)
                st.rerun()
            if st.button(say("lead.cancel")):
                st.rerun()

    ask()
