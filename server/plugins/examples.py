"""The examples of a plugin, run through the door and held against what is expected of them."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
from jmespath.exceptions import JMESPathError

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import Example, Expect, TablePlugin
from server.plugins.call import Door
from server.plugins.results import compiled
from server.plugins.types import Bound, CallResult

_MOST = 4_000


@dataclass(frozen=True, slots=True)
class Ran:
    """One example that was run. `faults` are sentences, with the difference in lines; empty when it holds."""

    plugin: str
    function: str
    name: str
    milliseconds: float
    mock: bool
    faults: tuple[str, ...]


async def run_examples(door: Door, plugin: LoadedPlugin, conversation_id: str) -> AsyncIterator[Ran]:
    """Runs each example in the order of the file. Calls are real ones, but for mocks.

    What is written to a table goes to the scratch overlay of the conversation, so that no row is changed.
    """
    for place, example in enumerate(plugin.spec.examples, 1):
        result = await _called(door, plugin, example, conversation_id)
        name = example.name or f"example {place}"
        faults = tuple(faults_of(example.expect, result))
        yield Ran(plugin.name, example.function, name, result.milliseconds, plugin.spec.mock, faults)


async def _called(door: Door, plugin: LoadedPlugin, example: Example, conversation_id: str) -> CallResult:
    bound = Bound(
        user_id=example.as_user or "v_examples",
        trust="verified" if example.as_user else "anonymous",
        conversation_id=conversation_id,
        persona="examples",
        test=isinstance(plugin.spec, TablePlugin),
    )
    # Writing the example down was the yes to exactly these arguments.
    confirmed = None if example.expect.status == "waiting" else plugin.digest
    return await door.call([plugin], example.function, example.args, bound, confirmed=confirmed)


def faults_of(expect: Expect, result: CallResult) -> list[str]:
    """What does not hold of a result, in sentences."""
    if result.status != expect.status:
        reason = f": {result.error}" if result.error else ""
        return [f"expected status {expect.status}, got {result.status}{reason}"]
    value = result.value if result.status == "ok" else result.error
    if expect.select is not None:
        try:
            value = compiled(expect.select).search(value)
        except JMESPathError as error:
            return [f"`select` does not fit the result: {str(error).splitlines()[0]}"]
    return [*_contains(expect, value), *_equals(expect, value)]


def _contains(expect: Expect, value: Any) -> list[str]:
    if expect.contains is None or expect.contains in _text(value):
        return []
    return [f"expected a result that holds {expect.contains!r}, got\n{_cut(_text(value))}"]


def _equals(expect: Expect, value: Any) -> list[str]:
    if "equals" not in expect.model_fields_set or _json(expect.equals) == _json(value):
        return []
    wanted, got = _json(expect.equals).splitlines(), _json(value).splitlines()
    lines = difflib.unified_diff(wanted, got, "expected", "got", lineterm="")
    return ["another result\n" + _cut("\n".join(lines))]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str).decode()


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}… ({len(text) - _MOST:,} more characters)"
