"""The difference of two texts: lines as in a unified diff, and inside changed lines the changed words."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from server.catalog.changes import Change

_WORDS = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)
_LONGEST_LINE = 2_000
_MOST_LINES = 20_000
_MOST_MATCHES = 300_000
"""Pairs of equal words that are looked at in one comparison, so that it takes a part of a second."""

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a line; `changed` parts are what differs from the other side."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of both texts read as one: all but the added make the old text, all but the removed the new."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of either side with its 1-based numbers; None on the side where it is not."""

    kind: Kind
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
    """`before` and `after` name the sides, such as `version 3`; `unified` is the same as `diff -u` prints.

    `pieces` are both texts whole, word by word. `changes` are the values that differ, None when one of the texts
    is not YAML.
    """

    before: str
    after: str
    hunks: tuple[Hunk, ...]
    unified: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()
    changes: tuple[Change, ...] | None = None


def difference(old: str, new: str, before: str, after: str) -> Difference:
    """What changed from `old` to `new`; no hunks when the lines are the same."""
    a, b = old.splitlines(), new.splitlines()
    blocks, groups = _blocks(a, b)
    words = _Words(a, b, blocks)
    hunks = tuple(Hunk(tuple(_lines(a, b, group, words))) for group in groups)
    pieces = _joined(_pieces(old.splitlines(True), new.splitlines(True), blocks, words))
    return Difference(before, after, hunks, tuple(_unified(hunks, before, after)), tuple(pieces))


_Block = tuple[str, int, int, int, int]


def _blocks(a: Sequence[str], b: Sequence[str]) -> tuple[list[_Block], list[list[_Block]]]:
    """All blocks of lines, and those around changes in groups."""
    if max(len(a), len(b)) > _MOST_LINES and a != b:
        whole: _Block = ("replace", 0, len(a), 0, len(b))
        return [whole], [[whole]]
    matcher = difflib.SequenceMatcher(None, a, b)
    blocks: list[_Block] = [*matcher.get_opcodes()]  # taken first: grouping cuts the matcher's own list
    return blocks, [] if a == b else [list(group) for group in matcher.get_grouped_opcodes(3)]


class _Words:
    """The lines that stand in each other's place, cut where words differ; Chinese is compared by character."""

    def __init__(self, a: Sequence[str], b: Sequence[str], blocks: Sequence[_Block]) -> None:
        self._left = _MOST_MATCHES
        self.pairs: dict[tuple[int, int], list[list[Piece]]] = {}
        for tag, i1, i2, j1, j2 in blocks:
            if tag == "replace":
                self.pairs[i1, j1] = [self._cut(x, y) for x, y in zip(a[i1:i2], b[j1:j2], strict=False)]

    def _cut(self, old: str, new: str) -> list[Piece]:
        if old == new:
            return [Piece("same", old)]
        a, b = _WORDS.findall(old), _WORDS.findall(new)
        first = _alike(a, b)
        last = _alike(a[first:][::-1], b[first:][::-1])
        between = self._between(a[first : len(a) - last], b[first : len(b) - last])
        pieces = [Piece("same", "".join(a[:first])), *between, Piece("same", "".join(a[len(a) - last :]))]
        return [piece for piece in pieces if piece.text]

    def _between(self, a: list[str], b: list[str]) -> list[Piece]:
        counted = Counter(b)
        self._left -= (matches := sum(counted[word] for word in a))
        if self._left < 0 or max(len(a), len(b)) > _LONGEST_LINE:
            self._left += matches
            return [Piece("removed", "".join(a)), Piece("added", "".join(b))]
        pieces = []
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if tag == "equal":
                pieces.append(Piece("same", "".join(a[i1:i2])))
            else:
                pieces += [Piece("removed", "".join(a[i1:i2])), Piece("added", "".join(b[j1:j2]))]
        return pieces


def _alike(a: Sequence[str], b: Sequence[str]) -> int:
    """How many parts are the same from the beginning."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _lines(a: Sequence[str], b: Sequence[str], group: list[_Block], words: _Words) -> Iterator[DiffLine]:
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield DiffLine("same", i + 1, j + 1, (Segment(a[i], False),))
            continue
        paired = words.pairs.get((i1, j1), [])
        for i in range(i1, i2):
            yield DiffLine("removed", i + 1, None, _side(paired, i - i1, a[i], "removed"))
        for j in range(j1, j2):
            yield DiffLine("added", None, j + 1, _side(paired, j - j1, b[j], "added"))


def _side(paired: list[list[Piece]], at: int, line: str, kind: Kind) -> tuple[Segment, ...]:
    if at >= len(paired):
        return (Segment(line, True),)
    return tuple(Segment(p.text, p.kind == kind) for p in paired[at] if p.kind in ("same", kind) and p.text)


def _pieces(a: Sequence[str], b: Sequence[str], blocks: Sequence[_Block], words: _Words) -> Iterator[Piece]:
    """Both texts as one; `a` and `b` are their lines with the line breaks, which count too."""
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "equal":
            for x, y in zip(a[i1:i2], b[j1:j2], strict=True):
                yield from [Piece("same", x)] if x == y else [Piece("same", x.splitlines()[0]), *_breaks(x, y)]
            continue
        paired = words.pairs.get((i1, j1), [])
        for x, y, pieces in zip(a[i1:i2], b[j1:j2], paired, strict=False):
            yield from (*pieces, *_breaks(x, y))
        yield from (Piece("removed", line) for line in a[i1 + len(paired) : i2])
        yield from (Piece("added", line) for line in b[j1 + len(paired) : j2])


def _breaks(old: str, new: str) -> list[Piece]:
    x, y = (line[len(line.splitlines()[0]) :] for line in (old, new))
    return [Piece("same", x)] if x == y else [Piece("removed", x), Piece("added", y)]


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one; what was removed stands before what took its place."""
    held: dict[Kind, list[str]] = {"same": [], "removed": [], "added": []}
    for piece in pieces:
        if piece.text:
            if held["same"] and piece.kind != "same":
                yield Piece("same", "".join(held["same"]))
                held["same"] = []
            elif piece.kind == "same":
                yield from _changed(held)
            held[piece.kind].append(piece.text)
    yield from [Piece("same", "".join(held["same"]))] if held["same"] else _changed(held)


def _changed(held: dict[Kind, list[str]]) -> Iterator[Piece]:
    for kind in ("removed", "added"):
        if held[kind]:
            yield Piece(kind, "".join(held[kind]))
            held[kind] = []


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
