"""Writes the generated parts of the pages in this folder: `python docs/make_reference.py`.

A part stands between `<!-- generated: NAME -->` and `<!-- end generated -->`. Everything in it comes from the
code: the models of persona and plugin files, the dial, the table of vendors, and the routes.
"""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from fastapi.routing import APIRoute
from pydantic import StringConstraints
from pydantic.fields import FieldInfo

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from server.api import create_app  # noqa: E402
from server.auth import rule_of  # noqa: E402
from server.catalog.plugin_spec import HttpPlugin, McpPlugin, OpenApiPlugin, SqlPlugin, TablePlugin  # noqa: E402
from server.catalog.schemas import persona_schema, plugin_schema  # noqa: E402
from server.catalog.spec import (  # noqa: E402
    FUNCTION_PATTERN,
    IDENTIFIER_PATTERN,
    NAME_PATTERN,
    PersonaSpec,
    Spec,
)
from server.leads.planner import dial_settings  # noqa: E402
from server.llm import load_vendors  # noqa: E402

PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end generated -->)", re.DOTALL)

WORDS = {
    "Into.plugin": "The plugin's name; it must be among `plugins`.",
    "Media.images": "Reserved: pictures from customers are refused for now.",
    "Media.voice": "Reserved: voice from customers is refused for now.",
    "Media.image_generation": "Reserved.",
    "ModelSettings.temperature": "How freely the model words things.",
    "ModelSettings.top_p": "The other way to bound how freely it words things.",
    "Limits.cost_usd_per_day": "Reserved: US dollars a day; not held yet.",
    "PersonaSpec.tests": "Regression cases; kept, not run yet.",
    "Collect.proactivity": "The dial, 0 to 1. `learn` is for later and acts as 0.5.",
    "CollectField.contact": "For email, phone, wechat: whether a value makes the lead a contact; default true.",
    "CollectField.label": "What people call it; default the name.",
    "TablePlugin.database": "Default the server's own; else `${secret.NAME}`, an address such as `postgresql://…`.",
    "TablePlugin.key": 'Columns that the server fills, such as `{userid: "${user.id}"}`; needed by `get` and `set`.',
    "TablePlugin.rows": "A CSV file beside the plugin that fills the table; with `create: true`, without `key`.",
    "Collect.into": "The mirror: a plugin's name, or `{plugin, get, set}`.",
    "PersonaSpec.settings": "Passed to the model; see [`settings`](#settings).",
    "PersonaSpec.offers": "What may be recommended; see [`offers`](#offers).",
    "PersonaSpec.collect": "The lead; see [`collect`](#collect).",
    "PersonaSpec.media": "Besides text; see [`media`](#media).",
    "PersonaSpec.limits": "Bounds; see [`limits`](#limits).",
    "HttpFunction.name": "What the model sees; unique in a persona.",
    "HttpFunction.timeout_seconds": "Seconds for one call, from the look-up of the name to the last byte.",
    "HttpFunction.allow": "Who may cause a call; default `anonymous` for reads, `verified` for writes.",
    "HttpFunction.request": "The request it becomes; see [`functions[].request`](#http-functionsrequest).",
    "Request.method": "The HTTP method.",
    "Request.cookies": "Cookies of this function.",
    "Request.query": "Parameters; a list gives its name once for each value.",
    "Request.headers": "Headers of this function, beside those of the plugin.",
    "HttpPlugin.kind": "May be left out.",
    "OpenApiPlugin.kind": "Must be said.",
    "OpenApiPlugin.description": "For people, and for functions without a description of their own.",
    "OpenApiPlugin.functions": "Options by operation id; see [`functions`](#openapi-functionsname).",
    "Style.style": "As the description of OpenAPI has it; `json` writes JSON.",
    "HttpPlugin.description": "For people, and for functions without a description of their own.",
    "HttpService.headers": "Headers of every function.",
    "HttpService.auth": (
        "One of `{basic: …}`, `{digest: …}`, `{bearer: …}`, `{api_key: …}`, `{oauth2: …}`; "
        "see [Authentication](#authentication)."
    ),
    "HttpAuth.basic": "A user and a password in each request.",
    "HttpAuth.bearer": "A token in each request.",
    "HttpAuth.digest": "A user and a password that are never sent (RFC 7616).",
    "HttpAuth.api_key": "A key in a header or a query parameter.",
    "HttpAuth.oauth2": "Client credentials: a token is fetched and kept while it holds.",
    "UserPassword.user": "The user's name.",
    "UserPassword.password": "A secret, such as `${secret.CRM_PASSWORD}`.",
    "ApiKey.header": "The header's name.",
    "ApiKey.query": "Or the parameter's name.",
    "ApiKey.value": "A secret, such as `${secret.CRM_KEY}`.",
    "ClientCredentials.token_url": "Where tokens are fetched.",
    "ClientCredentials.client_id": "The client's name there.",
    "ClientCredentials.client_secret": "A secret, such as `${secret.CRM_SECRET}`.",
    "ClientCredentials.scope": "What is asked for.",
    "ClientCredentials.audience": "For whom the token is.",
    "ClientCredentials.style": "Whether the client's credentials go in a header or in the body.",
    "FunctionOptions.timeout_seconds": "Seconds for one call.",
    "FunctionOptions.allow": "Who may cause a call; see [`allow`](#http-functionsallow).",
    "FunctionOptions.limits": "Bounds for a function that writes; see [`limits`](#http-functionslimits).",
    "FunctionOptions.result": "What the model is shown of a result; see [`result`](#http-functionsresult).",
    "HttpPlugin.functions": "At least one; see [`functions[]`](#http-functions).",
    "TableColumn.type": "What the model may put in, and how the column is made.",
    "TableColumn.description": "What the model is told it holds.",
    "TableFunction.name": "What the model sees; unique in a persona.",
    "TableFunction.force_call": "Called before the model is asked; not for `set`.",
    "TableFunction.allow": "Who may cause a call; default `anonymous`, but `verified` for `set` without `${user.id}`.",
    "TableFunctions.get": "Reads the row of the key.",
    "TableFunctions.set": "Writes columns of the row of the key, and makes the row.",
    "TableFunctions.find": "Up to ten rows that hold most of the words.",
    "McpPlugin.kind": "Must be said.",
    "McpPlugin.description": "For people, and for functions without a description of their own.",
    "SqlPlugin.kind": "Must be said.",
    "SqlPlugin.description": "For people, and for functions without a description of their own.",
    "SqlPlugin.limits": "Bounds of one statement; see [`limits`](#sql-limits).",
    "SqlPlugin.functions": "Functions that take SQL from the model; see [`functions`](#sql-functions).",
    "SqlFunctions.describe": "Tells the model the tables with their columns and sample values.",
    "SqlFunctions.query": "Takes one SELECT from the model.",
    "SqlFunction.name": "What the model sees; unique in a persona.",
    "SqlStatement.name": "What the model sees; unique in a persona.",
    "TablePlugin.kind": "Must be said.",
    "TablePlugin.description": "For people, and for functions without a description of their own.",
    "TablePlugin.table": "The table's name.",
    "TablePlugin.columns": "What the functions may read and write; see [`columns`](#table-columnsname).",
    "TablePlugin.functions": "At least one of the three; see [`functions`](#table-functions).",
}
"""What a key means, where the model itself does not say."""

PATTERNS = {
    NAME_PATTERN: "name (`a-z`, `0-9`, `_`, `-`; at most 64)",
    FUNCTION_PATTERN: "name (`A-Z`, `a-z`, `0-9`, `_`, `-`; at most 64)",
    IDENTIFIER_PATTERN: "identifier (letters, digits, `_`; at most 63)",
}
PLAIN = {str: "text", bool: "true or false", int: "whole number", float: "number", date: "date", Any: "anything"}


# --- keys of a file ---------------------------------------------------------------------------------------


def models_of(top: type[Spec], path: str = "") -> Iterator[tuple[str, type[Spec]]]:
    """(where it stands in the file, model) of a model and all below it, in the order of the file."""
    yield path, top
    for name, info in top.model_fields.items():
        for inner, mark in _inner(info.annotation):
            yield from models_of(inner, f"{path}.{info.alias or name}{mark}".lstrip("."))


def _inner(annotation: Any, mark: str = "") -> Iterator[tuple[type[Spec], str]]:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation, mark
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is list:
        yield from _inner(parts[0], "[]")
    elif origin is dict:
        yield from _inner(parts[1], ".NAME")
    elif origin in (Union, types.UnionType, Annotated):
        for part in parts:
            yield from _inner(part, mark)


def meaning(model: type[Spec], name: str) -> str:
    """What a key means: in the model's words, else in those of this file. Raises KeyError."""
    keys = [f"{owner.__name__}.{name}" for owner in model.__mro__ if issubclass(owner, Spec)]
    written = next((WORDS[key] for key in keys if key in WORDS), None)
    return written or model.model_fields[name].description or WORDS[keys[0]]


def kind_of(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """A type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(parts[0], parts[1:])
    if set(parts) == {str, dict[str, str]}:
        return "text, or texts by language"
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(kind_of(part, metadata) for part in parts if part is not type(None))
    if origin is list:
        return f"list of {kind_of(parts[0])}"
    if origin is dict:
        return "map" if parts[1] is Any else f"map of {kind_of(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return "map"
    pattern = next((m.pattern for m in metadata if isinstance(m, StringConstraints)), None)
    return PATTERNS.get(str(pattern), PLAIN.get(annotation, "anything")) + _bounds(annotation, metadata)


def _bounds(annotation: Any, metadata: Sequence[Any]) -> str:
    if annotation not in (int, float):
        return ""
    low = next((f"{m.ge:,}" if isinstance(m, Ge) else f"over {m.gt:,}" for m in metadata if isinstance(m, Ge | Gt)), "")
    high = next((f"{m.le:,}" for m in metadata if isinstance(m, Le)), "")
    assert not any(isinstance(m, Lt) for m in metadata)
    return f", {low} to {high}" if low and high else f", {low} or more" if low else ""


def default_of(info: FieldInfo) -> str:
    """The default as a file would say it."""
    if info.is_required():
        return "**required**"
    value = info.get_default(call_default_factory=True)
    if value is None or value == "" or isinstance(value, Spec):
        return "–"
    if isinstance(value, list | dict):
        return "empty" if not value or isinstance(value, dict) else str(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def keys(top: type[Spec], prefix: str = "") -> str:
    """Every key of a file, a table for each map in it."""
    seen: dict[type[Spec], list[str]] = {}
    for path, model in models_of(top):
        seen.setdefault(model, []).append(path)
    parts = []
    for model, paths in seen.items():
        if paths[0]:
            parts.append(f"#### {prefix}" + ", ".join(f"`{path}`" for path in paths))
        rows = [
            (f"`{info.alias or name}`", kind_of(info.annotation, info.metadata), default_of(info), meaning(model, name))
            for name, info in model.model_fields.items()
        ]
        parts.append(table(("key", "type", "default", "meaning"), rows))
    return "\n\n".join(parts)


# --- the other parts --------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def dial() -> str:
    """What five points of the dial come to."""
    points = (("only answers", 0.0), ("discreet", 0.2), ("balanced", 0.5), ("active", 0.75), ("eager", 1.0))
    rows = []
    for word, point in points:
        means = dial_settings(point)
        rest = (str(means.gap), str(means.max_asks), str(means.cool_off), "no" if means.reasks == 0 else "once")
        rows.append((word, f"{point:g}", *(rest if point else ("–", "never asks", "–", "–"))))
    head = (
        "word",
        "number",
        "turns between two asks",
        "most unanswered asks",
        "turns of rest after a refusal",
    )
    return table((*head, "asks again for the same thing"), rows)


def vendors() -> str:
    """The built-in vendors in the order in which `auto` tries them."""
    known = load_vendors(environ={})
    rows = []
    for vendor in known:
        key = f"`{known.key_variable(vendor)}`" if vendor.needs_key else f"`{vendor.name.upper()}_BASE_URL` (no key)"
        model = f"`{vendor.default_model}`" if vendor.default_model else "none: name one"
        rows.append((f"[{vendor.title}]({vendor.docs})", f"`{vendor.name}/`", key, model))
    return table(("vendor", "model strings begin with", "variable that connects it", "default model"), rows)


def routes() -> Iterator[tuple[str, str, str, str]]:
    """(method, path, who may call it, what it does) of everything under `/api/v1`, by the OpenAPI document."""
    app = create_app(types.SimpleNamespace(authority=None))  # type: ignore[arg-type]
    rules = {
        (method, route.path.removeprefix("/api/v1")): rule_of(route.dependant) or "nobody"
        for route in _ends(app.routes)
        for method in route.methods or ()
    }
    for path, item in app.openapi()["paths"].items():
        if path.startswith("/api/v1/"):
            for method, operation in item.items():
                said = " ".join(operation["description"].split("\n\n")[0].split())
                yield method.upper(), path, _rule(rules, method.upper(), path.removeprefix("/api/v1")), said


def _rule(rules: dict[tuple[str, str], str], method: str, path: str) -> str:
    return next(rule for (m, p), rule in rules.items() if m == method and p.replace(":path}", "}") == path)


def _ends(found: Sequence[Any]) -> Iterator[APIRoute]:
    """The routes at the ends of nested routers."""
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _ends(inner.routes)
        elif isinstance(route, APIRoute):
            yield route


def routes_table() -> str:
    """Who may call what."""
    rows = [(f"`{method} {path}`", rule, said) for method, path, rule, said in routes()]
    return table(("call", "who", "what"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "persona": lambda: keys(PersonaSpec),
    "http": lambda: keys(HttpPlugin, "http: "),
    "openapi": lambda: keys(OpenApiPlugin, "openapi: "),
    "mcp": lambda: keys(McpPlugin, "mcp: "),
    "sql": lambda: keys(SqlPlugin, "sql: "),
    "table": lambda: keys(TablePlugin, "table: "),
    "dial": dial,
    "vendors": vendors,
    "routes": routes_table,
}


def renewed(text: str) -> str:
    """A page with its generated parts made anew."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", text)


def main() -> None:
    """Rewrites the pages that are stale."""
    for page in sorted(DOCS.glob("*.md")):
        old = page.read_text("utf-8")
        new = renewed(old)
        if new != old:
            page.write_text(new, "utf-8")
            print(f"docs/{page.name}: written anew")
    write_schemas()


def write_schemas() -> None:
    """Writes the JSON Schemas for editors that are stale."""
    folder = DOCS / "schemas"
    folder.mkdir(exist_ok=True)
    for name, schema in (("persona", persona_schema()), ("plugin", plugin_schema())):
        text = json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
        file = folder / f"{name}.json"
        if not file.is_file() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
            print(f"docs/schemas/{file.name}: written anew")


if __name__ == "__main__":
    main()
