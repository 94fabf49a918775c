"""Who may call what: every function with each kind of caller, and what the others lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import streamlit as st

from console import links
from console.client.permissions import ROWS, FunctionRights, Right
from console.client.personas import said_in
from console.parts import addressed
from console.parts.label import label, plainly
from console.parts.pane import empty, pane
from console.visit import current, language, say, say_of

_MARKS: Final = {"yes": ":green[:material/check:]", "confirm": ":orange[:material/how_to_reg:]"}
_NO: Final = ":gray[:material/block:]"


def show() -> None:
    """Draws the page."""
    st.title(say("permissions.title"))
    st.text(say("permissions.about"))
    _body()


@pane
def _body() -> None:
    titles = {row.name: said_in(row.title, language(), row.name) for row in current().api.personas.all()}
    persona, q = addressed.said("persona"), addressed.said("q")[:200]
    _filters(titles, persona, q)
    found = current().api.permissions.page(persona, q, addressed.page())
    if found.items:
        with st.container(key="permissions_table"):
            st.table(_table(found.items), border="horizontal")
        addressed.turn_pages("permissions", found.total or 0, ROWS)
        st.caption(say("permissions.how"))
    else:
        _nothing(q)


def _filters(titles: Mapping[str, str], persona: str, q: str) -> None:
    def named(name: str) -> str:
        return plainly(titles.get(name, name)) if name else say("permissions.any_persona")

    with st.container(key="permissions_filters", horizontal=True, gap="small"):
        key, moved = addressed.widget("permissions", "persona", persona)
        offered = list(dict.fromkeys(["", *titles, persona]))
        st.selectbox(say("permissions.persona"), offered, format_func=named, key=key, on_change=moved, width=280)
        key, moved = addressed.text("permissions", "q", q)
        st.text_input(
            say("permissions.search"),
            q,
            key=key,
            type="search",
            live=True,
            max_chars=200,
            placeholder=say("permissions.search_hint"),
            on_change=moved,
            width=280,
        )


def _nothing(q: str) -> None:
    if q:
        empty(say("permissions.no_match"), say("permissions.no_match_next"), icon=":material/search_off:")
        with st.container(horizontal_alignment="center"):
            st.button(say("permissions.clear"), on_click=addressed.put, args=("q", ""))
        return
    empty(say("permissions.none"), say("permissions.none_next"), icon=":material/extension:")
    with st.container(horizontal_alignment="center"):
        st.page_link(links.page("plugins"), label=say("permissions.to_plugins"), icon=":material/extension:")


# --- the table --------------------------------------------------------------------------------------------


def _table(rows: Sequence[FunctionRights]) -> dict[str, list[str]]:
    """Columns by their heads. Names are the only data in it; they stand escaped."""
    columns = {
        say("permissions.function"): [_named(row) for row in rows],
    }
    for place, caller in enumerate(rows[0].callers):
        columns[_head(caller)] = [_cell(row, row.callers[place]) for row in rows]
    return columns


def _named(row: FunctionRights) -> str:
    return f"**{label(row.function)}**  \n{label(row.plugin)}  \n:gray[{label(_takes(row))}]"


def _head(caller: Right) -> str:
    kind = caller.trust if caller.role == "visitor" else caller.role
    return say_of("permissions.caller", kind)


def _cell(row: FunctionRights, right: Right) -> str:
    if right.lacks == "trust":
        return f"{_NO} {say_of('permissions.lacks_trust', row.allow.trust)}"
    if right.lacks:
        return f"{_NO} {say_of('permissions.lacks', right.lacks)}"
    return f"{_MARKS.get(right.may, _NO)} {say_of('permissions.may', right.may)}"


def _takes(row: FunctionRights) -> str:
    """Effect and limits, then what `allow` asks for."""
    allow = row.allow
    parts = [_effect(row)]
    if row.confirm:
        parts.append(say("permissions.asks"))
    if allow.trust != "anonymous":
        parts.append(say_of("permissions.trust", allow.trust))
    if allow.roles is not None:
        named = (say_of("permissions.role", role) for role in allow.roles)
        parts.append(say("permissions.roles", roles=_listed(named)))
    if allow.personas is not None:
        parts.append(say("permissions.personas", names=_listed(allow.personas)))
    return ("；" if language() == "zh" else "; ").join(parts)


def _listed(names: Iterable[str]) -> str:
    return ("、" if language() == "zh" else ", ").join(names)


def _effect(row: FunctionRights) -> str:
    if row.limits:
        return say("permissions.writes", turn=row.limits.per_turn, talk=row.limits.per_conversation)
    return say("permissions.reads_first") if row.force_call else say("permissions.reads")
