"""The tab of the lead's fields: how eagerly the assistant asks, for what, and what a sentence would tell."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from console.parts import bound
from console.parts.pane import empty
from console.screens.studio.bilingual import bilingual, spoken
from console.screens.studio.capture import capture
from console.screens.studio.cards import open_button, remove_button, undo_line
from console.screens.studio.dial import dial
from console.screens.studio.field_form import TYPES, is_contact, show_field, weight_of
from console.screens.studio.field_list import (
    Removed,
    common_fields,
    fields_of,
    moved,
    named_fields,
    title_of,
    with_field,
    with_removed,
    without_field,
)
from console.screens.studio.inputs import key_by_names, key_of, list_at, why_not
from console.screens.studio.remarks import about
from console.visit import say, say_of

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit


def show(draft: DraftEdit) -> None:
    """Draws the tab."""
    dial(draft)
    st.subheader(say("studio_fields.fields"))
    st.caption(say("studio_fields.fields_help"))
    fields = fields_of(draft.spec)
    if not fields:
        empty(say("studio_fields.empty"), say("studio_fields.empty_next"), icon=":material/list_alt:")
    with st.container(key="field_list", gap="xsmall"):
        for index, field in enumerate(fields):
            _card(draft, index, field, len(fields))
    _undo(draft)
    _add(draft)
    _qualified(draft)
    bilingual(
        draft,
        ("collect", "purpose"),
        say("studio_fields.purpose"),
        tall=True,
        help=say("studio_fields.purpose_help"),
    )
    capture(draft)


# --- one field ----------------------------------------------------------------------------------------------


def _card(draft: DraftEdit, index: int, field: dict[str, Any], count: int) -> None:
    is_open = _opened(draft) == index
    with st.container(key=f"card_field_{index}", border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row_field_{index}"):
            _summary(draft, index, field)
            _buttons(draft, index, count, is_open)
        if is_open:
            show_field(draft, index)


def _summary(draft: DraftEdit, index: int, field: dict[str, Any]) -> None:
    kind = str(field.get("type", ""))
    with st.container(gap=None, width="stretch", key=f"name_field_{index}"):
        st.text(title_of(field) or say("studio_fields.unnamed"))
        named = say_of("studio_fields.types", kind) if kind in TYPES else say("studio_fields.no_type")
        st.caption(f"{named} · {say_of('studio_fields.weight', weight_of(field))}")
    if is_contact(field):
        st.badge(say("studio_fields.is_contact"), color="green")
    if field.get("name") in list_at(draft.spec, "collect", "qualified_when"):
        st.badge(say("studio_fields.is_qualifying"), color="blue")
    if hints := about(draft, ("collect", "fields", index)):
        st.badge(say("studio_fields.hints", count=len(hints)), icon=":material/lightbulb:", color="orange")


def _buttons(draft: DraftEdit, index: int, count: int, is_open: bool) -> None:
    """Moving and taking out are in reach only where they can be done; opening always."""
    with st.container(horizontal=True, gap=None, width="content", wrap=False, key=f"act_field_{index}"):
        for by, name, icon in (
            (-1, "up", ":material/arrow_upward:"),
            (1, "down", ":material/arrow_downward:"),
        ):
            st.button(
                say_of("studio_fields.move", name),
                key=f"icon_field_{name}_{index}",
                icon=icon,
                type="tertiary",
                help=why_not(draft) or say_of("studio_fields.move", name),
                disabled=not draft.may_edit or not 0 <= index + by < count,
                on_click=partial(_move, draft, index, by),
            )
        remove_button(draft, "field", index, say("studio_fields.remove"), partial(_remove, draft, index))
        open_button("field", index, is_open, partial(_open, draft))


def _place(draft: DraftEdit, what: str) -> str:
    return f"studio_{draft.name}_{what}"


def _opened(draft: DraftEdit) -> int | None:
    opened: int | None = st.session_state.get(_place(draft, "field"))
    return opened


def _open(draft: DraftEdit, index: int | None) -> None:
    st.session_state[_place(draft, "field")] = index


def _move(draft: DraftEdit, index: int, by: int) -> None:
    draft.change(moved(draft.spec, index, by))
    places = {index: index + by, index + by: index}
    opened = _opened(draft)
    _open(draft, places.get(opened, opened) if opened is not None else None)


def _remove(draft: DraftEdit, index: int) -> None:
    changed, removed = without_field(draft.spec, index)
    draft.change(changed)
    st.session_state[_place(draft, "removed")] = removed
    opened = _opened(draft)
    if opened is not None:
        _open(draft, None if opened == index else opened - (opened > index))


def _undo(draft: DraftEdit) -> None:
    removed: Removed | None = st.session_state.get(_place(draft, "removed"))
    if removed is None:
        return
    told = say("studio_fields.removed", name=title_of(removed.field))
    undo_line("field", told, partial(_bring_back, draft, removed))


def _bring_back(draft: DraftEdit, removed: Removed) -> None:
    draft.change(with_removed(draft.spec, removed))
    st.session_state[_place(draft, "removed")] = None


# --- adding, and what qualifies -----------------------------------------------------------------------------


def _add(draft: DraftEdit) -> None:
    there = named_fields(draft.spec)
    free = [name for name, field in common_fields().items() if field["name"] not in there or name == "own"]
    st.menu_button(
        say("studio_fields.add"),
        free,
        key="field_add",
        icon=":material/add:",
        help=why_not(draft) or say("studio_fields.add_help"),
        disabled=not draft.may_edit,
        format_func=lambda name: spoken(common_fields()[name].get("label")) or say("studio_fields.own"),
        on_click=partial(_added, draft),
    )


def _added(draft: DraftEdit) -> None:
    name = st.session_state.get("field_add")
    if name in common_fields():
        draft.change(with_field(draft.spec, str(name)))
        _open(draft, len(fields_of(draft.spec)) - 1)


def _qualified(draft: DraftEdit) -> None:
    named = named_fields(draft.spec)
    chosen = [str(name) for name in list_at(draft.spec, "collect", "qualified_when")]
    key = bound.chosen(key_by_names(key_of(draft, ("collect", "qualified_when")), list(named.values())), chosen)
    with st.container(gap="xsmall"):
        st.multiselect(
            say("studio_fields.qualified"),
            list(dict.fromkeys([*named, *chosen])),
            format_func=lambda name: named.get(name, name),
            key=key,
            help=why_not(draft),
            disabled=not draft.may_edit,
            placeholder=say("studio_fields.qualified_none"),
            on_change=lambda: draft.put(("collect", "qualified_when"), list(st.session_state[key]) or None),
        )
        st.caption(say("studio_fields.qualified_help"))
