"""A chat that another program carries: whose it is, which conversation it goes on with, what the messages say.

A program's key gives each of its users a visitor of this server's own making; without a user, each conversation has
one. A key with trust `verified` vouches for the user it names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from server.api.completions_shape import (
    LONGEST_CONTEXT,
    LONGEST_RESULT,
    LONGEST_TEXT,
    CompletionBody,
    CompletionMessage,
    text_of,
    wrong,
)
from server.auth import Caller
from server.auth.customer import is_plain, is_visitor
from server.clock import rfc3339
from server.errors import Invalid
from server.llm.types import Function, FunctionCall, Message
from server.service import ChatCustomer, Service
from server.storage import Transaction, conversations, new_id, people, turns
from server.storage.owner import Owner
from server.storage.people import CustomerRow
from server.storage.turns import WaitingTurn
from server.turn.handing import turn_in
from server.turn.order import Carried

CHANNEL = "openai"


@dataclass(frozen=True, slots=True)
class Talk:
    """What the messages say: `text` is the customer's last message, `carried` all else."""

    text: str
    carried: Carried


@dataclass(frozen=True, slots=True)
class Place:
    """Whose the message is, and where it belongs: in a conversation there is, or one that begins as `opens`.

    `held` is the turn that waits for the results that came.
    """

    customer: ChatCustomer
    conversation_id: str | None = None
    opens: str | None = None
    held: WaitingTurn | None = None


def read_talk(body: CompletionBody) -> Talk:
    """The messages, sorted. Raises Invalid with the place of what a vendor would refuse, too."""
    given = [(f"messages.{at}", message) for at, message in enumerate(body.messages)]
    context = tuple(text_of(m, place) for place, m in given if m.role in ("system", "developer"))
    if sum(map(len, context)) > LONGEST_CONTEXT:
        raise wrong("messages", f"its system messages are longer than {LONGEST_CONTEXT:,} characters together")
    said = [(place, message) for place, message in given if message.role not in ("system", "developer")]
    _check_calls(said)
    messages = [_message(message, place) for place, message in said]
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        raise wrong("messages", "holds no message of the role `user`")
    if messages[-1].role == "assistant":
        raise wrong(said[-1][0], "is the assistant's; the last message has to be the user's or a function's result")
    earlier = list(messages[:last])
    while earlier and earlier[0].role != "user":
        earlier.pop(0)
    offered = body.tools if body.tools and body.tool_choice != "none" else []
    functions = tuple(
        Function(f.name, f.description or "", f.parameters or {}) for f in (tool.function for tool in offered)
    )
    if len({function.name for function in functions}) < len(functions):
        raise wrong("tools", "holds two functions of one name")
    carried = Carried(tuple(earlier), tuple(filter(str.strip, context)), functions, tuple(messages[last + 1 :]))
    return Talk(messages[last].text, carried)


def _message(message: CompletionMessage, place: str) -> Message:
    text = text_of(message, place)
    if message.role == "user" and not text.strip():
        raise wrong(f"{place}.content", "is empty")
    longest = LONGEST_TEXT if message.role == "user" else LONGEST_RESULT
    if len(text) > longest:
        raise wrong(f"{place}.content", f"is longer than {longest:,} characters")
    calls = tuple(FunctionCall(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ())
    return Message(message.role, text, calls, message.tool_call_id)  # type: ignore[arg-type]


def _check_calls(said: Sequence[tuple[str, CompletionMessage]]) -> None:
    """That each call has its result right behind it, and each result its call."""
    open_calls: set[str] = set()
    for place, message in said:
        if message.role == "tool":
            if message.tool_call_id not in open_calls:
                raise wrong(place, "is a function's result, and no call before it has its `tool_call_id`")
            open_calls.discard(message.tool_call_id)
        elif open_calls:
            raise wrong(place, f"stands where the result of the call {min(open_calls)} should be")
        elif message.tool_calls and message.role == "assistant":
            open_calls = {call.id for call in message.tool_calls}
    if open_calls:
        raise wrong(said[-1][0], f"is followed by no result of the call {min(open_calls)}")


async def place_of(
    service: Service, caller: Caller, body: CompletionBody, talk: Talk, conversation_id: str | None, sent_as: str | None
) -> Place:
    """Where the message belongs. `sent_as` is the caller's own id of the request: sent again, it begins nothing new.

    Raises NotFound for a conversation that is not theirs, Invalid for a user that cannot be one.
    """
    now = rfc3339(service.clock.now())

    def work(tx: Transaction) -> Place:
        if held := _waiting(tx, caller, body, talk, conversation_id):
            return Place(_customer(tx, caller, body.user, held.conversation_id, now), held.conversation_id, held=held)
        if conversation_id is not None:
            user_id = _row(caller, body.user, conversation_id).id
            conversations.find(tx, conversation_id, Owner(user_id))
            return Place(_customer(tx, caller, body.user, conversation_id, now), conversation_id)
        opens = new_id("c") if sent_as is None else "c_" + _digest(caller.id, "request", sent_as)
        customer = _customer(tx, caller, body.user, opens, now)
        known = _same(tx, customer.id, body.model, talk) if caller.kind == "visitor" or body.user else None
        return Place(customer, known, None if known else opens)

    return await service.database.write(work)


def _waiting(
    tx: Transaction, caller: Caller, body: CompletionBody, talk: Talk, conversation_id: str | None
) -> WaitingTurn | None:
    """The turn that waits for these results, if it is the caller's and of that conversation."""
    turn_id = turn_in(talk.carried.exchange)
    held = turns.waiting(tx, turn_id) if turn_id else None
    if held is None or held.persona != body.model or conversation_id not in (None, held.conversation_id):
        return None
    return held if held.user_id == _row(caller, body.user, held.conversation_id).id else None


def _same(tx: Transaction, user_id: str, persona: str, talk: Talk) -> str | None:
    """The customer's conversation that has said just what the messages before this one say."""
    said = [message for message in talk.carried.earlier if message.role != "tool" and not message.calls]
    words = [("customer" if message.role == "user" else "assistant", message.text) for message in said]
    return conversations.of_words(tx, user_id, persona, words) if words else None


def _customer(tx: Transaction, caller: Caller, user: str | None, conversation_id: str, now: str) -> ChatCustomer:
    row = _row(caller, user, conversation_id)
    if caller.kind == "visitor":
        return ChatCustomer(row.id, row.trust, caller.name or None, row.locale, row.timezone, row.channel)
    known = people.customer(tx, row.id)
    if known is None or known.trust != row.trust:
        people.put_customer(tx, row, now)
    known = known or row
    return ChatCustomer(row.id, row.trust, known.name, known.locale, known.timezone, CHANNEL)


def _row(caller: Caller, user: str | None, conversation_id: str) -> CustomerRow:
    if caller.kind == "visitor":
        return CustomerRow(caller.id, caller.trust, None, caller.locale, caller.timezone, caller.channel)
    if user is None:
        return CustomerRow("v_" + _digest(caller.id, "conversation", conversation_id), "anonymous", channel=CHANNEL)
    if caller.trust != "verified":
        return CustomerRow("v_" + _digest(caller.id, "user", user), "anonymous", channel=CHANNEL)
    if not is_plain(user) or is_visitor(user):
        raise Invalid(
            "user: has the shape of a visitor's id, or holds control characters; name a customer by your own id.",
            errors=[{"field": "user", "message": "cannot be a customer's id"}],
        )
    return CustomerRow(user, "verified", channel=CHANNEL)


def _digest(*parts: str) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:43]
