"""Plugins: what there is, what is wrong, what was called, and trying a function."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from server.api.service import Serviced
from server.api.shapes import Cursor, Limit, NameInPath, Short, TryBody, listed
from server.auth.rules import DEVELOPER, VIEWER
from server.catalog import PluginState
from server.catalog.plugin_spec import McpPlugin
from server.clock import rfc3339
from server.errors import Invalid, NotFound
from server.plugins import Bound
from server.plugins.listing import described
from server.service import Service
from server.storage import calls, tools

router = APIRouter(prefix="/plugins", tags=["plugins"])

OneFunction = Annotated[Short | None, Query(description="Calls of this function alone.")]
Days = Annotated[int, Query(ge=1, le=90, description="How many days back.")]


@router.get("")
async def list_plugins(caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """Every plugin with its functions and problems."""
    items = [await _shown(state, service) for state in service.catalog.plugins()]
    return listed(items, None, len(items))


@router.get("/{name}")
async def one_plugin(name: NameInPath, caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """One plugin."""
    for state in service.catalog.plugins():
        if state.name == name:
            return await _shown(state, service)
    raise NotFound(f"There is no plugin `{name}`.")


@router.get("/{name}/calls")
async def last_calls(
    name: NameInPath,
    caller: DEVELOPER,
    service: Serviced,
    function: OneFunction = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Its last calls, or those of one function, newest first."""
    rows, following = await service.database.read(lambda tx: calls.page(tx, name, limit, cursor, function))
    return listed([row.document() for row in rows], following, None)


@router.get("/{name}/figures")
async def figures(name: NameInPath, caller: VIEWER, service: Serviced, days: Days = 7) -> dict[str, Any]:
    """Calls, error rate and times (p50, p95) of the last days, of the plugin and of each function."""
    since = rfc3339(service.clock.now() - timedelta(days=days))
    together, each = await service.database.read(lambda tx: calls.figures(tx, name, since))
    functions = [{"function": function, **found.document()} for function, found in each.items()]
    return {"days": days, **together.document(), "functions": functions}


@router.post("/{name}/functions/{function}/try")
async def try_function(
    name: NameInPath, function: str, body: TryBody, caller: DEVELOPER, service: Serviced
) -> dict[str, Any]:
    """Calls a function as a model would, for a named user whom the caller vouches for. Writes go to nowhere.

    A call that the door refuses is a 422 whose `outcome` has the same members.
    """
    plugin = service.catalog.plugin(name)
    if function not in plugin.functions:
        raise NotFound(f"The plugin `{name}` has no function of that name.")
    bound = Bound(
        user_id=body.as_user or "v_try",
        trust="verified" if body.as_user else "anonymous",
        conversation_id=f"c_try_{caller.id}",
        persona="try",
        test=True,
    )
    await service.note(caller, "try_function", f"{name}.{function}")
    result = await service.door.call([plugin], function, body.args, bound)
    outcome = {
        "plugin": name,
        "function": function,
        "request": result.request,
        "status": result.status,
        "error": result.error,
        "result": result.value,
        "shown": result.shown,
        "milliseconds": round(result.milliseconds, 1),
    }
    if result.status == "refused":
        raise Invalid(result.error or "The call was refused.", extra={"outcome": outcome})
    return outcome


async def _shown(state: PluginState, service: Service) -> dict[str, Any]:
    spec = state.loaded.spec if state.loaded else None
    told = isinstance(spec, McpPlugin)
    rows = await service.database.read(lambda tx: tools.of_plugin(tx, state.name)) if told else {}
    used = [one.name for one in service.catalog.personas() if one.loaded and state.name in one.loaded.spec.plugins]
    return {
        "name": state.name,
        "kind": state.kind,
        "file": state.file,
        "description": state.loaded.spec.description if state.loaded else "",
        "personas": used,
        "mock": bool(spec and spec.mock),
        "status": "ok" if state.ok else "error",
        "problems": [problem.as_dict() for problem in state.problems],
        "functions": described(spec, rows) if spec else [],
    }
