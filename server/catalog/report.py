"""`rapport check`: every problem of given files or folders, and how it is printed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import orjson

from server import __version__
from server.catalog.check import check_plugins, check_rows, check_tables
from server.catalog.descriptions import Descriptions
from server.catalog.files import Entry, Unreadable, entries, read_inside, shown
from server.catalog.library import Library
from server.catalog.parsed import Parsed, parse_persona, parse_plugin
from server.catalog.plugin_spec import PluginSpec
from server.catalog.problems import Problem, in_order
from server.catalog.spec import PersonaSpec
from server.catalog.yaml_source import PLUGIN_BYTES, SourceError, read_source
from server.settings import Settings

Format = Literal["text", "json", "github", "sarif"]
_PLUGIN_KEYS = frozenset({"kind", "spec", "base_url", "functions", "table", "columns", "key"})


def check_paths(
    paths: Sequence[Path],
    settings: Settings,
    strict: bool = False,
    has_secret: Callable[[str], bool] = lambda name: name in os.environ,
) -> list[Problem]:
    """Every problem in these files and folders; without paths, in both folders of the settings.

    Personas are checked against the plugins among `paths` and those of the settings. With `strict` warnings
    come back as errors. Reads files only: no database, no network.
    """
    check = _Check(settings, has_secret)
    for path in paths or (settings.personas_dir, settings.plugins_dir):
        check.add(path)
    problems = in_order(check.problems())
    return [replace(problem, severity="error") if strict else problem for problem in problems]


class _Check:
    """One run: the files found, then their problems."""

    def __init__(self, settings: Settings, has_secret: Callable[[str], bool]) -> None:
        self.settings, self.has_secret = settings, has_secret
        self.found: list[Problem] = []
        self.personas: dict[Path, Parsed[PersonaSpec]] = {}
        self.plugins: dict[Path, Parsed[PluginSpec]] = {}

    def add(self, path: Path) -> None:
        """Takes a file, or every YAML file of a folder."""
        if path.is_dir():
            for entry in entries(path):
                self._take(entry)
        elif path.exists():
            self._take(Entry(path.stem, path, shown(path)))
        else:
            self.found.append(Problem(shown(path), 1, 1, "there is no such file or folder"))

    def problems(self) -> Iterator[Problem]:
        """All of them, in no order."""
        yield from self.found
        for parsed in (*self.personas.values(), *self.plugins.values()):
            yield from parsed.problems
        yield from self._of_plugins()
        yield from self._of_personas()

    def _take(self, entry: Entry) -> None:
        if entry.problem is not None:
            self.found.append(entry.problem)
            return
        try:
            data = read_inside(entry.path.parent, entry.path.name, PLUGIN_BYTES)
        except Unreadable as error:
            self.found.append(Problem(entry.file, 1, 1, str(error)))
            return
        if self._is_plugin(entry, data):
            self.plugins[entry.path] = self._with_operations(entry, parse_plugin(entry.name, entry.file, data))
        else:
            self.personas[entry.path] = parse_persona(entry.name, entry.file, data)

    def _with_operations(self, entry: Entry, parsed: Parsed[PluginSpec]) -> Parsed[PluginSpec]:
        return Descriptions(entry.path.parent, self.settings.data_dir).read({entry.name: parsed})[entry.name]

    def _is_plugin(self, entry: Entry, data: bytes) -> bool:
        """By its folder; elsewhere by what it holds."""
        folder = entry.path.parent.resolve()
        for named, answer in ((self.settings.plugins_dir, True), (self.settings.personas_dir, False)):
            if folder == named.resolve() or folder.name == named.name:
                return answer
        try:
            return bool(_PLUGIN_KEYS & set(read_source(data, entry.file, PLUGIN_BYTES).value))
        except SourceError:
            return False

    def _of_plugins(self) -> Iterator[Problem]:
        yield from check_tables((p.spec, p.source) for p in self.plugins.values() if p.spec and p.source)
        for path, parsed in self.plugins.items():
            yield from (warning for name, warning in parsed.secrets if not self.has_secret(name))
            if parsed.spec and parsed.source:
                yield from check_rows(parsed.spec, parsed.source, path.parent)

    def _of_personas(self) -> Iterator[Problem]:
        known = {**self._beside(), **{p.name: p for p in self.plugins.values()}} if self.personas else {}
        usable = {name: parsed.spec for name, parsed in known.items() if parsed.spec and parsed.sound}
        broken = frozenset(known) - frozenset(usable)
        for path, parsed in self.personas.items():
            if parsed.spec and parsed.source:
                yield from check_plugins(parsed.spec, parsed.source, usable, broken)
                yield from Library(path.parent).knowledge(parsed.spec, parsed.source)[1]

    def _beside(self) -> dict[str, Parsed[PluginSpec]]:
        """The plugins of the settings, for personas that are checked on their own."""
        found: dict[str, Parsed[PluginSpec]] = {}
        for entry in entries(self.settings.plugins_dir):
            if entry.problem is None and entry.path not in self.plugins:
                try:
                    data = read_inside(self.settings.plugins_dir, entry.path.name, PLUGIN_BYTES)
                except Unreadable:
                    continue  # told when the plugins themselves are checked
                found[entry.name] = self._with_operations(entry, parse_plugin(entry.name, entry.file, data))
        return found


def render(problems: Iterable[Problem], format: Format = "text") -> str:
    """The problems as lines (`text`), a JSON list, GitHub workflow commands, or a SARIF 2.1.0 document."""
    listed = list(problems)
    if format == "json":
        return orjson.dumps([p.as_dict() for p in listed], option=orjson.OPT_INDENT_2).decode("utf-8")
    if format == "github":
        return "\n".join(_github(problem) for problem in listed)
    if format == "sarif":
        return orjson.dumps(_sarif(listed), option=orjson.OPT_INDENT_2).decode("utf-8")
    return "\n".join(_line(problem) for problem in listed)


def _line(problem: Problem) -> str:
    note = " (warning)" if problem.severity == "warning" else ""
    return f"{problem}{note}"


def _github(problem: Problem) -> str:
    """Workflow commands of GitHub Actions; values escaped as its toolkit does."""
    place = f"file={_property(problem.file)},line={problem.line},col={problem.column}"
    return f"::{problem.severity} {place}::{_data(problem.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_RULES = {
    "error": ("rapport/error", "What keeps a file from being loaded."),
    "warning": ("rapport/warning", "What this installation lacks, or what looks like a mistake."),
}


def _sarif(problems: list[Problem]) -> dict[str, object]:
    rules = [
        {"id": rule, "shortDescription": {"text": words}, "defaultConfiguration": {"level": level}}
        for level, (rule, words) in _RULES.items()
    ]
    driver = {"name": "rapport check", "semanticVersion": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(problem) for problem in problems],
            }
        ],
    }


def _sarif_result(problem: Problem) -> dict[str, object]:
    region = {"startLine": problem.line, "startColumn": problem.column}
    rule, _ = _RULES[problem.severity]
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(problem.severity),
        "level": problem.severity,
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(problem.file), "region": region}}],
    }


def _artifact(file: str) -> dict[str, str]:
    """A file as a URI; one below the folder we run in is relative to the root of the sources."""
    path = Path(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}
