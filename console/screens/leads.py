"""The list of leads: narrowed, sorted, exported; and contact data that was missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from console import links
from console.client.leads import SORTS, STAGES, Format, LeadQuery
from console.parts import addressed, bound
from console.parts.pane import empty, pane
from console.screens.leading import address, missed, table
from console.screens.leading.address import Address
from console.screens.leading.forms import forms_of, titles
from console.screens.leading.paging import paging
from console.shown import number
from console.visit import current, say, say_of

ROWS = 25


def show() -> None:
    """Draws the page."""
    table.follow()
    address.mend()
    asked = address.read()
    address.remember()
    with st.container(key="leads_head", horizontal=True, vertical_alignment="center"):
        st.title(say_of("nav.page", "leads"), width="stretch")
        if asked.view == "table":
            _export(asked.query)
    _notice()
    _body(asked)


def _notice() -> None:
    said = st.session_state.pop("leads_notice", "")
    if said:
        st.success(said, icon=":material/check:")


@pane
def _body(asked: Address) -> None:
    api = current().api.leads
    personas = api.personas()
    named = titles(personas)
    if asked.view == "missed":
        waiting = missed.ask(asked)
        _views(asked, waiting.total)
        missed.draw(asked, waiting, personas, named)
        return
    missed.forget()
    found = api.page(asked.query, sort=asked.sort, page=asked.page, limit=ROWS)
    _views(asked, api.missed(limit=1).total)
    forms = forms_of([lead.persona for lead in found.items], personas)
    look = table.looks(named, forms, found.items)
    _filters(asked, named)
    total = found.total or 0
    chosen = _bar(asked, look, total)
    if found.items:
        table.draw(found.items, chosen, look)
        paging(asked, total, ROWS, key="leads_page")
    else:
        _nothing(asked, total)


def _views(asked: Address, open_count: int | None) -> None:
    def named(view: str) -> str:
        counted = f" · {number(open_count)}" if view == "missed" and open_count else ""
        return say_of("leads.view", view) + counted

    key, moved = address.widget("view", asked.view)
    st.segmented_control(
        say("leads.view_label"),
        ("table", "missed"),
        required=True,
        format_func=named,
        key=key,
        on_change=moved,
        label_visibility="collapsed",
    )


def _export(query: LeadQuery) -> None:
    with st.container(key="leads_export", horizontal=True, gap="xsmall", width="content"):
        _download(query, "csv", say("leads.export_csv"), first=True)
        with st.popover(say("leads.export_more")):
            st.caption(say("leads.export_what"))
            _download(query, "csv_excel", say("leads.export_excel"))
            _download(query, "jsonl", say("leads.export_jsonl"))


def _download(query: LeadQuery, kind: Format, label: str, *, first: bool = False) -> None:
    st.download_button(
        label,
        partial(current().api.leads.export, query, kind),
        file_name="leads.jsonl" if kind == "jsonl" else "leads.csv",
        mime="application/x-ndjson" if kind == "jsonl" else "text/csv",
        key=f"export_{kind}",
        on_click="ignore",
        type="primary" if first else "secondary",
        icon=":material/download:",
        width="content" if first else "stretch",
    )


def _filters(asked: Address, named: Mapping[str, str]) -> None:
    with st.container(key="leads_filters", horizontal=True, gap="xsmall"):
        key, moved = addressed.text("leads", "q", asked.query.q)
        st.text_input(
            say("leads.search"),
            asked.query.q,
            key=key,
            type="search",
            live=True,
            max_chars=200,
            placeholder=say("leads.search_in"),
            on_change=moved,
            width=185,
        )
        _choose("stage", asked.query.stage, STAGES, {name: say_of("leads.stage", name) for name in STAGES})
        _choose("persona", asked.query.persona, tuple(named), named)
        contact = {True: "true", False: "false", None: ""}[asked.query.contact]
        with_contact = {name: say_of("leads.contact", name) for name in ("true", "false")}
        _choose("contact", contact, tuple(with_contact), with_contact)
        _date("from", say("leads.from"))
        _date("to", say("leads.to"))


def _choose(name: str, value: str, options: Sequence[str], words: Mapping[str, str]) -> None:
    def worded(option: str) -> str:
        return words.get(option, option) if option else say_of("leads.any", name)

    offered = ["", *options, *([value] if value and value not in options else [])]
    key, moved = address.widget(name, value)
    st.selectbox(say_of("leads.filter", name), offered, format_func=worded, key=key, on_change=moved, width=138)


def _date(name: str, label: str) -> None:
    key, moved = address.widget(name, address.day(name))
    st.date_input(label, key=key, format="YYYY-MM-DD", on_change=moved, width=136)


def _bar(asked: Address, look: table.Looks, total: int) -> Sequence[str]:
    with st.container(key="leads_bar", horizontal=True, vertical_alignment="center", gap="small"):
        counted = say("leads.count_one") if total == 1 else say("leads.count", count=number(total))
        st.text(counted, width="content")
        if asked.is_narrowed:
            st.button(say("leads.clear"), icon=":material/filter_alt_off:", type="tertiary", on_click=address.clear)
        st.space("stretch")
        key, moved = address.widget("test", asked.query.test)
        st.toggle(say("leads.test"), key=key, on_change=moved, help=say("leads.test_how"))
        key, moved = address.widget("sort", asked.sort)
        st.selectbox(
            say("leads.sort_label"),
            SORTS,
            format_func=_sort_word,
            key=key,
            on_change=moved,
            width=170,
            label_visibility="collapsed",
        )
        with st.popover(say("leads.columns"), icon=":material/view_column:"):
            return _columns(asked, look)


def _sort_word(sort: str) -> str:
    return say_of("leads.sort", sort)


def _columns(asked: Address, look: table.Looks) -> Sequence[str]:
    offered, usual = table.choices(look), table.usual(look)
    chosen = [name for name in asked.columns if name in offered] or usual
    key = bound.chosen("leads_columns", chosen)
    st.multiselect(
        say("leads.columns_shown"),
        offered,
        format_func=partial(table.column_label, look),
        key=key,
        on_change=partial(_columns_moved, key, usual),
    )
    return chosen


def _columns_moved(key: str, usual: Sequence[str]) -> None:
    chosen = st.session_state[key]
    if list(chosen) == list(usual) or not chosen:
        st.query_params.pop("columns", None)
    else:
        st.query_params["columns"] = ",".join(chosen)


def _nothing(asked: Address, total: int) -> None:
    if total:
        empty(say("leads.past_end"), say("leads.past_end_next"))
        _centred(say("leads.to_first"), address.first_page)
    elif asked.is_narrowed:
        empty(say("leads.no_match"), say("leads.no_match_next"), icon=":material/search_off:")
        _centred(say("leads.clear"), address.clear)
    elif not asked.query.test and current().api.leads.page(LeadQuery(test=True), sort=SORTS[0], page=1, limit=1).total:
        empty(say("leads.only_test"), say("leads.only_test_next"))
        _centred(say("leads.show_test"), _show_test)
    else:
        empty(say("leads.none"), say("leads.none_next"))
        with st.container(horizontal_alignment="center"):
            st.page_link(links.page("try"), label=say("leads.try"), icon=":material/forum:", width="content")


def _centred(label: str, act: object) -> None:
    with st.container(horizontal_alignment="center"):
        st.button(label, on_click=act, key="nothing_next")  # type: ignore[arg-type]


def _show_test() -> None:
    address.put("test", "true")
