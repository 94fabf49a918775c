"""What may be wrong in a plugin's examples and its `mock`."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

import jmespath
from jmespath.exceptions import JMESPathError

from server.catalog.plugin_spec import McpPlugin, PluginSpec
from server.catalog.problems import Path, Problem
from server.catalog.yaml_source import Source


def check_examples(plugin: PluginSpec, source: Source, functions: Collection[str]) -> Iterator[Problem]:
    """Examples of functions that are not there, expressions that cannot be read, mocks without an answer."""
    for index, example in enumerate(plugin.examples):
        at: Path = ("examples", index)
        if functions and example.function not in functions:
            yield source.problem((*at, "function"), _unknown(example.function, functions))
        if example.expect.select is not None:
            yield from _expression(example.expect.select, source, (*at, "expect", "select"))
    if plugin.mock:
        yield from _mocked(plugin, source, functions)


def _unknown(name: str, functions: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(functions), n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(sorted(functions)[:20])}"
    return f"there is no function `{name}` here; {hint}"


def _expression(select: str, source: Source, path: Path) -> Iterator[Problem]:
    try:
        jmespath.compile(select)
    except JMESPathError as error:
        yield source.problem(path, f"`select` is no JMESPath expression: {str(error).splitlines()[0]}")


def _mocked(plugin: PluginSpec, source: Source, functions: Collection[str]) -> Iterator[Problem]:
    words = "`mock: true`: its functions give recorded answers, and the service is never called"
    yield Problem(source.file, *source.at_key(("mock",)), words, "warning")
    if isinstance(plugin, McpPlugin):
        words = "without its server a plugin of kind `mcp` has only the tools that were approved before"
        yield Problem(source.file, *source.at_key(("mock",)), words, "warning")
    answered = {example.function for example in plugin.examples if example.answered}
    for name in functions:
        if name not in answered:
            words = f"`{name}` has no example with an `answer`, so the mock cannot answer it"
            yield Problem(source.file, *source.at_key(("mock",)), words, "warning")
