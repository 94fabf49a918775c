"""The chat beside the editor: with the draft as soon as there is one, and it goes on through every edit."""

from __future__ import annotations

import streamlit as st

from console.client.personas import said_in
from console.parts.chat import ChatWith, chat
from console.screens.studio.draft import DraftEdit
from console.visit import language, say


def beside(draft: DraftEdit) -> None:
    """Draws the chat."""
    spoken, spec = language(), draft.spec
    version = draft.published.version
    if not version and not draft.has_draft:
        st.caption(say("studio.chat_not_yet"))
        return
    with st.container(key="studio_chat_head", horizontal=True, vertical_alignment="center", gap="small"):
        named = say("studio.chat_draft") if draft.has_draft else say("studio.chat_published", version=version)
        st.badge(named, icon=":material/forum:", color="blue" if draft.has_draft else "gray")
        if draft.errors:
            st.caption(say("studio.chat_problems"))
    chosen = ChatWith(
        persona=draft.name,
        version="draft" if draft.has_draft else None,
        model=None,
        as_user=None,
        counts=False,
        locale=spoken,
    )
    chat(
        chosen,
        key=f"studio_{draft.name}",
        height=420,
        suggestions=[said_in(text, spoken) for text in _texts(spec.get("suggestions"))],
        greeting=said_in(_text(spec.get("greeting")), spoken),
        goes_on=True,
    )


def _text(value: object) -> str | dict[str, str] | None:
    if isinstance(value, dict):
        return {str(code): words for code, words in value.items() if isinstance(words, str)}
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str | dict[str, str]]:
    found = [_text(entry) for entry in value] if isinstance(value, list) else []
    return [text for text in found if text]
