"""Every word the console says, in both languages, from one catalog: the YAML files of `console/words`.

A key is `FILE.NAME`; a text may hold `{placeholders}`. A test holds that keys and code agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_FOLDER = Path(__file__).parent / "words"
Texts = Mapping[str, str]


@cache
def catalog() -> Mapping[str, Texts]:
    """Texts by language, by key."""
    found: dict[str, Texts] = {}
    for file in sorted(_FOLDER.glob("*.yaml")):
        for name, texts in yaml.safe_load(file.read_text("utf-8")).items():
            found[f"{file.stem}.{name}"] = texts
    return found


def word(language: Language, key: str, /, **values: object) -> str:
    """The text of a key. Raises KeyError for a key that the catalog lacks."""
    text = catalog()[key][language]
    return text.format(**values) if values else text


def nearest(wanted: str | None) -> Language:
    """The console's language nearest to a browser's, such as `zh-TW`."""
    return "zh" if (wanted or "").lower().startswith("zh") else "en"


def word_of(language: Language, group: str, name: str, /) -> str:
    """The text for one of a closed set of names, in a language of one's own choice."""
    return word(language, f"{group}.{name}")
