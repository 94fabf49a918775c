"""Values written as YAML that reads back as the same values, short maps and lists on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_WIDE = 110
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_/.-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def block(value: Any, depth: int) -> Iterator[str]:
    """A map or list as lines, indented `depth` times."""
    indent = "  " * depth
    if isinstance(value, dict):
        for key, below in value.items():
            yield from entry(key, below, depth)
        return
    for each in value:
        flow = _flow(each)
        if flow is not None and len(flow) + len(indent) < _WIDE:
            yield f"{indent}- {flow}"
        else:
            lines = list(block(each, depth + 1))
            yield f"{indent}- {lines[0].lstrip(' ')}"
            yield from lines[1:]


def entry(key: str, value: Any, depth: int) -> Iterator[str]:
    """One key with its value as lines, indented `depth` times."""
    indent = "  " * depth
    flow = _flow(value)
    if flow is not None and (not isinstance(value, dict | list) or len(flow) + len(indent) + len(key) < _WIDE):
        yield f"{indent}{scalar(key)}: {flow}"
    else:
        yield f"{indent}{scalar(key)}:"
        yield from block(value, depth + 1)


def _flow(value: Any, room: int = _WIDE) -> str | None:
    """The value on one line, None when it is a map or list too long for that."""
    if not isinstance(value, dict | list):
        return scalar(value)
    parts: list[str] = []
    for each in value.items() if isinstance(value, dict) else value:
        part = _flow(each[1] if isinstance(value, dict) else each, room)
        if part is None:
            return None
        parts.append(f"{scalar(each[0])}: {part}" if isinstance(value, dict) else part)
        room -= len(parts[-1]) + 2
        if room < 0:
            return None
    return f"{{{', '.join(parts)}}}" if isinstance(value, dict) else f"[{', '.join(parts)}]"


def scalar(value: Any) -> str:
    """Text plain where nobody can read it as anything else; all else as JSON, which YAML 1.2 takes."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
