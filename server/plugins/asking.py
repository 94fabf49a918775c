"""The question that a customer is asked before a function with `confirm` runs, in the server's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.catalog.spec import said_in
from server.plugins.operation import Operation
from server.plugins.references import plain
from server.plugins.results import masked

MOST_CHARACTERS = 1_500
_WORDS = {
    "en": ("Please confirm: {what}. ", "Reply “yes” to go ahead or “no” to leave it.", ": ", "; ", " ({})"),
    "zh": ("请您确认：{what}。", "回复“确认”即可办理，回复“取消”则不办理。", "：", "；", "（{}）"),
}


def question(operation: Operation, arguments: Mapping[str, Any], language: str) -> str | None:
    """What would be done, argument by argument, and how to say yes; None when that is too long to be read.

    It holds no question mark of its own, so that an answer's one question stays the planner's.
    """
    first, how, is_, and_, around = _WORDS["zh" if language.startswith("zh") else "en"]
    shown = masked(dict(arguments), operation.options.sensitive)
    parts = [f"{_label(operation, name)}{is_}{_line(value)}" for name, value in shown.items()]
    title = title_of(operation, language)
    what = title + around.format(and_.join(parts)) if parts else title
    text = first.replace("{what}", what) + how
    return text if len(text) <= MOST_CHARACTERS else None


def title_of(operation: Operation, language: str) -> str:
    """What customers are told a function does: its `title`, else its name in words."""
    return said_in(operation.options.title, language) or operation.name.replace("_", " ")


def _label(operation: Operation, name: str) -> str:
    """The argument's `title` in the schema, else its name."""
    properties = operation.parameters.get("properties")
    schema = properties.get(name) if isinstance(properties, Mapping) else None
    title = schema.get("title") if isinstance(schema, Mapping) else None
    return title if isinstance(title, str) and title.strip() else name.replace("_", " ")


def _line(value: Any) -> str:
    return " ".join(plain(value).split())
