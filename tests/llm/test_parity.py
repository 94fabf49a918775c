"""What the fast lane sends is what litellm sends: address, key and body, for every vendor it reaches."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.llm import Function, FunctionCall, Message, ModelFault, Request, load_vendors
from server.llm.fast_lane import FastLane
from server.llm.litellm_lane import LitellmLane
from tests.llm.wires import KEY, Answer, WireServer

MODELS = (
    "openai/gpt-5-mini",
    "openai/gpt-5.1",
    "openai/gpt-4o",
    "openai/gpt-4.1-mini",
    "openai/o3-mini",
    "openai/o1",
    "openai/some-model-nobody-knows",
    "anthropic/claude-haiku-4-5",
    "anthropic/claude-sonnet-4-5",
    "anthropic/claude-opus-4-1",
    "deepseek/deepseek-chat",
    "deepseek/deepseek-reasoner",
    "dashscope/qwen-plus",
    "moonshot/kimi-k2.5",
    "moonshot/moonshot-v1-8k",
    "zai/glm-4.7",
    "minimax/MiniMax-M2.5",
    "volcengine/doubao-seed-2-1-lite-260915",
    "qianfan/ernie-4.5-turbo-128k",
    "spark/4.0Ultra",
    "mistral/mistral-small-latest",
    "vllm/Qwen/Qwen3-8B",
    "mine/anthropic/claude-haiku-4-5",
)
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"temperature": 0.4, "max_tokens": 600},
    {"temperature": 1.0, "top_p": 0.9, "max_tokens": 50, "unknown": 7},
)
PLAIN = Function("find_products", "Finds products", {"type": "object", "properties": {}})
NESTED = Function(
    "set_profile",
    "Stores 客户资料",
    {
        "type": "object",
        "properties": {
            "company": {"type": "string", "description": "As they write it"},
            "visit": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "wishes": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        },
        "required": ["company"],
        "additionalProperties": False,
    },
)
BARE = Function("ping", "", {})
FUNCTIONS: tuple[tuple[Function, ...], ...] = ((), (PLAIN,), (NESTED, PLAIN, BARE))


def asked(id: str, text: str, arguments: str = "{}") -> Message:
    return Message("assistant", text, (FunctionCall(id, "set_profile", arguments),))


HISTORIES: tuple[list[Message], ...] = (
    [Message("system", "You sell."), Message("user", "多少钱？")],
    [Message("user", "Hello"), Message("assistant", "Hi."), Message("user", "<b>é</b> 🙂")],
    [
        Message("system", "You sell."),
        Message("user", "We are Acme"),
        asked("call_1", "", '{"company": "Acme", "n": 1.50}'),
        Message("tool", '{"ok": true}', call_id="call_1"),
    ],
    [
        Message("system", "You sell."),
        Message("user", "Again"),
        Message(
            "assistant",
            "One moment.",
            (FunctionCall("call_1", "find_products", "{}"), FunctionCall("call_2", "set_profile", '{"company":"é"}')),
        ),
        Message("tool", "", call_id="call_1"),
        Message("tool", "no JSON", call_id="call_2"),
        Message("assistant", "Done."),
        Message("user", "Thanks"),
    ],
)


@dataclass
class Recorder:
    """A server that writes down what it is sent and refuses all of it."""

    seen: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    base: str = ""

    async def take(self, request: web.Request) -> web.Response:
        kept = ("authorization", "x-api-key", "anthropic-version", "anthropic-beta", "content-type")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        self.seen.append((request.path_qs, headers, json.loads(await request.read())))
        return web.json_response({"error": {"message": "written down", "type": "invalid_request_error"}}, status=400)


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    made = Recorder()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.base = f"http://{host}:{port}/base/v1"
    yield made
    await runner.cleanup()


async def sent(lane: LitellmLane | FastLane, recorder: Recorder, model: str, request: Request) -> Any:
    """What arrived; None where litellm refused the request before it was sent, as old releases do with some."""
    recorder.seen.clear()
    with pytest.raises(ModelFault) as refused:
        [piece async for piece in lane.stream(model, request)]
    assert ("written down" in refused.value.words) == (len(recorder.seen) == 1)
    return recorder.seen[0] if recorder.seen else None


@pytest.mark.parametrize("model", MODELS)
async def test_both_lanes_send_the_same(
    recorder: Recorder, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("mine: {title: Mine}")
    name = model.partition("/")[0].upper()
    vendors = load_vendors(own, environ={f"{name}_API_KEY": KEY, f"{name}_BASE_URL": recorder.base})
    slow = LitellmLane(vendors)
    fast = FastLane(vendors, slow)
    compared = 0
    with monkeypatch.context() as patched:
        for settings, functions, messages in itertools.product(SETTINGS, FUNCTIONS, HISTORIES):
            request = Request(messages, functions, settings)
            expected = await sent(slow, recorder, model, request)
            compared += expected is not None
            patched.setattr(slow, "stream", _not_here)
            for _ in range(2):  # litellm takes its parameters apart; the second time has to find them whole
                assert await sent(fast, recorder, model, request) == expected
            patched.undo()
    assert compared >= 30
    await fast.close()


async def _not_here(*_: object) -> None:
    raise AssertionError("the fast lane handed the request on")


async def test_what_has_another_way_goes_by_litellm(recorder: Recorder) -> None:
    vendors = load_vendors(environ={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": recorder.base})
    fast = FastLane(vendors, LitellmLane(vendors))
    await sent(fast, recorder, "openai/gpt-5-pro", Request([Message("user", "Hello")]))
    assert recorder.seen[0][0] == "/base/v1/responses"
    await fast.close()


async def test_a_vendor_can_be_kept_off_the_fast_lane(wire: WireServer, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("openai: {lane: litellm}")
    for table, agent in ((own, "AsyncOpenAI"), (None, "aiohttp")):
        vendors = load_vendors(table, environ=wire.environ)
        fast = FastLane(vendors, LitellmLane(vendors))
        wire.script("*", Answer("Fine."))
        [piece async for piece in fast.stream("openai/gpt-5-mini", Request([Message("user", "Hello")]))]
        assert agent in wire.seen[-1]["User-Agent"]
        await fast.close()
