"""Tools of MCP servers: each as it was approved, and as its server last told it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from server.errors import Conflict, NotFound
from server.storage.database import Transaction

ToolStatus = Literal["approved", "new", "changed", "gone"]
_COLUMNS = "tool, approved, approved_by, approved_at, seen, seen_at"


@dataclass(frozen=True, slots=True)
class ToolRow:
    """One tool. `approved` and `seen` are definitions as canonical JSON; `seen` is None once the server has no such
    tool any more. Times as everywhere."""

    tool: str
    approved: str | None
    approved_by: str | None
    approved_at: str | None
    seen: str | None
    seen_at: str

    @property
    def status(self) -> ToolStatus:
        """`approved` only while the server tells of the tool what was approved, word for word."""
        if self.seen is None:
            return "gone"
        if self.approved is None:
            return "new"
        return "approved" if self.approved == self.seen else "changed"


def digest_of(definition: str) -> str:
    """The SHA-256 of a definition, in hexadecimal."""
    return hashlib.sha256(definition.encode()).hexdigest()


def of_plugin(tx: Transaction, plugin: str) -> dict[str, ToolRow]:
    """Every tool that a plugin's server ever told of, by name."""
    rows = tx.rows(f"SELECT {_COLUMNS} FROM mcp_tool WHERE plugin = ? ORDER BY tool", plugin)  # noqa: S608
    return {row[0]: ToolRow(*row) for row in rows}


def see(tx: Transaction, plugin: str, told: Mapping[str, str], at: str) -> bool:
    """Keeps what the server tells now (definitions by tool); True when it differs from what it told before."""
    tx.lock(f"mcp_tool {plugin}")
    known = of_plugin(tx, plugin)
    changed = False
    for tool in known.keys() | told.keys():
        row, now = known.get(tool), told.get(tool)
        if row is None:
            sql = "INSERT INTO mcp_tool(plugin, tool, seen, seen_at) VALUES (?, ?, ?, ?)"
            tx.run(sql, plugin, tool, now, at)
        elif row.seen != now:
            tx.run("UPDATE mcp_tool SET seen = ?, seen_at = ? WHERE plugin = ? AND tool = ?", now, at, plugin, tool)
        changed |= row is None or row.seen != now
    return changed


def approve(tx: Transaction, plugin: str, digests: Mapping[str, str], by: str, at: str) -> None:
    """Approves tools as their server tells them now, by the digests that the approver saw.

    Raises NotFound for a tool that the server does not have, Conflict when one has changed since it was looked at.
    """
    tx.lock(f"mcp_tool {plugin}")
    known = of_plugin(tx, plugin)
    for tool, digest in digests.items():
        row = known.get(tool)
        if row is None or row.seen is None:
            raise NotFound(f"The server of `{plugin}` has no tool `{tool}`.")
        if digest_of(row.seen) != digest:
            raise Conflict(f"The tool `{tool}` has changed since you looked at it; look again before you approve it.")
    for tool in digests:
        tx.run(
            "UPDATE mcp_tool SET approved = seen, approved_by = ?, approved_at = ? WHERE plugin = ? AND tool = ?",
            *(by, at, plugin, tool),
        )
