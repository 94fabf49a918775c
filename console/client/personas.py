"""Personas: what is published, drafts, publishing, history, templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from console.client.shape import Problem, Shape
from console.client.transport import Transport

Text = str | dict[str, str]
"""A text for customers: one for all languages, or by language."""


def said_in(text: Text | None, language: str, otherwise: str = "") -> str:
    """The text in that language, or in the first one written."""
    if not text:
        return otherwise
    return text if isinstance(text, str) else text.get(language) or next(iter(text.values()), otherwise)


class PersonaProblem(Problem):
    """A problem of a persona's file; a warning does not keep it from serving."""

    severity: Literal["error", "warning"] = "error"


class Hint(Shape):
    """What is allowed and could be better; `params` are what `message` was made of."""

    code: str
    path: str
    line: int
    column: int
    message: str
    language: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class DraftHead(Shape):
    """A draft in the list; `problems` counts them."""

    revision: int
    author: str
    updated_at: str
    problems: int


class PersonaRow(Shape):
    """A persona in the list. `status` is `error` when no version of it serves; `fields` counts what it collects."""

    name: str
    title: Text
    version: int
    status: Literal["ok", "problems", "error"]
    languages: tuple[str, ...] = ()
    fields: int = 0
    problems: tuple[PersonaProblem, ...] = ()
    draft: DraftHead | None = None
    published_at: str | None = None
    published_by: str | None = None
    leads_7d: int = 0
    conversations_7d: int = 0


class ArchivedRow(Shape):
    """A persona that was put away; `archived_at` is None when its file was taken away by hand."""

    name: str
    title: Text
    version: int
    archived_at: str | None = None


class Template(Shape):
    """A complete persona to begin with."""

    name: str
    title: dict[str, str]
    description: dict[str, str]
    languages: tuple[str, ...] = ()


class Draft(Shape):
    """A draft as it is kept; `spec` is None when its text is not YAML."""

    revision: int
    base_version: int
    yaml: str
    spec: dict[str, Any] | None
    problems: tuple[PersonaProblem, ...] = ()
    author: str
    updated_at: str
    hints: tuple[Hint, ...] = ()
    prompt_tokens: int = 0


class Aside(Shape):
    """One's own text that was refused since another stands; the server keeps it."""

    yaml: str
    updated_at: str


class Persona(Shape):
    """What is published, with the file's problems, and the draft. `spec` is None when nothing serves."""

    name: str
    title: Text
    version: int
    status: Literal["ok", "problems", "error"]
    languages: tuple[str, ...] = ()
    spec: dict[str, Any] | None
    yaml: str
    problems: tuple[PersonaProblem, ...] = ()
    hints: tuple[Hint, ...] = ()
    prompt_tokens: int = 0
    draft: Draft | None = None
    aside: Aside | None = None
    published_at: str | None = None
    published_by: str | None = None


class Version(Shape):
    """One version of the history; with its text when it was asked for alone."""

    version: int
    note: str = ""
    author: str = ""
    created_at: str = ""
    yaml: str = ""


class Piece(Shape):
    """A part of two texts read as one."""

    kind: Literal["same", "added", "removed"]
    text: str


class Changed(Shape):
    """A value that differs, by the path of its key; None where it is not there."""

    path: str
    before: Any = None
    after: Any = None


class Difference(Shape):
    """Two texts, word by word; `changes` is None when one of them is not YAML."""

    segments: tuple[Piece, ...] = ()
    changes: tuple[Changed, ...] | None = None


class Personas:
    """`/personas`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> tuple[PersonaRow, ...]:
        """Every persona in service, with its draft and its last seven days."""
        return tuple(PersonaRow.model_validate(row) for row in self._items("/personas"))

    def archived(self) -> tuple[ArchivedRow, ...]:
        """Those that were put away."""
        found = self._transport.json("GET", "/personas", query={"archived": True})["items"]
        return tuple(ArchivedRow.model_validate(row) for row in found)

    def templates(self) -> tuple[Template, ...]:
        """Complete personas to begin with, in the order in which they are offered."""
        return tuple(Template.model_validate(row) for row in self._items("/personas/templates"))

    def create(self, name: str, *, template: str | None = None, copy_of: str | None = None) -> int:
        """A new persona, from the commented starting text when neither is given; its version."""
        body = {"name": name, "template": template, "copy_of": copy_of}
        return self._version("/personas", {key: value for key, value in body.items() if value is not None})

    def one(self, name: str) -> Persona:
        """What is published and the draft."""
        return Persona.model_validate(self._transport.json("GET", _at(name)))

    def save_draft(
        self,
        name: str,
        *,
        base_version: int,
        base_revision: int,
        yaml: str | None = None,
        spec: Mapping[str, Any] | None = None,
    ) -> Draft:
        """Keeps a draft, with problems too. Raises Refused with status 409 and both texts when the base is stale."""
        content = {"yaml": yaml} if yaml is not None else {"spec": spec}
        body = {"base_version": base_version, "base_revision": base_revision, **content}
        return Draft.model_validate(self._transport.json("PUT", _at(name, "/draft"), body=body))

    def discard_draft(self, name: str, base_revision: int) -> None:
        """Throws that draft away. Raises Refused with status 409 and both texts when another stands there now."""
        self._transport.json("DELETE", _at(name, "/draft"), query={"base_revision": base_revision})

    def drop_aside(self, name: str) -> None:
        """Throws away one's own text that was refused."""
        self._transport.json("DELETE", _at(name, "/aside"))

    def publish(self, name: str, *, base_version: int, revision: int, note: str) -> int:
        """The draft becomes the next version; its number. Raises Refused, 409 when the base is stale."""
        body = {"base_version": base_version, "revision": revision, "note": note}
        return self._version(_at(name, "/publish"), body)

    def roll_back(self, name: str, version: int, note: str) -> int:
        """An earlier version's text is published again; the new version."""
        return self._version(_at(name, "/rollback"), {"version": version, "note": note})

    def archive(self, name: str) -> None:
        """Takes the persona out of service."""
        self._transport.json("POST", _at(name, "/archive"))

    def restore(self, name: str) -> int:
        """Brings an archived persona back; its new version."""
        return self._version(_at(name, "/restore"), None)

    def versions(self, name: str) -> tuple[Version, ...]:
        """The history, newest first."""
        return tuple(Version.model_validate(row) for row in self._items(_at(name, "/versions")))

    def version(self, name: str, number: int) -> Version:
        """One version with its text."""
        return Version.model_validate(self._transport.json("GET", _at(name, f"/versions/{number}")))

    def difference(self, name: str, before: int | str, after: int | str) -> Difference:
        """What changed between two of: a version's number, `published`, `draft`."""
        query = {"from": before, "to": after}
        return Difference.model_validate(self._transport.json("GET", _at(name, "/diff"), query=query))

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a persona's file."""
        found: dict[str, Any] = self._transport.json("GET", "/schemas/persona.json")
        return found

    def _items(self, path: str) -> list[Any]:
        items: list[Any] = self._transport.json("GET", path)["items"]
        return items

    def _version(self, path: str, body: dict[str, Any] | None) -> int:
        return int(self._transport.json("POST", path, body=body)["version"])


def _at(name: str, rest: str = "") -> str:
    return f"/personas/{quote(name, safe='')}{rest}"
