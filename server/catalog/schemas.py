"""JSON Schemas of both kinds of file, for editors."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from server.catalog.plugin_spec import PluginSpec
from server.catalog.spec import PersonaSpec

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def persona_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a persona file."""
    schema = PersonaSpec.model_json_schema(by_alias=True)
    into = schema["$defs"]["Collect"]["properties"]["into"]
    into["anyOf"].insert(0, {"type": "string", "description": "The plugin's name."})
    dial = schema["$defs"]["Collect"]["properties"]["proactivity"]
    for choice in dial["anyOf"]:
        if choice.get("type") == "number":
            choice.update(minimum=0, maximum=1)
    return {"$schema": _DRAFT, "title": "Rapport persona", **_untitled(schema)}


def plugin_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a plugin file."""
    schema = TypeAdapter[Any](PluginSpec).json_schema(by_alias=True)
    return {"$schema": _DRAFT, "title": "Rapport plugin", "type": "object", **_untitled(schema)}


def _untitled(value: Any) -> Any:
    """Without the titles that only repeat the keys."""
    if isinstance(value, dict):
        kept = [key for key in value if key != "title" or isinstance(value[key], dict)]
        return {key: _untitled(value[key]) for key in kept}
    return [_untitled(below) for below in value] if isinstance(value, list) else value
