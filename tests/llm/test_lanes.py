"""What a turn gets from vendors over either lane, with the real litellm, against their wires on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from server.llm import (
    Delta,
    Finish,
    Function,
    FunctionCall,
    Message,
    ModelFault,
    Piece,
    Request,
    Usage,
    estimate_tokens,
    load_vendors,
)
from server.llm.fast_lane import FastLane
from server.llm.litellm_lane import LitellmLane
from server.llm.vendors import Vendors
from tests.llm.wires import KEY, Answer, Call, WireServer

OPENAI, ANTHROPIC = "openai/gpt-5-mini", "anthropic/claude-haiku-4-5"
BOTH = pytest.mark.parametrize("model", [OPENAI, ANTHROPIC])
HELLO = Request([Message("system", "You sell."), Message("user", "What does it cost?")])
PROFILE = Function(
    "set_profile",
    "Stores what the customer said",
    {"type": "object", "properties": {"company": {"type": "string"}}, "additionalProperties": False},
)


AnyLane = LitellmLane | FastLane
LANES = ("litellm", "fast")


def lane_of(kind: str, vendors: Vendors) -> AnyLane:
    made = LitellmLane(vendors)
    return FastLane(vendors, made) if kind == "fast" else made


@pytest.fixture(params=LANES)
def kind(request: pytest.FixtureRequest) -> str:
    """Which lane a test goes by: each of them goes by both."""
    return str(request.param)


@pytest.fixture
async def lane(wire: WireServer, kind: str) -> AsyncIterator[AnyLane]:
    made = lane_of(kind, load_vendors(environ=wire.environ))
    yield made
    await made.close()


async def told(lane: AnyLane, model: str, request: Request = HELLO) -> tuple[list[str], Finish]:
    pieces = [piece async for piece in lane.stream(model, request)]
    *deltas, finish = pieces
    assert isinstance(finish, Finish)
    assert all(isinstance(piece, Delta) for piece in deltas)
    return [piece.text for piece in deltas if isinstance(piece, Delta)], finish


async def fault(lane: AnyLane, model: str, request: Request = HELLO) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        [piece async for piece in lane.stream(model, request)]
    return caught.value


async def until_fault(lane: AnyLane, model: str, request: Request) -> tuple[list[Piece], ModelFault]:
    pieces = []
    try:
        async for piece in lane.stream(model, request):
            pieces.append(piece)
    except ModelFault as found:
        return pieces, found
    raise AssertionError(f"no fault after {pieces}")


@BOTH
async def test_an_answer_comes_in_pieces_with_its_usage_and_its_price(
    wire: WireServer, lane: AnyLane, model: str
) -> None:
    wire.script("*", Answer("It costs 20 a month.", usage=(1000, 100), cached=400))
    texts, finish = await told(lane, model)
    assert texts == ["It ", "costs ", "20 ", "a ", "month."]
    assert (finish.reason, finish.model, finish.calls) == ("stop", model, ())
    usage = finish.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (1000, 100, 400)
    assert usage.cost_usd is not None
    assert 0.0001 < usage.cost_usd < 0.01


@BOTH
async def test_the_first_piece_is_there_before_the_last_is_written(wire: WireServer, lane: AnyLane, model: str) -> None:
    rest = asyncio.Event()
    wire.script("*", Answer("one two three", hold=rest, hold_after=5))
    async with aclosing(lane.stream(model, HELLO)) as pieces:
        first = await anext(pieces)
        assert first == Delta("one ")
        rest.set()
        assert [piece.text async for piece in pieces if isinstance(piece, Delta)] == ["two ", "three"]


@BOTH
async def test_characters_cut_across_packets_arrive_whole(wire: WireServer, lane: AnyLane, model: str) -> None:
    chunks = ["价格是", "每月🙂", "二十元，é"]
    wire.script("*", Answer(chunks=chunks, split_bytes=True))
    texts, _ = await told(lane, model)
    assert texts == chunks


@BOTH
async def test_two_calls_at_once_are_put_together(wire: WireServer, lane: AnyLane, model: str) -> None:
    wire.script(
        "*",
        Answer(
            "One moment.",
            calls=[
                Call("set_profile", {"company": "晨光科技"}, fragments=9),
                Call("set_profile", {"company": 'quo"ted'}, fragments=4),
            ],
        ),
    )
    texts, finish = await told(lane, model, Request(HELLO.messages, [PROFILE]))
    assert "".join(texts) == "One moment."
    assert finish.reason == "function_calls"
    assert [call.id for call in finish.calls] == ["call_1", "call_2"]
    assert [json.loads(call.arguments) for call in finish.calls] == [
        {"company": "晨光科技"},
        {"company": 'quo"ted'},
    ]


@BOTH
async def test_a_call_without_arguments_has_an_empty_object(wire: WireServer, lane: AnyLane, model: str) -> None:
    wire.script("*", Answer(calls=[Call("get_profile", "")]))
    _, finish = await told(lane, model, Request(HELLO.messages, [Function("get_profile", "Looks it up", {})]))
    assert finish.calls == (FunctionCall("call_1", "get_profile", "{}"),)


@BOTH
async def test_the_vendor_accepts_a_history_of_calls_and_their_results(
    wire: WireServer, lane: AnyLane, model: str
) -> None:
    calls = (FunctionCall("a", "set_profile", '{"company": "Acme"}'), FunctionCall("b", "set_profile", "{}"))
    history = [
        Message("system", "You sell."),
        Message("user", "We are Acme"),
        Message("assistant", "", calls),
        Message("tool", '{"ok": true}', call_id="a"),
        Message("tool", "failed", call_id="b"),
        Message("assistant", ""),
        Message("user", "and?"),
    ]
    wire.script("*", Answer("Thanks."))
    texts, _ = await told(lane, model, Request(history, [PROFILE], {"temperature": 0.4, "max_tokens": 600}))
    assert texts == ["Thanks."]
    assert wire.refusals == []
    tools = json.dumps(wire.requests[0]["tools"])
    assert "Stores what the customer said" in tools
    assert "additionalProperties" in tools


async def test_settings_that_a_model_does_not_take_are_left_out(wire: WireServer, lane: AnyLane) -> None:
    wire.script("*", Answer("Fine."), repeat=True)
    settings = {
        "temperature": 0.4,
        "max_tokens": 600,
        "api_base": "http://evil.example",
        "mock_response": "hi",
    }
    await told(lane, OPENAI, Request(HELLO.messages, settings=settings))
    await told(lane, "openai/some-model", Request(HELLO.messages, settings=settings))
    reasoning, plain = wire.requests
    assert "temperature" not in reasoning
    assert plain["temperature"] == 0.4
    assert plain["max_tokens"] == 600
    assert not {"api_base", "mock_response"} & (set(reasoning) | set(plain))


@pytest.mark.parametrize(
    ("vendor", "name"),
    [
        ("qianfan", "ernie-4.5-turbo-128k"),
        ("spark", "4.0Ultra"),
        ("zai", "glm-4.7"),
        ("minimax", "MiniMax-M2.5"),
        ("moonshot", "kimi-k2.5"),
        ("dashscope", "qwen-plus"),
        ("volcengine", "doubao-seed-2-1-lite-260915"),
        ("deepseek", "deepseek-v4-flash"),
        ("mistral", "mistral-small-latest"),
        ("openrouter", "openai/gpt-5-mini"),
        ("vllm", "Qwen/Qwen3-8B"),
        ("vllm", "openai/gpt-oss-20b"),
        ("mine", "openai/gpt-oss-20b"),
        ("mine", "anthropic/claude-haiku-4-5"),
    ],
)
async def test_vendors_of_the_openai_wire_answer_with_text_and_calls(
    kind: str, wire: WireServer, vendor: str, name: str, tmp_path: Path
) -> None:
    wire.extra = {"usage"} if vendor == "openrouter" else set()
    own = tmp_path / "own.yaml"
    own.write_text("mine: {title: Mine}")
    environ = {f"{vendor.upper()}_API_KEY": KEY, f"{vendor.upper()}_BASE_URL": wire.base_url}
    lane = lane_of(kind, load_vendors(own, environ=environ))
    wire.script("*", Answer("Sure.", calls=[Call("set_profile", {"company": "Acme"})], reasoning="hm"))
    texts, finish = await told(lane, f"{vendor}/{name}", Request(HELLO.messages, [PROFILE]))
    assert "".join(texts) == "Sure."
    assert [(call.name, call.arguments) for call in finish.calls] == [("set_profile", '{"company": "Acme"}')]
    assert wire.requests[0]["model"] == name
    await lane.close()


async def test_a_model_without_a_price_costs_none_and_not_nothing(wire: WireServer, lane: AnyLane) -> None:
    wire.script("*", Answer("Fine.", usage=(10, 2)))
    _, finish = await told(lane, "openai/some-model")
    assert finish.usage.cost_usd is None
    assert finish.usage.prompt_tokens == 10


async def test_tokens_are_estimated_where_the_vendor_counts_none(wire: WireServer, lane: AnyLane) -> None:
    wire.script("*", Answer("It costs 20 a month.", usage=None))
    _, finish = await told(lane, "openai/some-model")
    assert finish.usage.completion_tokens == estimate_tokens("It costs 20 a month.")
    assert finish.usage.prompt_tokens == estimate_tokens("You sell.\nWhat does it cost?")


@BOTH
async def test_what_a_model_thinks_is_not_what_it_says(wire: WireServer, lane: AnyLane, model: str) -> None:
    wire.script("*", Answer("Hello.", reasoning="The customer seems rich."))
    texts, _ = await told(lane, model)
    assert texts == ["Hello."]


@pytest.mark.parametrize(
    ("chunks", "said"),
    [
        (["<think>", "rich", "</think>", "\n\nHello."], "Hello."),
        (["<th", "ink>ri", "ch</thi", "nk>Hel", "lo."], "Hello."),
        (["<", "b>Hello</b>"], "<b>Hello</b>"),
        (["Hello <think>", "ing</think>"], "Hello <think>ing</think>"),
        (["a", " <", " b"], "a < b"),
        (["<thi"], "<thi"),
    ],
)
async def test_thoughts_written_into_the_text_are_left_out(
    wire: WireServer, lane: AnyLane, chunks: list[str], said: str
) -> None:
    wire.script("*", Answer(chunks=chunks))
    texts, _ = await told(lane, "openai/some-model")
    assert "".join(texts) == said


@BOTH
async def test_an_answer_cut_by_its_length_keeps_its_text_and_loses_its_calls(
    wire: WireServer, lane: AnyLane, model: str
) -> None:
    wire.script("*", Answer("Half an", calls=[Call("set_profile", '{"company": "Ac')], reason="length"))
    texts, finish = await told(lane, model, Request(HELLO.messages, [PROFILE]))
    assert "".join(texts) == "Half an"
    assert (finish.reason, finish.calls) == ("length", ())


@BOTH
async def test_a_filter_in_the_middle_ends_the_answer_and_one_at_the_start_is_a_fault(
    wire: WireServer, lane: AnyLane, model: str
) -> None:
    wire.script("*", [Answer("Well,", reason="content_filter"), Answer("", reason="content_filter")])
    _, finish = await told(lane, model)
    assert finish.reason == "content_filter"
    assert (await fault(lane, model)).kind == "content_filter"


@BOTH
async def test_an_empty_answer_is_a_fault(wire: WireServer, lane: AnyLane, model: str) -> None:
    wire.script("*", Answer(""))
    assert (await fault(lane, model)).kind == "unavailable"


@BOTH
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=401, error="bad key"), "auth"),
        (Answer(status=403, error="not for you"), "auth"),
        (Answer(status=404, error="no such model"), "bad_request"),
        (Answer(status=400, error="wrong"), "bad_request"),
        (Answer(status=429, error="slow down"), "rate_limit"),
        (Answer(status=500, error="boom"), "unavailable"),
        (Answer(status=502, error="gateway"), "unavailable"),
        (Answer(status=503, error="busy"), "unavailable"),
        (Answer(status=529, error="Overloaded"), "unavailable"),
        (Answer(status=400, error="This model's maximum context length is 8 tokens"), "context_length"),
        (Answer(status=400, error="prompt is too long: 9 tokens > 8 maximum"), "context_length"),
        (
            Answer(status=400, error="flagged by our content policy", code="content_policy_violation"),
            "content_filter",
        ),
    ],
)
async def test_each_refusal_has_its_kind_and_the_vendors_words(
    wire: WireServer, lane: AnyLane, model: str, answer: Answer, kind: str
) -> None:
    wire.script("*", answer)
    found = await fault(lane, model)
    assert found.kind == kind
    assert found.words == answer.error
    assert len(wire.requests) == 1


@BOTH
@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("0.5", 0.5), ("soon", None)])
async def test_the_vendors_wish_to_wait_is_handed_on(
    wire: WireServer, lane: AnyLane, model: str, header: str, seconds: float | None
) -> None:
    wire.script("*", Answer(status=429, headers={"Retry-After": header}))
    assert (await fault(lane, model)).retry_after == seconds


@pytest.mark.parametrize(
    ("model", "cut"), [*((OPENAI, cut) for cut in range(1, 10)), *((ANTHROPIC, cut) for cut in range(1, 15))]
)
async def test_no_call_and_no_end_comes_from_a_cut_stream(
    wire: WireServer, lane: AnyLane, model: str, cut: int
) -> None:
    """Cut after each event that lies before the finish reason."""
    wire.script("*", Answer("one two", calls=[Call("set_profile", {"company": "Acme"}, fragments=5)], cut_after=cut))
    pieces, found = await until_fault(lane, model, Request(HELLO.messages, [PROFILE]))
    assert not any(isinstance(piece, Finish) for piece in pieces)
    assert found.kind in (("interrupted",) if pieces else ("interrupted", "unavailable"))


@pytest.mark.parametrize(("model", "cut"), [(OPENAI, 10), (ANTHROPIC, 15)])
async def test_a_stream_cut_after_its_reason_is_a_whole_answer(
    wire: WireServer, lane: AnyLane, model: str, cut: int
) -> None:
    wire.script("*", Answer("one two", calls=[Call("set_profile", {"company": "Acme"}, fragments=5)], cut_after=cut))
    texts, finish = await told(lane, model, Request(HELLO.messages, [PROFILE]))
    assert "".join(texts) == "one two"
    assert [call.arguments for call in finish.calls] == ['{"company": "Acme"}']


async def test_a_stream_that_ends_politely_without_a_reason_is_interrupted(wire: WireServer, lane: AnyLane) -> None:
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunk["choices"] = [{"index": 0, "delta": {"content": "hal"}, "finish_reason": None}]
    wire.script("*", Answer(raw=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()))
    pieces, found = await until_fault(lane, OPENAI, HELLO)
    assert pieces == [Delta("hal")]
    assert found.kind == "interrupted"


@BOTH
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"data: {not json\n\n",
        b"data: [1, 2]\n\n",
        b"data: null\n\n",
        b'data: {"choices": 3}\n\n',
        b'data: {"choices": [{"delta": 5}]}\n\n',
        b'data: {"error": {"message": "overloaded", "code": 503}}\n\n',
        b'event: error\ndata: {"type": "error", "error": {"type": "api_error", "message": "busy"}}\n\n',
        b'event: content_block_delta\ndata: {"type": "content_block_delta"}\n\n',
        b"<html>bad gateway</html>",
    ],
)
async def test_garbage_is_a_fault_and_never_another_error(
    wire: WireServer, lane: AnyLane, model: str, raw: bytes
) -> None:
    wire.script("*", Answer(raw=raw))
    assert (await fault(lane, model)).kind in ("unavailable", "interrupted")


async def test_nobody_at_the_address_is_unavailable(kind: str) -> None:
    lane = lane_of(kind, load_vendors(environ={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}))
    assert (await fault(lane, OPENAI)).kind == "unavailable"


@pytest.mark.parametrize("address", ["not an address", "http://", "ftp://127.0.0.1/v1", "http://[::1"])
async def test_an_address_that_is_none_is_a_fault(kind: str, address: str) -> None:
    lane = lane_of(kind, load_vendors(environ={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": address}))
    assert (await fault(lane, OPENAI)).kind in ("unavailable", "bad_request")


async def test_a_provider_that_nobody_knows_is_a_bad_request(lane: AnyLane) -> None:
    assert (await fault(lane, "nosuchvendor/some-model")).kind == "bad_request"


@BOTH
async def test_a_refused_key_is_in_no_word_and_in_no_log(
    kind: str, wire: WireServer, model: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    key = "sk-proj-SECRETSECRETSECRET"
    environ = {**wire.environ, "OPENAI_API_KEY": key, "ANTHROPIC_API_KEY": key}
    lane = lane_of(kind, load_vendors(environ=environ))
    found = await fault(lane, model, Request([Message("user", "my canary question")]))
    await asyncio.sleep(0)
    await lane.close()
    printed = "".join(capfd.readouterr())
    said = found.words + str(found) + caplog.text + printed
    assert found.kind == "auth"
    assert "SECRET" not in said
    assert "canary" not in said
    assert "litellm" not in printed.lower()


async def test_a_key_of_another_shape_is_masked_too(kind: str, wire: WireServer) -> None:
    key = "0f9d8c7b6a.PlainLookingKey"
    lane = lane_of(kind, load_vendors(environ={**wire.environ, "OPENAI_API_KEY": key}))
    found = await fault(lane, OPENAI)
    assert found.words == "Incorrect API key provided: ***."


async def test_a_refused_key_of_a_vendor_with_regions_says_what_to_try(kind: str, wire: WireServer) -> None:
    table = load_vendors(environ={"ZAI_API_KEY": "wrong-key", "ZAI_REGION": "cn"})
    zai = table.named("zai")
    assert zai is not None
    assert "ZAI_REGION=intl" in (table.region_hint(zai) or "")
    elsewhere = load_vendors(environ={"ZAI_API_KEY": "wrong-key", "ZAI_BASE_URL": wire.base_url})
    assert "ZAI_REGION" not in (await fault(lane_of(kind, elsewhere), "zai/glm-4.7")).words


@BOTH
async def test_who_leaves_early_closes_the_connection(wire: WireServer, lane: AnyLane, model: str) -> None:
    wire.script("*", Answer("one two three four", hold=asyncio.Event(), hold_after=5))
    async with aclosing(lane.stream(model, HELLO)) as pieces:
        assert await anext(pieces) == Delta("one ")
    await asyncio.wait_for(wire.left.wait(), 5)


@BOTH
async def test_a_cancelled_answer_is_cancelled_and_closes_the_connection(
    wire: WireServer, lane: AnyLane, model: str
) -> None:
    wire.script("*", Answer("one", hold=asyncio.Event()))
    task = asyncio.create_task(told(lane, model))
    await asyncio.wait_for(wire.arrived.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(wire.left.wait(), 5)


async def test_answers_at_the_same_time_do_not_mix(wire: WireServer, lane: AnyLane) -> None:
    wire.script("*", lambda body: Answer(body["messages"][-1]["content"]), repeat=True)
    asked = [f"number {n} is {n * n}" for n in range(12)]
    answers = await asyncio.gather(*(told(lane, OPENAI, Request([Message("user", text)])) for text in asked))
    assert ["".join(texts) for texts, _ in answers] == asked


async def test_the_key_goes_where_the_table_says(wire: WireServer, lane: AnyLane) -> None:
    wire.script("*", Answer("Fine."))
    await told(lane, OPENAI)
    assert wire.seen[0]["Authorization"] == f"Bearer {KEY}"
    assert (await fault(lane, "openai/http://evil.example/x")).kind == "bad_request"
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "model", ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "dashscope/qwen-plus", "dashscope/qwen3-coder-plus"]
)
@pytest.mark.parametrize(("prompt", "cached", "completion"), [(12, 0, 3), (40_000, 30_000, 900), (150_000, 0, 9)])
async def test_a_price_is_that_of_litellms_table(model: str, prompt: int, cached: int, completion: int) -> None:
    lane = LitellmLane(load_vendors(environ={}))
    litellm = await lane.prepare()
    provider, _, name = model.partition("/")
    vendor = lane._vendors.named(provider)
    assert vendor is not None
    usage = litellm.Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_tokens_details={"cached_tokens": cached},
    )
    expected = sum(litellm.cost_per_token(model=name, custom_llm_provider=provider, usage_object=usage))
    assert lane._cost(vendor, name, Usage(prompt, completion, cached_tokens=cached)) == pytest.approx(expected)
