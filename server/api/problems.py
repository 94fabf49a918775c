"""Errors as `application/problem+json` (RFC 9457), whatever raised them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from server.api import completions_shape
from server.api.data_shape import DATA, data_refusal
from server.api.wire import json_bytes
from server.errors import BadRequest, Invalid, NotFound, RapportError

MEDIA_TYPE = "application/problem+json"
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, where, and what to do",
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "title": "Problem",
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "errors": {"type": "array", "items": {"type": "object"}},
                    },
                }
            }
        },
    }
}
"""Every operation's errors, for the OpenAPI document."""

CUT_BODY = BadRequest("The body ended before it was whole.")
_log = structlog.get_logger("api")


class MethodNotAllowed(RapportError):
    status, title = 405, "Method not allowed"


def problem_response(error: RapportError) -> Response:
    """The answer that tells of an error."""
    headers = {}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    return Response(json_bytes(error.document()), error.status, headers, MEDIA_TYPE)


def refusal(path: str, error: RapportError) -> Response:
    """The answer that tells of an error, in the shape of what lies at that path."""
    if path.startswith(DATA):
        return data_refusal(error)
    return completions_shape.refusal(error) if path.startswith(completions_shape.PREFIX) else problem_response(error)


def install(app: FastAPI) -> None:
    """Sends every error of the application through `problem_response`."""
    app.add_exception_handler(RapportError, _rapport)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _rapport(request: Request, error: Exception) -> Response:
    assert isinstance(error, RapportError)
    return refusal(request.url.path, error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return refusal(request.url.path, problem_of(error))


def problem_of(error: RequestValidationError) -> RapportError:
    """What is wrong with a request, field by field."""
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return BadRequest("The body is not JSON.")
    return Invalid(_in_one_line(found), errors=[_field(one) for one in found])


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = refusal(request.url.path, _framework(error))
    if error.status_code == 405:
        answer.headers.update(error.headers or {})
    return answer


def _framework(error: HTTPException) -> RapportError:
    """What the framework refused, in our words."""
    if error.status_code == 404:
        return NotFound("There is nothing at this address; /docs lists what there is.")
    if error.status_code == 405:
        return MethodNotAllowed("This address does not take that method.")
    if isinstance(error.__cause__, RapportError):  # raised while the body was read
        return error.__cause__
    return BadRequest(str(error.detail))


async def _gone(request: Request, _error: Exception) -> Response:
    return refusal(request.url.path, CUT_BODY)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("request_failed", method=request.method, path=request.url.path, error=type(error).__name__)
    ours = RapportError("Something went wrong on our side. Try again; the log has the reason.")
    return refusal(request.url.path, ours)


def _field(error: dict[str, Any]) -> dict[str, str]:
    where = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path", "header"))
    return {"field": where.encode("utf-8", "replace").decode(), "message": _words(error)}


def _words(error: dict[str, Any]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return "is not a field here"
    if kind == "missing":
        return "is missing"
    return str(error["msg"]).removeprefix("Value error, ")


def _in_one_line(found: Sequence[Any]) -> str:
    first = _field(found[0])
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{first['field'] or 'The request'}: {first['message']}{more}."
