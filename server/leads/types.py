"""What passes between capture, the planner and the turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Speaker = Literal["customer", "assistant", "person"]
Means = Literal["customer", "function", "person", "external", "model"]
Action = Literal["ASK", "RECOMMEND", "NONE"]
Stage = Literal["exposed", "engaged", "helped", "asked", "contact_captured", "qualified", "meeting"]
Exit = Literal["annoyed", "opted_out"]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation. `id` is the message's id, or its place as text."""

    role: Speaker
    text: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A value of a field that the customer told about themselves.

    `value` is as said, `normalised` as the contract has it, `quote` the sentence it came from,
    `message_id` the last message it needed. `plausible` is False for obvious nonsense: kept as said, never
    counted as a contact. `confidence` is from 0 to 1.
    """

    field: str
    value: str
    normalised: str
    quote: str
    message_id: str
    confidence: float = 1.0
    plausible: bool = True


@dataclass(frozen=True, slots=True)
class Missed:
    """Contact data that was said and is not stored, with the reason in one sentence."""

    text: str
    reason: str
    message_id: str = ""
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a conversation tells: at most one value a field (the latest), and what was passed over."""

    fields: Mapping[str, Found] = field(default_factory=dict)
    missed: tuple[Missed, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The planner's decision for this turn, with its reason in one sentence (`code` names it for programs).

    `field` is the field to ask for, or with RECOMMEND the offer's name. `alternative` is an easier field to
    offer in the same breath.
    """

    action: Action
    code: str
    reason: str
    field: str | None = None
    alternative: str | None = None
    explain_purpose: bool = False
    utility: float | None = None
