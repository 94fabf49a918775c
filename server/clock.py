"""The one clock. Everything that needs the time takes a `Clock`; tests hand in their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """`now()` is the wall clock in UTC; `monotonic()` counts seconds and never jumps."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


SYSTEM = Clock()


def rfc3339(moment: datetime) -> str:
    """The moment in UTC with milliseconds, as the API writes times: `2026-11-23T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
