"""What came of the chat so far: the lead, why it was asked, what ran, what it took."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from console import links, shown
from console.client.conversations import Conversation, Turn
from console.client.leads import Lead
from console.parts.chat import Talk
from console.parts.inside import draw_inside
from console.parts.lead_card import CardField, card_head, lead_card
from console.parts.pane import pane
from console.parts.plan import plan_sentence
from console.screens.trying.choices import STANDIN
from console.visit import current, say


@pane
def beside(talk: Talk, form: Sequence[CardField], persona: str) -> None:
    """The lead as it stands after the last answer, and how it came to be."""
    held, answer = talk.conversation, talk.answer
    lead = current().api.chat.lead(held) if held and held.lead_id else None
    plan = answer.plan if answer else None
    asked = plan.field if plan and plan.action == "ASK" else None
    with st.container(key="try_lead", gap="small"):
        card_head(lead, form)
        lead_card(lead, form, fresh=answer.captured if answer else (), asked=asked)
        if answer:
            _next(answer, form)
            _ran(answer)
            with st.expander(say("try_chat.inside"), icon=":material/manage_search:"):
                draw_inside(answer, persona)
        else:
            st.caption(say("try_chat.lead_empty"))
        _ways_on(held, lead)


def _next(answer: Turn, form: Sequence[CardField]) -> None:
    plan = answer.plan
    if plan is None:
        return
    titles = {field.name: field.title for field in form}
    name = titles.get(plan.field, plan.field) if plan.field else None
    with st.container(key="try_next", gap=None):
        st.caption(say("try_chat.next"))
        st.text(plan_sentence(plan.action, name, plan.reason, answer.plan_code))


def _ran(answer: Turn) -> None:
    calls = [f"{call.function} {shown.duration(call.milliseconds)}" for call in answer.calls]
    with st.container(key="try_ran", gap=None):
        st.caption(say("try_chat.ran"))
        if calls:
            st.text(" · ".join(calls))
        st.text(" · ".join(_figures(answer)))


def _figures(answer: Turn) -> list[str]:
    parts = [say("try_chat.model.standin") if answer.model == STANDIN else answer.model or ""]
    if answer.persona_version:
        parts.append(say("try_chat.version_short", n=answer.persona_version))
    if answer.usage:
        tokens = answer.usage.prompt_tokens + answer.usage.completion_tokens
        parts.append(say("try_chat.tokens", n=shown.number(tokens)))
        if answer.usage.cost_usd is not None:
            parts.append(shown.money(answer.usage.cost_usd))
    if answer.timings and "total" in answer.timings:
        parts.append(shown.duration(answer.timings["total"]))
    return [part for part in parts if part]


def _ways_on(held: Conversation | None, lead: Lead | None) -> None:
    if held is None:
        return
    with st.container(key="try_ways", horizontal=True, vertical_alignment="center", gap="small"):
        _export(held, lead)
        st.page_link(
            links.page("conversation"),
            label=say("try_chat.open_conversation"),
            icon=":material/chat:",
            query_params={"id": held.id},
        )
        if lead and not held.test:
            st.page_link(
                links.page("lead"),
                label=say("try_chat.open_lead"),
                icon=":material/contacts:",
                query_params={"id": lead.id},
            )


def _export(held: Conversation, lead: Lead | None) -> None:
    may = current().may("editor")
    st.download_button(
        say("try_chat.export"),
        data=partial(current().api.chat.lead_as_csv, held),
        file_name="lead.csv",
        mime="text/csv",
        key="try_export",
        icon=":material/download:",
        disabled=not (may and lead),
        help=None if may else say("common.needs_editor"),
        on_click="ignore",
    )
