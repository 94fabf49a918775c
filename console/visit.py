"""Who is looking, in which language and time zone: what every screen starts from.

Nothing here outlives the browser's tab but the session cookie and the language cookie.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import streamlit as st

from console.addresses import from_environment
from console.client import Api, connect
from console.client.people import Me, Role
from console.wording import LANGUAGES, Language, nearest, word

SESSION_COOKIE: Final = "rapport_session"
LANGUAGE_COOKIE: Final = "rapport_language"
ME_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Visit:
    """The person signed in, and the client that calls as them. `timezone` is an IANA name."""

    api: Api
    me: Me
    timezone: str

    def may(self, role: Role) -> bool:
        """Whether the person's role holds that one."""
        return self.me.may(role)


def language() -> Language:
    """The language of this tab: chosen here, or kept in the cookie, or the browser's."""
    chosen: str = st.session_state.get("language") or st.context.cookies.get(LANGUAGE_COOKIE, "")
    for one in LANGUAGES:
        if one == chosen:
            return one
    return nearest(st.context.locale)


def say(key: str, /, **values: object) -> str:
    """The catalog's text in the visitor's language."""
    return word(language(), key, **values)


def say_of(group: str, name: str, /, **values: object) -> str:
    """The text for one of a closed set of names, such as `say_of("lead.stage", "meeting")`."""
    return word(language(), f"{group}.{name}", **values)


def begin() -> Visit:
    """The visit of this run. Raises SignedOut or ServerAway."""
    token = st.context.cookies.get(SESSION_COOKIE, "")
    api = connect(from_environment().server, token, forget)
    kept: tuple[str, Me, float] | None = st.session_state.get("me")
    if kept and kept[0] == token and time.monotonic() - kept[2] < ME_SECONDS:
        me = kept[1]
    else:
        me = api.people.me()
        st.session_state["me"] = (token, me, time.monotonic())
    visit = Visit(api, me, st.context.timezone or "UTC")
    st.session_state["visit"] = visit
    return visit


def current() -> Visit:
    """The visit that the shell began; for screens and their fragments.

    Asks the server again after `forget`; raises SignedOut or ServerAway then.
    """
    if "me" not in st.session_state:
        return begin()
    visit: Visit = st.session_state["visit"]
    return visit


def forget() -> None:
    """Drops what is known of the person, so that the next look asks the server anew."""
    st.session_state.pop("me", None)
