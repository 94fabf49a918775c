"""What personas know: files, the passages made of them, what a question finds; and what a sentence would tell."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from console.client.shape import Page, Shape, page_of
from console.client.transport import Transport

Source = Literal["draft", "published"]


class KnowledgeFile(Shape):
    """A file beside the personas, which all of them share. `passages` is None while no persona reads it."""

    path: str
    bytes: int
    updated_at: str
    used_by: tuple[str, ...] = ()
    passages: int | None = None


class Passage(Shape):
    """A piece of knowledge; `path` is empty for a question and answer pair."""

    path: str
    heading: str
    text: str
    language: str | None = None


class Hit(Passage):
    """A passage that a question finds. `answers`: it counts as the answer; `used`: the model gets to read it."""

    score: float
    answers: bool
    used: bool


class Found(Shape):
    """What a question finds, best first. `whole`: the model reads all of the knowledge in each turn."""

    items: tuple[Hit, ...]
    whole: bool
    language: str


class Heard(Shape):
    """A value that would be stored; `plausible` is False for one that is kept as said but counts as no contact."""

    value: str
    normalised: str
    quote: str
    plausible: bool = True


class PassedOver(Shape):
    """Contact data that would not be stored, and why."""

    text: str
    reason: str


class Capture(Shape):
    """What would be captured from a sentence."""

    fields: dict[str, Heard]
    missed: tuple[PassedOver, ...]


class Knowledge:
    """`/personas/NAME/knowledge`, `/passages` and `/extract`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def files(self, persona: str) -> tuple[KnowledgeFile, ...]:
        """Every knowledge file, by name."""
        items: list[Any] = self._transport.json("GET", _at(persona, "knowledge"))["items"]
        return tuple(KnowledgeFile.model_validate(item) for item in items)

    def put(self, persona: str, path: str, data: bytes) -> KnowledgeFile:
        """Adds or replaces a file. Raises Refused for one that cannot be read."""
        answer = self._transport.raw("PUT", _at(persona, "knowledge", path), body=data)
        return KnowledgeFile.model_validate_json(answer)

    def read(self, persona: str, path: str) -> bytes:
        """A file as it is."""
        return self._transport.raw("GET", _at(persona, "knowledge", path))

    def remove(self, persona: str, path: str) -> None:
        """Removes a file. Raises Refused (409) while a published persona uses it."""
        self._transport.json("DELETE", _at(persona, "knowledge", path))

    def passages(self, persona: str, path: str, source: Source, limit: int = 200) -> Page[Passage]:
        """What was made of a file; `path` "" are the question and answer pairs."""
        query: dict[str, str | int] = {"source": source, "path": path, "limit": limit}
        return page_of(Passage, self._transport.json("GET", _at(persona, "passages"), query=query))

    def search(self, persona: str, question: str, source: Source, locale: str, limit: int = 5) -> Found:
        """What a customer's question finds."""
        body = {"q": question, "source": source, "locale": locale, "limit": limit}
        return Found.model_validate(self._transport.json("POST", _at(persona, "passages/search"), body=body))

    def would_capture(self, persona: str, sentence: str, locale: str, timezone: str) -> Capture:
        """What the published persona would take from a customer's sentence; nothing is stored."""
        said = [{"role": "customer", "text": sentence}]
        body = {"messages": said, "locale": locale, "timezone": timezone}
        return Capture.model_validate(self._transport.json("POST", _at(persona, "extract"), body=body))


def _at(persona: str, noun: str, path: str = "") -> str:
    name = path.removeprefix("knowledge/")
    return f"/personas/{quote(persona, safe='')}/{noun}" + (f"/{quote(name, safe='')}" if name else "")
