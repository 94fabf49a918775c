"""The studio's desk: head above, the tabs of the editor on the left, a chat with the draft on the right."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from console.client import SignedOut
from console.parts.committing import commit_while_typing
from console.parts.leaving import ask_before_leaving
from console.parts.pane import pane
from console.screens.studio.beside import beside
from console.screens.studio.conflict import conflict
from console.screens.studio.draft import DraftEdit
from console.screens.studio.head import dialog_is_open, head
from console.screens.studio.place import TABS, Tab, open_tab, tab_now
from console.screens.studio.prompt import editor
from console.visit import forget, language, say, say_of

RETRY_SECONDS = 2
_STAND = "studio_stand"
# Names and options mean nothing half typed; Enter in a list or a date chooses.
_WHEN_LEFT = ", ".join(
    (
        '[class*="_name "], [class*="_name-"], [class$="_name"], [class*="_options"]',
        ".stSelectbox, .stMultiSelect, .stDateInput, .stNumberInput",
    )
)
_BY_FORM: frozenset[Tab] = frozenset({"prompt", "fields", "offers", "knowledge", "model"})


def studio(draft: DraftEdit) -> None:
    """Draws the studio of a persona."""
    st.session_state[_STAND] = (draft.stand, draft.revision)
    with st.container(key="studio"):
        head(draft)
        with st.container(key="studio_retry"):  # always there: what comes and goes above the editor would mount it anew
            if draft.unsaved and draft.unsaved.why == "away":
                _retry(draft)
        _side()
        left, right = st.columns([3, 2], gap="medium")
        with left, st.container(key="studio_left"):
            _desk(draft)
        with right, st.container(key="studio_right"):
            beside(draft)


def _side() -> None:
    """On a narrow screen one side at a time."""
    with st.container(key="studio_side"):
        side = st.segmented_control(
            say("studio.side"),
            ("edit", "chat"),
            default="edit",
            required=True,
            format_func=lambda one: say_of("studio.side_of", one),
            key="studio_side_chosen",
            label_visibility="collapsed",
            width="stretch",
        )
    if side == "chat":
        st.html("<style>@media (max-width: 640px) { .st-key-studio_left { display: none; } }</style>")
    else:
        st.html("<style>@media (max-width: 640px) { .st-key-studio_right { display: none; } }</style>")


@st.fragment(run_every=RETRY_SECONDS)
@pane
def _retry(draft: DraftEdit) -> None:
    draft.retry()
    _follow(draft)


@st.fragment
def _desk(draft: DraftEdit) -> None:
    draft.draw_begins()
    try:
        if draft.clash:
            conflict(draft, draft.clash)
            _behind(draft)
        else:
            _tabs(draft)
    except SignedOut:
        forget()
        st.rerun()
    commit_while_typing('[class*="st-key-form_"]', beside=_WHEN_LEFT)
    ask_before_leaving(".st-key-studio_left", waiting=bool(draft.clash or draft.unsaved))
    _follow(draft)


def _behind(draft: DraftEdit) -> None:
    """Hears out the box that both texts took the place of: its last words are on their way when it goes."""
    if tab_now() == "prompt" and draft.is_readable:
        with st.container(key="studio_behind"):
            editor(draft)


def _follow(draft: DraftEdit) -> None:
    """Draws the page anew when its head shows no longer how things stand, or an open drawer another text."""
    stand, revision = st.session_state[_STAND]
    if draft.stand != stand or (dialog_is_open() and draft.revision != revision):
        st.rerun()


def _tabs(draft: DraftEdit) -> None:
    names = {say_of("studio.tab", tab): tab for tab in TABS}
    now, key = tab_now(), f"studio_tab_{language()}"
    wanted = say_of("studio.tab", now)
    if st.session_state.get(key, wanted) != wanted:
        st.session_state[key] = wanted

    def chosen() -> None:
        open_tab(names[st.session_state[key]])

    for place, tab in zip(st.tabs(list(names), default=wanted, key=key, on_change=chosen), TABS, strict=True):
        if tab == now:
            with place:
                _tab(draft, tab)


@pane
def _tab(draft: DraftEdit, tab: Tab) -> None:
    if tab in _BY_FORM and not draft.is_readable:
        _mend_first()
        return
    show: Callable[[DraftEdit], None] = import_module(f"console.screens.studio.{_MODULES.get(tab, tab)}").show
    show(draft)


def _mend_first() -> None:
    with st.container(key="studio_mend", gap="small"):
        st.warning(say("studio.mend"), icon=":material/healing:")
        st.button(
            say("studio.mend_open"), icon=":material/code:", key="studio_mend_open", on_click=open_tab, args=("yaml",)
        )


_MODULES = {"yaml": "source"}
