"""Models that are put aside: when, for how long, and how they come back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.llm import Delta, Finish, Message, ModelFault, Models, Piece, Request, Switched, Usage, load_vendors
from server.llm.resting import FAILURES, FIRST_SECONDS, LONGEST_SECONDS, Rests
from server.llm.types import FaultKind
from server.settings import Settings

HELLO = Request([Message("user", "Hello")])


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fail(rests: Rests, kind: FaultKind = "unavailable", times: int = 1, retry_after: float | None = None) -> None:
    for _ in range(times):
        with pytest.raises(ModelFault, match="boom"), rests.watch("m/x"):
            raise ModelFault(kind, "m/x", "boom", retry_after)


def answer(rests: Rests) -> None:
    with rests.watch("m/x") as attempt:
        attempt.began()
        attempt.answered = True


def refused(rests: Rests) -> str:
    with pytest.raises(ModelFault) as fault, rests.watch("m/x"):
        raise AssertionError("it was asked")
    return fault.value.words


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def rests(clock: Time) -> Rests:
    return Rests(clock)


def test_three_failures_in_a_row_put_a_model_aside_and_one_request_brings_it_back(rests: Rests, clock: Time) -> None:
    fail(rests, times=FAILURES - 1)
    answer(rests)
    fail(rests, times=FAILURES)
    assert refused(rests) == f"put aside for another {FIRST_SECONDS:.0f} s after 3 failures in a row; the last: boom"
    assert [(rest.model, rest.failures, rest.words) for rest in rests.resting()] == [("m/x", 3, "boom")]
    clock.now += FIRST_SECONDS + 0.1
    assert rests.resting() == []
    with rests.watch("m/x") as probe:
        assert "while one tries it" in refused(rests)
        probe.began()
        answer(rests)
        probe.answered = True
    answer(rests)


def test_a_probe_that_fails_doubles_the_rest_up_to_a_bound(rests: Rests, clock: Time) -> None:
    fail(rests, times=FAILURES)
    seconds = FIRST_SECONDS
    for _ in range(6):
        clock.now += seconds + 0.1
        fail(rests)
        seconds = min(seconds * 2, LONGEST_SECONDS)
        assert rests.resting()[0].seconds_left == pytest.approx(seconds)


def test_failures_far_apart_are_no_row(rests: Rests, clock: Time) -> None:
    for _ in range(FAILURES * 2):
        fail(rests)
        clock.now += 31
    answer(rests)


@pytest.mark.parametrize("kind", ["bad_request", "context_length", "content_filter"])
def test_what_lies_in_the_request_counts_for_nothing(rests: Rests, kind: FaultKind) -> None:
    fail(rests, kind, times=10)
    answer(rests)


def test_a_vendor_that_says_how_long_is_believed_at_once(rests: Rests, clock: Time) -> None:
    fail(rests, "rate_limit", retry_after=20)
    assert "for another 20 s" in refused(rests)
    clock.now += 20.1
    with rests.watch("m/x"), rests.watch("m/x") as second:
        second.answered = True


def test_a_probe_that_is_left_lets_the_next_one_try(rests: Rests, clock: Time) -> None:
    fail(rests, times=FAILURES)
    clock.now += FIRST_SECONDS + 0.1
    with pytest.raises(GeneratorExit), rests.watch("m/x"):
        raise GeneratorExit
    answer(rests)


class Broken:
    """A lane that fails as often as it is told, and counts."""

    def __init__(self, failures: int) -> None:
        self.left, self.asked = failures, 0

    async def stream(self, model: str, request: Request) -> AsyncIterator[Piece]:
        self.asked += 1
        if self.left:
            self.left -= 1
            raise ModelFault("auth", model, "no such key")
        yield Delta("Back.")
        yield Finish("stop", model, Usage(1, 1))


async def test_a_resting_model_is_not_asked_and_the_next_one_answers() -> None:
    broken, steady = Broken(FAILURES), Broken(0)
    models = Models(Settings(_env_file=None), load_vendors(environ={}), {"down": broken, "up": steady})
    for _ in range(FAILURES + 2):
        pieces = [piece async for piece in models.stream(["down/a", "up/b"], HELLO)]
        assert isinstance(pieces[0], Switched)
        assert pieces[1] == Delta("Back.")
    assert (broken.asked, steady.asked) == (FAILURES, FAILURES + 2)
    assert "put aside" in pieces[0].fault.words
    assert [rest.model for rest in models.resting()] == ["down/a"]


async def test_an_answer_that_came_whole_counts_though_its_reader_left_at_its_end() -> None:
    shaky = Broken(FAILURES - 1)
    models = Models(Settings(_env_file=None), load_vendors(environ={}), {"shaky": shaky})
    for _ in range(FAILURES - 1):
        [piece async for piece in models.stream(["shaky/a"], HELLO)]
    assert (await models.complete(["shaky/a"], HELLO)).text == "Back."
    shaky.left = FAILURES - 1
    for _ in range(FAILURES - 1):
        [piece async for piece in models.stream(["shaky/a"], HELLO)]
    assert (await models.complete(["shaky/a"], HELLO)).text == "Back."
