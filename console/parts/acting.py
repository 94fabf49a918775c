"""Doing something that the server may refuse: what went wrong stands where it was asked, with what was typed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from console.client import Refused, ServerAway
from console.parts.label import label
from console.parts.problem import in_words
from console.visit import say


def went_well(act: Callable[[], object]) -> bool:
    """Does it; whether it went well."""
    try:
        act()
    except Refused as refused:
        st.error(label(in_words(refused)), icon=":material/error:")
    except ServerAway:
        st.error(say("common.not_done_away"), icon=":material/cloud_off:")
    else:
        return True
    return False
