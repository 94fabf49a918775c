"""A lead's fields, each with its sentence, its means and its time; edited by hand one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from console import links
from console.client import Refused
from console.client.leads import Asked, Form, LeadInFull, Value
from console.parts.label import plainly
from console.parts.problem import in_words
from console.screens.leading.forms import label_of, text_of
from console.shown import date_and_time, number
from console.visit import current, say, say_of

_BY: Final = ("customer", "function", "person", "external", "model")
_EDITING: Final = "lead_editing"
_PENDING: Final = "lead_pending"
_WRONG: Final = "lead_wrong"


@dataclass(frozen=True, slots=True)
class Edit:
    """A field to set; `value` None empties it."""

    lead_id: str
    field: str
    value: str | None


def title(form: Form, persona: str) -> str:
    """What a persona is called."""
    return text_of(form.title, persona)


def plan(edit: Edit) -> None:
    """Leaves a change for the next run, which makes it before it asks for the lead."""
    st.session_state[_PENDING] = edit


def save_pending(lead_id: str) -> None:
    """Makes the change that a button left; one that is refused keeps the typed text and says why."""
    edit: Edit | None = st.session_state.pop(_PENDING, None)
    st.session_state.pop(_WRONG, None)
    if edit is None or edit.lead_id != lead_id:
        return
    try:
        current().api.leads.set_fields(lead_id, {edit.field: edit.value})
    except Refused as refused:
        st.session_state[_WRONG] = (edit.field, refused)
    else:
        st.session_state.pop(_EDITING, None)
        st.toast(say("lead.saved"), icon=":material/check:")


def draw(lead: LeadInFull, form: Form) -> None:
    """Every field of the form, then values whose field the form has no longer."""
    st.subheader(say("lead.fields"))
    names = [field.name for field in form.fields]
    gone = [name for name in lead.fields if name not in names]
    for name in names:
        _field(lead, form, name)
    for name in gone:
        _field(lead, form, name, is_gone=True)
    if not names and not gone:
        st.caption(say("lead.no_fields"))


def _field(lead: LeadInFull, form: Form, name: str, *, is_gone: bool = False) -> None:
    value, label = lead.fields.get(name), label_of(form, name)
    editing = st.session_state.get(_EDITING) == (lead.id, name)
    with st.container(key=f"lead_field_{name}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(key=f"lead_label_{name}", width="stretch"):
                st.text(label)
            if not editing and not is_gone:
                _edit_button(lead, name, value)
        if editing:
            _editor(lead, form, name, value)
        elif value:
            _known(lead, name, value)
        else:
            _unknown(lead.asked.get(name, Asked()))


def _edit_button(lead: LeadInFull, name: str, value: Value | None) -> None:
    may = current().may("editor")
    st.button(
        say("lead.edit") if value else say("lead.add"),
        key=f"edit_{name}",
        type="tertiary",
        icon=":material/edit:" if value else ":material/add:",
        disabled=not may,
        help=None if may else say("common.needs_editor"),
        on_click=_begin,
        args=(lead.id, name),
    )


def _begin(lead_id: str, name: str) -> None:
    st.session_state[_EDITING] = (lead_id, name)


def _known(lead: LeadInFull, name: str, value: Value) -> None:
    with st.container(key=f"lead_value_{name}"):
        st.text(plainly(value.value))
    if value.normalised and value.normalised != value.value:
        with st.container(key=f"lead_quiet_{name}"):
            st.text(say("lead.normalised", value=plainly(value.normalised)))
    if value.quote:
        with st.container(key=f"lead_quote_{name}"):
            st.text(say("leads.quoted", sentence=plainly(value.quote)))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(f"{means(value.by)} · {date_and_time(value.at)}", width="content")
        if value.message_id and lead.conversation_ids:
            st.page_link(
                links.page("conversation"),
                label=say("lead.in_conversation"),
                icon=":material/chat:",
                query_params={"id": lead.conversation_ids[-1], "message": value.message_id},
                width="content",
            )


def means(by: str) -> str:
    """How a value came to be known, in words."""
    name = by if by in _BY else "external"
    return say_of("lead.by", name)


def _unknown(asked: Asked) -> None:
    if asked.outcome == "refused":
        st.caption(say("lead.refused"))
    elif asked.times:
        last = date_and_time(asked.last_at)
        once = say("lead.ignored_once", time=last)
        st.caption(once if asked.times == 1 else say("lead.ignored", count=number(asked.times), time=last))
    else:
        st.caption(say("lead.never"))


def _editor(lead: LeadInFull, form: Form, name: str, value: Value | None) -> None:
    key = f"draft_{lead.id}_{name}"
    with st.form(f"form_{name}", border=False):
        st.text_input(
            say("lead.new_value"),
            value=value.value if value else "",
            key=key,
            max_chars=2000,
            label_visibility="collapsed",
            persist_state="page",
        )
        _wrong(form, name)
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                say("lead.save"), type="primary", shortcut="Mod+Enter", on_click=_save, args=(lead.id, name, key)
            )
            st.form_submit_button(say("lead.cancel"), type="tertiary", on_click=_cancel, args=(key,))
            if value:
                st.form_submit_button(
                    say("lead.empty_it"), type="tertiary", on_click=plan, args=(Edit(lead.id, name, None),)
                )
        st.caption(say("lead.by_you"))


def _save(lead_id: str, name: str, key: str) -> None:
    typed = str(st.session_state.get(key) or "").strip()
    plan(Edit(lead_id, name, typed or None))


def _cancel(key: str) -> None:
    st.session_state.pop(_EDITING, None)
    st.session_state.pop(key, None)


def _wrong(form: Form, name: str) -> None:
    wrong: tuple[str, Refused] | None = st.session_state.get(_WRONG)
    if wrong is None or wrong[0] != name:
        return
    kind = next((field.type for field in form.fields if field.name == name), "text")
    does_not_fit = say("lead.does_not_fit", kind=say_of("leads.type", kind))
    st.error(does_not_fit if wrong[1].status == 422 else in_words(wrong[1]), icon=":material/error:")
