"""How today goes beside yesterday, and the week."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st
from babel.dates import format_date
from streamlit.delta_generator import DeltaGenerator

from console.client.overview import Overview
from console.parts.pane import empty
from console.shown import number
from console.visit import language, say

BARS = ("#2a8ca8", "#c98a2b")  # both stand out on white and on black
_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


def today(found: Overview) -> None:
    """Four figures, each with yesterday's."""
    now, before = found.today, found.yesterday
    with st.container(key="today", gap="small"):
        st.subheader(say("home.today"), anchor=False)
        columns = st.columns(4, gap="small")
        _figure(columns[0], say("home.conversations"), now.conversations, before.conversations)
        _figure(columns[1], say("home.messages"), now.messages, before.messages)
        _figure(columns[2], say("home.leads"), now.leads, before.leads)
        _figure(columns[3], say("home.contacts"), now.contacts, before.contacts)


def _figure(column: DeltaGenerator, name: str, now: int, before: int) -> None:
    yesterday = say("home.yesterday", count=number(before))
    column.metric(name, number(now), yesterday, delta_color="off", delta_arrow="off", border=True)


def week(found: Overview) -> None:
    """Conversations of seven days, and how many left a contact."""
    with st.container(border=True, key="week", gap="small"):
        st.subheader(say("home.week"), anchor=False)
        if not any(day.conversations for day in found.week):
            empty(say("home.week_empty"), say("home.week_empty_next"), icon=":material/bar_chart:")
            return
        st.vega_lite_chart(None, _bars(found), height=200)
        st.caption(say("home.tests_apart"))


def _bars(found: Overview) -> dict[str, Any]:
    """The week as Vega-Lite: two bars a day."""
    what = [say("home.conversations"), say("home.contacts")]
    rows = [
        {"day": _day(one.day), "what": name, "count": count}
        for one in found.week
        for name, count in zip(what, (one.conversations, one.contacts), strict=True)
    ]
    plain = {"ticks": False, "domain": False, "labelAngle": 0}
    whole = {"tickMinStep": 1, "tickCount": 4, "format": "d", "domain": False}
    return {
        "data": {"values": rows},
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {"field": "day", "type": "nominal", "sort": None, "title": None, "axis": plain},
            "xOffset": {"field": "what", "sort": what},
            "y": {"field": "count", "type": "quantitative", "title": None, "axis": whole},
            "color": {
                "field": "what",
                "sort": what,
                "title": None,
                "legend": {"orient": "top"},
                "scale": {"range": list(BARS)},
            },
            "tooltip": [
                {"field": "day", "title": " "},
                {"field": "what", "title": " "},
                {"field": "count", "title": " "},
            ],
        },
    }


def _day(day: str) -> str:
    return format_date(
        date.fromisoformat(day), "EEE d" if language() == "en" else "EEE d日", locale=_LOCALES[language()]
    )
