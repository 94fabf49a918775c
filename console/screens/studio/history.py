"""The History tab: every version with its note, one of them read and compared, and the way back to it."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import streamlit as st

from console import shown
from console.client import Refused, ServerAway
from console.client.personas import Version
from console.parts.difference import difference
from console.parts.label import label
from console.parts.problem import in_words
from console.screens.studio.draft import DraftEdit
from console.visit import current, say, say_of

_OWN_NOTES: Final = frozenset({"created", "restored"})
_BACK: Final = re.compile(r"back to version (\d+)")
_AT_ONCE: Final = 50


def show(draft: DraftEdit) -> None:
    """Draws the tab: the list, or the version that the address names."""
    number = st.query_params.get("version", "")
    if number.isascii() and number.isdigit() and 0 < int(number) < 2_000_000_000:
        _one(draft, int(number))
    else:
        _all(draft)
    wanted: int | None = st.session_state.get("studio_roll_back")
    if wanted:
        _ask_roll_back(draft, wanted)


def _all(draft: DraftEdit) -> None:
    versions = current().api.personas.versions(draft.name)
    with st.container(key="studio_versions", gap=None):
        for version in versions[:_AT_ONCE]:
            _row(draft, version)
    if len(versions) > _AT_ONCE:
        st.caption(say("studio.versions_more", shown=_AT_ONCE, count=len(versions)))


def _row(draft: DraftEdit, version: Version) -> None:
    number, serves = version.version, version.version == draft.published.version
    with st.container(key=f"studio_version_{number}", horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(f"v{number}", color="green" if serves else "gray")
        with st.container(key=f"studio_version_told_{number}", gap=None):
            st.text(note_of(version) or say("studio.no_note"))
            st.text(f"{shown.short_time(version.created_at)} · {author_of(version)}")
        if serves:
            st.badge(say("studio.serves"), color="green", icon=":material/check:")
        st.button(say("studio.open"), key=f"studio_open_{number}", type="tertiary", on_click=partial(_open, number))
        _back_button(draft, number)


def _back_button(draft: DraftEdit, number: int) -> None:
    serves = number == draft.published.version
    why_not = None if draft.may_edit else say("common.needs_editor")
    st.button(
        say("studio.roll_back"),
        key=f"studio_roll_back_{number}",
        icon=":material/history:",
        type="tertiary",
        disabled=bool(why_not) or serves,
        help=why_not or (say("studio.serves_already") if serves else None),
        on_click=partial(_want, number),
    )


def note_of(version: Version) -> str:
    """The note; those that the server writes are in the visitor's language."""
    if version.note in _OWN_NOTES:
        return say_of("studio.own_note", version.note)
    back = _BACK.fullmatch(version.note)
    return say("studio.own_note_back", version=back[1]) if back else version.note


def author_of(version: Version) -> str:
    """Who made it."""
    return say("studio.by_file") if version.author == "file" else version.author


def _open(number: int) -> None:
    st.query_params["version"] = str(number)


def _close() -> None:
    st.query_params.pop("version", None)


def _one(draft: DraftEdit, number: int) -> None:
    version = current().api.personas.version(draft.name, number)
    serves = number == draft.published.version
    with st.container(key="studio_version_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            say("studio.all_versions"),
            key="studio_all_versions",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=_close,
        )
        st.badge(f"v{number}", color="green" if serves else "gray")
        st.text(f"{shown.date_and_time(version.created_at)} · {author_of(version)}")
        _back_button(draft, number)
    if note_of(version):
        st.text(note_of(version))
    if not serves and draft.published.version:
        st.subheader(say("studio.since", version=number, now=draft.published.version))
        found = current().api.personas.difference(draft.name, number, "published")
        difference(found.segments, key=f"studio_since_{number}", height=360)
    st.subheader(say("studio.version_text"))
    st.code(version.yaml, language="yaml", line_numbers=True, wrap_lines=True, height=420)


# --- rolling back -------------------------------------------------------------------------------------------


def _want(number: int) -> None:
    st.session_state["studio_roll_back"] = number


def _unwant() -> None:
    st.session_state.pop("studio_roll_back", None)


def _ask_roll_back(draft: DraftEdit, number: int) -> None:
    @st.dialog(say("studio.roll_back_title", version=number), on_dismiss=_unwant)
    def ask() -> None:
        st.text(say("studio.roll_back_what", version=number, after=draft.published.version + 1))
        if draft.has_draft:
            st.text(say("studio.roll_back_draft"))
        if st.button(say("studio.roll_back_now"), key="studio_roll_back_now", type="primary"):
            _roll_back(draft, number)

    ask()


def _roll_back(draft: DraftEdit, number: int) -> None:
    try:
        version = current().api.personas.roll_back(draft.name, number, "")
        draft.reload()
    except Refused as refused:
        st.error(label(in_words(refused)), icon=":material/error:")
    except ServerAway:
        st.error(say("studio.publish_away"), icon=":material/cloud_off:")
    else:
        _unwant()
        _close()
        st.toast(say("studio.rolled_back", version=version, before=number), icon=":material/check_circle:")
        st.rerun()
