"""Inputs that show a value which is kept elsewhere: in the draft, in the page's address, on the server.

Streamlit tells the browser a value set by the script in one message, once. A run that follows at once sends another
message in its place, without the value; the browser then shows the input's default, and sends that back as if somebody
had chosen it. So nothing here relies on one message: what is chosen is told in every run, what is typed stands in the
input's default, and what could not be emptied any more with a default is told for a while.
"""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

SETTLES_S = 2.0
_NOTHING = object()


def chosen(key: str, value: object) -> str:
    """The key of an input where one chooses (list, switch, steps); it shows `value`."""
    st.session_state[key] = value
    return key


def typed(key: str, value: str) -> str:
    """The key of an input where one types; give it `value` as its default as well.

    What is being typed stays. When the value changed behind the input's back, the key is another: a new input, which
    begins with the default.
    """
    kept = st.session_state
    turn, shown = kept.setdefault(f"{key}:shown", (0, value))
    if value == shown:
        return _named(key, turn)
    if not _is_typed_on(kept.get(_named(key, turn)), value):
        turn += 1
    kept[f"{key}:shown"] = (turn, value)
    return _named(key, turn)


def clearable(key: str, value: object) -> str:
    """The key of an input that can be emptied (number, date) and shows `value`, which may be None.

    What is typed stays, but for the first `SETTLES_S` seconds after the value changed behind the input's back.
    """
    kept = st.session_state
    shown, since = kept.get(f"{key}:shown", (_NOTHING, 0.0))
    now, here = time.monotonic(), kept.get(key, _NOTHING)
    if here is _NOTHING or shown != value:
        kept[f"{key}:shown"] = (value, since if here == value else now)
        if here != value:
            kept[key] = value
    elif here == value and now - since < SETTLES_S:
        kept[key] = value
    return key


def _named(key: str, turn: int) -> str:
    return f"{key}-{turn}" if turn else key


def _is_typed_on(typed: Any, value: str) -> bool:
    """Whether the input has the value, maybe with blanks around it: one may be about to type the next word."""
    return isinstance(typed, str) and typed.strip() == value.strip()
