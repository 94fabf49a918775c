"""Names of those who act, as people know them."""

from __future__ import annotations

from console.parts.label import plainly
from console.visit import say

_ADMIN_KEY = "RAPPORT_ADMIN_TOKEN"
_OPERATOR = "operator"


def who(actor: str) -> str:
    """A person's address or a key's name; the server's own ways in have words of their own."""
    if actor == _ADMIN_KEY:
        return say("common.admin_key")
    if actor == _OPERATOR:
        return say("common.operator")
    return plainly(actor)
