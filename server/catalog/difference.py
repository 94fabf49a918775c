"""The difference of two texts: lines as in a unified diff, and inside changed lines the changed words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

_WORDS = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)
_LONGEST_LINE = 2_000
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a line; `changed` parts are what differs from the other side."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of either side with its 1-based numbers; None on the side where it is not."""

    kind: Literal["same", "removed", "added"]
    old: int | None
    new: int | None
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring changes with three lines around them."""

    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` and `after` name the sides, such as `version 3`; `unified` is the same as `diff -u` prints."""

    before: str
    after: str
    hunks: tuple[Hunk, ...]
    unified: tuple[str, ...]


def difference(old: str, new: str, before: str, after: str) -> Difference:
    """What changed from `old` to `new`; no hunks when they are the same."""
    a, b = old.splitlines(), new.splitlines()
    groups = _groups(a, b)
    hunks = tuple(Hunk(tuple(_lines(a, b, group))) for group in groups)
    return Difference(before, after, hunks, tuple(_unified(hunks, before, after)))


_Opcode = tuple[str, int, int, int, int]


def _groups(a: Sequence[str], b: Sequence[str]) -> list[list[_Opcode]]:
    if a == b:
        return []
    if max(len(a), len(b)) > _MOST_LINES:
        return [[("replace", 0, len(a), 0, len(b))]]
    groups = difflib.SequenceMatcher(None, a, b).get_grouped_opcodes(3)
    return [[(str(tag), *places) for tag, *places in group] for group in groups]  # type: ignore[misc]


def _lines(a: Sequence[str], b: Sequence[str], group: list[_Opcode]) -> Iterator[DiffLine]:
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield DiffLine("same", i + 1, j + 1, (Segment(a[i], False),))
            continue
        paired = [_words(x, y) for x, y in zip(a[i1:i2], b[j1:j2], strict=False)]
        for i in range(i1, i2):
            parts = paired[i - i1][0] if i - i1 < len(paired) else (Segment(a[i], True),)
            yield DiffLine("removed", i + 1, None, parts)
        for j in range(j1, j2):
            parts = paired[j - j1][1] if j - j1 < len(paired) else (Segment(b[j], True),)
            yield DiffLine("added", None, j + 1, parts)


def _words(old: str, new: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Both lines cut where words differ; Chinese is compared by character."""
    if max(len(old), len(new)) > _LONGEST_LINE:
        return (Segment(old, True),), (Segment(new, True),)
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    left, right = [], []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        left += [Segment("".join(a[i1:i2]), tag != "equal")] if i2 > i1 else []
        right += [Segment("".join(b[j1:j2]), tag != "equal")] if j2 > j1 else []
    return tuple(left), tuple(right)


def _unified(hunks: Sequence[Hunk], before: str, after: str) -> Iterator[str]:
    signs = {"same": " ", "removed": "-", "added": "+"}
    if hunks:
        yield f"--- {before}"
        yield f"+++ {after}"
    for hunk in hunks:
        old = [line.old for line in hunk.lines if line.old]
        new = [line.new for line in hunk.lines if line.new]
        yield f"@@ -{old[0] if old else 0},{len(old)} +{new[0] if new else 0},{len(new)} @@"
        for line in hunk.lines:
            yield signs[line.kind] + line.text
