"""A secret that belongs to certain hosts and goes nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

ITSELF = "itself"
"""As a place: the one that the secret names, which is the address of a database."""


class Tied(str):
    """A secret's value with the hosts, or `host:port` pairs, into whose requests alone it is filled."""

    __slots__ = ("hosts",)
    hosts: frozenset[str]

    def __new__(cls, value: str, hosts: frozenset[str]) -> Tied:
        made = super().__new__(cls, value)
        made.hosts = hosts
        return made

    def belongs_to(self, place: str) -> bool:
        """Whether `place`, as `host:port`, is among them."""
        host = place.rpartition(":")[0]
        return bool(host) and (place in self.hosts or host in self.hosts)


def place_of(address: str) -> str:
    """`host:port` of an address over HTTP or of a database; empty when it names none."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    ports = {"http": 80, "https": 443, "postgresql": 5432, "postgres": 5432, "mysql": 3306, "mariadb": 3306}
    port = port or ports.get(parts.scheme.partition("+")[0], 0)
    return f"{(parts.hostname or '').rstrip('.')}:{port}" if parts.hostname else ""
