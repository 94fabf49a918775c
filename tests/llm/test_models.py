"""Who answers: the model asked for, the next one, or the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

import pytest

from server.llm import (
    Brief,
    Delta,
    Finish,
    Lane,
    Message,
    ModelFault,
    Models,
    Piece,
    Request,
    StandIn,
    Switched,
    Usage,
    load_vendors,
)
from server.llm.types import FaultKind
from server.settings import Settings
from tests.llm.wires import Answer, Call, WireServer

OPENAI, ANTHROPIC = "openai/gpt-5-mini", "anthropic/claude-haiku-4-5"
HELLO = Request([Message("user", "What does it cost?")], brief=Brief("en", "What does it cost?"))
Step = str | ModelFault | asyncio.Event | Finish


class Scripted:
    """A lane of prepared answers: texts, faults, events to wait for, or another end than the usual."""

    def __init__(self, *answers: Sequence[Step]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.timeouts: list[float] = []
        self.closed = 0

    async def stream(self, model: str, request: Request) -> AsyncIterator[Piece]:
        self.asked.append(model)
        self.timeouts.append(request.timeout_seconds)
        try:
            for step in self.answers.pop(0):
                match step:
                    case str():
                        yield Delta(step)
                    case ModelFault():
                        raise step
                    case asyncio.Event():
                        await step.wait()
                    case Finish():
                        yield step
                        return
            yield Finish("stop", model, Usage(1, 2))
        finally:
            self.closed += 1


def settings(**changes: str) -> Settings:
    return Settings(_env_file=None, **changes)


def models(lanes: dict[str, Lane] | None = None, environ: dict[str, str] | None = None, **changes: str) -> Models:
    return Models(settings(**changes), load_vendors(environ=environ or {}), lanes)


def failing(kind: FaultKind, retry_after: float | None = None) -> ModelFault:
    return ModelFault(kind, "plain/a", "it does not work", retry_after)


async def told(made: Models, names: Sequence[str], request: Request = HELLO) -> list[Piece | Switched]:
    return [piece async for piece in made.stream(names, request)]


async def until_fault(
    made: Models, names: Sequence[str], request: Request = HELLO
) -> tuple[list[Piece | Switched], ModelFault]:
    seen = []
    try:
        async for piece in made.stream(names, request):
            seen.append(piece)
    except ModelFault as fault:
        return seen, fault
    raise AssertionError(f"no fault after {seen}")


def text(pieces: Sequence[Piece | Switched]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Delta))


def switches(pieces: Sequence[Piece | Switched]) -> list[tuple[str, str, str]]:
    return [(piece.model_failed, piece.fault.kind, piece.next_model) for piece in pieces if isinstance(piece, Switched)]


def test_auto_is_the_first_vendor_whose_key_is_set_else_the_stand_in() -> None:
    assert models().resolve("auto") == "standin"
    assert models().resolve(None) == "standin"
    both = {"ANTHROPIC_API_KEY": "key-123456", "DEEPSEEK_API_KEY": "key-123456"}
    assert models(environ=both).resolve("auto") == "anthropic/claude-haiku-4-5"
    assert models(environ={"AZURE_API_KEY": "key-123456"}).resolve("auto") == "standin"


def test_a_named_model_stays_and_none_is_the_setting() -> None:
    made = models(model="zai/glm-4.7", helper_model="zai/glm-4.5-air")
    assert made.resolve("openai/gpt-5") == "openai/gpt-5"
    assert made.resolve(None) == "zai/glm-4.7"
    assert made.resolve_helper("openai/gpt-5") == "zai/glm-4.5-air"
    assert models().resolve_helper("openai/gpt-5") == "openai/gpt-5"


def test_the_list_of_vendors_says_which_are_connected_and_what_to_set() -> None:
    listed = {vendor.name: vendor for vendor in models(environ={"ZAI_API_KEY": "key-123456"}).catalogue()}
    assert [name for name, vendor in listed.items() if vendor.connected] == ["zai"]
    zai = listed["zai"]
    assert (zai.default_model, zai.key_variable) == ("zai/glm-4.7", "ZAI_API_KEY")
    assert (zai.needs_key, zai.address_variable) == (True, None)
    assert (listed["ollama"].needs_key, listed["ollama"].address_variable) == (False, "OLLAMA_BASE_URL")
    assert zai.docs.startswith("https://")
    assert all(vendor.docs.startswith("https://") and vendor.title for vendor in listed.values())


def test_a_model_is_connected_when_its_vendor_is() -> None:
    made = models({"plain": Scripted()}, {"ZAI_API_KEY": "key-123456", "GROQ_API_KEY": "key-123456"})
    connected = ("standin", "plain/x", "zai/glm-4.7", "groq/some-model")
    assert all(made.is_connected(model) for model in connected)
    assert not any(made.is_connected(model) for model in ("openai/gpt-5", "local/x.gguf", "nonsense", "cohere/x"))


async def test_the_stand_in_answers_when_nothing_is_connected() -> None:
    pieces = await told(models(), ["auto"])
    assert text(pieces)
    assert not switches(pieces)
    assert isinstance(pieces[-1], Finish)
    assert pieces[-1].model == "standin"
    assert isinstance(models().lane_for("standin"), StandIn)


async def test_a_lane_handed_in_is_found_by_its_prefix() -> None:
    lane = Scripted(["hello"])
    pieces = await told(models({"plain": lane}), ["plain/a"])
    assert text(pieces) == "hello"
    assert lane.asked == ["plain/a"]


async def test_a_local_model_says_in_one_line_that_it_comes_later() -> None:
    pieces = await told(models(), ["local/model.gguf"])
    assert switches(pieces) == [("local/model.gguf", "unavailable", "standin")]
    assert isinstance(pieces[0], Switched)
    assert "not built in yet" in pieces[0].fault.words
    assert text(pieces)


@pytest.mark.parametrize("kind", ["auth", "bad_request", "context_length", "content_filter", "timeout"])
async def test_a_model_that_cannot_answer_gives_way_at_once(kind: FaultKind) -> None:
    lane = Scripted([failing(kind)], ["from b"])
    pieces = await told(models({"plain": lane}), ["plain/a", "plain/b"])
    assert switches(pieces) == [("plain/a", kind, "plain/b")]
    assert text(pieces) == "from b"
    assert lane.asked == ["plain/a", "plain/b"]
    assert lane.closed == 2


@pytest.mark.parametrize(
    "fault",
    [failing("unavailable"), failing("rate_limit", 0.0), failing("interrupted"), failing("unavailable", 0.1)],
)
async def test_what_may_pass_is_tried_once_more(fault: ModelFault) -> None:
    lane = Scripted([fault], ["second try"])
    pieces = await told(models({"plain": lane}), ["plain/a"])
    assert text(pieces) == "second try"
    assert not switches(pieces)
    assert lane.asked == ["plain/a"] * 2


async def test_it_is_tried_once_more_and_no_more() -> None:
    lane = Scripted([failing("unavailable")], [failing("unavailable")], ["never asked"])
    pieces = await told(models({"plain": lane}), ["plain/a"])
    assert switches(pieces) == [("plain/a", "unavailable", "standin")]
    assert lane.asked == ["plain/a"] * 2


@pytest.mark.parametrize("retry_after", [None, 2.5, 3600.0])
async def test_a_vendor_that_wants_a_long_pause_is_not_waited_for(retry_after: float | None) -> None:
    lane = Scripted([failing("rate_limit", retry_after)], ["never asked"])
    pieces = await told(models({"plain": lane}), ["plain/a"])
    assert switches(pieces) == [("plain/a", "rate_limit", "standin")]
    assert lane.asked == ["plain/a"]


@pytest.mark.parametrize("kind", ["unavailable", "rate_limit", "interrupted", "auth"])
async def test_after_text_was_shown_nobody_else_answers(kind: FaultKind) -> None:
    lane = Scripted(["half an", failing(kind, 0.0)], ["never asked"])
    seen, fault = await until_fault(models({"plain": lane}), ["plain/a", "plain/b"])
    assert seen == [Delta("half an")]
    assert (fault.kind, fault.model) == ("interrupted", "plain/a")
    assert lane.asked == ["plain/a"]


async def test_a_model_that_does_not_begin_in_time_gives_way() -> None:
    lane = Scripted([asyncio.Event()], ["from b"])
    request = Request(HELLO.messages, timeout_seconds=0.4)
    pieces = await told(models({"plain": lane}), ["plain/a", "plain/b"], request)
    assert switches(pieces) == [("plain/a", "timeout", "plain/b")]
    assert text(pieces) == "from b"
    assert lane.timeouts[1] < 0.3
    assert lane.closed == 2


async def test_the_stand_in_answers_when_all_time_is_gone() -> None:
    lane = Scripted([asyncio.Event()], ["never asked"])
    request = Request(HELLO.messages, brief=HELLO.brief, timeout_seconds=0)
    pieces = await told(models({"plain": lane}), ["plain/a"], request)
    assert switches(pieces) == [("plain/a", "timeout", "standin")]
    assert text(pieces)
    assert lane.asked == []


async def test_a_model_that_stops_in_the_middle_is_interrupted_at_the_deadline() -> None:
    lane = Scripted(["half an", asyncio.Event()])
    seen, fault = await until_fault(models({"plain": lane}), ["plain/a"], Request([], timeout_seconds=0.2))
    assert seen == [Delta("half an")]
    assert fault.kind == "interrupted"
    assert lane.closed == 1


async def test_a_model_that_has_begun_has_all_the_time_that_is_left() -> None:
    later = asyncio.Event()
    lane = Scripted(["one ", later, "two"])
    asyncio.get_running_loop().call_later(1.1, later.set)
    pieces = await told(models({"plain": lane}), ["plain/a"], Request([], timeout_seconds=2))
    assert text(pieces) == "one two"


async def test_a_deadline_between_two_pieces_ends_the_stream_and_not_its_reader() -> None:
    lane, passed = Scripted(["one ", "two"]), asyncio.Event()
    asyncio.get_running_loop().call_later(0.15, passed.set)
    async with aclosing(models({"plain": lane}).stream(["plain/a"], Request([], timeout_seconds=0.1))) as pieces:
        assert await anext(pieces) == Delta("one ")
        await passed.wait()
        with pytest.raises(ModelFault, match="interrupted"):
            await anext(pieces)
    assert lane.closed == 1


async def test_a_reader_cancelled_while_it_waits_is_cancelled_and_not_told_of_a_timeout() -> None:
    begun = asyncio.Event()
    lane = Scripted(["one", asyncio.Event()])

    async def reads() -> None:
        async for _ in models({"plain": lane}).stream(["plain/a"], HELLO):
            begun.set()

    reader = asyncio.create_task(reads())
    await begun.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader


async def test_who_leaves_early_closes_the_lane() -> None:
    lane = Scripted(["one", asyncio.Event()])
    async with aclosing(models({"plain": lane}).stream(["plain/a"], HELLO)) as pieces:
        await anext(pieces)
    assert lane.closed == 1


async def test_the_same_model_twice_is_asked_once() -> None:
    lane = Scripted([failing("auth")], ["never asked"])
    await told(models({"plain": lane}, model="plain/a"), ["plain/a", "plain/a"])
    assert lane.asked == ["plain/a"]


async def test_the_first_vendor_is_down_and_the_second_answers(wire: WireServer) -> None:
    made = models(environ=wire.environ)
    wire.script("gpt-5-mini", Answer(status=500, error="boom"), repeat=True)
    wire.script("claude-haiku-4-5", Answer("I am here."))
    pieces = await told(made, [OPENAI, ANTHROPIC])
    assert switches(pieces) == [(OPENAI, "unavailable", ANTHROPIC)]
    assert text(pieces) == "I am here."
    assert [body["model"] for body in wire.requests] == ["gpt-5-mini", "gpt-5-mini", "claude-haiku-4-5"]
    await made.close()


async def test_a_short_wish_to_wait_is_granted(wire: WireServer) -> None:
    made = models(environ=wire.environ)
    wire.script("*", [Answer(status=429, headers={"Retry-After": "0"}), Answer("Here again.")])
    pieces = await told(made, [OPENAI])
    assert text(pieces) == "Here again."
    assert not switches(pieces)
    await made.close()


async def test_a_completion_gathers_text_calls_and_who_answered(wire: WireServer) -> None:
    made = models(environ=wire.environ)
    wire.script("gpt-5-mini", Answer(status=401))
    wire.script("claude-haiku-4-5", Answer("One moment.", calls=[Call("look_up", {"q": "x"})], usage=(9, 3)))
    done = await made.complete([OPENAI, ANTHROPIC], HELLO)
    assert (done.text, done.model, done.reason) == ("One moment.", ANTHROPIC, "function_calls")
    assert [call.name for call in done.calls] == ["look_up"]
    assert done.usage.prompt_tokens == 9
    assert [switched.fault.kind for switched in done.switched] == ["auth"]
    await made.close()


async def test_a_completion_that_breaks_is_a_fault() -> None:
    lane = Scripted(["half an", failing("unavailable")])
    with pytest.raises(ModelFault, match="interrupted"):
        await models({"plain": lane}).complete(["plain/a"], HELLO)


async def test_a_bug_in_a_lane_is_not_taken_for_a_model_that_failed() -> None:
    def broken(model: str, request: Request) -> AsyncIterator[Piece]:
        raise KeyError("a bug")

    lane = Scripted()
    stream: Callable[[str, Request], AsyncIterator[Piece]] = broken
    lane.stream = stream  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        await told(models({"plain": lane}), ["plain/a"])
