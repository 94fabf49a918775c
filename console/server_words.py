"""What the server says of files and requests, in the visitor's language.

The server speaks English. Its sentences are known here as patterns, in `server_words.yaml`; a sentence that no
pattern knows is shown as it came rather than hidden.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from console.wording import Language

_FILE = Path(__file__).with_suffix(".yaml")
_SLOT = re.compile(r"(?<!\$)\{(\w+)\}")
_CODE = re.compile(r"`[A-Za-z0-9_.-]+` ")


def translated(message: str, language: Language) -> str:
    """The sentence in that language, or as it is when it has no translation."""
    if language == "en":
        return message
    return _with_hint(message) or _whole(message) or _after_subject(message) or message


def _with_hint(message: str) -> str | None:
    main, _, hint = message.rpartition("; ")
    said, hinted = _whole(main) or _after_subject(main), _whole(hint)
    return f"{said}；{hinted}" if said and hinted else None


def _whole(message: str) -> str | None:
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(message)
        if found and ("rest" not in pattern.groupindex or _whole(found["rest"])):
            return _filled(chinese, found.groupdict())
    return None


def _filled(chinese: str, values: dict[str, str]) -> str:
    said = {name: _whole(value) or value for name, value in values.items()}
    return _SLOT.sub(lambda slot: said[slot[1]], chinese)


def _after_subject(message: str) -> str | None:
    subject = _CODE.match(message)
    if subject is None:
        return None
    rest = _whole(message[subject.end() :])
    return f"{subject[0]}{rest}" if rest else None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs: list[list[str]] = yaml.safe_load(_FILE.read_text("utf-8"))
    return tuple((_compiled(english), chinese) for english, chinese in pairs)


def _compiled(english: str) -> re.Pattern[str]:
    parts = _SLOT.split(english)
    return re.compile("".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)))
