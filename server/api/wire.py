"""What goes over the wire: JSON, event streams, and the bounds of a request."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import BadRequest, RapportError, TooLarge
from server.turn.events import EventLog

S = TypeVar("S", bound=BaseModel)
MAX_BODY = 2 * 1024 * 1024
MAX_FILE = 20_000_000
PING_SECONDS = 15.0
_SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
]


def json_bytes(value: Any) -> bytes:
    """JSON as it is sent."""
    return orjson.dumps(value)


class JsonResponse(Response):
    """JSON that is bytes already, or becomes them by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return content if isinstance(content, bytes) else orjson.dumps(content)


class EventStream(Response):
    """A turn's events, sent as the bytes they are kept as. A reader that goes away ends this, not the turn."""

    media_type = "text/event-stream"

    def __init__(self, log: EventLog, after: int = 0) -> None:
        super().__init__(b"", headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._log, self._after = log, after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.ensure_future(disconnected(receive))
        log, after = self._log, self._after
        try:
            while not gone.done():
                block, after = log.take(after)
                if log.closed:
                    await send({"type": "http.response.body", "body": block, "more_body": False})
                    return
                if block:
                    await send({"type": "http.response.body", "body": block, "more_body": True})
                elif not await log.wait(PING_SECONDS):
                    await send({"type": "http.response.body", "body": b": waiting\n\n", "more_body": True})
        finally:
            gone.cancel()


async def disconnected(receive: Receive) -> None:
    """Returns when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def read_shape(request: Request, shape: type[S]) -> S:
    """The JSON body as that shape. Raises RequestValidationError, as the framework does."""
    try:
        return shape.model_validate_json(await request.body())
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False, include_input=False)]
        raise RequestValidationError(found) from None


def body_of(shape: type[BaseModel]) -> dict[str, Any]:
    """What the OpenAPI document says of a body that `read_shape` reads."""
    schema = shape.model_json_schema()
    schema = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inlined(value: Any, definitions: dict[str, Any]) -> Any:
    """The schema with what it refers to in its place, since the document has its definitions elsewhere."""
    if isinstance(value, list):
        return [_inlined(inner, definitions) for inner in value]
    if not isinstance(value, dict):
        return value
    if isinstance(reference := value.get("$ref"), str):
        return _inlined(definitions[reference.rpartition("/")[2]], definitions)
    return {name: _inlined(inner, definitions) for name, inner in value.items()}


async def read_body(request: Request, most: int) -> bytes:
    """The body as bytes. Raises TooLarge."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge(f"The body is larger than {most:,} bytes.")
        parts.append(part)
    return b"".join(parts)


class Bounds:
    """Refuses bodies over `MAX_BODY` (files: `MAX_FILE`) while they are read, and adds the headers that keep
    browsers careful."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        most = MAX_FILE if scope["method"] == "PUT" and "/knowledge/" in scope["path"] else MAX_BODY
        is_docs = scope["path"] in ("/docs", "/docs/oauth2-redirect")

        async def bounded_send(message: Message) -> None:
            if message["type"] == "http.response.start" and not is_docs:
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in _SAFE_HEADERS if h[0] not in given)]
            await send(message)

        if not length.isdigit():
            await _refuse(BadRequest("The Content-Length header is not a number."), scope, receive, bounded_send)
        elif len(length) > 12 or int(length) > most:
            too_large = TooLarge(f"The body is larger than {most:,} bytes.")
            await _refuse(too_large, scope, receive, bounded_send)
        else:
            await self._app(scope, _bounded(receive, most), bounded_send)


def _bounded(receive: Receive, most: int) -> Receive:
    left = most

    async def bounded_receive() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLarge(f"The body is larger than {most:,} bytes.")
        return message

    return bounded_receive


async def _refuse(error: RapportError, scope: Scope, receive: Receive, send: Send) -> None:
    from server.api.problems import refusal

    await refusal(scope["path"], error)(scope, receive, send)
