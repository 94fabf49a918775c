"""Two vendors' wires on loopback: OpenAI's chat completions and Anthropic's messages, as JSON and as events.

A `WireServer` checks what it receives the way the vendor would (key, roles, tool schemas, every call
answered) and refuses in the vendor's error shape; what it accepts it answers from a script.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

import jsonschema_rs
from aiohttp import web

KEY = "sk-wire-0123456789abcdef"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ANTHROPIC_REASONS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}
_ANTHROPIC_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A function call the double makes; `fragments` cuts its arguments into that many pieces."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str = ""
    fragments: int = 3

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)

    def pieces(self) -> list[str]:
        text, size = self.text, max(1, -(-len(self.text) // self.fragments))
        return [text[at : at + size] for at in range(0, len(text), size)]


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer.

    `chunks` are the pieces `text` is streamed in (default: the words). `calls` take `Call` or
    `(name, arguments)`. `status` other than 200 is the vendor's error with `error` as message. `cut_after`
    closes the connection after that many events; `raw` replaces the body; `split_bytes` writes one byte at a
    time, so that characters and events fall across packets; `hold` is waited for before the first byte and
    `hold_after` after that many events.
    """

    text: str = ""
    calls: Sequence[Call | tuple[str, Mapping[str, Any]]] = ()
    status: int = 200
    error: str = "the double says no"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Sequence[str] | None = None
    reason: str | None = None
    reasoning: str = ""
    usage: tuple[int, int] | None = (11, 7)
    cached: int = 0
    cut_after: int | None = None
    raw: bytes | None = None
    split_bytes: bool = False
    hold: asyncio.Event | None = None
    hold_after: int = 0

    @property
    def pieces(self) -> list[str]:
        if self.chunks is not None:
            return list(self.chunks)
        return re.findall(r"\S+\s*|\s+", self.text)

    @property
    def whole(self) -> str:
        return "".join(self.chunks) if self.chunks is not None else self.text

    @property
    def all_calls(self) -> list[Call]:
        given = [call if isinstance(call, Call) else Call(*call) for call in self.calls]
        return [call if call.id else replace(call, id=f"call_{n}") for n, call in enumerate(given, 1)]

    @property
    def why(self) -> str:
        return self.reason or ("tool_calls" if self.calls else "stop")


Script = Answer | Callable[[dict[str, Any]], Answer | Awaitable[Answer]]


class Refused(Exception):
    """What the vendor would refuse."""

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers


class WireServer:
    """`async with WireServer() as wire:` - both wires on a free port of 127.0.0.1.

    `script(model, answers)`: each next request for that model (its name as the vendor sees it, `*` for any)
    takes the next answer, or what a callable makes of the body; the last one stays when `repeat`.
    `requests` are the bodies received, refused ones too; `refusals` are the reasons given; `seen` are the
    request headers; `extra` are arguments that the vendor played here knows and OpenAI does not; `left` is
    set when a caller goes away in the middle of an answer.
    """

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.requests: list[dict[str, Any]] = []
        self.seen: list[Mapping[str, str]] = []
        self.refusals: list[str] = []
        self.extra: set[str] = set()
        self.left = asyncio.Event()
        self.arrived = asyncio.Event()
        self._scripts: dict[str, list[Script]] = defaultdict(list)
        self._repeat: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_post("/v1/messages", self._anthropic)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        """The base address an OpenAI client takes."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def anthropic_url(self) -> str:
        """The base address an Anthropic client takes."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead both vendors here."""
        return {
            "OPENAI_API_KEY": self.key,
            "OPENAI_BASE_URL": self.base_url,
            "ANTHROPIC_API_KEY": self.key,
            "ANTHROPIC_BASE_URL": self.anthropic_url,
        }

    def script(self, model: str, answers: Sequence[Script] | Script, *, repeat: bool = False) -> None:
        given = [answers] if isinstance(answers, Answer) or callable(answers) else list(answers)
        self._scripts[model] += given
        if repeat:
            self._repeat.add(model)

    def forget(self, model: str) -> None:
        """Drops what is left of a model's script."""
        self._scripts.pop(model, None)

    async def _next(self, body: dict[str, Any]) -> Answer:
        model = str(body.get("model"))
        name = model if self._scripts.get(model) else "*"
        queue = self._scripts.get(name)
        if not queue:
            raise Refused(404, f"The model `{model}` has no scripted answer left", "model_not_found")
        step = queue[0] if name in self._repeat and len(queue) == 1 else queue.pop(0)
        made = step if isinstance(step, Answer) else step(body)
        return made if isinstance(made, Answer) else await made

    async def _take(self, request: web.Request) -> dict[str, Any]:
        self.seen.append(request.headers.copy())
        try:
            body = json.loads(await request.read())
        except ValueError:
            raise Refused(400, "We could not parse the JSON body of your request.") from None
        self.requests.append(body)
        self.arrived.set()
        return body

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        try:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            refusal = None if given == self.key else f"Incorrect API key provided: {given}."
            body, answer = await self._accept(request, refusal, self._check_openai)
        except Refused as refused:
            return web.json_response(_openai_error(refused), status=refused.status, headers=refused.headers)
        if not body.get("stream"):
            return web.json_response(_openai_whole(answer, body["model"]), headers=answer.headers)
        events = [f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in _openai_events(answer, body)]
        return await self._send(request, answer, [*events, "data: [DONE]\n\n"])

    def _check_openai(self, body: dict[str, Any]) -> None:
        check_openai({name: value for name, value in body.items() if name not in self.extra})

    async def _anthropic(self, request: web.Request) -> web.StreamResponse:
        try:
            refusal = None if request.headers.get("x-api-key") == self.key else "invalid x-api-key"
            body, answer = await self._accept(request, refusal, check_anthropic)
        except Refused as refused:
            return web.json_response(_anthropic_error(refused), status=refused.status, headers=refused.headers)
        if not body.get("stream"):
            return web.json_response(_anthropic_whole(answer, body["model"]), headers=answer.headers)
        events = [
            f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
            for event in _anthropic_events(answer, body["model"])
        ]
        return await self._send(request, answer, events)

    async def _accept(
        self, request: web.Request, refusal: str | None, check: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], Answer]:
        try:
            body = await self._take(request)
            if refusal is not None:
                raise Refused(401, refusal, "invalid_api_key")
            check(body)
            answer = await self._next(body)
            await _held(answer, 0)
            if answer.status != 200:
                raise Refused(answer.status, answer.error, answer.code, answer.headers)
        except Refused as refused:
            self.refusals.append(refused.message)
            raise
        except asyncio.CancelledError:
            self.left.set()
            raise
        return body, answer

    async def _send(self, request: web.Request, answer: Answer, events: list[str]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **answer.headers})
        try:
            await response.prepare(request)
            if answer.raw is not None:
                await response.write(answer.raw)
                await response.write_eof()
                return response
            for at, event in enumerate(events):
                if answer.cut_after == at:
                    _cut(request)
                    return response
                if at:
                    await _held(answer, at)
                await _write(response, event.encode(), answer.split_bytes)
            await response.write_eof()
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise
        return response


async def _held(answer: Answer, at: int) -> None:
    if answer.hold is not None and answer.hold_after == at:
        await answer.hold.wait()


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _write(response: web.StreamResponse, data: bytes, split: bool) -> None:
    if not split:
        await response.write(data)
        return
    for byte in data:
        await response.write(bytes([byte]))
        await asyncio.sleep(0)


# OpenAI's shapes: https://platform.openai.com/docs/api-reference/chat


def _openai_error(refused: Refused) -> dict[str, Any]:
    kind = "invalid_request_error" if refused.status < 500 else "server_error"
    return {"error": {"message": refused.message, "type": kind, "param": None, "code": refused.code}}


def _openai_usage(answer: Answer) -> dict[str, Any] | None:
    if answer.usage is None:
        return None
    prompt, completion = answer.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": answer.cached},
    }


def _openai_whole(answer: Answer, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.whole or None}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.text}}
            for call in answer.all_calls
        ]
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.why}],
    }
    usage = _openai_usage(answer)
    return whole if usage is None else {**whole, "usage": usage}


def _openai_events(answer: Answer, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": int(time.time())}
    frame["model"] = body["model"]

    def event(delta: dict[str, Any], why: str | None = None) -> dict[str, Any]:
        return {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": why}]}

    events = [event({"role": "assistant", "content": ""})]
    events += [event({"reasoning_content": piece}) for piece in re.findall(r"\S+\s*", answer.reasoning)]
    events += [event({"content": piece}) for piece in answer.pieces]
    events += [event({"tool_calls": [fragment]}) for fragment in _openai_fragments(answer.all_calls)]
    events.append(event({}, answer.why))
    if (body.get("stream_options") or {}).get("include_usage") and answer.usage is not None:
        events.append({**frame, "choices": [], "usage": _openai_usage(answer)})
    return events


def _openai_fragments(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Heads first, then the arguments of all calls in turns: what a client must sort by index."""
    heads = [
        {"index": n, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        for n, call in enumerate(calls)
    ]
    rounds = max((len(call.pieces()) for call in calls), default=0)
    return heads + [
        {"index": n, "function": {"arguments": call.pieces()[step]}}
        for step in range(rounds)
        for n, call in enumerate(calls)
        if step < len(call.pieces())
    ]


_OPENAI_KEYS = frozenset(
    """model messages stream stream_options tools tool_choice parallel_tool_calls temperature top_p max_tokens
    max_completion_tokens stop n seed presence_penalty frequency_penalty user response_format reasoning_effort
    """.split()  # noqa: SIM905
)


def check_openai(body: Mapping[str, Any]) -> None:
    """Raises Refused where OpenAI's API would answer 400."""
    unknown = sorted(set(body) - _OPENAI_KEYS)
    if unknown:
        raise Refused(400, f"Unrecognized request argument supplied: {', '.join(unknown)}")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Refused(400, "you must provide a model parameter")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise Refused(400, "[] is too short - 'messages'")
    _check_openai_messages(body["messages"])
    names = [_checked_tool(tool) for tool in body.get("tools") or []]
    if "tools" in body and not names:
        raise Refused(400, "[] is too short - 'tools'")
    if len(names) != len(set(names)):
        raise Refused(400, "Invalid 'tools': function names must be unique")
    temperature = body.get("temperature")
    if temperature is not None and not 0 <= temperature <= 2:
        raise Refused(400, f"Invalid 'temperature': {temperature} is not between 0 and 2")


def _check_openai_messages(messages: Sequence[Mapping[str, Any]]) -> None:
    waiting: set[str] = set()
    for at, message in enumerate(messages):
        role = message.get("role")
        if role not in ("system", "developer", "user", "assistant", "tool"):
            raise Refused(400, f"Invalid value: '{role}' - 'messages[{at}].role'")
        if role == "tool":
            if message.get("tool_call_id") not in waiting:
                raise Refused(400, "messages with role 'tool' must be a response to a preceding 'tool_calls'.")
            waiting.discard(message["tool_call_id"])
        elif waiting:
            raise Refused(400, f"tool_call_ids did not have response messages: {', '.join(sorted(waiting))}")
        calls = message.get("tool_calls") or []
        if "tool_calls" in message and (role != "assistant" or not calls):
            raise Refused(400, f"Invalid 'messages[{at}].tool_calls'")
        if not calls and not isinstance(message.get("content"), str | list):
            raise Refused(400, f"Invalid value for 'content': got null. - 'messages[{at}].content'")
        for call in calls:
            if call.get("type") != "function" or not _NAME.fullmatch(call["function"]["name"]):
                raise Refused(400, f"Invalid 'messages[{at}].tool_calls'")
            if not isinstance(call["function"]["arguments"], str):
                raise Refused(400, f"Invalid type for 'messages[{at}].tool_calls.function.arguments'")
            waiting.add(call["id"])
    if waiting:
        raise Refused(400, f"tool_call_ids did not have response messages: {', '.join(sorted(waiting))}")


def _checked_tool(tool: Mapping[str, Any]) -> str:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        raise Refused(400, "Invalid 'tools[0]': expected a function")
    _check_schema(function.get("name"), function.get("parameters"))
    return str(function["name"])


def _check_schema(name: object, schema: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused(400, f"Invalid 'tools.function.name': '{name}' does not match '^[a-zA-Z0-9_-]+$'")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise Refused(400, f"Invalid schema for function '{name}': schema must have type 'object'")
    if not jsonschema_rs.meta.is_valid(schema):
        raise Refused(400, f"Invalid schema for function '{name}': not a JSON Schema")


# Anthropic's shapes: https://docs.anthropic.com/en/api/messages and /messages-streaming


def _anthropic_error(refused: Refused) -> dict[str, Any]:
    kind = _ANTHROPIC_ERRORS.get(refused.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": refused.message}, "request_id": "req_1"}


def _anthropic_usage(answer: Answer) -> dict[str, int]:
    prompt, completion = answer.usage or (0, 0)
    return {
        "input_tokens": prompt - answer.cached,
        "output_tokens": completion,
        "cache_read_input_tokens": answer.cached,
        "cache_creation_input_tokens": 0,
    }


def _anthropic_whole(answer: Answer, model: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if answer.reasoning:
        content.append({"type": "thinking", "thinking": answer.reasoning, "signature": "c2ln"})
    if answer.whole:
        content.append({"type": "text", "text": answer.whole})
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.text)}
        for call in answer.all_calls
    ]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": _ANTHROPIC_REASONS[answer.why],
        "stop_sequence": None,
        "usage": _anthropic_usage(answer),
    }


def _anthropic_events(answer: Answer, model: str) -> list[dict[str, Any]]:
    usage = _anthropic_usage(answer)
    head = {**_anthropic_whole(Answer(usage=answer.usage, cached=answer.cached), model), "stop_reason": None}
    head["usage"] = {**usage, "output_tokens": 1}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": head}, {"type": "ping"}]
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if answer.reasoning:
        blocks.append(
            (
                {"type": "thinking", "thinking": "", "signature": ""},
                [
                    {"type": "thinking_delta", "thinking": answer.reasoning},
                    {"type": "signature_delta", "signature": "c2ln"},
                ],
            )
        )
    if answer.pieces:
        blocks.append(
            ({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in answer.pieces])
        )
    for call in answer.all_calls:
        blocks.append(
            (
                {"type": "tool_use", "id": call.id, "name": call.name, "input": {}},
                [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *call.pieces()]],
            )
        )
    for index, (start, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": _ANTHROPIC_REASONS[answer.why], "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage["output_tokens"]}})
    return [*events, {"type": "message_stop"}]


def check_anthropic(body: Mapping[str, Any]) -> None:
    """Raises Refused where Anthropic's API would answer 400."""
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        raise Refused(400, "max_tokens: Field required")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages: at least one message is required")
    if "stream_options" in body:
        raise Refused(400, "stream_options: Extra inputs are not permitted")
    waiting: set[str] = set()
    for at, message in enumerate(messages):
        waiting = _check_anthropic_message(at, message, waiting)
    if waiting:
        raise Refused(400, f"`tool_use` ids were found without `tool_result` blocks: {sorted(waiting)}")
    for tool in body.get("tools") or []:
        _check_schema(tool.get("name"), tool.get("input_schema"))
    temperature = body.get("temperature")
    if temperature is not None and not 0 <= temperature <= 1:
        raise Refused(400, "temperature: range: 0..1")


def _check_anthropic_message(at: int, message: Mapping[str, Any], waiting: set[str]) -> set[str]:
    role, content = message.get("role"), message.get("content")
    if role not in ("user", "assistant"):
        raise Refused(400, f"messages.{at}.role: Input should be 'user' or 'assistant'")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])
    if not blocks:
        raise Refused(400, f"messages.{at}: all messages must have non-empty content")
    if any(block["type"] == "text" and not block["text"] for block in blocks):
        raise Refused(400, "messages: text content blocks must be non-empty")
    results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
    if results - waiting:
        raise Refused(400, f"messages.{at}: unexpected `tool_use_id` found in `tool_result` blocks")
    if waiting - results:
        raise Refused(400, f"`tool_use` ids were found without `tool_result` blocks: {sorted(waiting)}")
    return {block["id"] for block in blocks if block["type"] == "tool_use"}
