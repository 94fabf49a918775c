"""Links between pages, by the names of the map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

_KEY: Final = "pages_by_path"


def remember(pages: Mapping[str, StreamlitPage]) -> None:
    """Keeps this run's pages by path; the shell does it once a run."""
    st.session_state[_KEY] = dict(pages)


def page(path: str) -> StreamlitPage:
    """The page at a path of the map, such as `lead`; `""` is home. For `st.page_link`."""
    found: StreamlitPage = st.session_state[_KEY][path]
    return found


def go(path: str, **query: str) -> NoReturn:
    """Opens a page with that query, as a step that Back undoes."""
    st.switch_page(page(path), query_params=query)
