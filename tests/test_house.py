"""The house stands as `docs/house.md` draws it: each room imports only rooms below it, and says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT

LEVELS: tuple[tuple[str, ...], ...] = (
    ("cli",),
    ("api",),
    ("service",),
    ("evaluation",),
    ("outbox",),
    ("turn",),
    ("experiments",),
    ("leads",),
    ("plugins",),
    ("catalog",),
    ("llm",),
    ("auth",),
    ("storage",),
    ("outgoing",),
)
"""From top to bottom. `api` and `cli` stand side by side, but `rapport serve` has to start the API."""

DEPTH = {room: depth for depth, rooms in enumerate(LEVELS) for room in rooms}
FREE = {"clock", "errors", "settings"}
ALONE = {"widget"}
EXECUTORS = ("server.plugins.http", "server.plugins.table", "server.plugins.sql", "server.plugins.mcp")
SERVER = ROOT / "server"
ROOMS = sorted(
    path.name for path in SERVER.iterdir() if path.is_dir() and path.name != "__pycache__" and any(path.glob("**/*.py"))
)


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import of a file, those inside functions too; relative ones made absolute."""
    package = ".".join(file.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            yield node.lineno, str(name)


def room_of(dotted: str) -> str | None:
    """The room or module right under `server` that the name belongs to."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == "server" and len(parts) > 1 else None


def trespasses(file: Path, own: str) -> list[str]:
    found = []
    for line, dotted in imported(file):
        other = room_of(dotted)
        if other in (None, own) or other in FREE or dotted == "server.__version__":
            continue
        if own in FREE or own in ALONE or other not in DEPTH or DEPTH[other] <= DEPTH[own]:
            found.append(f"{file.relative_to(ROOT)}:{line}: {own} imports {dotted}")
    return found


def test_every_room_has_its_place_in_the_order() -> None:
    modules = {path.stem for path in SERVER.glob("*.py")} - {"__init__"}
    assert set(ROOMS) | modules == set(DEPTH) | FREE | ALONE


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    assert [line for file in sources(SERVER / room) for line in trespasses(file, room)] == []


@pytest.mark.parametrize("module", ["service", *sorted(FREE)])
def test_a_module_beside_the_rooms_keeps_its_place_too(module: str) -> None:
    assert trespasses(SERVER / f"{module}.py", module) == []


def test_an_import_of_an_upper_room_is_seen_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_house.ROOT", tmp_path)
    file = tmp_path / "server/storage/example.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "from server import turn\nimport server.api.app\ndef late():\n    from server.leads.book import write\n"
        "from ..llm import Models\nfrom server.errors import NotFound\nfrom server.outgoing import Outgoing\n"
        "import importlib\nimportlib.import_module('server.catalog')\n"
    )
    seen = {line.rsplit(" ", 1)[1] for line in trespasses(file, "storage")}
    assert seen == {"server.turn", "server.api.app", "server.leads.book.write", "server.llm.Models", "server.catalog"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_in_one_paragraph_what_it_is_for(room: str) -> None:
    said = ast.get_docstring(ast.parse((SERVER / room / "__init__.py").read_text("utf-8")))
    assert said
    assert len(said) > 80


def test_only_the_room_of_models_knows_litellm() -> None:
    outside = [file for file in sources(SERVER) if file.relative_to(SERVER).parts[0] != "llm"]
    outside += sources(ROOT / "console")
    found = [f"{file}:{line}" for file in outside for line, name in imported(file) if name.split(".")[0] == "litellm"]
    assert found == []


def test_nothing_outside_the_plugins_room_reaches_an_executor() -> None:
    outside = [file for file in sources(SERVER) if file.relative_to(SERVER).parts[0] != "plugins"]
    found = [f"{file}:{line}" for file in outside for line, name in imported(file) if name.startswith(EXECUTORS)]
    assert found == []
    inside = [name for name in imported(SERVER / "plugins/call.py") if name[1].startswith(EXECUTORS)]
    assert inside, "the door itself uses the executors: the test looks at the right names"


def test_the_console_never_imports_the_server() -> None:
    found = [
        f"{file}:{line}"
        for file in sources(ROOT / "console")
        for line, name in imported(file)
        if name.split(".")[0] == "server"
    ]
    assert found == []
