"""A lane that calls an OpenAI-wire server directly: the plain call over loopback beside which our own share shows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import aiohttp
import orjson

from server.llm.openai_shape import Calls, to_messages, to_tools
from server.llm.types import Delta, Finish, FinishReason, ModelFault, Piece, Request, Usage

_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "tool_calls": "function_calls"}


class PlainLane:
    """Streams from `base` (`http://127.0.0.1:PORT/v1`); the model is what follows the slash of the string."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    async def stream(self, model: str, request: Request) -> AsyncGenerator[Piece, None]:
        """The text as it comes, then its Finish. Raises ModelFault."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body = orjson.dumps(_body(model.partition("/")[2], request))
        try:
            async with self._session.post(self._url, data=body, headers={"content-type": "application/json"}) as answer:
                if answer.status != 200:
                    raise ModelFault("unavailable", model, f"status {answer.status}")
                async for piece in _pieces(model, _events(answer.content.iter_any())):
                    yield piece
        except aiohttp.ClientError as error:
            raise ModelFault("unavailable", model, str(error)) from error

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()


def _body(model: str, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model, "messages": to_messages(request.messages), "stream": True}
    if request.functions:
        body["tools"] = to_tools(request.functions)
    return {**body, **request.settings}


async def _pieces(model: str, events: AsyncIterator[bytes]) -> AsyncIterator[Piece]:
    calls, reason, usage = Calls(), None, Usage()
    async for event in events:
        chunk = orjson.loads(event)
        if counted := chunk.get("usage"):
            usage = Usage(counted["prompt_tokens"], counted["completion_tokens"])
        for choice in chunk["choices"]:
            delta = choice["delta"]
            if text := delta.get("content"):
                yield Delta(text)
            for call in delta.get("tool_calls") or ():
                calls.add(call["index"], call.get("id"), call["function"]["name"], call["function"]["arguments"])
            reason = choice.get("finish_reason") or reason
    if reason is None:
        raise ModelFault("interrupted", model, "the stream ended in the middle")
    yield Finish(_REASONS[reason], model, usage, calls.whole())


async def _events(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of server-sent events of one line each, up to `[DONE]`."""
    held = b""
    async for part in parts:
        *blocks, held = (held + part).split(b"\n\n")
        for block in blocks:
            data = block.removeprefix(b"data: ")
            if data != b"[DONE]":
                yield data
