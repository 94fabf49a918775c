"""All conversations: search, filters, pages; a row opens the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console import links, shown
from console.client import Page
from console.client.conversations import PER_PAGE, ConversationRow, Wanted
from console.client.personas import said_in
from console.parts.label import plainly
from console.parts.pane import empty, pane
from console.visit import current, language, say, say_of

_PERSONA: Final = "persona"
_CHOSEN: Final = "conversations_persona"


def show() -> None:
    """Draws the page."""
    st.title(say_of("nav.page", "conversations"))
    _whole()


@pane
def _whole() -> None:
    titles = {row.name: said_in(row.title, language(), row.name) for row in current().api.personas.all()}
    wanted = _filters(titles)
    number = _page_number()
    page = current().api.conversations.page(wanted, number)
    total = page.total or 0
    if not total:
        _nothing(wanted)
        return
    st.caption(say("conversations.total_one") if total == 1 else say("conversations.total", n=shown.number(total)))
    _rows(page, titles)
    _turn_pages(number, -(-total // PER_PAGE))
    st.session_state["conversations_query"] = st.query_params.to_dict()


# --- filters ----------------------------------------------------------------------------------------------


def _filters(titles: Mapping[str, str]) -> Wanted:
    with st.container(horizontal=True, vertical_alignment="bottom", key="conversation_filters"):
        q = st.text_input(
            say("conversations.search"),
            key="q",
            bind="query-params",
            type="search",
            live="300ms",
            max_chars=200,
            icon=":material/search:",
            placeholder=say("conversations.search_hint"),
            on_change=_first_page,
        )
        persona = _persona_filter(titles)
        since, until = _day("from", say("conversations.from")), _day("to", say("conversations.to"))
        test = st.toggle(say("conversations.test"), key="test", bind="query-params", on_change=_first_page)
    return Wanted(
        (q or "").strip(),
        persona,
        _start_of(since) if since else "",
        _start_of(until + timedelta(days=1)) if until else "",
        test,
    )


def _persona_filter(titles: Mapping[str, str]) -> str:
    """Bound by hand: Streamlit would write the title, in the visitor's language, into the address."""
    named = st.query_params.get(_PERSONA, "")
    st.session_state[_CHOSEN] = named or None
    chosen = st.selectbox(
        say("conversations.persona"),
        list(dict.fromkeys([*titles, *([named] if named else [])])),
        format_func=lambda name: plainly(titles.get(name, name)),
        key=_CHOSEN,
        placeholder=say("conversations.every_persona"),
        on_change=_choose,
        width=170,
    )
    return chosen or ""


def _choose() -> None:
    _name_persona(st.session_state.get(_CHOSEN) or "")
    _first_page()


def _name_persona(name: str) -> None:
    if name:
        st.query_params[_PERSONA] = name
    else:
        st.query_params.pop(_PERSONA, None)


def _day(key: str, label: str) -> date | None:
    return st.date_input(
        label, value=None, key=key, bind="query-params", format="YYYY-MM-DD", on_change=_first_page, width=140
    )


def _start_of(day: date) -> str:
    """The day's first moment where the visitor is, as the server takes it."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(current().timezone))
    return local.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _first_page() -> None:
    st.session_state["page"] = 1


def _clear() -> None:
    _name_persona("")
    st.session_state.update({"q": "", "from": None, "to": None, "page": 1})


# --- the list ---------------------------------------------------------------------------------------------


def _nothing(wanted: Wanted) -> None:
    if wanted.is_narrow:
        empty(say("conversations.no_match"), say("conversations.no_match_next"), icon=":material/search_off:")
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button(say("conversations.clear"), type="primary", on_click=_clear)
        return
    empty(say("conversations.none"), say("conversations.none_next"), icon=":material/chat:")
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.page_link(links.page("try"), label=say("conversations.try_chat"), icon=":material/forum:")


def _rows(page: Page[ConversationRow], titles: Mapping[str, str]) -> None:
    with st.container(key="conversation_rows", gap=None):
        for place, row in enumerate(page.items):
            _row(place, row, plainly(titles.get(row.persona, row.persona)))


def _row(place: int, row: ConversationRow, persona: str) -> None:
    with st.container(key=f"conversation_row_{place}", gap=None):
        st.page_link(
            links.page("conversation"), label=shown.short_time(row.updated_at), query_params={"id": row.id}, icon=None
        )
        st.text(plainly(row.preview) or "–", wrap=False)
        st.text(persona, wrap=False)
        st.text(_count(row.message_count), text_alignment="right", wrap=False)
        with st.container(key=f"conversation_state_{place}", gap=None):
            _chip(row)


def _count(messages: int) -> str:
    if messages == 1:
        return say("conversations.message_one")
    return say("conversations.messages", n=shown.number(messages))


def _chip(row: ConversationRow) -> None:
    if row.lead_stage:
        stage = say_of("leads.stage", row.lead_stage)
        if row.contact:
            st.badge(stage, color="green", icon=":material/contact_phone:")
        else:
            st.badge(stage, color="gray")


# --- pages ------------------------------------------------------------------------------------------------


def _page_number() -> int:
    kept = st.session_state.get("page") or st.query_params.get("page", "1")
    return max(1, int(kept)) if str(kept).isdecimal() and len(str(kept)) < 7 else 1


def _turn_pages(number: int, pages: int) -> None:
    if pages < 2 and number == 1:
        return
    if number > pages:
        st.session_state["page"] = pages
        st.rerun()
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.pagination(max(pages, 1), key="page", bind="query-params")
