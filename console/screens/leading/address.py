"""What the address of the list says: filters, view, order, page, columns. The address is the one place of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import streamlit as st

from console.client.leads import SORTS, STAGES, LeadQuery, Sort
from console.parts import addressed
from console.parts.addressed import day as day
from console.parts.addressed import put as put

View = Literal["table", "missed"]
_FILTERS: Final = ("q", "stage", "persona", "contact", "from", "to")


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
    stage, sort = said("stage", ""), said("sort", "")
    query = LeadQuery(
        q=said("q", "").strip(),
        stage=stage if stage in STAGES else "",
        persona=said("persona", ""),
        contact={"true": True, "false": False}.get(said("contact", "")),
        since=addressed.moment("from"),
        until=addressed.moment("to", after=1),
        test=said("test") == "true",
    )
    return Address(
        view="missed" if said("view") == "missed" else "table",
        query=query,
        sort=next((one for one in SORTS if one == sort), SORTS[0]),
        page=addressed.page(),
        columns=tuple(name for name in said("columns", "").split(",") if name),
    )


def widget(name: str, value: object) -> tuple[str, Callable[[], None]]:
    """(key, callback) of the widget for one parameter: it shows the address's value and changes the address."""
    return addressed.widget("leads", name, value)


def first_page() -> None:
    """Begins at the first page."""
    put("page", "")


def clear() -> None:
    """Removes every filter."""
    for name in _FILTERS:
        put(name, "")


def mend() -> None:
    """Puts back the list's address where a step to one lead left `?id=` behind, as Back finds it."""
    if st.query_params.pop("id", None) is not None:
        st.query_params.from_dict(last())


def remember() -> None:
    """Keeps the address, for the way back from one lead."""
    st.session_state["leads_address"] = st.query_params.to_dict()


def last() -> dict[str, str]:
    """The list's address as it was last seen in this tab."""
    found: dict[str, str] = st.session_state.get("leads_address", {})
    return found
