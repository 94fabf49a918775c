"""Where a plugin's server is, as its file says, with references read and not yet filled."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from yarl import URL

from server.catalog import LoadedPlugin
from server.catalog.auth_shape import HttpAuth
from server.catalog.plugin_spec import McpPlugin
from server.catalog.references import strings_in
from server.plugins.http_auth import IDENTITY
from server.plugins.mcp.showing import ByDigest, ByToken, Later
from server.plugins.operation import Problem
from server.plugins.references import MISSING, Slot, Unfilled, Values, fill, fill_header, plain, read, references

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_YOURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade", "accept", "content-type"}
    | {IDENTITY.lower()}
)


@dataclass(frozen=True, slots=True)
class HttpPlace:
    """A server by streamable HTTP."""

    name: str
    url: str
    headers: Mapping[str, str | Slot]
    query: Mapping[str, str | Slot]
    basic: tuple[str | Slot, str | Slot] | None = None
    later: Later | None = None

    def filled(self, values: Values) -> tuple[str, dict[str, str]]:
        """The address and the headers of every request. Raises Unfilled for a secret that is not set."""
        headers = {name: _present(name, fill_header(value, values)) for name, value in self.headers.items()}
        query = {name: _present(name, fill_header(value, values)) for name, value in self.query.items()}
        if self.basic is not None:
            pair = ":".join(_whole(part, values) for part in self.basic)
            packed = base64.b64encode(pair.encode()).decode()
            values.used.add(packed)
            headers["Authorization"] = f"Basic {packed}"
        return (self.url + "?" + urlencode(query, quote_via=quote) if query else self.url), headers


@dataclass(frozen=True, slots=True)
class ProgramPlace:
    """A server that is a program of this machine, started in the folder of the plugin's file."""

    name: str
    command: str
    args: tuple[str, ...]
    env: Mapping[str, str | Slot]
    folder: str

    def filled(self, values: Values) -> dict[str, str]:
        """Its whole environment. Raises Unfilled for a secret that is not set."""
        return {name: _whole(value, values) for name, value in self.env.items()}


Place = HttpPlace | ProgramPlace


def place_of(plugin: LoadedPlugin, spec: McpPlugin, *, stdio: bool) -> Place:
    """Where the server is. Raises Problem; for a program also when it may not be started."""
    if spec.url is not None:
        return _http(spec, spec.url)
    if not stdio:
        raise Problem("`command` starts a program on this machine; set RAPPORT_ALLOW_STDIO=1 to allow it")
    if not _on_disk(plugin):
        raise Problem("`command` is taken from a file on this machine's disk alone, and this is not in one")
    env = {name: read(value) for name, value in spec.env.items()}
    name = f"`{Path(str(spec.command)).name}`"
    return ProgramPlace(name, str(spec.command), tuple(spec.args), env, str(Path(plugin.file).resolve().parent))


def _on_disk(plugin: LoadedPlugin) -> bool:
    """Whether the text that was loaded is that of its file, byte for byte."""
    try:
        return hashlib.sha256(Path(plugin.file).read_bytes()).hexdigest() == plugin.digest
    except (OSError, ValueError):
        return False


def _http(spec: McpPlugin, address: str) -> HttpPlace:
    try:
        url = URL(address, encoded=True)
        whole = bool(url.host and url.port)
    except ValueError:
        whole = False
    if not whole or "${" in address or url.raw_user is not None or url.raw_query_string or url.raw_fragment:
        raise Problem("`url` needs to be a plain address: no references, user, query or fragment")
    headers = {name: read(value) for name, value in spec.headers.items()}
    query: dict[str, str | Slot] = {}
    told = spec.auth or HttpAuth.model_construct()
    _put(told, headers, query)
    basic = (read(told.basic.user), read(told.basic.password)) if told.basic else None
    _only_secrets(headers, query, basic, _slots(spec.auth_written))
    for name in headers:
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _NOT_YOURS or name.lower().startswith("mcp-"):
            raise Problem(f"the header `{name}` cannot be set")
    return HttpPlace(url.host or "", address, headers, query, basic, _later(told))


def _put(told: HttpAuth, headers: dict[str, str | Slot], query: dict[str, str | Slot]) -> None:
    """What is the same in every request."""
    if told.bearer is not None:
        headers["Authorization"] = read(f"Bearer {told.bearer}")
    if told.api_key is not None and told.api_key.header:
        headers[told.api_key.header] = read(told.api_key.value)
    if told.api_key is not None and told.api_key.query:
        query[told.api_key.query] = read(told.api_key.value)


def _later(told: HttpAuth) -> Later | None:
    if told.digest is not None:
        return ByDigest(told.digest)
    return ByToken(told.oauth2) if told.oauth2 is not None else None


def _slots(auth: Mapping[str, Any] | None) -> list[str | Slot]:
    return [read(text) for _, text in strings_in(auth or {})]


def _only_secrets(*parts: Any) -> None:
    for reference in references(parts):
        if reference.root != "secret":
            raise Problem(f"`{reference}` may not stand in `headers` or `auth`: one session serves all customers")


def _whole(value: str | Slot, values: Values) -> str:
    filled = fill(value, values)
    if filled is MISSING:
        raise Unfilled("a secret that the server needs is not set")
    return plain(filled)


def _present(name: str, value: str | None) -> str:
    if value is None:
        raise Unfilled(f"the secret for `{name}` is not set")
    return value
