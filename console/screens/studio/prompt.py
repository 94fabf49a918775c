"""The Prompt tab: who the assistant is and how it answers, what customers see first, and what could be better."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from console import shown
from console.client.personas import Hint
from console.screens.studio.bilingual import bilingual
from console.screens.studio.draft import DraftEdit
from console.screens.studio.hint_places import in_words_with_place
from console.screens.studio.inputs import list_at
from console.screens.studio.place import jump_in, lead_to, tab_of
from console.screens.studio.prompt_editor import prompt_editor
from console.visit import language, say, say_of

REFERENCES: Final = ("user.name", "user.trust", "user.locale", "persona.name", "conversation.id")
_MOST_SUGGESTIONS = 8


def show(draft: DraftEdit) -> None:
    """Draws the tab."""
    editor(draft)
    _size(draft)
    _hints(draft)
    st.subheader(say("studio.opening"))
    bilingual(draft, ("title",), say("studio.title"))
    bilingual(draft, ("greeting",), say("studio.greeting"), tall=True)
    _suggestions(draft)


def editor(draft: DraftEdit) -> None:
    """The box of the prompt alone."""
    prompt = draft.get(("prompt",), "")
    prompt_editor(
        prompt if isinstance(prompt, str) else "",
        key=f"studio_prompt_{draft.name}",
        generation=f"{draft.name} {draft.seed} {language()}",
        label=say("studio.prompt"),
        references=(say("studio.insert"), {f"${{{name}}}": _meaning(name) for name in REFERENCES}),
        on_text=lambda text: draft.put(("prompt",), text or None),
        why_not="" if draft.may_edit else say("common.needs_editor"),
        jump=jump_in("prompt"),
    )


def _meaning(name: str) -> str:
    return say_of("studio.reference", name.replace(".", "_"))


def _size(draft: DraftEdit) -> None:
    tokens = say("studio.tokens", count=shown.number(draft.prompt_tokens))
    with st.container(key="studio_size", horizontal=True, vertical_alignment="center", gap="small"):
        st.text(tokens)
        if draft.hints:
            st.badge(say("studio.hints", count=len(draft.hints)), icon=":material/lightbulb:", color="orange")


def _hints(draft: DraftEdit) -> None:
    spec = draft.spec
    for number, hint in enumerate(draft.hints[:8]):
        with st.container(key=f"studio_hint_{number}", horizontal=True, vertical_alignment="center", gap="small"):
            st.text(in_words_with_place(spec, hint))
            st.button(
                say("studio.fix"),
                key=f"studio_fix_{number}",
                type="tertiary",
                icon=":material/arrow_forward:",
                help=say_of("studio.tab", tab_of(hint.path)),
                on_click=partial(_fix, draft, hint),
            )


def _fix(draft: DraftEdit, hint: Hint) -> None:
    tab = tab_of(hint.path)
    line, column = (hint.line, hint.column) if tab != "prompt" else in_prompt(draft.yaml, hint)
    lead_to(tab, line, column)


def in_prompt(yaml: str, hint: Hint) -> tuple[int, int]:
    """The hint's place, which counts from the file's beginning, in the text of a block that follows `prompt: |`."""
    lines = yaml.splitlines()
    begin = next((number for number, line in enumerate(lines, 1) if line.startswith("prompt:")), 0)
    if not begin or hint.line <= begin or hint.line > len(lines):
        return 1, 1
    text = next((line for line in lines[begin:] if line.strip()), "")
    return hint.line - begin, max(1, hint.column - (len(text) - len(text.lstrip())))


def _suggestions(draft: DraftEdit) -> None:
    given = list_at(draft.spec, "suggestions")
    for index in range(len(given)):
        with st.container(key=f"studio_suggestion_{index}", horizontal=True, vertical_alignment="bottom", gap="small"):
            with st.container():
                bilingual(draft, ("suggestions", index), say("studio.suggestion", number=index + 1))
            st.button(
                say("studio.suggestion_remove"),
                key=f"studio_suggestion_remove_{index}",
                icon=":material/close:",
                type="tertiary",
                disabled=not draft.may_edit,
                on_click=partial(draft.put, ("suggestions", index), None),
            )
    st.button(
        say("studio.suggestion_add"),
        key="studio_suggestion_add",
        icon=":material/add:",
        type="tertiary",
        disabled=not draft.may_edit or len(given) >= _MOST_SUGGESTIONS,
        help=None if draft.may_edit else say("common.needs_editor"),
        on_click=partial(_add_suggestion, draft, len(given)),
    )


def _add_suggestion(draft: DraftEdit, place: int) -> None:
    draft.put(("suggestions", place), {language(): say("studio.suggestion_new")})
