"""Templates: complete personas of example companies that a new persona can begin as. `index.yaml` names them in the
order in which they are offered; each is a file of its own beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from server.catalog.spec import PersonaSpec
from server.errors import NotFound

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Template:
    """A persona to begin with; `title` and `description` are by language, for those who choose one."""

    name: str
    title: dict[str, str]
    description: dict[str, str]
    languages: tuple[str, ...]


@cache
def templates() -> tuple[Template, ...]:
    """All templates in the order in which they are offered."""
    index = yaml.safe_load((_FOLDER / "index.yaml").read_text("utf-8"))
    return tuple(Template(name, said["title"], said["description"], _languages(name)) for name, said in index.items())


def text(name: str) -> str:
    """A template's YAML text with its remarks; raises NotFound."""
    names = [template.name for template in templates()]
    if name not in names:
        raise NotFound(f"There is no template `{name}`; there are {', '.join(names)}.")
    return (_FOLDER / f"{name}.yaml").read_text("utf-8")


def _languages(name: str) -> tuple[str, ...]:
    spec = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))
    return PersonaSpec.model_validate(spec).languages
