"""The tab of knowledge: files, question and answer pairs, and which passage answers a question."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from console.client.knowledge import KnowledgeFile
from console.parts.pane import empty, pane
from console.screens.studio.inputs import list_at, why_not
from console.screens.studio.passages import search, show_passages
from console.screens.studio.question_pairs import pairs
from console.screens.studio.upload import upload
from console.shown import number, short_time
from console.visit import current, say

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit


def show(draft: DraftEdit) -> None:
    """Draws the tab."""
    _files(draft)
    pairs(draft)
    search(draft)


@pane
def _files(draft: DraftEdit) -> None:
    st.subheader(say("studio_knowledge.files"))
    there = current().api.knowledge.files(draft.name)
    if upload(draft, {file.path: file for file in there}):
        there = current().api.knowledge.files(draft.name)
    named = named_files(draft.spec)
    own = [file for file in there if file.path in named]
    others = [file for file in there if file.path not in named]
    missing = [path for path in named if path not in {file.path for file in there}]
    if not own and not missing:
        empty(say("studio_knowledge.empty"), say("studio_knowledge.empty_next"), icon=":material/menu_book:")
    with st.container(key="file_list", gap="xsmall"):
        for file in own:
            _file(draft, file, is_used=True)
        for path in missing:
            _missing(draft, path)
    if others:
        with st.expander(say("studio_knowledge.others", count=len(others)), key="files_unused"):
            st.caption(say("studio_knowledge.others_help"))
            for file in others:
                _file(draft, file, is_used=False)


def named_files(spec: dict[str, Any]) -> list[str]:
    """The files that the text names, in its order."""
    return [entry for entry in list_at(spec, "knowledge") if isinstance(entry, str)]


def with_file(spec: dict[str, Any], path: str) -> list[Any]:
    """The knowledge with the file behind the other files."""
    entries = list_at(spec, "knowledge")
    if path in entries:
        return entries
    last = max((place for place, entry in enumerate(entries) if isinstance(entry, str)), default=-1)
    return [*entries[: last + 1], path, *entries[last + 1 :]]


# --- one file -----------------------------------------------------------------------------------------------


def _file(draft: DraftEdit, file: KnowledgeFile, *, is_used: bool) -> None:
    opened = st.session_state.get(_place(draft, "passages")) == file.path
    with st.container(key=f"card_file_{file.path}", border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row_file_{file.path}"):
            with st.container(gap=None, width="stretch", key=f"name_file_{file.path}"):
                st.text(file.path.removeprefix("knowledge/"))
                st.caption(_about(file))
            _state(draft, file, is_used)
            _actions(draft, file, is_used, opened)
        if st.session_state.get(_place(draft, "deleting")) == file.path:
            _confirm(draft, file)
        if opened:
            show_passages(draft, file.path)


def _about(file: KnowledgeFile) -> str:
    parts = [size(file.bytes)]
    if file.passages is not None:
        parts.append(say("studio_knowledge.passages_count", count=number(file.passages)))
    return " · ".join([*parts, short_time(file.updated_at)])


def size(count: int) -> str:
    """`512 B`, `6 kB`, `1.4 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{number(round(count / 1000))} kB" if count < 1_000_000 else f"{number(round(count / 1_000_000, 1))} MB"


def _state(draft: DraftEdit, file: KnowledgeFile, is_used: bool) -> None:
    if is_used and draft.name in file.used_by:
        st.badge(say("studio_knowledge.used"), color="green", icon=":material/check:")
    elif is_used:
        st.badge(say("studio_knowledge.used_in_draft"), color="blue", icon=":material/edit_note:")
    elif draft.name in file.used_by:
        st.badge(say("studio_knowledge.used_until_publish"), color="orange", icon=":material/edit_note:")
    else:
        st.badge(say("studio_knowledge.not_used"), color="gray")


def _actions(draft: DraftEdit, file: KnowledgeFile, is_used: bool, opened: bool) -> None:
    with st.container(horizontal=True, gap=None, width="content", wrap=False, key=f"act_file_{file.path}"):
        st.download_button(
            say("studio_knowledge.download"),
            data=partial(current().api.knowledge.read, draft.name, file.path),
            file_name=file.path.removeprefix("knowledge/"),
            mime="application/octet-stream",
            key=f"icon_file_download_{file.path}",
            icon=":material/download:",
            type="tertiary",
            help=say("studio_knowledge.download"),
            on_click="ignore",
        )
        if is_used:
            _button(draft, "file_stop", file.path, ":material/playlist_remove:", partial(_stop, draft, file.path))
        else:
            _button(draft, "file_use", file.path, ":material/playlist_add:", partial(_use, draft, file.path))
            _delete_button(draft, file)
        if is_used:
            st.button(
                say("studio_fields.close") if opened else say("studio_knowledge.passages"),
                key=f"file_passages_{file.path}",
                type="tertiary",
                icon=":material/expand_less:" if opened else ":material/expand_more:",
                on_click=partial(_keep, draft, "passages", None if opened else file.path),
            )


def _button(draft: DraftEdit, what: str, path: str, icon: str, act: partial[None]) -> None:
    said = say("studio_knowledge.stop") if what == "file_stop" else say("studio_knowledge.use")
    st.button(
        said,
        key=f"icon_{what}_{path}",
        icon=icon,
        type="tertiary",
        help=why_not(draft) or (say("studio_knowledge.stop_means") if what == "file_stop" else said),
        disabled=not draft.may_edit,
        on_click=act,
    )


def _delete_button(draft: DraftEdit, file: KnowledgeFile) -> None:
    st.button(
        say("studio_knowledge.delete"),
        key=f"icon_file_delete_{file.path}",
        icon=":material/delete:",
        type="tertiary",
        help=why_not(draft) or (say("studio_knowledge.in_use") if file.used_by else say("studio_knowledge.delete")),
        disabled=not draft.may_edit or bool(file.used_by),
        on_click=partial(_keep, draft, "deleting", file.path),
    )


def _place(draft: DraftEdit, what: str) -> str:
    return f"studio_{draft.name}_file_{what}"


def _keep(draft: DraftEdit, what: str, value: str | None) -> None:
    st.session_state[_place(draft, what)] = value


def _use(draft: DraftEdit, path: str) -> None:
    draft.put(("knowledge",), with_file(draft.spec, path))


def _stop(draft: DraftEdit, path: str) -> None:
    draft.put(("knowledge",), [entry for entry in list_at(draft.spec, "knowledge") if entry != path] or None)


def _confirm(draft: DraftEdit, file: KnowledgeFile) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(say("studio_knowledge.delete_means"))
        if st.button(say("studio_knowledge.delete"), key=f"delete_yes_{file.path}", icon=":material/delete:"):
            current().api.knowledge.remove(draft.name, file.path)
            _keep(draft, "deleting", None)
            st.rerun(scope="fragment")
        st.button(
            say("studio_knowledge.keep"),
            key=f"delete_no_{file.path}",
            type="tertiary",
            on_click=partial(_keep, draft, "deleting", None),
        )


def _missing(draft: DraftEdit, path: str) -> None:
    with st.container(key=f"card_file_{path}", border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.text(path.removeprefix("knowledge/"), width="stretch")
        st.badge(say("studio_knowledge.missing"), color="red", icon=":material/error:")
        _button(draft, "file_stop", path, ":material/playlist_remove:", partial(_stop, draft, path))
