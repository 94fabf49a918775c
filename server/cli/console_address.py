"""Where the console of this data folder listens, kept in the folder while it runs, so that links lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from server.settings import CONSOLE_ADDRESS, console_beside


@contextmanager
def kept(folder: Path, origin: str) -> Iterator[None]:
    """Keeps the origin in the folder while the block runs. Says so on stderr when the folder cannot be written."""
    file = folder / CONSOLE_ADDRESS
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # leads lie in it later
        file.write_text(origin + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(
            f"{file} cannot be written ({error.strerror or error}): for links to this console, set"
            f" RAPPORT_CONSOLE_URL={origin} when you run `rapport signin-link`.",
            err=True,
        )
    try:
        yield
    finally:
        if console_beside(folder) == origin:  # another console may have started since
            file.unlink(missing_ok=True)
