"""What a plugin file of kind `sql` may say beyond its shape. No database is opened for it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from server.catalog.plugin_spec import PluginSpec, SqlFunction, SqlPlugin, SqlStatement, TablePlugin
from server.catalog.problems import Path, Problem
from server.catalog.references import BOUND, references_in, strings_in, whole_reference, wrong_name
from server.catalog.sql_guard import DIALECTS, Dialect, NotAllowed, Readable, Rules, checked
from server.catalog.yaml_source import Source

_SECRET = frozenset({"secret.NAME"})


def sql_functions(plugin: SqlPlugin) -> Iterator[tuple[SqlFunction | SqlStatement, Path]]:
    """The functions that the model sees, with their places in the file."""
    if plugin.functions.describe:
        yield plugin.functions.describe, ("functions", "describe")
    if plugin.functions.query:
        yield plugin.functions.query, ("functions", "query")
    for index, statement in enumerate(plugin.statements):
        yield statement, ("statements", index)


def check_sql(plugin: SqlPlugin, source: Source) -> Iterator[Problem]:
    """Everything wrong in the file that its own text tells."""
    for place in (("description",), ("functions",), ("statements",), ("tables",), ("shared",)):
        yield from _no_references(source, place)
    yield from _database(plugin, source)
    yield from _tables(plugin, source)
    yield from _bound(plugin, source)
    yield from _forced(plugin, source)
    for index, statement in enumerate(plugin.statements):
        yield from _statement(plugin, statement, source, ("statements", index, "sql"))


def check_owned(plugins: Iterable[tuple[PluginSpec, Source]]) -> Iterator[Problem]:
    """Tables of the server's own database that a plugin of kind `sql` reads and none of kind `table` shows."""
    known = list(plugins)
    owned = {spec.table.lower() for spec, _ in known if isinstance(spec, TablePlugin) and spec.database is None}
    for spec, source in known:
        if isinstance(spec, SqlPlugin) and spec.database is None:
            for index, table in enumerate(spec.tables):
                if table.lower() not in owned:
                    words = f"no plugin of kind `table` has `{table}`; say which `database` it lies in"
                    yield source.problem(("tables", index), words)


def rules_of(plugin: SqlPlugin, dialect: Dialect, parameters: Iterable[str] = ()) -> Rules:
    """What statements may name, as far as the file tells."""
    tables = {name.lower(): Readable(name) for name in plugin.tables}
    return Rules(dialect, tables, frozenset(parameters), plugin.limits.rows)


def parameters_of(statement: SqlStatement) -> frozenset[str]:
    """The names of a fixed statement's own parameters."""
    properties = statement.parameters.get("properties")
    return frozenset(properties) if isinstance(properties, dict) else frozenset()


def _no_references(source: Source, path: Path) -> Iterator[Problem]:
    node = source.node(path)
    for below, text in strings_in(node.plain if node else None):
        for reference in references_in(text):
            place = source.at_text((*path, *below), reference.offset)
            words = f"`{reference}` may not stand here; bind a column, and write `:column` in a statement"
            yield Problem(source.file, *place, words)


def _database(plugin: SqlPlugin, source: Source) -> Iterator[Problem]:
    if plugin.database is not None:
        reference = whole_reference(plugin.database)
        if reference is None or reference.root != "secret" or wrong_name(reference, _SECRET):
            words = "`database` needs `${secret.NAME}`: the address of a database holds its password"
            yield source.problem(("database",), words)
    if plugin.role and plugin.dialect not in (None, "postgresql"):
        yield source.problem(("role",), "`role` is for PostgreSQL; elsewhere the address names who reads")


def _tables(plugin: SqlPlugin, source: Source) -> Iterator[Problem]:
    shared = {name.lower() for name in plugin.shared}
    seen: set[str] = set()
    for index, name in enumerate(plugin.tables):
        if name.lower() in seen:
            yield source.problem(("tables", index), f"the table `{name}` is listed twice")
        elif not plugin.bind and name.lower() not in shared:
            words = f"whose rows of `{name}`? `bind` a column to the customer, or list the table under `shared`"
            yield source.problem(("tables", index), words)
        seen.add(name.lower())
    for index, name in enumerate(plugin.shared):
        if name.lower() not in seen:
            close = difflib.get_close_matches(name.lower(), sorted(seen), n=1)
            hint = f"did you mean `{close[0]}`?" if close else "add it there"
            yield source.problem(("shared", index), f"`{name}` is not among `tables`; {hint}")


def _bound(plugin: SqlPlugin, source: Source) -> Iterator[Problem]:
    for column, value in plugin.bind.items():
        reference = whole_reference(value)
        if reference is None or reference.name not in BOUND:
            choices = ", ".join(f"${{{name}}}" for name in sorted(BOUND))
            yield source.problem(("bind", column), f"`{column}` is filled by the server: one of {choices}")


def _forced(plugin: SqlPlugin, source: Source) -> Iterator[Problem]:
    for function, path in sql_functions(plugin):
        needs = isinstance(function, SqlStatement) and function.parameters.get("required")
        if function.force_call and (path == ("functions", "query") or needs):
            words = f"`{function.name}` takes arguments from the model, so it cannot have `force_call`"
            yield source.problem((*path, "force_call"), words)


def _statement(plugin: SqlPlugin, statement: SqlStatement, source: Source, path: Path) -> Iterator[Problem]:
    known = parameters_of(statement) | plugin.bind.keys()
    faults: list[NotAllowed] = []
    for dialect in (plugin.dialect,) if plugin.dialect else DIALECTS:
        try:
            checked(statement.sql, rules_of(plugin, dialect, known))
            return
        except NotAllowed as fault:
            faults.append(fault)
    told = max(faults, key=lambda each: each.offset)  # the reader that came farthest understood the most
    yield Problem(source.file, *source.at_text(path, told.offset), str(told))
