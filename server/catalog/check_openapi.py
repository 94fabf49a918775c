"""What a plugin of kind `openapi` may say beyond its shape, as far as its own file decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from server.catalog.plugin_spec import OpenApiPlugin
from server.catalog.problems import Path, Problem
from server.catalog.references import BOUND, whole_reference
from server.catalog.yaml_source import Source

Allowed = Callable[[Source, Path, frozenset[str], str], Iterator[Problem]]


def check_openapi(plugin: OpenApiPlugin, source: Source, allowed: Allowed) -> Iterator[Problem]:
    """`allowed` tells of references where they may not stand."""
    served = frozenset({"secret", "user", "conversation", "persona"})
    nothing: frozenset[str] = frozenset()
    yield from allowed(source, ("headers",), served, "the headers of all functions")
    yield from allowed(source, ("auth",), served, "auth")
    for path in (("base_url",), ("spec",), ("description",), ("functions",)):
        yield from allowed(source, path, nothing, f"`{path[0]}`")
    for name, value in plugin.bind.items():
        reference = whole_reference(value)
        if reference is None or reference.name not in BOUND:
            choices = ", ".join(f"${{{each}}}" for each in sorted(BOUND))
            yield source.problem(("bind", name), f"a bound parameter is filled by the server: one of {choices}")
    if "://" not in plugin.spec and PurePosixPath(plugin.spec).suffix.lower() not in (".json", ".yaml", ".yml"):
        yield source.problem(("spec",), "needs a .json or .yaml file beside the plugin, or an https address")
    elif "/" not in plugin.spec and not plugin.spec.lower().endswith(".json"):
        words = "YAML files right here are plugins; put the description in a folder, such as descriptions/crm.yaml"
        yield source.problem(("spec",), words)
    elif plugin.spec.startswith("http://"):
        words = "a description over http can be changed on its way; use https"
        yield source.problem(("spec",), words, "warning")
