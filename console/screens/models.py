"""The models: which one answers now and why, and the line that connects a vendor."""

from __future__ import annotations

import streamlit as st

from console.client.models import Rest, Vendor, Vendors
from console.parts.label import label
from console.parts.pane import empty, pane
from console.visit import current, say, say_of


def show() -> None:
    """Draws the page."""
    st.title(say_of("nav.page", "models"))
    with st.container(key="models", gap="medium"):
        _body()


@pane
def _body() -> None:
    found = current().api.models.vendors()
    _now(found)
    for rest in found.resting:
        _resting(rest)
    _vendors(found)


def _now(found: Vendors) -> None:
    with st.container(border=True, key="model_now", gap="xsmall"):
        st.caption(say("models.now"))
        with st.container(key="model_name"):
            st.text(say("models.stand_in") if found.why == "stand_in" else found.default)
        st.text(_reason(found))


def _reason(found: Vendors) -> str:
    vendor = found.answering
    if vendor and not vendor.connected:
        return say("models.no_key")
    return say_of("models.why", found.why, vendor=vendor.title if vendor else found.default)


def _resting(rest: Rest) -> None:
    with st.container(border=True, key=f"aside_{rest.model}", gap="xsmall"):
        st.warning(label(say("models.aside", model=rest.model)), icon=":material/pause_circle:")
        often = say("models.aside_once") if rest.failures == 1 else say("models.aside_often", count=rest.failures)
        st.text(say_of("models.fault", rest.kind))
        st.text(often)
        st.code(rest.words, language=None, wrap_lines=True)
        st.caption(say("models.aside_next", seconds=max(1, round(rest.seconds_left))))


def _vendors(found: Vendors) -> None:
    connected = sum(vendor.connected for vendor in found.items)
    with st.container(horizontal=True, vertical_alignment="center", key="vendors_head"):
        st.subheader(say("models.vendors"), anchor=False, width="stretch")
        st.caption(say("models.count", connected=connected, all=len(found.items)), width="content")
    wanted = st.text_input(
        say("models.search"),
        key="q",
        bind="query-params",
        placeholder=say("models.search_hint"),
        icon=":material/search:",
        label_visibility="collapsed",
    )
    matching = [vendor for vendor in found.items if _matches(vendor, wanted)]
    with st.container(key="vendors", gap="xsmall"):
        for vendor in sorted(matching, key=lambda one: not one.connected):
            _vendor(vendor, is_alone=len(matching) == 1)
    if not matching:
        empty(say("models.nothing"), say("models.nothing_next"), icon=":material/search_off:")


def _matches(vendor: Vendor, wanted: str) -> bool:
    text = f"{vendor.title} {vendor.name} {vendor.default_model or ''}".lower()
    return all(part in text for part in wanted.lower().split())


def _vendor(vendor: Vendor, *, is_alone: bool) -> None:
    title = label(vendor.title) + (f" · {say('models.connected')}" if vendor.connected else "")
    icon = ":material/check_circle:" if vendor.connected else ":material/radio_button_unchecked:"
    with st.expander(title, icon=icon, expanded=is_alone, key=f"vendor_{vendor.name}_{is_alone}"):
        if vendor.connected:
            st.text(say("models.is_connected", variable=vendor.address_variable or vendor.key_variable))
            if vendor.default_model:
                st.text(say("models.usual", model=vendor.default_model))
        else:
            _how(vendor)
        if vendor.docs.startswith("https://"):
            st.link_button(say("models.docs"), vendor.docs, type="tertiary", icon=":material/open_in_new:")


def _how(vendor: Vendor) -> None:
    st.text(say("models.copy"))
    st.code(vendor.lines(say("models.your_key"), say("models.your_model")), language=None, wrap_lines=True)
    st.text(say("models.restart"))
    st.code("make up", language=None)
    model = vendor.default_model
    st.text(say("models.then", model=model) if model else say("models.then_named"))
