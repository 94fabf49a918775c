"""Step 5: the model and its functions, streamed out as it comes through the check (step 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from server.leads.types import Plan
from server.llm.types import Delta, Finish, FunctionCall, Message, ModelFault, Request, Switched, Usage
from server.plugins import CallResult
from server.plugins.masking import hide
from server.turn.check import AnswerFilter
from server.turn.consent import ask
from server.turn.handing import handed
from server.turn.order import Parts, Turn, call_line, running_line

_log = structlog.get_logger("turn")


async def loop(turn: Turn, parts: Parts) -> Turn:
    """Fills text, calls, model and usage. Whatever models do, the customer gets an answer."""
    check = AnswerFilter(
        asking=turn.plan is not None and turn.plan.action == "ASK",
        ask_fallback=turn.directive.ask if turn.directive else "",
        secrets=parts.secrets(),
    )
    speaker = _Speaker(turn, parts, check)
    assert turn.request is not None
    try:
        async with asyncio.timeout(turn.persona.spec.limits.turn_seconds):
            await speaker.converse(turn.request)
    except TimeoutError:
        turn.faults.append(ModelFault("timeout", turn.model or turn.models[0], "the turn took too long"))
        turn.interrupted = True
    except ModelFault as fault:
        turn.faults.append(fault)
        turn.interrupted = True
    if not speaker.spoke and not turn.handed:
        await speaker.say_something(turn.request)
    speaker.end()
    turn.cut = list(check.cut)
    return turn


class _Speaker:
    """Carries one answer from models to the customer."""

    def __init__(self, turn: Turn, parts: Parts, check: AnswerFilter) -> None:
        self.turn, self.parts, self.check = turn, parts, check
        self.spoke = False
        self._apart = self._ended = False

    async def converse(self, request: Request) -> None:
        """Model, functions, model again, until an answer stands or the rounds are used up."""
        rounds = self.turn.persona.spec.limits.function_rounds
        theirs = {function.name for function in self.turn.order.carried.functions}
        for left in range(rounds, -1, -1):
            offered = request if left else replace(request, functions=())
            calls = await self._listen(offered)
            if not calls:
                return
            ours = tuple(call for call in calls if call.name not in theirs)
            if not ours:
                self._hand_over(calls)
                return
            calls = ours  # what else was called is called again, with these results at hand
            results = await asyncio.gather(*(self._call(call) for call in calls))
            if waiting := next((result for result in results if result.status == "waiting"), None):
                self._ask_to_confirm(waiting)
                return
            request = replace(request, messages=[*request.messages, *_exchange(calls, results)])
            self._apart = self.spoke

    async def say_something(self, request: Request) -> None:
        """The stand-in's answer, when nothing at all was said."""
        self.turn.model = "standin"
        request = replace(request, functions=())
        async with aclosing(self.parts.models.stream(("standin",), request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Delta):
                    self._say(piece.text)

    def end(self) -> None:
        """Lets out what the check still held, once."""
        if not self._ended:
            self._ended = True
            self._out(self.check.finish())

    def _hand_over(self, calls: tuple[FunctionCall, ...]) -> None:
        """Ends this part of the turn with calls that are its caller's to run."""
        self.check.ask_nothing()
        self.end()
        before = sum(len(message.calls) for message in self.turn.order.carried.exchange)
        self.turn.handed = handed(calls, self.turn.accepted.turn_id, before)

    def _ask_to_confirm(self, waiting: CallResult) -> None:
        """Ends the answer with the server's own question; what was planned to be asked waits."""
        turn = self.turn
        if not self.check.asked:
            self.check.ask_nothing()
            turn.plan = Plan("NONE", "confirming", "the customer is asked to confirm something first")
        self.end()
        words = hide(ask(turn, waiting), self.parts.secrets())
        self._out(f"\n\n{words}" if self.spoke else words)

    async def _listen(self, request: Request) -> tuple[FunctionCall, ...]:
        turn = self.turn
        async with aclosing(self.parts.models.stream(turn.models, request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Delta):
                    self._say(piece.text)
                elif isinstance(piece, Switched):
                    self._switched(piece)
                else:
                    self._count(piece)
                    return piece.calls if request.functions else ()
        return ()

    def _switched(self, switched: Switched) -> None:
        fault = switched.fault
        self.turn.faults.append(fault)
        _log.warning("model_failed", model=switched.model_failed, kind=fault.kind, words=fault.words)

    def _say(self, text: str) -> None:
        if self._apart and text:
            text, self._apart = "\n\n" + text.lstrip(), False
        self._out(self.check.feed(text))

    def _out(self, text: str) -> None:
        if not text:
            return
        if not self.spoke:
            self.turn.timings["first_text"] = (self.parts.clock.monotonic() - self.turn.started) * 1000
            self.spoke = True
        self.turn.text += text
        self.turn.log.send("delta", {"text": text})

    def _count(self, finish: Finish) -> None:
        turn, add = self.turn, finish.usage
        turn.model, turn.reason = finish.model, finish.reason
        before, first = turn.usage, turn.usage == Usage()
        known = add.cost_usd is not None and (first or before.cost_usd is not None)
        turn.usage = Usage(
            before.prompt_tokens + add.prompt_tokens,
            before.completion_tokens + add.completion_tokens,
            (before.cost_usd or 0.0) + (add.cost_usd or 0.0) if known else None,
            before.cached_tokens + add.cached_tokens,
        )

    async def _call(self, call: FunctionCall) -> CallResult:
        turn = self.turn
        turn.log.send("call", running_line(turn, call.name, forced=False))
        result = await self.parts.door.call(
            turn.persona.plugins, call.name, call.arguments, turn.bound, language=turn.language
        )
        turn.calls.append(result)
        turn.log.send("call", call_line(result))
        return result


def _exchange(calls: Sequence[FunctionCall], results: Sequence[CallResult]) -> list[Message]:
    """The model's calls and what came back, as it will read them."""
    answers = [Message("tool", result.shown, call_id=call.id) for call, result in zip(calls, results, strict=True)]
    return [Message("assistant", "", calls=tuple(calls)), *answers]
