"""What a file may say beyond its shape: references, schemas, names, secrets, and what plugins offer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

import jmespath
import jsonschema_rs
from jmespath.exceptions import JMESPathError

from server.catalog.check_examples import check_examples
from server.catalog.check_mcp import check_mcp
from server.catalog.check_openapi import check_openapi
from server.catalog.check_sql import check_owned, check_sql, sql_functions
from server.catalog.files import Unreadable, inside
from server.catalog.plugin_spec import (
    HttpFunction,
    HttpPlugin,
    McpPlugin,
    OpenApiPlugin,
    PluginSpec,
    SqlPlugin,
    TablePlugin,
    tool_function,
)
from server.catalog.problems import Path, Problem
from server.catalog.references import (
    BOUND,
    IN_PROMPT,
    Reference,
    folded,
    references_in,
    reserved_names,
    strings_in,
    whole_reference,
    wrong_name,
)
from server.catalog.spec import PersonaSpec
from server.catalog.yaml_source import Source

FILL_IN_HOST = "set-me.invalid"
KEY_REFERENCES: frozenset[str] = frozenset({"user.id", "conversation.id", "persona.name"})
_SECRET_LIKE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{0,60}[A-Za-z0-9]{16}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30}|\bgithub_pat_[A-Za-z0-9_]{30}|\bglpat-[A-Za-z0-9_-]{20}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10}|\bAIza[0-9A-Za-z_-]{35}"
    r"|\b[Bb]earer\s+(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{20}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
)
_META = jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"}, offline=True)
_SCHEMA_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def looks_secret(text: str) -> re.Match[str] | None:
    """The first thing in the text that looks like a key, token or private key."""
    return _SECRET_LIKE.search(text)


def function_paths(plugin: PluginSpec) -> Iterator[tuple[str, Path]]:
    """The functions' names, as the model sees them, with their places in the file."""
    if isinstance(plugin, HttpPlugin):
        for index, function in enumerate(plugin.functions):
            yield function.name, ("functions", index, "name")
    elif isinstance(plugin, OpenApiPlugin):
        for function in plugin.carried:
            yield function.name, ("spec",)
    elif isinstance(plugin, McpPlugin):
        for index, tool in enumerate(plugin.tools):
            yield tool_function(plugin, tool), ("tools", index)
    elif isinstance(plugin, SqlPlugin):
        for sql_function, path in sql_functions(plugin):
            yield sql_function.name, (*path, "name")
    else:
        for key in ("get", "set", "find"):
            if table_function := getattr(plugin.functions, key):
                yield table_function.name, ("functions", key, "name")


# --- a plugin on its own -----------------------------------------------------------------------------------


def check_plugin(plugin: PluginSpec, source: Source) -> Iterator[Problem]:
    """What is wrong in the plugin's file itself, besides its shape."""
    yield from _twice(plugin, source)
    yield from _options(plugin, source)
    if isinstance(plugin, OpenApiPlugin):
        yield from check_openapi(plugin, source, _allowed)
        yield from _headers(source, ("headers",))
    elif isinstance(plugin, McpPlugin):
        yield from check_mcp(plugin, source)
        if plugin.url and FILL_IN_HOST in plugin.url:
            yield source.problem(("url",), f"`{FILL_IN_HOST}` is an address to fill in", "warning")
    elif isinstance(plugin, SqlPlugin):
        yield from check_sql(plugin, source)
        for index, statement in enumerate(plugin.statements):
            at: Path = ("statements", index, "parameters")
            yield from _schema(statement.parameters, source, at)
            yield from _unbound(statement.parameters, reserved_names(plugin), source, at)
    else:
        yield from _http(plugin, source) if isinstance(plugin, HttpPlugin) else _table(plugin, source)
    yield from check_examples(plugin, source, [name for name, _ in function_paths(plugin)])
    yield from _literal_secrets(source)  # warnings last: who takes only the first so many still gets an error


def _options(plugin: PluginSpec, source: Source) -> Iterator[Problem]:
    """What every function may say, whatever its kind: expressions that cannot be read, arguments that are not there."""
    for _, path in function_paths(plugin):
        at = path[:-1]
        node = source.node((*at, "result", "select"))
        if node is not None and isinstance(node.plain, str):
            try:
                jmespath.compile(node.plain)
            except JMESPathError as error:
                words = str(error).splitlines()[0]
                yield source.problem((*at, "result", "select"), f"`select` is no JMESPath expression: {words}")


def _twice(plugin: PluginSpec, source: Source) -> Iterator[Problem]:
    seen: set[str] = set()
    for name, path in function_paths(plugin):
        if name in seen:
            yield source.problem(path, f"the function `{name}` is there twice")
        seen.add(name)


def _literal_secrets(source: Source) -> Iterator[Problem]:
    for path, text in strings_in(source.value):
        if found := looks_secret(text):
            place = source.at_text(path, found.start())
            words = "this looks like a key; keep it as a secret and write `${secret.NAME}` here"
            yield Problem(source.file, *place, words, "warning")


def _http(plugin: HttpPlugin, source: Source) -> Iterator[Problem]:
    fixed = frozenset({"secret"})
    served = frozenset({"secret", "user", "conversation", "persona"})
    yield from _allowed(source, ("base_url",), fixed, "base_url", "keep the address out of the model's hands")
    yield from _allowed(source, ("headers",), served, "the headers of all functions")
    yield from _allowed(source, ("auth",), served, "auth")
    yield from _allowed(source, ("description",), frozenset(), "a description")
    yield from _headers(source, ("headers",))
    if FILL_IN_HOST in plugin.base_url:
        yield source.problem(("base_url",), f"`{FILL_IN_HOST}` is an address to fill in", "warning")
    for index, function in enumerate(plugin.functions):
        yield from _function(plugin, function, source, ("functions", index))


def _function(plugin: HttpPlugin, function: HttpFunction, source: Source, path: Path) -> Iterator[Problem]:
    roots = frozenset({"secret", "user", "conversation", "persona"})
    yield from _allowed(source, (*path, "description"), frozenset(), "a description")
    yield from _allowed(source, (*path, "parameters"), frozenset(), "`parameters`, which the model sees")
    yield from _headers(source, (*path, "request", "headers"))
    if function.force_call:
        where = "a function with `force_call`: it runs before the model, with bound values only"
        yield from _allowed(source, (*path, "request"), roots, where)
        if function.parameters.get("required"):
            words = "a function with `force_call` cannot have required parameters: no model fills them"
            yield source.problem((*path, "parameters", "required"), words)
    else:
        yield from _allowed(source, (*path, "request"), roots | {"args"}, "a request")
        yield from _declared(function, source, path)
    yield from _schema(function.parameters, source, (*path, "parameters"))
    yield from _unbound(function.parameters, reserved_names(plugin, function), source, (*path, "parameters"))


def _allowed(
    source: Source, path: Path, roots: frozenset[str], where: str, why: str | None = None
) -> Iterator[Problem]:
    """Problems with the references below a path: unknown ones, and those that may not stand there."""
    node = source.node(path)
    names = frozenset(name for name in BOUND if name.split(".")[0] in roots)
    names |= {name for name in ("args.NAME", "secret.NAME") if name.split(".")[0] in roots}
    for below, text in strings_in(node.plain if node else None):
        for reference in references_in(text):
            words = wrong_name(reference, names)
            if words is None and reference.root not in roots:
                words = f"`{reference}` may not stand in {where}" + (f"; {why}" if why else "")
            if words:
                place = source.at_text((*path, *below), reference.offset)
                yield Problem(source.file, *place, words)


def _headers(source: Source, path: Path) -> Iterator[Problem]:
    node = source.node(path)
    for name in node.keys if node else ():
        if not _HEADER.fullmatch(name):
            yield Problem(source.file, *source.at_key((*path, name)), f"`{name}` is no name of a header")


def _declared(function: HttpFunction, source: Source, path: Path) -> Iterator[Problem]:
    declared = function.parameters.get("properties")
    names = list(declared) if isinstance(declared, dict) else []
    request = source.node((*path, "request"))
    for below, text in strings_in(request.plain if request else None):
        for reference in references_in(text):
            if reference.root == "args" and reference.rest and reference.rest not in names:
                place = source.at_text((*path, "request", *below), reference.offset)
                yield Problem(source.file, *place, _undeclared(reference, names))


def _undeclared(reference: Reference, names: list[str]) -> str:
    close = difflib.get_close_matches(reference.rest, names, n=1)
    hint = f"did you mean `${{args.{close[0]}}}`?" if close else "declare it under `properties`"
    return f"`{reference}` is not among the parameters; {hint}"


def _schema(parameters: dict[str, Any], source: Source, path: Path) -> Iterator[Problem]:
    if parameters.get("type") != "object":
        yield source.problem((*path, "type"), "`parameters` needs `type: object`: a call has named arguments")
    faults = 0
    for error in _META.iter_errors(parameters):
        faults += 1
        below = tuple(error.instance_path)
        yield source.problem((*path, *below), _schema_words(below, error.message, source.node((*path, *below))))
    for below, reference in _schema_references(parameters):
        faults += 1
        yield source.problem((*path, *below), f"`$ref: {reference}` leads out of the file; write it under `$defs`")
    if not faults:
        try:
            jsonschema_rs.Draft202012Validator(parameters, offline=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            message = str(getattr(error, "message", error)).splitlines()[0]
            below = tuple(getattr(error, "instance_path", ()))
            yield source.problem((*path, *below), f"not valid JSON Schema: {message}")


def _schema_words(below: Path, message: str, node: Any) -> str:
    if below[-1:] == ("type",) and node is not None:
        close = difflib.get_close_matches(str(node.plain), _SCHEMA_TYPES, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(_SCHEMA_TYPES)}"
        return f"`{node.plain}` is no JSON Schema type; {hint}"
    return f"not valid JSON Schema: {message}"


def _schema_references(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, below in value.items():
            if key in ("$ref", "$dynamicRef") and isinstance(below, str) and not below.startswith("#"):
                yield (*path, key), below
            yield from _schema_references(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _schema_references(below, (*path, index))


def _unbound(schema: Any, reserved: frozenset[str], source: Source, path: Path) -> Iterator[Problem]:
    """Parameters, at any depth, named like a slot that the server fills."""
    if isinstance(schema, list):
        for index, below in enumerate(schema):
            yield from _unbound(below, reserved, source, (*path, index))
    elif isinstance(schema, dict):
        for key, below in schema.items():
            if key == "properties" and isinstance(below, dict):
                yield from _named_like_a_slot(below, reserved, source, (*path, key))
            elif key not in ("enum", "const", "default", "examples"):
                yield from _unbound(below, reserved, source, (*path, key))


def _named_like_a_slot(
    properties: dict[str, Any], reserved: frozenset[str], source: Source, path: Path
) -> Iterator[Problem]:
    for name, below in properties.items():
        if folded(name) in reserved:
            words = f"the parameter `{name}` is named like a slot that the server fills; rename or remove it"
            yield Problem(source.file, *source.at_key((*path, name)), words)
        yield from _unbound(below, reserved, source, (*path, name))


def _table(plugin: TablePlugin, source: Source) -> Iterator[Problem]:
    yield from _allowed(source, ("description",), frozenset(), "a description")
    yield from _allowed(source, ("functions",), frozenset(), "a description")
    yield from _allowed(source, ("columns",), frozenset(), "a description")
    yield from _keys(plugin, source)
    if plugin.database is not None:
        reference = whole_reference(plugin.database)
        if reference is None or reference.root != "secret" or wrong_name(reference, frozenset({"secret.NAME"})):
            words = "`database` needs `${secret.NAME}`: the address of a database holds its password"
            yield source.problem(("database",), words)
    for name in ("set", "find"):
        function = getattr(plugin.functions, name)
        if function and function.force_call:
            words = f"`{name}` takes arguments from the model, so it cannot have `force_call`"
            yield source.problem(("functions", name, "force_call"), words)


def _keys(plugin: TablePlugin, source: Source) -> Iterator[Problem]:
    reserved = reserved_names(plugin)
    for name, value in plugin.key.items():
        reference = whole_reference(value)
        if reference is None or reference.name not in KEY_REFERENCES:
            choices = ", ".join(f"${{{r}}}" for r in sorted(KEY_REFERENCES))
            yield source.problem(("key", name), f"a key is filled by the server: one of {choices}")
    for name in plugin.columns:
        if folded(name) in reserved:
            words = f"the column `{name}` is named like the key, which the server fills; rename or remove it"
            yield Problem(source.file, *source.at_key(("columns", name)), words)


def check_rows(plugin: PluginSpec, source: Source, folder: FilePath) -> Iterator[Problem]:
    """Whether the file that fills a table stands beside the plugin."""
    if isinstance(plugin, TablePlugin) and plugin.rows is not None:
        try:
            inside(folder, plugin.rows)
        except Unreadable as error:
            yield source.problem(("rows",), str(error))


def check_tables(plugins: Iterable[tuple[PluginSpec, Source]]) -> Iterator[Problem]:
    """Two plugins that show one table, in the order given: the later one is told."""
    known = list(plugins)
    seen: dict[str, str] = {}
    for plugin, source in known:
        if isinstance(plugin, TablePlugin):
            table = plugin.table.lower()
            if table in seen:
                yield source.problem(("table",), f"the table `{plugin.table}` is shown by {seen[table]} already")
            seen.setdefault(table, source.file)
    yield from check_owned(known)


def secret_uses(source: Source) -> tuple[tuple[str, Problem], ...]:
    """Each secret that the file names, with the warning that is due where it is not set."""
    found = []
    for path, text in strings_in(source.value):
        for reference in references_in(text):
            if reference.root == "secret" and reference.rest:
                place = source.at_text(path, reference.offset)
                words = f"the secret `{reference.rest}` is not set here"
                found.append((reference.rest, Problem(source.file, *place, words, "warning")))
    return tuple(found)


# --- a persona ---------------------------------------------------------------------------------------------


def check_persona(source: Source) -> Iterator[Problem]:
    """What is wrong in the persona's file itself, besides its shape."""
    yield from _prompt(source)
    yield from _secrets(source)


def _prompt(source: Source) -> Iterator[Problem]:
    for path, text in strings_in(source.value):
        if path[0] != "tests" and path[0] in PersonaSpec.model_fields:
            for reference in references_in(text):
                words = _wrong_in_prompt(reference) if path == ("prompt",) else _outside_prompt(reference)
                if words:
                    yield Problem(source.file, *source.at_text(path, reference.offset), words)


def _outside_prompt(reference: Reference) -> str:
    return f"`{reference}` is not filled in here: references are read in `prompt` only"


def _wrong_in_prompt(reference: Reference) -> str | None:
    if reference.name in IN_PROMPT or not reference.closed:
        return wrong_name(reference, IN_PROMPT)
    if reference.root == "secret":
        return f"`{reference}` may not stand in a prompt: what the model reads, a customer may get to see"
    if reference.root == "args":
        return f"`{reference}` may not stand in a prompt: arguments belong to functions"
    if reference.name in BOUND:
        choices = ", ".join(f"${{{name}}}" for name in sorted(IN_PROMPT))
        return f"`{reference}` may not stand in a prompt; there are {choices}"
    return wrong_name(reference, IN_PROMPT)


def _secrets(source: Source) -> Iterator[Problem]:
    for path, text in strings_in(source.value):
        if found := looks_secret(text):
            words = "this looks like a key or password; a customer may get to see it, so it cannot stand here"
            yield Problem(source.file, *source.at_text(path, found.start()), words)


def check_plugins(
    persona: PersonaSpec, source: Source, plugins: Mapping[str, PluginSpec], broken: frozenset[str]
) -> Iterator[Problem]:
    """Problems between a persona and its plugins. `plugins` can be used, those in `broken` have errors."""
    yield from _exist(persona, source, plugins, broken)
    yield from _alike(persona, source, plugins)
    yield from _mirror(persona, source, plugins)


def _exist(
    persona: PersonaSpec, source: Source, plugins: Mapping[str, PluginSpec], broken: frozenset[str]
) -> Iterator[Problem]:
    for index, name in enumerate(persona.plugins):
        if name not in plugins and name in broken:
            yield source.problem(("plugins", index), f"the plugin `{name}` has errors and has not been loaded")
        elif name not in plugins:
            close = difflib.get_close_matches(name, list(plugins), n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            yield source.problem(("plugins", index), f"there is no plugin `{name}`{hint}")


def _alike(persona: PersonaSpec, source: Source, plugins: Mapping[str, PluginSpec]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for index, name in enumerate(persona.plugins):
        for function, _ in function_paths(plugins[name]) if name in plugins else ():
            owner = owners.setdefault(function, name)
            if owner != name:
                words = f"the plugins `{owner}` and `{name}` both have a function `{function}`"
                yield source.problem(("plugins", index), words)


def _mirror(persona: PersonaSpec, source: Source, plugins: Mapping[str, PluginSpec]) -> Iterator[Problem]:
    into = persona.collect.into
    if into is None:
        return
    path: Path = ("collect", "into")
    if into.plugin not in persona.plugins:
        close = difflib.get_close_matches(into.plugin, persona.plugins, n=1)
        hint = f"; did you mean `{close[0]}`?" if close else "; list it under `plugins`"
        yield source.problem((*path, "plugin"), f"`{into.plugin}` is not a plugin of this persona{hint}")
    elif into.plugin in plugins:
        plugin = plugins[into.plugin]
        yield from _mirror_functions(into.plugin, plugin, {"get": into.get, "set": into.set}, source, path)
        yield from _columns(persona, plugin, into.set, source)


def _mirror_functions(
    name: str, plugin: PluginSpec, wanted: Mapping[str, str | None], source: Source, path: Path
) -> Iterator[Problem]:
    names = {function for function, _ in function_paths(plugin)}
    for role, function in wanted.items():
        if function is not None and function not in names:
            close = difflib.get_close_matches(function, list(names), n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            yield source.problem((*path, role), f"the plugin `{name}` has no function `{function}`{hint}")
    if wanted["set"] is None and mirror_function(plugin, "set") is None:
        words = f"say which function of `{name}` stores a lead: into: {{plugin: {name}, set: …}}"
        yield source.problem(path, words)


def mirror_function(plugin: PluginSpec, role: str, named: str | None = None) -> str | None:
    """The function that reads (`get`) or stores (`set`) a lead: as named, else the plugin's own."""
    if named is not None:
        return named
    if isinstance(plugin, TablePlugin):
        function = getattr(plugin.functions, role)
        return function.name if function else None
    return role if any(function == role for function, _ in function_paths(plugin)) else None


def _columns(persona: PersonaSpec, plugin: PluginSpec, setter: str | None, source: Source) -> Iterator[Problem]:
    columns = _stored(plugin, setter)
    if columns is None:
        return
    for index, field in enumerate(persona.collect.fields):
        column = field.column or field.name
        if column not in columns:
            close = difflib.get_close_matches(column, columns, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"it has {', '.join(columns)}"
            key = "column" if field.column else "name"
            words = f"`{persona.collect.into.plugin}` has no `{column}` to store this in; {hint}"  # type: ignore[union-attr]
            yield source.problem(("collect", "fields", index, key), words)


def _stored(plugin: PluginSpec, setter: str | None) -> list[str] | None:
    """The names that the storing function takes; None when there is no telling."""
    if isinstance(plugin, TablePlugin):
        return list(plugin.columns)
    if isinstance(plugin, McpPlugin | SqlPlugin):
        return None
    name = mirror_function(plugin, "set", setter)
    for function in plugin.carried if isinstance(plugin, OpenApiPlugin) else plugin.functions:
        if function.name == name:
            properties = function.parameters.get("properties")
            return list(properties) if isinstance(properties, dict) else []
    return None
