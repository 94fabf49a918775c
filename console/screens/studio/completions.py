"""What the YAML editor offers while one types: the keys of a persona's file, and the values that a key allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict


class Completion(TypedDict):
    """As Ace takes it."""

    caption: str
    value: str
    meta: str
    name: str
    score: int


def completions(schema: Mapping[str, Any]) -> tuple[Completion, ...]:
    """Every key once, with what it is for, and the words of every closed set."""
    found: dict[str, Completion] = {}
    parts = [schema, *schema.get("$defs", {}).values()]
    for part in parts:
        for key, said in part.get("properties", {}).items():
            found.setdefault(key, _key(key, str(said.get("description", ""))))
            for word in _words(said):
                found.setdefault(word, {"caption": word, "value": word, "meta": key, "name": word, "score": 200})
    return tuple(found.values())


def _key(key: str, description: str) -> Completion:
    return {"caption": key, "value": f"{key}: ", "meta": description[:60], "name": key, "score": 400}


def _words(said: Any) -> Iterator[str]:
    for each in (said, *said.get("anyOf", ())):
        yield from (word for word in each.get("enum", ()) if isinstance(word, str))
