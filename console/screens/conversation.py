"""One conversation: what was said, and below each answer the inside of its turn."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from console import links, shown
from console.client.conversations import Conversation, Message, Missed, Thumb, Turn
from console.parts.address import bring_into_view, copy_address
from console.parts.field_words import field_in_words
from console.parts.inside import draw_inside
from console.parts.label import label, plainly
from console.parts.pane import empty, pane
from console.visit import current, say, say_of

AT_ONCE = 40
"""Turns drawn at first; earlier ones come by a button."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn with its messages, and what was missed in them and thought of them."""

    turn: Turn | None
    messages: tuple[Message, ...]
    missed: tuple[Missed, ...]
    thumbs: tuple[Thumb, ...]


def show() -> None:
    """Draws the page."""
    st.page_link(
        links.page("conversations"),
        label=say("conversation.all"),
        icon=":material/arrow_back:",
        query_params=st.session_state.get("conversations_query", {}),
    )
    st.title(say_of("nav.page", "conversation"))
    _whole()


@pane
def _whole() -> None:
    wanted = st.query_params.get("id", "")
    if not wanted:
        empty(say("conversation.none"), say("conversation.none_next"), icon=":material/chat:")
        return
    found = current().api.conversations.one(wanted)
    _head(found)
    _talk(found)


def _head(found: Conversation) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="conversation_head"):
        with st.container(gap="xsmall", width="stretch", key="conversation_facts"):
            st.text(plainly(_who(found)))
            st.caption(_when(found))
        _state(found)
        if found.lead_id:
            st.page_link(
                links.page("lead"),
                label=say("conversation.lead"),
                icon=":material/contacts:",
                query_params={"id": found.lead_id},
            )
        copy_address(say("conversation.copy"), say("conversation.copied"))


def _who(found: Conversation) -> str:
    version = say("conversation.version", n=found.persona_version) if found.persona_version else ""
    return " · ".join(part for part in (found.persona, version, found.channel) if part)


def _when(found: Conversation) -> str:
    begun, changed = shown.date_and_time(found.created_at), shown.date_and_time(found.updated_at)
    span = begun if begun == changed else say("conversation.span", begun=begun, changed=changed)
    return f"{span} · {say('conversations.messages', n=shown.number(len(found.messages)))}"


def _state(found: Conversation) -> None:
    if found.test:
        st.badge(say("conversation.test"), color="orange", icon=":material/science:")
    if found.lead_stage:
        st.badge(say_of("leads.stage", found.lead_stage), color="green" if found.contact else "gray")


# --- the talk ---------------------------------------------------------------------------------------------


def _talk(found: Conversation) -> None:
    exchanges = _exchanges(found)
    if not exchanges:
        empty(say("conversation.silent"), say("conversation.silent_next"), icon=":material/chat:")
        return
    opened = st.query_params.get("turn", "")
    first = _first_shown(found.id, exchanges, opened)
    with st.container(key="talk", gap="small"):
        if first:
            st.button(
                say("conversation.earlier", n=shown.number(first)),
                icon=":material/expand_less:",
                on_click=_show_all,
                args=(found.id,),
            )
        for place, exchange in enumerate(exchanges[first:], first):
            _exchange(place, exchange, found.persona, opened)
    _scroll_once(found.id, opened)


def _exchanges(found: Conversation) -> list[Exchange]:
    turns = {turn.id: turn for turn in found.turns}
    said: dict[str, list[Message]] = {turn_id: [] for turn_id in turns}
    for message in found.messages:
        said.setdefault(message.turn_id, []).append(message)
    return [_one_exchange(found, turns.get(turn_id), tuple(messages)) for turn_id, messages in said.items()]


def _one_exchange(found: Conversation, turn: Turn | None, messages: tuple[Message, ...]) -> Exchange:
    ids = {message.id for message in messages}
    return Exchange(
        turn,
        messages,
        tuple(note for note in found.missed if note.message_id in ids),
        tuple(thumb for thumb in found.feedback if thumb.message_id in ids),
    )


def _first_shown(conversation_id: str, exchanges: list[Exchange], opened: str) -> int:
    """The place of the first exchange to draw: the last ones, and the one that the address names."""
    first = max(0, len(exchanges) - AT_ONCE)
    named = [place for place, one in enumerate(exchanges) if one.turn and one.turn.id == opened]
    if st.session_state.get("all_of") == conversation_id:
        return 0
    return min(first, *named) if named else first


def _show_all(conversation_id: str) -> None:
    st.session_state["all_of"] = conversation_id


def _scroll_once(conversation_id: str, opened: str) -> None:
    if opened and st.session_state.get("scrolled_in") != conversation_id:
        bring_into_view(_key(opened))
    st.session_state["scrolled_in"] = conversation_id


def _key(turn_id: str) -> str:
    return f"inside_{turn_id}"


@st.fragment
def _exchange(place: int, exchange: Exchange, persona: str, opened: str) -> None:
    for message in exchange.messages:
        _bubble(message)
    for thumb in exchange.thumbs:
        _thumb(thumb)
    if exchange.turn:
        _fold(exchange, exchange.turn, persona, opened)


def _bubble(message: Message) -> None:
    side = message.role if message.role in ("customer", "assistant", "person") else "other"
    with st.container(key=f"said_{side}_{message.id}", gap=None):
        st.text(plainly(message.text))
        st.caption(f"{say_of('conversation.role', side)} · {shown.date_and_time(message.at)}")


def _thumb(thumb: Thumb) -> None:
    with st.container(key=f"thumb_{thumb.message_id}", horizontal=True, vertical_alignment="center", gap="xsmall"):
        if thumb.score > 0:
            st.badge(say("conversation.thumb_up"), color="green", icon=":material/thumb_up:")
        else:
            st.badge(say("conversation.thumb_down"), color="red", icon=":material/thumb_down:")
        if thumb.comment:
            st.text(plainly(thumb.comment))


def _fold(exchange: Exchange, turn: Turn, persona: str, opened: str) -> None:
    key = _key(turn.id)
    fold = st.expander(
        _summary(exchange, turn),
        expanded=turn.id == opened,
        key=key,
        type="compact",
        on_change=_opened,
        args=(key, turn.id),
    )
    if fold.open:
        with fold:
            draw_inside(turn, persona, exchange.missed)


def _opened(key: str, turn_id: str) -> None:
    if st.session_state[key]:
        st.query_params["turn"] = turn_id
    elif st.query_params.get("turn") == turn_id:
        del st.query_params["turn"]


def _summary(exchange: Exchange, turn: Turn) -> str:
    """The fold's title: how it went, in a line."""
    parts = [say("conversation.inside")]
    if turn.status != "done":
        parts.append(say_of("conversation.status", turn.status))
    if turn.plan and turn.plan.action != "NONE" and turn.plan.field:
        name = field_in_words(turn.plan.field) if turn.plan.action == "ASK" else turn.plan.field
        parts.append(say_of("conversation.did", turn.plan.action, name=label(name)))
    if turn.captured:
        parts.append(say("conversation.captured_n", n=len(turn.captured)))
    if exchange.missed:
        parts.append(say("conversation.missed_n", n=len(exchange.missed)))
    if turn.timings and "total" in turn.timings:
        parts.append(shown.duration(turn.timings["total"]))
    return " · ".join(parts)
