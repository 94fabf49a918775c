"""Redirects: which are followed, and what goes along."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import quote, quote_plus

from yarl import URL

from server.outgoing.errors import OutgoingError

MOST_REDIRECTS = 3
REDIRECTS = frozenset({300, 301, 302, 303, 305, 307, 308})
_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_GOES_ALONG = frozenset({"accept", "accept-language", "user-agent"})
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent: the checked address, and the host and port of it in plain spelling."""

    method: str
    url: URL
    host: str
    port: int
    headers: dict[str, str]
    body: bytes | None

    def moved(self, url: URL, host: str, port: int) -> Request:
        """The same request for another address; to another origin it goes without anything but what to accept."""
        same = (url.scheme, host, port) == (self.url.scheme, self.host, self.port)
        kept = self.headers if same else {n: v for n, v in self.headers.items() if n.lower() in _GOES_ALONG}
        return replace(self, url=url, host=host, port=port, headers=kept)


def target_of(request: Request, status: int, location: str, hops: int, secrets: Collection[str]) -> str:
    """Where a redirect leads to. Raises OutgoingError when it is not followed."""
    try:
        target = request.url.join(URL(location))
        host = target.host or request.host
    except ValueError:
        target, host = None, "an address that cannot be read"
    words = f"{request.host} answered {status}, a redirect to {host}"
    if request.method not in ("GET", "HEAD") or request.body is not None:
        told = f"{words}; redirects of {request.method} requests are not followed: use the final address"
        raise OutgoingError("redirect", told)
    if target is None or not location or status not in _FOLLOWED or target.scheme not in ("http", "https"):
        raise OutgoingError("redirect", f"{words}; it cannot be followed: use the final address")
    if hops >= MOST_REDIRECTS:
        raise OutgoingError("redirect", f"{words}, the {hops + 1}th in a row: use the final address")
    if request.url.scheme == "https" and target.scheme == "http":
        raise OutgoingError("redirect", f"{words} without encryption; it is not followed: use an https address")
    if target.origin() != request.url.origin() and _holds(str(target), secrets):
        raise OutgoingError("redirect", f"{words} with a secret in it; it is not followed: use the final address")
    return str(target)


def _holds(text: str, secrets: Collection[str]) -> bool:
    forms = (form for s in secrets if len(s) >= _SHORTEST for form in (s, quote(s, safe=""), quote_plus(s), quote(s)))
    return any(form in text for form in forms)
