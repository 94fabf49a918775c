"""Which secrets a plugin file may name: those of the environment, and those that were stored."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from server.auth.vault import Vault
from server.catalog import LoadedPlugin
from server.catalog.references import references_in, strings_in
from server.llm import Vendors
from server.plugins.tied import Tied
from server.storage.secrets import SecretRow

Source = Literal["environment", "stored", "unreadable", "unset"]


@dataclass(frozen=True, slots=True)
class SecretState:
    """What may be told of a secret: never its value. `stored` is set where the environment hides one, too."""

    name: str
    source: Source
    hosts: tuple[str, ...] = ()
    stored: bool = False
    updated_at: str | None = None
    updated_by: str | None = None


class PluginSecrets:
    """The secrets that plugin files may name, but never the server's own or a vendor's key.

    The environment comes first. A stored one belongs to its hosts. `vault` reads those; without one only the
    environment's are there.
    """

    def __init__(self, vendors: Vendors, vault: Vault | None = None) -> None:
        self._vendors = vendors
        self._vault = vault
        self._rows: Mapping[str, SecretRow] = {}
        self._stored: Mapping[str, Tied] = {}

    @property
    def revision(self) -> frozenset[object]:
        """Changes with every change of what is stored."""
        return frozenset((row.name, row.ciphertext) for row in self._rows.values())

    def take_in(self, rows: Iterable[SecretRow]) -> None:
        """Reads what is stored now; one that no key opens counts as not set."""
        found = {row.name: row for row in rows}
        if found == self._rows or self._vault is None:
            return
        opened = {name: (self._vault.decrypt(row.ciphertext), row.hosts) for name, row in found.items()}
        self._stored = {name: Tied(text, frozenset(hosts)) for name, (text, hosts) in opened.items() if text}
        self._rows = found

    def may_be_named(self, name: str) -> bool:
        """Whether a plugin may have a secret of that name at all."""
        return not (name.upper().startswith("RAPPORT_") or self._vendors.keeps(name))

    def get(self, name: str) -> str | None:
        """The secret of that name, None when it is not set or not for plugins."""
        if not self.may_be_named(name):
            return None
        return os.environ.get(name) or self._stored.get(name)

    def has(self, name: str) -> bool:
        """Whether a plugin would get it."""
        return bool(self.get(name))

    def state(self, name: str) -> SecretState:
        """What may be told of it."""
        row = self._rows.get(name)
        source: Source = "unset" if row is None else "stored" if name in self._stored else "unreadable"
        if self.may_be_named(name) and os.environ.get(name):
            source = "environment"
        if row is None:
            return SecretState(name, source)
        return SecretState(name, source, row.hosts, True, row.updated_at, row.updated_by)

    def stored_names(self) -> frozenset[str]:
        """Names of all that are stored."""
        return frozenset(self._rows)

    def named_in(self, plugins: Iterable[LoadedPlugin]) -> frozenset[str]:
        """The values that these plugins name, and all that are stored: what must not appear in an answer."""
        named = (value for name in names_in(plugins) if (value := self.get(name)))
        return frozenset(str(value) for value in (*named, *self._stored.values()))


def names_in(plugins: Iterable[LoadedPlugin]) -> dict[str, list[str]]:
    """Names of the secrets that plugins name, each with those plugins."""
    found: dict[str, list[str]] = {}
    for plugin in plugins:
        for _, text in strings_in(plugin.spec.model_dump()):
            for reference in references_in(text):
                if reference.root == "secret" and plugin.name not in found.setdefault(reference.rest, []):
                    found[reference.rest].append(plugin.name)
    return found
