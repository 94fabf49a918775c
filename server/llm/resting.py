"""Models that fail again and again are put aside for a while, and then tried by one request (a circuit breaker)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from server.llm.types import FaultKind, ModelFault

FAILURES = 3
WITHIN_SECONDS = 60.0
FIRST_SECONDS, LONGEST_SECONDS = 15.0, 240.0
PROBE_SECONDS = 60.0
_COUNTED: frozenset[FaultKind] = frozenset({"auth", "rate_limit", "unavailable", "timeout", "interrupted"})
"""Faults of the model; the others are of one request."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A model that is put aside: for how many more seconds, after how many failures in a row, and the last one's
    words."""

    model: str
    seconds_left: float
    failures: int
    kind: FaultKind
    words: str


@dataclass(slots=True)
class Attempt:
    """One request under watch: whether its answer has begun, and whether its end has come."""

    record: _Record | None = None
    answered: bool = False

    def began(self) -> None:
        """The model speaks again: others may ask it, too."""
        if self.record is not None:
            self.record.until, self.record.probing_since = 0.0, None


@dataclass(slots=True)
class _Record:
    failed_at: list[float] = field(default_factory=list)
    failures: int = 0
    until: float = 0.0
    seconds: float = 0.0
    probing_since: float | None = None
    last: ModelFault | None = None


class Rests:
    """After 3 failures in a row within a minute a model rests 15 s; each time it fails again, twice as long, at most
    4 minutes. A vendor that says how long to wait is believed at once."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._records: dict[str, _Record] = {}

    @contextmanager
    def watch(self, model: str) -> Iterator[Attempt]:
        """Lets one request to the model pass and learns from its end; who leaves before it teaches nothing.

        Raises ModelFault (`unavailable`) while the model rests.
        """
        record = self._records.get(model)
        if record is not None and record.until:
            self._enter(model, record)
        attempt = Attempt(record)
        try:
            yield attempt
        except ModelFault as fault:
            if fault.kind in _COUNTED and not attempt.answered:
                self._failed(model, fault)
            raise
        finally:
            if attempt.answered:
                self._records.pop(model, None)
            elif record := self._records.get(model):
                record.probing_since = None

    def _enter(self, model: str, record: _Record) -> None:
        now = self._monotonic()
        probing = record.probing_since is not None and now - record.probing_since < PROBE_SECONDS
        if now < record.until or probing:
            left = f"for another {max(1, round(record.until - now))} s" if now < record.until else "while one tries it"
            assert record.last is not None
            words = f"put aside {left} after {record.failures} failures in a row; the last: {record.last.words}"
            raise ModelFault("unavailable", model, words)
        if record.seconds:
            record.probing_since = now

    def _failed(self, model: str, fault: ModelFault) -> None:
        now, record = self._monotonic(), self._records.setdefault(model, _Record())
        record.failed_at = [at for at in record.failed_at if now - at <= WITHIN_SECONDS] + [now]
        record.failures += 1
        record.last = fault
        if record.probing_since is not None or len(record.failed_at) >= FAILURES:
            record.seconds = min(LONGEST_SECONDS, record.seconds * 2 or FIRST_SECONDS)
            record.until = max(record.until, now + record.seconds)
        if fault.kind == "rate_limit" and fault.retry_after:
            record.until = max(record.until, now + min(fault.retry_after, LONGEST_SECONDS))

    def resting(self) -> list[Rest]:
        """The models that are put aside now, the longest first."""
        now = self._monotonic()
        found = [
            Rest(model, record.until - now, record.failures, record.last.kind, record.last.words)
            for model, record in self._records.items()
            if record.last is not None and record.until > now
        ]
        return sorted(found, key=lambda rest: -rest.seconds_left)
