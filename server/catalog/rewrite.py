"""Writing a changed spec into a YAML text so that its comments, order and style survive.

Only here is ruamel.yaml used: it is slow and keeps what a person wrote. What it writes is read back and
compared; where it cannot carry a change (an anchor used twice), the text is written anew without comments.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import orjson
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from server.catalog.problems import Problem
from server.catalog.shape import persona_spec
from server.catalog.yaml_source import Node, Source, SourceError, read_source

MAX_CHARACTERS = 300_000
_ABSENT = object()
_SHORT = 60


def rewritten(source: Source, spec: dict[str, Any]) -> str:
    """The source's text, changed to say what `spec` says (JSON values).

    A value that only spells out a default which the text left out is not written. Raises SourceError when
    `spec` cannot be written as YAML that this catalog reads.
    """
    wanted_source = read_source(_json(spec, source.file), source.file)
    wanted = _wanted(wanted_source.value, source.value, _spelt_out(source))
    if wanted == source.value:
        return source.text
    for text in _tries(source, wanted):
        try:
            if read_source(text.encode("utf-8"), source.file).value == wanted:
                return text
        except SourceError:
            continue
    raise SourceError(source.problem((), "this cannot be written into the text; edit the YAML instead"))


def _json(spec: dict[str, Any], file: str) -> bytes:
    try:
        return orjson.dumps(spec)
    except (TypeError, ValueError) as error:
        raise SourceError(Problem(file, 1, 1, f"the spec is not JSON: {error}")) from None


def _tries(source: Source, wanted: dict[str, Any]) -> Iterator[str]:
    if carried := _carried(source, wanted):
        yield carried
    yield _dumped(_fresh(wanted), _writer())
    yield orjson.dumps(wanted, option=orjson.OPT_INDENT_2).decode("utf-8") + "\n"


def _carried(source: Source, wanted: dict[str, Any]) -> str | None:
    """The text with only what differs changed; None where ruamel cannot."""
    if len(source.text) > MAX_CHARACTERS:
        return None
    writer = _writer(*_indentation(source))
    try:
        tree = writer.load(source.text)
        _carry_map(tree, source.value, wanted)
        return _dumped(tree, writer)
    except (YAMLError, ValueError, AttributeError):
        return None  # AttributeError: ruamel's, where a list takes the place of a `|` block with a remark


def _writer(mapping: int = 2, dash: int = 0, item: int = 2) -> YAML:
    """A writer whose lists have their dash and their items so many columns right of the key above."""
    writer = YAML(typ="rt")
    writer.preserve_quotes = True
    writer.width = 1_000_000
    writer.indent(mapping=mapping, sequence=max(item, dash + 2), offset=dash)
    return writer


def _dumped(tree: Any, writer: YAML) -> str:
    out = io.StringIO()
    writer.dump(tree, out)
    return out.getvalue()


def _indentation(source: Source) -> tuple[int, int, int]:
    """Columns that maps, dashes and items of lists stand right of their key, as the text first does it."""
    found: dict[str, int] = {}
    lines = source.text.splitlines()
    for node, key_column in _blocks(source.root, lines):
        if isinstance(node.children, list) and node.children:
            found.setdefault("dash", node.column - key_column)
            found.setdefault("item", node.children[0].column - key_column)
        elif isinstance(node.children, dict):
            found.setdefault("mapping", node.column - key_column)
    return found.get("mapping", 2), found.get("dash", 0), found.get("item", 2)


def _blocks(node: Node, lines: list[str]) -> Iterator[tuple[Node, int]]:
    """Every map and list in block style below keys, with the key's column."""
    pairs = list(node.children.items()) if isinstance(node.children, dict) else []
    for key, below in pairs:
        on_own_line = below.line > node.keys[key][0]
        if on_own_line and lines[below.line - 1][below.column - 1 : below.column] not in ("[", "{"):
            yield below, node.keys[key][1]
    for child in node.children.values() if isinstance(node.children, dict) else node.children or ():
        yield from _blocks(child, lines)


# --- what is wanted: the new spec without the defaults that the text leaves out ----------------------------


def _spelt_out(source: Source) -> Any:
    """The text's spec with all defaults, as the API shows it; the plain value when it has errors."""
    spec, _ = persona_spec(source)
    return spec.model_dump(mode="json", by_alias=True) if spec else source.value


def _wanted(new: Any, plain: Any, full: Any) -> Any:
    if new == full and plain is not _ABSENT:
        return plain
    if isinstance(new, dict) and isinstance(plain, dict):
        return _wanted_map(new, plain, full if isinstance(full, dict) else plain)
    if isinstance(new, list) and isinstance(plain, list):
        spelt = full if isinstance(full, list) and len(full) == len(plain) else plain
        found = _matches(new, plain, spelt)
        return [_pruned(v) if i is None else _wanted(v, plain[i], spelt[i]) for v, i in zip(new, found, strict=True)]
    return new


def _wanted_map(new: dict[str, Any], plain: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
    said = [key for key in plain if key in new and (new[key] is not None or plain[key] is None)]
    kept = {key: _wanted(new[key], plain[key], full.get(key, plain[key])) for key in said}
    for key, value in new.items():
        if key not in plain and value is not None and full.get(key, _ABSENT) != value:
            kept[key] = _pruned(value)
    return kept


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(below) for key, below in value.items() if below is not None}
    return [_pruned(below) for below in value] if isinstance(value, list) else value


def _matches(new: list[Any], plain: list[Any], full: list[Any]) -> list[int | None]:
    """For each new entry the old one that it is: of the same value, else name, else (if as many) place."""
    free = dict.fromkeys(range(len(plain)))
    found: list[int | None] = [None] * len(new)
    for alike in (_equal, _named):
        for at, value in enumerate(new):
            if found[at] is None:
                found[at] = next((i for i in free if alike(value, plain[i], full[i])), None)
                free.pop(found[at], None)  # type: ignore[arg-type]
    if len(new) == len(plain):
        return [at if i is None and at in free else i for at, i in enumerate(found)]
    return found


def _equal(new: Any, plain: Any, full: Any) -> bool:
    return bool(new in (plain, full))


def _named(new: Any, plain: Any, full: Any) -> bool:
    return isinstance(new, dict) and isinstance(plain, dict) and "name" in new and new["name"] == plain.get("name")


# --- carrying it into what ruamel read ----------------------------------------------------------------------


def _carried_value(node: Any, plain: Any, wanted: Any) -> Any:
    if isinstance(node, CommentedMap) and isinstance(wanted, dict):
        _carry_map(node, plain, wanted)
        return node
    if isinstance(node, CommentedSeq) and isinstance(wanted, list):
        _carry_list(node, plain, wanted)
        return node
    if isinstance(wanted, str):
        return _in_style_of(node, wanted)
    return _fresh(wanted)


def _carry_map(node: CommentedMap, plain: dict[str, Any], wanted: dict[str, Any]) -> None:
    for own, key in list(zip(list(node), plain, strict=True)):
        if key not in wanted:
            del node[own]
        elif wanted[key] != plain[key] or type(wanted[key]) is not type(plain[key]):
            node[own] = _carried_value(node[own], plain[key], wanted[key])
    for key, value in wanted.items():
        if key not in plain:
            node[key] = _fresh(value)


def _carry_list(node: CommentedSeq, plain: list[Any], wanted: list[Any]) -> None:
    found = _matches(wanted, plain, plain)
    before, comments = list(node), dict(node.ca.items)
    after = []
    for value, at in zip(wanted, found, strict=True):
        same = at is not None and value == plain[at]
        after.append(
            _fresh(value) if at is None else before[at] if same else _carried_value(before[at], plain[at], value)
        )
    node.ca.items.clear()
    node[:] = after
    node.ca.items.update({new: comments[at] for new, at in enumerate(found) if at is not None and at in comments})


def _in_style_of(node: Any, text: str) -> Any:
    if "\n" in text:
        return LiteralScalarString(text)
    if isinstance(node, DoubleQuotedScalarString | SingleQuotedScalarString):
        return type(node)(text)
    return text


def _fresh(value: Any) -> Any:
    if isinstance(value, dict):
        made = CommentedMap((key, _fresh(below)) for key, below in value.items())
        if value and all(isinstance(below, str) and len(below) < _SHORT for below in value.values()):
            made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        return CommentedSeq(_fresh(below) for below in value)
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value
