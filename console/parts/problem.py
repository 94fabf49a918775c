"""The server's refusals in the visitor's language."""

from __future__ import annotations

from console.client import Refused
from console.server_words import translated
from console.visit import language, say


def in_words(refused: Refused) -> str:
    """What happened, what is safe, what next."""
    if refused.status == 403:
        return say("problem.forbidden")
    if refused.status == 404:
        return say("problem.not_found")
    said = translated(refused.detail or refused.title, language())
    details = "; ".join(
        f"{one.field}: {told}" if one.field else told
        for one in refused.errors[:5]
        if (told := translated(one.message, language()))
    )
    return f"{said} {details}".strip()
