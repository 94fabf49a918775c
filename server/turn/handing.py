"""Names of the calls that a turn hands to the program that carries the chat, from which the turn is found again."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

from server.llm.types import FunctionCall, Message

_CALL, _TURN, _DIGITS = "call_", "t_", 44


def handed(calls: Sequence[FunctionCall], turn_id: str, before: int) -> tuple[FunctionCall, ...]:
    """The calls by names of this server's making, of at most 40 characters, which is all that vendors take."""
    bits = bytes.fromhex(turn_id.removeprefix(_TURN).rjust(_DIGITS, "0"))
    name = base64.urlsafe_b64encode(bits).decode().rstrip("=")
    return tuple(replace(call, id=f"{_CALL}{name}_{at}") for at, call in enumerate(calls, before + 1))


def turn_in(exchange: Sequence[Message]) -> str | None:
    """The turn whose calls the newest of these messages answer; None where they are not of this server's making."""
    called = next((message.calls[0].id for message in reversed(exchange) if message.calls), "")
    name = called.removeprefix(_CALL).rpartition("_")[0]
    try:
        digits = base64.b64decode(name + "==", altchars=b"-_", validate=True).hex()
    except ValueError:
        return None
    return _TURN + digits[1:] if called.startswith(_CALL) and len(digits) == _DIGITS and digits[0] == "0" else None
