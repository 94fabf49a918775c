"""Plugins: whether each works; one with its functions, a try of each, and its last calls."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from console import links
from console.client.plugins import Plugin
from console.parts.label import label
from console.parts.pane import empty, pane
from console.screens.plugin.calls import draw_calls
from console.screens.plugin.figures import draw_figures
from console.screens.plugin.functions import draw_functions
from console.screens.plugin.sample import SAMPLE
from console.screens.plugin.state import draw_missing_secrets, draw_problems, draw_status
from console.screens.plugin.tools import draw_tools
from console.visit import current, say, say_of

LOOK_SECONDS = 2.0
_KINDS = ("http", "openapi", "table", "sql", "mcp")


def show() -> None:
    """Draws the page."""
    name = st.query_params.get("name", "")
    if name:
        _one(name)
    else:
        st.title(say_of("nav.page", "plugins"))
        st.caption(say("plugins.about"))
        _list()
        _add()


# --- the list ---------------------------------------------------------------------------------------------


@st.fragment(run_every=LOOK_SECONDS)
@pane
def _list() -> None:
    plugins = current().api.plugins.all()
    if not plugins:
        empty(say("plugins.none"), say("plugins.none_next"), icon=":material/extension:")
        return
    with st.container(key="plugin_rows", gap=None):
        for plugin in plugins:
            _row(plugin)


def _row(plugin: Plugin) -> None:
    with st.container(key=f"plugin_row_{plugin.name}", gap=None):
        with st.container(gap=None, key=f"plugin_name_{plugin.name}"):
            st.page_link(links.page("plugins"), label=label(plugin.name), query_params={"name": plugin.name})
            st.text(plugin.description, wrap=False)
        with st.container(gap=None, key=f"plugin_state_{plugin.name}"):
            draw_status(plugin)
        st.text(_kind(plugin), wrap=False)
        st.text(_functions(plugin), wrap=False)
        if plugin.problems:
            with st.container(key=f"plugin_wrong_{plugin.name}"):
                draw_problems(plugin, at_most=2)


def _kind(plugin: Plugin) -> str:
    return say_of("plugins.kind", plugin.kind) if plugin.kind in _KINDS else plugin.kind or "–"


def _functions(plugin: Plugin) -> str:
    if len(plugin.functions) == 1:
        return say("plugins.function_one")
    return say("plugins.functions_n", n=len(plugin.functions))


def _add() -> None:
    with st.expander(say("plugins.add"), icon=":material/add:", key="plugin_add"):
        st.text(say("plugins.add_how"))
        st.code("rapport new plugin my_service", language=None)
        st.text(say("plugins.add_file"))
        st.code(SAMPLE, language="yaml")


# --- one --------------------------------------------------------------------------------------------------


def _one(name: str) -> None:
    with st.container(key="plugin_back"):
        st.page_link(links.page("plugins"), label=say("plugins.all"), icon=":material/arrow_back:")
    st.title(label(name))
    _state(name)
    _body(name)


@st.fragment(run_every=LOOK_SECONDS)
@pane
def _state(name: str) -> None:
    """The plugin's state as it is now; the page below follows when its functions change."""
    found = _find(name)
    if found is None:
        empty(say("plugins.gone"), say("plugins.gone_next"), icon=":material/extension_off:")
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="plugin_head"):
            draw_status(found)
            st.text(_facts(found))
        draw_problems(found)
        draw_missing_secrets(found)
    drawn = (name, found.functions if found else ())
    if st.session_state.get("plugin_drawn", drawn) != drawn:
        st.session_state["plugin_drawn"] = drawn
        st.rerun()
    st.session_state["plugin_drawn"] = drawn


def _facts(plugin: Plugin) -> str:
    used = say("plugins.used_by", names=", ".join(plugin.personas)) if plugin.personas else say("plugins.unused")
    return " · ".join(part for part in (_kind(plugin), "/".join(PurePath(plugin.file).parts[-2:]), used) if part)


@pane
def _body(name: str) -> None:
    _, functions = st.session_state.get("plugin_drawn", ("", ()))
    if functions:
        draw_functions(name, functions)
    found = _find(name)
    if found is not None and found.kind == "mcp" and found.status == "ok":
        draw_tools(name)
    draw_figures(name)
    st.subheader(say("plugins.last_calls"))
    draw_calls(name, functions)


def _find(name: str) -> Plugin | None:
    return next((plugin for plugin in current().api.plugins.all() if plugin.name == name), None)
