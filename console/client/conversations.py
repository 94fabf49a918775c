"""Conversations: the list, and one with the inside of every turn."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from pydantic import Field

from console.client.shape import Page, Shape, page_of
from console.client.transport import Query, Transport

PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to. `since` and `until` are RFC 3339."""

    q: str = ""
    persona: str = ""
    since: str = ""
    until: str = ""
    test: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether anything is left out that the list would have."""
        return bool(self.q or self.persona or self.since or self.until)


class ConversationRow(Shape):
    """A conversation in a list; `preview` is the customer's first message, cut."""

    id: str
    persona: str
    channel: str = ""
    test: bool = False
    updated_at: str
    preview: str = ""
    message_count: int = 0
    contact: bool = False
    lead_id: str | None = None
    lead_stage: str | None = None


class Message(Shape):
    """`role`: customer, assistant, person or system."""

    id: str
    turn_id: str
    role: str
    text: str
    at: str


class Call(Shape):
    """A function that ran. `status`: ok, failed, refused or timeout."""

    plugin: str
    function: str
    forced: bool
    status: str
    milliseconds: float


class Plan(Shape):
    """The planner's decision; `field` is an offer's name when it recommends."""

    action: str
    code: str | None = None
    field: str | None = None
    reason: str = ""


class Usage(Shape):
    """Tokens, and the cost where it is known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


class Captured(Shape):
    """A field's new value, and the customer's sentence it comes from."""

    value: str
    by: str = "customer"
    quote: str | None = None


class PlanTrace(Shape):
    """The decision's reason by name."""

    code: str | None = None


class Passage(Shape):
    """Knowledge that the answer was given."""

    source: str
    heading: str = ""
    score: float = 0.0


class Fault(Shape):
    """A model that failed on the way."""

    model: str
    kind: str
    words: str = ""


class Trace(Shape):
    """What else went on inside; `cut` names what was taken out of the answer."""

    plan: PlanTrace | None = None
    passages: tuple[Passage, ...] = ()
    faults: tuple[Fault, ...] = ()
    interrupted: bool = False
    cut: tuple[str, ...] = ()


class Confirm(Shape):
    """What the customer was asked to confirm; answered by its `id`."""

    id: str
    function: str


class Turn(Shape):
    """The inside of one answer. `status`: running, done or failed; timings in milliseconds."""

    id: str
    status: str
    persona_version: int | None = None
    problem: str | None = None
    model: str | None = None
    calls: tuple[Call, ...] = ()
    plan: Plan | None = None
    usage: Usage | None = None
    timings: dict[str, float] | None = None
    captured: dict[str, Captured] = Field(default_factory=dict)
    trace: Trace | None = None
    confirm: Confirm | None = None

    @property
    def plan_code(self) -> str | None:
        """The decision's reason by name, wherever this turn keeps it."""
        told = self.plan.code if self.plan else None
        return told or (self.trace.plan.code if self.trace and self.trace.plan else None)


class Missed(Shape):
    """What a message said and was not stored. `status`: open, accepted or dismissed."""

    message_id: str
    field: str | None = None
    text: str
    reason: str
    status: str = "open"


class Thumb(Shape):
    """What the customer thought of an answer: 1 or -1."""

    message_id: str
    score: int
    comment: str | None = None


class Conversation(ConversationRow):
    """A conversation whole."""

    user_id: str
    persona_version: int | None = None
    status: str = ""
    created_at: str
    messages: tuple[Message, ...] = ()
    turns: tuple[Turn, ...] = ()
    missed: tuple[Missed, ...] = ()
    feedback: tuple[Thumb, ...] = ()


class Conversations:
    """`/conversations`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, wanted: Wanted, number: int = 1) -> Page[ConversationRow]:
        """A page (1-based) of what is wanted, the last changed first, with the exact total."""
        query: Query = {
            "q": wanted.q,
            "persona": wanted.persona,
            "from": wanted.since,
            "to": wanted.until,
            "test": wanted.test,
            "page": number,
            "limit": PER_PAGE,
        }
        return page_of(ConversationRow, self._transport.json("GET", "/conversations", query=query))

    def one(self, conversation_id: str) -> Conversation:
        """One with all its messages and turns. Raises Refused (404)."""
        path = f"/conversations/{quote(conversation_id, safe='')}"
        return Conversation.model_validate(self._transport.json("GET", path))
