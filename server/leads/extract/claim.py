"""What one rule found in one message, before the conversation decides what it is worth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A value at `start:end` of a message. A `doubt` is the reason why it must not be stored."""

    start: int
    end: int
    value: str
    normalised: str
    plausible: bool = True
    confidence: float = 1.0
    doubt: str | None = None
