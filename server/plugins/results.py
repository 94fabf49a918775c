"""What comes out of a call: for the model, for the record, and in words when it went wrong."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from server.errors import RapportError
from server.outgoing import OutgoingError
from server.plugins.masking import hide
from server.plugins.operation import Operation
from server.plugins.references import Unfilled
from server.plugins.types import CallStatus

SHOWN_CHARACTERS = 4_000


def explained(error: Exception, operation: Operation, limit: float, secrets: set[str]) -> tuple[CallStatus, str, str]:
    """Status, a sentence for the people who run this, and one for the model."""
    if isinstance(error, TimeoutError) or (isinstance(error, OutgoingError) and error.kind == "timeout"):
        maybe = "; it may have been done all the same" if operation.effect == "write" else ""
        words = f"`{operation.name}` took longer than {limit:g} s{maybe}"
        return "timeout", words, words
    if isinstance(error, Unfilled | RapportError):
        words = str(hide(str(error), secrets))
        return "failed", words, words
    if isinstance(error, SQLAlchemyError):
        return "failed", f"the database says: {first_line(error, secrets)}", "The table cannot be used now."
    return "failed", f"`{operation.name}` broke: {type(error).__name__}", "The function does not work now."


def first_line(error: Exception, secrets: set[str]) -> str:
    """What a database said, without the lines that repeat values."""
    words = str(getattr(error, "orig", None) or error).strip()
    return str(hide(words.splitlines()[0][:200] if words else type(error).__name__, secrets))


def for_model(value: Any) -> str:
    """JSON for the model, with a note of how much was cut."""
    text = json.dumps({"ok": True} if value is None else value, ensure_ascii=False, default=str)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}… ({len(text) - SHOWN_CHARACTERS:,} more characters left out)"


def bounded(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as they are kept: long ones cut, key by key."""
    if len(json.dumps(arguments, ensure_ascii=False)) <= SHOWN_CHARACTERS:
        return arguments
    return {name[:100]: _shorter(value) for name, value in list(arguments.items())[:40]}


def _shorter(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= 200 else f"{text[:200]}… ({len(text):,} characters)"
