"""Lists of words that rules look up, kept as data in `words.txt`."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def _sections() -> dict[str, frozenset[str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (files("server.leads.extract") / "words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            current += line.split()
    return {name: frozenset(word.replace("_", " ") for word in found) for name, found in sections.items()}


def words(section: str) -> frozenset[str]:
    """The words of that section; a `KeyError` names one that is not there."""
    return _sections()[section]
