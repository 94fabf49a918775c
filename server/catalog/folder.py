"""A folder of YAML files, read again only where something changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from server.catalog.files import Entry, Signature, Unreadable, entries, read_inside, shown, signature
from server.catalog.parsed import Parsed, digest_of
from server.catalog.problems import Problem
from server.catalog.spec import Spec
from server.clock import Clock

S = TypeVar("S", bound=Spec)
_SETTLED_NS = 2_000_000_000
_GONE_SECONDS = 0.5


@dataclass(slots=True)
class _Known(Generic[S]):
    parsed: Parsed[S]
    signature: Signature | None
    settled: bool
    absent_since: float | None = None


class Folder(Generic[S]):
    """The files of one folder as last read.

    A file that is missing stays until a second look, at least half a second later, misses it too: editors
    save by removing and renaming.
    """

    def __init__(self, path: Path, max_bytes: int, parse: Callable[[str, str, bytes], Parsed[S]], clock: Clock) -> None:
        self.path, self.max_bytes, self.parse, self.clock = path, max_bytes, parse, clock
        self._known: dict[str, _Known[S]] = {}

    def scan(self) -> tuple[dict[str, Parsed[S]], tuple[Problem, ...]]:
        """Every file by name, and the problems with names and links."""
        try:
            found = entries(self.path)
        except OSError as error:
            words = f"the folder cannot be read: {(error.strerror or str(error)).lower()}"
            kept = {name: known.parsed for name, known in sorted(self._known.items())}
            return kept, (Problem(shown(self.path), 1, 1, words),)
        for entry in found:
            if entry.problem is None:
                self._known[entry.name] = self._look(entry, self._known.get(entry.name))
        present = {entry.name for entry in found if entry.problem is None}
        for name in [name for name in self._known if name not in present]:
            self._miss(name)
        problems = tuple(entry.problem for entry in found if entry.problem)
        return {name: self._known[name].parsed for name in sorted(self._known)}, problems

    def forget(self, name: str) -> None:
        """Drops a file at once: it was moved away on purpose."""
        self._known.pop(name, None)

    def _look(self, entry: Entry, known: _Known[S] | None) -> _Known[S]:
        now = signature(entry.path)
        if known and known.settled and now == known.signature and known.absent_since is None:
            return known
        # A file written a moment ago may change again within one tick of its time stamp.
        settled = now is not None and time.time_ns() - max(now[0], now[1]) > _SETTLED_NS
        parsed = self._read(entry, known.parsed if known else None)
        return _Known(parsed, now, settled)

    def _read(self, entry: Entry, before: Parsed[S] | None) -> Parsed[S]:
        try:
            data = read_inside(self.path, entry.path.name, self.max_bytes)
        except Unreadable as error:
            problem = Problem(entry.file, 1, 1, str(error))
            same = before is not None and before.problems == (problem,)
            return before if before and same else Parsed(entry.name, entry.file, "", None, None, (problem,))
        if before is not None and before.digest == digest_of(data) and before.file == entry.file:
            return before
        return self.parse(entry.name, entry.file, data)

    def _miss(self, name: str) -> None:
        known, now = self._known[name], self.clock.monotonic()
        if known.absent_since is None:
            known.absent_since = now
        elif now - known.absent_since >= _GONE_SECONDS:
            del self._known[name]
