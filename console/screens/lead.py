"""One lead: who it is, how each thing is known, what was asked, and its history."""

from __future__ import annotations

import streamlit as st

from console import links
from console.client import Refused
from console.client.leads import Form, LeadInFull, Talk
from console.parts.label import plainly
from console.parts.pane import empty, pane
from console.screens.leading import address, contact, erase, fields, history
from console.screens.leading.forms import called, form_of
from console.shown import date_and_time, number
from console.visit import current, say, say_of


def show() -> None:
    """Draws the page."""
    st.page_link(
        links.page("leads"),
        label=say_of("nav.page", "leads"),
        icon=":material/arrow_back:",
        query_params=address.last(),
        width="content",
    )
    lead_id = st.query_params.get("id", "")
    if not lead_id:
        _gone()
        return
    _body(lead_id)


@pane
def _body(lead_id: str) -> None:
    fields.save_pending(lead_id)
    contact.save_pending(lead_id)
    try:
        lead = current().api.leads.one(lead_id)
    except Refused as refused:
        if refused.status != 404:
            raise
        _gone()
        return
    form = form_of(lead.persona)
    talks = current().api.leads.talks(lead)
    _head(lead)
    left, right = st.columns([3, 2], gap="large")
    with left:
        fields.draw(lead, form)
    with right:
        contact.draw(lead)
        _talks(lead, talks)
        _facts(lead, form)
        history.draw(lead, form)
        erase.offer(lead)


def _gone() -> None:
    empty(say("lead.gone"), say("lead.gone_next"), icon=":material/search_off:")


def _head(lead: LeadInFull) -> None:
    with st.container(key="lead_head", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="lead_title", width="content"):
            st.text(called(lead))
        for text, colour in _chips(lead):
            st.badge(text, color=colour)  # type: ignore[arg-type]


def _chips(lead: LeadInFull) -> list[tuple[str, str]]:
    reached = lead.stage in ("contact_captured", "qualified", "meeting")
    chips = [(say_of("leads.stage", lead.stage), "green" if reached else "gray")]
    if lead.contact and lead.stage != "contact_captured":
        chips.append((say_of("leads.stage", "contact_captured"), "green"))
    if lead.exit:
        chips.append((say_of("leads.stage", lead.exit), "orange"))
    return chips


def _talks(lead: LeadInFull, talks: tuple[Talk, ...]) -> None:
    st.subheader(say("lead.talks", count=number(len(lead.conversation_ids))))
    for talk in talks:
        with st.container(key=f"lead_talk_{talk.id}", gap=None):
            st.page_link(
                links.page("conversation"),
                label=say("lead.talk", time=date_and_time(talk.updated_at), count=number(talk.message_count)),
                icon=":material/chat:",
                query_params={"id": talk.id},
            )
            if talk.preview:
                with st.container(key=f"lead_quiet_{talk.id}"):
                    st.text(plainly(talk.preview))
    if not talks:
        st.caption(say("lead.no_talks"))


def _facts(lead: LeadInFull, form: Form) -> None:
    st.subheader(say("lead.facts"))
    with st.container(key="lead_facts", gap="xsmall"):
        _fact(say("lead.persona"), fields.title(form, lead.persona))
        _fact(say("lead.created"), date_and_time(lead.created_at))
        _fact(say("lead.updated"), date_and_time(lead.updated_at))
        if lead.sync:
            _fact(say("lead.mirror"), say_of("lead.sync", lead.sync))


def _fact(label: str, value: str) -> None:
    with st.container(horizontal=True, gap="small"):
        st.caption(label, width=130)
        st.text(value, width="stretch")
