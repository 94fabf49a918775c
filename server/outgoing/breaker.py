"""A breaker per host: a service that fails again and again is left alone for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from server.outgoing.errors import FaultKind, OutgoingError

FAILURES = 5
WITHIN_SECONDS = 30.0
OPEN_SECONDS = 15.0
FAILING_STATUS = frozenset({502, 503, 504})
_FAILING: frozenset[FaultKind] = frozenset({"connect", "tls", "timeout", "protocol", "dns"})
_KEPT = 1_000

Place = tuple[str, int]
"""Host and port."""


@dataclass(slots=True)
class _Record:
    """What went wrong in a row at one place. `open_until` is 0 while calls pass."""

    failed_at: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES))
    open_until: float = 0.0
    probing: bool = False


@dataclass(slots=True)
class Attempt:
    """One request under watch; who sent it tells the status that came back."""

    status: int = 0


class Breakers:
    """After 5 failures in a row within 30 s a place is left alone for 15 s; then one request tries it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._records: OrderedDict[Place, _Record] = OrderedDict()

    @contextmanager
    def watch(self, place: Place, deadline: float) -> Iterator[Attempt]:
        """Lets one request pass and learns from its end. Raises OutgoingError while the place is left alone.

        A request that is cancelled counts as a failure when its `deadline` (of this clock) is all but over:
        whoever waits for it may give up a moment before the request does.
        """
        record = self._records.get(place)
        if record is not None:
            self._enter(place, record)
        attempt = Attempt()
        try:
            yield attempt
        except OutgoingError as error:
            self._ended(place, error.kind in _FAILING)
            raise
        except asyncio.CancelledError:
            self._given_up(place, self._monotonic() >= deadline - 0.05)
            raise
        except BaseException:
            self._given_up(place, False)
            raise
        self._ended(place, attempt.status in FAILING_STATUS)

    def _enter(self, place: Place, record: _Record) -> None:
        if not record.open_until:
            return
        left = record.open_until - self._monotonic()
        if left > 0 or record.probing:
            wait = f"for another {max(left, 1):.0f} s" if left > 0 else "until one request has tried it"
            raise OutgoingError("unavailable", f"{place[0]} failed {FAILURES} times in a row; it is left alone {wait}")
        record.probing = True

    def _ended(self, place: Place, failed: bool) -> None:
        if not failed:
            self._records.pop(place, None)
            return
        now, record = self._monotonic(), self._records.setdefault(place, _Record())
        record.failed_at.append(now)
        if record.probing or (len(record.failed_at) == FAILURES and now - record.failed_at[0] <= WITHIN_SECONDS):
            record.open_until = now + OPEN_SECONDS
        record.probing = False
        while len(self._records) > _KEPT:
            self._records.popitem(last=False)

    def _given_up(self, place: Place, at_the_deadline: bool) -> None:
        if at_the_deadline:
            self._ended(place, True)
        elif record := self._records.get(place):
            record.probing = False
