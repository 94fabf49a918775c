"""What is shown once, such as a link or a key: kept in the tab until its dialog is closed."""

from __future__ import annotations

import streamlit as st

from console.parts.address import copy_text
from console.parts.label import plainly
from console.visit import say

_KEY = "shown_once"


def keep(text: str, named: str, told: str) -> None:
    """Keeps the text, whose it is, and the sentence that goes with it."""
    st.session_state[_KEY] = (text, named, told)


def kept() -> bool:
    """Whether something is waiting to be copied."""
    return _KEY in st.session_state


def forget() -> None:
    """Lets it go; for when the dialog closes."""
    st.session_state.pop(_KEY, None)


def draw() -> None:
    """The text with a button that copies it."""
    text, named, told = st.session_state[_KEY]
    st.text(plainly(named))
    st.code(text, language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        copy_text(text, "copy_once", say("common.copy"), say("common.copied"))
        if st.button(say("common.close"), key="once_close"):
            forget()
            st.rerun()
    st.caption(told)
