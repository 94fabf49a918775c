"""The studio's head: whose text it is, how it stands, and what can be done with it as a whole."""

from __future__ import annotations

from functools import partial

import streamlit as st

from console import shown
from console.client import Refused, ServerAway
from console.client.personas import said_in
from console.parts.label import label
from console.parts.problem import in_words
from console.screens.persona_list.acts import ask_archive, ask_copy
from console.screens.studio.conflict import whose_theirs
from console.screens.studio.draft import DraftEdit
from console.screens.studio.publish import ask_publish
from console.server_words import translated
from console.visit import current, language, say

_DIALOG = "studio_dialog"


def head(draft: DraftEdit) -> None:
    """Draws title, state, More and Publish, and below what needs attention."""
    with st.container(key="studio_head", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="studio_title", gap=None):
            st.text(said_in(draft.published.title, language(), draft.name))
            with st.container(key="studio_state", horizontal=True, vertical_alignment="center", gap="small"):
                _state(draft)
        _more(draft)
        _publish(draft)
    with st.container(key="studio_notices", gap="xsmall"):
        _notices(draft)
    with st.container(key="studio_dialogs"):
        _open_dialog(draft)


def _state(draft: DraftEdit) -> None:
    version = draft.base_version
    if draft.unsaved:
        st.badge(say("studio.not_saved"), icon=":material/cloud_off:", color="orange")
    if draft.clash:
        st.text(whose_theirs(draft.clash))
    elif draft.has_draft and draft.saved_at:
        st.text(say("studio.draft_saved", time=shown.short_time(draft.saved_at), version=version))
        if draft.author not in ("", current().me.name, current().me.id):
            st.text(say("studio.draft_by", author=draft.author))
    elif version:
        st.text(say("studio.as_published", version=version))
    if draft.errors:
        st.badge(say("studio.problems", count=len(draft.errors)), icon=":material/error:", color="red")
    if draft.clash or draft.errors:
        st.text(why_not_publish(draft) or "")


def why_not_publish(draft: DraftEdit) -> str | None:
    """The reason for which the draft cannot be published now."""
    if not draft.may_edit:
        return say("common.needs_editor")
    if draft.clash:
        return say("studio.publish_not_conflict")
    if draft.unsaved:
        return say("studio.publish_not_saved")
    if draft.errors:
        return say("studio.publish_not_problems")
    return None if draft.has_draft else say("studio.publish_nothing")


def _publish(draft: DraftEdit) -> None:
    why_not = why_not_publish(draft)
    st.button(
        say("studio.publish"),
        key="studio_publish",
        type="primary",
        disabled=bool(why_not),
        help=why_not,
        on_click=partial(_want, "publish"),
    )


def _more(draft: DraftEdit) -> None:
    may, why = draft.may_edit, None if draft.may_edit else say("common.needs_editor")
    with st.popover(say("studio.more"), icon=":material/more_horiz:", key="studio_more"):
        for act, icon in (("copy", ":material/content_copy:"), ("archive", ":material/archive:")):
            st.button(
                say("studio.copy") if act == "copy" else say("studio.archive"),
                key=f"studio_more_{act}",
                icon=icon,
                type="tertiary",
                disabled=not may,
                help=why,
                on_click=partial(_want, act),
            )
        nothing = None if draft.has_draft else say("studio.publish_nothing")
        st.button(
            say("studio.discard"),
            key="studio_more_discard",
            icon=":material/delete:",
            type="tertiary",
            disabled=not (may and draft.has_draft),
            help=why or nothing,
            on_click=partial(_discard, draft),
        )


def _discard(draft: DraftEdit) -> None:
    try:
        draft.discard()
    except Refused as refused:
        st.session_state["studio_failed"] = in_words(refused)
    except ServerAway:
        st.session_state["studio_failed"] = say("common.away_here")


def _notices(draft: DraftEdit) -> None:
    failed = st.session_state.pop("studio_failed", None)
    if failed:
        st.error(label(failed), icon=":material/error:")
    if draft.unsaved and draft.unsaved.why == "away":
        st.warning(say("studio.unsaved_away"), icon=":material/cloud_off:")
    elif draft.unsaved:
        with st.container(key="studio_refused", horizontal=True, vertical_alignment="center", gap="small"):
            st.error(say("studio.unsaved_refused", said=label(draft.unsaved.said)), icon=":material/error:")
            st.button(say("studio.drop"), key="studio_drop", on_click=draft.drop_unsaved)
    if draft.let_go is not None:
        with st.container(key="studio_let_go", horizontal=True, vertical_alignment="center", gap="small"):
            st.text(say("studio.let_go"))
            st.button(
                say("studio.take_back"),
                key="studio_take_back",
                icon=":material/undo:",
                type="tertiary",
                on_click=draft.take_back,
            )
    _on_disk(draft)


def _on_disk(draft: DraftEdit) -> None:
    """The file was changed by hand and does not load: the version before goes on."""
    if not draft.published.problems:
        return
    broken = draft.published.status != "ok"
    with st.container(key="studio_on_disk", border=True, gap="xsmall"):
        version = draft.published.version
        told = say("studio.on_disk", version=version) if version else say("studio.on_disk_none")
        st.badge(told, icon=":material/warning:", color="red" if broken else "orange")
        for problem in draft.published.problems[:5]:
            place = f"{problem.file}:{problem.line}:{problem.column}"
            st.text(f"{place} {translated(problem.message, language())}")


def _want(act: str) -> None:
    st.session_state[_DIALOG] = act


def _unwant() -> None:
    st.session_state.pop(_DIALOG, None)


def dialog_is_open() -> bool:
    """Whether a drawer or dialog lies over the studio."""
    return _DIALOG in st.session_state


def _open_dialog(draft: DraftEdit) -> None:
    act = st.session_state.get(_DIALOG)
    if act == "publish" and (draft.has_draft or draft.clash):
        ask_publish(draft, _unwant)
    elif act == "copy":
        ask_copy(draft.name, _unwant)
    elif act == "archive":
        ask_archive(draft.name, said_in(draft.published.title, language(), draft.name), _unwant)
