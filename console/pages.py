"""The map of the console: which page stands at which address, in which group, under which icon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["", "customers", "assistant", "improve", "system"]


@dataclass(frozen=True, slots=True)
class PageEntry:
    """`screen` is the module in `console.screens` whose `show` draws the page. A page with a `parent`, the path of its
    list, is reached by links and stands in no menu."""

    path: str
    screen: str
    icon: str
    group: Group
    parent: str = ""


PAGES: Final[tuple[PageEntry, ...]] = (
    PageEntry("", "home", ":material/home:", ""),
    PageEntry("try", "try_chat", ":material/forum:", ""),
    PageEntry("conversations", "conversations", ":material/chat:", "customers"),
    PageEntry("conversation", "conversation", ":material/chat:", "customers", parent="conversations"),
    PageEntry("leads", "leads", ":material/contacts:", "customers"),
    PageEntry("lead", "lead", ":material/contacts:", "customers", parent="leads"),
    PageEntry("personas", "personas", ":material/person_edit:", "assistant"),
    PageEntry("persona", "persona", ":material/person_edit:", "assistant", parent="personas"),
    PageEntry("plugins", "plugins", ":material/extension:", "system"),
    PageEntry("permissions", "permissions", ":material/rule:", "system"),
    PageEntry("secrets", "secrets", ":material/lock:", "system"),
    PageEntry("models", "models", ":material/memory:", "system"),
    PageEntry("settings", "settings", ":material/settings:", "system"),
)
PATHS: Final = frozenset(entry.path for entry in PAGES)
