"""Functions that give recorded answers, so that a persona can be tried before the service is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.catalog.plugin_spec import Example, PluginSpec
from server.plugins.operation import Operation, Outcome, Ready
from server.plugins.references import Values


@dataclass(frozen=True, slots=True)
class MockExecutor:
    """Answers with what an example recorded; nothing is called."""

    function: str
    examples: tuple[Example, ...]

    async def run(self, values: Values) -> Outcome:
        """The answer of the example with exactly these arguments, else of the function's first."""
        request = self.describe(values)
        example = best(self.examples, values.args)
        if example is None:
            words = f"The plugin is a mock, and `{self.function}` has no example with an `answer`."
            return Outcome(status="failed", error=words, request=request)
        return Outcome(example.answer, request=request)

    def describe(self, values: Values) -> dict[str, Any]:
        """That nothing was sent."""
        return {"mock": True, "arguments": dict(values.args)}


def best(examples: Sequence[Example], args: Mapping[str, Any]) -> Example | None:
    """The example with exactly these arguments, else the first."""
    return next((each for each in examples if each.args == args), examples[0] if examples else None)


def mocked(spec: PluginSpec, ready: Ready) -> Ready:
    """The plugin with recorded answers behind its functions, and nothing to prepare."""
    operations = tuple(_mock(spec, operation) for operation in ready.operations)
    return replace(ready, operations=operations, preparation=None)


def _mock(spec: PluginSpec, operation: Operation) -> Operation:
    answers = tuple(each for each in spec.examples if each.function == operation.name and each.answered)
    return replace(operation, executor=MockExecutor(operation.name, answers), local=None)
