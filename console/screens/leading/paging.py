"""Turning pages: the page stands in the address."""

from __future__ import annotations

import streamlit as st

from console.parts import bound
from console.screens.leading import address
from console.screens.leading.address import Address


def paging(asked: Address, total: int, rows: int, *, key: str) -> None:
    """Numbers of pages of `rows` lines each; nothing for a single page. `key` is the list's own."""
    pages = -(-total // rows)
    if pages < 2:
        return
    bound.chosen(key, min(asked.page, pages))

    def moved() -> None:
        chosen = st.session_state[key]
        address.put("page", str(chosen) if chosen > 1 else "")

    with st.container(horizontal_alignment="center"):
        st.pagination(pages, key=key, on_change=moved)
