"""Contact data that was said and not stored: why, and one click to store it after all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import streamlit as st

from console import links
from console.client import Page, Refused
from console.client.leads import CONTACT_TYPES, Form, Missed, PersonaName
from console.parts.label import plainly
from console.parts.missed_reason import REASONS, reason_in_words
from console.parts.pane import empty, failed
from console.parts.problem import in_words
from console.screens.leading import address
from console.screens.leading.address import Address
from console.screens.leading.forms import field_named, forms_of, label_of
from console.screens.leading.paging import paging
from console.shown import date_and_time, number
from console.visit import current, say, say_of

ROWS: Final = 20
_DONE: Final = "missed_done"
_PENDING: Final = "missed_pending"
_WRONG: Final = "missed_wrong"


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody clicked. `field` and `value` belong to accepting."""

    what: Literal["accept", "dismiss", "reopen"]
    item: Missed
    field: str = ""
    value: str = ""
    label: str = ""


def ask(asked: Address) -> Page[Missed]:
    """Carries out what was clicked, then asks what is open."""
    _act()
    return current().api.leads.missed(persona=asked.query.persona, test=asked.query.test, page=asked.page, limit=ROWS)


def draw(asked: Address, found: Page[Missed], personas: Sequence[PersonaName], named: Mapping[str, str]) -> None:
    """The view of what was missed: what was just decided with its undo, then what is open."""
    forms = forms_of([item.persona for item in found.items], personas)
    _bar(asked, found.total or 0)
    done: dict[str, Decision] = st.session_state.get(_DONE, {})
    for decision in reversed(done.values()):
        _decided(decision)
    for item in found.items:
        _open_item(item, forms.get(item.persona, Form()), named.get(item.persona, item.persona))
    if not found.items:
        empty(say("leads.missed_none"), say("leads.missed_none_next"), icon=":material/check:")
    paging(asked, found.total or 0, ROWS, key="missed_page")


def forget() -> None:
    """Drops the undo lines; they live as long as one stays in the view."""
    for key in (_DONE, _PENDING, _WRONG):
        st.session_state.pop(key, None)


def _bar(asked: Address, total: int) -> None:
    with st.container(key="missed_bar", horizontal=True, vertical_alignment="center"):
        st.text(say("leads.missed_one") if total == 1 else say("leads.missed", count=number(total)), width="content")
        st.space("stretch")
        key, moved = address.widget("test", asked.query.test)
        st.toggle(say("leads.test"), key=key, on_change=moved, help=say("leads.test_how"))


def _act() -> None:
    decision: Decision | None = st.session_state.pop(_PENDING, None)
    if decision is None:
        return
    try:
        _carry_out(decision)
    except Refused as refused:
        if refused.status == 422:
            st.session_state.setdefault(_WRONG, {})[decision.item.id] = decision
        elif refused.status == 409:
            st.info(say("leads.missed_already"))
        else:
            failed(in_words(refused), key="missed")


def _carry_out(decision: Decision) -> None:
    leads, item = current().api.leads, decision.item
    done: dict[str, Decision] = st.session_state.setdefault(_DONE, {})
    if decision.what == "reopen":
        leads.reopen(item.id)
        done.pop(item.id, None)
        return
    if decision.what == "accept":
        leads.accept(item.id, decision.field, decision.value if decision.value != item.text else None)
    else:
        leads.dismiss(item.id)
    st.session_state.get(_WRONG, {}).pop(item.id, None)
    done[item.id] = decision


def _decided(decision: Decision) -> None:
    item = decision.item
    with st.container(key=f"missed_done_{item.id}", horizontal=True, vertical_alignment="center", border=True):
        if decision.what == "accept":
            st.badge(say("leads.accepted"), icon=":material/check:", color="green")
            st.text(plainly(f"{decision.label}: {decision.value}"), width="content")
        else:
            st.badge(say("leads.dismissed"), icon=":material/close:", color="gray")
            st.text(plainly(item.text), width="content")
        st.space("stretch")
        if decision.what == "accept" and item.lead_id:
            st.page_link(links.page("lead"), label=say("leads.open_lead"), query_params={"id": item.lead_id})
        st.button(
            say("leads.undo"),
            key=f"undo_{item.id}",
            icon=":material/undo:",
            on_click=_decide,
            args=(Decision("reopen", item),),
        )


def _open_item(item: Missed, form: Form, persona: str) -> None:
    with st.container(key=f"missed_{item.id}", border=True, gap="small"):
        with st.container(key=f"missed_said_{item.id}", horizontal=True, vertical_alignment="center"):
            st.text(plainly(item.text), width="content")
            st.badge(reason_in_words(item.reason), icon=":material/info:", color="orange")
        if item.reason not in REASONS:
            st.text(plainly(item.reason))
        if item.sentence and item.sentence != item.text:
            with st.container(key=f"lead_quote_{item.id}"):
                st.text(say("leads.quoted", sentence=plainly(item.sentence)))
        with st.container(key=f"missed_foot_{item.id}", horizontal=True, vertical_alignment="center", gap="small"):
            _decide_on(item, form)
            st.space("stretch")
            _where(item, persona)
        wrong: Decision | None = st.session_state.get(_WRONG, {}).get(item.id)
        if wrong:
            st.error(say("leads.does_not_fit", kind=_kind(form, wrong.field)), icon=":material/error:")


def _where(item: Missed, persona: str) -> None:
    with st.container(key=f"lead_quiet_{item.id}", width="content"):
        st.text(f"{persona} · {date_and_time(item.at)}")
    if item.conversation_id:
        _talk(item)


def _talk(item: Missed) -> None:
    st.page_link(
        links.page("conversation"),
        label=say("leads.conversation"),
        icon=":material/chat:",
        query_params={"id": item.conversation_id},
        width="content",
    )


def _decide_on(item: Missed, form: Form) -> None:
    may = current().may("editor")
    why = None if may else say("common.needs_editor")
    wrong: Decision | None = st.session_state.get(_WRONG, {}).get(item.id)
    field = _field(item, form, disabled=not may)
    if wrong:
        _correction(item, wrong)
    st.button(
        say("leads.accept"),
        key=f"accept_{item.id}",
        icon=":material/check:",
        disabled=not may or not field,
        help=why or (None if field else say("leads.accept_needs_field")),
        on_click=_accept,
        args=(item, field, _label(form, field)),
    )
    st.button(
        say("leads.dismiss"),
        key=f"dismiss_{item.id}",
        type="tertiary",
        disabled=not may,
        help=why,
        on_click=_decide,
        args=(Decision("dismiss", item),),
    )


def _field(item: Missed, form: Form, *, disabled: bool) -> str:
    names = [field.name for field in form.fields]
    contacts = [field.name for field in form.fields if field.type in CONTACT_TYPES]
    offered = [*contacts, *(name for name in names if name not in contacts)]
    if item.field and item.field not in offered:
        offered.insert(0, item.field)
    chosen = st.selectbox(
        say("leads.store_as"),
        offered,
        index=offered.index(item.field) if item.field else None,
        format_func=partial(_label, form),
        placeholder=say("leads.choose_field"),
        key=f"missed_field_{item.id}",
        disabled=disabled,
        width=180,
        label_visibility="collapsed",
    )
    return chosen or ""


def _correction(item: Missed, wrong: Decision) -> None:
    st.text_input(
        say("leads.corrected"),
        value=wrong.value,
        key=f"missed_value_{item.id}",
        max_chars=2000,
        width=200,
        label_visibility="collapsed",
    )


def _kind(form: Form, name: str) -> str:
    field = field_named(form, name)
    return say_of("leads.type", field.type if field else "text")


def _label(form: Form, name: str) -> str:
    return label_of(form, name)


def _accept(item: Missed, field: str, label: str) -> None:
    value = str(st.session_state.get(f"missed_value_{item.id}") or item.text).strip()
    _decide(Decision("accept", item, field, value or item.text, label))


def _decide(decision: Decision) -> None:
    st.session_state[_PENDING] = decision
