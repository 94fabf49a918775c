"""API keys of programs: what each may, when it was used last, making and revoking them."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from console import shown
from console.client.keys import Key, NewKey
from console.client.people import ROLES, Role
from console.client.personas import said_in
from console.parts.acting import went_well
from console.parts.label import plainly
from console.parts.pane import empty, pane
from console.parts.who import who
from console.screens.setting import once
from console.visit import current, language, say, say_of

Titles = Mapping[str, str]


@pane
def draw() -> None:
    """The list, with a way to make one."""
    api = current().api
    titles = {row.name: said_in(row.title, language(), row.name) for row in api.personas.all()}
    keys = api.keys.all()
    with st.container(key="keys_head", horizontal=True, vertical_alignment="center"):
        st.text(say("keys.about"), width="stretch")
        if st.button(say("keys.create"), key="keys_create", type="primary", icon=":material/add:"):
            once.forget()
            _create_dialog(titles)
    if not keys:
        empty(say("keys.none"), say("keys.none_next"), icon=":material/key_off:")
    with st.container(key="keys_rows", gap=None):
        for key in keys:
            _row(key, titles)


def _row(key: Key, titles: Titles) -> None:
    with st.container(key=f"keys_row_{key.id}", gap=None):
        with st.container(key=f"keys_named_{key.id}", gap=None):
            st.text(who(key.name))
            st.caption(_lately(key))
        with st.container(key=f"keys_may_{key.id}", gap="xsmall"):
            st.text(_may(key, titles))
        with st.container(key=f"keys_acts_{key.id}", horizontal=True, gap="xsmall"):
            if st.button(say("keys.revoke"), key=f"keys_revoke_{key.id}", icon=":material/block:", disabled=key.fixed):
                _revoke_dialog(key)
        if key.fixed:
            with st.container(key=f"keys_note_{key.id}", gap=None):
                st.caption(say("keys.fixed"))


def _lately(key: Key) -> str:
    used = say("keys.used", when=shown.ago(key.used_at)) if key.used_at else say("keys.unused")
    made = [say("keys.made", when=shown.short_time(key.created_at))] if key.created_at else []
    return " · ".join([used, *made])


def _may(key: Key, titles: Titles) -> str:
    parts = [say_of("common.role", key.role)]
    if key.trust == "verified":
        parts.append(say("keys.vouches"))
    if key.personas is not None:
        named = ("、" if language() == "zh" else "; ").join(titles.get(name, name) for name in key.personas)
        parts.append(say("keys.only", names=plainly(named)))
    return " · ".join(parts)


# --- making one -------------------------------------------------------------------------------------------


def _create_dialog(titles: Titles) -> None:
    @st.dialog(say("keys.create_title"), on_dismiss=once.forget)
    def dialog() -> None:
        _create(titles)

    dialog()


@pane
def _create(titles: Titles) -> None:
    if once.kept():
        once.draw()
        return
    with st.form("keys_form", border=False):
        name = st.text_input(say("keys.name"), key="keys_name", max_chars=100, placeholder=say("keys.name_hint"))
        role: Role = st.selectbox(
            say("keys.role"), ROLES, format_func=lambda one: say_of("common.role", one), key="keys_role"
        )
        personas = st.multiselect(
            say("keys.personas"),
            list(titles),
            format_func=lambda one: plainly(titles[one]),
            key="keys_personas",
            placeholder=say("keys.all_personas"),
            help=say("keys.personas_help"),
        )
        vouches = st.checkbox(say("keys.may_vouch"), key="keys_vouches", help=say("keys.may_vouch_help"))
        asked = st.form_submit_button(say("keys.make"), type="primary")
    if not asked:
        return
    if wrong := _wrong(name or "", role, personas):
        st.error(wrong, icon=":material/error:")
    elif went_well(lambda: _shown(current().api.keys.create(name, role, vouches=vouches, personas=personas), name)):
        st.rerun(scope="fragment")


def _wrong(name: str, role: Role, personas: list[str]) -> str:
    if not name.strip():
        return say("keys.name_missing")
    return say("keys.admin_whole") if role == "admin" and personas else ""


def _shown(made: NewKey, name: str) -> None:
    once.keep(made.key, name, say("keys.once"))


# --- ending one -------------------------------------------------------------------------------------------


def _revoke_dialog(key: Key) -> None:
    @st.dialog(say("keys.revoke_title"))
    def dialog() -> None:
        _revoke(key)

    dialog()


@pane
def _revoke(key: Key) -> None:
    st.text(plainly(key.name))
    st.text(say("keys.revoke_used", when=shown.ago(key.used_at)) if key.used_at else say("keys.revoke_unused"))
    with st.container(horizontal=True, gap="small"):
        if st.button(say("keys.revoke"), key="keys_revoke_yes", type="primary") and went_well(
            lambda: current().api.keys.revoke(key.id)
        ):
            st.toast(say("keys.revoked"), icon=":material/block:")
            st.rerun()
        if st.button(say("common.cancel"), key="keys_revoke_no"):
            st.rerun()
