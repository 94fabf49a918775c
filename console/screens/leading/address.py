"""What the address of the list says: filters, view, order, page, columns. The address is the one place of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final, Literal
from zoneinfo import ZoneInfo

import streamlit as st

from console.client.leads import SORTS, STAGES, LeadQuery, Sort
from console.visit import current

View = Literal["table", "missed"]
_FILTERS: Final = ("stage", "persona", "contact")
_BOUND: Final = ("q", "from", "to", "test")


@dataclass(frozen=True, slots=True)
class Address:
    """The list as the address names it; `page` is 1-based, `columns` empty for those shown by default."""

    view: View
    query: LeadQuery
    sort: Sort
    page: int
    columns: tuple[str, ...]

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set but the one for test chats."""
        query = self.query
        return any((query.q, query.stage, query.persona, query.contact is not None, query.since, query.until))


def read() -> Address:
    """The address of this run. Values that nothing is called are passed over."""
    said = st.query_params.get
    stage, sort, page = said("stage", ""), said("sort", ""), said("page", "1")
    query = LeadQuery(
        q=str(_bound("q") or "").strip(),
        stage=stage if stage in STAGES else "",
        persona=said("persona", ""),
        contact={"true": True, "false": False}.get(said("contact", "")),
        since=_day("from"),
        until=_day("to", after=1),
        test=str(_bound("test") or "").lower() == "true",
    )
    return Address(
        view="missed" if said("view") == "missed" else "table",
        query=query,
        sort=next((one for one in SORTS if one == sort), SORTS[0]),
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        columns=tuple(name for name in said("columns", "").split(",") if name),
    )


def widget(name: str, value: str) -> tuple[str, Callable[[], None]]:
    """(key, callback) of the widget for one parameter: it shows the address's value and changes the address."""
    key = f"leads_{name}"
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return key, partial(_moved, name, key)


def put(name: str, value: str) -> None:
    """Sets or (empty) removes a parameter; a change of anything but the page begins at the first page."""
    if name != "page":
        st.query_params.pop("page", None)
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def first_page() -> None:
    """Begins at the first page."""
    st.query_params.pop("page", None)


def clear() -> None:
    """Removes every filter."""
    for name in _FILTERS:
        put(name, "")
    st.session_state["q"] = ""
    st.session_state["from"] = st.session_state["to"] = None


def remember() -> None:
    """Keeps the address, for the way back from one lead."""
    st.session_state["leads_address"] = st.query_params.to_dict()


def last() -> dict[str, str]:
    """The list's address as it was last seen in this tab."""
    found: dict[str, str] = st.session_state.get("leads_address", {})
    return found


def _moved(name: str, key: str) -> None:
    value = st.session_state.get(key)
    put(name, ",".join(value) if isinstance(value, list) else str(value or ""))


def _bound(name: str) -> object:
    return st.session_state[name] if name in st.session_state else st.query_params.get(name)


def _day(name: str, *, after: int = 0) -> str:
    said = _bound(name)
    try:
        day = said if isinstance(said, date) else date.fromisoformat(str(said or ""))
    except ValueError:
        return ""
    start = datetime.combine(day + timedelta(days=after), time(), ZoneInfo(current().timezone))
    return start.isoformat()
