"""Takes secrets out of what is shown, kept or told: by value, wherever they turn up."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any
from urllib.parse import quote, quote_plus

_SHORTEST = 4
_DEEPEST = 100


def hide(value: Any, secrets: Collection[str], depth: int = 0) -> Any:
    """The value with each secret replaced by `***` in every string and key of it.

    Secrets of fewer than four characters are left, since hiding them would garble everything.
    """
    if not secrets:
        return value
    if isinstance(value, str):
        return _hide_text(value, secrets)
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {_hide_text(str(k), secrets): hide(inner, secrets, depth + 1) for k, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hide(inner, secrets, depth + 1) for inner in value]
    return value


def _hide_text(text: str, secrets: Collection[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            for form in _forms(secret):
                text = text.replace(form, "***")
    return text


def _forms(secret: str) -> tuple[str, ...]:
    packed = base64.b64encode(secret.encode()).decode()
    return (secret, quote(secret, safe=""), quote_plus(secret), packed)
