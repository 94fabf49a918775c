"""What a plugin file of kind `mcp` may say beyond its shape. Nothing is started or connected for it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import jmespath
from jmespath.exceptions import JMESPathError

from server.catalog.plugin_spec import McpPlugin
from server.catalog.problems import Path, Problem
from server.catalog.references import BOUND, references_in, strings_in, whole_reference, wrong_name
from server.catalog.yaml_source import Source

_SHARED = "one session serves all customers; hand over who they are with `bind`"
_SECRET = frozenset({"secret.NAME"})


def check_mcp(plugin: McpPlugin, source: Source) -> Iterator[Problem]:
    """Everything wrong in the file that its own text tells."""
    for place in (("description",), ("functions",), ("tools",)):
        yield from _references(source, place, frozenset(), "text that the model sees")
    yield from _references(source, ("url",), frozenset(), "`url`", "keep the address in the file")
    for key in ("command", "args"):
        yield from _references(source, (key,), frozenset(), f"`{key}`", "put secrets into `env`")
    for key in ("headers", "auth", "env"):
        yield from _references(source, (key,), _SECRET, f"`{key}`", _SHARED)
    yield from _tools(plugin, source)
    yield from _functions(plugin, source)
    yield from _bound(plugin, source)


def _references(source: Source, path: Path, allowed: frozenset[str], where: str, why: str = "") -> Iterator[Problem]:
    node = source.node(path)
    for below, text in strings_in(node.plain if node else None):
        for reference in references_in(text):
            words = wrong_name(reference, allowed)
            if words is None and not (allowed and reference.root == "secret"):
                words = f"`{reference}` may not stand in {where}" + (f"; {why}" if why else "")
            if words:
                yield Problem(source.file, *source.at_text((*path, *below), reference.offset), words)


def _tools(plugin: McpPlugin, source: Source) -> Iterator[Problem]:
    for index, tool in enumerate(plugin.tools):
        if tool in plugin.tools[:index]:
            yield source.problem(("tools", index), f"the tool `{tool}` is listed twice")


def _functions(plugin: McpPlugin, source: Source) -> Iterator[Problem]:
    for tool, function in plugin.functions.items():
        if tool not in plugin.tools:
            close = difflib.get_close_matches(tool, plugin.tools, n=1)
            hint = f"did you mean `{close[0]}`?" if close else "add it there"
            yield Problem(source.file, *source.at_key(("functions", tool)), f"`{tool}` is not among `tools`; {hint}")
        if function.result.select is not None:
            try:
                jmespath.compile(function.result.select)
            except JMESPathError as error:
                words = f"`select` is no JMESPath expression: {str(error).splitlines()[0]}"
                yield source.problem(("functions", tool, "result", "select"), words)


def _bound(plugin: McpPlugin, source: Source) -> Iterator[Problem]:
    for argument, value in plugin.bind.items():
        reference = whole_reference(value)
        if reference is None or reference.name not in BOUND:
            choices = ", ".join(f"${{{name}}}" for name in sorted(BOUND))
            yield source.problem(("bind", argument), f"`{argument}` is filled by the server: one of {choices}")
