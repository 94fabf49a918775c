"""A plugin's functions as people are shown them: what they do and who may call them."""

from __future__ import annotations

from typing import Any

from server.catalog.spec import Effect, HttpFunction, HttpPlugin, PluginSpec, TableFunction, Trust
from server.plugins.columns import Action, parameters_of


def described(spec: PluginSpec) -> list[dict[str, Any]]:
    """Each function with name, description, effect, whether it is forced, the trust it needs, and its parameters."""
    if isinstance(spec, HttpPlugin):
        return [
            _line(f, f.effect or "read", "verified" if f.effect == "write" else "anonymous", f.parameters)
            for f in spec.functions
        ]
    own_row = "${user.id}" in spec.key.values()
    named: tuple[tuple[Action, TableFunction | None, Effect, Trust], ...] = (
        ("get", spec.functions.get, "read", "anonymous"),
        ("set", spec.functions.set, "write", "anonymous" if own_row else "verified"),
        ("find", spec.functions.find, "read", "anonymous"),
    )
    return [
        _line(function, effect, trust, parameters_of(spec, action))
        for action, function, effect, trust in named
        if function is not None
    ]


def _line(
    function: HttpFunction | TableFunction, effect: Effect, by_default: Trust, parameters: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": function.name,
        "description": function.description,
        "effect": effect,
        "force_call": function.force_call,
        "allow": {"trust": function.allow.trust if function.allow else by_default},
        "parameters": parameters,
    }
