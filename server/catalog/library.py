"""The knowledge files of the personas' folder, read and indexed again only when something changed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from server.catalog.check import looks_secret
from server.catalog.files import Signature, Unreadable, inside, read_inside, signature
from server.catalog.knowledge import Knowledge, KnowledgeError, KnowledgeFile, build_knowledge
from server.catalog.parsed import digest_of
from server.catalog.problems import Problem
from server.catalog.spec import PersonaSpec, QuestionAnswer
from server.catalog.yaml_source import Source

KNOWLEDGE_BYTES = 20_000_000
_TEXT = (".md", ".txt", ".csv", ".yaml", ".yml")
_SETTLED_NS = 2_000_000_000
_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Seen:
    signature: Signature
    digest: str


class Library:
    """Builds the knowledge of a persona from files inside one folder, and remembers what it built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, _Seen] = {}
        self._built: dict[tuple[object, ...], tuple[Knowledge, tuple[tuple[str, str], ...]]] = {}

    def signatures(self, personas: Iterable[PersonaSpec]) -> tuple[object, ...]:
        """What tells that no file that these personas name has changed."""
        paths = dict.fromkeys(e for p in personas for e in p.knowledge if isinstance(e, str))
        return tuple((path, self._look(path)) for path in paths)

    def _look(self, path: str) -> object:
        now = signature(self.folder / path)
        return now if now is None or _settled(now) else (now, time.monotonic_ns())

    def knowledge(self, persona: PersonaSpec, source: Source) -> tuple[Knowledge, tuple[Problem, ...]]:
        """The knowledge of all that can be read, and a problem for each file that cannot."""
        places = {e: ("knowledge", n) for n, e in enumerate(persona.knowledge) if isinstance(e, str)}
        wrong: dict[str, str] = {}
        digests = {path: digest for path in places if (digest := self._digest(path, wrong))}
        pairs = [entry for entry in persona.knowledge if isinstance(entry, QuestionAnswer)]
        key = (tuple(digests.items()), repr(pairs), persona.languages)
        if key not in self._built:
            self._built[key] = self._build(list(digests), pairs, persona.languages)
            while len(self._built) > _KEPT:
                self._built.pop(next(iter(self._built)))
        knowledge, faults = self._built[key]
        wrong.update(faults)
        return knowledge, tuple(source.problem(places[path], words) for path, words in wrong.items())

    def _digest(self, path: str, wrong: dict[str, str]) -> str | None:
        try:
            now = signature(inside(self.folder, path))
            seen = self._seen.get(path)
            if seen is None or now != seen.signature or not _settled(seen.signature):
                data = read_inside(self.folder, path, KNOWLEDGE_BYTES)
                seen = _Seen(now or (0, 0, 0, 0), digest_of(data))
                self._seen[path] = seen
        except Unreadable as error:
            wrong[path] = str(error)
            return None
        return seen.digest

    def _build(
        self, paths: list[str], pairs: list[QuestionAnswer], languages: tuple[str, ...]
    ) -> tuple[Knowledge, tuple[tuple[str, str], ...]]:
        files, faults = [], {}
        for path in paths:
            try:
                files.append(KnowledgeFile(path, read_inside(self.folder, path, KNOWLEDGE_BYTES)))
            except Unreadable as error:
                faults[path] = str(error)
        faults.update({file.path: words for file in files if (words := secret_in(file))})
        while True:
            try:
                knowledge = build_knowledge([f for f in files if f.path not in faults], pairs, languages)
                return knowledge, tuple(faults.items())
            except KnowledgeError as error:
                if error.path in faults:
                    raise
                faults[error.path] = f"`{error.path}`: {error.reason}"


def _settled(found: Signature) -> bool:
    """Whether a file is old enough that a further change would show in its time stamps."""
    return time.time_ns() - max(found[0], found[1]) > _SETTLED_NS


def secret_in(file: KnowledgeFile) -> str | None:
    """Where a knowledge file holds what looks like a key, in words; None when it does not."""
    if not file.path.lower().endswith(_TEXT):
        return None
    text = file.data.decode("utf-8", "replace")
    found = looks_secret(text)
    if found is None:
        return None
    line = text.count("\n", 0, found.start()) + 1
    return f"`{file.path}` line {line} looks like a key or password; a customer may get to see it"
