"""`rapport import`: descriptions of other kinds as plugin files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from server.catalog import lanying as lanying_export
from server.catalog.files import Unreadable, read_inside
from server.catalog.openapi import NotADescription, NotCarried, read_description
from server.catalog.openapi.document import MAX_BYTES
from server.catalog.openapi.fetching import fetch_description
from server.catalog.openapi.writing import Imported, imported
from server.errors import Invalid
from server.outgoing import Outgoing, OutgoingError
from server.settings import read

_TOLD = 50


def openapi(
    source: Annotated[str, typer.Argument(help="A file, or an http or https address.")],
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="HOST:PORT inside your network that may be asked.")
    ] = None,
) -> None:
    """Write an OpenAPI or Swagger description as a plugin file to standard output."""
    try:
        if source.startswith(("http://", "https://")):
            made = _from_address(source, allow_host or [])
        else:
            made = _from_file(Path(source))
    except NotADescription as problem:
        raise Invalid(f"{source}: {problem}.") from None
    _write(made)


def lanying(source: Annotated[Path, typer.Argument(help="The JSON export of a plugin.")]) -> None:
    """Write a Lanying plugin export as a plugin file to standard output."""
    try:
        with source.open("rb") as stream:
            data = stream.read(lanying_export.MAX_BYTES + 1)
        made = lanying_export.imported(data)
    except OSError as error:
        raise Invalid(f"{source} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    except lanying_export.NotAnExport as problem:
        raise Invalid(f"{source}: {problem}.") from None
    _write(made)


def _write(made: Imported) -> None:
    typer.echo(made.text, nl=False)
    for line in _told(made):
        typer.echo(line, err=True)


def _from_file(path: Path) -> Imported:
    folder = path.parent

    def file_beside(relative: str) -> bytes:
        try:
            return read_inside(folder, relative, MAX_BYTES)
        except Unreadable as problem:
            raise NotCarried(str(problem)) from None

    try:
        data = path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    return imported(read_description(data, file_beside))


def _from_address(address: str, allow_hosts: list[str]) -> Imported:
    files = asyncio.run(_fetched(address, allow_hosts))

    def fetched(relative: str) -> bytes:
        if relative not in files:
            raise NotCarried(f"`{relative}` was not found beside it")
        return files[relative]

    return imported(read_description(files[""], fetched, address))


async def _fetched(address: str, allow_hosts: list[str]) -> dict[str, bytes]:
    outgoing = Outgoing([*read().allow_hosts, *allow_hosts])
    try:
        return await fetch_description(outgoing, address)
    except OutgoingError as error:
        raise Invalid(f"{error.detail}.") from None
    finally:
        await outgoing.close()


def _told(made: Imported) -> list[str]:
    lines = [f"{made.functions} function{'s' if made.functions != 1 else ''} written."]
    lines += [f"Left out: {each.label}: {each.reason}." for each in made.left_out[:_TOLD]]
    if len(made.left_out) > _TOLD:
        lines.append(f"Left out: {len(made.left_out) - _TOLD} more.")
    lines += [f"Note: {note}." for note in made.notes]
    return lines + [f"Set the secret {secret.name}: {secret.words}." for secret in made.secrets]
