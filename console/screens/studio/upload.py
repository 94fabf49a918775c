"""Uploading knowledge: several files at once, each kept, read into passages and named in the draft."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from console.client import Refused, ServerAway
from console.client.knowledge import KnowledgeFile
from console.parts.problem import in_words
from console.screens.studio.file_names import ENDINGS, free_name, kept_name, path_of
from console.screens.studio.inputs import list_at, why_not
from console.visit import current, say

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

MEGABYTES = 20
_ABOUT = re.compile(r"^`[^`]*`[:：]\s*")


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file: kept as `path` with so many passages, refused with a reason, or there already."""

    name: str
    path: str
    state: Literal["kept", "refused", "exists"]
    passages: int = 0
    reason: str = ""


def upload(draft: DraftEdit, there: Mapping[str, KnowledgeFile]) -> bool:
    """The drop zone and what became of the files dropped; whether the server has new ones. Raises ServerAway."""
    chosen = st.file_uploader(
        say("studio_knowledge.upload"),
        type=[*ENDINGS, "markdown"],
        accept_multiple_files=True,
        max_upload_size=MEGABYTES,
        key=f"upload_{draft.name}",
        help=why_not(draft) or say("studio_knowledge.upload_help"),
        disabled=not draft.may_edit,
    )
    done: dict[str, Sent] = st.session_state.setdefault(f"uploaded_{draft.name}", {})
    fresh = [file for file in chosen or [] if file.file_id not in done]
    if fresh:
        _send_all(draft, fresh, there, done)
    for file in chosen or []:
        if file.file_id in done:
            _outcome(draft, file, done, there)
    return bool(fresh)


def _send_all(draft: DraftEdit, fresh: list[Any], there: Mapping[str, KnowledgeFile], done: dict[str, Sent]) -> None:
    bar = st.progress(0.0, say("studio_knowledge.sending", count=len(fresh)))
    for place, file in enumerate(fresh):
        path = path_of(kept_name(file.name))
        is_there = path in there or any(sent.path == path and sent.state == "kept" for sent in done.values())
        done[file.file_id] = Sent(file.name, path, "exists") if is_there else _send(draft, file, path)
        bar.progress((place + 1) / len(fresh), say("studio_knowledge.sending", count=len(fresh)))
    bar.empty()
    name_in_draft(draft, [done[file.file_id].path for file in fresh if done[file.file_id].state == "kept"])


def _send(draft: DraftEdit, file: Any, path: str) -> Sent:
    try:
        kept = current().api.knowledge.put(draft.name, path, file.getvalue())
    except Refused as refused:
        return Sent(file.name, path, "refused", reason=_ABOUT.sub("", in_words(refused)))
    return Sent(file.name, kept.path, "kept", passages=kept.passages or 0)


def name_in_draft(draft: DraftEdit, paths: list[str]) -> None:
    """Puts the files behind those that the draft names; one save for all."""
    entries = list_at(draft.spec, "knowledge")
    new = [path for path in dict.fromkeys(paths) if path not in entries]
    if new:
        last = max((place for place, entry in enumerate(entries) if isinstance(entry, str)), default=-1)
        draft.put(("knowledge",), [*entries[: last + 1], *new, *entries[last + 1 :]])


def _outcome(draft: DraftEdit, file: Any, done: dict[str, Sent], there: Mapping[str, KnowledgeFile]) -> None:
    sent = done[file.file_id]
    name = sent.path.removeprefix("knowledge/")
    with st.container(horizontal=True, wrap=False, gap="small", key=f"sent_{file.file_id}"):
        if sent.state == "kept":
            st.badge(say("studio_knowledge.kept"), color="green", icon=":material/check:")
            st.text(say("studio_knowledge.kept_as", name=name, count=sent.passages), width="stretch")
        elif sent.state == "refused":
            st.badge(say("studio_knowledge.refused"), color="red", icon=":material/error:")
            st.text(say("studio_knowledge.refused_why", name=sent.name, reason=sent.reason), width="stretch")
        else:
            _there_already(draft, file, sent, done, there)


def _there_already(
    draft: DraftEdit, file: Any, sent: Sent, done: dict[str, Sent], there: Mapping[str, KnowledgeFile]
) -> None:
    name, known = sent.path.removeprefix("knowledge/"), there.get(sent.path)
    used_by = ", ".join(known.used_by) if known else ""
    st.badge(say("studio_knowledge.exists"), color="orange", icon=":material/warning:")
    with st.container(gap="xsmall", width="stretch"):
        if used_by:
            st.text(say("studio_knowledge.exists_used", name=name, personas=used_by))
        else:
            st.text(say("studio_knowledge.exists_unused", name=name))
        _ways_out(draft, file, sent, done, there)


def _ways_out(
    draft: DraftEdit, file: Any, sent: Sent, done: dict[str, Sent], there: Mapping[str, KnowledgeFile]
) -> None:
    name = sent.path.removeprefix("knowledge/")
    other = path_of(free_name(name, {path.removeprefix("knowledge/") for path in there}))
    st.button(
        say("studio_knowledge.replace"),
        key=f"replace_{file.file_id}",
        on_click=partial(_again, draft, file, sent.path, done),
    )
    st.button(
        say("studio_knowledge.keep_both"),
        key=f"both_{file.file_id}",
        type="tertiary",
        on_click=partial(_again, draft, file, other, done),
    )


def _again(draft: DraftEdit, file: Any, path: str, done: dict[str, Sent]) -> None:
    try:
        sent = _send(draft, file, path)
    except ServerAway:  # the choice stays open; the page says that the server is away
        return
    done[file.file_id] = sent
    if sent.state == "kept":
        name_in_draft(draft, [sent.path])
