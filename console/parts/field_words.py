"""A lead's field by a word, where nothing but its name is at hand."""

from __future__ import annotations

from console.visit import say_of
from console.wording import catalog


def field_in_words(name: str) -> str:
    """The word for a common field in the visitor's language; any other field's own name."""
    return say_of("try_chat.field", name) if f"try_chat.field.{name}" in catalog() else name
