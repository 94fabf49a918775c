"""What comes out of a call: for the model, for the record, and in words when it went wrong."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from sqlalchemy.exc import SQLAlchemyError

from server.catalog.plugin_spec import Result
from server.errors import RapportError
from server.outgoing import OutgoingError
from server.plugins.masking import hide
from server.plugins.operation import Operation
from server.plugins.references import Unfilled
from server.plugins.types import CallStatus

WHOLE: Final = Result()
KEPT_CHARACTERS = 4_000
"""Characters of a call's arguments that are kept for the record."""


def explained(error: Exception, operation: Operation, limit: float, secrets: set[str]) -> tuple[CallStatus, str, str]:
    """Status, a sentence for the people who run this, and one for the model."""
    if isinstance(error, TimeoutError) or (isinstance(error, OutgoingError) and error.kind == "timeout"):
        maybe = "; it may have been done all the same" if operation.effect == "write" else ""
        words = f"`{operation.name}` took longer than {limit:g} s{maybe}"
        return "timeout", words, words
    if isinstance(error, Unfilled | RapportError):
        words = str(hide(str(error), secrets))
        return "failed", words, words
    if isinstance(error, SQLAlchemyError):
        return "failed", f"the database says: {first_line(error, secrets)}", "The table cannot be used now."
    return "failed", f"`{operation.name}` broke: {type(error).__name__}", "The function does not work now."


def first_line(error: Exception, secrets: set[str]) -> str:
    """What a database said, without the lines that repeat values."""
    words = str(getattr(error, "orig", None) or error).strip()
    return str(hide(words.splitlines()[0][:200] if words else type(error).__name__, secrets))


def for_model(value: Any, result: Result = WHOLE) -> str:
    """What the model is shown: JSON of what the file selects, lists cut item by item, texts at the end."""
    picked = {"ok": True} if value is None else _selected(value, result.select)
    text = _json(picked)
    if len(text) <= result.max_chars:
        return text
    place, items = _longest_list(picked)
    kept = _fitting(picked, place, items, result.max_chars)
    if kept:
        left_out = f" ({len(items) - kept:,} of {len(items):,} items left out)"
        return _json(_with_list(picked, place, items[:kept])) + left_out
    return f"{text[: result.max_chars]}… ({len(text) - result.max_chars:,} more characters left out)"


def _selected(value: Any, select: str | None) -> Any:
    if select is None:
        return value
    try:
        return compiled(select).search(value)
    except JMESPathError as error:
        return {"note": f"`select` does not fit this result: {str(error).splitlines()[0][:200]}"}


@lru_cache(maxsize=2_000)
def compiled(select: str) -> ParsedResult:
    """A JMESPath expression, read. Raises JMESPathError."""
    return jmespath.compile(select)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _longest_list(value: Any) -> tuple[str | None, list[Any]]:
    """The list that makes a result long: the result itself (None), or under which key it stands."""
    if isinstance(value, list):
        return None, value
    lists = {key: each for key, each in value.items() if isinstance(each, list)} if isinstance(value, dict) else {}
    if not lists:
        return None, []
    longest = max(lists, key=lambda key: len(_json(lists[key])))
    return longest, lists[longest]


def _with_list(value: Any, place: str | None, items: list[Any]) -> Any:
    return items if place is None else {**value, place: items}


def _fitting(value: Any, place: str | None, items: list[Any], most: int) -> int:
    """How many of the items fit."""
    left = most - len(_json(_with_list(value, place, []))) if items else 0
    for kept, item in enumerate(items):
        left -= len(_json(item)) + 2
        if left < 0:
            return kept
    return len(items)


def masked(value: Any, sensitive: Collection[str]) -> Any:
    """Arguments with the sensitive ones, at any depth, as `***`."""
    if not sensitive:
        return value
    if isinstance(value, dict):
        return {name: "***" if name in sensitive else masked(inner, sensitive) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, sensitive) for inner in value]
    return value


def bounded(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as they are kept: long ones cut, key by key."""
    if len(json.dumps(arguments, ensure_ascii=False)) <= KEPT_CHARACTERS:
        return arguments
    return {name[:100]: _shorter(value) for name, value in list(arguments.items())[:40]}


def _shorter(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= 200 else f"{text[:200]}… ({len(text):,} characters)"
