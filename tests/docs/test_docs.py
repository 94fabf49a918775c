"""The pages under `docs/` are true: their files load, their commands run, their links lead somewhere."""

from __future__ import annotations

import html
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from server.catalog.plugin_spec import HttpPlugin, McpPlugin, OpenApiPlugin, SqlPlugin, TablePlugin
from server.catalog.problems import errors_in
from server.catalog.report import check_paths
from server.catalog.spec import PersonaSpec
from server.settings import Settings
from tests.conftest import furnish
from tests.running import RAPPORT, ROOT, RunningServer

DOCS = ROOT / "docs"
TOPS = (PersonaSpec, HttpPlugin, OpenApiPlugin, McpPlugin, SqlPlugin, TablePlugin)
PAGES = sorted(page.name for page in DOCS.glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"^# → (.+)$", re.MULTILINE)
WHOLE_FILE = re.compile(r"# ((?:personas|plugins)\.d/[a-z0-9_-]+\.yaml)\n")
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def blocks(page: str, *languages: str) -> list[str]:
    return [found[2] for found in FENCE.finditer(text_of(page)) if found[1] in languages]


def reference() -> ModuleType:
    """`docs/make_reference.py`, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_reference"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made() -> ModuleType:
    return reference()


# --- files and commands -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["personas.md", "plugins.md"])
def test_every_file_a_page_shows_passes_the_check(page: str, tmp_path: Path) -> None:
    shown = [block for block in blocks(page, "yaml") if WHOLE_FILE.match(block)]
    assert shown
    for folder in ("personas.d", "plugins.d"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "plugins.d/product_catalog.csv", tmp_path / "plugins.d")
    for block in shown:
        found = WHOLE_FILE.match(block)
        assert found
        (tmp_path / found[1]).write_text(block, "utf-8")
    settings = Settings(personas_dir=tmp_path / "personas.d", plugins_dir=tmp_path / "plugins.d")
    assert list(errors_in(check_paths([], settings))) == []


@pytest.fixture(scope="module")
def docs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server as a reader of the pages has it: the shipped files, in the folder where commands are given."""
    running = RunningServer(furnish(tmp_path_factory.mktemp("docs"))).start()
    yield running
    running.kill()


@dataclass(frozen=True)
class Ran:
    """What a block of commands came to."""

    block: str
    status: int | None
    output: str

    def shows(self, words: str) -> bool:
        """White space between JSON's own signs does not count, since commands and routes space it differently."""
        return words in self.output or _tight(words) in _tight(self.output)


def _tight(text: str) -> str:
    return re.sub(r"(?<=[:,{\[])\s+", "", text)


def run_page(page: str, server: RunningServer) -> list[Ran]:
    """The page's blocks in one shell, each with its exit status and what it printed; None where it never came."""
    commands = blocks(page, "bash", "console")
    parts = ["set -euo pipefail", "trap 'status=$?; echo; echo \"<<$status>>\"' EXIT"]
    for block in commands:
        parts += [block, "echo; echo '<<0>>'"]
    environment = {**server.environment(), "RAPPORT_SERVER_URL": server.url}
    environment["PATH"] = f"{RAPPORT.parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", "\n".join(parts)],
        cwd=server.home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=240,
    )
    pieces = re.split(r"<<(\d+)>>\n", done.stdout.decode())
    seen = list(zip(pieces[::2], pieces[1::2], strict=False))
    return [
        Ran(block, int(seen[place][1]) if place < len(seen) else None, seen[place][0] if place < len(seen) else "")
        for place, block in enumerate(commands)
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "bash", "console")])
def test_every_command_a_page_shows_works_and_prints_what_it_promises(page: str, docs_server: RunningServer) -> None:
    for ran in run_page(page, docs_server):
        assert ran.status == 0, f"docs/{page}:\n{ran.block}\n{ran.output}"
        for words in EXPECTED.findall(ran.block):
            assert ran.shows(words), f"docs/{page}: `{words}` is not among:\n{ran.output}"


def test_a_command_that_fails_or_prints_something_else_is_seen(
    docs_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = '```bash\nNAME=Ada\n```\n\n```bash\necho "I am $NAME"\n# → I am Ada\n```\n\n```bash\nfalse\n```\n'
    (tmp_path / "page.md").write_text(page, "utf-8")
    monkeypatch.setattr(sys.modules[__name__], "DOCS", tmp_path)
    first, second, third = run_page("page.md", docs_server)
    assert (first.status, second.status, third.status) == (0, 0, 1)
    assert second.shows("I am Ada")
    assert not second.shows("I am Bob")


# --- links ------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The names that the headings of a page have, as GitHub makes them."""
    text = FENCE.sub("", page.read_text("utf-8"))
    names: list[str] = []
    for heading in HEADING.findall(text):
        name = re.sub(r"[^\w\- ]", "", html.unescape(heading).lower()).replace(" ", "-")
        names.append(name if name not in names else f"{name}-{names.count(name)}")
    return set(names)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", text_of(page))):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (DOCS / path).resolve() if path else DOCS / page
        if not file.is_relative_to(ROOT) or not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_another() -> None:
    linked = {target.partition("#")[0] for page in PAGES for target in LINK.findall(text_of(page))}
    assert set(PAGES) - linked == set()


# --- completeness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_generated_parts_are_as_the_code_says(page: str, made: ModuleType) -> None:
    assert made.renewed(text_of(page)) == text_of(page), "run `python docs/make_reference.py`"


def test_every_generated_part_has_its_place(made: ModuleType) -> None:
    named = [found[2] for page in PAGES for found in made.PART.finditer(text_of(page))]
    assert sorted(named) == sorted(made.PARTS)


@pytest.mark.parametrize("top", TOPS)
def test_every_key_of_a_file_has_its_meaning(top: type, made: ModuleType) -> None:
    table = made.keys(top)
    for _, model in made.models_of(top):
        for name, info in model.model_fields.items():
            assert made.meaning(model, name).endswith((".", "`"))
            assert f"| `{info.alias or name}` |" in table


def test_no_meaning_is_written_for_a_key_that_is_gone(made: ModuleType) -> None:
    below = [model for top in TOPS for _, model in made.models_of(top)]
    models = {base.__name__: base for model in below for base in model.__mro__ if hasattr(base, "model_fields")}
    gone = [key for key in made.WORDS if key.split(".")[1] not in models[key.split(".")[0]].model_fields]
    assert gone == []


def test_every_setting_is_explained_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| (`[^`]*`|empty) \|", text_of("running.md"), re.MULTILINE))
    expected = {}
    for name, info in Settings.model_fields.items():
        default = info.default
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        variable = f"--{name}" if info.exclude else f"RAPPORT_{name.upper()}"
        expected[variable] = "empty" if default in ("", None, ()) else f"`{shown}`"
    assert {name: default for name, default in rows.items() if name in expected} == expected


def test_every_call_of_the_api_is_in_its_table(docs_server: RunningServer) -> None:
    document = httpx.get(f"{docs_server.url}/openapi.json", trust_env=False).json()
    page = text_of("api.md")
    missing = [
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if f"`{method.upper()} {path}`" not in page and f"`{path}`" not in page
    ]
    assert missing == []
    assert "nobody" not in {rule for *_, rule, _ in reference().routes()}


def test_no_line_of_a_page_is_wider_than_it_may_be() -> None:
    wide = [
        f"{page}:{number}"
        for page in PAGES
        for number, line in enumerate(text_of(page).splitlines(), 1)
        if len(line) > 120 and not line.startswith("|")
    ]
    assert wide == []
