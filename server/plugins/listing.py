"""A plugin's functions as people are shown them: what they do and who may call them."""

from __future__ import annotations

from typing import Any

from server.catalog.spec import Effect, HttpFunction, HttpPlugin, PluginSpec, TableFunction, Trust


def described(spec: PluginSpec) -> list[dict[str, Any]]:
    """Each function with name, description, effect, whether it is forced, and the trust it needs."""
    if isinstance(spec, HttpPlugin):
        return [
            _line(f, f.effect or "read", "verified" if f.effect == "write" else "anonymous") for f in spec.functions
        ]
    own_row = "${user.id}" in spec.key.values()
    named: tuple[tuple[Effect, TableFunction | None, Trust], ...] = (
        ("read", spec.functions.get, "anonymous"),
        ("write", spec.functions.set, "anonymous" if own_row else "verified"),
        ("read", spec.functions.find, "anonymous"),
    )
    return [_line(function, effect, trust) for effect, function, trust in named if function is not None]


def _line(function: HttpFunction | TableFunction, effect: Effect, by_default: Trust) -> dict[str, Any]:
    return {
        "name": function.name,
        "description": function.description,
        "effect": effect,
        "force_call": function.force_call,
        "allow": {"trust": function.allow.trust if function.allow else by_default},
    }
