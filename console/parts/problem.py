"""The server's refusals in the visitor's language."""

from __future__ import annotations

from console.client import Refused
from console.visit import language, say


def in_words(refused: Refused) -> str:
    """What happened, what is safe, what next."""
    if refused.status == 403:
        return say("problem.forbidden")
    if refused.status == 404:
        return say("problem.not_found")
    if language() == "en":
        return refused.detail or refused.title
    return say("problem.refused", detail=refused.detail or refused.title)
