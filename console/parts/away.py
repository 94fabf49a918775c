"""What stands on the page while the server is away. It looks again by itself."""

from __future__ import annotations

import streamlit as st

from console.addresses import from_environment
from console.client import Refused, ServerAway, connect
from console.visit import say

LOOK_AGAIN_SECONDS = 2


def wait_for_server() -> None:
    """Says that the server is away and draws the page anew as soon as it answers."""
    with st.container(key="notice", width=460):
        st.title(say("common.away_title"))
        st.text(say("common.away"))
        _look_again()


def wait_for_server_here() -> None:
    """The same in a line, for one part of a page whose other parts go on."""
    st.warning(say("common.away_here"), icon=":material/cloud_off:")
    _look_again()


@st.fragment(run_every=LOOK_AGAIN_SECONDS)
def _look_again() -> None:
    st.caption(say("common.away_waiting"))
    try:
        connect(from_environment().server).is_ready()
    except (ServerAway, Refused):
        return
    st.rerun()
