"""Which model answers, and who answers when it does not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from server.llm.fast_lane import FastLane
from server.llm.litellm_lane import LitellmLane
from server.llm.resting import Rest, Rests
from server.llm.standin import StandIn
from server.llm.types import (
    Delta,
    Finish,
    FinishReason,
    FunctionCall,
    Lane,
    ModelFault,
    Piece,
    Request,
    Switched,
    Usage,
)
from server.llm.vendors import Vendors
from server.settings import Settings

STAND_IN = "standin"
AUTO = "auto"
LONGEST_RETRY_SECONDS = 2.0
_FIRST_PIECE_SHARE = 0.5
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer: its text, calls and usage, the model that gave it, and those that failed before it."""

    text: str
    calls: tuple[FunctionCall, ...]
    usage: Usage
    model: str
    reason: FinishReason
    switched: tuple[Switched, ...] = ()


@dataclass(frozen=True, slots=True)
class VendorStatus:
    """A vendor as the console lists it; `key_variable` and `address_variable` are the ones to set, if needed."""

    name: str
    title: str
    connected: bool
    default_model: str | None
    key_variable: str
    docs: str
    needs_key: bool
    address_variable: str | None


class Models:
    """All models by their strings. `lanes` are further ways to models, by the prefix of their strings."""

    def __init__(self, settings: Settings, vendors: Vendors, lanes: Mapping[str, Lane] | None = None) -> None:
        self._settings = settings
        self._vendors = vendors
        through_litellm = LitellmLane(vendors)
        self._remote = FastLane(vendors, through_litellm) if settings.fast_lane else through_litellm
        self._rests = Rests()
        self._lanes: dict[str, Lane] = {STAND_IN: StandIn(), **(lanes or {})}

    async def prepare(self) -> None:
        """Loads what the first answer would wait for, when some vendor is connected."""
        if any(self._vendors.is_connected(vendor) for vendor in self._vendors):
            await self._remote.prepare()

    async def close(self) -> None:
        await self._remote.close()

    def resolve(self, name: str | None) -> str:
        """The model a persona's `model` stands for: none is RAPPORT_MODEL, and `auto` the first connected
        vendor's default model, or the stand-in where no vendor is connected."""
        wanted = name or self._settings.model or AUTO
        if wanted != AUTO:
            return wanted
        connected = (vendor for vendor in self._vendors if vendor.default_model and self._vendors.is_connected(vendor))
        return next((vendor.default_model for vendor in connected if vendor.default_model), STAND_IN)

    def resolve_helper(self, name: str | None) -> str:
        """The model for extraction and summaries: RAPPORT_HELPER_MODEL, else the persona's."""
        return self.resolve(self._settings.helper_model or name)

    def lane_for(self, model: str) -> Lane:
        """The lane that reaches this model. Raises ModelFault (`unavailable`) where there is none."""
        prefix = model.partition("/")[0]
        if prefix in self._lanes:
            return self._lanes[prefix]
        if prefix == "local":
            raise ModelFault("unavailable", model, "models in this process (local/…) are not built in yet")
        return self._remote

    def is_connected(self, model: str) -> bool:
        """Whether this model could be asked now: its vendor's key and address are set."""
        prefix = model.partition("/")[0]
        if prefix in self._lanes:
            return True
        try:
            vendor, _ = self._vendors.of(model)
        except ModelFault:
            return False
        return prefix != "local" and self._vendors.is_connected(vendor)

    def catalogue(self) -> list[VendorStatus]:
        """The vendors in the order of the table."""
        return [
            VendorStatus(
                vendor.name,
                vendor.title,
                self._vendors.is_connected(vendor),
                vendor.default_model,
                self._vendors.key_variable(vendor),
                vendor.docs,
                vendor.needs_key,
                self._vendors.address_variable(vendor),
            )
            for vendor in self._vendors
        ]

    def resting(self) -> list[Rest]:
        """The models that are put aside now, since they failed again and again."""
        return self._rests.resting()

    async def stream(self, models: Sequence[str], request: Request) -> AsyncGenerator[Piece | Switched, None]:
        """The answer of the first of `models` that gives one, the stand-in after all of them.

        A model that fails before any text is told by a `Switched`. One that fails after text ends the stream
        with ModelFault (`interrupted`): what was shown stays. `request.timeout_seconds` bounds it all; half
        of what is left is the most that a model may take to its first piece. One that has failed again and again
        is not asked for a while, and told by a `Switched` too.
        """
        order = self._order(models)
        deadline = asyncio.get_running_loop().time() + request.timeout_seconds
        for model, following in zip(order, [*order[1:], None], strict=True):
            answer: _Answer | None = None
            try:
                with self._rests.watch(model) as attempt:
                    answer = await self._begun(model, request, deadline)
                    attempt.began()
                    piece = answer.first
                    while piece is not None:
                        attempt.answered = attempt.answered or isinstance(piece, Finish)
                        yield piece
                        piece = await answer.next()
                return
            except ModelFault as fault:
                if answer is not None:
                    raise ModelFault("interrupted", model, fault.words, fault.retry_after) from fault
                if following is None:
                    raise
                failed = fault
            finally:
                if answer is not None:
                    await answer.close()
            yield Switched(model, failed, following)

    async def complete(self, models: Sequence[str], request: Request) -> Completion:
        """The same, gathered. Raises ModelFault as `stream` does."""
        text: list[str] = []
        switched: list[Switched] = []
        async with aclosing(self.stream(models, request)) as pieces:
            async for piece in pieces:
                match piece:
                    case Delta():
                        text.append(piece.text)
                    case Switched():
                        switched.append(piece)
                    case Finish():
                        return Completion(
                            "".join(text),
                            piece.calls,
                            piece.usage,
                            piece.model,
                            piece.reason,
                            tuple(switched),
                        )
        raise ModelFault("interrupted", self._order(models)[0], "the stream ended without its end")

    def _order(self, models: Sequence[str]) -> list[str]:
        return list(dict.fromkeys([*map(self.resolve, models), STAND_IN]))

    async def _begun(self, model: str, request: Request, deadline: float) -> _Answer:
        """The model's answer, its first piece there; asked once more where that may help."""
        lane = self.lane_for(model)
        try:
            return await _begin(lane, model, request, deadline)
        except ModelFault as fault:
            pause = _pause(fault)
            if pause is None or asyncio.get_running_loop().time() + pause >= deadline:
                raise
        await asyncio.sleep(pause)
        return await _begin(lane, model, request, deadline)


def _pause(fault: ModelFault) -> float | None:
    """Seconds before the one retry, with jitter; None where trying again would not help."""
    if fault.retry_after is not None and fault.retry_after > LONGEST_RETRY_SECONDS:
        return None
    if fault.kind == "rate_limit" and fault.retry_after is None:
        return None
    if fault.kind not in ("rate_limit", "unavailable", "interrupted"):
        return None
    return (fault.retry_after or 0) + _PAUSE_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311


async def _begin(lane: Lane, model: str, request: Request, deadline: float) -> _Answer:
    """An answer that begins in time. The stand-in needs no time and is asked even after the deadline."""
    now = asyncio.get_running_loop().time()
    left = deadline - now
    if model == STAND_IN:
        left, deadline = 10.0, now + 10.0
    if left <= 0:
        raise ModelFault("timeout", model, "no time was left to ask it")
    first = left * _FIRST_PIECE_SHARE
    answer = _Answer(model, lane.stream(model, replace(request, timeout_seconds=left)), left)
    try:
        async with asyncio.timeout_at(now + first):
            answer.first = await anext(answer.pieces, None)
    except TimeoutError:
        await answer.close()
        raise ModelFault("timeout", model, f"no answer within {first:.1f} s") from None
    except BaseException:
        await answer.close()
        raise
    answer.watch(deadline)
    return answer


class _Answer:
    """The pieces of one lane, all before one deadline, which costs a single timer however many they are."""

    def __init__(self, model: str, pieces: AsyncIterator[Piece], seconds: float) -> None:
        self.first: Piece | None = None
        self.pieces = pieces
        self._model, self._seconds = model, seconds
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[Any] | None = None
        self._is_late = False

    def watch(self, deadline: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(deadline, self._cut)

    async def next(self) -> Piece | None:
        """None at the end. Raises ModelFault (`timeout`) at the deadline, and whatever the lane raises."""
        if self._is_late:
            raise self._fault()
        task = self._waiting = asyncio.current_task()
        assert task is not None
        cancelled_before = task.cancelling()
        try:
            return await anext(self.pieces, None)
        except TimeoutError:
            raise self._fault() from None
        except asyncio.CancelledError:
            if self._is_late and task.uncancel() <= cancelled_before:
                raise self._fault() from None
            raise
        finally:
            self._waiting = None

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if isinstance(self.pieces, AsyncGenerator):
            await self.pieces.aclose()

    def _cut(self) -> None:
        """Ends the wait for the next piece, and nothing else: between two pieces the task is the caller's."""
        self._is_late = True
        if self._waiting is not None:
            self._waiting.cancel()

    def _fault(self) -> ModelFault:
        return ModelFault("timeout", self._model, f"no end within {self._seconds:.1f} s")
