"""The schema of one function's arguments, whole in itself and no longer than a model can use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from server.catalog.openapi.document import NotCarried
from server.catalog.openapi.schemas import LOST, Schema, Schemas, lost_field, parts_of

_SHORT = 160
_CHAIN = 8
_DEEPEST = 36
_LEVELS = (6, 5, 4, 3, 2, 1, 0)
_HOLDERS = ("properties", "patternProperties")


def whole(properties: Mapping[str, Any], required: list[str], schemas: Schemas, most: int) -> Schema:
    """JSON Schema of the arguments with its `$defs`, on about `most` characters. Raises NotCarried.

    What is too long is cut from the innermost levels, which then take anything.
    """
    names = schemas.reached(dict(properties))
    parts: list[Any] = [dict(properties), *(schemas.definition(name) for name in names)]
    if lost := next((found for part in parts if (found := lost_field(part))), None):
        raise NotCarried(f"it needs the field `{lost}`, which is named like a slot that the server fills")
    made: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        made["required"] = required
    made["additionalProperties"] = False
    if names:
        made = _joined(made, schemas, names, most)
    return made if _length(made) <= most else _cut(made, most)


def _joined(made: Schema, schemas: Schemas, names: frozenset[str], most: int) -> Schema:
    defs = {name: schemas.definition(name) for name in sorted(names)}
    if schemas.size(names) > 4 * most:
        return made | {"$defs": defs}  # too long in any case, so it is cut from here
    inlined = _inlined(made, schemas, defs)
    return inlined if _depth(inlined) <= _DEEPEST else made | {"$defs": defs}


def _inlined(made: Schema, schemas: Schemas, defs: Mapping[str, Schema]) -> Schema:
    """Entries that are short or named once put in place, unless they name themselves."""
    uses = Counter(ref for part in (made, *defs.values()) for each in parts_of(part) if (ref := _name(each)))
    circular = {name for name in defs if name in schemas.reached(defs[name])}
    placed = {n for n in defs if n not in circular and (uses[n] == 1 or schemas.size([n]) <= _SHORT)}
    result: Schema = _replaced(made, defs, placed, _CHAIN)
    kept: Schema = {}
    waiting = [result]
    while waiting:
        for each in parts_of(waiting.pop()):
            name = _name(each)
            if name and name in defs and name not in kept:
                kept[name] = _replaced(defs[name], defs, placed - {name}, _CHAIN)
                waiting.append(kept[name])
    return result | ({"$defs": kept} if kept else {})


def _name(each: Mapping[str, Any]) -> str | None:
    ref = each.get("$ref")
    return ref.removeprefix("#/$defs/") if isinstance(ref, str) else None


def _replaced(value: Any, defs: Mapping[str, Schema], placed: set[str], hops: int) -> Any:
    if isinstance(value, list):
        return [_replaced(each, defs, placed, hops) for each in value]
    if not isinstance(value, dict):
        return value
    name = _name(value)
    if name in placed and hops and name in defs:
        return {**_replaced(defs[name], defs, placed, hops - 1), **{k: v for k, v in value.items() if k != "$ref"}}
    return {key: _replaced(below, defs, placed, hops) for key, below in value.items()}


def _length(schema: Schema) -> int:
    return len(orjson.dumps(schema))


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [below for each in level for below in _parts(each)]
    return depth


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


class _TooLong(Exception):
    pass


def _cut(made: Schema, most: int) -> Schema:
    defs = made.get("$defs", {})
    for level in _LEVELS:
        cutter = _Cutter(defs, most)
        try:
            properties = {name: cutter.cut(below, level) for name, below in made["properties"].items()}
        except _TooLong:
            continue
        shorter: Schema = {**{k: v for k, v in made.items() if k != "$defs"}, "properties": properties}
        if _length(shorter) <= most:
            return shorter
    raise NotCarried(f"its arguments alone are longer than {most:,} characters")


class _Cutter:
    """Puts every `$ref` in place down to a level; below it only the type is left."""

    def __init__(self, defs: Mapping[str, Schema], most: int) -> None:
        self.defs = defs
        self.left = most // 4  # parts: each is a few characters at least

    def cut(self, schema: Any, level: int, hops: int = 20) -> Any:
        if not isinstance(schema, dict):
            return schema
        self.left -= 1
        if self.left < 0:
            raise _TooLong
        name = _name(schema)
        if name is not None:
            return self.cut({**self.defs.get(name, {}), **_without(schema, "$ref")}, level, hops - 1) if hops else {}
        if level < 0:
            return {"type": schema["type"]} if "type" in schema else {}
        made = {word: value for word, value in schema.items() if level > 1 or word not in ("description", "default")}
        for word, value in made.items():
            made[word] = self.word(word, value, level, hops)
        return made

    def word(self, word: str, value: Any, level: int, hops: int) -> Any:
        if word in _HOLDERS and isinstance(value, dict):
            if level == 0:
                return {}
            return {name: self.cut(below, level - 1, hops) for name, below in value.items()}
        if word in ("allOf", "anyOf", "oneOf", "prefixItems"):
            return [self.cut(below, level - 1, hops) for below in value]
        if word in ("items", "additionalProperties", "not") and isinstance(value, dict):
            return self.cut(value, level - 1, hops)
        return value


def _without(schema: Schema, word: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in (word, LOST)}
