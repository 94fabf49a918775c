"""What waits for somebody: missed values, open questions, and what is broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from console import links
from console.client.overview import Broken, Overview, Question
from console.client.people import Role
from console.parts.label import plainly
from console.parts.pane import empty, pane
from console.server_words import translated
from console.shown import number, short_time
from console.visit import current, language, say, say_of

QUESTIONS: Final = 5
ASKED: Final = 50
SHOWN: Final = 5
SHOWN_OF_ONE: Final = 2


def waiting(found: Overview) -> None:
    """One row for each thing, with a link to where it is done; calm when there is none."""
    with st.container(border=True, key="waiting", gap="small"):
        st.subheader(say("home.waiting"), anchor=False)
        things = _by_thing(found.broken)
        for at, of_one in enumerate(things[:SHOWN]):
            _broken(of_one, at)
        if len(things) > SHOWN:
            st.caption(say("home.more", count=number(len(things) - SHOWN)))
        if found.missed_open:
            _missed(found.missed_open)
        if found.unanswered:
            _unanswered(found.unanswered)
        if not (found.broken or found.missed_open or found.unanswered):
            empty(say("home.nothing_waits"), say("home.nothing_waits_next"), icon=":material/check:")


def _broken(of_one: Sequence[Broken], at: int) -> None:
    first = of_one[0]
    with st.container(key=f"waits_broken_{at}", gap="xxsmall"):
        with _row(f"broken_row_{at}"):
            st.markdown(":red[:material/error:]", width="content")
            st.text(say_of("home.broken", first.kind, name=first.name), width="stretch")
            _mend(first)
        for broken in of_one[:SHOWN_OF_ONE]:
            if broken.kind in ("plugin", "persona"):
                _problem(broken)
        if len(of_one) > SHOWN_OF_ONE:
            st.caption(say("home.more", count=number(len(of_one) - SHOWN_OF_ONE)))


def _mend(broken: Broken) -> None:
    role = _ROLES[broken.kind]
    if not current().may(role):
        st.caption(say_of("home.mended_by", role), width="content")
        return
    st.page_link(links.page(_PAGES[broken.kind]), label=say_of("home.mend", broken.kind), query_params=_query(broken))


def _problem(broken: Broken) -> None:
    st.text(plainly(translated(broken.message, language())))
    if broken.place:
        st.code(broken.place, language=None, wrap_lines=True)


def _row(key: str) -> DeltaGenerator:
    return st.container(key=key, horizontal=True, wrap=False, vertical_alignment="center", gap="small")


def _by_thing(found: Sequence[Broken]) -> list[list[Broken]]:
    things: dict[tuple[str, str], list[Broken]] = {}
    for broken in found:
        things.setdefault((broken.kind, broken.name), []).append(broken)
    return list(things.values())


_PAGES: Final = {"plugin": "plugins", "persona": "persona", "mirror": "leads", "model": "models"}
_ROLES: Final[dict[str, Role]] = {"plugin": "developer", "persona": "editor", "mirror": "editor", "model": "admin"}


def _query(broken: Broken) -> dict[str, str] | None:
    if broken.kind == "persona":
        return {"name": broken.name, "tab": "yaml"}
    if broken.kind == "mirror":
        return {"persona": broken.name}
    return {"name": broken.name} if broken.kind == "plugin" else None


def _missed(count: int) -> None:
    said = say("home.missed.one") if count == 1 else say("home.missed.more", count=number(count))
    with _row("waits_missed"):
        st.markdown(":orange[:material/contact_phone:]", width="content")
        st.text(said, width="stretch")
        st.page_link(links.page("leads"), label=say("home.missed_open"), query_params={"view": "missed"})


def _unanswered(count: int) -> None:
    said = say("home.unanswered.one") if count == 1 else say("home.unanswered.more", count=number(count))
    with st.expander(said, icon=":material/help:", key="waits_unanswered"):
        _questions()


@pane
def _questions() -> None:
    st.caption(say("home.unanswered_next"))
    alike: dict[tuple[str, str], list[Question]] = {}
    for question in current().api.overview.unanswered(ASKED):
        alike.setdefault((question.persona, question.text.strip()), []).append(question)
    for same in list(alike.values())[:QUESTIONS]:
        _question(same[0], len(same))


def _question(question: Question, times: int) -> None:
    with st.container(key=f"question_{question.id}", border=True, gap="xsmall"):
        st.text(plainly(question.text))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            at = short_time(question.at)
            st.caption(at if times == 1 else say("home.asked_times", count=number(times), time=at), width="stretch")
            st.page_link(
                links.page("conversation"),
                label=say("home.to_conversation"),
                query_params={"id": question.conversation_id},
            )
            st.page_link(
                links.page("persona"),
                label=say("home.to_knowledge"),
                query_params={"name": question.persona, "tab": "knowledge"},
            )
