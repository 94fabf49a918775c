"""Try: be a customer, watch the lead grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from console import links
from console.client.personas import said_in
from console.parts.chat import Talk, chat
from console.parts.field_words import field_in_words
from console.parts.lead_card import CardField
from console.parts.pane import empty, pane
from console.screens.trying import choices
from console.screens.trying.beside import beside
from console.screens.trying.choices import STANDIN, Choices
from console.visit import current, language, say, say_of
from console.wording import word_of

KEY = "try"
_PARTS = ("chat", "lead", "choices")


def show() -> None:
    """Draws the page."""
    with st.container(key="try_head", horizontal=True, vertical_alignment="bottom", gap="small"):
        st.title(say_of("nav.page", "try_chat"), anchor=False, width="content")
        st.caption(say("try_chat.purpose"), width="content")
        st.space("stretch")
        counting = st.container(key="try_counting", width="content")
    _page(counting)


@pane
def _page(counting: DeltaGenerator) -> None:
    api = current().api
    choices.recall()
    rows = [row for row in api.personas.all() if row.status != "error"]
    if not rows:
        empty(say("try_chat.no_persona"), say("try_chat.no_persona_next"), icon=":material/person_edit:")
        st.page_link(links.page("personas"), label=say_of("nav.page", "personas"))
        return
    persona = api.personas.one(choices.chosen_persona(rows))
    chosen = choices.read(persona, api.chat.models())
    _tabs()
    choices.draw(rows, chosen)
    with counting:
        choices.draw_counting(chosen)
    _panes(chosen, _spec(chosen))


def _panes(chosen: Choices, spec: Mapping[str, Any]) -> None:
    form = _form(spec)
    note = st.container(key="try_note")
    main, side = st.columns([3, 2], gap="medium")
    with side:
        side_box = st.container(key="try_side")

    def draw_beside(talk: Talk) -> None:
        with note:
            _standin(chosen, spec, talk)
        with side_box:
            beside(talk, form, chosen.persona.name)

    with main, st.container(key="try_main", gap="small"):
        chat(
            chosen.chat_with(),
            key=KEY,
            height=420,
            suggestions=_suggestions(chosen, spec),
            greeting=said_in(spec.get("greeting"), chosen.locale),
            beside=draw_beside,
        )


@st.fragment
def _tabs() -> None:
    """On a narrow screen one part is seen at a time; the style sheet hides this where there is room for all."""
    with st.container(key="try_tabs"):
        seen = st.segmented_control(
            say("try_chat.seen"),
            _PARTS,
            default="chat",
            required=True,
            format_func=lambda one: say_of("try_chat.tab", one),
            key="try_seen",
            label_visibility="collapsed",
            width="stretch",
        )
        with st.container(key=f"try_seen_{seen}"):
            st.empty()


def _standin(chosen: Choices, spec: Mapping[str, Any], talk: Talk) -> None:
    answered_by = talk.answer.model if talk.answer else None
    model = chosen.model or answered_by or spec.get("model") or chosen.models.default
    if model != STANDIN:
        return
    with st.container(key="try_standin", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(say("try_chat.standin"), width="content")
        st.page_link(links.page("models"), label=say("try_chat.connect"), icon=":material/memory:")


def _spec(chosen: Choices) -> Mapping[str, Any]:
    draft = chosen.persona.draft
    if chosen.version == "draft" and draft and draft.spec:
        return draft.spec
    return chosen.persona.spec or {}


def _form(spec: Mapping[str, Any]) -> list[CardField]:
    fields = (spec.get("collect") or {}).get("fields") or ()
    named = [(str(one["name"]), one.get("label")) for one in fields]
    return [CardField(name, said_in(label, language(), field_in_words(name))) for name, label in named]


def _suggestions(chosen: Choices, spec: Mapping[str, Any]) -> list[str]:
    """The persona's own, and one that leaves a contact, so that a field is seen to fill."""
    own = [said_in(text, chosen.locale) for text in spec.get("suggestions") or ()]
    kinds = {str(one.get("type", "")) for one in (spec.get("collect") or {}).get("fields") or ()}
    for kind in ("phone", "email", "wechat"):
        if kind in kinds:
            return [*own, _of_contact(kind, chosen)]
    return own


def _of_contact(kind: str, chosen: Choices) -> str:
    """In the chat's language, which need not be the console's."""
    return word_of(chosen.locale, "try_chat.sample", kind)
