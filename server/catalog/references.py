"""References such as `${user.id}`: what they may name, where they may stand, and the names they reserve.

References, never templates: a reference names one value, and text that was put in is never read again.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.catalog.plugin_spec import HttpFunction, McpPlugin, PluginSpec, SqlPlugin, TablePlugin
from server.catalog.problems import Path

REFERENCE = re.compile(r"\$\{([^{}\n]*)(\}?)")
BOUND: frozenset[str] = frozenset(
    {"user.id", "user.name", "user.trust", "user.locale", "conversation.id", "persona.name"}
)
IN_PROMPT: frozenset[str] = frozenset({"user.name", "user.trust", "user.locale", "persona.name", "conversation.id"})
_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${…}` in a text: `name` is what stands between the braces, `offset` where it begins."""

    name: str
    offset: int
    closed: bool = True

    @property
    def root(self) -> str:
        """`args`, `user`, `conversation`, `persona`, `secret`, or whatever was written."""
        return self.name.partition(".")[0]

    @property
    def rest(self) -> str:
        """What follows the first dot."""
        return self.name.partition(".")[2]

    @property
    def bound(self) -> bool:
        """Whether the server fills it from what it knows, so that the model never may."""
        return self.name in BOUND or self.root == "secret"

    def __str__(self) -> str:
        return "${" + self.name + "}"


def references_in(text: str) -> tuple[Reference, ...]:
    """Every `${…}` of a text, in order."""
    if "${" not in text:
        return ()
    return tuple(Reference(m[1].strip(), m.start(), bool(m[2])) for m in REFERENCE.finditer(text))


def whole_reference(text: str) -> Reference | None:
    """The reference when the text is one and nothing else: then the value keeps its type."""
    found = REFERENCE.fullmatch(text)
    return Reference(found[1].strip(), 0) if found and found[2] else None


def strings_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in nested lists and maps, keys too (at the path of their value)."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield (*path, key), key
            yield from strings_in(below, (*path, key))
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            yield from strings_in(below, (*path, index))


def wrong_name(reference: Reference, allowed: frozenset[str]) -> str | None:
    """Why the reference names nothing at all, None when it does; `allowed` is what to suggest from."""
    if not reference.closed:
        return "`${` is not closed by `}`"
    if reference.name in BOUND:
        return None
    if reference.root == "args" and reference.rest:
        return None
    if reference.root == "secret" and _SECRET_NAME.fullmatch(reference.rest):
        return None
    close = difflib.get_close_matches(reference.name, sorted(allowed), n=1)
    hint = f"; did you mean `${{{close[0]}}}`?" if close else f"; there are {_listed(allowed)}"
    return f"`{reference}` is no reference{hint}"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"${{{name}}}" for name in sorted(names))


def folded(name: str) -> str:
    """A name as names are compared: NFKC, case folded, without `_`, `-`, `.` and spaces."""
    return re.sub(r"[\s_.\-]", "", unicodedata.normalize("NFKC", name).casefold())


def reserved_names(plugin: PluginSpec, function: HttpFunction | None = None) -> frozenset[str]:
    """The folded names that an argument of the function may not have: its bound slots and their references.

    `function` is for plugins over HTTP; a table's functions share their key.
    """
    if isinstance(plugin, TablePlugin):
        return frozenset(_reserved(plugin.key))
    if isinstance(plugin, McpPlugin | SqlPlugin):
        return frozenset(_reserved(plugin.bind)) - {""}
    names = set(_reserved(plugin.headers)) | set(_reserved(plugin.auth_written or {}, slots=False))
    if function is not None:
        request = function.request
        names.update(_reserved({"": request.path}, slots=False))
        slots_of = (request.query, request.headers, request.cookies, request.body, request.form, request.multipart)
        for slots in (*slots_of, request.files, request.text, request.binary):
            names.update(_reserved(slots))
    return frozenset(names - {""})


def _reserved(value: Any, *, slots: bool = True) -> Iterator[str]:
    for path, text in strings_in(value):
        for reference in references_in(text):
            if reference.bound:
                yield folded(reference.root)
                yield folded(reference.name)
                if slots:
                    yield folded(next((str(k) for k in reversed(path) if isinstance(k, str)), ""))
