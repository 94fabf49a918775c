"""A lead beside a chat: what is known, from which sentence, and what is new."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from console.client.leads import Lead, Value
from console.parts.field_words import field_in_words
from console.parts.label import plainly
from console.visit import say, say_of


@dataclass(frozen=True, slots=True)
class CardField:
    """A field of the persona's form; `title` is as people read it."""

    name: str
    title: str


def lead_card(lead: Lead | None, form: Sequence[CardField], *, fresh: Collection[str], asked: str | None) -> None:
    """Every field in the form's order. `fresh`: filled by the last message; `asked`: asked for in the last answer."""
    values: Mapping[str, Value] = lead.fields if lead else {}
    named = {field.name for field in form}
    shown = [*form, *(CardField(name, field_in_words(name)) for name in values if name not in named)]
    sentence: str | None = None
    with st.container(key="tally", gap=None):
        for field in shown:
            value = values.get(field.name)
            source = _source(value, sentence) if value else None
            sentence = value.quote if value and value.quote else sentence
            _row(field, value, source, is_fresh=field.name in fresh, is_asked=field.name == asked)


def card_head(lead: Lead | None, form: Sequence[CardField]) -> None:
    """How many fields are known, and the lead's stage."""
    known = sum(1 for field in form if lead and field.name in lead.fields)
    with st.container(key="tally_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(say("try_chat.lead"), anchor=False, width="content")
        st.caption(say("try_chat.known", known=known, of=len(form)), width="content")
        if lead:
            st.badge(say_of("leads.stage", lead.stage), color="green" if lead.contact else "gray")
        if lead and lead.exit:
            st.badge(say_of("try_chat.exit", lead.exit), color="orange")


def _row(field: CardField, value: Value | None, source: str | None, *, is_fresh: bool, is_asked: bool) -> None:
    kind = "fresh" if is_fresh else "known" if value else "asked" if is_asked else "open"
    with st.container(key=f"tally_{kind}_{field.name}", gap=None):
        with st.container(key=f"tally_line_{field.name}", horizontal=True, gap="small", wrap=False):
            with st.container(key=f"tally_title_{field.name}", width=128):
                st.text(field.title)
            with st.container(key=f"tally_value_{field.name}", width="stretch"):
                st.text(plainly(value.value) if value else "–")
            if is_fresh:
                st.badge(say("try_chat.new"), color="green")
            elif is_asked:
                st.badge(say("try_chat.asked_now"), color="blue")
        if source:
            with st.container(key=f"tally_quote_{field.name}"):
                st.text(plainly(source))


def _source(value: Value, sentence: str | None) -> str:
    """The customer's sentence, once where several values come from it."""
    if value.quote and value.quote == sentence:
        return say("try_chat.same_sentence")
    if value.quote:
        return say("try_chat.quote", quote=value.quote)
    return say_of("try_chat.by", value.by) if value.by in ("customer", "function", "person", "external") else ""
