"""What a hint in a list speaks of, so that two alike can be told apart."""

from __future__ import annotations

import re
from typing import Any, Final

from console.client.personas import Hint
from console.screens.studio.bilingual import spoken
from console.screens.studio.field_list import title_of
from console.screens.studio.inputs import value_at
from console.screens.studio.place import tab_of
from console.screens.studio.remarks import in_words
from console.visit import say, say_of

_FIELD: Final = re.compile(r"collect\.fields\[(\d+)\]")
_OFFER: Final = re.compile(r"offers\[(\d+)\]")


def in_words_with_place(spec: dict[str, Any], hint: Hint) -> str:
    """The hint behind the name of its field or offer, or of the tab where it is mended."""
    return say("studio.hint_at", place=_place(spec, hint.path), said=in_words(hint))


def _place(spec: dict[str, Any], path: str) -> str:
    tab = say_of("studio.tab", tab_of(path))
    if found := _FIELD.match(path):
        field = value_at(spec, ("collect", "fields", int(found[1])))
        return title_of(field) if isinstance(field, dict) and title_of(field) else tab
    if found := _OFFER.match(path):
        return spoken(value_at(spec, ("offers", int(found[1]), "text"))) or tab
    if path.split(".")[0] == "title":
        return say("studio.title")
    return say("studio.greeting") if path.split(".")[0] == "greeting" else tab
