"""Arguments as they come from a model: read strictly, held against the schema and the bound slots."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs

MAX_CHARACTERS = 400_000
MAX_DEPTH = 32
MAX_VALUES = 20_000

ALWAYS_BOUND = frozenset(
    {"user", "userid", "username", "usertrust", "userlocale", "uid", "customerid", "visitorid"}
    | {"conversation", "conversationid", "persona", "personaname", "secret"}
)
"""Names, folded, that no argument may have unless the function's schema lists them."""

_ALIKE = str.maketrans("аԁеһіјкӏмоԛрѕтυνхуԝсгαιοκρτχɑɡıһʏ", "adehijklmoqpstuvxywcraiokptxagihy")
"""Letters of other alphabets that look like those of a name."""

_BRANCHES = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("not", "if", "then", "else", "contains", "propertyNames")
_INDIRECT = ("$ref", "$dynamicRef", "if", "dependentSchemas", *_BRANCHES)


class Refused(ValueError):
    """Arguments that are not taken. `str()` is for the model, `reason` and `names` for the log."""

    def __init__(self, words: str, reason: str, names: Iterable[str] = ()) -> None:
        super().__init__(words)
        self.reason = reason
        self.names = tuple(names)


def folded(name: str) -> str:
    """A name as names are compared: NFKC, case folded, and nothing but letters and digits kept."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in text if letter.isalnum())


def parse(arguments: str | Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as plain JSON values. Raises Refused: not JSON, a key twice, NaN, too deep, too large."""
    text = arguments if isinstance(arguments, str) else _as_text(arguments)
    if len(text) > MAX_CHARACTERS:
        raise Refused(f"The arguments are longer than {MAX_CHARACTERS:,} characters.", "too large")
    try:
        value = json.loads(text or "{}", object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
        text.encode()
        _bounded(value)
    except Refused:
        raise
    except RecursionError:
        raise Refused(f"The arguments are nested deeper than {MAX_DEPTH} levels.", "too deep") from None
    except ValueError:
        raise Refused("The arguments are not one whole JSON object; write them again.", "not JSON") from None
    if not isinstance(value, dict):
        raise Refused("The arguments must be a JSON object such as {}.", "not an object")
    return value


def _as_text(arguments: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(arguments), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise Refused("The arguments are not plain JSON values.", "not JSON") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("A key stands twice in one object of the arguments; send each once.", "duplicate key")
    return found


def _no_constant(name: str) -> float:
    raise Refused(f"{name} is not JSON.", "not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Refused("A number in the arguments is too large.", "not JSON")
    return number


def _bounded(value: Any) -> None:
    """Bounds depth and number of values, and refuses text that is no proper Unicode."""
    level = [value]
    count = 0
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, str):
                each.encode()
            elif isinstance(each, dict):
                "".join(each).encode()
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        count += len(inner)
        if count > MAX_VALUES:
            raise Refused(f"The arguments hold more than {MAX_VALUES:,} values.", "too large")
        if not inner:
            return
        level = inner
    raise Refused(f"The arguments are nested deeper than {MAX_DEPTH} levels.", "too deep")


def refuse_bound(arguments: Mapping[str, Any], bound_names: frozenset[str]) -> None:
    """Raises Refused when a key at any depth is the name of something the server binds."""
    for key in _keys(arguments):
        if folded(key) in bound_names or folded(key).translate(_ALIKE) in bound_names:
            words = f"`{key[:60]}` is filled in by the server and cannot be sent; leave it out."
            raise Refused(words, "bound slot", [folded(key)])


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def named(schema: Any) -> set[str]:
    """Every property that a schema lists, at any depth."""
    found: set[str] = set()
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            found.update(str(name) for name in properties)
        for inner in schema.values():
            found |= named(inner)
    elif isinstance(schema, list | tuple):
        for inner in schema:
            found |= named(inner)
    return found


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a function's arguments with nothing let in that it does not name.

    The top level is always closed; below it each level that lists properties is, unless it says otherwise.
    Levels that draw properties from elsewhere (`allOf`, `$ref`) are closed by `unevaluatedProperties`, so
    every schema is read as JSON Schema 2020-12.
    """
    top: dict[str, Any] = {"type": "object", "properties": {}, **_closed(schema, schema, inside=False)}
    if top.get("additionalProperties") is not False and top.get("unevaluatedProperties") is not False:
        top.pop("additionalProperties", None)
        top[_closing_word(top)] = False
    return top


def _closing_word(schema: Mapping[str, Any]) -> str:
    return "unevaluatedProperties" if any(word in schema for word in _INDIRECT) else "additionalProperties"


def _closed(schema: Any, root: Mapping[str, Any], *, inside: bool) -> Any:
    """`inside`: this describes the same object as the schema around it, which is closed instead."""
    if isinstance(schema, list | tuple):
        return [_closed(inner, root, inside=inside) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {word: _closed_word(word, inner, root) for word, inner in schema.items() if word != "$schema"}
    says = "additionalProperties" in schema or "unevaluatedProperties" in schema
    if not inside and not says and _lists_properties(schema, root, 8):
        found[_closing_word(schema)] = False
    return found


def _closed_word(word: str, inner: Any, root: Mapping[str, Any]) -> Any:
    if word in ("properties", "patternProperties"):
        return _each(inner, root, inside=False)
    if word in ("$defs", "definitions", "dependentSchemas"):
        return _each(inner, root, inside=True)
    if word in _BRANCHES or word in _CONDITIONS:
        return _closed(inner, root, inside=True)
    if word in ("items", "prefixItems", "additionalProperties", "unevaluatedProperties"):
        return _closed(inner, root, inside=False)
    return inner


def _each(inner: Any, root: Mapping[str, Any], *, inside: bool) -> Any:
    if not isinstance(inner, Mapping):
        return inner
    return {name: _closed(each, root, inside=inside) for name, each in inner.items()}


def _lists_properties(schema: Any, root: Mapping[str, Any], hops: int) -> bool:
    if not isinstance(schema, Mapping) or hops == 0:
        return hops == 0
    if "properties" in schema:
        return True
    parts = [part for word in _BRANCHES for part in schema.get(word, ())]
    parts += [schema[word] for word in ("then", "else") if word in schema]
    if isinstance(schema.get("$ref"), str):
        parts.append(_pointed_at(schema["$ref"], root))
    return any(_lists_properties(part, root, hops - 1) for part in parts)


def _pointed_at(ref: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for step in ref.removeprefix("#").strip("/").split("/"):
        if step and isinstance(found, Mapping):
            found = found.get(step.replace("~1", "/").replace("~0", "~"))
    return found


def compile_schema(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """A validator that reaches for nothing outside and whose patterns take linear time. Raises ValueError."""
    return jsonschema_rs.Draft202012Validator(
        dict(schema), retriever=_no_remote, pattern_options=jsonschema_rs.RegexOptions()
    )


def _no_remote(uri: str) -> Any:
    raise ValueError(f"`{uri}` lies outside the plugin")


def validate(arguments: Mapping[str, Any], validator: jsonschema_rs.Validator) -> None:
    """Raises Refused with up to five sentences that say which argument is wrong and why."""
    words: list[str] = []
    reasons: list[str] = []
    for error in validator.iter_errors(dict(arguments)):
        where = ".".join(str(step) for step in error.instance_path)
        words.append(f"{where}: {error.message[:200]}" if where else error.message[:200])
        reasons.append(error.kind.name)
        if len(words) == 5:
            break
    if words:
        raise Refused("The arguments do not fit. " + "; ".join(words), "schema: " + ", ".join(sorted(set(reasons))))
