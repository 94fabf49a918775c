"""A chat with a persona as a customer has it: for the Try page, and beside the prompt that is being written.

What is said lives on the server; the tab keeps which conversation it is (in the address, too) and what is still on
its way. A message on its way is sent again under its own id, so it is never said twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import streamlit as st

from console import links, visit
from console.client import Refused, ServerAway, SignedOut
from console.client.chat import Broken, Confirmed, Delta, Event, Message, Ran, Started
from console.client.conversations import Conversation, Turn
from console.client.conversations import Message as Said
from console.parts.bubbles import GrowingBubble, bubble
from console.parts.label import label
from console.parts.pane import pane
from console.parts.problem import in_words
from console.visit import current, say
from console.wording import Language

PARAMETER = "conversation"
_DRAW_SECONDS = 0.04


@dataclass(frozen=True, slots=True)
class ChatWith:
    """Whom one chats with and as whom. `version` and `model` None: as published; `as_user` None: a fresh visitor.

    `counts`: the chat is a real one, with its lead in lists and figures; only for a fresh visitor.
    """

    persona: str
    version: int | Literal["draft"] | None
    model: str | None
    as_user: str | None
    counts: bool
    locale: Language


@dataclass(frozen=True, slots=True)
class Talk:
    """A chat as it stands. `conversation` is None before the first answer."""

    conversation_id: str | None
    conversation: Conversation | None
    messages: tuple[Said, ...]
    answer: Turn | None


@dataclass(slots=True)
class _Pending:
    """A message without its answer: on its way, or stopped by `problem`."""

    text: str
    chosen: ChatWith
    client_message_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    message: Message | None = None
    turn_id: str | None = None
    problem: str | None = None
    confirm: Confirmed | None = None


@dataclass(slots=True)
class _State:
    """What the tab keeps of one chat. `left`: the conversation before this one."""

    chosen: ChatWith
    conversation_id: str | None = None
    conversation: Conversation | None = None
    pending: list[_Pending] = field(default_factory=list)
    left: str | None = None
    notice: str | None = None


Beside = Callable[[Talk], None]


def chat(
    chosen: ChatWith,
    *,
    key: str,
    height: int,
    suggestions: Sequence[str],
    greeting: str,
    beside: Beside | None = None,
    goes_on: bool = False,
) -> Talk:
    """Draws transcript, suggestions and input; says what is typed and lets the answer grow.

    `height` is of the transcript: pixels, or a CSS length such as `calc(100vh - 300px)`. With another `chosen` than
    before a new conversation begins and the one before is linked; with `goes_on` another version
    alone goes on in the same one. `beside` draws what goes with the chat, such as the
    lead, in a container of the page; it is called again after each answer, without a run of the page.
    """
    state = _state_for(key, chosen, goes_on)
    _fragment(state, key, height, tuple(suggestions), greeting, beside)
    return _talk(state)


def start_over(key: str) -> None:
    """Begins anew; the conversation so far is kept and linked. For callbacks."""
    state: _State | None = st.session_state.get(f"{key}_chat")
    if state:
        _leave(state)


def _state_for(key: str, chosen: ChatWith, goes_on: bool) -> _State:
    state: _State | None = st.session_state.get(f"{key}_chat")
    if state is None:
        state = _State(chosen, conversation_id=st.query_params.get(PARAMETER))
        st.session_state[f"{key}_chat"] = state
        return state
    asked = st.query_params.get(PARAMETER)
    has_moved = asked is not None and asked != state.conversation_id
    was = replace(state.chosen, version=chosen.version) if goes_on else state.chosen
    if was != chosen and not has_moved:
        _leave(state)
    state.chosen = chosen
    if st.query_params.get(PARAMETER) != state.conversation_id:
        _follow_address(state, asked)
    return state


def _follow_address(state: _State, conversation_id: str | None) -> None:
    """Back and Forward lead to another conversation; a visit without any goes on with the one there is."""
    if conversation_id is None and state.conversation_id is not None:
        st.query_params[PARAMETER] = state.conversation_id
        return
    state.conversation_id, state.conversation, state.pending = conversation_id, None, []


def _leave(state: _State) -> None:
    state.left, state.notice = state.conversation_id, None
    state.conversation_id, state.conversation, state.pending = None, None, []
    st.query_params.pop(PARAMETER, None)


def _talk(state: _State) -> Talk:
    held = state.conversation
    if held is None:
        return Talk(state.conversation_id, None, (), None)
    done = [turn for turn in held.turns if turn.status == "done"]
    return Talk(held.id, held, held.messages, done[-1] if done else None)


# --- drawing ----------------------------------------------------------------------------------------------


@st.fragment
def _fragment(
    state: _State, key: str, height: int, suggestions: tuple[str, ...], greeting: str, beside: Beside | None
) -> None:
    try:
        _drawn(state, key, height, suggestions, greeting, beside)
    except SignedOut:
        visit.forget()
        st.rerun()


@pane
def _drawn(
    state: _State, key: str, height: int, suggestions: tuple[str, ...], greeting: str, beside: Beside | None
) -> None:
    _restore(state)
    _notices(state)
    box = _box(key, height)
    with box:
        _transcript(state, key, suggestions, greeting)
    _input(state, key)
    tools = st.container(key=f"{key}_tools", horizontal=True, vertical_alignment="center", gap="small")
    with box:
        for number, pending in enumerate(tuple(state.pending)):
            _pending(state, pending, f"{key}_{number}")
    with tools:
        _tools(state, key)
    if beside:
        beside(_talk(state))


def _box(key: str, height: int) -> st.delta_generator.DeltaGenerator:
    return st.container(height=height, border=True, key=f"{key}_transcript", autoscroll=True, gap="small")


def _notices(state: _State) -> None:
    if state.notice:
        st.warning(state.notice, icon=":material/info:")


def _left(state: _State, key: str) -> None:
    if state.left:
        with st.container(
            key=f"{key}_left", horizontal=True, horizontal_alignment="center", vertical_alignment="center", gap="small"
        ):
            st.caption(say("chat.left"), width="content")
            st.page_link(
                links.page("conversation"),
                label=say("chat.left_open"),
                icon=":material/history:",
                query_params={"id": state.left},
            )


def _transcript(state: _State, key: str, suggestions: tuple[str, ...], greeting: str) -> None:
    _left(state, key)
    if greeting:
        bubble("assistant", greeting, key=f"{key}_greeting")
    waiting = {pending.turn_id for pending in state.pending}
    said = state.conversation.messages if state.conversation else ()
    for message in said:
        if message.turn_id not in waiting:
            bubble(message.role, message.text, key=message.id)
    _confirm(state, key)
    if not said and not state.pending:
        _suggestions(state, key, suggestions)


def _confirm(state: _State, key: str) -> None:
    """Yes and No under an answer that asks to confirm, as long as it is the last one."""
    last = state.conversation.turns[-1] if state.conversation and state.conversation.turns else None
    if last is None or last.confirm is None or state.pending:
        return
    may = current().may("editor")
    with st.container(key=f"{key}_confirm", horizontal=True, horizontal_alignment="right", gap="xsmall"):
        for yes, words in ((True, say("chat.confirm_yes")), (False, say("chat.confirm_no"))):
            st.button(
                words,
                key=f"{key}_confirm_{'yes' if yes else 'no'}",
                icon=":material/check:" if yes else ":material/close:",
                disabled=not may,
                help=None if may else say("common.needs_editor"),
                on_click=partial(_submit, state, words, Confirmed(last.confirm.id, yes)),
            )


def _suggestions(state: _State, key: str, suggestions: tuple[str, ...]) -> None:
    may = current().may("editor")
    with st.container(key=f"{key}_empty", gap="xsmall", horizontal_alignment="center"):
        st.caption(say("chat.empty") if may else say("chat.viewer"), text_alignment="center")
    with st.container(key=f"{key}_suggestions", horizontal=True, horizontal_alignment="right", gap="xsmall"):
        for number, text in enumerate(suggestions):
            st.button(
                label(text),
                key=f"{key}_suggestion_{number}",
                on_click=partial(_submit, state, text),
                disabled=not may,
                help=None if may else say("common.needs_editor"),
            )


def _input(state: _State, key: str) -> None:
    may = current().may("editor")
    with st.container(key=f"{key}_message"):
        st.chat_input(
            say("chat.message") if may else say("chat.viewer"),
            key=f"{key}_input",
            disabled=not may,
            max_chars=20_000,
            submit_mode="stop",
            on_submit=partial(_submit_typed, state, key),
        )


def _tools(state: _State, key: str) -> None:
    may = current().may("editor")
    why = None if may else say("common.needs_editor")
    begun = bool(state.conversation and state.conversation.messages)
    st.button(
        say("chat.take_back"),
        key=f"{key}_take_back",
        icon=":material/undo:",
        type="tertiary",
        disabled=not (may and begun),
        help=why or say("chat.take_back_help"),
        on_click=partial(_take_back, state, key),
    )
    st.button(
        say("chat.start_over"),
        key=f"{key}_start_over",
        icon=":material/refresh:",
        type="tertiary",
        disabled=not (may and (begun or state.pending)),
        help=why,
        on_click=partial(_leave, state),
    )


# --- a message on its way -----------------------------------------------------------------------------------


def _submit(state: _State, text: str, confirm: Confirmed | None = None) -> None:
    state.left = state.notice = None
    state.pending = [pending for pending in state.pending if not pending.problem]
    state.pending.append(_Pending(text, state.chosen, confirm=confirm))


def _submit_typed(state: _State, key: str) -> None:
    text = str(st.session_state[f"{key}_input"] or "").strip()
    if text:
        _submit(state, text)


def _pending(state: _State, pending: _Pending, key: str) -> None:
    bubble("customer", pending.text, key=f"{key}_waiting")
    if pending.problem is None:
        place = st.empty()
        with place.container():
            _answer(state, pending, key)
        if pending.problem is None:
            return
        place.empty()
    with st.container(key=f"{key}_unanswered", gap="xsmall", horizontal_alignment="right"):
        st.error(label(pending.problem), icon=":material/error:")
        st.button(
            say("chat.send_again"),
            key=f"{key}_again",
            icon=":material/refresh:",
            on_click=partial(_send_again, state, pending),
        )


def _answer(state: _State, pending: _Pending, key: str) -> None:
    try:
        conversation_id = _grow(state, pending, GrowingBubble(key=key))
    except ServerAway:
        pending.problem = say("chat.cut")
    except Refused as refused:
        was_cut = pending.message is None and refused.status == 404
        pending.problem = say("chat.cut_before") if was_cut else in_words(refused)
    if pending.problem is None:
        state.pending.remove(pending)
        state.conversation = None
        _remember(state, conversation_id)
        _restore(state)


def _grow(state: _State, pending: _Pending, shown: GrowingBubble) -> str:
    """The conversation's id once the answer is whole. Raises ServerAway or Refused when it does not come."""
    text, calls, drawn = "", dict[str, Ran](), 0.0
    conversation_id = state.conversation_id or ""
    with closing(_events(state, pending)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Started):
                conversation_id, pending.turn_id = event.conversation_id, event.turn_id
                _remember(state, conversation_id)
            elif isinstance(event, Ran):
                calls[f"{event.plugin}.{event.function}"] = event
                shown.calls(calls)
            elif isinstance(event, Delta):
                text += event.text
                if time.monotonic() - drawn > _DRAW_SECONDS:
                    shown.text(text)
                    drawn = time.monotonic()
            elif isinstance(event, Broken):
                pending.problem = event.detail or event.title or say("chat.failed")
            else:
                conversation_id = event.conversation_id
    if text:
        shown.text(text)
    return conversation_id


def _events(state: _State, pending: _Pending) -> Iterator[Event]:
    chats = current().api.chat
    if pending.turn_id and pending.message is None:
        return chats.watch(pending.turn_id)
    if pending.message is None:
        pending.message = _message(state, pending)
    return chats.say(pending.message)


def _message(state: _State, pending: _Pending) -> Message:
    chosen = pending.chosen
    return Message(
        persona=chosen.persona,
        text=pending.text,
        client_message_id=pending.client_message_id,
        conversation_id=state.conversation_id,
        locale=chosen.locale,
        version=chosen.version,
        model=chosen.model,
        as_user=chosen.as_user,
        test=state.conversation.test if state.conversation else not chosen.counts,
        confirm=pending.confirm,
    )


def _send_again(state: _State, pending: _Pending) -> None:
    """The same message under its id; one that an earlier visit sent is taken back first and said anew."""
    if pending.message is None and pending.turn_id and state.conversation_id:
        try:
            current().api.chat.take_back(state.conversation_id)
        except ServerAway:
            return
        except Refused as refused:
            pending.problem = in_words(refused)
            return
        state.pending[state.pending.index(pending)] = _Pending(pending.text, state.chosen)
        state.conversation = None
    pending.problem = None


def _take_back(state: _State, key: str) -> None:
    """The last message leaves the conversation with all that came of it, and is put into the input."""
    if state.conversation_id is None:
        return
    state.notice = None
    try:
        taken = current().api.chat.take_back(state.conversation_id)
    except ServerAway:
        state.notice = say("common.away_here")
        return
    except Refused as refused:
        state.notice = label(in_words(refused))
        return
    st.session_state[f"{key}_input"] = taken.text
    state.pending, state.conversation = [], None
    if taken.stays:
        state.notice = label(say("chat.stays", what=", ".join(taken.stays)))


# --- what the server holds ----------------------------------------------------------------------------------


def _remember(state: _State, conversation_id: str) -> None:
    state.conversation_id = conversation_id
    if st.query_params.get(PARAMETER) != conversation_id:
        st.query_params[PARAMETER] = conversation_id


def _restore(state: _State) -> None:
    """Reads the conversation when it is not here; its last message may still be without an answer."""
    if state.conversation is not None or state.conversation_id is None:
        return
    found = _found(state.conversation_id)
    if found is None or found.persona != state.chosen.persona:
        state.notice, state.conversation_id = say("chat.gone"), None
        st.query_params.pop(PARAMETER, None)
        return
    state.conversation = found
    last = found.turns[-1] if found.turns else None
    if last and last.status != "done" and last.id not in {pending.turn_id for pending in state.pending}:
        text = next((said.text for said in found.messages if said.turn_id == last.id), "")
        unanswered = _Pending(text, state.chosen, turn_id=last.id)
        unanswered.problem = (last.problem or say("chat.failed")) if last.status == "failed" else None
        state.pending.insert(0, unanswered)


def _found(conversation_id: str) -> Conversation | None:
    try:
        return current().api.conversations.one(conversation_id)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
