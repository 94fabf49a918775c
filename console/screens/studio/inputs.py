"""Inputs bound to a place in the draft: they show what is there, save what is typed, and keep it when saving fails.

An input takes the draft's value only when that value changed behind its back (another tab, undo, a reorder), so text
that is being typed, or that could not be saved, stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

import streamlit as st

from console.parts import bound
from console.visit import say

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

T = TypeVar("T")
Path = tuple[str | int, ...]


def value_at(spec: object, path: Path) -> Any:
    """What stands there, None where nothing does."""
    found: Any = spec
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found


def list_at(spec: object, *path: str | int) -> list[Any]:
    """The list that stands there, empty where none does."""
    found = value_at(spec, path)
    return found if isinstance(found, list) else []


def key_of(draft: DraftEdit, path: Path, part: str = "") -> str:
    """The key of the input for a place; also its CSS class and where its state is kept."""
    return "_".join(["form", draft.name, *map(str, path), *([part] if part else [])])


def key_by_names(key: str, names: Sequence[str]) -> str:
    """A key that changes with the names of the options: the browser sends names, and an old one would be unknown."""
    return f"{key}_{crc32(chr(0).join(names).encode()):08x}"


def why_not(draft: DraftEdit) -> str | None:
    """The reason for which inputs are greyed, None when they are not."""
    return None if draft.may_edit else say("common.needs_editor")


def save(draft: DraftEdit, path: Path, key: str, read: Callable[[Any], Any] | None = None) -> None:
    """Stores what the input under `key` holds; blank texts are taken out of the draft."""
    value = st.session_state.get(key)
    value = read(value) if read else value
    if isinstance(value, str):
        value = value.strip() or None
    draft.put(path, value)


def text(draft: DraftEdit, path: Path, label: str, *, help: str | None = None, placeholder: str | None = None) -> None:
    """One line of text."""
    value = str(value_at(draft.spec, path) or "")
    key = bound.typed(key_of(draft, path), value)
    st.text_input(
        label,
        value,
        key=key,
        help=why_not(draft) or help,
        placeholder=placeholder,
        disabled=not draft.may_edit,
        on_change=partial(save, draft, path, key),
    )


def number(
    draft: DraftEdit,
    path: Path,
    label: str,
    *,
    least: float,
    most: float,
    step: float,
    usual: str,
    help: str,
    whole: bool = False,
) -> None:
    """A number that may be left out; `usual` is what then counts. The help stands below in plain sight."""
    kind, value = int if whole else float, value_at(draft.spec, path)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    key = bound.clearable(key_of(draft, path), kind(value) if is_number else None)
    with st.container(gap="xsmall"):
        _number_input(draft, path, label, key, kind, (least, most, step), usual)
        st.caption(help)


def _number_input(
    draft: DraftEdit,
    path: Path,
    label: str,
    key: str,
    kind: type[int] | type[float],
    bounds: tuple[float, float, float],
    usual: str,
) -> None:
    least, most, step = bounds
    st.number_input(
        label,
        min_value=kind(least),
        max_value=kind(most),
        step=kind(step),
        format="%d" if kind is int else "%g",
        value=None,
        placeholder=usual,
        key=key,
        help=why_not(draft),
        disabled=not draft.may_edit,
        on_change=partial(save, draft, path, key),
    )


def choice(
    draft: DraftEdit,
    path: Path,
    label: str,
    options: Sequence[str],
    named: Callable[[str], str],
    *,
    usual: str = "",
    help: str | None = None,
    free: bool = False,
    on_save: Callable[[str], None] | None = None,
) -> None:
    """One of `options`; `usual` stands for a value that is left out. `free` lets people type their own."""
    value = value_at(draft.spec, path)
    chosen = str(value) if value is not None else usual
    offered = list(dict.fromkeys([*options, chosen]))
    key = bound.chosen(key_by_names(key_of(draft, path), [named(one) for one in options]), chosen)

    def saved() -> None:
        picked = str(st.session_state.get(key) or usual)
        if picked not in offered and not free:
            return
        if on_save:
            on_save(picked)
        else:
            draft.put(path, None if picked == usual else picked)

    st.selectbox(
        label,
        offered,
        format_func=named,
        key=key,
        help=why_not(draft) or help,
        disabled=not draft.may_edit,
        accept_new_options=free,
        on_change=saved,
    )


def nearest(steps: Mapping[float, T], value: float) -> float:
    """The step nearest to the value; of two equally near the lower."""
    return min(steps, key=lambda step: (abs(step - value), step))
