"""The tools of an MCP server: which may be used, what has changed, and approving them."""

from __future__ import annotations

import streamlit as st

from console import shown
from console.client import Refused
from console.client.plugins import Tool
from console.parts.difference import side_by_side
from console.parts.label import label
from console.parts.pane import empty, pane
from console.visit import current, say, say_of

_COLOURS = {"approved": "green", "new": "blue", "changed": "orange"}
_ICONS = {"approved": "check_circle", "new": "fiber_new", "changed": "warning", "gone": "link_off"}
LOOK_SECONDS = 2.0


@st.fragment(run_every=LOOK_SECONDS)
@pane
def draw_tools(plugin: str) -> None:
    """The tools in the order of the file; each that waits can be opened and approved."""
    st.subheader(say("plugins.tools"))
    st.caption(say("plugins.tools_about"))
    if notice := st.session_state.pop("tools_notice", None):
        st.warning(notice, icon=":material/sync_problem:")
    tools = current().api.plugins.tools(plugin)
    if tools.problem:
        with st.container(key="tools_problem", gap="xsmall"):
            st.warning(say("plugins.tools_unread"), icon=":material/cloud_off:")
            st.text(tools.problem)
    if all(tool.status == "unknown" for tool in tools.items):
        empty(say("plugins.tools_none"), say("plugins.tools_none_next"), icon=":material/construction:")
    for tool in tools.items:
        _tool(plugin, tool)
    if tools.others:
        with st.expander(say("plugins.tools_others", n=len(tools.others)), key="tools_others"):
            st.text(", ".join(tools.others))
    if current().may("developer"):
        st.button(
            say("plugins.tools_read"), icon=":material/refresh:", on_click=_read, args=(plugin,), key="tools_read"
        )


def _tool(plugin: str, tool: Tool) -> None:
    waits = tool.status in ("new", "changed")
    with st.container(border=True, key=f"tool_{tool.tool}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(tool.tool)
            _badge(tool.status)
            if tool.status == "approved" and tool.approved_at:
                st.caption(label(f"{tool.approved_by} · {shown.date_and_time(tool.approved_at)}"))
        for warning in tool.warnings:
            st.warning(say_of("plugins.tool_warning", warning), icon=":material/visibility:")
        if waits:
            _waiting(plugin, tool)
        elif tool.seen:
            with st.expander(say("plugins.tool_says"), key=f"tool_says_{tool.tool}"):
                st.text(tool.seen)


def _waiting(plugin: str, tool: Tool) -> None:
    if tool.approved is None:
        st.text(tool.seen or "")
    else:
        before, after = (say("plugins.tool_before"), tool.approved), (say("plugins.tool_now"), tool.seen or "")
        side_by_side(before, after, key=f"tool_difference_{tool.tool}")
    if not current().may("developer"):
        st.caption(say("common.needs_developer"))
        return
    st.button(
        say("plugins.tool_approve", tool=label(tool.tool)),
        type="primary",
        icon=":material/verified:",
        on_click=_approve,
        args=(plugin, tool.tool, tool.digest or ""),
        key=f"tool_approve_{tool.tool}",
    )


def _badge(status: str) -> None:
    colour, icon = _COLOURS.get(status, "gray"), _ICONS.get(status, "help")
    st.badge(say_of("plugins.tool_status", status), color=colour, icon=f":material/{icon}:")  # type: ignore[arg-type]


def _approve(plugin: str, tool: str, digest: str) -> None:
    """Approves what was on the screen; when it has changed since, the new text is shown instead."""
    try:
        current().api.plugins.approve(plugin, {tool: digest})
    except Refused as refused:
        if refused.status != 409:
            raise
        st.session_state["tools_notice"] = say("plugins.tool_overtaken")


def _read(plugin: str) -> None:
    current().api.plugins.read_tools(plugin)
