"""The passages made of a file, and which of them answer a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from console.client.knowledge import Found, Hit, Source
from console.parts.pane import empty, pane
from console.visit import current, language, say

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

SHOWN = 100


def source_of(draft: DraftEdit) -> Source:
    """What to look into: the draft where there is one."""
    return "draft" if draft.has_draft else "published"


@pane
def show_passages(draft: DraftEdit, path: str) -> None:
    """The first passages of a file."""
    page = current().api.knowledge.passages(draft.name, path, source_of(draft), SHOWN)
    if not page.items:
        st.text(say("studio_knowledge.no_passages"))
    with st.container(height=min(360, 90 + 70 * len(page.items)), key="passage_list", gap="small"):
        for passage in page.items:
            _passage(passage.heading, passage.text)
    if page.total and page.total > len(page.items):
        st.caption(say("studio_knowledge.first_passages", shown=len(page.items), count=page.total))


def _passage(heading: str, text: str) -> None:
    with st.container(gap=None):
        if heading:
            with st.container(key=f"passage_head_{abs(hash((heading, text)))}"):
                st.text(heading)
        st.text(text)


def search(draft: DraftEdit) -> None:
    """One input, and below it the passages found with whether the assistant would use them."""
    with st.container(key="passage_search", border=True):
        st.subheader(say("studio_knowledge.search"))
        question = st.text_input(
            say("studio_knowledge.question"),
            key=f"passage_question_{draft.name}",
            placeholder=say("studio_knowledge.question_example"),
            max_chars=2000,
        )
        st.caption(say("studio_knowledge.search_help"))
        if question.strip():
            _result(draft, question)


@pane
def _result(draft: DraftEdit, question: str) -> None:
    found = current().api.knowledge.search(draft.name, question, source_of(draft), language())
    _verdict(found)
    for place, hit in enumerate(found.items):
        _hit(place, hit)


def _verdict(found: Found) -> None:
    answers = sum(hit.answers for hit in found.items)
    if not found.items:
        empty(say("studio_knowledge.nothing"), say("studio_knowledge.nothing_next"), icon=":material/search_off:")
    elif answers:
        st.text(say("studio_knowledge.answered", count=answers))
    else:
        st.text(say("studio_knowledge.unanswered"))
    if found.items and found.whole:
        st.caption(say("studio_knowledge.whole"))


def _hit(place: int, hit: Hit) -> None:
    with st.container(key=f"hit_{place}", border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if hit.answers:
                st.badge(say("studio_knowledge.answers"), color="green", icon=":material/check:")
            elif hit.used:
                st.badge(say("studio_knowledge.is_read"), color="blue", icon=":material/menu_book:")
            else:
                st.badge(say("studio_knowledge.near"), color="gray")
            st.text(hit.path.removeprefix("knowledge/") or say("studio_knowledge.pair"))
        st.text(hit.text)
