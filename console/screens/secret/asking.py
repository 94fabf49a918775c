"""The dialogs of secrets: setting one, and deleting one. Which one is open stands in the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import streamlit as st

from console.client.secrets import Secret
from console.parts.acting import went_well
from console.parts.pane import pane
from console.visit import current, say

Want = Callable[[str], None]
SHORTEST: Final = 4
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_TYPED: Final = ("secret_name", "secret_value", "secret_hosts")
_ADDRESSED: Final = ("new", "name", "delete")


def want_new(_: str) -> None:
    """Opens the dialog for a secret that is in no list yet."""
    _open("new", "yes")


def want_set(name: str) -> None:
    """Opens the dialog that sets that secret or replaces it."""
    _open("name", name)


def want_delete(name: str) -> None:
    """Opens the dialog that deletes it."""
    _open("delete", name)


def _open(what: str, value: str) -> None:
    _close()
    st.query_params[what] = value


def _close() -> None:
    """Closes the dialog and forgets what was typed in it."""
    for key in _TYPED:
        st.session_state.pop(key, None)
    for name in _ADDRESSED:
        st.query_params.pop(name, None)


def open_dialog(secrets: tuple[Secret, ...]) -> None:
    """Opens the dialog that the address names."""
    known = {secret.name: secret for secret in secrets}
    asked = st.query_params
    if "delete" in asked and (found := known.get(asked["delete"])) and found.stored:
        _delete_dialog(found)
    elif asked.get("name"):
        _set_dialog(known.get(asked["name"], Secret(name=asked["name"])), is_new=asked["name"] not in known)
    elif "new" in asked:
        _set_dialog(Secret(name=""), is_new=True)


# --- setting ------------------------------------------------------------------------------------------------


def _set_dialog(secret: Secret, *, is_new: bool) -> None:
    title = say("secrets.replace_title") if secret.stored else say("secrets.set_title")

    @st.dialog(title, on_dismiss=_close)
    def dialog() -> None:
        _set(secret, is_new=is_new)

    dialog()


@pane
def _set(secret: Secret, *, is_new: bool) -> None:
    with st.form("secret_form", border=False, enter_to_submit=False):
        name = _ask_name(secret, is_new=is_new)
        if secret.source == "environment":
            st.info(say("secrets.environment_first"), icon=":material/terminal:")
        value = st.text_input(
            say("secrets.value"),
            type="password",
            key="secret_value",
            autocomplete="new-password",
            help=say("secrets.value_help"),
        )
        hosts = _ask_hosts(secret)
        saved = st.form_submit_button(say("secrets.save"), type="primary", key="secret_save")
    if saved:
        _save(name.strip(), (value or "").strip(), _hosts_in(hosts))


def _ask_name(secret: Secret, *, is_new: bool) -> str:
    if not is_new:
        st.code(secret.name, language=None, wrap_lines=True)
        return secret.name
    typed = st.text_input(
        say("secrets.name"), secret.name, key="secret_name", placeholder="CRM_TOKEN", help=say("secrets.name_help")
    )
    return str(typed or "")


def _ask_hosts(secret: Secret) -> str:
    return st.text_area(
        say("secrets.hosts"),
        "\n".join(secret.hosts),
        key="secret_hosts",
        height=96,
        placeholder="crm.example.com",
        help=say("secrets.hosts_help"),
    )


def _hosts_in(text: str) -> list[str]:
    return [host for host in re.split(r"[\s,;，；、]+", text or "") if host]


def _wrong(name: str, value: str, hosts: list[str]) -> str | None:
    if not _NAME.fullmatch(name):
        return say("secrets.name_wrong")
    if len(value) < SHORTEST:
        return say("secrets.value_short", least=SHORTEST)
    return None if hosts else say("secrets.hosts_missing")


def _save(name: str, value: str, hosts: list[str]) -> None:
    if wrong := _wrong(name, value, hosts):
        st.error(wrong, icon=":material/error:")
    elif went_well(lambda: current().api.secrets.put(name, value, hosts)):
        _close()
        st.toast(say("secrets.saved"), icon=":material/lock:")
        st.rerun()


# --- deleting -----------------------------------------------------------------------------------------------


def _delete_dialog(secret: Secret) -> None:
    @st.dialog(say("secrets.delete_title"), on_dismiss=_close)
    def dialog() -> None:
        _delete(secret)

    dialog()


@pane
def _delete(secret: Secret) -> None:
    st.code(secret.name, language=None, wrap_lines=True)
    st.text(_what_stops(secret))
    with st.container(horizontal=True, gap="small"):
        if st.button(say("secrets.delete_yes"), type="primary", key="secret_delete_yes") and went_well(
            lambda: current().api.secrets.delete(secret.name)
        ):
            _close()
            st.toast(say("secrets.deleted"), icon=":material/delete:")
            st.rerun()
        if st.button(say("common.cancel"), key="secret_delete_no"):
            _close()
            st.rerun()


def _what_stops(secret: Secret) -> str:
    if secret.source == "environment":
        return say("secrets.delete_hidden")
    if not secret.plugins:
        return say("secrets.delete_unused")
    return say("secrets.delete_used", plugins=", ".join(secret.plugins))
