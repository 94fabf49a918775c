"""What two personas say differently, value by value, for people who do not read YAML."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs. `path` reads `collect.fields[phone].ask.en`: an entry with a name goes by it, another
    by its place in the list. `before` or `after` is None where the value is not there.
    """

    path: str
    before: Any
    after: Any


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[Change, ...]:
    """The values that differ between two plain specs, in the order of the new one, what is gone last."""
    return tuple(_maps("", before, after))


def _values(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before is _ABSENT or after is _ABSENT or type(before) is not type(after):
        if before is not after and before != after:
            yield Change(path, *(None if value is _ABSENT else value for value in (before, after)))
    elif isinstance(before, dict):
        yield from _maps(f"{path}.", before, after)
    elif isinstance(before, list):
        old, new = _names(before), _names(after)
        named = old is not None and new is not None
        yield from _by_name(path, old or {}, new or {}) if named else _by_place(path, before, after)
    elif before != after:
        yield Change(path, before, after)


def _maps(prefix: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for key in (*after, *(key for key in before if key not in after)):
        yield from _values(f"{prefix}{key}", before.get(key, _ABSENT), after.get(key, _ABSENT))


def _names(entries: list[Any]) -> dict[str, Any] | None:
    """The entries by their names; None when they are not maps that each have one of their own."""
    found = {
        entry["name"]: entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    }
    return found if len(found) == len(entries) else None


def _by_name(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    old, new = [name for name in before if name in after], [name for name in after if name in before]
    if old != new:
        yield Change(path, list(before), list(after))
    for name in (*after, *(name for name in before if name not in after)):
        yield from _values(f"{path}[{name}]", before.get(name, _ABSENT), after.get(name, _ABSENT))


def _by_place(path: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    old, new = ([orjson.dumps(entry, option=orjson.OPT_SORT_KEYS) for entry in side] for side in (before, after))
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        both = min(i2 - i1, j2 - j1)
        for n in range(both):
            yield from _values(f"{path}[{j1 + n}]", before[i1 + n], after[j1 + n])
        for i in range(i1 + both, i2):
            yield Change(f"{path}[{i}]", before[i], None)
        for j in range(j1 + both, j2):
            yield Change(f"{path}[{j}]", None, after[j])
