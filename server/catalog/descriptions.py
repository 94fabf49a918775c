"""Plugins of kind `openapi` with the operations of their description, read again when one of its files changes."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path as FilePath

import orjson
from pydantic import ValidationError

from server.catalog.files import Signature, Unreadable, read_inside, signature
from server.catalog.openapi import (
    Carried,
    Description,
    LeftOut,
    NotADescription,
    NotCarried,
    Operation,
    Wanted,
    carry,
    ids_of,
    read_description,
)
from server.catalog.openapi.document import MAX_BYTES
from server.catalog.openapi.names import folded, shortened
from server.catalog.parsed import Parsed
from server.catalog.plugin_spec import HttpFunction, OpenApiFunction, OpenApiPlugin, PluginSpec
from server.catalog.problems import Problem, in_order
from server.catalog.references import references_in, reserved_names
from server.catalog.yaml_source import Source

_TOLD = 20


def kept_copy(data_dir: FilePath, address: str) -> FilePath:
    """Where the last copy of a description from that address is kept."""
    return data_dir / "openapi" / f"{hashlib.sha256(address.encode()).hexdigest()[:32]}.json"


def packed(files: dict[str, bytes]) -> bytes:
    """A description and the files beside it, as one file."""
    return orjson.dumps({name: data.decode("utf-8", "replace") for name, data in sorted(files.items())})


@dataclass(slots=True)
class _Known:
    before: Parsed[PluginSpec]
    seen: dict[FilePath, Signature | None]
    after: Parsed[PluginSpec]


@dataclass(slots=True)
class Descriptions:
    """Adds operations to plugins of kind `openapi`; the same object comes back while nothing changed."""

    folder: FilePath
    data_dir: FilePath
    _known: dict[str, _Known] = field(default_factory=dict)

    def read(self, plugins: dict[str, Parsed[PluginSpec]]) -> dict[str, Parsed[PluginSpec]]:
        """The plugins, with those of kind `openapi` as their descriptions say now."""
        self._known = {name: known for name, known in self._known.items() if name in plugins}
        return {name: self._one(name, parsed) for name, parsed in plugins.items()}

    def _one(self, name: str, parsed: Parsed[PluginSpec]) -> Parsed[PluginSpec]:
        if not isinstance(parsed.spec, OpenApiPlugin) or parsed.source is None:
            return parsed
        known = self._known.get(name)
        if known and known.before is parsed and all(signature(file) == seen for file, seen in known.seen.items()):
            return known.after
        files = _Files(self.folder, self.data_dir, parsed.spec)
        after = with_operations(parsed, parsed.spec, parsed.source, files)
        self._known[name] = _Known(parsed, files.seen, after)
        return after


@dataclass(slots=True)
class _Files:
    """Reads a description's files and remembers which, and what was in them."""

    folder: FilePath
    data_dir: FilePath
    spec: OpenApiPlugin
    seen: dict[FilePath, Signature | None] = field(default_factory=dict)
    content: hashlib._Hash = field(default_factory=hashlib.sha256)
    kept: dict[str, str] | None = None

    @property
    def address(self) -> str:
        """Where the description comes from, empty for a file."""
        return self.spec.spec if "://" in self.spec.spec else ""

    @property
    def kept_at(self) -> FilePath | None:
        """Where the copy of a description that has to be fetched belongs."""
        return kept_copy(self.data_dir, self.address) if self.address else None

    def first(self) -> bytes | None:
        """The description itself; None when it was never fetched. Raises NotCarried."""
        if not self.address:
            return self.beside(FilePath(self.spec.spec).name)
        path = kept_copy(self.data_dir, self.address)
        self.seen[path] = signature(path)
        try:
            data = path.read_bytes()
            self.kept = orjson.loads(data)
        except (OSError, orjson.JSONDecodeError):
            return None
        self.content.update(data)
        return self.kept[""].encode() if self.kept else None

    def beside(self, relative: str) -> bytes:
        """A file of the description's folder. Raises NotCarried."""
        if self.address:
            if self.kept is None or relative not in self.kept:
                raise NotCarried(f"`{shortened(relative, 100)}` was not found beside it")
            return self.kept[relative].encode()
        inside = (FilePath(self.spec.spec).parent / relative).as_posix()
        path = self.folder / inside
        self.seen[path] = signature(path)
        try:
            data = read_inside(self.folder, inside, MAX_BYTES)
        except Unreadable as problem:
            raise NotCarried(str(problem)) from None
        self.content.update(data)
        return data


def with_operations(
    parsed: Parsed[PluginSpec], spec: OpenApiPlugin, source: Source, files: _Files
) -> Parsed[PluginSpec]:
    """The plugin with its functions and every problem between it and its description."""
    try:
        data = files.first()
        if data is None:
            waits = source.problem(("spec",), "the description has not been fetched yet", "warning")
            return replace(
                parsed, spec=spec.with_functions((), "", files.kept_at), problems=in_order((*parsed.problems, waits))
            )
        description = read_description(data, files.beside, files.address)
    except (NotCarried, NotADescription) as problem:
        words = f"`spec`: {problem}" if isinstance(problem, NotADescription) else str(problem)
        return replace(parsed, spec=None, problems=in_order((*parsed.problems, source.problem(("spec",), words))))
    made = _Joining(spec, source, description)
    functions = made.functions()
    problems = in_order((*parsed.problems, *made.problems))
    digest, meaning = (hashlib.sha256(f"{own}:{files.content.hexdigest()}".encode()).hexdigest()
                       for own in (parsed.digest, parsed.meaning))  # fmt: skip
    ready = spec.with_functions(functions, spec.base_url or description.address, files.kept_at)
    return replace(parsed, spec=ready, problems=problems, digest=digest, meaning=meaning)


class _Joining:
    """One plugin held against its description."""

    def __init__(self, spec: OpenApiPlugin, source: Source, description: Description) -> None:
        self.spec, self.source, self.description = spec, source, description
        self.problems: list[Problem] = []
        self.ids = ids_of(description.operations)
        self.lost = {key: each for each in description.left_out for key in (each.name, each.label)}
        self.options: dict[str, tuple[str, OpenApiFunction]] = {}

    def functions(self) -> tuple[HttpFunction, ...]:
        chosen = self.chosen()
        if self.spec.base_url is None and "://" not in self.description.address:
            self.wrong(("spec",), "the description names no absolute address; say `base_url`")
        bound = {folded(name): reference for name, reference in self.spec.bind.items()}
        reserved = frozenset(map(folded, {*reserved_names(self.spec), *_names_in(self.spec.bind)})) - bound.keys()
        wanted = Wanted(lambda each: each.name in chosen, self.spec.base_url, bound, reserved, self.credentials())
        carried, left_out = carry(self.description, wanted)
        self.tell(left_out)
        for note in islice((note for each in carried for note in each.notes), _TOLD):
            self.problems.append(self.source.problem(("spec",), note, "warning"))
        self.unbound(carried)
        made = list(filter(None, map(self.function, carried)))
        if not made and not self.problems:
            self.wrong(("spec",), "the description has no such operation that can be carried over")
        self.twice(made)
        return tuple(made)

    def credentials(self) -> frozenset[str]:
        key = (self.spec.auth_written or {}).get("api_key")
        named = [key.get("header"), key.get("query")] if isinstance(key, dict) else []
        return frozenset(str(name).lower() for name in (*self.spec.headers, *named) if name)

    def chosen(self) -> set[str]:
        """The names of the operations that are wanted."""
        found: set[str] = set()
        for index, said in enumerate(self.spec.operations or ()):
            found |= self.named(said, ("operations", index))
        if self.spec.operations is None:
            found = {each.name for each in self.description.operations if each.method == "GET"}
            self.tell([each for each in self.description.left_out if each.name.startswith("get")])
        for said, options in self.spec.functions.items():
            for name in self.named(said, ("functions", said)):
                if name not in found:
                    self.wrong(("functions", said), f"`{said}` is not among `operations`", key=True)
                self.options[name] = (said, options)
        return found

    def named(self, said: str, path: tuple[str | int, ...]) -> set[str]:
        if said in self.ids:
            return {self.ids[said].name}
        if said in self.lost:
            self.wrong(path, f"`{said}` cannot be carried over: {self.lost[said].reason}")
            return set()
        close = difflib.get_close_matches(said, list(self.ids), n=1)
        hint = f"did you mean `{close[0]}`?" if close else "see the description's operationIds"
        self.wrong(
            path, f"the description has no operation `{shortened(said, 60)}`; {hint}", key=path[0] == "functions"
        )
        return set()

    def tell(self, left_out: list[LeftOut]) -> None:
        """Those asked for by name are errors, of others a warning is enough."""
        asked = {self.ids[said].name: i for i, said in enumerate(self.spec.operations or ()) if said in self.ids}
        for each in islice(left_out, _TOLD):
            words = f"`{each.label}` cannot be carried over: {each.reason}"
            if each.name in asked:
                self.wrong(("operations", asked[each.name]), words)
            else:
                self.problems.append(self.source.problem(("spec",), words, "warning"))

    def unbound(self, carried: list[Carried]) -> None:
        used = frozenset[str]().union(*(each.placed.bound for each in carried))
        for name in self.spec.bind:
            if folded(name) not in used:
                self.wrong(("bind", name), f"no operation has a parameter `{name}` to bind", key=True)

    def function(self, carried: Carried) -> HttpFunction | None:
        operation = carried.operation
        said, options = self.options.get(operation.name, ("", OpenApiFunction()))
        if options.force_call and carried.placed.parameters.get("required"):
            words = "a function with `force_call` cannot have required parameters: no model fills them"
            self.wrong(("functions", said, "force_call"), words)
        shared = {
            name: getattr(options, name) for name in type(options).model_fields if name in options.model_fields_set
        }
        try:
            return HttpFunction(**{**shared, **self.own(operation, carried, options)})
        except ValidationError as error:
            self.wrong(("functions", said) if said else ("spec",), f"`{operation.label}`: {error.errors()[0]['msg']}")
            return None

    def own(self, operation: Operation, carried: Carried, options: OpenApiFunction) -> dict[str, object]:
        read = operation.method in ("GET", "HEAD")
        return {
            "name": options.name or operation.name,
            "description": options.description or operation.description,
            "effect": options.effect or ("read" if read else "write"),
            "parameters": carried.placed.parameters,
            "request": carried.placed.request,
        }

    def twice(self, made: list[HttpFunction]) -> None:
        seen: set[str] = set()
        for each in made:
            if each.name in seen:
                self.wrong(("functions",), f"the function `{each.name}` is there twice")
            seen.add(each.name)

    def wrong(self, path: tuple[str | int, ...], words: str, *, key: bool = False) -> None:
        place = self.source.at_key(path) if key else self.source.at(path)
        self.problems.append(Problem(self.source.file, *place, words))


def _names_in(bind: dict[str, str]) -> Iterator[str]:
    for reference in (found for text in bind.values() for found in references_in(text)):
        yield from (reference.root, reference.name)
