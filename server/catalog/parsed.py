"""One file from bytes to a checked spec, as far as the file alone decides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

import orjson

from server.catalog.check import check_persona, check_plugin, secret_uses
from server.catalog.plugin_spec import PluginSpec
from server.catalog.problems import Problem, errors_in, in_order
from server.catalog.shape import persona_spec, plugin_spec
from server.catalog.spec import PersonaSpec, Spec
from server.catalog.yaml_source import PERSONA_BYTES, PLUGIN_BYTES, Source, SourceError, read_source

S = TypeVar("S", bound=Spec, covariant=True)
_MOST = 200
RESERVED_NAMES: frozenset[str] = frozenset({"templates"})
"""Names that no persona may have: its address in the API would be another's."""


@dataclass(frozen=True, slots=True, eq=False)
class Parsed(Generic[S]):
    """A file that was read. `spec` is None when its shape is wrong; `problems` are those of the file alone.

    `digest` is the SHA-256 of the bytes, `meaning` that of the spec: comments do not change it. `secrets` are
    the warnings due for secrets that are not set.
    """

    name: str
    file: str
    digest: str
    source: Source | None
    spec: S | None
    problems: tuple[Problem, ...]
    meaning: str = ""
    secrets: tuple[tuple[str, Problem], ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the file alone has no error."""
        return self.spec is not None and not errors_in(self.problems)


def digest_of(data: bytes) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def meaning_of(spec: Spec, *, without: frozenset[str] = frozenset()) -> str:
    """The SHA-256 of what the spec says. The order of keys counts: the first language is the fallback."""
    return digest_of(orjson.dumps(spec.model_dump(mode="json", by_alias=True, exclude=set(without))))


def parse_persona(name: str, file: str, data: bytes) -> Parsed[PersonaSpec]:
    """The persona in `data`, or every problem with it. Never raises."""
    try:
        source = read_source(data, file, PERSONA_BYTES)
    except SourceError as error:
        return Parsed(name, file, digest_of(data), None, None, (error.problem,))
    spec, problems = persona_spec(source)
    problems = in_order((*_reserved(name, file), *problems, *islice(check_persona(source), _MOST)))
    # Regression cases are not asked when a customer is answered.
    meaning = meaning_of(spec, without=frozenset({"tests"})) if spec else ""
    return Parsed(name, file, digest_of(data), source, spec, problems, meaning)


def _reserved(name: str, file: str) -> tuple[Problem, ...]:
    if name not in RESERVED_NAMES:
        return ()
    return (Problem(file, 1, 1, f"no persona can be called `{name}`: the API keeps that name; rename the file"),)


def parse_plugin(name: str, file: str, data: bytes) -> Parsed[PluginSpec]:
    """The plugin in `data`, or every problem with it. Never raises."""
    try:
        source = read_source(data, file, PLUGIN_BYTES)
    except SourceError as error:
        return Parsed(name, file, digest_of(data), None, None, (error.problem,))
    spec, problems = plugin_spec(source)
    if spec is None:
        return Parsed(name, file, digest_of(data), source, None, problems)
    problems = in_order((*problems, *islice(check_plugin(spec, source), _MOST)))
    return Parsed(name, file, digest_of(data), source, spec, problems, meaning_of(spec), secret_uses(source))


def kind_of(parsed: Parsed[PluginSpec]) -> str:
    """The kind that a plugin file says, even when it has errors."""
    said = parsed.source.value.get("kind") if parsed.source else None
    return said if isinstance(said, str) else "http"
