"""A text of the persona in the languages it speaks: English and Chinese side by side, others below them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from console.parts import bound
from console.screens.studio.inputs import Path, key_of, value_at, why_not
from console.screens.studio.remarks import language_name, remarks
from console.visit import language, say

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

SIDE_BY_SIDE = ("en", "zh")
_HAN = re.compile(r"[\u3400-\u9fff]")


def bilingual(draft: DraftEdit, path: Path, label: str, *, tall: bool = False, help: str | None = None) -> None:
    """Inputs for the text at `path`, with what could be better about it below. `tall` for more than one line."""
    written = value_at(draft.spec, path)
    if isinstance(written, str) and written:
        _one_for_all(draft, path, label, written, tall)
    else:
        texts = {code: text for code, text in (written or {}).items() if isinstance(text, str)}
        _side_by_side(draft, path, label, texts, tall, help)
    remarks(draft, path)


def spoken(text: object) -> str:
    """The text in the visitor's language, else in the first that has words; empty when there is none."""
    if isinstance(text, str):
        return text
    if not isinstance(text, dict):
        return ""
    words = [text.get(language()), *text.values()]
    return next((one for one in words if isinstance(one, str) and one.strip()), "")


def joined(texts: dict[str, str], changed: str, words: str) -> dict[str, str] | None:
    """The texts with one language set or, when blank, taken out; None when nothing is left."""
    found = {**texts, changed: words.strip()}
    return {code: text for code, text in found.items() if text.strip()} or None


def _side_by_side(
    draft: DraftEdit, path: Path, label: str, texts: dict[str, str], tall: bool, help: str | None
) -> None:
    codes = [*SIDE_BY_SIDE, *(code for code in texts if code not in SIDE_BY_SIDE)]
    for start in range(0, len(codes), 2):
        for column, code in zip(st.columns(2, gap="small"), codes[start : start + 2], strict=False):
            with column:
                _input(draft, (*path, code), f"{label} · {_label_of(code)}", texts.get(code, ""), tall, help)


def _label_of(code: str) -> str:
    return re.sub(r"[^\w ()（）,，-]", "", language_name(code))


def _input(draft: DraftEdit, path: Path, label: str, value: str, tall: bool, help: str | None) -> None:
    key = bound.typed(key_of(draft, path), value)
    shared: dict[str, Any] = {
        "value": value,
        "key": key,
        "help": why_not(draft) or help,
        "disabled": not draft.may_edit,
        "on_change": partial(_save, draft, path, key),
    }
    if tall:
        st.text_area(label, height="content", **shared)
    else:
        st.text_input(label, **shared)


def _save(draft: DraftEdit, path: Path, key: str) -> None:
    words, written = str(st.session_state.get(key) or ""), value_at(draft.spec, path[:-1])
    texts = dict(written) if isinstance(written, dict) else {}
    draft.put(path[:-1], joined(texts, str(path[-1]), words))


def _one_for_all(draft: DraftEdit, path: Path, label: str, written: str, tall: bool) -> None:
    key = bound.typed(key_of(draft, path, "all"), written)
    shared: dict[str, Any] = {
        "value": written,
        "key": key,
        "help": why_not(draft),
        "disabled": not draft.may_edit,
        "on_change": partial(_save_one, draft, path, key),
    }
    shown = f"{label} · {say('studio_fields.all_languages')}"
    if tall:
        st.text_area(shown, height="content", **shared)
    else:
        st.text_input(shown, **shared)
    st.button(
        say("studio_fields.split"),
        key=key_of(draft, path, "split"),
        type="tertiary",
        icon=":material/translate:",
        help=why_not(draft) or say("studio_fields.split_help"),
        disabled=not draft.may_edit,
        on_click=partial(draft.put, path, {likely_language(written): written}),
    )


def _save_one(draft: DraftEdit, path: Path, key: str) -> None:
    draft.put(path, str(st.session_state.get(key) or "").strip() or None)


def likely_language(text: str) -> str:
    """`zh` for a text with Chinese characters, else `en`."""
    return "zh" if _HAN.search(text) else "en"
