"""Security schemes of a description as `auth` and headers of a plugin, with the secrets they need."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from server.catalog.openapi.document import At, Documents, NotCarried, Version
from server.catalog.openapi.names import clean

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN = "RAPPORT"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that has to be set, and what it is."""

    name: str
    words: str


@dataclass(slots=True)
class Credentials:
    """How a plugin proves itself: what to write into its file, and which secrets to set."""

    auth: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    secrets: list[Secret] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def slots(self) -> frozenset[str]:
        """Headers and query parameters, in lower case, that hold a credential."""
        key = (self.auth or {}).get("api_key", {})
        named = [key.get("header") or key.get("query") or "", *self.headers, *self.query]
        return frozenset(name.lower() for name in named if name)


def credentials(
    documents: Documents, version: Version, required: Iterable[Any], title: str, address: str
) -> Credentials:
    """What most operations need. `required` holds the `security` of each, as far as it has its own."""
    root = At(documents.root)
    schemes = _schemes(documents, root, version)
    made = Credentials()
    chosen = _most_used(required, root.get("security").value, schemes, made)
    prefix = _prefix(title)
    for name in chosen:
        _add(made, name, schemes[name], prefix, address)
    return made


def _schemes(documents: Documents, root: At, version: Version) -> dict[str, At]:
    place = root.get("securityDefinitions") if version == "2.0" else root.get("components").get("securitySchemes")
    found = {}
    for name, at in place.items():
        try:
            resolved = documents.resolved(at)
        except NotCarried:
            continue
        if isinstance(resolved.value, dict):
            found[name] = resolved
    return found


def _most_used(required: Iterable[Any], general: Any, schemes: Mapping[str, At], made: Credentials) -> tuple[str, ...]:
    counted: Counter[tuple[str, ...]] = Counter()
    unknown: set[str] = set()
    for own in required:
        said = own if isinstance(own, list) else general if isinstance(general, list) else []
        for choice in said:
            names = tuple(sorted(choice)) if isinstance(choice, dict) else ()
            usable = [name in schemes and _kind(schemes[name]) is not None for name in names]
            if names and all(usable):
                counted[names] += 1
            else:
                unknown.update(name for name, fits in zip(names, usable, strict=True) if not fits)
    if not counted:
        made.notes += [f"the security scheme `{clean(name)[:60]}` cannot be carried over" for name in sorted(unknown)]
        return ()
    return counted.most_common(1)[0][0]


def _kind(at: At) -> str | None:
    """basic, bearer, digest, key, oauth2 or token; None for what cannot be done."""
    kind, scheme = at.text("type").lower(), at.text("scheme").lower()
    if kind == "http":
        return scheme if scheme in ("basic", "bearer", "digest") else None
    if kind == "apikey":
        named = _TOKEN.fullmatch(at.text("name")) and "${" not in at.text("name")
        return "key" if named and at.text("in") in ("header", "query", "cookie") else None
    if kind == "oauth2":
        return "oauth2" if _client_flow(at) else "token"
    return {"basic": "basic", "openidconnect": "token"}.get(kind)


def _client_flow(at: At) -> At | None:
    if at.text("flow") == "application":
        return at
    flow = at.get("flows").get("clientCredentials")
    return flow if isinstance(flow.value, dict) else None


def _prefix(title: str) -> str:
    made = re.sub(r"[^A-Z0-9]+", "_", title.upper()).strip("_")[:40].strip("_")
    if not made or not made[0].isalpha() or made.startswith(_OWN):
        made = f"MY_{made}".strip("_")
    return made


def _add(made: Credentials, name: str, at: At, prefix: str, address: str) -> None:
    kind = _kind(at)
    if kind == "key":
        _add_key(made, name, at, prefix)
    elif made.auth is not None:
        made.notes.append(f"the security scheme `{clean(name)[:60]}` cannot stand beside another")
    elif kind in ("basic", "digest"):
        made.secrets += [Secret(f"{prefix}_USER", "the user"), Secret(f"{prefix}_PASSWORD", "the password")]
        made.auth = {kind: {"user": _ref(f"{prefix}_USER"), "password": _ref(f"{prefix}_PASSWORD")}}
    elif kind == "oauth2" and (address_of := _token_url(at, address)):
        _add_client(made, at, prefix, address_of)
    else:
        made.secrets.append(Secret(f"{prefix}_ACCESS", f"the access token ({clean(name)[:60]})"))
        made.auth = {"bearer": _ref(f"{prefix}_ACCESS")}


def _add_key(made: Credentials, name: str, at: At, prefix: str) -> None:
    where, slot = at.text("in"), at.text("name")
    secret = f"{prefix}_ACCESS_KEY" + (f"_{len(made.secrets) + 1}" if made.secrets else "")
    made.secrets.append(Secret(secret, f"the API key ({clean(name)[:60]})"))
    if where == "cookie":
        made.headers["Cookie"] = f"{slot}={_ref(secret)}"
    elif made.auth is None:
        made.auth = {"api_key": {where: slot, "value": _ref(secret)}}
    else:
        (made.headers if where == "header" else made.query)[slot] = _ref(secret)


def _add_client(made: Credentials, at: At, prefix: str, token_url: str) -> None:
    ids = Secret(f"{prefix}_CLIENT_ID", "the OAuth2 client's id")
    words = Secret(f"{prefix}_CLIENT_SECRET", "the OAuth2 client's secret")
    made.secrets += [ids, words]
    told = {"token_url": token_url, "client_id": _ref(ids.name), "client_secret": _ref(words.name)}
    made.auth = {"oauth2": told}


def _token_url(at: At, address: str) -> str | None:
    flow = _client_flow(at)
    url = urljoin(address + "/", flow.text("tokenUrl")) if flow and flow.text("tokenUrl") else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    whole = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return url if whole and not re.search(r"[\s{}$]", url) else None


def _ref(name: str) -> str:
    return f"${{secret.{name}}}"
