"""A plugin's functions as people are shown them: what they do, who may call, what the model sees."""

from __future__ import annotations

from typing import Any

from server.catalog.spec import HttpPlugin, PluginSpec


def described(spec: PluginSpec) -> list[dict[str, Any]]:
    """Each function with name, description, effect, whether it is forced, and the trust it says it needs."""
    if isinstance(spec, HttpPlugin):
        return [
            _line(f.name, f.description, f.effect or "read", f.force_call, f.allow.trust if f.allow else None)
            for f in spec.functions
        ]
    named = (("read", spec.functions.get), ("write", spec.functions.set), ("read", spec.functions.find))
    return [
        _line(f.name, f.description, effect, f.force_call, f.allow.trust if f.allow else None)
        for effect, f in named
        if f is not None
    ]


def _line(name: str, description: str, effect: str, forced: bool, trust: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "effect": effect,
        "force_call": forced,
        "allow": {"trust": trust} if trust else None,
    }
