"""The people of the house: who they are, what they may, inviting and removing them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from console import shown
from console.client import Refused, ServerAway
from console.client.accounts import Account, Linked
from console.client.people import ROLES, Role
from console.parts import bound
from console.parts.acting import went_well
from console.parts.label import label, plainly
from console.parts.pane import pane
from console.parts.problem import in_words
from console.screens.setting import once
from console.visit import current, say, say_of

_WRONG = "people_wrong"


@pane
def draw() -> None:
    """The list, with a way to invite."""
    people = current().api.accounts.all()
    with st.container(key="people_head", horizontal=True, vertical_alignment="center"):
        st.text(say("people.about"), width="stretch")
        if st.button(say("people.invite"), key="people_invite", type="primary", icon=":material/person_add:"):
            once.forget()
            _invite_dialog()
    if len(people) < 2:
        st.caption(say("people.only_you"))
    last = sum(person.role == "admin" for person in people) < 2
    with st.container(key="people_rows", gap=None):
        for person in people:
            _row(person, why_fixed(person, is_last_admin=last and person.role == "admin"))


def why_fixed(person: Account, *, is_last_admin: bool) -> str:
    """Why this person can be neither changed nor removed here; empty when they can."""
    if is_last_admin:
        return say("people.last_admin")
    return say("people.yourself") if person.id == current().me.id else ""


def _row(person: Account, fixed: str) -> None:
    with st.container(key=f"people_row_{person.id}", gap=None):
        with st.container(key=f"people_named_{person.id}", gap=None):
            st.text(plainly(person.email))
            st.caption(_lately(person))
        with st.container(key=f"people_role_{person.id}", gap=None):
            _role(person, fixed)
        with st.container(key=f"people_acts_{person.id}", horizontal=True, gap="xsmall"):
            _acts(person, fixed)
        wrong = st.session_state.get(_WRONG, ("", ""))
        note = wrong[1] if wrong[0] == person.id else fixed
        if note:
            with st.container(key=f"people_note_{person.id}", gap=None):
                st.caption(label(note))


def _lately(person: Account) -> str:
    parts = [say("people.you")] if person.id == current().me.id else []
    if person.last_signin_at:
        parts.append(say("people.signed_in", when=shown.ago(person.last_signin_at)))
    elif not person.invited_until:
        parts.append(say("people.never"))
    if person.invited_until:
        parts.append(say("people.invited", when=shown.date_and_time(person.invited_until)))
    if person.sessions:
        one = person.sessions == 1
        parts.append(say("people.session_one") if one else say("people.sessions", n=shown.number(person.sessions)))
    return " · ".join(parts)


# --- the role ---------------------------------------------------------------------------------------------


def _role(person: Account, fixed: str) -> None:
    key = bound.chosen(f"people_role_of_{person.id}", person.role)
    st.selectbox(
        say("people.role_of", email=label(person.email)),
        ROLES,
        format_func=_role_word,
        key=key,
        disabled=bool(fixed),
        label_visibility="collapsed",
        on_change=partial(_change, person.id, key),
    )


def _role_word(role: str) -> str:
    return say_of("common.role", role)


def _change(account_id: str, key: str) -> None:
    role: Role = st.session_state[key]
    st.session_state.pop(_WRONG, None)
    try:
        current().api.accounts.set_role(account_id, role)
    except Refused as refused:
        st.session_state[_WRONG] = (account_id, in_words(refused))
    except ServerAway:
        st.session_state[_WRONG] = (account_id, say("common.not_done_away"))
    else:
        st.toast(say_of("people.changed", role), icon=":material/check:")


# --- acts -------------------------------------------------------------------------------------------------


def _acts(person: Account, fixed: str) -> None:
    if st.button(say("people.link"), key=f"people_link_{person.id}", icon=":material/link:"):
        once.forget()
        _link_dialog(person)
    if st.button(
        say("people.remove"),
        key=f"people_remove_{person.id}",
        icon=":material/person_remove:",
        disabled=bool(fixed),
    ):
        _remove_dialog(person)


def _invite_dialog() -> None:
    @st.dialog(say("people.invite_title"), on_dismiss=once.forget)
    def dialog() -> None:
        _invite()

    dialog()


@pane
def _invite() -> None:
    if once.kept():
        once.draw()
        return
    with st.form("people_form", border=False):
        email = st.text_input(say("people.email"), key="people_email", placeholder="ann@example.com")
        role: Role = st.radio(
            say("people.role"),
            ROLES,
            format_func=_role_word,
            captions=[say_of("people.may", one) for one in ROLES],
            key="people_new_role",
        )
        asked = st.form_submit_button(say("people.make_link"), type="primary")
    if asked and went_well(lambda: _shown(current().api.accounts.invite((email or "").strip(), role))):
        st.rerun(scope="fragment")


def _shown(linked: Linked) -> None:
    until = shown.date_and_time(linked.link_expires_at)
    once.keep(linked.link, linked.email, say("people.link_once", when=until))


def _link_dialog(person: Account) -> None:
    @st.dialog(say("people.link_title"), on_dismiss=once.forget)
    def dialog() -> None:
        _link(person)

    dialog()


@pane
def _link(person: Account) -> None:
    if once.kept():
        once.draw()
        return
    st.text(plainly(person.email))
    st.text(say("people.link_how"))
    if st.button(say("people.make_link"), key="people_link_yes", type="primary") and went_well(
        lambda: _shown(current().api.accounts.new_link(person.id))
    ):
        st.rerun(scope="fragment")


def _remove_dialog(person: Account) -> None:
    @st.dialog(say("people.remove_title"))
    def dialog() -> None:
        _remove(person)

    dialog()


@pane
def _remove(person: Account) -> None:
    st.text(plainly(person.email))
    st.text(say("people.remove_what"))
    with st.container(horizontal=True, gap="small"):
        if st.button(say("people.remove"), key="people_remove_yes", type="primary") and went_well(
            lambda: current().api.accounts.remove(person.id)
        ):
            st.toast(say("people.removed"), icon=":material/person_remove:")
            st.rerun()
        if st.button(say("common.cancel"), key="people_remove_no"):
            st.rerun()
