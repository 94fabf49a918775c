"""Random names for rows: 128 bits that nobody can guess."""

from __future__ import annotations

import os
import time
from collections import deque

_AT_ONCE = 256
_drawn: deque[str] = deque()
"""Random bits drawn ahead: each call to the system gives the interpreter away, which costs more than the bits."""


def _forget() -> None:
    _drawn.clear()


os.register_at_fork(after_in_child=_forget)


def new_id(prefix: str) -> str:
    """A new id such as `c_019a…`: what it is, the millisecond, and 128 random bits.

    The time in front keeps neighbours in time neighbours on disk, so that a commit writes fewer pages.
    """
    while True:
        try:
            return f"{prefix}_{time.time_ns() // 1_000_000:011x}{_drawn.popleft()}"
        except IndexError:
            bits = os.urandom(16 * _AT_ONCE).hex()
            _drawn.extend(bits[at : at + 32] for at in range(0, len(bits), 32))
