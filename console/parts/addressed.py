"""What a list shows, kept in the page's address: the one place of its filters, tab and page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from console.parts import bound
from console.visit import current


def said(name: str) -> str:
    """The parameter's text; empty when it is not there."""
    return st.query_params.get(name, "").strip()


def put(name: str, value: str) -> None:
    """Sets or (empty) removes a parameter; a change of anything but the page begins at the first page."""
    if name != "page":
        st.query_params.pop("page", None)
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def widget(screen: str, name: str, value: object) -> tuple[str, Callable[[], None]]:
    """(key, callback) of the widget for one parameter: it shows the address's value and changes the address.

    For an input where one types see `text`.
    """
    of = bound.clearable if isinstance(value, date | None) else bound.chosen
    key = of(f"{screen}_{name}", value)
    return key, partial(_moved, name, key)


def text(screen: str, name: str, value: str) -> tuple[str, Callable[[], None]]:
    """As `widget`, for an input where one types; give it the value as its default as well."""
    key = bound.typed(f"{screen}_{name}", value)
    return key, partial(_moved, name, key)


def page() -> int:
    """Which page of a list, from 1."""
    named = st.query_params.get("page", "1")
    return max(1, int(named)) if named.isascii() and named.isdigit() and len(named) < 7 else 1


def turn_pages(screen: str, total: int, rows: int) -> None:
    """The numbers of a list's pages, each of `rows` lines; nothing for a single page."""
    pages = -(-total // rows)
    if pages < 2:
        return
    key, moved = widget(screen, "page", min(page(), pages))
    with st.container(horizontal_alignment="center"):
        st.pagination(pages, key=key, on_change=moved)


def day(name: str) -> date | None:
    """The day that a parameter names."""
    try:
        return date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None


def moment(name: str, *, after: int = 0) -> str:
    """The first moment of the day that a parameter names, where the visitor is; `after` counts days on."""
    chosen = day(name)
    if chosen is None:
        return ""
    return datetime.combine(chosen + timedelta(days=after), time(), ZoneInfo(current().timezone)).isoformat()


def _moved(name: str, key: str) -> None:
    value = st.session_state.get(key)
    if isinstance(value, bool):
        put(name, "true" if value else "")
    elif name == "page":
        put(name, str(value) if isinstance(value, int) and value > 1 else "")
    else:
        put(name, value.isoformat() if isinstance(value, date) else str(value or ""))
