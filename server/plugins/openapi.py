"""Plugins of kind `openapi`: functions over HTTP, and the fetching of a description that has an address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import structlog

from server.catalog import LoadedPlugin
from server.catalog.descriptions import packed
from server.catalog.files import put_in_place, write_aside
from server.catalog.openapi import NotADescription, NotCarried, read_description
from server.catalog.openapi.fetching import fetch_description
from server.catalog.plugin_spec import OpenApiPlugin
from server.outgoing import Outgoing, OutgoingError
from server.plugins import http
from server.plugins.operation import Means, Ready

log = structlog.get_logger("server.plugins")


def load(plugin: LoadedPlugin, spec: OpenApiPlugin, means: Means) -> Ready:
    """The operations that were carried over, as functions over HTTP."""
    kept = spec.kept
    fetching = Fetching(spec.spec, kept, means.outgoing) if kept is not None else None
    over_http = spec.over_http
    if over_http is None:
        return Ready(plugin.name, preparation=fetching)
    ready = http.load(plugin, over_http, means, reserved=frozenset(spec.bind))
    return Ready(plugin.name, ready.operations, ready.problems, fetching)


@dataclass(slots=True)
class Fetching:
    """Fetches a description and keeps it, which the catalog then sees; when that fails the last copy stays."""

    address: str
    kept: Path
    outgoing: Outgoing

    @property
    def done(self) -> bool:
        """Whether there is a copy."""
        return self.kept.exists()

    async def prepare(self, plugin: LoadedPlugin) -> str | None:
        """What is wrong, in words, when there is no copy to work with."""
        try:
            files = await fetch_description(self.outgoing, self.address)
            read_description(files[""], _none_beside, self.address)
        except (OutgoingError, NotADescription) as error:
            reason = error.detail if isinstance(error, OutgoingError) else str(error)
            if self.done:
                log.warning("openapi.fetch", plugin=plugin.name, reason=reason, kept="the last copy")
                return None
            return f"the description cannot be had: {reason}"
        await asyncio.to_thread(self._keep, packed(files))
        return None

    def _keep(self, data: bytes) -> None:
        if not self.done or self.kept.read_bytes() != data:
            put_in_place(write_aside(self.kept, data), self.kept)


def _none_beside(relative: str) -> bytes:
    raise NotCarried(f"`{relative}` is read later")
