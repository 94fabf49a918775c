"""`${…}` references: read once when a plugin loads, filled in one pass when it is called.

They are no templates: there is no expression, no default, no nesting, and what was filled in is never read
again, so a value that looks like a reference stays the text it is.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, unquote

from server.catalog.references import BOUND, REFERENCE, Reference, wrong_name
from server.plugins.tied import ITSELF, Tied, place_of
from server.plugins.types import Bound

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_PATH_SAFE = "/:@!$&'()*+,;=~-._%"


class ReferenceProblem(ValueError):
    """A reference that says nothing; for the person who writes the plugin."""


class Unfilled(ValueError):
    """A request that cannot be built from these values; `str()` names the reference, never a value."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A string with at least one reference; literal text and references in their order."""

    parts: tuple[str | Reference, ...]

    @property
    def whole(self) -> Reference | None:
        """The reference, when the string is nothing else."""
        only = self.parts[0]
        return only if len(self.parts) == 1 and isinstance(only, Reference) else None


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Values:
    """What references are filled from. A secret that is looked up is remembered in `used`.

    `place` is where the request goes, as `host:port`; a secret that is tied to hosts is filled for those alone.
    """

    args: Mapping[str, Any]
    bound: Bound
    secrets: Callable[[str], str | None]
    used: set[str] = field(default_factory=set)
    place: str = ""

    def towards(self, place: str) -> Values:
        """The same for a request to `place`; raises Unfilled later for a secret that belongs elsewhere."""
        return replace(self, place=place)

    def by_itself(self) -> Values:
        """The same for the address of a database, which names its host itself."""
        return self.towards(ITSELF)

    def of(self, reference: Reference) -> Any:
        """The value, or MISSING; null counts as missing."""
        if reference.root == "args":
            value = self.args.get(reference.rest)
        elif reference.root == "secret":
            value = self.secret(reference.rest)
        else:
            value = _bound_value(self.bound, reference)
        return MISSING if value is None else value

    def secret(self, name: str) -> str | None:
        """The secret, None when it is not set. Raises Unfilled when it is tied to other hosts than `place`."""
        value = self.secrets(name)
        if not value:
            return None
        self.used.add(str(value))
        place = place_of(value) if self.place == ITSELF else self.place
        if isinstance(value, Tied) and not value.belongs_to(place):
            here = place or "this place"
            raise Unfilled(f"the secret {name} is for {', '.join(sorted(value.hosts))} and not for {here}")
        return str(value)

    def masked(self) -> Values:
        """The same with every secret as `***`, to show what was sent."""
        return Values(self.args, self.bound, lambda name: "***" if self.secrets(name) else None)


def _bound_value(bound: Bound, reference: Reference) -> str | None:
    return {
        "user.id": bound.user_id,
        "user.name": bound.user_name,
        "user.trust": bound.trust,
        "user.locale": bound.locale,
        "conversation.id": bound.conversation_id,
        "persona.name": bound.persona,
    }[reference.name]


def read(text: str) -> str | Slot:
    """The string as a Slot, or as it is when it holds no reference. Raises ReferenceProblem."""
    parts: list[str | Reference] = []
    end = 0
    for match in REFERENCE.finditer(text):
        reference = Reference(match[1].strip(), match.start(), bool(match[2]))
        wrong = wrong_name(reference, BOUND)
        if wrong:
            raise ReferenceProblem(wrong)
        parts += [text[end : match.start()], reference] if match.start() > end else [reference]
        end = match.end()
    if not parts:
        return text
    return Slot((*parts, text[end:]) if end < len(text) else tuple(parts))


def compile_value(value: Any) -> Any:
    """A structure of YAML with its strings read; keys are taken as they are. Raises ReferenceProblem."""
    if isinstance(value, str):
        return read(value)
    if isinstance(value, Mapping):
        return {str(key): compile_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return tuple(compile_value(inner) for inner in value)
    return value


def references(compiled: Any) -> Iterator[Reference]:
    """Every reference of a compiled structure, in order."""
    if isinstance(compiled, Slot):
        yield from (part for part in compiled.parts if isinstance(part, Reference))
    elif isinstance(compiled, Mapping):
        for inner in compiled.values():
            yield from references(inner)
    elif isinstance(compiled, tuple):
        for inner in compiled:
            yield from references(inner)


def fill(compiled: Any, values: Values) -> Any:
    """The structure with its values. A whole slot without a value is dropped from its mapping or list.

    MISSING when the structure itself is such a slot. Raises Unfilled for a missing value inside a longer
    string.
    """
    if isinstance(compiled, Slot):
        whole = compiled.whole
        return values.of(whole) if whole else _joined(compiled, values)
    if isinstance(compiled, Mapping):
        filled = {key: fill(inner, values) for key, inner in compiled.items()}
        return {key: inner for key, inner in filled.items() if inner is not MISSING}
    if isinstance(compiled, tuple):
        return [inner for inner in (fill(each, values) for each in compiled) if inner is not MISSING]
    return compiled


def _joined(slot: Slot, values: Values) -> str:
    return "".join(part if isinstance(part, str) else plain(_present(part, values)) for part in slot.parts)


def _present(reference: Reference, values: Values) -> Any:
    value = values.of(reference)
    if value is not MISSING:
        return value
    if reference.root == "secret":
        raise Unfilled(f"the secret {reference.rest} is not set")
    raise Unfilled(f"{reference} has no value")


def plain(value: Any) -> str:
    """A value as text in a query, header or path: JSON, but a string without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


Written = Callable[[Reference, Any], str | None]
"""Writes a value into a path, encoded; None where it has no way of its own."""


def fill_path(compiled: str | Slot, values: Values, written: Written = lambda reference, value: None) -> str:
    """A path with each reference percent-encoded as (part of) one segment, or as `written` has it.

    Raises Unfilled for a missing, empty or structured value, for `.` and `..`, and for control characters.
    """
    parts = compiled.parts if isinstance(compiled, Slot) else (compiled,)
    path = "".join(quote(p, safe=_PATH_SAFE) if isinstance(p, str) else _segment(p, values, written) for p in parts)
    for segment in path.split("/"):
        if unicodedata.normalize("NFKC", unquote(segment)) in (".", ".."):
            raise Unfilled("a part of the path would be `.` or `..`")
    return path


def _segment(reference: Reference, values: Values, written: Written) -> str:
    value = _present(reference, values)
    if (own := written(reference, value)) is not None:
        return own
    if isinstance(value, dict | list):
        raise Unfilled(f"{reference} is not a single value, as a path needs")
    text = plain(value)
    if not text.strip() or unicodedata.normalize("NFKC", text).strip() in (".", ".."):
        raise Unfilled(f"{reference} is empty or made of dots, which a path cannot hold")
    if _CONTROL.search(text):
        raise Unfilled(f"{reference} holds a line break or a control character")
    return quote(text, safe="*")


def fill_header(compiled: str | Slot, values: Values) -> str | None:
    """A header's value, None when it is dropped. Raises Unfilled for line breaks and control characters."""
    value = fill(compiled, values)
    if value is MISSING:
        return None
    text = plain(value)
    if _CONTROL.search(text):
        raise Unfilled("a header value holds a line break or a control character")
    return text
