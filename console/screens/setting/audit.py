"""The audit: who did what and who looked at what, searched, narrowed and read by pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from console import links, shown
from console.client.audit import ACTIONS, ROWS, AuditQuery, Line
from console.parts import addressed
from console.parts.label import plainly
from console.parts.pane import empty, pane
from console.parts.who import who
from console.screens.setting.told import told
from console.visit import current, say, say_of

_FILTERS = ("q", "actor", "action", "from", "to")
_PAGES = {"view_lead": "lead", "edit_lead": "lead", "view_conversation": "conversation", "take_back": "conversation"}


@pane
def draw() -> None:
    """Filters, the lines, and the pages of them."""
    asked = AuditQuery(
        q=addressed.said("q")[:200],
        actor=addressed.said("actor"),
        action=addressed.said("action"),
        since=addressed.moment("from"),
        until=addressed.moment("to", after=1),
    )
    _filters(asked)
    found = current().api.audit.page(asked, addressed.page())
    total = found.total or 0
    with st.container(key="audit_bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.text(say("audit.count_one") if total == 1 else say("audit.count", n=shown.number(total)), width="content")
        if asked.is_narrow:
            st.button(say("audit.clear"), icon=":material/filter_alt_off:", type="tertiary", on_click=_clear)
    if found.items:
        with st.container(key="audit_rows", gap=None):
            for line in found.items:
                _row(line)
        addressed.turn_pages("audit", total, ROWS)
    elif total:
        empty(say("audit.past_end"), say("audit.past_end_next"))
    else:
        empty(say("audit.no_match"), say("audit.no_match_next"), icon=":material/search_off:")


def _clear() -> None:
    for name in _FILTERS:
        addressed.put(name, "")


def _filters(asked: AuditQuery) -> None:
    with st.container(key="audit_filters", horizontal=True, gap="xsmall"):
        key, moved = addressed.text("audit", "q", asked.q)
        st.text_input(
            say("audit.search"),
            asked.q,
            key=key,
            type="search",
            live=True,
            max_chars=200,
            placeholder=say("audit.search_hint"),
            on_change=moved,
            width=200,
        )
        people = [account.email for account in current().api.accounts.all()]
        programs = [each.name for each in current().api.keys.all()]
        _choose("actor", asked.actor, [*people, *programs, "operator"], who)
        _choose("action", asked.action, ACTIONS, _action)
        for name, said in (("from", say("audit.from")), ("to", say("audit.to"))):
            key, moved = addressed.widget("audit", name, addressed.day(name))
            st.date_input(said, key=key, format="YYYY-MM-DD", on_change=moved, width=140)


def _choose(name: str, value: str, options: Sequence[str], worded: Callable[[str], str]) -> None:
    def shown_as(option: str) -> str:
        return worded(option) if option else say_of("audit.any", name)

    key, moved = addressed.widget("audit", name, value)
    offered = list(dict.fromkeys(["", *options, value]))
    st.selectbox(say_of("audit.filter", name), offered, format_func=shown_as, key=key, on_change=moved, width=190)


def _action(action: str) -> str:
    return say_of("audit.action", action) if action in ACTIONS else plainly(action)


def _row(line: Line) -> None:
    with st.container(key=f"audit_row_{line.id}", gap=None):
        st.text(shown.date_and_time(line.at))
        st.text(who(line.actor))
        with st.container(key=f"audit_what_{line.id}", horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.text(_action(line.action), width="content")
            if thing := told(line):
                with st.container(key=f"audit_thing_{line.id}", width="content"):
                    st.text(plainly(thing))
            if path := _PAGES.get(line.action):
                st.page_link(
                    links.page(path),
                    label=say_of("audit.open", path),
                    query_params={"id": line.object},
                    width="content",
                )
