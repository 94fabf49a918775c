"""Who may cause a call of which plugin function."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from server.api.service import Serviced
from server.api.shapes import Limit, Search, Short, listed
from server.auth.rules import VIEWER
from server.plugins.permission import FunctionRights, Right

router = APIRouter(prefix="/permissions", tags=["plugins"])
AtPersona = Annotated[Short | None, Query(description="A persona's name; left out: at any that uses the plugin.")]


@router.get("")
async def list_permissions(
    caller: VIEWER,
    service: Serviced,
    persona: AtPersona = None,
    q: Search = None,
    limit: Limit = 50,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> dict[str, Any]:
    """Every function of every plugin with which kind of caller may cause it, and what the others lack."""
    serving = service.catalog.persona(persona) if persona else None
    plugins = [state.loaded for state in service.catalog.plugins() if state.loaded]
    part = slice((page - 1) * limit, page * limit)
    rows, total = service.door.permissions(plugins, serving, q or "", part)
    return listed([_shown(row) for row in rows], None, total)


def _shown(row: FunctionRights) -> dict[str, Any]:
    access, limits = row.access, row.limits
    return {
        "plugin": row.plugin,
        "function": row.function,
        "effect": row.effect,
        "force_call": row.forced,
        "confirm": row.confirm,
        "limits": {"per_turn": limits.per_turn, "per_conversation": limits.per_conversation} if limits else None,
        "allow": {
            "trust": access.trust,
            "roles": sorted(access.roles) if access.roles is not None else None,
            "personas": sorted(access.personas) if access.personas is not None else None,
        },
        "callers": [_right(one) for one in row.rights],
    }


def _right(one: Right) -> dict[str, Any]:
    return {"role": one.caller.role, "trust": one.caller.trust, "may": one.verdict, "lacks": one.lacks}
