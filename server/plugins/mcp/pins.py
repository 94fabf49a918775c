"""What a tool says of itself, in one spelling: what is approved, compared and shown to people."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.catalog.plugin_spec import McpPlugin, tool_function
from server.catalog.references import folded
from server.plugins.arguments import ALWAYS_BOUND
from server.storage.tools import ToolRow, ToolStatus, digest_of

MAX_CHARACTERS = 60_000
_PLAIN = "\n\t"
_COMMANDING = re.compile(
    r"<\s*/?\s*(important|system|instructions?|secret)\b|\bignore (all|any|the|previous)\b"
    r"|\bdo not (tell|mention|inform)\b|\b(before|when) (using|calling) (this|any|other) tools?\b"
    r"|\byou must\b|忽略|不要告诉",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A tool as the model would be told of it."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def canonical(self) -> str:
        """The definition as JSON in which neither the order of keys nor spaces tell anything, in ASCII alone."""
        told = {"name": self.name, "description": self.description, "inputSchema": self.parameters}
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def definition(text: str) -> Definition:
    """What `canonical` wrote."""
    told = json.loads(text)
    return Definition(told["name"], told["description"], told["inputSchema"])


@dataclass(frozen=True, slots=True)
class ToolState:
    """A tool of the file's list, as people are shown it; texts have what cannot be seen written out.

    `digest` is that of `seen` and what an approval has to name. `warnings` are: hidden, commanding, person.
    """

    tool: str
    function: str
    status: ToolStatus | None
    digest: str | None
    approved: str | None
    approved_by: str | None
    approved_at: str | None
    seen: str | None
    seen_at: str | None
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """In the API's shape; a tool that was never seen is `unknown`."""
        return {
            "tool": self.tool,
            "function": self.function,
            "status": self.status or "unknown",
            "digest": self.digest,
            "approved": self.approved,
            "approved_by": self.approved_by,
            "approved_at": self.approved_at,
            "seen": self.seen,
            "seen_at": self.seen_at,
            "warnings": list(self.warnings),
        }


def states(spec: McpPlugin, rows: Mapping[str, ToolRow]) -> list[ToolState]:
    """Every tool of the file's list, in its order."""
    return [_state(spec, tool, rows.get(tool)) for tool in spec.tools]


def _state(spec: McpPlugin, tool: str, row: ToolRow | None) -> ToolState:
    function = tool_function(spec, tool)
    if row is None:
        return ToolState(tool, function, None, None, None, None, None, None, None, ())
    seen = row.seen
    return ToolState(
        tool,
        function,
        row.status,
        digest_of(seen) if seen is not None else None,
        shown(row.approved) if row.approved is not None else None,
        row.approved_by,
        row.approved_at,
        shown(seen) if seen is not None else None,
        row.seen_at,
        warnings(definition(seen), spec) if seen is not None else (),
    )


def shown(text: str) -> str:
    """A definition for people to read: description and schema, with hidden characters as their code points."""
    told = definition(text)
    schema = json.dumps(told.parameters, indent=2, ensure_ascii=False)
    return f"{visible(told.name)}\n\n{visible(told.description)}\n\n{visible(schema)}\n"


def visible(text: str) -> str:
    """The text with everything that a reader cannot see written as `[U+200B]`."""
    return "".join(f"[U+{ord(letter):04X}]" if hidden(letter) else letter for letter in text)


def hidden(letter: str) -> bool:
    """Whether the character shows nothing, or turns the direction of what follows."""
    if letter in _PLAIN or letter == " ":
        return False
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs") or _blank(ord(letter))


def _blank(point: int) -> bool:
    fillers = (0x115F, 0x1160, 0x3164, 0xFFA0, 0x034F, 0x2800)
    return 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF or point in fillers


def warnings(told: Definition, spec: McpPlugin) -> tuple[str, ...]:
    """What a developer should look at before an approval."""
    text = f"{told.name}\n{told.description}\n{json.dumps(told.parameters, ensure_ascii=False)}"
    found = []
    if any(hidden(letter) for letter in text):
        found.append("hidden")
    if _COMMANDING.search("".join(letter for letter in text if not hidden(letter))):
        found.append("commanding")
    names = {folded(name) for name in told.parameters.get("properties", {}) if name not in spec.bind}
    if names & ALWAYS_BOUND:
        found.append("person")
    return tuple(found)
