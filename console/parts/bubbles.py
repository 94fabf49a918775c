"""How a conversation looks: what was said as it was typed, never as markup."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from console.client.chat import Ran
from console.parts.label import plainly
from console.visit import say


def bubble(role: str, text: str, *, key: str) -> None:
    """One message; `role` is customer, assistant or person."""
    with st.container(key=f"said_{role}_{key}", gap=None):
        if role == "person":
            st.caption(say("chat.person"))
        st.text(plainly(text))


class GrowingBubble:
    """An answer while it is being made: functions that run, then the text as it comes."""

    def __init__(self, *, key: str) -> None:
        with st.container(key=f"growing_{key}", gap="xsmall"):
            self._calls = st.empty()
            with st.container(key=f"said_assistant_{key}", gap=None):
                self._text: DeltaGenerator = st.empty()
        self._text.text("…")

    def calls(self, running: Mapping[str, Ran]) -> None:
        """Shows what is being looked up; nothing when all is done."""
        names = [call.function for call in running.values() if call.status == "running"]
        if names:
            self._calls.text(say("chat.running", functions=", ".join(names)))
        else:
            self._calls.empty()

    def text(self, text: str) -> None:
        """The answer so far."""
        self._text.text(plainly(text))
