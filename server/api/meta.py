"""Health, readiness, schemas for editors, and the models that are connected."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from server.api.service import Serviced
from server.auth.rules import PUBLIC, VIEWER
from server.catalog.schemas import persona_schema, plugin_schema
from server.errors import Unavailable
from server.plugins.masking import hide

router = APIRouter(tags=["about the server"])
READY_SECONDS = 3.0


@router.get("/healthz", dependencies=[PUBLIC])
async def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[PUBLIC])
async def readyz(service: Serviced) -> dict[str, Any]:
    """The database answers and a persona can chat; 503 with the reason otherwise."""
    try:
        await asyncio.wait_for(service.database.write(lambda tx: tx.row("SELECT 1")), READY_SECONDS)
    except TimeoutError:
        raise Unavailable("The database does not answer.", retry_after=5) from None
    serving = [state.name for state in service.catalog.personas() if state.loaded]
    if not serving:
        raise Unavailable("No persona can chat yet: `rapport check` says why.", retry_after=5)
    return {"status": "ok", "personas": serving}


@router.get("/.well-known/jwks.json", dependencies=[PUBLIC])
async def jwks(service: Serviced) -> dict[str, Any]:
    """The public keys that verify `X-Rapport-Identity`."""
    return service.identity.jwks()


@router.get("/schemas/persona.json", dependencies=[PUBLIC])
async def persona_json() -> dict[str, Any]:
    """JSON Schema of a persona file."""
    return persona_schema()


@router.get("/schemas/plugin.json", dependencies=[PUBLIC])
async def plugin_json() -> dict[str, Any]:
    """JSON Schema of a plugin file."""
    return plugin_schema()


models_router = APIRouter(tags=["models"])


@models_router.get("/models")
async def models(caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """Vendors, which are connected, the model that answers when a persona names none, and models put aside."""
    resting = [
        {**asdict(rest), "seconds_left": round(rest.seconds_left, 1), "words": hide(rest.words, service.unspoken())}
        for rest in service.models.resting()
    ]
    items = [asdict(status) for status in service.models.catalogue()]
    return {
        "items": items,
        "next_cursor": None,
        "total": len(items),
        "default": service.models.resolve(None),
        "resting": resting,
    }
