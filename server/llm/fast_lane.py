"""The lane of vendors on OpenAI's wire and on Anthropic's: litellm shapes the request, our own connection carries it.

litellm's own streaming makes a model object of each chunk, which costs more than all the rest of a turn. What it would
send is sent here too, to the letter (the tests compare); what comes back is read as OpenAI
(https://platform.openai.com/docs/api-reference/chat-streaming) and Anthropic
(https://docs.anthropic.com/en/docs/build-with-claude/streaming) describe it.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import certifi
import orjson

from server.llm.answer import Answer
from server.llm.litellm_lane import SETTINGS, LitellmLane
from server.llm.openai_shape import to_messages, to_tools
from server.llm.types import Delta, ModelFault, Piece, Request, Usage
from server.llm.vendors import Access, Vendor, Vendors

OPENAI_WIRE = frozenset(
    {"openai", "deepseek", "dashscope", "moonshot", "zai", "minimax", "volcengine", "mistral", "hosted_vllm"}
)
"""litellm's providers that it reaches by POST of this body to BASE/chat/completions with a Bearer key."""
_ANTHROPIC = "anthropic"
_KEPT_SHAPES = 256
_LONGEST_LINE = 4 * 1024 * 1024
_LONGEST_ERROR = 64 * 1024
_CLOSING_SECONDS = 2.0
_CONNECT_SECONDS = 10.0
_ERROR_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 529,
}


class _Refused(Exception):
    """An error as the vendor told it, by status or inside a stream."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status_code, self.headers = status, dict(headers or {})


@dataclass(frozen=True, slots=True)
class _Shape:
    """What stays the same between requests of one model with the same settings and functions."""

    config: Any
    optional: Mapping[str, Any]
    is_bridged: bool
    keep: Any
    """What the key names by identity, so that nothing else takes its place in memory."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request as it is sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class FastLane:
    """Streams from vendors whose wire it knows; every other request goes on to `litellm`."""

    def __init__(self, vendors: Vendors, litellm: LitellmLane) -> None:
        self._vendors, self._litellm = vendors, litellm
        self._shapes: OrderedDict[tuple[Any, ...], _Shape] = OrderedDict()
        self._session: aiohttp.ClientSession | None = None

    async def prepare(self) -> None:
        """Loads what the first answer would wait for."""
        await self._litellm.prepare()

    async def close(self) -> None:
        """Closes the connections of both lanes."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._litellm.close()

    async def stream(self, model: str, request: Request) -> AsyncGenerator[Piece, None]:
        """As `LitellmLane.stream`: the text as it comes, then its Finish; raises ModelFault."""
        begun = False
        try:
            async with aclosing(await self._chosen(model, request)) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
        except ModelFault:
            raise
        except Exception as error:
            raise self._litellm.fault(error, model, begun) from None

    async def _chosen(self, model: str, request: Request) -> AsyncGenerator[Piece, None]:
        vendor, name = self._vendors.of(model)
        if not vendor.is_fast or vendor.through not in (*OPENAI_WIRE, _ANTHROPIC):
            return self._litellm.stream(model, request)
        access = self._vendors.access(vendor)
        if access.base is None or access.key is None or access.options:
            return self._litellm.stream(model, request)
        prepared = self._prepared(await self._litellm.prepare(), vendor, name, access, request)
        if prepared is None:
            return self._litellm.stream(model, request)
        return self._pieces(vendor, name, model, request, prepared)

    # What is sent

    def _prepared(self, litellm: Any, vendor: Vendor, name: str, access: Access, request: Request) -> _Prepared | None:
        """The request in litellm's own words; None where it would take another way than chat completions."""
        assert access.base is not None
        assert access.key is not None
        shape = self._shape(litellm, vendor, name, access.base, request)
        if shape.is_bridged:
            return None
        messages = [_without_none(message) for message in to_messages(request.messages)]
        common = {"model": name, "messages": messages, "optional_params": _copied(shape.optional), "litellm_params": {}}
        headers: dict[str, str] = {}
        if vendor.through == _ANTHROPIC:
            headers = shape.config.validate_environment(headers={}, **common, api_key=access.key, api_base=access.base)
        body = dict(shape.config.transform_request(**common, headers=headers))
        body |= body.pop("extra_body", None) or {}
        path = "/v1/messages" if vendor.through == _ANTHROPIC else "/chat/completions"
        headers = headers or {"authorization": f"Bearer {access.key}"}
        base = access.base.rstrip("/")
        return _Prepared(
            base if base.endswith(path) else base + path,
            {**headers, "content-type": "application/json", "accept": "text/event-stream"},
            orjson.dumps(body),
        )

    def _shape(self, litellm: Any, vendor: Vendor, name: str, base: str, request: Request) -> _Shape:
        settings = {key: value for key, value in request.settings.items() if key in SETTINGS and value is not None}
        functions = tuple((each.name, each.description, id(each.parameters)) for each in request.functions)
        key = (vendor.through, name, base, tuple(sorted(settings.items())), functions)
        found = self._shapes.get(key)
        if found is None:
            found = self._shapes[key] = _shaped(litellm, vendor.through, name, base, settings, request)
            if len(self._shapes) > _KEPT_SHAPES:
                self._shapes.popitem(last=False)
        else:
            self._shapes.move_to_end(key)
        return found

    # What comes back

    async def _pieces(
        self, vendor: Vendor, name: str, model: str, request: Request, prepared: _Prepared
    ) -> AsyncGenerator[Piece, None]:
        answer = Answer(model, request)
        read = (_Anthropic if vendor.through == _ANTHROPIC else _OpenAI)(answer).take
        timeout = aiohttp.ClientTimeout(None, sock_connect=_CONNECT_SECONDS, sock_read=request.timeout_seconds)
        sending = self._connections().post(
            prepared.url,
            data=prepared.body,
            headers=prepared.headers,
            timeout=timeout,
            allow_redirects=False,
            proxy=_proxy_of(prepared.url),
        )
        async with sending as response:
            if response.status != 200:
                raise _Refused(response.status, await _words_of(response), response.headers)
            events = _events(response.content)
            async with aclosing(events):
                async for event in events:
                    text = read(event)
                    if text:
                        yield Delta(text)
                    if answer.reason:
                        break
                if answer.reason:
                    await _rest(events, read)
        rest = answer.rest()
        if rest:
            yield Delta(rest)
        yield self._litellm.finish(vendor, name, answer)

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            trusted = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
            connector = aiohttp.TCPConnector(limit=0, ssl=trusted, keepalive_timeout=60)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=2**18
            )
        return self._session


@lru_cache(maxsize=256)
def _proxy_of(url: str) -> str | None:
    """The proxy that the environment names for it, as litellm's clients go. aiohttp would look into files each time."""
    address = urlsplit(url)
    if proxy_bypass(address.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(address.scheme) or proxies.get("all")


def _shaped(litellm: Any, provider: str, name: str, base: str, settings: Mapping[str, Any], request: Request) -> _Shape:
    tools = to_tools(request.functions)
    wished: dict[str, Any] = {**settings, "stream": True, "stream_options": {"include_usage": True}}
    if tools:
        wished["tools"] = tools
    utils = litellm.utils
    config = utils.ProviderConfigManager.get_provider_chat_config(model=name, provider=utils.LlmProviders(provider))
    optional = utils.get_optional_params(
        model=name, custom_llm_provider=provider, drop_params=True, messages=to_messages(request.messages), **wished
    )
    kept = tuple(each.parameters for each in request.functions)
    return _Shape(config, optional, _is_bridged(litellm, provider, name, base, tools), kept)


def _is_bridged(litellm: Any, provider: str, name: str, base: str, tools: list[dict[str, Any]]) -> bool:
    """Whether litellm would ask by the Responses API instead."""
    check: Callable[..., tuple[Mapping[str, Any], str]] = litellm.main.responses_api_bridge_check
    try:
        info, _ = check(model=name, custom_llm_provider=provider, tools=tools, api_base=base)
    except TypeError:  # as older releases have it
        info, _ = check(model=name, custom_llm_provider=provider)
    return info.get("mode") == "responses" or name.startswith("responses/")


def _copied(optional: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, of which litellm takes away what it has used."""
    return {key: list(value) if isinstance(value, list) else value for key, value in optional.items()}


def _without_none(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if value is not None}


class _OpenAI:
    """Reads chunks of chat completions."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def take(self, data: bytes) -> str:
        """The text of this event that belongs to the answer. Raises _Refused for an error."""
        if data == b"[DONE]":
            return ""
        chunk = orjson.loads(data)
        answer = self._answer
        if chunk.get("error"):
            raise _told(chunk["error"])
        if usage := chunk.get("usage"):
            self._count(usage)
        choices = chunk.get("choices")
        if not choices:
            return ""
        choice = choices[0]
        delta = choice.get("delta") or {}
        for at, call in enumerate(delta.get("tool_calls") or ()):
            function = call.get("function") or {}
            index = call.get("index")
            answer.calls.add(
                at if index is None else index, call.get("id"), function.get("name"), function.get("arguments")
            )
        text = answer.say(delta.get("content"))
        if reason := choice.get("finish_reason"):
            answer.reason = _OPENAI_REASONS.get(reason, reason)
        return text

    def _count(self, usage: Mapping[str, Any]) -> None:
        details = usage.get("prompt_tokens_details") or {}
        self._answer.usage = _most(
            self._answer.usage,
            usage.get("prompt_tokens"),
            usage.get("completion_tokens"),
            details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens"),
        )


_OPENAI_REASONS = {"sensitive": "content_filter", "max_tokens": "length", "end_turn": "stop", "eos": "stop"}
"""What some vendors on this wire write instead (Zhipu: `sensitive`)."""


_ANTHROPIC_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class _Anthropic:
    """Reads events of messages."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def take(self, data: bytes) -> str:
        """The text of this event that belongs to the answer. Raises _Refused for an error."""
        event = orjson.loads(data)
        match event.get("type"):
            case "content_block_delta":
                return self._delta(event)
            case "content_block_start":
                block = event["content_block"]
                if block.get("type") == "tool_use":
                    self._answer.calls.add(event["index"], block.get("id"), block.get("name"), "")
                return self._answer.say(block.get("text") if block.get("type") == "text" else "")
            case "message_start":
                self._count(event["message"].get("usage") or {})
            case "message_delta":
                self._count(event.get("usage") or {})
                if reason := event["delta"].get("stop_reason"):
                    self._answer.reason = _ANTHROPIC_REASONS.get(reason, reason)
            case "error":
                raise _told(event.get("error") or {})
        return ""

    def _delta(self, event: Mapping[str, Any]) -> str:
        delta = event["delta"]
        if delta.get("type") == "input_json_delta":
            self._answer.calls.add(event["index"], None, None, delta.get("partial_json"))
        return self._answer.say(delta.get("text") if delta.get("type") == "text_delta" else "")

    def _count(self, usage: Mapping[str, Any]) -> None:
        cached = usage.get("cache_read_input_tokens") or 0
        asked = (usage.get("input_tokens") or 0) + cached + (usage.get("cache_creation_input_tokens") or 0)
        self._answer.usage = _most(self._answer.usage, asked, usage.get("output_tokens"), cached)


def _most(before: Usage | None, prompt: int | None, completion: int | None, cached: int | None) -> Usage:
    """Counts are running totals, spread by some vendors over the first and the last chunk."""
    before = before or Usage()
    return Usage(
        prompt_tokens=max(before.prompt_tokens, prompt or 0),
        completion_tokens=max(before.completion_tokens, completion or 0),
        cached_tokens=max(before.cached_tokens, cached or 0),
    )


def _told(error: Any) -> _Refused:
    """An error inside a stream: by its number, or its type where it has one."""
    if not isinstance(error, Mapping):
        return _Refused(0, str(error))
    named = next((error[name] for name in ("code", "type") if error.get(name) in _ERROR_STATUS), "")
    code = error.get("code")
    status = int(code) if isinstance(code, int | str) and str(code).isdigit() and len(str(code)) == 3 else 0
    return _Refused(status or _ERROR_STATUS.get(named, 0), orjson.dumps(dict(error)).decode())


async def _words_of(response: aiohttp.ClientResponse) -> str:
    """What the vendor says of an error, bounded."""
    with suppress(aiohttp.ClientError, asyncio.TimeoutError):
        body = await response.content.read(_LONGEST_ERROR)
        return body.decode("utf-8", "replace") or response.reason or "no words"
    return response.reason or "no words"


async def _events(content: aiohttp.StreamReader) -> AsyncGenerator[bytes, None]:
    """The data of server-sent events, each of one line as both wires write them (HTML, section 9.2)."""
    held = b""
    async for part in content.iter_any():
        *lines, held = (held + part).split(b"\n")
        for data in _data(lines):
            yield data
        if len(held) > _LONGEST_LINE:
            raise _Refused(0, "an event that does not end")
    for data in _data([held]):
        yield data


def _data(lines: list[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line.startswith(b"data:") and (data := line[5:].strip()):
            yield data


async def _rest(events: AsyncIterator[bytes], read: Callable[[bytes], str]) -> None:
    """Reads on for the count of tokens and for a connection that can serve again; the answer is whole already."""
    with suppress(Exception):
        async with asyncio.timeout(_CLOSING_SECONDS):
            async for event in events:
                read(event)
