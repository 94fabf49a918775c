"""Secrets of plugins: where each comes from. A value goes in and never comes out."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from console.client.shape import Shape, page_of
from console.client.transport import Transport


class Secret(Shape):
    """A secret that is stored or that a plugin names. `source`: environment, stored, unreadable or unset; `stored` is
    true too where the environment goes before a stored one. `hosts` are those of the stored one."""

    name: str
    source: str = "unset"
    stored: bool = False
    hosts: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    updated_at: str | None = None
    updated_by: str | None = None


class Secrets:
    """`/secrets`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> tuple[Secret, ...]:
        """Every secret, by name."""
        return page_of(Secret, self._transport.json("GET", "/secrets")).items

    def put(self, name: str, value: str, hosts: Sequence[str]) -> Secret:
        """Stores or replaces it; in force when this returns. `hosts`: HOST or HOST:PORT. For developers."""
        body = {"value": value, "hosts": list(hosts)}
        return Secret.model_validate(self._transport.json("PUT", f"/secrets/{quote(name, safe='')}", body=body))

    def delete(self, name: str) -> None:
        """Deletes the stored one. For developers."""
        self._transport.json("DELETE", f"/secrets/{quote(name, safe='')}")
