"""The chat route without the framework around it, which takes more time than the rule, the body and the start of
a turn together. Rule, body and answer are the route's own; the framework keeps it for its document."""

from __future__ import annotations

from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.chat import answer
from server.api.problems import CUT_BODY, problem_of, problem_response
from server.auth.rules import may_chat
from server.errors import RapportError
from server.service import Service

PATH = "/api/v1/chat"


class HotChat:
    """Takes `POST /api/v1/chat`; everything else goes on to the application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        await (await self._response(Request(scope, receive)))(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        try:
            return await answer(request, await may_chat(request), self._service)
        except RapportError as error:
            return problem_response(error)
        except RequestValidationError as error:
            return problem_response(problem_of(error))
        except ClientDisconnect:
            return problem_response(CUT_BODY)
