"""The kinds of plugin: how each is made ready to be called."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import HttpPlugin, McpPlugin, OpenApiPlugin, SqlPlugin, TablePlugin
from server.errors import RapportError
from server.plugins import http, mcp, openapi, sql, table
from server.plugins.mocks import mocked
from server.plugins.operation import Means, Problem, Ready
from server.plugins.preparing import prepare
from server.plugins.references import ReferenceProblem, Unfilled, Values
from server.plugins.results import first_line
from server.plugins.table import Store
from server.plugins.types import Bound

_NOBODY = Bound("", "anonymous", "", "")


def make_ready(plugin: LoadedPlugin, means: Means) -> Ready:
    """The plugin's functions, and what is wrong with those that are missing."""
    ready = _of_kind(plugin, means)
    if not plugin.spec.mock:
        return ready
    made = mocked(plugin.spec, ready)
    # What the server's own table holds of people is still found when they ask for it or have it erased.
    own = isinstance(ready.preparation, TablePreparation) and ready.preparation.store.own
    return replace(made, preparation=ready.preparation) if own else made


def _of_kind(plugin: LoadedPlugin, means: Means) -> Ready:
    match plugin.spec:
        case HttpPlugin() as spec:
            return http.load(plugin, spec, means)
        case OpenApiPlugin() as spec:
            return openapi.load(plugin, spec, means)
        case TablePlugin() as spec:
            return _table(plugin, spec, means)
        case SqlPlugin() as spec:
            return sql.load(plugin, spec, means)
        case McpPlugin() as spec:
            return mcp.load(plugin, spec, means)


def _table(plugin: LoadedPlugin, spec: TablePlugin, means: Means) -> Ready:
    try:
        store = table.store_of(plugin, spec, means)
    except (Problem, ReferenceProblem) as problem:
        return Ready(plugin.name, problems=(str(problem),))
    operations, problems = table.operations(plugin, store)
    return Ready(plugin.name, tuple(operations), tuple(problems), TablePreparation(store, means))


@dataclass(slots=True)
class TablePreparation:
    """Makes a plugin's table, or holds it against the real one."""

    store: Store
    means: Means

    @property
    def done(self) -> bool:
        """Whether the table can be used."""
        return self.store.prepared

    async def prepare(self, plugin: LoadedPlugin) -> str | None:
        """What is wrong with the table, in words."""
        values = Values({}, _NOBODY, self.means.secrets)
        table_name = self.store.spec.table
        try:
            await asyncio.to_thread(prepare, self.store, Path(plugin.file), values)
        except Problem as problem:
            return str(problem)
        except Unfilled as reason:
            return f"the table `{table_name}` cannot be reached: {reason}"
        except (SQLAlchemyError, RapportError) as error:
            return f"the table `{table_name}` cannot be reached: {first_line(error, values.used)}"
        return None
