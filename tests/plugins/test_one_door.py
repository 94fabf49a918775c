"""There is one way to a plugin function."""

from __future__ import annotations

import ast
from pathlib import Path

SERVER = Path(__file__).parents[2] / "server"
EXECUTORS = {f"server.plugins.{name}" for name in ("http", "table", "preparing", "scratch", "operation")}


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{a.name}" for a in node.names if node.module == "server.plugins")
    return {name for name in found if name.startswith("server.plugins")}


def test_nothing_outside_the_room_imports_an_executor() -> None:
    assert all((SERVER / "plugins" / f"{name.rpartition('.')[2]}.py").exists() for name in EXECUTORS)
    for file in SERVER.rglob("*.py"):
        if (SERVER / "plugins") not in file.parents:
            reached = _imports(file) & EXECUTORS
            assert not reached, f"{file.name} goes round the door: {reached}"
