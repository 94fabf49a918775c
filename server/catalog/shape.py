"""What pydantic says about a file's shape, turned into problems at the right line in plain words."""

from __future__ import annotations

import difflib
import re
from typing import Any, TypeVar, get_args, get_origin

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from server.catalog.plugin_spec import PLUGIN_KINDS, PluginSpec
from server.catalog.problems import Path, Problem, in_order
from server.catalog.spec import FUNCTION_PATTERN, IDENTIFIER_PATTERN, NAME_PATTERN, PersonaSpec, Spec
from server.catalog.yaml_source import Source

S = TypeVar("S", bound=Spec)

_MOST = 100
"""Problems told of one file's shape; a file with more is told the rest when these are mended."""
_NOUNS = {
    "PersonaSpec": "a persona",
    "HttpPlugin": "an http plugin",
    "TablePlugin": "a table plugin",
    "OpenApiPlugin": "an openapi plugin",
    "OpenApiFunction": "a function",
    "Style": "a style",
    "HttpAuth": "`auth`",
    "UserPassword": "a user with a password",
    "ApiKey": "an API key",
    "ClientCredentials": "`oauth2`",
    "QuestionAnswer": "a question and answer",
    "Offer": "an offer",
    "CollectField": "a field to collect",
    "HttpFunction": "a function",
    "TableFunction": "a function",
    "McpPlugin": "an mcp plugin",
    "McpFunction": "a function",
    "TableFunctions": "functions",
    "TableColumn": "a column",
    "SqlPlugin": "an sql plugin",
    "SqlFunction": "a function",
    "SqlFunctions": "functions",
    "SqlStatement": "a statement",
    "Example": "an example",
    "Expect": "what is expected",
    "ModelSettings": "settings",
}
_PATTERNS = {
    NAME_PATTERN: "needs 1 to 64 of the characters a-z, 0-9, `_` and `-`",
    FUNCTION_PATTERN: "needs 1 to 64 of the characters A-Z, a-z, 0-9, `_` and `-`",
    IDENTIFIER_PATTERN: "needs letters, digits and `_`, beginning with a letter, at most 63",
}
_UNIONS = {
    "knowledge": "needs a file such as knowledge/pricing.md, or a pair {q: …, a: …}",
    "proactivity": "needs a number from 0 to 1, or `learn`",
}
_NEEDS = {
    "string_type": "needs a text",
    "bool_type": "needs true or false",
    "int_type": "needs a whole number",
    "int_from_float": "needs a whole number",
    "float_type": "needs a number",
    "list_type": "needs a list",
    "dict_type": "needs keys and values",
    "model_type": "needs keys and values",
    "model_attributes_type": "needs keys and values",
    "string_too_short": "must not be empty",
    "finite_number": "needs a finite number",
}


def persona_spec(source: Source) -> tuple[PersonaSpec | None, tuple[Problem, ...]]:
    """The persona that the file describes, or every problem with its shape."""
    return _validated(PersonaSpec, source)


def plugin_spec(source: Source) -> tuple[PluginSpec | None, tuple[Problem, ...]]:
    """The plugin that the file describes, or every problem with its shape."""
    kind = source.value.get("kind", "http")
    if isinstance(kind, str) and kind in PLUGIN_KINDS:
        return _validated(PLUGIN_KINDS[kind], source)
    here = ", ".join(PLUGIN_KINDS)
    close = _did_you_mean(str(kind), PLUGIN_KINDS)
    return None, (source.problem(("kind",), f"kind `{_shown(kind)}` is unknown{close or f': there are {here}'}"),)


def _validated(model: type[S], source: Source) -> tuple[S | None, tuple[Problem, ...]]:
    # Read as JSON: strict there still takes dates from text, yet no `yes` for true and no "5" for 5.
    try:
        data = orjson.dumps(source.value)
        return model.model_validate_json(data, strict=True, by_alias=True, by_name=False), ()
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=True)
        return None, in_order(_problems(model, source, details))


def _problems(model: type[Spec], source: Source, details: list[ErrorDetails]) -> list[Problem]:
    ranked = sorted(details, key=lambda detail: detail["type"] != "extra_forbidden")[:_MOST]
    told = [(detail, _problem(model, source, detail)) for detail in ranked]
    meant = {problem.message.rpartition("did you mean ")[2] for _, problem in told if problem}
    # A misspelt key is told once, not also as the one that is missing.
    return [p for d, p in told if p and not (d["type"] == "missing" and f"`{d['loc'][-1]}`?" in meant)]


def _problem(model: type[Spec], source: Source, detail: ErrorDetails) -> Problem | None:
    path, union, branch = _in_file(source, detail)
    if branch:
        chosen = source.node(union)
        if chosen is None or not isinstance(chosen.plain, dict):
            name = next((str(key) for key in reversed(union) if isinstance(key, str)), "")
            return source.problem(union, f"{_subject(union)}{_UNIONS.get(name, _needs(detail))}")
        if not branch[0].isupper():
            return None  # what was written is a map, so only the model among the branches was meant
    if detail["type"] == "missing":
        return source.problem(path, f"`{detail['loc'][-1]}` is missing in {_noun(model, path)}")
    if detail["type"] == "extra_forbidden":
        return Problem(source.file, *source.at_key(path), _not_a_field(model, path))
    if detail["loc"][-1:] == ("[key]",):
        return Problem(source.file, *source.at_key(path), f"as a name, `{path[-1]}` {_needs(detail)}")
    if detail["type"] == "value_error":
        return _own_words(source, path, str(detail["ctx"]["error"]))
    return source.problem(path, f"{_subject(path)}{_needs(detail)}")


def _in_file(source: Source, detail: ErrorDetails) -> tuple[Path, Path, str]:
    """The error's path as the file has it; the path of a union on the way, and its branch if there is one."""
    path: Path = ()
    union: Path = ()
    branch = ""
    loc = detail["loc"]
    node = source.root
    for key in loc[:-1] if detail["type"] == "missing" or loc[-1:] == ("[key]",) else loc:
        below = node.child(key)
        if below is None:
            union, branch = path, str(key)
        else:
            path, node = (*path, key), below
    return path, union, branch


def _not_a_field(model: type[Spec], path: Path) -> str:
    owner = _model_at(model, path[:-1])
    names = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
    close = _did_you_mean(str(path[-1]), names)
    return f"`{_shown(path[-1])}` is not a field of {_noun(model, path[:-1])}{close}"


def _did_you_mean(word: str, names: Any) -> str:
    lower = {str(name).lower(): str(name) for name in names}
    close = difflib.get_close_matches(word.lower().replace("-", "_"), list(lower), n=1, cutoff=0.6)
    return f"; did you mean `{lower[close[0]]}`?" if close else ""


def _noun(model: type[Spec], path: Path) -> str:
    owner = _model_at(model, path)
    if owner is not None and owner.__name__ in _NOUNS:
        return _NOUNS[owner.__name__]
    return str(next((key for key in reversed(path) if isinstance(key, str)), "the file"))


def _model_at(model: type[Spec], path: Path) -> type[Spec] | None:
    """The model that describes the map at that path."""
    found: Any = model
    for key in path:
        owner = _spec_in(found)
        if owner is not None and isinstance(key, str) and get_origin(found) is not dict:
            fields = {field.alias or name: field.annotation for name, field in owner.model_fields.items()}
            found = fields.get(key)
        else:
            found = owner
    return _spec_in(found)


def _spec_in(annotation: Any) -> type[Spec] | None:
    """The model in an annotation such as `list[str | QuestionAnswer]`."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    return next((found for part in get_args(annotation) if (found := _spec_in(part))), None)


def _subject(path: Path) -> str:
    if not path:
        return "the file "
    if isinstance(path[-1], int):
        name = next((key for key in reversed(path) if isinstance(key, str)), "")
        return f"entry {path[-1] + 1} of `{name}` "
    return f"`{path[-1]}` "


def _needs(detail: ErrorDetails) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "string_type" and isinstance(given, int | float):
        return f"needs a text; put `{_shown(given)}` in quotes"
    if kind in _NEEDS:
        return _NEEDS[kind] + (f", not `{_shown(given)}`" if _is_shown(given) else "")
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        close = _did_you_mean(str(given), options)
        return f"needs one of {', '.join(f'`{o}`' for o in options)}, not `{_shown(given)}`{close}"
    if kind == "string_pattern_mismatch":
        return f"{_PATTERNS.get(str(context.get('pattern')), 'has the wrong shape')}, not `{_shown(given)}`"
    return _bounded(kind, context) or str(detail["msg"])


def _bounded(kind: str, context: dict[str, Any]) -> str | None:
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        words = {"greater_than": "more than", "greater_than_equal": "at least"}
        words |= {"less_than": "less than", "less_than_equal": "at most"}
        return f"needs to be {words[kind]} {next(iter(context.values())):g}"
    if kind == "too_short":
        return f"needs at least {context['min_length']} entr{'y' if context['min_length'] == 1 else 'ies'}"
    if kind.startswith("date_"):
        return "needs a day such as 2026-11-01"
    return None


def _is_shown(value: object) -> bool:
    return value not in ("", None) and not isinstance(value, dict | list)


def _shown(value: object) -> str:
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"


def _own_words(source: Source, path: Path, message: str) -> Problem:
    """A sentence of the models' own; it points at the key or entry that it names, when it names one."""
    if message.startswith("needs"):
        return source.problem(path, f"{_subject(path)}{message}")
    node = source.node(path)
    for word in re.findall(r"`([^`:]+)", message):
        if node is not None and word in node.keys:
            return Problem(source.file, *source.at_key((*path, word)), message)
        if place := _repeated(source, path, word):
            return Problem(source.file, *place, message)
    return source.problem(path, message)


def _repeated(source: Source, path: Path, word: str) -> tuple[int, int] | None:
    """Where a name stands for the second time in one of the lists of a map."""
    node = source.node(path)
    for key in node.keys if node else ():
        entries = node.children[key].plain if node and isinstance(node.children, dict) else None
        if isinstance(entries, list):
            names = [entry.get("name") if isinstance(entry, dict) else entry for entry in entries]
            places = [index for index, name in enumerate(names) if name == word]
            if len(places) > 1:
                return source.at((*path, key, places[1]))
    return None
