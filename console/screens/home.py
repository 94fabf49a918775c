"""The first page: first steps, what waits for somebody, and how today goes."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from console.client.overview import Overview
from console.parts.pane import pane
from console.screens.start.steps import first_steps
from console.screens.start.today import today, week
from console.screens.start.waiting import waiting
from console.visit import current, say_of

LOOK_AGAIN_SECONDS = 10


def show() -> None:
    """Draws the page."""
    st.title(say_of("nav.page", "home"))
    _body()


@st.fragment(run_every=LOOK_AGAIN_SECONDS)
@pane
def _body() -> None:
    here = current()
    found = here.api.overview.now(here.timezone)
    if found.checklist.is_done:
        today(found)
        _side_by_side(week, waiting, found)
    else:
        _side_by_side(first_steps, waiting, found)
        today(found)
        week(found)


def _side_by_side(left: Callable[[Overview], None], right: Callable[[Overview], None], found: Overview) -> None:
    wide, narrow = st.columns([3, 2], gap="medium")
    with wide:
        left(found)
    with narrow:
        right(found)
