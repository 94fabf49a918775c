"""The first steps with a new installation. They tick themselves off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from console import links
from console.client.overview import Overview
from console.client.people import Role
from console.visit import current, say, say_of


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is the step's in the catalog, `done` the member of the checklist, `page` where it is taken."""

    name: str
    done: str
    page: str
    role: Role = "viewer"


STEPS: Final = (
    Step("chat", "chat_tried", "try", "editor"),
    Step("model", "model_connected", "models", "admin"),
    Step("prompt", "prompt_changed", "personas", "editor"),
    Step("publish", "published", "personas", "editor"),
    Step("lead", "lead_seen", "try", "editor"),
)


def first_steps(found: Overview) -> None:
    """Each step with how far it is; the first open one that the visitor may take is the page's primary button."""
    done = [bool(getattr(found.checklist, step.done)) for step in STEPS]
    may = [current().may(step.role) for step in STEPS]
    first_open = next((at for at in range(len(STEPS)) if may[at] and not done[at]), None)
    with st.container(border=True, key="first_steps", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(say("home.steps"), anchor=False, width="stretch")
            st.caption(say("home.progress", done=sum(done), all=len(done)), width="content")
        st.progress(sum(done) / len(done))
        for at, step in enumerate(STEPS):
            if done[at]:
                _done(step)
            else:
                _open(step, is_next=at == first_open)


def _done(step: Step) -> None:
    with _row(f"step_done_{step.name}"):
        st.markdown(":green[:material/check_circle:]", width="content")
        st.text(say_of("home.step", step.name), width="stretch")
        st.caption(say("home.done"), width="content")


def _open(step: Step, *, is_next: bool) -> None:
    with _row(f"step_{step.name}"):
        st.markdown(":gray[:material/radio_button_unchecked:]", width="content")
        with st.container(gap="xxsmall", width="stretch"):
            st.text(say_of("home.step", step.name))
            if is_next:
                st.caption(say_of("home.why", step.name))
        _button(step, is_next=is_next)
    if is_next and step.name == "model":
        st.code(say("home.line"), language=None)


def _row(key: str) -> DeltaGenerator:
    return st.container(key=key, horizontal=True, wrap=False, vertical_alignment="center", gap="small")


def _button(step: Step, *, is_next: bool) -> None:
    if not current().may(step.role):
        st.caption(say_of("home.taken_by", step.role), width="content")
        return
    pressed = st.button(say_of("home.do", step.name), key=f"do_{step.name}", type="primary" if is_next else "tertiary")
    if pressed:
        links.go(step.page)
