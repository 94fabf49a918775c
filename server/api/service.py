"""The service as a route's dependency."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from server.service import Service


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Serviced = Annotated[Service, Depends(_service)]
