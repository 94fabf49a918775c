"""Names of knowledge files: what the server takes, and the nearest to what people's computers call theirs."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import Final

ENDINGS: Final = ("md", "txt", "csv", "pdf", "docx")
LONGEST: Final = 120
_KEPT = re.compile(r"[^\w .()-]")
_OTHER_SIGNS: Final = str.maketrans({"（": "(", "）": ")", "【": "(", "】": ")", "—": "-", "–": "-", "\u3000": " "})


def kept_name(name: str) -> str:
    """The name under which an uploaded file is kept: Chinese characters and spaces stay, other signs become `-`."""
    plain = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name.translate(_OTHER_SIGNS)
    stem, _, ending = plain.rpartition(".")
    ending = {"markdown": "md"}.get(ending.lower(), ending.lower())
    found = _KEPT.sub("-", stem).lstrip(" .-()")[:LONGEST].rstrip(" .-(")
    return f"{found or 'file'}.{ending}"


def path_of(name: str) -> str:
    """The path by which the persona names the file."""
    return f"knowledge/{name}"


def free_name(name: str, taken: set[str]) -> str:
    """The name, or the name with a number when there is such a file already."""
    stem, _, ending = name.rpartition(".")
    count, found = 1, name
    while found in taken:
        count += 1
        found = f"{stem} ({count}).{ending}"
    return found
