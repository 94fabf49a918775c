"""A plugin's last calls, for developers."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import streamlit as st

from console import shown
from console.client.plugins import Function, PluginCall
from console.parts.label import label
from console.parts.pane import empty, pane
from console.screens.plugin import again
from console.visit import current, say, say_of


@pane
def draw_calls(plugin: str, functions: Sequence[Function]) -> None:
    """The newest first, of the chosen function or of all; others than developers are told why they see none."""
    if not current().may("developer"):
        empty(say("plugins.calls_hidden"), say("common.needs_developer"), icon=":material/lock:")
        return
    calls = current().api.plugins.calls(plugin, _of(functions)).items
    if not calls:
        empty(say("plugins.no_calls"), say("plugins.no_calls_next"), icon=":material/history:")
        return
    st.dataframe(
        {say("plugins.again"): [_again(call, functions) for call in calls], **_columns(calls)},
        hide_index=True,
        row_height=36,
        height=min(39 + 36 * len(calls), 440),
        column_config={
            say("plugins.again"): st.column_config.ButtonColumn(
                "", type="tertiary", width=110, key=again.CLICK, on_click=again.want, args=(plugin, calls, functions)
            ),
            say("plugins.talk"): st.column_config.LinkColumn(display_text=":material/open_in_new:", width=60),
            say("plugins.took"): st.column_config.TextColumn(alignment="right", width=70),
        },
        placeholder="",
        alt=say("plugins.last_calls"),
    )
    again.open_dialog(plugin)


def _of(functions: Sequence[Function]) -> str:
    """The function whose calls are asked for; empty for all."""
    chosen = str(st.session_state.get("function", ""))
    if len(functions) < 2 or chosen not in [one.name for one in functions]:
        return ""
    whose = st.segmented_control(
        say("plugins.calls_of"),
        ("one", "all"),
        default="one",
        required=True,
        format_func=lambda which: label(chosen) if which == "one" else say("plugins.figures_all"),
        key="calls_of",
        label_visibility="collapsed",
    )
    return chosen if whose == "one" else ""


def _again(call: PluginCall, functions: Sequence[Function]) -> str | None:
    return f":material/replay: {say('plugins.again')}" if again.can_run(call, functions) else None


def _columns(calls: tuple[PluginCall, ...]) -> dict[str, list[str | None]]:
    return {
        say("plugins.at"): [shown.date_and_time(call.at) for call in calls],
        say("plugins.function"): [call.function for call in calls],
        say("plugins.result"): [say_of("conversation.call", call.status) for call in calls],
        say("plugins.took"): [shown.duration(call.milliseconds) for call in calls],
        say("plugins.caused"): [_caused(call) for call in calls],
        say("plugins.trusted"): [say_of("plugins.caller", call.trust) for call in calls],
        say("plugins.sent"): [_arguments(call.arguments) for call in calls],
        say("plugins.reason"): [call.error or "" for call in calls],
        say("plugins.talk"): [_address(call) for call in calls],
    }


def _caused(call: PluginCall) -> str:
    return say("conversation.before_model") if call.forced else say("conversation.by_model")


def _arguments(arguments: object) -> str:
    """Arguments as `name: value`, as a person would write them down."""
    if not isinstance(arguments, dict):
        return "" if arguments is None else str(arguments)
    return ", ".join(f"{name}: {_plain(value)}" for name, value in arguments.items())


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _address(call: PluginCall) -> str | None:
    """The turn's own page; none for a call that was tried."""
    if not call.turn_id or not call.conversation_id:
        return None
    return f"/conversation?id={call.conversation_id}&turn={call.turn_id}"
