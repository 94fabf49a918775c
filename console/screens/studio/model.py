"""The tab of the model: which one answers, its bounds, the time zone, and the plugins it may use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

import streamlit as st

from console.client.models import Vendor
from console.client.plugins import Plugin
from console.parts import bound
from console.parts.pane import empty, pane
from console.screens.studio.inputs import choice, key_of, list_at, number, value_at, why_not
from console.visit import current, say, say_of

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

STAND_IN = "standin"


def show(draft: DraftEdit) -> None:
    """Draws the tab."""
    _models(draft)
    _bounds(draft)
    st.subheader(say("studio_model.time"))
    _zone(draft)
    st.subheader(say("studio_model.plugins"))
    st.caption(say("studio_model.plugins_help"))
    _plugins(draft)


# --- the model and those behind it --------------------------------------------------------------------------


@pane
def _models(draft: DraftEdit) -> None:
    known = current().api.models.vendors()
    connected = [vendor for vendor in known.items if vendor.connected and vendor.default_model]
    with st.container(gap="xsmall"):
        choice(
            draft,
            ("model",),
            say("studio_model.model"),
            ["", *(str(vendor.default_model) for vendor in connected), STAND_IN],
            lambda name: _model_name(name, known.default, connected),
            help=say("studio_model.model_type"),
            free=True,
        )
        st.caption(say("studio_model.model_help"))
    if not connected:
        st.caption(say("studio_model.none_connected"))
    _fallbacks(draft, [str(vendor.default_model) for vendor in connected])


def _model_name(name: str, default: str, connected: Sequence[Vendor]) -> str:
    if not name:
        return say("studio_model.automatic", model=say("studio_model.standin") if default == STAND_IN else default)
    if name == STAND_IN:
        return say("studio_model.standin")
    vendor = next((one.title for one in connected if one.default_model == name), None)
    return f"{name} · {vendor}" if vendor else name


def _fallbacks(draft: DraftEdit, offered: list[str]) -> None:
    chosen = [str(name) for name in list_at(draft.spec, "fallbacks")]
    key = bound.chosen(key_of(draft, ("fallbacks",)), chosen)
    with st.container(gap="xsmall"):
        st.multiselect(
            say("studio_model.fallbacks"),
            list(dict.fromkeys([*chosen, *offered])),
            key=key,
            accept_new_options=True,
            placeholder=say("studio_model.no_fallbacks"),
            help=why_not(draft),
            disabled=not draft.may_edit,
            on_change=lambda: draft.put(("fallbacks",), list(st.session_state[key]) or None),
        )
        st.caption(say("studio_model.fallbacks_help"))


# --- bounds -------------------------------------------------------------------------------------------------


def _bounds(draft: DraftEdit) -> None:
    st.subheader(say("studio_model.answers"))
    bounds = (_temperature, _longest, _seconds, _rounds, _history, _cost)
    for start in range(0, len(bounds), 2):
        for column, draw in zip(st.columns(2, gap="medium"), bounds[start : start + 2], strict=True):
            with column:
                draw(draft)


def _temperature(draft: DraftEdit) -> None:
    label, help = say("studio_model.temperature"), say("studio_model.temperature_help")
    usual = say("studio_model.models_own")
    number(draft, ("settings", "temperature"), label, least=0, most=2, step=0.1, usual=usual, help=help)


def _longest(draft: DraftEdit) -> None:
    label, help = say("studio_model.max_tokens"), say("studio_model.max_tokens_help")
    path, usual = ("settings", "max_tokens"), say("studio_model.models_own")
    number(draft, path, label, least=1, most=100_000, step=50, usual=usual, help=help, whole=True)


def _seconds(draft: DraftEdit) -> None:
    label, help = say("studio_model.seconds"), say("studio_model.seconds_help")
    number(draft, ("limits", "turn_seconds"), label, least=1, most=600, step=5, usual="60", help=help)


def _rounds(draft: DraftEdit) -> None:
    _count(draft, "function_rounds", 20, 1, "4")


def _history(draft: DraftEdit) -> None:
    _count(draft, "history_tokens", 1_000_000, 500, "6000")


def _cost(draft: DraftEdit) -> None:
    label, help = say("studio_model.cost"), say("studio_model.cost_help")
    path, usual = ("limits", "cost_usd_per_day"), say("studio_model.no_limit")
    number(draft, path, label, least=0, most=1_000_000, step=1, usual=usual, help=help)


def _count(draft: DraftEdit, name: str, most: int, step: int, usual: str) -> None:
    label, help = say_of("studio_model.limit", name), say_of("studio_model.limit_help", name)
    number(draft, ("limits", name), label, least=0, most=most, step=step, usual=usual, help=help, whole=True)


def _zone(draft: DraftEdit) -> None:
    with st.container(gap="xsmall"):
        choice(
            draft,
            ("timezone",),
            say("studio_model.zone"),
            ["", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")), "UTC"],
            lambda zone: zone or say("studio_model.no_zone"),
        )
        st.caption(say("studio_model.zone_help"))


# --- plugins ------------------------------------------------------------------------------------------------


@pane
def _plugins(draft: DraftEdit) -> None:
    there = {plugin.name: plugin for plugin in current().api.plugins.all()}
    used = [str(name) for name in list_at(draft.spec, "plugins")]
    names = list(dict.fromkeys([*there, *used]))
    if not names:
        empty(say("studio_model.no_plugins"), say("studio_model.no_plugins_next"), icon=":material/extension:")
    with st.container(key="plugin_list", gap="xsmall"):
        for name in names:
            _plugin(draft, name, there.get(name), name in used)


def _plugin(draft: DraftEdit, name: str, plugin: Plugin | None, is_used: bool) -> None:
    key = bound.chosen(key_of(draft, ("plugins", name)), is_used)
    with st.container(key=f"card_plugin_{name}", border=True, horizontal=True, vertical_alignment="center"):
        st.toggle(
            say("studio_model.use"),
            key=key,
            label_visibility="collapsed",
            width="content",
            help=why_not(draft),
            disabled=not draft.may_edit,
            on_change=partial(_use, draft, name, key),
        )
        with st.container(gap=None, width="stretch", key=f"plugin_words_{name}"):
            st.text(name)
            if plugin:
                with st.container(key=f"quiet_plugin_{name}"):
                    st.text("\n".join(f"{one.name}: {one.description}" for one in plugin.functions))
            if is_used and name == mirror_of(draft.spec):
                st.caption(say("studio_model.mirror"))
        _plugin_state(plugin)


def _plugin_state(plugin: Plugin | None) -> None:
    if plugin is None:
        st.badge(say("studio_model.missing"), color="red", icon=":material/error:")
    elif plugin.status == "ok":
        st.badge(say("studio_model.works"), color="green", icon=":material/check:")
    else:
        st.badge(say("studio_model.broken"), color="red", icon=":material/error:")


def mirror_of(spec: dict[str, object]) -> str | None:
    """The plugin that mirrors the lead, None when none does."""
    into = value_at(spec, ("collect", "into"))
    return str(into) if isinstance(into, str) else value_at(into, ("plugin",))


def _use(draft: DraftEdit, name: str, key: str) -> None:
    names = [str(one) for one in list_at(draft.spec, "plugins") if one != name]
    draft.put(("plugins",), [*names, name] if st.session_state[key] else names or None)
