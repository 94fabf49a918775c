"""Which addresses may be reached: public ones, and what the operator has listed."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote

import idna
from yarl import URL

from server.outgoing.errors import OutgoingError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses as text; raises OSError when the name is not known."""

# IANA's special-purpose registries, written out since older versions of `ipaddress` know only some of them,
# and what is public by the registries though a cloud's own services answer there.
_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
    )
)
_UNICAST_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SPECIAL_V6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Own:
    """The server itself, as plugins may see it: its hosts and port, and the paths open to them."""

    port: int
    hosts: frozenset[str] = frozenset({"localhost"})
    paths: tuple[str, ...] = ("/data/v1/",)

    @property
    def names(self) -> frozenset[tuple[str, int]]:
        """Host and port under which the server knows itself."""
        return frozenset((host, self.port) for host in self.hosts)

    def open(self, path: str) -> bool:
        """Whether that path may be asked for; a path that could be read in two ways may not."""
        plain = unquote(path)
        if "\\" in plain or "//" in plain or any(part in (".", "..") for part in plain.split("/")):
            return False
        return "%" not in plain and plain.startswith(self.paths)


def is_public(address: str) -> bool:
    """Whether the address is one of the public internet, and no other address hides in it."""
    if "%" in address:
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _public_v4(parsed) if isinstance(parsed, IPv4Address) else _public_v6(parsed)


def _public_v4(address: IPv4Address) -> bool:
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _SPECIAL_V4)


def _public_v6(address: IPv6Address) -> bool:
    if address in _NAT64:
        return _public_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    if address not in _UNICAST_V6 or not address.is_global:
        return False
    if any(address in network for network in _SPECIAL_V6):
        return False
    isatap = (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE
    return not isatap or _public_v4(IPv4Address(int(address) & 0xFFFFFFFF))


def plain_host(url: URL) -> str:
    """The host in lower case, without brackets or a final dot; raises OutgoingError for odd spellings."""
    host = (url.host or "").rstrip(".").lower()
    if ":" in host:
        return _plain_v6(host)
    if _NUMERIC.fullmatch(host):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise OutgoingError("blocked", f"`{host}` is an odd way to write an address; it is not used") from None
    try:
        name = idna.encode(host, uts46=True).decode() if not host.isascii() else host
    except idna.IDNAError:
        name = ""
    if len(name) > 253 or not _NAME.fullmatch(name) or _NUMERIC.fullmatch(name):
        raise OutgoingError("invalid", "The address holds no proper host name")
    return name


def _plain_v6(host: str) -> str:
    try:
        return str(IPv6Address(host)) if "%" not in host else _zone(host)
    except ValueError:
        raise OutgoingError("invalid", "The address holds no proper host name") from None


def _zone(host: str) -> str:
    raise OutgoingError("blocked", f"`{host}` names a network interface; such addresses are not reached")


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses the operating system knows for a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Turns host and port into addresses that may be connected to.

    `allow_hosts` are the operator's `host:port` entries, matched exactly by host and port. `own` is the
    server itself, of which only some paths are open.
    """

    def __init__(
        self, allow_hosts: Sequence[str] = (), own: Own | None = None, resolve: Resolve = system_resolve
    ) -> None:
        self._allowed = frozenset(_host_port(entry) for entry in allow_hosts)
        self._own = own
        self._resolve = resolve

    async def addresses(self, host: str, port: int) -> list[str]:
        """Every address of the host, all of them allowed; one that is not blocks the whole host."""
        found = await self._found(host, port)
        if (host, port) in self._allowed or (self._own and (host, port) in self._own.names):
            return found
        if all(is_public(address) or self._is_own(address, port) for address in found):
            return found
        raise OutgoingError(
            "blocked",
            f"{host}:{port} is not public; list it in RAPPORT_ALLOW_HOSTS if it may be reached",
        )

    async def check(self, url: URL, host: str, port: int) -> None:
        """Raises OutgoingError when that address may not be asked for, before anything is connected."""
        if _literal(host):
            await self.addresses(host, port)
        if self._own is None or port != self._own.port or self._own.open(url.raw_path):
            return
        found = await self._found(host, port)
        if (host, port) in self._own.names or any(self._is_own(address, port) for address in found):
            raise OutgoingError("blocked", f"Of this server only {', '.join(self._own.paths)} may be reached")

    async def _found(self, host: str, port: int) -> list[str]:
        if _literal(host):
            return [host]
        try:
            found = list(await self._resolve(host, port))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise OutgoingError("dns", f"The host {host} is not known; check the address")
        return found

    def _is_own(self, address: str, port: int) -> bool:
        return self._own is not None and port == self._own.port and _is_this_machine(address)


def _literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_this_machine(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return True
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback or (mapped or parsed).is_unspecified


def _host_port(entry: str) -> tuple[str, int]:
    host, _, port = entry.strip().lower().rpartition(":")
    return plain_host(URL.build(scheme="http", host=host.strip("[]"))), int(port)


def plain_entry(entry: str) -> str:
    """A host, or `host:port`, in its plain spelling. Raises OutgoingError and ValueError for anything else."""
    text = entry.strip().lower()
    host, _, port = text.rpartition(":") if re.search(r"[^:]:\d{1,5}$|\]:\d{1,5}$", text) else (text, "", "")
    if re.search(r"[/?#@\s*]", host) or (port and not 0 < int(port) < 65_536):
        raise ValueError(f"`{entry}` is no host")
    plain = plain_host(URL.build(scheme="http", host=host.strip("[]")))
    return f"{plain}:{int(port)}" if port else plain
