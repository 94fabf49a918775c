"""Random names for rows: 128 bits that nobody can guess."""

from __future__ import annotations

import secrets


def new_id(prefix: str) -> str:
    """A new id such as `c_9f…`: the prefix tells a reader what it is, the rest is 128 random bits."""
    return f"{prefix}_{secrets.token_hex(16)}"
