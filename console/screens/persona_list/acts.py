"""What is done to a persona as a whole: begin one, copy it, put it away, bring it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import streamlit as st

from console import links
from console.client import Refused, ServerAway
from console.client.personas import Template
from console.parts.label import label
from console.parts.pane import pane
from console.parts.problem import in_words
from console.visit import current, language, say

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")
_EMPTY: Final = "\0empty"
_COPY: Final = "\0copy"


def ask_new(names: tuple[str, ...], close: Callable[[], None]) -> None:
    """Opens the dialog for a new persona; `names` are those that there are."""

    @st.dialog(say("personas.new_title"), width="medium", on_dismiss=close)
    def dialog() -> None:
        _new(names, close)

    dialog()


@pane
def _new(names: tuple[str, ...], close: Callable[[], None]) -> None:
    templates = {template.name: template for template in _templates()}
    ways = [*templates, *([_COPY] if names else []), _EMPTY]
    way = st.radio(
        say("personas.begin_with"),
        ways,
        format_func=lambda one: _way(one, templates),
        captions=[_way_says(one, templates) for one in ways],
        key="personas_way",
    )
    source = None
    if way == _COPY:
        source = st.selectbox(say("personas.copy_of"), names, key="personas_copy_of")
    name = _ask_name("personas_new_name", names)
    if st.button(say("personas.create"), key="personas_create", type="primary", shortcut="Mod+Enter"):
        template = way if way in templates else None
        _create(name, names, close, template=template, copy_of=source)


def _templates() -> tuple[Template, ...]:
    kept: tuple[Template, ...] | None = st.session_state.get("persona_templates")
    if kept is None:
        kept = st.session_state["persona_templates"] = current().api.personas.templates()
    return kept


def _way(one: str, templates: dict[str, Template]) -> str:
    if one == _EMPTY:
        return say("personas.empty_file")
    return say("personas.a_copy") if one == _COPY else label(templates[one].title[language()])


def _way_says(one: str, templates: dict[str, Template]) -> str:
    if one == _EMPTY:
        return say("personas.empty_file_what")
    return say("personas.a_copy_what") if one == _COPY else label(templates[one].description[language()])


def _ask_name(key: str, taken: tuple[str, ...], suggested: str = "") -> str:
    name = st.text_input(
        say("personas.name"), suggested, key=key, max_chars=64, help=say("personas.name_help"), placeholder="support"
    )
    return str(name or "").strip()


def _wrong_name(name: str, taken: tuple[str, ...]) -> str | None:
    if not _NAME.fullmatch(name):
        return say("personas.name_wrong")
    return say("personas.name_taken") if name in taken else None


def _create(
    name: str,
    taken: tuple[str, ...],
    close: Callable[[], None],
    *,
    template: str | None = None,
    copy_of: str | None = None,
) -> None:
    wrong = _wrong_name(name, taken)
    if wrong:
        st.error(wrong, icon=":material/error:")
        return
    if _tried(lambda: current().api.personas.create(name, template=template, copy_of=copy_of)):
        close()
        links.go("persona", name=name)


def _tried(act: Callable[[], object]) -> bool:
    """Does it; whether it went well. What went wrong stands in the dialog, and what was typed with it."""
    try:
        act()
    except Refused as refused:
        st.error(label(in_words(refused)), icon=":material/error:")
    except ServerAway:
        st.error(say("personas.away"), icon=":material/cloud_off:")
    else:
        return True
    return False


def ask_copy(name: str, close: Callable[[], None]) -> None:
    """Opens the dialog that copies what is published of the persona."""

    @st.dialog(say("personas.copy_title"), on_dismiss=close)
    def dialog() -> None:
        st.text(say("personas.copy_what", name=name))
        new = _ask_name(f"personas_copy_{name}", (name,), f"{name[:59]}-copy")
        if st.button(say("personas.copy_now"), key="personas_copy_now", type="primary", shortcut="Mod+Enter"):
            _create(new, (name,), close, copy_of=name)

    dialog()


def ask_archive(name: str, title: str, close: Callable[[], None]) -> None:
    """Opens the dialog that says what archiving does, and does it."""

    @st.dialog(say("personas.archive_title"), on_dismiss=close)
    def dialog() -> None:
        st.text(title)
        st.text(say("personas.archive_what"))
        if st.button(say("personas.archive_now"), key="personas_archive_now", type="primary") and _tried(
            lambda: current().api.personas.archive(name)
        ):
            st.session_state.get("drafts", {}).pop(name, None)
            close()
            st.toast(say("personas.archived_done"), icon=":material/archive:")
            links.go("personas")

    dialog()
