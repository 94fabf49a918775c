"""A model server on the OpenAI wire, on loopback: fixed latency, fixed chunks, a function call on demand.

`python -m benchmarks.upstream --port 9001 --latency-ms 0 --chunks 20 --gap-ms 0`. A model whose name starts with
`tool` calls the first offered function that starts with `get`, once, before it answers.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass
from typing import Any

import httptools
import orjson
import uvloop

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n%b\r\n\r\n"
_USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass(frozen=True, slots=True)
class Manner:
    """How it answers."""

    latency_seconds: float
    chunks: int
    gap_seconds: float


class Upstream(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._parser = httptools.HttpRequestParser(self)
        self._body = bytearray()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._waiting.put_nowait(bytes(self._body))
        self._body.clear()

    async def _serve(self) -> None:
        while True:
            request = orjson.loads(await self._waiting.get() or b"{}")
            await asyncio.sleep(self._manner.latency_seconds)
            called = _wanted_call(request)
            if request.get("stream"):
                await self._stream(called)
            else:
                self._whole(called)

    def _whole(self, called: dict[str, Any] | None) -> None:
        message: dict[str, Any] = {"role": "assistant", "content": " ".join(["word"] * self._manner.chunks)}
        if called:
            message = {"role": "assistant", "content": None, "tool_calls": [called]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if called else "stop"}
        body = orjson.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice], "usage": _USAGE})
        self._transport.write(_HEAD % (b"application/json", b"content-length: %d" % len(body)) + body)

    async def _stream(self, called: dict[str, Any] | None) -> None:
        self._transport.write(_HEAD % (b"text/event-stream", b"transfer-encoding: chunked"))
        if called:
            self._chunk({"role": "assistant", "tool_calls": [{"index": 0, **called}]})
        else:
            for number in range(self._manner.chunks):
                self._chunk({"content": "word "} if number else {"role": "assistant", "content": "word "})
                if self._manner.gap_seconds:
                    await asyncio.sleep(self._manner.gap_seconds)
        self._chunk({}, "tool_calls" if called else "stop")
        self._event(orjson.dumps({"id": "chatcmpl-1", "choices": [], "usage": _USAGE}))
        self._event(b"[DONE]")
        self._transport.write(b"0\r\n\r\n")

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._event(orjson.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}))

    def _event(self, data: bytes) -> None:
        event = b"data: %b\n\n" % data
        self._transport.write(b"%x\r\n%b\r\n" % (len(event), event))


def _wanted_call(request: dict[str, Any]) -> dict[str, Any] | None:
    names = [tool["function"]["name"] for tool in request.get("tools") or ()]
    is_answered = any(message["role"] == "tool" for message in request.get("messages", ()))
    if not names or is_answered or not request.get("model", "").startswith("tool"):
        return None
    name = next((name for name in names if name.startswith("get")), names[0])
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}


async def _main(port: int, manner: Manner) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(manner), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--gap-ms", type=float, default=0.0)
    given = parser.parse_args()
    uvloop.run(_main(given.port, Manner(given.latency_ms / 1000, given.chunks, given.gap_ms / 1000)))
