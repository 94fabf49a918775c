"""A turn from its first commit to its last event: the steps, in the order in which they happen."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import orjson
import structlog

from server.catalog import LoadedPersona
from server.clock import rfc3339
from server.errors import Conflict, Forbidden, NotFound, RapportError, Unavailable
from server.storage import conversations, turns
from server.storage.owner import EVERYONE, Owner
from server.storage.turns import AcceptedTurn
from server.turn.accept import accept, begin
from server.turn.capture import capture
from server.turn.consent import consent
from server.turn.events import EventLog, EventShelf
from server.turn.gather import gather
from server.turn.loop import loop
from server.turn.order import Order, Parts, Turn
from server.turn.plan import plan
from server.turn.prompt import prompt
from server.turn.record import Erased, record
from server.turn.takeback import CONSOLE, TakenBack, take_back

Step = Callable[[Turn, Parts], Awaitable[Turn]]
STEPS: tuple[Step, ...] = (gather, consent, plan, prompt, loop, capture, record)
"""Steps 2 to 8; step 1 is `accept`, `consent` ends what step 2 found waiting, step 6 (`check`) sits inside `loop`."""

QUIET_SECONDS = 15.0
ANSWERED = ("done", "waiting")
"""What a turn is that has an answer: the last one, or the one that hands calls to its caller."""
_log = structlog.get_logger("turn")


class Turns:
    """Begins turns, keeps those under way, and finds their events again."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.shelf = EventShelf(parts.clock.monotonic)
        self._running: dict[str, Turn] = {}
        self._tails: dict[str, dict[int, EventLog]] = {}
        self._doors: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._closing = False

    @property
    def under_way(self) -> int:
        """How many turns are being made now."""
        return len(self._running)

    async def begin(self, order: Order) -> EventLog:
        """Accepts a message and starts its turn; the log of its events, which grows.

        The same `client_message_id` again gives the log of the turn it began: running, kept, or its stored end.
        """
        if self._closing:
            raise Unavailable("The server is going down; try again in a moment.", retry_after=2)
        persona = await self.parts.catalog.persona_at(order.persona, order.version)
        models = self._models(order, persona)
        async with self._door(order.user_id):
            accepted = await accept(order, persona, models, self.parts)
            if accepted.repeated and (log := self._again(order, accepted)):
                return log
            turn = begin(order, persona, models, accepted, self.parts)
            self._start(turn)
        return turn.log

    async def events(self, turn_id: str, owner: Owner) -> EventLog:
        """The log of a turn that the owner may see: running, kept, or just its stored end. Raises NotFound."""
        running = self._running.get(turn_id)
        log = running.log if running else self.shelf.get(turn_id)
        if log is not None and owner.user_id in (None, log.user_id):
            return log
        stored = await self.parts.database.read(lambda tx: turns.stored_end(tx, turn_id, owner))
        if stored is None:
            raise NotFound("There is no turn of that id.")
        status, answer, last, conversation_id = stored
        if status == "running":
            raise NotFound("This turn was cut by a restart; send its message again to finish it.")
        return _stored_log(turn_id, conversation_id, owner.user_id or "", status, answer or "{}", last)

    @asynccontextmanager
    async def quiet(self, user_id: str) -> AsyncIterator[None]:
        """Nothing of that person runs inside: running turns are waited for, slow ones ended, new ones wait."""
        async with self._door(user_id):
            running = [turn for turn in self._running.values() if turn.order.user_id == user_id]
            tasks = [turn.task for turn in running if turn.task]
            if tasks:
                _, slow = await asyncio.wait(tasks, timeout=QUIET_SECONDS)
                for task in slow:
                    task.cancel()
                if slow:
                    await asyncio.wait(slow)
            yield

    async def take_back(self, conversation_id: str, actor: str) -> TakenBack:
        """Takes the last message of a test or console conversation back, with all that came of it.

        Raises NotFound, Forbidden for a customer's own conversation, Conflict while an answer is being made,
        Invalid when nothing is left.
        """
        database, at = self.parts.database, rfc3339(self.parts.clock.now())
        held = await database.read(lambda tx: conversations.find(tx, conversation_id, EVERYONE))
        if not held.test and held.channel != CONSOLE:
            raise Forbidden("This is a customer's own conversation; nothing is taken back in it.")
        async with self._door(held.user_id):
            if conversation_id in self._tails:
                raise Conflict("An answer is being made in this conversation; wait for its end.")
            taken = await database.write(lambda tx: take_back(tx, held, self.parts, actor, at))
            self.shelf.forget(taken.turn_id)
        return taken

    async def close(self, seconds: float = 30.0) -> None:
        """Takes no more turns and lets the running ones finish; what is slower is cut and can be sent again."""
        self._closing = True
        tasks = [turn.task for turn in self._running.values() if turn.task]
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=seconds)
            for task in slow:
                task.cancel()

    def _models(self, order: Order, persona: LoadedPersona) -> tuple[str, ...]:
        wanted = [order.model or persona.spec.model, *persona.spec.fallbacks]
        return tuple(dict.fromkeys(self.parts.models.resolve(model) for model in wanted))

    def _door(self, user_id: str) -> asyncio.Lock:
        """One at a time for each customer between checking and registering; turns themselves run outside it."""
        lock = self._doors.get(user_id)
        if lock is None:
            self._doors[user_id] = lock = asyncio.Lock()
        return lock

    def _again(self, order: Order, accepted: AcceptedTurn) -> EventLog | None:
        """The log of a repeated message's turn; None when a crash cut it and it has to be finished."""
        running = self._running.get(accepted.turn_id)
        if running:
            return running.log
        if accepted.status not in ANSWERED:
            return None
        kept = self.shelf.get(accepted.turn_id)
        return kept or _stored_log(
            accepted.turn_id,
            accepted.conversation_id,
            order.user_id,
            accepted.status,
            accepted.answer or "{}",
            accepted.last_event,
        )

    def _start(self, turn: Turn) -> None:
        self._running[turn.accepted.turn_id] = turn
        tail = self._tails.setdefault(turn.accepted.conversation_id, {})
        before = [log for seq, log in tail.items() if seq < turn.accepted.seq]
        tail[turn.accepted.seq] = turn.log
        turn.task = asyncio.create_task(self._run(turn, before))

    async def _run(self, turn: Turn, before: list[EventLog]) -> None:
        try:
            for earlier in before:
                await earlier.done()
            if before:
                turn.now = self.parts.clock.now()
                waited = (self.parts.clock.monotonic() - turn.started) * 1000
                turn.timings["waited"] = waited
            for step in STEPS:
                turn = await step(turn, self.parts)
        except asyncio.CancelledError:
            turn.log.fail(Unavailable("This turn was ended before its answer was there.", retry_after=1))
            raise
        except Erased:
            turn.log.fail(NotFound("This conversation was erased while the answer was being made."))
        except RapportError as error:
            turn.log.fail(error)
            await self._failed(turn, error)
        except Exception:
            _log.exception("turn_failed", turn_id=turn.accepted.turn_id, persona=turn.order.persona)
            fault = RapportError("Something went wrong on our side; the message is kept. Send it again.")
            turn.log.fail(fault)
            await self._failed(turn, fault)
        finally:
            self._end(turn)

    async def _failed(self, turn: Turn, error: RapportError) -> None:
        at = rfc3339(self.parts.clock.now())
        body = orjson.dumps({"detail": error.detail}).decode()
        with contextlib.suppress(Unavailable):  # then the turn stays one that a crash cut, to be sent again
            await self.parts.database.write(lambda tx: turns.fail(tx, turn.accepted.turn_id, body, at, turn.before))

    def _end(self, turn: Turn) -> None:
        del self._running[turn.accepted.turn_id]
        tail = self._tails[turn.accepted.conversation_id]
        del tail[turn.accepted.seq]
        if not tail:
            del self._tails[turn.accepted.conversation_id]
        self.shelf.put(turn.log)


def _stored_log(turn_id: str, conversation_id: str, user_id: str, status: str, answer: str, last: int) -> EventLog:
    log = EventLog(turn_id, conversation_id, user_id)
    if status in ANSWERED:
        log.restore(answer.encode(), last)
    else:
        log.fail(RapportError(orjson.loads(answer).get("detail", "This turn failed; send its message again.")))
    return log
