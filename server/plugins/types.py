"""What passes through the door: who is asking, what is offered, what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from server.catalog.plugin_spec import Role
from server.catalog.spec import Effect, Trust

CallStatus = Literal["ok", "failed", "refused", "timeout", "waiting"]
"""`waiting`: nothing was done yet, since the customer has to say yes first."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What the server knows about a turn: the only source of bound slots, made from the credential alone.

    `user_name` is None unless the customer is verified. `test` sends writes to the scratch overlay of the
    conversation, never outside. `role` is the caller's, which in a customer's chat is visitor.
    """

    user_id: str
    trust: Trust
    conversation_id: str
    persona: str
    user_name: str | None = None
    locale: str | None = None
    turn_id: str | None = None
    test: bool = False
    role: Role = "visitor"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that waits for the customer's yes: all that is needed to run exactly it. `question` is what they read."""

    digest: str
    arguments: Mapping[str, Any]
    question: str


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call of a function, for the model, the record and the audit.

    `shown` is the text the model sees. `value` is the parsed result. `error` is a sentence, set unless
    `status` is ok. `request` is the real request with secrets masked. Times in milliseconds.
    `asked` is set while `status` is waiting.
    """

    plugin: str
    function: str
    status: CallStatus
    shown: str
    milliseconds: float
    forced: bool = False
    cached: bool = False
    effect: Effect = "read"
    value: Any = None
    error: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    bytes: int = 0
    asked: Waiting | None = None
