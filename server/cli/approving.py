"""Approving tools of MCP servers."""

from __future__ import annotations

import asyncio
import getpass
import sys
from typing import Annotated

import typer

from server.cli import logs
from server.errors import Invalid, NotFound
from server.settings import Settings, read

WARNINGS = {
    "hidden": "it holds characters that cannot be seen, written as [U+…] here",
    "commanding": "its text speaks to the model; read it closely",
    "person": "an argument looks like who the customer is; fill it with `bind`",
}


def approve(
    plugin: Annotated[str, typer.Argument(help="A plugin of kind mcp.")],
    tools: Annotated[list[str] | None, typer.Argument(help="Its tools; default all that are new or changed.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Approve without asking.")] = False,
) -> None:
    """Show what tools of an MCP server say of themselves, and let the model use them."""
    settings = read()
    logs.configure(settings, quiet=True)
    if not asyncio.run(_approve(settings, plugin, tools or [], yes)):
        raise typer.Exit(1)


async def _approve(settings: Settings, name: str, wanted: list[str], yes: bool) -> bool:
    from server.catalog.plugin_spec import McpPlugin
    from server.plugins.listing import ToolState, states
    from server.service import open_service
    from server.storage import tools

    service = open_service(settings)
    try:
        loaded = service.catalog.plugin(name)
        spec = loaded.spec
        if not isinstance(spec, McpPlugin):
            raise Invalid(f"The plugin `{name}` is not of kind `mcp`; its functions need no approval.")
        problems = await service.door.prepare([loaded])
        server = service.door.tools.find(name)
        if server is not None:
            await server.looked()
        if server is None or server.problem:
            raise Invalid(server.problem if server and server.problem else problems[0][1])
        found = states(spec, await service.database.read(lambda tx: tools.of_plugin(tx, name)))
        chosen: list[ToolState] = [each for each in found if each.tool in wanted or not wanted]
        if missing := set(wanted) - {each.tool for each in chosen}:
            raise NotFound(f"`{min(missing)}` is not among the `tools` of the plugin `{name}`.")
        waiting = {each.tool: each for each in chosen if each.status in ("new", "changed")}
        for each in chosen:
            _show(each)
        if not waiting:
            typer.echo("Nothing waits for approval.", err=True)
            return all(each.status == "approved" for each in chosen)
        if not yes and not _agreed(len(waiting)):
            return False
        digests = {tool: str(each.digest) for tool, each in waiting.items()}
        await service.approve_tools(name, digests, f"{getpass.getuser()} (terminal)")
        typer.echo(f"Approved: {', '.join(digests)}.", err=True)
        return True
    finally:
        await service.stop()


def _show(state: object) -> None:
    from server.plugins.listing import ToolState

    assert isinstance(state, ToolState)
    typer.echo(f"--- {state.tool}: {state.status or 'unknown'}")
    for warning in state.warnings:
        typer.echo(f"!   {WARNINGS[warning]}")
    if state.status == "changed":
        typer.echo(f"approved:\n{state.approved}\nnow:")
    typer.echo(state.seen or "The server has no such tool.\n")


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise Invalid("Standard input is no terminal to ask; look at the tools above and add --yes.")
    return typer.confirm(f"Approve {count} tool{'s' if count > 1 else ''}?")
