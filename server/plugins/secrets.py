"""Which secrets a plugin file may name."""

from __future__ import annotations

import os
from collections.abc import Iterable

from server.catalog import LoadedPlugin
from server.catalog.references import references_in, strings_in
from server.llm import Vendors


class PluginSecrets:
    """The secrets that plugin files may name: the environment's, but never the server's own or a vendor's key."""

    def __init__(self, vendors: Vendors) -> None:
        self._vendors = vendors

    def get(self, name: str) -> str | None:
        """The secret of that name, None when it is not set or not for plugins."""
        if name.upper().startswith("RAPPORT_") or self._vendors.keeps(name):
            return None
        return os.environ.get(name)

    def has(self, name: str) -> bool:
        """Whether a plugin would get it."""
        return bool(self.get(name))

    def named_in(self, plugins: Iterable[LoadedPlugin]) -> frozenset[str]:
        """The values that these plugins name: what must not appear in an answer."""
        names = {
            reference.rest
            for plugin in plugins
            for _, text in strings_in(plugin.spec.model_dump())
            for reference in references_in(text)
            if reference.root == "secret"
        }
        return frozenset(value for name in names if (value := self.get(name)))
