"""OpenAI's chat completions as this server takes them: the body, the answer whole and in chunks, the errors.

"Create chat completion", https://platform.openai.com/docs/api-reference/chat/create, with its streaming and errors.
Fields that are not named here are taken and not used: the persona decides on model, temperature and the like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from server.api.shapes import Clean, PlainJson, Short
from server.api.wire import json_bytes
from server.errors import Invalid, NotFound, RapportError

PREFIX = "/v1/"
LONGEST_TEXT = 20_000
LONGEST_RESULT = 100_000
LONGEST_CONTEXT = 20_000
MOST_MESSAGES = 2_000
MOST_FUNCTIONS = 128
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, in the shape of OpenAI's errors",
        "content": {
            "application/json": {
                "schema": {
                    "title": "CompletionProblem",
                    "type": "object",
                    "required": ["error"],
                    "properties": {
                        "error": {
                            "type": "object",
                            "required": ["message", "type", "param", "code"],
                            "properties": {
                                "message": {"type": "string"},
                                "type": {"type": "string"},
                                "param": {"type": ["string", "null"]},
                                "code": {"type": ["string", "null"]},
                            },
                        }
                    },
                }
            }
        },
    }
}
"""Every operation's errors, for the OpenAPI document."""
_REASONS = {"function_calls": "tool_calls"}
_EITHER = re.compile(r"\.(?:str|list\[\w+\])(?=[.:]|$)")
_AT = re.compile(r"\.(\d+)(?=\.|$)")


class UnknownModel(NotFound):
    """No persona of that name: OpenAI's `model_not_found`."""


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class CalledFunction(_Lenient):
    """A function's name and its arguments as JSON text, as the model wrote them."""

    name: Annotated[Clean, StringConstraints(max_length=200)]
    arguments: Annotated[Clean, StringConstraints(max_length=LONGEST_RESULT)] = "{}"


class ToolCall(_Lenient):
    """A call that an assistant's message holds."""

    id: Annotated[Short, StringConstraints(min_length=1)]
    type: Literal["function"] = "function"
    function: CalledFunction


class Part(_Lenient):
    """A part of a message: text, or a kind of which this server says that it does not take it."""

    type: Short
    text: Clean | None = None


class CompletionMessage(_Lenient):
    """One message, by role."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = Field(None, max_length=MOST_FUNCTIONS)
    tool_call_id: Short | None = None


class OfferedFunction(_Lenient):
    """A function that the caller runs itself; `parameters` is JSON Schema of an object."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: Annotated[Clean, StringConstraints(max_length=10_000)] | None = None
    parameters: PlainJson | None = None


class Tool(_Lenient):
    """A function, wrapped as the wire has it."""

    type: Literal["function"]
    function: OfferedFunction


class ResponseFormat(_Lenient):
    """The form of the answer: text."""

    type: Literal["text"]


class StreamOptions(_Lenient):
    """`include_usage`: a last chunk with the tokens."""

    include_usage: bool | None = None


class CompletionBody(_Lenient):
    """A request. `model` is a persona's name; `metadata.conversation_id` goes on with a conversation."""

    model: Short
    messages: list[CompletionMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: Short | None = None
    metadata: dict[Short, Annotated[Clean, StringConstraints(max_length=512)]] | None = Field(None, max_length=16)
    tools: list[Tool] | None = Field(None, max_length=MOST_FUNCTIONS)
    tool_choice: Literal["auto", "none"] | None = None
    n: Literal[1] | None = None
    response_format: ResponseFormat | None = None
    logprobs: Literal[False] | None = None


def text_of(message: CompletionMessage, place: str) -> str:
    """The message's text. Raises Invalid for parts that are none."""
    if not isinstance(message.content, list):
        return _storable(message.content or "", f"{place}.content")
    for at, part in enumerate(message.content):
        if part.type not in ("text", "refusal") or (part.type == "text" and part.text is None):
            raise wrong(
                f"{place}.content.{at}",
                f"a part of the type `{part.type[:40]}` is not taken: this persona takes text only",
            )
    return "\n".join(part.text for part in message.content if part.type == "text" and part.text)


def _storable(text: str, field: str) -> str:
    if "\0" in text:
        raise wrong(field, "holds a NUL character")
    return text


def wrong(field: str, words: str) -> Invalid:
    """What is wrong with one field of the body."""
    return Invalid(f"{field}: {words}.", errors=[{"field": field, "message": words}])


def refusal(error: RapportError) -> Response:
    """The answer that tells of an error, as OpenAI tells it."""
    status = 400 if error.status in (413, 422) else error.status
    headers = {}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    return Response(json_bytes(error_of(error)), status, headers, "application/json")


def error_of(error: RapportError) -> dict[str, Any]:
    """The body of an error."""
    codes = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
    code = "model_not_found" if isinstance(error, UnknownModel) else codes.get(error.status)
    kind = "server_error" if error.status >= 500 else "rate_limit_error" if error.status == 429 else None
    field = _EITHER.sub("", str(error.errors[0]["field"])) if error.errors else None
    shown = {
        "message": _EITHER.sub("", error.detail),
        "type": kind or "invalid_request_error",
        "param": _AT.sub(r"[\1]", field) if field else None,
        "code": code,
    }
    return {"error": shown}


class Completion:
    """One answer on its way to the caller. `created` is seconds since 1970."""

    def __init__(self, turn_id: str, model: str, created: int, spent: tuple[int, int] = (0, 0)) -> None:
        self.id = f"chatcmpl-{turn_id}"
        self._model, self._created, self._spent = model, created, spent
        self._start = orjson.dumps(self._head("chat.completion.chunk"))[:-1]

    def whole(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The answer in one piece."""
        calls = self._calls(answer)
        text = answer["reply"]["text"] or (None if calls else "")
        message = {"role": "assistant", "content": text, "refusal": None, **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(answer)}
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": self._usage(answer),
            "system_fingerprint": answer["fingerprint"],
        }

    def first(self) -> bytes:
        """The chunk that says whose turn it is."""
        return self._chunk(b'{"role":"assistant","content":"","refusal":null}')

    def text(self, data: bytes) -> bytes:
        """A chunk of text, from the `delta` event's data."""
        return self._chunk(b'{"content":' + data[len(b'{"text":') :])

    def last(self, answer: Mapping[str, Any], *, said: bool, usage: bool) -> bytes:
        """The chunks of the end: what was not said before, calls, why it ended, tokens when asked for, [DONE]."""
        chunks = []
        if not said and answer["reply"]["text"]:
            chunks.append(self._chunk(orjson.dumps({"content": answer["reply"]["text"]})))
        calls = [{"index": at, **call} for at, call in enumerate(self._calls(answer))]
        if calls:
            chunks.append(self._chunk(orjson.dumps({"tool_calls": calls})))
        chunks.append(self._chunk(b"{}", _reason(answer)))
        if usage:
            told = {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage(answer)}
            chunks.append(_event(orjson.dumps(told)))
        return b"".join((*chunks, b"data: [DONE]\n\n"))

    def broken(self, error: RapportError) -> bytes:
        """What ends a stream that failed."""
        return _event(orjson.dumps(error_of(error)))

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self._created, "model": self._model}

    def _chunk(self, delta: bytes, reason: str | None = None) -> bytes:
        ended = orjson.dumps(reason)
        choice = b'{"index":0,"delta":' + delta + b',"logprobs":null,"finish_reason":' + ended + b"}"
        return _event(self._start + b',"choices":[' + choice + b"]}")

    def _usage(self, answer: Mapping[str, Any]) -> dict[str, int]:
        usage, (prompt, completion) = answer["usage"], self._spent
        prompt, completion = usage["prompt_tokens"] - prompt, usage["completion_tokens"] - completion
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _calls(self, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
            for call in answer.get("waits_for", ())
        ]


def _reason(answer: Mapping[str, Any]) -> str:
    reason: str = answer.get("finish_reason", "stop")
    return _REASONS.get(reason, reason)


def _event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"


def listed(names: Sequence[str], created: int) -> dict[str, Any]:
    """The personas as `GET /v1/models` lists them."""
    return {"object": "list", "data": [model_of(name, created) for name in names]}


def model_of(name: str, created: int) -> dict[str, Any]:
    """A persona as a model."""
    return {"id": name, "object": "model", "created": created, "owned_by": "rapport"}
