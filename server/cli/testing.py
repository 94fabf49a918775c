"""`rapport test`: the plugins' examples, through the door."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from server.cli import logs
from server.cli.talking import run
from server.errors import RapportError
from server.settings import read

if TYPE_CHECKING:
    from server.plugins.examples import Ran
    from server.service import Service


def run_examples_of(
    personas: Annotated[
        list[str] | None, typer.Argument(help="Personas whose plugins are tested; default all.")
    ] = None,
) -> None:
    """Run the examples of plugins: real calls, but for those with `mock: true`. Tables keep their rows."""
    settings = read()
    logs.configure(settings, quiet=True)

    async def work() -> int:
        from server.service import open_service

        service = open_service(settings)
        try:
            return await _Run(service).run(personas or [])
        finally:
            await service.stop()

    if run(work()):
        raise typer.Exit(1)


class _Run:
    """One run over plugins, told line by line."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.screen = Console(stderr=True, highlight=False, soft_wrap=True)
        self.passed = self.failed = 0

    async def run(self, personas: list[str]) -> int:
        """Runs all; returns how many failed."""
        for name in self._plugins(personas):
            await self._plugin(name)
        self._tell_cases(personas)
        if not self.passed + self.failed:
            typer.echo("No plugin has `examples` to run.", err=True)
        else:
            typer.echo(f"{self.passed} passed, {self.failed} failed.")
        return self.failed

    def _plugins(self, personas: list[str]) -> list[str]:
        if not personas:
            return [state.name for state in self.service.catalog.plugins()]
        named = (name for persona in personas for name in self.service.catalog.persona(persona).spec.plugins)
        return list(dict.fromkeys(named))

    async def _plugin(self, name: str) -> None:
        from server.plugins.examples import run_examples
        from server.storage import new_id

        try:
            plugin = self.service.catalog.plugin(name)
        except RapportError:
            self.failed += 1
            typer.echo(f"FAILED  {name}: its file has errors; `rapport check` points to them")
            return
        examples = plugin.spec.examples
        if not examples:
            return
        await self.service.door.prepare([plugin])
        ran = 0
        with self.screen.status("") as status:
            async for one in run_examples(self.service.door, plugin, new_id("c_examples")):
                ran += 1
                status.update(f"{name}: {ran} of {len(examples)}")
                self._tell(one)

    def _tell(self, one: Ran) -> None:
        mock = ", recorded answer" if one.mock else ""
        line = f"{one.plugin}.{one.function}: {one.name} ({one.milliseconds:.0f} ms{mock})"
        if not one.faults:
            self.passed += 1
            typer.echo(f"ok      {line}")
            return
        self.failed += 1
        typer.echo(f"FAILED  {line}")
        for fault in one.faults:
            typer.echo("".join(f"        {each}\n" for each in fault.splitlines()), nl=False)
        sys.stdout.flush()

    def _tell_cases(self, personas: list[str]) -> None:
        for state in self.service.catalog.personas():
            cases = len(state.loaded.spec.tests) if state.loaded and (not personas or state.name in personas) else 0
            if cases:
                words = f"{state.name}: {cases} regression case{'s' if cases != 1 else ''} under `tests` not run yet."
                typer.echo(words, err=True)
