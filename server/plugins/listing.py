"""A plugin's functions as people are shown them: what they do and who may call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.catalog.plugin_spec import (
    FunctionOptions,
    HttpPlugin,
    McpFunction,
    McpPlugin,
    OpenApiPlugin,
    PluginSpec,
    SqlPlugin,
    tool_function,
)
from server.catalog.spec import Effect, Trust
from server.plugins import http, sql, table
from server.plugins.columns import Action, parameters_of
from server.plugins.mcp.pins import ToolState as ToolState
from server.plugins.mcp.pins import definition
from server.plugins.mcp.pins import states as states
from server.plugins.mcp.tools import without
from server.plugins.operation import access_of
from server.storage.tools import ToolRow


def described(spec: PluginSpec, tools: Mapping[str, ToolRow] | None = None) -> list[dict[str, Any]]:
    """Each function with name, description, effect, whether it is forced, the trust it needs, and its parameters.

    `tools` are those that an MCP server was seen with; only approved ones are functions.
    """
    if isinstance(spec, McpPlugin):
        rows = tools or {}
        return [_tool(spec, row) for name in spec.tools if (row := rows.get(name)) and row.status == "approved"]
    if isinstance(spec, HttpPlugin | OpenApiPlugin):
        functions = spec.carried if isinstance(spec, OpenApiPlugin) else spec.functions
        return [_line(f.name, f, f.effect or "read", http.default_trust(f), f.parameters) for f in functions]
    if isinstance(spec, SqlPlugin):
        return [_line(f.name, f, "read", "anonymous", parameters) for f, parameters in sql.described_functions(spec)]
    effects: tuple[tuple[Action, Effect], ...] = (("get", "read"), ("set", "write"), ("find", "read"))
    return [
        _line(f.name, f, effect, table.default_trust(spec, action), parameters_of(spec, action))
        for action, effect in effects
        if (f := getattr(spec.functions, action)) is not None
    ]


def _tool(spec: McpPlugin, row: ToolRow) -> dict[str, Any]:
    options = spec.functions.get(row.tool) or McpFunction(effect="write")
    told = definition(str(row.approved))
    by_default: Trust = "verified" if options.effect == "write" else "anonymous"
    parameters = without(told.parameters, spec.bind)
    line = _line(tool_function(spec, row.tool), options, options.effect, by_default, parameters)
    return {**line, "description": options.description or told.description}


def _line(
    name: str, options: FunctionOptions, effect: Effect, by_default: Trust, parameters: dict[str, Any]
) -> dict[str, Any]:
    access = access_of(options.allow, by_default)
    return {
        "name": name,
        "description": options.description,
        "effect": effect,
        "force_call": options.force_call,
        "confirm": options.confirm,
        "allow": {
            "trust": access.trust,
            "roles": sorted(access.roles) if access.roles is not None else None,
            "personas": sorted(access.personas) if access.personas is not None else None,
        },
        "parameters": parameters,
    }
