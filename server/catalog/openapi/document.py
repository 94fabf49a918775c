"""A description from bytes to plain values: JSON or YAML, its version, and where a `$ref` leads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote

import orjson
import yaml

MAX_BYTES = 20_000_000
_MAX_DEPTH = 200
_MAX_HOPS = 50
_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{word: word[0] in "tT" for word in ("true", "True", "TRUE", "false", "False", "FALSE")},
}

Version = Literal["2.0", "3.0", "3.1"]
ReadBeside = Callable[[str], bytes]
"""Gives a file by its path relative to the description's folder; raises NotCarried."""


class NotADescription(ValueError):
    """The whole text is no OpenAPI or Swagger description; the words say why, in one line."""


class NotCarried(ValueError):
    """One part cannot be carried over; the words say why."""


def parse(data: bytes) -> Any:
    """The values in JSON or YAML text. Raises NotADescription."""
    if len(data) > MAX_BYTES:
        raise NotADescription(f"it has more than {MAX_BYTES:,} bytes")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            pass  # YAML may begin with a brace too
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotADescription("it is not UTF-8 text") from None
    return _from_yaml(text)


def _from_yaml(text: str) -> Any:
    try:
        return _Builder(yaml.parse(text, Loader=yaml.CSafeLoader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}" if mark else ""
        raise NotADescription(f"it is neither JSON nor YAML: {error.problem or 'broken'}{where}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, NotADescription):
            raise
        raise NotADescription(f"it is neither JSON nor YAML: {str(error).splitlines()[0]}") from None


class _Builder:
    """Plain values from the C parser's events: text keys, no tags' meaning, dates as text."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.anchors: dict[str, Any] = {}

    def document(self) -> Any:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise NotADescription("it is empty")
        return self.value(next(self.events), 0)

    def value(self, event: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise NotADescription(f"it is nested more than {_MAX_DEPTH} deep")
        if isinstance(event, yaml.ScalarEvent):
            made: Any = _scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise NotADescription(f"the alias `*{event.anchor}` names no anchor above it")
            return self.anchors[event.anchor]
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self.sequence(depth)
        else:
            made = self.mapping(depth)
        if event.anchor:
            self.anchors[event.anchor] = made
        return made

    def sequence(self, depth: int) -> list[Any]:
        found = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.value(event, depth + 1))
        return found

    def mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[Any] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise NotADescription(f"a key that is no text in line {event.start_mark.line + 1}")
            value = self.value(next(self.events), depth + 1)
            if event.value == "<<" and event.style is None:
                merged += value if isinstance(value, list) else [value]
            else:
                found[event.value] = value
        for more in merged:
            found = {**more, **found} if isinstance(more, dict) else found
        return found


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style is not None or event.tag == "tag:yaml.org,2002:str":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def version_of(document: Any) -> Version:
    """Which of the three it is. Raises NotADescription."""
    if not isinstance(document, dict):
        raise NotADescription("it holds no keys and values, so it is no OpenAPI or Swagger description")
    said = document.get("openapi", document.get("swagger"))
    text = str(said)
    if "openapi" in document and text.startswith("3."):
        return "3.0" if text.startswith("3.0") else "3.1"
    if "swagger" in document and text in ("2", "2.0"):
        return "2.0"
    if said is None:
        raise NotADescription('it says neither `openapi: 3.…` nor `swagger: "2.0"`, so it is no such description')
    raise NotADescription(f"its version is `{text[:20]}`; 3.0, 3.1 and Swagger 2.0 can be read")


@dataclass(frozen=True, slots=True)
class At:
    """A value together with the file it stands in, against which its `$ref`s are read."""

    value: Any
    file: str = ""

    def get(self, key: str) -> At:
        """The value under a key; None within when there is none."""
        return At(self.value.get(key) if isinstance(self.value, dict) else None, self.file)

    def items(self) -> Iterator[tuple[str, At]]:
        """Keys and values of a map, nothing of anything else."""
        for key, below in self.value.items() if isinstance(self.value, dict) else ():
            yield key, At(below, self.file)

    def entries(self) -> Iterator[At]:
        """The values of a list, nothing of anything else."""
        for below in self.value if isinstance(self.value, list) else ():
            yield At(below, self.file)

    def text(self, key: str) -> str:
        """The text under a key, empty when it is none."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if isinstance(found, str) else ""


@dataclass(slots=True)
class Documents:
    """The description and the files that its `$ref`s lead to. `read` is asked once for each."""

    root: Any
    read: ReadBeside
    known: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known[""] = self.root

    def resolved(self, at: At) -> At:
        """What a chain of `$ref`s comes to. Raises NotCarried."""
        for _ in range(_MAX_HOPS):
            ref = at.value.get("$ref") if isinstance(at.value, dict) else None
            if not isinstance(ref, str):
                return at
            at = self.target(ref, at.file)[1]
        raise NotCarried("a `$ref` leads in a circle")

    def target(self, ref: str, file: str) -> tuple[str, At]:
        """A name for the place that a `$ref` names, and what stands there. Raises NotCarried."""
        address, _, pointer = ref.partition("#")
        where = file if not address else beside(file, address)
        if where not in self.known:
            try:
                self.known[where] = parse(self.read(where))
            except NotADescription as problem:
                raise NotCarried(f"`$ref: {ref[:100]}`: {problem}") from None
        pointer = unquote(pointer)
        if pointer and not pointer.startswith("/"):
            return f"{where}#{pointer}", At(self._anchored(where, pointer, ref), where)
        return f"{where}#{pointer}", At(_pointed(self.known[where], pointer, ref), where)

    def _anchored(self, file: str, name: str, ref: str) -> Any:
        if file not in self.anchors:
            self.anchors[file] = dict(_anchors(self.known[file]))
        if name not in self.anchors[file]:
            raise NotCarried(f"`$ref: {ref[:100]}` names nothing")
        return self.anchors[file][name]


def _anchors(value: Any) -> Iterator[tuple[str, Any]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(name := each.get("$anchor"), str):
                yield name, each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _pointed(value: Any, pointer: str, ref: str) -> Any:
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise NotCarried(f"`$ref: {ref[:100]}` names nothing")
    return value


def beside(file: str, address: str) -> str:
    """The path, from the description's folder, of a file that another names. Raises NotCarried."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", address):
        raise NotCarried(f"`$ref: {address[:100]}` leads to another address; put that file beside this one")
    parts: list[str] = []
    for part in PurePosixPath(PurePosixPath(file).parent / unquote(address)).parts:
        if part == ".." and not parts:
            raise NotCarried(f"`$ref: {address[:100]}` leads out of the description's folder")
        parts[len(parts) - 1 if part == ".." else len(parts) :] = [] if part == ".." else [part]
    if not parts or parts[0] == "/":
        raise NotCarried(f"`$ref: {address[:100]}` leads out of the description's folder")
    return "/".join(parts)


def files_named(document: Any) -> set[str]:
    """The file parts of every `$ref` of a document, as written."""
    found: set[str] = set()
    waiting = [document]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(ref := each.get("$ref"), str) and not ref.startswith("#"):
                found.add(ref.partition("#")[0])
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return found
