"""Messages and functions in the shape of OpenAI's chat completions, and what comes back put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Literal

from server.llm.types import Function, FunctionCall, Message

_THINK, _THOUGHT = "<think>", "</think>"


def to_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The messages as the wire has them; an assistant's message that says and calls nothing is left out."""
    return [_message(message) for message in messages if message.role != "assistant" or message.text or message.calls]


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    if not message.calls:
        return {"role": message.role, "content": message.text}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.calls
    ]
    return {"role": message.role, "content": message.text or None, "tool_calls": calls}


def to_tools(functions: Sequence[Function]) -> list[dict[str, Any]]:
    """The functions as `tools`."""
    return [
        {
            "type": "function",
            "function": {
                "name": function.name,
                "description": function.description,
                "parameters": dict(function.parameters) or {"type": "object", "properties": {}},
            },
        }
        for function in functions
    ]


@dataclass(slots=True)
class _Fragments:
    id: str = ""
    name: str = ""
    arguments: str = ""


class Calls:
    """Function calls put together from fragments, which come by index.

    Some vendors give every call the index 0 and tell them apart by their ids alone.
    """

    def __init__(self) -> None:
        self._found: list[_Fragments] = []
        self._at: dict[int, _Fragments] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, index: int, id: str | None, name: str | None, arguments: str | None) -> None:
        call = self._at.get(index)
        if call is None or (id and call.id and id != call.id):
            call = self._at[index] = _Fragments()
            self._found.append(call)
        call.id = call.id or id or ""
        call.name = call.name or name or ""
        call.arguments += arguments or ""

    def whole(self) -> tuple[FunctionCall, ...]:
        """The calls in the order in which they began; to be asked for at the end of a whole answer only."""
        return tuple(
            FunctionCall(call.id or f"call_{token_hex(8)}", call.name, call.arguments.strip() or "{}")
            for call in self._found
        )


class Thoughts:
    """Keeps a `<think>…</think>` at the start of an answer out of its text, as some open models stream it."""

    def __init__(self) -> None:
        self._held = ""
        self._state: Literal["start", "thought", "after", "answer"] = "start"

    def pass_on(self, text: str) -> str:
        """What of this piece, and of those held back before it, belongs to the answer."""
        if self._state == "answer":
            return text
        self._held += text
        if self._state == "start":
            self._begin()
        if self._state == "thought" and _THOUGHT in self._held:
            self._held, self._state = self._held.partition(_THOUGHT)[2], "after"
        if self._state == "after" and self._held.strip():
            self._held, self._state = self._held.lstrip(), "answer"
        return self.rest() if self._state == "answer" else ""

    def _begin(self) -> None:
        begun = self._held.lstrip()
        if begun.startswith(_THINK):
            self._state = "thought"
        elif not _THINK.startswith(begun):
            self._state = "answer"

    def rest(self) -> str:
        """What is still held back at the end; a thought stays where it is."""
        held, self._held = self._held, ""
        return "" if self._state in ("thought", "after") else held


def text_of(messages: Sequence[Message], functions: Sequence[Function]) -> str:
    """All that a request says, for estimating its tokens."""
    parts = [message.text for message in messages]
    parts += [call.name + call.arguments for message in messages for call in message.calls]
    parts += [function.name + function.description + _schema_text(function.parameters) for function in functions]
    return "\n".join(parts)


def _schema_text(schema: Mapping[str, Any]) -> str:
    return str(dict(schema))
