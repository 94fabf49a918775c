"""Hints of the server beside the input they speak of, in the visitor's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st
from babel import Locale, UnknownLocaleError

from console.client.personas import Hint
from console.screens.studio.inputs import Path
from console.server_words import translated
from console.visit import language, say, say_of

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

WORDED: Final = frozenset(
    {"two_questions", "no_reason", "missing_language", "looks_like_secret", "reads_unknown", "long_prompt"}
)


def shown_path(path: Path) -> str:
    """`collect.fields[0].ask.en`, as hints and problems write it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def about(draft: DraftEdit, path: Path) -> list[Hint]:
    """The hints that speak of the place or of something in it."""
    begin = shown_path(path)
    return [hint for hint in draft.hints if _is_inside(hint.path, begin)]


def _is_inside(path: str, begin: str) -> bool:
    return path == begin or path.startswith((f"{begin}.", f"{begin}["))


def remarks(draft: DraftEdit, path: Path) -> None:
    """A line for each hint about the place."""
    for hint in about(draft, path):
        with st.container(key=f"hint_{hint.code}_{hint.path}", horizontal=True, wrap=False, gap="small"):
            st.badge(say("studio_fields.hint"), icon=":material/lightbulb:", color="orange")
            st.text(in_words(hint), width="stretch")


def in_words(hint: Hint) -> str:
    """The hint in the visitor's language; one that is not known here in the server's words."""
    if hint.code not in WORDED:
        return translated(hint.message, language())
    where = "" if hint.code == "missing_language" or not hint.language else f"{language_name(hint.language)}: "
    return where + say_of("studio_fields.hint", hint.code, **_values(hint))


def _values(hint: Hint) -> dict[str, object]:
    """What the texts of the catalog may name; the server's parameters with languages by name."""
    params = hint.params
    return {
        "questions": params.get("questions", 2),
        "missing": language_name(str(params.get("language") or "en")),
        "reference": params.get("reference", ""),
        "tokens": params.get("tokens", 0),
        "limit": params.get("limit", 0),
    }


def language_name(code: str) -> str:
    """`English`, `英语`; the code itself for one that nobody named."""
    try:
        name = Locale.parse(code, sep="-").get_display_name(language()) or code
    except (UnknownLocaleError, ValueError):
        return code
    return name[:1].upper() + name[1:]
