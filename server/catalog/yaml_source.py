"""Reading YAML 1.2 (core schema) so that every value knows its line and column.

PyYAML's C parser gives events; tags, merge keys, duplicate keys and alias bombs are refused on the way, and
only `true` and `false` are booleans. Nothing in a file is ever constructed but text, numbers, booleans,
null, lists and maps with text keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from server.catalog.problems import Path, Problem

PERSONA_BYTES = 1_000_000
PLUGIN_BYTES = 10_000_000
MAX_DEPTH = 50
_LONGEST_LINE = 10_000
MAX_ALIASES = 100
MAX_ALIASED_NODES = 200_000

_BOM = "\ufeff"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {w: w[0] in "tT" for w in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TAB = "a tab stands where spaces are needed; indent with spaces"
_NO_ANCHOR = "the alias names no anchor above it; put text that begins with `*` in quotes"
_PLAIN_WORDS = {
    "mapping values are not allowed": "a second `:` on this line; put the text in quotes",
    "could not find expected ':'": "a `:` is missing after the key",
    "did not find expected key": "the indentation does not fit the lines above",
    "did not find expected '-' indicator": "a list needs `-` here, in the same column as the lines above",
    "did not find expected ',' or ']'": "a `[` is not closed by `]`, or a comma is missing",
    "did not find expected ',' or '}'": "a `{` is not closed by `}`, or a comma is missing",
    "found character that cannot start any token": "no value can begin with this; put the text in quotes",
    "found a tab character": _TAB,
    "found unexpected end of stream": "the file ends inside a quoted text",
    "found unexpected document indicator": "the file ends inside a quoted text",
    "found undefined alias": _NO_ANCHOR,
    "found undefined tag handle": "tags (`!…`) are not allowed; put text that begins with `!` in quotes",
    "block sequence entries are not allowed": "a list cannot begin here; put it on a line of its own",
    "found unknown escape character": "a `\\` in a text in double quotes; use single quotes",
}


class SourceError(Exception):
    """The text is not YAML that this reader takes; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Node:
    """One value with its 1-based position; `keys` holds the positions of a map's keys."""

    line: int
    column: int
    plain: Any
    children: dict[str, Node] | list[Node] | None = None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    literal: bool = False
    size: int = 1

    def child(self, key: object) -> Node | None:
        """The value under a key or index, None when there is none."""
        if isinstance(self.children, dict):
            return self.children.get(key) if isinstance(key, str) else None
        if isinstance(self.children, list) and isinstance(key, int) and 0 <= key < len(self.children):
            return self.children[key]
        return None


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its text, its plain value, and where each part of it stands."""

    file: str
    text: str
    value: dict[str, Any]
    root: Node
    lines: tuple[str, ...]

    def node(self, path: Path) -> Node | None:
        """The node at that path of keys and indexes, None when there is none."""
        node: Node | None = self.root
        for key in path:
            node = node.child(key) if node else None
        return node

    def at(self, path: Path) -> tuple[int, int]:
        """Line and column of the value there, or of the nearest part around it."""
        node = self.root
        for key in path:
            below = node.child(key)
            if below is None:
                break
            node = below
        return node.line, node.column

    def at_key(self, path: Path) -> tuple[int, int]:
        """Line and column of the key there; of the value where that is an entry of a list."""
        parent = self.node(path[:-1]) if path else None
        if parent and isinstance(path[-1], str) and path[-1] in parent.keys:
            return parent.keys[path[-1]]
        return self.at(path)

    def at_text(self, path: Path, offset: int) -> tuple[int, int]:
        """Line and column of a place inside a text: exact in a `|` block, else the text's beginning."""
        node = self.node(path)
        if node is None or not node.literal or not isinstance(node.plain, str):
            return self.at(path)
        begin = node.plain.rfind("\n", 0, offset) + 1
        written = node.plain[begin : begin + _LONGEST_LINE].partition("\n")[0] if offset < len(node.plain) else ""
        number = node.line + node.plain.count("\n", 0, offset)
        if number < len(self.lines) and written and self.lines[number].endswith(written):
            indent = len(self.lines[number]) - len(written)
            return number + 1, indent + offset - begin + 1
        return node.line, node.column

    def problem(self, path: Path, message: str, severity: Literal["error", "warning"] = "error") -> Problem:
        """A problem with the value at that path."""
        return Problem(self.file, *self.at(path), message, severity)


def read_source(data: bytes, file: str, max_bytes: int = PERSONA_BYTES) -> Source:
    """The YAML in `data`; raises SourceError with the first thing that keeps it from being read."""
    text = _decoded(data, file, max_bytes)
    try:
        root = _Reader(text.removeprefix(_BOM), file).document()
    except yaml.MarkedYAMLError as error:
        raise SourceError(_said_plainly(error, text.removeprefix(_BOM), file)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SourceError(Problem(file, 1, 1, f"not YAML: {error}")) from None
    assert isinstance(root.plain, dict)
    return Source(file, text, root.plain, root, tuple(text.splitlines()))


def _decoded(data: bytes, file: str, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise SourceError(Problem(file, 1, 1, f"the file has more than {max_bytes:,} bytes"))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _position(data[: error.start].decode("utf-8", "replace"))
        raise SourceError(Problem(file, line, column, "not UTF-8 text; save the file as UTF-8")) from None
    found = _FORBIDDEN.search(text.removeprefix(_BOM))
    if found:
        line, column = _position(text.removeprefix(_BOM)[: found.start()])
        message = f"the control character U+{ord(found[0]):04X} is not allowed"
        raise SourceError(Problem(file, line, column, message))
    return text


def _position(before: str) -> tuple[int, int]:
    """Where a text ends: 1-based line and column of what follows it."""
    lines = re.split("\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1


def _said_plainly(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = error.problem or "not YAML"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    here = re.split("\r\n|\r|\n", text)[line - 1 : line]
    if "cannot start any token" in said and here and here[0][column - 1 : column] == "\t":
        return Problem(file, line, column, _TAB)
    for pattern, words in _PLAIN_WORDS.items():
        if pattern in said:
            return Problem(file, line, column, words)
    return Problem(file, line, column, f"not YAML: {said}")


class _Reader:
    """Composes events to nodes, with every cap on the way."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.anchors: dict[str, Node | None] = {}
        self.aliases = 0
        self.aliased = 0

    def refuse(self, event: Any, message: str) -> SourceError:
        mark = event.start_mark
        return SourceError(Problem(self.file, mark.line + 1, mark.column + 1, message))

    def document(self) -> Node:
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            raise SourceError(Problem(self.file, 1, 1, "the file is empty"))
        first = next(self.events)
        root = self.node(first, 0)
        if not isinstance(root.children, dict):
            empty = isinstance(first, yaml.ScalarEvent) and not first.value
            message = "the file is empty" if empty else "the file needs keys and values at its top, such as `prompt: …`"
            raise self.refuse(first, message)
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self.refuse(after, "a second document begins here; one file holds one")
        return root

    def node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if event.tag is not None:
            raise self.refuse(event, "tags (`!…`) are not allowed; put text that begins with `!` in quotes")
        if depth > MAX_DEPTH:
            raise self.refuse(event, f"nested more than {MAX_DEPTH} deep")
        if event.anchor:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self.sequence(event, depth)
        else:
            node = self.mapping(event, depth)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> Node:
        target = self.anchors.get(event.anchor, event)
        if target is event:
            raise self.refuse(event, _NO_ANCHOR)
        if target is None:
            raise self.refuse(event, f"the alias `*{event.anchor}` stands inside what it names")
        self.aliases += 1
        self.aliased += target.size
        if self.aliases > MAX_ALIASES:
            raise self.refuse(event, f"more than {MAX_ALIASES} aliases")
        if self.aliased > MAX_ALIASED_NODES:
            raise self.refuse(event, f"aliases repeat more than {MAX_ALIASED_NODES:,} values")
        mark = event.start_mark
        return Node(mark.line + 1, mark.column + 1, target.plain, target.children, target.keys, size=target.size)

    def scalar(self, event: Any) -> Node:
        mark = event.start_mark
        value = event.value if event.style else self.resolved(event)
        if event.style == '"' and _ESCAPED.search(event.value):
            raise self.refuse(event, "an escape in this text gives a control character, which is not allowed")
        return Node(mark.line + 1, mark.column + 1, value, literal=event.style == "|")

    def resolved(self, event: Any) -> Any:
        text = event.value
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _INTEGER.fullmatch(text):
            return self.integer(event)
        if _FLOAT.fullmatch(text):
            return self.number(event)
        return text

    def number(self, event: Any) -> float:
        text = event.value.lower()
        number = math.inf if text.endswith(("inf", "nan")) else float(text)
        if not math.isfinite(number):
            raise self.refuse(event, f"`{event.value[:40]}` is no number that can be kept; put it in quotes")
        return number

    def integer(self, event: Any) -> int:
        text = event.value
        bases = {"0o": 8, "0x": 16}
        number = int(text, bases.get(text[:2], 10)) if len(text) < 40 else 2**64
        if not -(2**63) <= number < 2**64:
            raise self.refuse(event, "this number is too large; put it in quotes to keep it as text")
        return number

    def sequence(self, event: Any, depth: int) -> Node:
        children: list[Node] = []
        while not isinstance(below := next(self.events), yaml.SequenceEndEvent):
            children.append(self.node(below, depth + 1))
        mark, size = event.start_mark, 1 + sum(child.size for child in children)
        return Node(mark.line + 1, mark.column + 1, [c.plain for c in children], children, size=size)

    def mapping(self, event: Any, depth: int) -> Node:
        children: dict[str, Node] = {}
        keys: dict[str, tuple[int, int]] = {}
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            name = self.key(key, keys)
            keys[name] = (key.start_mark.line + 1, key.start_mark.column + 1)
            children[name] = self.node(next(self.events), depth + 1)
        mark, size = event.start_mark, 1 + sum(1 + child.size for child in children.values())
        plain = {name: child.plain for name, child in children.items()}
        return Node(mark.line + 1, mark.column + 1, plain, children, keys, size=size)

    def key(self, event: Any, keys: dict[str, tuple[int, int]]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refuse(event, "a key has to be a text; put `{…}`, `[…]` or `*…` in quotes")
        if event.tag is not None:
            raise self.refuse(event, "tags (`!…`) are not allowed; put text that begins with `!` in quotes")
        if event.anchor:
            raise self.refuse(event, "an anchor (`&…`) may stand at a value, not at a key")
        name = str(event.value)
        if name == "<<" and not event.style:
            raise self.refuse(event, "merge keys (`<<`) are not allowed; write the keys out")
        if name in keys:
            raise self.refuse(event, f"the key `{name[:80]}` is there twice (first on line {keys[name][0]})")
        return name
