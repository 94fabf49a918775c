"""A plugin's functions, one at a time: what it does, who may call it, its parameters, and a try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from console.client.plugins import Function
from console.parts.label import plainly
from console.parts.pane import pane
from console.screens.plugin.attempt import draw_try
from console.visit import say, say_of


def draw_functions(plugin: str, functions: Sequence[Function]) -> None:
    """The functions to choose from, and the chosen one."""
    names = [function.name for function in functions]
    if st.session_state.get("function", names[0]) not in names:
        st.session_state["function"] = names[0]
    chosen = st.segmented_control(
        say("plugins.function"),
        names,
        default=names[0],
        required=True,
        key="function",
        bind="query-params",
    )
    function = next((one for one in functions if one.name == chosen), functions[0])
    about, attempt = st.columns(2, gap="large")
    with about:
        _about(function)
    with attempt:
        draw_try(plugin, function)


@pane
def _about(function: Function) -> None:
    with st.container(horizontal=True, gap="xsmall", key="function_badges"):
        _badges(function)
    if function.description:
        st.text(function.description)
    with st.container(horizontal=True, gap="small", key="function_who"):
        st.caption(say("plugins.who"), width="content")
        st.text(say_of("plugins.trust", function.allow.trust))
    rows = _parameters(function.parameters)
    if not rows:
        st.text(say("plugins.no_parameters"))
        return
    st.caption(say("plugins.parameters"))
    for place, row in enumerate(rows):
        _parameter(place, row)


def _badges(function: Function) -> None:
    if function.effect == "write":
        st.badge(say("plugins.writes"), color="orange", icon=":material/edit:")
    else:
        st.badge(say("plugins.reads"), color="blue", icon=":material/visibility:")
    if function.force_call:
        st.badge(say("plugins.forced"), color="gray", icon=":material/bolt:")
    else:
        st.badge(say("plugins.by_model"), color="gray", icon=":material/smart_toy:")


def _parameter(place: int, row: tuple[str, str, str]) -> None:
    name, facts, described = row
    with st.container(key=f"parameter_{place}", gap=None):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            with st.container(key=f"parameter_name_{place}", width="content"):
                st.text(plainly(name))
            with st.container(key=f"lead_quiet_parameter_{place}", width="content"):
                st.text(plainly(facts))
        if described:
            st.text(plainly(described))


def _parameters(schema: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each parameter's name, what it must be, and its description."""
    needed = schema.get("required", ())
    return [
        (name, _facts(one, is_required=name in needed), _described(one))
        for name, one in schema.get("properties", {}).items()
        if isinstance(one, Mapping)
    ]


def _facts(schema: Mapping[str, Any], *, is_required: bool) -> str:
    parts = (_type(schema), say("plugins.required") if is_required else "", _limits(schema))
    return " · ".join(part for part in parts if part)


def _described(schema: Mapping[str, Any]) -> str:
    return str(schema.get("description", ""))


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return say_of("plugins.of", "enum")
    kind = schema.get("type")
    known = ("string", "integer", "number", "boolean", "array", "object")
    return say_of("plugins.of", kind) if kind in known else say_of("plugins.of", "any")


def _limits(schema: Mapping[str, Any]) -> str:
    """What a value must keep to, in the words of the screen."""
    parts = [", ".join(map(str, schema["enum"]))] if isinstance(schema.get("enum"), list) else []
    parts += [
        say_of("plugins.limit", name, n=schema[name])
        for name in ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")
        if name in schema and abs(_number(schema[name])) < 2**53
    ]
    parts += [str(schema[name]) for name in ("format", "pattern") if name in schema]
    return "; ".join(parts)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
