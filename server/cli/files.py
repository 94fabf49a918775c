"""Files: starting ones, checks, schemas."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from server.catalog.report import check_paths, render
from server.catalog.schemas import persona_schema, plugin_schema
from server.catalog.spec import NAME_PATTERN
from server.catalog.templates import SCHEMAS, new_persona, new_plugin
from server.errors import Invalid
from server.llm import load_vendors
from server.plugins.secrets import PluginSecrets
from server.settings import read
from server.storage.secrets import names_beside

Kind = Literal["persona", "plugin"]
PluginKind = Literal["http", "table", "openapi", "sql", "mcp"]
Format = Literal["text", "json", "github", "sarif"]


def new(
    kind: Annotated[Kind, typer.Argument(help="persona or plugin")],
    name: Annotated[str, typer.Argument(help="a-z, 0-9, _ and -")],
    plugin_kind: Annotated[
        PluginKind, typer.Option("--kind", help="Of a plugin: how it reaches its service.")
    ] = "http",
) -> None:
    """Write a commented starting file."""
    settings = read()
    if not re.fullmatch(NAME_PATTERN, name):
        raise Invalid(f"`{name}` is no name: a-z, 0-9, `_` and `-`, at most 64.")
    folder = settings.personas_dir if kind == "persona" else settings.plugins_dir
    path = folder / f"{name}.yaml"
    schemas = SCHEMAS if (folder / SCHEMAS).is_dir() else f"http://127.0.0.1:{settings.port}/schemas"
    text = new_persona(name, schemas) if kind == "persona" else new_plugin(name, plugin_kind, schemas)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise Invalid(f"{path} is there already; choose another name.") from None
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.") from None
    typer.echo(str(path))


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; default both folders.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings too.")] = False,
    format: Annotated[Format, typer.Option(help="How to print problems.")] = "text",
) -> None:
    """Check personas and plugins: one line a problem, FILE:LINE:COL: message."""
    settings = read()
    secrets = PluginSecrets(load_vendors(settings.vendors))
    stored = names_beside(settings.database)
    problems = check_paths(paths or [], settings, strict, lambda name: secrets.has(name) or name in stored)
    text = render(problems, format)
    if text:
        typer.echo(text)
    bad = [p for p in problems if strict or p.severity == "error"]
    if format == "text" and not problems:
        typer.echo("Everything is in order.", err=True)
    if bad:
        raise typer.Exit(1)


def schema(kind: Annotated[Kind, typer.Argument(help="persona or plugin")]) -> None:
    """Print the JSON Schema for editors."""
    found = persona_schema() if kind == "persona" else plugin_schema()
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
