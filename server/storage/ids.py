"""Random names for rows: 128 bits that nobody can guess."""

from __future__ import annotations

import os
from collections import deque

_AT_ONCE = 256
_drawn: deque[str] = deque()
"""Random bits drawn ahead: each call to the system gives the interpreter away, which costs more than the bits."""


def _forget() -> None:
    _drawn.clear()


os.register_at_fork(after_in_child=_forget)


def new_id(prefix: str) -> str:
    """A new id such as `c_9f…`: the prefix tells a reader what it is, the rest is 128 random bits."""
    while True:
        try:
            return f"{prefix}_{_drawn.popleft()}"
        except IndexError:
            bits = os.urandom(16 * _AT_ONCE).hex()
            _drawn.extend(bits[at : at + 32] for at in range(0, len(bits), 32))
