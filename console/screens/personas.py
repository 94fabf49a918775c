"""The personas: what serves, what is being changed, and how each did lately."""

from __future__ import annotations

from functools import partial

import streamlit as st

from console import links, shown
from console.client import Refused, ServerAway
from console.client.personas import ArchivedRow, PersonaRow, said_in
from console.parts.label import label
from console.parts.pane import empty, pane
from console.parts.problem import in_words
from console.screens.persona_list.acts import ask_archive, ask_copy, ask_new
from console.server_words import translated
from console.visit import current, language, say, say_of

_DIALOG = "personas_dialog"


def show() -> None:
    """Draws the page."""
    may = current().may("editor")
    why_not = None if may else say("common.needs_editor")
    with st.container(key="personas_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.title(say_of("nav.page", "personas"))
        st.button(
            say("personas.new"),
            key="personas_new",
            type="primary",
            icon=":material/add:",
            disabled=not may,
            help=why_not,
            on_click=partial(_want, "new", ""),
        )
    _list()


@pane
def _list() -> None:
    with st.container(key="personas_filters", horizontal=True, vertical_alignment="center", gap="small"):
        wanted = st.text_input(
            say("personas.search"),
            key="q",
            bind="query-params",
            type="search",
            icon=":material/search:",
            placeholder=say("personas.search"),
            label_visibility="collapsed",
            live=True,
        )
        archived = st.toggle(say("personas.archived"), key="archived", bind="query-params")
    failed = st.session_state.pop("personas_failed", None)
    if failed:
        st.error(label(failed), icon=":material/error:")
    rows = current().api.personas.all()
    if archived:
        _archive(str(wanted or ""))
    else:
        _serving(rows, str(wanted or ""))
    _open_dialog(rows)


def _serving(rows: tuple[PersonaRow, ...], wanted: str) -> None:
    found = [row for row in rows if _matches(wanted, row.name, said_in(row.title, language(), row.name))]
    if not rows:
        empty(say("personas.none"), say("personas.none_next"), icon=":material/person_edit:")
    elif not found:
        empty(say("personas.no_match"), say("personas.no_match_next"), icon=":material/search_off:")
    with st.container(key="personas_rows", gap=None):
        for row in found:
            _row(row)


def _matches(wanted: str, *texts: str) -> bool:
    return wanted.strip().casefold() in " ".join(texts).casefold()


def _row(row: PersonaRow) -> None:
    title = said_in(row.title, language(), row.name)
    with st.container(key=f"personas_row_{row.name}", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key=f"personas_named_{row.name}", gap=None):
            st.page_link(links.page("persona"), label=label(title), query_params={"name": row.name})
            st.caption(label(row.name))
        with st.container(key=f"personas_state_{row.name}", gap="xsmall"):
            _state(row)
        with st.container(key=f"personas_lately_{row.name}", gap=None):
            st.text(say("personas.leads", count=shown.number(row.leads_7d)))
            st.text(say("personas.conversations", count=shown.number(row.conversations_7d)))
        _more(row)
    _problems(row)


def _state(row: PersonaRow) -> None:
    with st.container(horizontal=True, gap="xsmall", key=f"personas_badges_{row.name}"):
        if row.version:
            st.badge(say("personas.published", version=row.version), icon=":material/check:", color="green")
        else:
            st.badge(say("personas.not_serving"), icon=":material/block:", color="red")
        if row.draft:
            st.badge(say("personas.draft"), icon=":material/edit:", color="blue")
            if row.draft.problems:
                st.badge(say("personas.draft_problems", count=row.draft.problems), color="orange")
    if row.draft:
        st.text(say("personas.draft_by", author=row.draft.author, when=shown.ago(row.draft.updated_at)))
    elif row.published_at:
        st.text(say("personas.published_when", when=shown.ago(row.published_at)))


def _problems(row: PersonaRow) -> None:
    if not row.problems:
        return
    with st.container(key=f"personas_problems_{row.name}", gap=None):
        told = say("personas.broken", version=row.version) if row.version else say("personas.broken_none")
        is_error = any(problem.severity == "error" for problem in row.problems)
        st.badge(
            told if is_error else say("personas.warned"),
            icon=":material/warning:",
            color="red" if is_error else "orange",
        )
        for problem in row.problems[:3]:
            place = f"{problem.file}:{problem.line}:{problem.column}"
            st.text(f"{place} {translated(problem.message, language())}")


def _more(row: PersonaRow) -> None:
    may = current().may("editor")
    why_not = None if may else say("common.needs_editor")
    with st.popover(
        say("personas.more"), icon=":material/more_horiz:", type="tertiary", key=f"personas_more_{row.name}"
    ):
        st.page_link(
            links.page("try"),
            label=say("personas.try"),
            icon=":material/forum:",
            query_params={"persona": row.name},
        )
        for act, said, icon in (
            ("copy", say("personas.copy"), ":material/content_copy:"),
            ("archive", say("personas.archive"), ":material/archive:"),
        ):
            st.button(
                said,
                key=f"personas_{act}_{row.name}",
                icon=icon,
                type="tertiary",
                disabled=not may or (act == "copy" and not row.version),
                help=why_not,
                on_click=partial(_want, act, row.name),
            )


# --- put away -----------------------------------------------------------------------------------------------


def _archive(wanted: str) -> None:
    rows = [row for row in current().api.personas.archived() if _matches(wanted, row.name, _title(row))]
    if not rows:
        empty(say("personas.archive_empty"), say("personas.archive_empty_next"), icon=":material/archive:")
    for row in rows:
        with st.container(key=f"personas_row_{row.name}", horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(key=f"personas_named_{row.name}", gap=None):
                st.text(_title(row))
                st.caption(label(row.name))
            when = shown.ago(row.archived_at) if row.archived_at else say("personas.taken_away")
            st.text(say("personas.archived_when", version=row.version, when=when))
            may = current().may("editor")
            st.button(
                say("personas.restore"),
                key=f"personas_restore_{row.name}",
                icon=":material/unarchive:",
                disabled=not may,
                help=None if may else say("common.needs_editor"),
                on_click=partial(_restore, row.name),
            )


def _title(row: ArchivedRow) -> str:
    return said_in(row.title, language(), row.name)


def _restore(name: str) -> None:
    try:
        version = current().api.personas.restore(name)
    except Refused as refused:
        st.session_state["personas_failed"] = in_words(refused)
    except ServerAway:
        st.session_state["personas_failed"] = say("personas.away")
    else:
        st.toast(say("personas.restored", version=version), icon=":material/unarchive:")


# --- dialogs ------------------------------------------------------------------------------------------------


def _want(act: str, name: str) -> None:
    st.session_state[_DIALOG] = (act, name)


def _unwant() -> None:
    st.session_state.pop(_DIALOG, None)


def _open_dialog(rows: tuple[PersonaRow, ...]) -> None:
    act, name = st.session_state.get(_DIALOG, ("", ""))
    if act == "new":
        ask_new(tuple(row.name for row in rows), _unwant)
    elif act == "copy":
        ask_copy(name, _unwant)
    elif act == "archive":
        title = next((said_in(row.title, language(), row.name) for row in rows if row.name == name), name)
        ask_archive(name, title, _unwant)
