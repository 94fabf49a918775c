"""A call that was made before, once more: Try in a dialog, filled in with what was sent then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from console.client.plugins import Function, PluginCall
from console.parts.label import label
from console.parts.pane import pane
from console.screens.plugin.attempt import draw_try, fill, forget
from console.visit import say

CLICK: Final = "call_again"
_OPEN: Final = "again_open"


def can_run(call: PluginCall, functions: Sequence[Function]) -> bool:
    """Whether the function is still there and the record holds its arguments."""
    return isinstance(call.arguments, Mapping) and any(one.name == call.function for one in functions)


def want(plugin: str, calls: Sequence[PluginCall], functions: Sequence[Function]) -> None:
    """Opens the dialog for the row that was clicked. What reads runs at once; what writes waits for a press."""
    call = calls[st.session_state[CLICK]["row"]]
    function = next((one for one in functions if one.name == call.function), None)
    if function is None or not isinstance(call.arguments, Mapping):
        return
    left = fill(plugin, function, call.arguments, call.user_id, at_once=function.effect == "read")
    st.session_state[_OPEN] = (plugin, function, left)


def open_dialog(plugin: str) -> None:
    """Opens the dialog when a call of this plugin is wanted again."""
    asked, function, left = st.session_state.get(_OPEN, ("", None, []))
    if asked != plugin or function is None:
        return

    def close() -> None:
        st.session_state.pop(_OPEN, None)
        forget(plugin)

    @st.dialog(say("plugins.again_title", function=label(function.name)), width="large", on_dismiss=close)
    def dialog() -> None:
        _draw(plugin, function, left)

    dialog()


@pane
def _draw(plugin: str, function: Function, left: Sequence[str]) -> None:
    if function.effect == "write":
        st.warning(say("plugins.again_write"), icon=":material/edit:")
    if left:
        st.warning(say("plugins.again_left", names=label(", ".join(left))), icon=":material/visibility_off:")
    draw_try(plugin, function, again=True)
