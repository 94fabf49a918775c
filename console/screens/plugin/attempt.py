"""Trying a function: a form made from its parameters, and what came of the call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson
import streamlit as st

from console import shown
from console.client import Refused
from console.client.plugins import Function, Outcome
from console.parts.label import label
from console.parts.pane import pane
from console.parts.problem import in_words
from console.visit import current, say, say_of

UNSET: Final = object()
_AT_ONCE: Final = "again_at_once"
_MASKED: Final = "***"
_CUT: Final = re.compile(r"… \([\d,]+ characters\)$")
_COLORS: Final = {"ok": "green", "failed": "red", "refused": "orange", "timeout": "red"}


@pane
def draw_try(plugin: str, function: Function, *, again: bool = False) -> None:
    """The form and the last outcome; disabled for those who may not. `again`: the one that `fill` has filled in."""
    may = current().may("developer")
    mark = _mark(again)
    if not again:
        st.subheader(say("plugins.try"))
    st.caption(say("plugins.try_about") if function.effect == "read" else say("plugins.try_write"))
    with st.form(key=f"{mark}try_{plugin}_{function.name}", border=True):
        arguments = _inputs(f"{mark}arg_{plugin}_{function.name}", function, disabled=not may)
        user = st.text_input(
            say("plugins.as_user"),
            key=f"{mark}as_{plugin}",
            max_chars=200,
            placeholder=say("plugins.as_nobody"),
            disabled=not may,
        )
        pressed = st.form_submit_button(
            say("plugins.try_now"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=not may,
            help=None if may else say("common.needs_developer"),
        )
    if not may:
        st.caption(say("common.needs_developer"))
    key = f"{mark}tried_{plugin}_{function.name}"
    if pressed or (again and st.session_state.pop(_AT_ONCE, False)):
        _attempt(plugin, function, arguments, user or "", key)
    if key in st.session_state:
        _outcome(st.session_state[key])


# --- the form ---------------------------------------------------------------------------------------------


def _inputs(key: str, function: Function, *, disabled: bool) -> dict[str, Any]:
    """What was filled in, by name; UNSET where nothing was, str beginning with the wrong JSON where it was none."""
    properties = function.parameters.get("properties", {})
    required = function.parameters.get("required", ())
    if not properties:
        st.text(say("plugins.no_parameters"))
    return {
        name: _input(
            f"{key}_{name}",
            label(name) + (" \\*" if name in required else ""),
            schema if isinstance(schema, Mapping) else {},
            disabled=disabled,
        )
        for name, schema in properties.items()
    }


def _input(key: str, name: str, schema: Mapping[str, Any], *, disabled: bool) -> Any:
    hint = str(schema.get("description", "")) or None
    kind = schema.get("type")
    if isinstance(schema.get("enum"), list):
        chosen = st.selectbox(name, schema["enum"], index=None, key=key, placeholder=say("plugins.left_out"),
                              format_func=str, disabled=disabled)  # fmt: skip
        return UNSET if chosen is None else chosen
    if kind == "boolean":
        said = st.selectbox(name, (True, False), index=None, key=key, placeholder=say("plugins.left_out"),
                            format_func=_yes_no, disabled=disabled)  # fmt: skip
        return UNSET if said is None else said
    if kind in ("integer", "number"):
        number = st.text_input(name, key=key, placeholder=hint, disabled=disabled)
        return _number(number or "", whole=kind == "integer")
    if kind == "string":
        text = st.text_input(name, key=key, placeholder=hint, disabled=disabled)
        return text or UNSET
    return _json(st.text_area(name, key=key, placeholder=say("plugins.json"), height=90, disabled=disabled) or "")


def _yes_no(value: bool) -> str:
    return say("plugins.yes") if value else say("plugins.no")


def _number(text: str, *, whole: bool) -> Any:
    """A number as typed; what is none goes as it is, for the server to refuse with its reason."""
    if not text.strip():
        return UNSET
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def _json(text: str) -> Any:
    if not text.strip():
        return UNSET
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


# --- filled in with what was sent before ------------------------------------------------------------------


def fill(plugin: str, function: Function, arguments: Mapping[str, Any], user: str, *, at_once: bool) -> list[str]:
    """Fills in the form of `again`, to be sent `at_once` or not; the arguments that could not be filled in.

    What the record masked or cut is left empty, and so is what the function does not take now.
    """
    forget(plugin)
    properties = function.parameters.get("properties", {})
    left = [name for name, value in arguments.items() if name not in properties or _is_cut(value)]
    for name in arguments.keys() - set(left):
        schema = properties[name] if isinstance(properties[name], Mapping) else {}
        written = _written(schema, arguments[name])
        if written is UNSET:
            left.append(name)
        else:
            st.session_state[f"{_mark(again=True)}arg_{plugin}_{function.name}_{name}"] = written
    st.session_state[f"{_mark(again=True)}as_{plugin}"] = user
    if at_once and not left:
        st.session_state[_AT_ONCE] = True
    return sorted(left)


def forget(plugin: str) -> None:
    """Empties what `fill` filled in, and what came of it."""
    begins = tuple(f"{_mark(again=True)}{part}_{plugin}" for part in ("arg", "as", "tried"))
    for key in [key for key in st.session_state if isinstance(key, str) and key.startswith(begins)]:
        del st.session_state[key]
    st.session_state.pop(_AT_ONCE, None)


def _mark(again: bool) -> str:
    return "again_" if again else ""


def _is_cut(value: Any) -> bool:
    """Whether the record holds less than was sent."""
    if isinstance(value, str):
        return value == _MASKED or bool(_CUT.search(value))
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(_is_cut(one) for one in inner)


def _written(schema: Mapping[str, Any], value: Any) -> Any:
    """A value as the input of its schema holds it; UNSET where it cannot."""
    kind = schema.get("type")
    if isinstance(schema.get("enum"), list):
        return value if value in schema["enum"] else UNSET
    if kind == "boolean":
        return value if isinstance(value, bool) else UNSET
    if kind in ("integer", "number", "string"):
        return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else UNSET
    return _pretty(value)


# --- what came of it --------------------------------------------------------------------------------------


def _attempt(plugin: str, function: Function, arguments: Mapping[str, Any], user: str, key: str) -> None:
    sent = {name: value for name, value in arguments.items() if value is not UNSET}
    st.session_state.pop(key, None)
    try:
        st.session_state[key] = current().api.plugins.attempt(plugin, function.name, sent, user.strip())
    except Refused as refused:
        outcome = refused.extra.get("outcome")
        if not isinstance(outcome, Mapping):
            st.session_state[key] = Outcome(status="failed", error=in_words(refused))
        else:
            st.session_state[key] = Outcome.model_validate(outcome)


def _outcome(outcome: Outcome) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="try_outcome"):
        _status(outcome.status)
        st.caption(shown.duration(outcome.milliseconds))
    if outcome.error:
        st.text(outcome.error)
    if outcome.request:
        st.caption(say("plugins.request"))
        st.code(_pretty(outcome.request), language="json", wrap_lines=True)
    if outcome.result is not None:
        st.caption(say("plugins.answer"))
        st.code(_pretty(outcome.result), language="json", wrap_lines=True, height=_height(outcome.result))
    if outcome.shown:
        st.caption(say("plugins.model_sees"))
        st.code(outcome.shown, language=None, wrap_lines=True)


def _status(status: str) -> None:
    color = _COLORS.get(status, "gray")
    st.badge(say_of("conversation.call", status), color=color)  # type: ignore[arg-type]


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _height(value: object) -> int | Literal["content"]:
    return 360 if _pretty(value).count("\n") > 16 else "content"
