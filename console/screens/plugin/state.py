"""A plugin's state as a word, and what is wrong with its file."""

from __future__ import annotations

import re

import streamlit as st

from console import links
from console.client import Problem
from console.client.plugins import Plugin
from console.parts.label import label
from console.server_words import translated
from console.visit import language, say

_MISSING = re.compile("the secret `([A-Za-z0-9_]+)` is not set here")


def draw_status(plugin: Plugin) -> None:
    """The state; an error whose last good version still serves says so."""
    if plugin.status == "ok" and not plugin.problems:
        st.badge(say("plugins.works"), color="green", icon=":material/check_circle:")
    elif plugin.status == "ok":
        st.badge(say("plugins.warned"), color="orange", icon=":material/warning:")
    elif plugin.functions:
        st.badge(say("plugins.broken_serving"), color="red", icon=":material/error:")
    else:
        st.badge(say("plugins.broken"), color="red", icon=":material/error:")


def draw_problems(plugin: Plugin, at_most: int = 100) -> None:
    """Each problem with its place; `at_most` are shown."""
    if not plugin.problems:
        return
    with st.container(key=f"plugin_problem_{plugin.name}", gap="xsmall"):
        for problem in plugin.problems[:at_most]:
            st.text(_line(problem))
        if len(plugin.problems) > at_most:
            st.caption(say("plugins.more_problems", n=len(plugin.problems) - at_most))


def draw_missing_secrets(plugin: Plugin) -> None:
    """A link for each secret that the plugin names and nobody has set."""
    found = (_MISSING.search(problem.message) for problem in plugin.problems)
    for name in dict.fromkeys(one[1] for one in found if one):
        st.page_link(
            links.page("secrets"),
            label=say("secrets.set_here", name=label(name)),
            icon=":material/lock:",
            query_params={"name": name},
            width="content",
        )


def _line(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    return f"{place}  {translated(problem.message, language())}"
