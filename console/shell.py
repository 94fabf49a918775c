"""The frame round every page: who is here, navigation, language, and what stands instead of a page when the
server is away or nobody is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from console import links, visit
from console.addresses import from_environment
from console.client import Refused, ServerAway, SignedOut, connect
from console.pages import PAGES, PageEntry
from console.parts.away import wait_for_server
from console.parts.cookie import keep_cookie
from console.parts.steps import mend_steps
from console.screens.studio.draft import unsaved_texts
from console.visit import LANGUAGE_COOKIE, say, say_of
from console.wording import LANGUAGES, Language

STATIC = Path(__file__).parent / "static"
_YEAR = 365 * 24 * 3600


def run() -> None:
    """Draws the page that the address names."""
    st.set_page_config(
        page_title="Rapport",
        page_icon=STATIC / "favicon.svg",
        layout="wide",
        initial_sidebar_state=220,
    )
    st.html(STATIC / "console.css")
    st.logo(STATIC / "logo.svg", size="large", icon_image=STATIC / "favicon.svg")
    try:
        here = visit.begin()
    except ServerAway:
        _frame(None)
        wait_for_server()
    except SignedOut:
        _frame(None)
        _signed_out()
    else:
        page = _frame(here)
        st.set_page_config(page_title=f"{page.title} · Rapport")
        mend_steps()
        _missing()
        _draw(page.run)


def _draw(page: Callable[[], None]) -> None:
    try:
        page()
    except ServerAway:
        wait_for_server()
    except SignedOut:
        visit.forget()
        st.rerun()


def _frame(here: visit.Visit | None) -> StreamlitPage:
    pages = {entry.path: _page(entry) for entry in PAGES}
    links.remember(pages)
    groups: dict[str, list[StreamlitPage]] = {}
    for entry in PAGES:
        title = say_of("nav.group", entry.group) if entry.group else ""
        groups.setdefault(title, []).append(pages[entry.path])
    chosen = st.navigation(groups, position="sidebar" if here else "hidden", expanded=True)
    _mark_parent(chosen)
    with st.sidebar:
        _language_switch()
        if here:
            _person(here)
    return chosen


def _mark_parent(chosen: StreamlitPage) -> None:
    """A page that stands in no menu marks its list's link as the active one."""
    for entry in PAGES:
        if entry.parent and entry.path == chosen.url_path:
            with st.container(key=f"under_{entry.parent}"):
                st.empty()


def _page(entry: PageEntry) -> StreamlitPage:
    def show() -> None:
        import_module(f"console.screens.{entry.screen}").show()

    return st.Page(
        show,
        title=say_of("nav.page", entry.screen),
        icon=entry.icon,
        url_path=entry.path,
        default=not entry.path,
        visibility="hidden" if entry.parent else "visible",
    )


def _language_switch() -> None:
    def named(one: Language) -> str:
        return {"en": "English", "zh": "中文"}[one]

    chosen = st.segmented_control(
        say("common.language"),
        LANGUAGES,
        default=visit.language(),
        required=True,
        format_func=named,
        key="language_switch",
        label_visibility="collapsed",
    )
    if chosen and chosen != visit.language():
        st.session_state["language"] = chosen
        st.session_state["language_kept"] = False
        st.rerun()
    if st.session_state.get("language_kept") is False:
        keep_cookie(LANGUAGE_COOKIE, visit.language(), _YEAR)


def _person(here: visit.Visit) -> None:
    with st.container(key="person", gap="small"):
        st.text(here.me.name or here.me.id)
        st.caption(say_of("common.role", here.me.role))
        st.button(say("common.sign_out"), icon=":material/logout:", type="tertiary", on_click=partial(_sign_out, here))


def _sign_out(here: visit.Visit) -> None:
    try:
        here.api.people.sign_out()
    except SignedOut:
        pass
    except ServerAway:
        st.toast(say("common.sign_out_failed"), icon=":material/cloud_off:")
        return
    visit.forget()
    st.session_state["signed_out"] = True


def _signed_out() -> None:
    left = st.session_state.get("signed_out", False)
    with st.container(key="notice", width=460):
        st.title(say("signin.left_title") if left else say("signin.needed_title"))
        if _offers_company():
            st.html(say("signin.company"))
            st.text(say("signin.company_or"))
        else:
            st.text(say("signin.needed"))
        st.code(".venv/bin/rapport signin-link", language=None)
        st.caption(say("signin.needed_how"))
        for text in unsaved_texts():
            st.text(say("signin.unsaved"))
            st.code(text, language="yaml", height=240)


def _offers_company() -> bool:
    try:
        return connect(from_environment().server).people.offers_company_sign_in()
    except (Refused, ServerAway, SignedOut):
        return False


def _missing() -> None:
    missing = st.query_params.get("missing")
    if missing:
        st.warning(say("common.missing_page"), icon=":material/signpost:")
