"""Question and answer pairs, written in the persona itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from console.screens.studio.bilingual import bilingual, joined, spoken
from console.screens.studio.cards import open_button, remove_button, undo_line
from console.screens.studio.inputs import list_at, why_not
from console.visit import say, say_of

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

_PARTS = ("q_en", "q_zh", "a_en", "a_zh")


def pairs(draft: DraftEdit) -> None:
    """The pairs as a list, one open at a time, and a form for a new one."""
    st.subheader(say("studio_knowledge.pairs"))
    st.caption(say("studio_knowledge.pairs_help"))
    with st.container(key="pair_list", gap="xsmall"):
        for index, entry in enumerate(list_at(draft.spec, "knowledge")):
            if isinstance(entry, dict):
                _card(draft, index, entry)
    _undo(draft)
    _add(draft)


def _place(draft: DraftEdit, what: str) -> str:
    return f"studio_{draft.name}_pair_{what}"


def _card(draft: DraftEdit, index: int, pair: dict[str, Any]) -> None:
    is_open = st.session_state.get(_place(draft, "open")) == index
    with st.container(key=f"card_pair_{index}", border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row_pair_{index}"):
            with st.container(gap=None, width="stretch", key=f"name_pair_{index}"):
                st.text(spoken(pair.get("q")) or say("studio_knowledge.no_question"))
                if not is_open:
                    with st.container(key=f"quiet_pair_{index}"):
                        st.text(spoken(pair.get("a")))
            _buttons(draft, index, pair, is_open)
        if is_open:
            bilingual(draft, ("knowledge", index, "q"), say("studio_knowledge.q"))
            bilingual(draft, ("knowledge", index, "a"), say("studio_knowledge.a"), tall=True)


def _buttons(draft: DraftEdit, index: int, pair: dict[str, Any], is_open: bool) -> None:
    with st.container(horizontal=True, gap=None, width="content", wrap=False, key=f"act_pair_{index}"):
        remove_button(draft, "pair", index, say("studio_knowledge.remove_pair"), partial(_remove, draft, index, pair))
        open_button("pair", index, is_open, partial(_open, draft))


def _open(draft: DraftEdit, index: int | None) -> None:
    st.session_state[_place(draft, "open")] = index


def _remove(draft: DraftEdit, index: int, pair: dict[str, Any]) -> None:
    entries = list_at(draft.spec, "knowledge")
    del entries[index]
    draft.put(("knowledge",), entries or None)
    st.session_state[_place(draft, "removed")] = (index, pair)
    _open(draft, None)


def _undo(draft: DraftEdit) -> None:
    kept: tuple[int, dict[str, Any]] | None = st.session_state.get(_place(draft, "removed"))
    if kept is None:
        return
    undo_line("pair", say("studio_knowledge.pair_removed"), partial(_bring_back, draft, *kept))


def _bring_back(draft: DraftEdit, index: int, pair: dict[str, Any]) -> None:
    entries = list_at(draft.spec, "knowledge")
    draft.put(("knowledge",), [*entries[:index], pair, *entries[index:]])
    st.session_state[_place(draft, "removed")] = None


# --- a new one ----------------------------------------------------------------------------------------------


def _add(draft: DraftEdit) -> None:
    adding = _place(draft, "adding")
    if not st.session_state.get(adding):
        st.button(
            say("studio_knowledge.add_pair"),
            key="pair_add",
            icon=":material/add:",
            help=why_not(draft),
            disabled=not draft.may_edit,
            on_click=lambda: st.session_state.update({adding: True}),
        )
        return
    with st.form(key=f"pair_new_{draft.name}", border=True):
        st.text(say("studio_knowledge.new_pair"))
        for column, code in zip(st.columns(2, gap="small"), ("en", "zh"), strict=True):
            column.text_input(say_of("studio_knowledge.new_q", code), key=_typed(draft, f"q_{code}"))
            column.text_area(say_of("studio_knowledge.new_a", code), key=_typed(draft, f"a_{code}"), height=100)
        with st.container(horizontal=True, gap="small"):
            add = partial(_added, draft)
            st.form_submit_button(say("studio_knowledge.add_pair"), icon=":material/add:", on_click=add)
            st.form_submit_button(
                say("studio_knowledge.cancel"),
                type="tertiary",
                on_click=lambda: st.session_state.update({adding: False}),
            )
        if st.session_state.get(_place(draft, "blank")):
            st.error(say("studio_knowledge.blank"), icon=":material/error:")


def _typed(draft: DraftEdit, part: str) -> str:
    return f"pair_new_{draft.name}_{part}"


def _added(draft: DraftEdit) -> None:
    kept = st.session_state
    typed = {part: str(kept.get(_typed(draft, part)) or "") for part in _PARTS}
    question = joined({"en": typed["q_en"]}, "zh", typed["q_zh"])
    answer = joined({"en": typed["a_en"]}, "zh", typed["a_zh"])
    kept[_place(draft, "blank")] = question is None or answer is None
    if question is None or answer is None:
        return
    draft.put(("knowledge",), [*list_at(draft.spec, "knowledge"), {"q": question, "a": answer}])
    kept[_place(draft, "adding")] = False
