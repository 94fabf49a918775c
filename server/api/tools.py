"""Tools of MCP servers: what each says of itself, and approving it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from server.api.service import Serviced
from server.api.shapes import Body, Clean, NameInPath
from server.auth.rules import DEVELOPER, VIEWER
from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import McpPlugin
from server.errors import Invalid, NotFound
from server.plugins.listing import states
from server.service import Service
from server.storage import tools

router = APIRouter(prefix="/plugins/{name}/tools", tags=["plugins"])


class ApprovedTool(Body):
    """A tool and the digest of the definition that was looked at."""

    tool: Annotated[Clean, StringConstraints(min_length=1, max_length=128)]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ApproveBody(Body):
    """The tools to approve, all or none."""

    tools: list[ApprovedTool] = Field(min_length=1, max_length=200)


@router.get("")
async def list_tools(name: NameInPath, caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """The plugin's tools: approved, new, changed (with both definitions), gone or unknown."""
    plugin, spec = _plugin(service, name)
    return await _listed(service, plugin, spec)


@router.post("/read")
async def read_tools(name: NameInPath, caller: DEVELOPER, service: Serviced) -> dict[str, Any]:
    """Asks the server for its tools now."""
    plugin, spec = _plugin(service, name)
    await service.door.prepare([plugin])
    server = service.door.tools.find(name)
    if server is not None and server.digest == plugin.digest:
        await server.read()
    return await _listed(service, plugin, spec)


@router.post("/approve")
async def approve_tools(name: NameInPath, body: ApproveBody, caller: DEVELOPER, service: Serviced) -> dict[str, Any]:
    """Lets the model use tools as they were looked at. A 409 when one has changed since."""
    plugin, spec = _plugin(service, name)
    digests = {each.tool: each.digest for each in body.tools}
    if strange := digests.keys() - set(spec.tools):
        raise NotFound(f"`{min(strange)}` is not among the `tools` of the plugin `{name}`.")
    await service.approve_tools(name, digests, caller.name or caller.id)
    return await _listed(service, plugin, spec)


def _plugin(service: Service, name: str) -> tuple[LoadedPlugin, McpPlugin]:
    plugin = service.catalog.plugin(name)
    if not isinstance(plugin.spec, McpPlugin):
        raise Invalid(f"The plugin `{name}` is not of kind `mcp`; its functions need no approval.")
    return plugin, plugin.spec


async def _listed(service: Service, plugin: LoadedPlugin, spec: McpPlugin) -> dict[str, Any]:
    rows = await service.database.read(lambda tx: tools.of_plugin(tx, plugin.name))
    server = service.door.tools.find(plugin.name)
    items = [state.document() for state in states(spec, rows)]
    return {
        "items": items,
        "total": len(items),
        "problem": server.problem if server else None,
        "read_at": server.read_at if server else None,
        "others": list(server.others) if server else [],
    }
