"""Chat: a message in, an answer out, whole or as a stream of events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from server.api.service import Serviced
from server.api.shapes import ChatBody, IdInPath
from server.api.wire import EventStream, JsonResponse, body_of, read_shape
from server.auth import Caller
from server.auth.rules import CHATTER, VISITOR_OR_VIEWER
from server.errors import Forbidden, Invalid, RapportError
from server.service import Service
from server.turn import EventLog, Order

router = APIRouter(tags=["chat"])
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {}, "application/json": {}},
        "description": "The answer, or its events",
    }
}
_EDITORS = ("model", "version", "test", "as_user")


@router.post("/chat", responses=_STREAMED, response_class=JsonResponse, openapi_extra=body_of(ChatBody))
async def chat(request: Request, caller: CHATTER) -> Response:
    """One turn. With `Accept: text/event-stream` as events `start`, `call`, `delta`, `end` or `error`."""
    return await answer(request, caller, request.app.state.service)


async def answer(request: Request, caller: Caller, service: Service) -> Response:
    """The chat route itself: here, and without the framework in `server.api.hot`."""
    body = await read_shape(request, ChatBody)
    log = await service.turns.begin(await _order(body, caller, service))
    if "text/event-stream" in request.headers.get("accept", ""):
        return EventStream(log)
    return JsonResponse(await _whole(log))


@router.get("/turns/{turn_id}/events", responses=_STREAMED, response_class=JsonResponse)
async def turn_events(
    turn_id: IdInPath,
    caller: VISITOR_OR_VIEWER,
    service: Serviced,
    last_event_id: Annotated[str, Header()] = "0",
) -> Response:
    """The events of a turn after `Last-Event-ID`, byte for byte."""
    if not last_event_id.isascii() or not last_event_id.isdigit() or len(last_event_id) > 9:
        raise Invalid("The Last-Event-ID header needs the number of an event.")
    return EventStream(await service.turns.events(turn_id, caller.owner), int(last_event_id))


async def _whole(log: EventLog) -> bytes:
    answer = await log.done()
    if answer is None:
        raise log.problem or RapportError("The turn ended without an answer; send the message again.")
    return answer


async def _order(body: ChatBody, caller: Caller, service: Service) -> Order:
    if not caller.may_use(body.persona):
        raise Forbidden("This key is for other personas.")
    wishes = [name for name in _EDITORS if getattr(body, name) is not None]
    if wishes and not caller.may("editor"):
        raise Forbidden(f"`{wishes[0]}` is for editors.")
    if body.message.images or body.message.audio:
        raise Invalid("This persona takes text only: pictures and voice are not switched on.")
    customer = await service.customer_of(caller, body.as_user, body.conversation_id, body.client_message_id)
    return Order(
        persona=body.persona,
        text=body.message.text,
        user_id=customer.id,
        trust=customer.trust,
        user_name=customer.name,
        conversation_id=body.conversation_id,
        client_message_id=body.client_message_id,
        locale=body.locale or customer.locale,
        timezone=customer.timezone,
        channel=customer.channel or "api",
        model=body.model,
        version=body.version,
        test=bool(body.test) or body.as_user is not None or customer.is_test,
        role="visitor" if caller.kind == "visitor" else caller.role,
        confirm=body.confirm.id if body.confirm else None,
        confirm_yes=body.confirm is not None and body.confirm.yes,
    )
