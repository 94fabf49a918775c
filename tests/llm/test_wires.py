"""The doubles refuse what the vendors refuse, in the vendors' words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.llm.wires import KEY, Answer, Call, WireServer

USER = {"role": "user", "content": "hi"}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
USE = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def openai(session: aiohttp.ClientSession, wire: WireServer, **body: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {KEY}"}
    whole = {"model": "m", "messages": [USER], **body}
    async with session.post(f"{wire.base_url}/chat/completions", json=whole, headers=headers) as answer:
        return answer.status, await answer.json()


async def anthropic(session: aiohttp.ClientSession, wire: WireServer, **body: Any) -> tuple[int, Any]:
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    whole = {"model": "m", "max_tokens": 10, "messages": [USER], **body}
    async with session.post(f"{wire.anthropic_url}/v1/messages", json=whole, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_both_wires_answer_as_json(session: aiohttp.ClientSession, wire: WireServer) -> None:
    wire.script("*", Answer("hello", calls=[Call("f", {"a": 1})]), repeat=True)
    status, body = await openai(session, wire, tools=[TOOL])
    assert status == 200
    assert body["choices"][0]["message"]["content"] == "hello"
    assert body["choices"][0]["message"]["tool_calls"][0]["function"] == {
        "name": "f",
        "arguments": '{"a": 1}',
    }
    status, body = await anthropic(session, wire)
    assert status == 200
    assert [block["type"] for block in body["content"]] == ["text", "tool_use"]
    assert body["content"][1]["input"] == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [{"role": "person", "content": "hi"}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [USER, {"role": "tool", "tool_call_id": "a", "content": "x"}]},
        {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}]},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [CALL]}, USER]},
        {"messages": [{"role": "assistant", "content": "x", "tool_calls": []}]},
        {"tools": []},
        {"tools": [TOOL, TOOL]},
        {"tools": [{**TOOL, "function": {"name": "a b", "parameters": {"type": "object"}}}]},
        {"tools": [{**TOOL, "function": {"name": "f", "parameters": {"type": "string"}}}]},
        {"tools": [{**TOOL, "function": {"name": "f", "parameters": {"type": "object", "required": "a"}}}]},
        {"temperature": 3},
        {"api_base": "http://evil.example"},
    ],
)
async def test_openai_refuses(session: aiohttp.ClientSession, wire: WireServer, body: dict[str, Any]) -> None:
    wire.script("*", Answer("hello"))
    status, answer = await openai(session, wire, **body)
    assert status == 400
    assert answer["error"]["message"] == wire.refusals[0]


@pytest.mark.parametrize(
    "body",
    [
        {"max_tokens": None},
        {"messages": []},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [USER, USE]},
        {"messages": [USER, USE, USER]},
        {"messages": [USER, RESULT]},
        {"tools": [{"name": "f", "input_schema": {"type": "string"}}]},
        {"temperature": 1.5},
        {"stream_options": {"include_usage": True}},
    ],
)
async def test_anthropic_refuses(session: aiohttp.ClientSession, wire: WireServer, body: dict[str, Any]) -> None:
    wire.script("*", Answer("hello"))
    status, answer = await anthropic(session, wire, **body)
    assert (status, answer["type"], answer["error"]["type"]) == (400, "error", "invalid_request_error")
    assert answer["error"]["message"] == wire.refusals[0]


async def test_a_wrong_key_is_refused_before_anything_else(session: aiohttp.ClientSession, wire: WireServer) -> None:
    async with session.post(f"{wire.base_url}/chat/completions", json={}) as answer:
        assert answer.status == 401
    async with session.post(f"{wire.anthropic_url}/v1/messages", json={}) as answer:
        assert answer.status == 401


async def test_a_script_may_look_at_the_request(session: aiohttp.ClientSession, wire: WireServer) -> None:
    wire.script("m", [lambda body: Answer(body["messages"][0]["content"].upper()), Answer("second")])
    assert [(await openai(session, wire))[1]["choices"][0]["message"]["content"] for _ in range(2)] == [
        "HI",
        "second",
    ]
    status, _ = await openai(session, wire)
    assert status == 404
