"""The application: routes under their rules, errors as problems, the service's life."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from server import __version__
from server.api import (
    chat,
    completions,
    completions_shape,
    conversations,
    data,
    leads,
    meta,
    overview,
    people,
    permissions,
    personas,
    plugins,
    problems,
    secrets,
    sessions,
    tools,
    visitors,
)
from server.api.data_shape import DOCUMENTED
from server.api.hot import HotChat
from server.api.wire import Bounds, JsonResponse
from server.service import Service

DESCRIPTION = "Sales assistants for a website's chat: help first, then ask, never nag."


def create_app(service: Service) -> FastAPI:
    """The ASGI application over an opened service, which it starts and stops."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        gc.collect()
        gc.freeze()  # what start-up made stays; full collections over it cost 50 ms and more
        gc.set_threshold(50_000, 50, 50)
        yield
        await service.stop()

    app = FastAPI(
        title="Rapport",
        version=__version__,
        description=DESCRIPTION,
        lifespan=life,
        default_response_class=JsonResponse,
        redoc_url=None,
        redirect_slashes=False,  # its answers would name whatever host the request claims
    )
    app.state.service = service
    app.state.authority = service.authority
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    for router in (
        visitors.router,
        chat.router,
        conversations.router,
        personas.router,
        plugins.router,
        permissions.router,
        secrets.router,
        tools.router,
        leads.router,
        overview.router,
        sessions.router,
        people.router,
        meta.models_router,
    ):
        api.include_router(router)
    app.include_router(api, responses=problems.DOCUMENTED)
    app.include_router(data.router, responses=DOCUMENTED)
    app.include_router(completions.router, responses=completions_shape.DOCUMENTED)
    app.include_router(meta.router, responses=problems.DOCUMENTED)
    app.add_middleware(HotChat, service=service)
    app.add_middleware(Bounds)
    return app
