"""The persona as a model of OpenAI's: `POST /v1/chat/completions` and `GET /v1/models`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from server.api.carrying import Place, Talk, place_of, read_talk
from server.api.completions_shape import (
    Completion,
    CompletionBody,
    UnknownModel,
    listed,
    model_of,
    wrong,
)
from server.api.service import Serviced
from server.api.shapes import Short
from server.api.wire import PING_SECONDS, JsonResponse, body_of, disconnected, read_shape
from server.auth import Caller
from server.auth.rules import CHATTER
from server.errors import NotFound, RapportError
from server.service import Service
from server.turn import EventLog, Order
from server.turn.handing import turn_in

router = APIRouter(prefix="/v1", tags=["OpenAI's wire"])
_BEGAN = int(time.time())
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/event-stream": {}}, "description": "The answer, or its chunks"}
}


@router.get("/models")
async def models(caller: CHATTER, service: Serviced) -> dict[str, Any]:
    """The personas that the caller may chat with."""
    return listed(_names(service, caller), _BEGAN)


@router.get("/models/{model}")
async def model(model: str, caller: CHATTER, service: Serviced) -> dict[str, Any]:
    """One persona."""
    if model not in _names(service, caller):
        raise _unknown(model)
    return model_of(model, _BEGAN)


@router.post(
    "/chat/completions", responses=_ANSWERS, response_class=JsonResponse, openapi_extra=body_of(CompletionBody)
)
async def chat_completions(
    request: Request,
    caller: CHATTER,
    service: Serviced,
    x_conversation_id: Annotated[Short | None, Header()] = None,
    idempotency_key: Annotated[Short | None, Header()] = None,
) -> Response:
    """One turn of a chat, in OpenAI's shape. The answer's header `X-Conversation-Id` names its conversation."""
    body = await read_shape(request, CompletionBody)
    if body.model not in _names(service, caller):
        raise _unknown(body.model)
    told = (body.metadata or {}).get("conversation_id")
    if told and x_conversation_id and told != x_conversation_id:
        raise wrong("metadata.conversation_id", "is another conversation than the X-Conversation-Id header names")
    talk = read_talk(body)
    place = await place_of(service, caller, body, talk, x_conversation_id or told, idempotency_key)
    log = await service.turns.begin(_order(service, caller, body, talk, place, idempotency_key))
    spent = orjson.loads(place.held.answer)["usage"] if place.held and place.held.answer else None
    answer = Completion(
        log.turn_id,
        body.model,
        int(service.clock.now().timestamp()),
        (spent["prompt_tokens"], spent["completion_tokens"]) if spent else (0, 0),
    )
    headers = {"x-conversation-id": log.conversation_id}
    if body.stream:
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return _Chunks(log, answer, headers, usage=usage)
    return JsonResponse(answer.whole(await _end(log)), headers=headers)


async def _end(log: EventLog) -> dict[str, Any]:
    answer = await log.done()
    if answer is None:
        raise log.problem or RapportError("The turn ended without an answer; send the message again.")
    ended: dict[str, Any] = orjson.loads(answer)
    return ended


def _names(service: Service, caller: Caller) -> list[str]:
    loaded = [state.loaded for state in service.catalog.personas() if state.loaded and not state.loaded.archived]
    return [persona.name for persona in loaded if caller.may_use(persona.name)]


def _unknown(name: str) -> NotFound:
    return UnknownModel(f"There is no persona `{name}` for this key; GET /v1/models lists those there are.")


def _order(
    service: Service, caller: Caller, body: CompletionBody, talk: Talk, place: Place, sent_as: str | None
) -> Order:
    own = {name for plugin in service.catalog.persona(body.model).plugins for name in plugin.functions}
    if taken := sorted(own & {function.name for function in talk.carried.functions}):
        raise wrong("tools", f"`{taken[0]}` is a function of this persona's own; give yours another name")
    customer, held = place.customer, place.held
    of_ours = caller.kind == "visitor" and place.conversation_id is not None  # what was said is what the server has
    carried = replace(
        talk.carried,
        earlier=() if of_ours else talk.carried.earlier,
        is_vouched=caller.kind != "visitor",
        resumes=turn_in(talk.carried.exchange) if held else None,
    )
    return Order(
        persona=body.model,
        text=held.text if held else talk.text,
        user_id=customer.id,
        trust=customer.trust,
        user_name=customer.name,
        conversation_id=place.conversation_id,
        client_message_id=None if held else sent_as,
        locale=customer.locale,
        timezone=customer.timezone,
        channel=customer.channel or "api",
        role="visitor" if caller.kind == "visitor" else caller.role,
        opens=place.opens,
        carried=carried,
    )


class _Chunks(Response):
    """A turn's events as OpenAI streams them. A reader that goes away ends this, not the turn."""

    media_type = "text/event-stream"

    def __init__(self, log: EventLog, answer: Completion, headers: dict[str, str], *, usage: bool) -> None:
        super().__init__(b"", headers={**headers, "cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._log, self._answer, self._usage, self._said = log, answer, usage, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.ensure_future(disconnected(receive))
        log, after = self._log, 0
        chunks = [self._answer.first()]
        try:
            while not gone.done():
                closed = log.closed
                blocks, after = log.since(after)
                chunks += [self._chunk(block) for block in blocks]
                body = b"".join(chunks)
                chunks = []
                if body or closed:
                    await send({"type": "http.response.body", "body": body, "more_body": not closed})
                elif not await log.wait(PING_SECONDS):
                    await send({"type": "http.response.body", "body": b": waiting\n\n", "more_body": True})
                if closed:
                    return
        finally:
            gone.cancel()

    def _chunk(self, block: bytes) -> bytes:
        head, _, data = block.rstrip(b"\n").partition(b"\ndata: ")
        match head.rpartition(b"event: ")[2]:
            case b"delta":
                self._said = True
                return self._answer.text(data)
            case b"end":
                return self._answer.last(orjson.loads(data), said=self._said, usage=self._usage)
            case b"error":
                problem = self._log.problem
                return self._answer.broken(problem or RapportError("The turn ended without an answer."))
        return b""
