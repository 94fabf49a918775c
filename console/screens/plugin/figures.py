"""How a plugin's calls of the last week went: how many, how many failed, and how long they took."""

from __future__ import annotations

import streamlit as st

from console import shown
from console.client.plugins import Figures
from console.parts.label import label
from console.parts.pane import pane
from console.visit import current, say


@pane
def draw_figures(plugin: str) -> None:
    """A line for all functions together and one for each; nothing while nothing was called."""
    found = current().api.plugins.figures(plugin)
    if not found.calls and not found.refused:
        return
    st.subheader(say("plugins.figures", n=found.days))
    rows: list[tuple[str, Figures]] = [(say("plugins.figures_all"), found)] if len(found.functions) > 1 else []
    rows += [(label(one.function), one) for one in found.functions]
    with st.container(key="plugin_figures"):
        st.table(_columns(rows), hide_index=True)
    st.caption(say("plugins.figures_about"))


def _columns(rows: list[tuple[str, Figures]]) -> dict[str, list[str]]:
    return {
        say("plugins.function"): [name for name, _ in rows],
        say("plugins.calls"): [shown.number(one.calls) for _, one in rows],
        say("plugins.errors"): [shown.percent(one.failed, one.calls) for _, one in rows],
        say("plugins.refused"): [shown.number(one.refused) for _, one in rows],
        say("plugins.p50"): [_took(one.p50_ms) for _, one in rows],
        say("plugins.p95"): [_took(one.p95_ms) for _, one in rows],
    }


def _took(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else shown.duration(milliseconds)
