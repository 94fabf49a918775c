"""plugins."""

from __future__ import annotations

import streamlit as st

from console.visit import say_of


def show() -> None:
    """Draws the page."""
    st.title(say_of("nav.page", "plugins"))
