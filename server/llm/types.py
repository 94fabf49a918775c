"""The few types that pass between a turn and any model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A whole call as the model wrote it; `arguments` is its JSON text, not yet checked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation as models see it.

    An assistant's message may carry `calls`; a tool's message answers the call `call_id`.
    """

    role: Role
    text: str
    calls: tuple[FunctionCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function offered to the model; `parameters` is JSON Schema without any bound slot."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a persona's knowledge. `score` is 0 when it was not searched for."""

    id: int
    source: str
    heading: str
    text: str
    language: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Brief:
    """What the stand-in needs in place of understanding the prompt; real models never see it.

    `question` is the customer's message; `ask`, `purpose` and `offer` are ready wordings of the planner's
    directive in `language` (empty when there is none); `known` are values of the lead by field name;
    `captured` are the fields the customer has just told. `report` is what came of something they confirmed.
    """

    language: str
    question: str
    passages: Sequence[Passage] = ()
    title: str = ""
    ask: str = ""
    purpose: str = ""
    offer: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    captured: Sequence[str] = ()
    first: bool = False
    opted_out: bool = False
    function_results: Sequence[str] = ()
    report: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model. `settings` are temperature, max_tokens, top_p as far as given."""

    messages: Sequence[Message]
    functions: Sequence[Function] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    brief: Brief | None = None
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request; `cost_usd` is None where no price is known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text."""

    text: str


FinishReason = Literal["stop", "length", "function_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a stream, always last. Calls are here only when they came whole."""

    reason: FinishReason
    model: str
    usage: Usage
    calls: tuple[FunctionCall, ...] = ()


Piece = Delta | Finish
FaultKind = Literal[
    "auth",
    "rate_limit",
    "unavailable",
    "timeout",
    "bad_request",
    "context_length",
    "content_filter",
    "interrupted",
]


class ModelFault(Exception):
    """A model did not answer. `words` is the vendor's message with secrets removed, for the operator."""

    def __init__(self, kind: FaultKind, model: str, words: str, retry_after: float | None = None) -> None:
        super().__init__(f"{model}: {kind}: {words}")
        self.kind = kind
        self.model = model
        self.words = words
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Switched:
    """`model_failed` gave no text; the answer goes on with `next_model`."""

    model_failed: str
    fault: ModelFault
    next_model: str


class Lane(Protocol):
    """A way to reach models. Raises ModelFault only; leaving the iterator early closes the connection."""

    def stream(self, model: str, request: Request) -> AsyncIterator[Piece]: ...
