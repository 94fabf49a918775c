"""The lane to every vendor that litellm knows. No other file imports litellm, and this one at first use."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import math
import os
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from server.llm.answer import Answer
from server.llm.faults import fault_of
from server.llm.openai_shape import to_messages, to_tools
from server.llm.types import Delta, Finish, ModelFault, Piece, Request, Usage
from server.llm.vendors import Vendor, Vendors

SETTINGS = frozenset({"temperature", "max_tokens", "top_p"})
_LOGGERS = ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router")
_QUIET = ("httpx", "httpcore", "openai", "openai._base_client")
# What litellm would import during the first answer, holding up the event loop for two seconds.
_LATER = (
    "openai.resources.chat",
    "litellm._service_logger",
    "litellm.litellm_core_utils.default_encoding",
    "litellm.llms.litellm_proxy.chat.transformation",
    "litellm.proxy.openai_files_endpoints.common_utils",
    "litellm.responses.mcp.chat_completions_handler",
)
_CLOSING_SECONDS = 2.0
_FEW = 1_000
_FLAT_TOKENS = 100_000
_importing = threading.Lock()
_Flat = tuple[float, float, float]


def _silence() -> None:
    """They log prompts, addresses and headers."""
    for name in _LOGGERS:
        logging.getLogger(name).disabled = True
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))


def _litellm() -> Any:
    """litellm, imported once (4-6 s) and made to stay silent and at home."""
    with _importing:
        # No price table from the network, no `.env` of its own finding.
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        os.environ["LITELLM_MODE"] = "PRODUCTION"
        _silence()
        litellm: Any = importlib.import_module("litellm")
        litellm.telemetry = False
        litellm.suppress_debug_info = True
        litellm.set_verbose = False
        litellm.drop_params = True
        litellm.disable_streaming_logging = True
        litellm.disable_hf_tokenizer_download = True
        for name in _LATER:
            with suppress(ImportError):
                importlib.import_module(name)
        gc.freeze()  # a million objects that stay: each full collection would look at all of them
        return litellm


class LitellmLane:
    """Streams from the vendor that a model string names; keys and addresses come from `vendors` alone."""

    def __init__(self, vendors: Vendors) -> None:
        self._vendors = vendors
        self._loaded: Any = None
        self._loading = asyncio.Lock()
        self._prices: dict[tuple[str, str], _Flat | tuple[()] | None] = {}

    async def prepare(self) -> Any:
        """litellm, imported in a thread, so that the first answer does not wait for it."""
        if self._loaded is None:
            async with self._loading:
                self._loaded = await asyncio.to_thread(_litellm)
        return self._loaded

    async def close(self) -> None:
        """Closes the connections that litellm keeps."""
        if self._loaded is not None:
            await self._loaded.close_litellm_async_clients()

    async def stream(self, model: str, request: Request) -> AsyncGenerator[Piece, None]:
        """The answer's text as it comes, then its Finish. Raises ModelFault, whatever went wrong.

        A stream that ends without a finish reason is `interrupted`, and its calls are lost with it; calls of
        an answer cut by its length or a filter are left out.
        """
        begun = False
        try:
            answer = Answer(model, request)
            async with aclosing(self._pieces(model, request, answer)) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
        except ModelFault:
            raise
        except Exception as error:
            raise self.fault(error, model, begun) from None

    async def _pieces(self, model: str, request: Request, answer: Answer) -> AsyncGenerator[Piece, None]:
        vendor, name = self._vendors.of(model)
        arguments = self._arguments(vendor, name, request)
        await self.prepare()
        stream = await self._loaded.acompletion(**arguments)
        try:
            async for chunk in stream:
                text = _take(answer, chunk)
                if text:
                    yield Delta(text)
                if answer.reason:
                    break
            # litellm makes up a "stop" for a stream that just ended.
            if getattr(stream, "received_finish_reason", answer.reason) is None:
                answer.reason = None
            answer.usage = await _usage(stream)
        finally:
            await _close(stream)
        rest = answer.rest()
        if rest:
            yield Delta(rest)
        yield self.finish(vendor, name, answer)

    def _arguments(self, vendor: Vendor, name: str, request: Request) -> dict[str, Any]:
        access = self._vendors.access(vendor)
        arguments: dict[str, Any] = {
            "model": f"{vendor.through}/{name}",
            "messages": to_messages(request.messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            "drop_params": True,
            "num_retries": 0,
            "max_retries": 0,
            # litellm keeps a client for each value, so there are few. The exact deadline is the caller's.
            "timeout": 30.0 * math.ceil(request.timeout_seconds / 30),
            "api_key": access.key,
            "api_base": access.base,
            **access.options,
        }
        arguments |= {key: value for key, value in request.settings.items() if key in SETTINGS and value is not None}
        if request.functions:
            arguments["tools"] = to_tools(request.functions)
        return {key: value for key, value in arguments.items() if value is not None}

    def finish(self, vendor: Vendor, name: str, answer: Answer) -> Finish:
        """The end of an answer, with its price. Raises ModelFault when it has none, or holds nothing."""
        reason, calls = answer.ended()
        usage = answer.usage or answer.estimated()
        cost = self._cost(vendor, name, usage)
        return Finish(reason, answer.model, replace(usage, cost_usd=cost), calls)

    def _cost(self, vendor: Vendor, name: str, usage: Usage) -> float | None:
        """US dollars by litellm's own price table; None where it has no price.

        Looking a price up takes it longer than all else that an answer costs here, so the price of a token is kept
        where it is the same for few and for many.
        """
        if vendor.through == "openai" and vendor.name != "openai":
            return None  # OpenAI's wire is not OpenAI's price
        if (vendor.through, name) not in self._prices:
            self._prices[vendor.through, name] = self._flat(vendor.through, name)
        flat = self._prices[vendor.through, name]
        if flat is None:
            return None
        if not flat or usage.prompt_tokens + usage.completion_tokens > _FLAT_TOKENS:
            return self._price(vendor.through, name, usage)
        fresh = max(0, usage.prompt_tokens - usage.cached_tokens)
        return fresh * flat[0] + usage.cached_tokens * flat[1] + usage.completion_tokens * flat[2]

    def _flat(self, provider: str, name: str) -> _Flat | tuple[()] | None:
        """US dollars of one token asked, asked again, and answered; nothing where that depends on how many there are,
        None where there is no price."""
        found = []
        for kind in ((1, 0, 0), (1, 0, 1), (0, 1, 0)):
            one, many = (
                self._price(provider, name, Usage(count * kind[0], count * kind[1], cached_tokens=count * kind[2]))
                for count in (_FEW, _FLAT_TOKENS)
            )
            if one is None or many is None:
                return None
            if not math.isclose(one / _FEW, many / _FLAT_TOKENS, rel_tol=1e-9):
                return ()
            found.append(one / _FEW)
        return found[0], found[1], found[2]

    def _price(self, provider: str, name: str, usage: Usage) -> float | None:
        counted = self._loaded.Usage(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
            prompt_tokens_details={"cached_tokens": usage.cached_tokens},
        )
        try:
            prompt, completion = self._loaded.cost_per_token(
                model=name, custom_llm_provider=provider, usage_object=counted
            )
        except Exception:  # it raises one of several classes for "not mapped"
            return None
        return float(prompt + completion)

    def fault(self, error: Exception, model: str, begun: bool) -> ModelFault:
        """What an error of a stream stands for, with what to try when a key was refused."""
        fault = fault_of(error, model, self._vendors.secrets(), begun=begun)
        vendor = self._vendors.named(model.partition("/")[0])
        hint = self._vendors.region_hint(vendor) if vendor is not None and fault.kind == "auth" else None
        return ModelFault("auth", model, f"{fault.words} ({hint})") if hint else fault


def _take(answer: Answer, chunk: Any) -> str:
    """The text of this chunk that belongs to the answer."""
    if not chunk.choices:
        return ""
    choice = chunk.choices[0]
    answer.reason = choice.finish_reason or answer.reason
    for call in choice.delta.tool_calls or ():
        answer.calls.add(call.index or 0, call.id, call.function.name, call.function.arguments)
    return answer.say(choice.delta.content)


async def _usage(stream: Any) -> Usage | None:
    """What the vendor counted. Reads the stream to its end, so that the connection can serve again."""
    counts = [_field(chunk, "usage") for chunk in getattr(stream, "chunks", ())]
    raw: Any = getattr(stream, "completion_stream", None)
    if hasattr(raw, "__aiter__"):
        # The answer is whole: what breaks behind it costs the count, not the answer.
        with suppress(Exception):
            async with asyncio.timeout(_CLOSING_SECONDS):
                counts += [_field(chunk, "usage") async for chunk in raw]
    counts = [count for count in counts if count]
    if not counts:
        return None
    # Counts are running totals, spread by some vendors over the first and the last chunk.
    return Usage(
        prompt_tokens=max(_field(count, "prompt_tokens") or 0 for count in counts),
        completion_tokens=max(_field(count, "completion_tokens") or 0 for count in counts),
        cached_tokens=max(_field(_field(count, "prompt_tokens_details"), "cached_tokens") or 0 for count in counts),
    )


def _field(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


async def _close(stream: Any) -> None:
    # A connection that cannot even be closed is of no concern to the answer.
    with suppress(Exception):
        async with asyncio.timeout(_CLOSING_SECONDS):
            await stream.aclose()
