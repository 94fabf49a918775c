"""Secrets of plugins: where each comes from, to which hosts it goes, and which are missing."""

from __future__ import annotations

import streamlit as st

from console import links, shown
from console.client.secrets import Secret
from console.parts.label import label, plainly
from console.parts.pane import empty, pane
from console.parts.who import who
from console.screens.secret import asking
from console.visit import current, say, say_of

_REFERENCE = "${secret.NAME}"
_FIRST = ("unset", "unreadable")
_LOOKS = {
    "environment": ("green", "terminal"),
    "stored": ("green", "lock"),
    "unreadable": ("red", "key_off"),
    "unset": ("orange", "warning"),
}


def show() -> None:
    """Draws the page."""
    with st.container(key="secrets_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.title(say_of("nav.page", "secrets"))
        _button(say("secrets.add"), "secrets_add", ":material/add:", asking.want_new, type_="primary")
    st.text(say("secrets.about", reference=_REFERENCE))
    if not current().may("developer"):
        st.caption(say("common.needs_developer"))
    _list()


@pane
def _list() -> None:
    secrets = current().api.secrets.all()
    if not secrets:
        empty(say("secrets.none"), say("secrets.none_next", reference=_REFERENCE), icon=":material/lock_open:")
    else:
        with st.container(key="secrets_rows", gap=None):
            for secret in sorted(secrets, key=lambda one: (one.source not in _FIRST, one.name)):
                _row(secret)
    if current().may("developer"):
        asking.open_dialog(secrets)


def _row(secret: Secret) -> None:
    with st.container(key=f"secrets_row_{secret.name}", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key=f"secrets_named_{secret.name}", gap=None):
            st.text(secret.name)
            _plugins(secret)
        with st.container(key=f"secrets_state_{secret.name}", gap="xsmall"):
            _state(secret)
        with st.container(key=f"secrets_acts_{secret.name}", horizontal=True, gap="xsmall"):
            _acts(secret)


def _plugins(secret: Secret) -> None:
    if not secret.plugins:
        st.caption(say("secrets.unused"))
        return
    with st.container(key=f"secrets_plugins_{secret.name}", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(say("secrets.named_by"), width="content")
        for plugin in secret.plugins:
            st.page_link(links.page("plugins"), label=label(plugin), query_params={"name": plugin}, width="content")


def _state(secret: Secret) -> None:
    colour, icon = _LOOKS.get(secret.source, ("gray", "help"))
    st.badge(say_of("secrets.source", secret.source), color=colour, icon=f":material/{icon}:")  # type: ignore[arg-type]
    if secret.source == "environment":
        st.text(say("secrets.hidden") if secret.stored else say("secrets.everywhere"))
    if secret.source == "unreadable":
        st.text(say("secrets.unreadable_next"))
    if secret.stored:
        st.text(say("secrets.goes_to", hosts=plainly(", ".join(secret.hosts))))
    if secret.updated_at:
        st.text(say("secrets.when", when=shown.ago(secret.updated_at), who=who(secret.updated_by or "–")))


def _acts(secret: Secret) -> None:
    said = say("secrets.replace") if secret.stored else say("secrets.set")
    icon = ":material/edit:" if secret.stored else ":material/key:"
    _button(said, f"secrets_set_{secret.name}", icon, asking.want_set, secret.name)
    if secret.stored:
        named = say("secrets.delete")
        _button(named, f"secrets_delete_{secret.name}", ":material/delete:", asking.want_delete, secret.name)


def _button(said: str, key: str, icon: str, want: asking.Want, name: str = "", *, type_: str = "secondary") -> None:
    may = current().may("developer")
    st.button(
        said,
        key=key,
        icon=icon,
        type=type_,  # type: ignore[arg-type]
        disabled=not may,
        help=None if may else say("common.needs_developer"),
        on_click=want,
        args=(name,),
    )
