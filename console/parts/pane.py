"""A part of a page that may fail alone, and the notices that stand in one."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from console import visit
from console.client import Refused, ServerAway, SignedOut
from console.parts.away import wait_for_server_here
from console.parts.label import label
from console.parts.problem import in_words
from console.visit import say

P = ParamSpec("P")
_log = logging.getLogger("rapport.console")


def pane(draw: Callable[P, None]) -> Callable[P, None]:
    """Draws; what the server refuses, or that it is away, is said in the pane and nowhere else."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            draw(*args, **kwargs)
        except Refused as refused:
            failed(in_words(refused), key=draw.__qualname__)
        except ServerAway:
            wait_for_server_here()
        except SignedOut:
            visit.forget()
            st.rerun()

    return drawn


def failed(message: str, *, key: str) -> None:
    """A red line that says what happened, and a way to try again."""
    with st.container(key=f"failed_{key.replace('.', '_')}", horizontal=True, vertical_alignment="center"):
        st.error(label(message), icon=":material/error:")
        st.button(say("common.try_again"), key=f"again_{key}")


def empty(title: str, next_step: str, *, icon: str = ":material/inbox:") -> None:
    """What stands where nothing is yet: what it will be, and what to do next."""
    with st.container(key=f"empty_{secrets.token_hex(3)}", horizontal_alignment="center", gap="xsmall"):
        st.badge(title, icon=icon, color="gray")
        st.text(next_step, text_alignment="center")
