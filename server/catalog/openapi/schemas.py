"""Schemas of a description made JSON Schema 2020-12: `$ref`s become `$defs`, older words their newer ones."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import orjson

from server.catalog.openapi.document import At, Documents, NotCarried
from server.catalog.openapi.names import argument_name, clean, folded, shortened

_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_MAX_DEPTH = 15
_DESCRIPTION = 600
_LONGEST = 200
_SAFE_INTEGER = 2**63 - 1
_COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_BOUNDS = frozenset({"minimum", "maximum"})
LOST = "\0lost"
"""Marks a converted schema that needs a field which the server fills; never written anywhere."""

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Def:
    """One `$defs` entry: its schema, its length as JSON, the entries it names itself, and why it cannot be used."""

    schema: Schema
    size: int
    names: frozenset[str]
    wrong: str | None = None


@dataclass(slots=True)
class Schemas:
    """Converts the schemas of one description; each that is named by `$ref` once."""

    documents: Documents
    filled: frozenset[str] = frozenset()
    _names: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _defs: dict[str, _Def] = field(default_factory=dict)
    _waiting: list[tuple[str, At]] = field(default_factory=list)
    _reach: dict[str, frozenset[str]] = field(default_factory=dict)
    _patterns: dict[str, bool] = field(default_factory=dict)

    def converted(self, at: At) -> Schema:
        """The schema with `#/$defs/…` for each `$ref`; take the `$defs` from `reached`. Raises NotCarried."""
        made = self._schema(at, 0)
        while self._waiting:  # one after the other, since schemas that name each other may go very deep
            name, target = self._waiting.pop()
            self._defs[name] = self._definition(target)
        return made

    def definition(self, name: str) -> Schema:
        """What one entry of `$defs` says."""
        return self._defs[name].schema

    def reached(self, schema: Any) -> frozenset[str]:
        """The names of all `$defs` that a converted schema leads to. Raises NotCarried."""
        found: set[str] = set()
        for name in self._named(schema):
            found |= self._all_below(name)
        for name in found:
            if wrong := self._defs[name].wrong:
                raise NotCarried(wrong)
        return frozenset(found)

    def size(self, names: Collection[str]) -> int:
        """Characters of these `$defs` as JSON."""
        return sum(self._defs[name].size for name in names)

    def flat(self, at: At) -> At:
        """What the schema's `$ref`s come to. Raises NotCarried."""
        return self.documents.resolved(at)

    def _all_below(self, name: str) -> frozenset[str]:
        if name not in self._reach:
            seen, waiting = {name}, [name]
            while waiting:
                fresh = self._defs[waiting.pop()].names - seen
                seen |= fresh
                waiting.extend(fresh)
            self._reach[name] = frozenset(seen)
        return self._reach[name]

    def _referred(self, ref: str, file: str) -> str:
        """The name of the `$defs` entry for a `$ref`, which waits to be converted when it is new."""
        where, target = self.documents.target(ref, file)
        if where not in self._names:
            name = argument_name(re.split(r"[/#]", where)[-1] or "schema", self._taken)
            self._names[where] = name
            self._taken.add(name.lower())
            self._waiting.append((name, target))
        return self._names[where]

    def _definition(self, target: At) -> _Def:
        try:
            schema = self._schema(target, 0)
        except NotCarried as problem:
            return _Def({}, 2, frozenset(), str(problem))
        return _Def(schema, len(orjson.dumps(schema)), frozenset(self._named(schema)))

    def _named(self, schema: Any) -> set[str]:
        """The `$defs` that a schema names itself."""
        found: set[str] = set()
        for each in parts_of(schema):
            ref = each.get("$ref")
            if isinstance(ref, str) and ref.startswith("#/$defs/"):
                found.add(ref.removeprefix("#/$defs/"))
        return {name for name in found if name.lower() in self._taken}

    def _schema(self, at: At, depth: int) -> Schema:
        given = at.value
        if not isinstance(given, dict) or depth > _MAX_DEPTH:
            return {"not": {}} if given is False else {}
        if isinstance(given.get("$ref"), str):
            return self._reference(at)
        made: Schema = {}
        _words(given, made)
        _types(given, made)
        _choices(given, made)
        _limits(given, made)
        self._pattern(given, made)
        self._below(at, made, depth)
        return _nullable(given, made)

    def _reference(self, at: At) -> Schema:
        made: Schema = {"$ref": f"#/$defs/{self._referred(at.value['$ref'], at.file)}"}
        if at.value.get("nullable") is True:
            return {"anyOf": [made, {"type": "null"}]}
        _words(at.value, made)
        return made

    def _pattern(self, given: Mapping[str, Any], made: Schema) -> None:
        pattern = given.get("pattern")
        if isinstance(pattern, str) and pattern == clean(pattern) and self._is_pattern(pattern):
            made["pattern"] = pattern

    def _is_pattern(self, pattern: str) -> bool:
        """Whether the validator takes it, in linear time."""
        if pattern not in self._patterns:
            self._patterns[pattern] = len(pattern) <= 1000 and _compiles(pattern)
        return self._patterns[pattern]

    def _below(self, at: At, made: Schema, depth: int) -> None:
        def deeper(below: At) -> Schema:
            return self._schema(below, depth + 1)

        _properties(at, made, self.filled, deeper)
        _items(at, made, deeper)
        for word in ("allOf", "anyOf", "oneOf"):
            branches = [deeper(each) for each in at.get(word).entries()]
            if branches:
                made[word] = branches
        more = at.get("additionalProperties")
        if isinstance(more.value, bool):
            made["additionalProperties"] = more.value
        elif isinstance(more.value, dict):
            made["additionalProperties"] = deeper(more)
        patterns = {p: deeper(s) for p, s in at.get("patternProperties").items() if p == clean(p)}
        if patterns and all(map(self._is_pattern, patterns)):
            made["patternProperties"] = patterns
        if isinstance(at.get("not").value, dict):
            made["not"] = deeper(at.get("not"))


def _words(given: Mapping[str, Any], made: Schema) -> None:
    said = given.get("description")
    if isinstance(said, str) and said.strip():
        made["description"] = shortened(said, _DESCRIPTION)
    if isinstance(given.get("format"), str):
        made["format"] = clean(given["format"])[:60]
    if "default" in given and _is_short(given["default"]):
        made["default"] = given["default"]


def _choices(given: Mapping[str, Any], made: Schema) -> None:
    choices = given.get("enum")
    if isinstance(choices, list) and choices:
        made["enum"] = _distinct([_choice(each, made) for each in choices])
    if "const" in given:
        made["const"] = _choice(given["const"], made)


def _items(at: At, made: Schema, deeper: Callable[[At], Schema]) -> None:
    items = at.get("items")
    if isinstance(items.value, dict):
        made["items"] = deeper(items)
    prefix = list((items if isinstance(items.value, list) else at.get("prefixItems")).entries())
    if prefix:
        made["prefixItems"] = [deeper(each) for each in prefix]


def _properties(at: At, made: Schema, filled: frozenset[str], deeper: Callable[[At], Schema]) -> None:
    found: Schema = {}
    left_out: set[str] = set()
    for name, below in at.get("properties").items():
        if folded(name) in filled or name != clean(name) or len(name) > _LONGEST or _read_only(below.value):
            left_out.add(name)
        else:
            found[name] = deeper(below)
    if found or left_out:
        made["properties"] = found
        made.setdefault("type", "object")
    required = [each.value for each in at.get("required").entries() if isinstance(each.value, str)]
    if kept := [name for name in dict.fromkeys(required) if name not in left_out and name == clean(name)]:
        made["required"] = kept
    for name in required:
        if name in left_out and folded(name) in filled:
            made[LOST] = clean(name)


def _read_only(value: Any) -> bool:
    return isinstance(value, dict) and value.get("readOnly") is True


def _types(given: Mapping[str, Any], made: Schema) -> None:
    said = given.get("type")
    kinds = [_kind(each) for each in (said if isinstance(said, list) else [said])]
    kept = list(dict.fromkeys(kind for kind in kinds if kind))
    if len(kept) == len(kinds) and kept:
        made["type"] = kept[0] if len(kept) == 1 else kept


def _kind(said: Any) -> str | None:
    if said == "file":
        return "string"
    return said if isinstance(said, str) and said in _TYPES else None


def _choice(value: Any, made: Schema) -> Any:
    if made.get("type") == "string" and isinstance(value, bool | int | float):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if not _is_plain(value):
        raise NotCarried("one of its fixed values cannot stand in a plugin's file")
    return value


def _distinct(values: list[Any]) -> list[Any]:
    seen: dict[bytes, Any] = {}
    for value in values:
        seen.setdefault(orjson.dumps(value), value)
    return list(seen.values())


def _limits(given: Mapping[str, Any], made: Schema) -> None:
    for word in _COUNTS:
        value = given.get(word)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _SAFE_INTEGER:
            made[word] = value
    for word in _BOUNDS:
        exclusive = "exclusive" + word.capitalize()
        if _is_number(given.get(word)):
            made[exclusive if given.get(exclusive) is True else word] = given[word]
        if _is_number(given.get(exclusive)):
            made[exclusive] = given[exclusive]
    if _is_number(given.get("multipleOf")) and given["multipleOf"] > 0:
        made["multipleOf"] = given["multipleOf"]
    if given.get("uniqueItems") is True:
        made["uniqueItems"] = True


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _SAFE_INTEGER if isinstance(value, int) else math.isfinite(value)


def _nullable(given: Mapping[str, Any], made: Schema) -> Schema:
    if given.get("nullable") is not True and given.get("x-nullable") is not True:
        return made
    kind = made.get("type")
    if kind is None:
        return {"anyOf": [made, {"type": "null"}]} if any(w in made for w in ("allOf", "anyOf", "oneOf")) else made
    kinds = kind if isinstance(kind, list) else [kind]
    made["type"] = [*kinds, *(["null"] if "null" not in kinds else [])]
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    return made


def _compiles(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(
            {"type": "string", "pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (ValueError, jsonschema_rs.ValidationError):
        return False
    return True


def _is_short(value: Any) -> bool:
    return _is_plain(value) and len(orjson.dumps(value)) <= 200


def _is_plain(value: Any) -> bool:
    """Whether the value can stand in a plugin's file as it is."""
    if isinstance(value, str):
        return value == clean(value)
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(below) for key, below in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool) or _is_number(value)


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Every map in a schema, itself included, without recursion."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def lost_field(schema: Any) -> str | None:
    """A field that the schema needs and the server fills, which cannot be both."""
    return next((name for each in parts_of(schema) if isinstance(name := each.get(LOST), str)), None)
