"""The executor `http`: one request of a function, built from the plugin's file and the values of one call."""

from __future__ import annotations

import codecs
import json
import re
import secrets as random_source
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from yarl import URL

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import HttpFunction, HttpPlugin
from server.catalog.references import Reference, reserved_names
from server.catalog.spec import Trust
from server.outgoing import Outgoing, Response
from server.plugins.http_auth import IDENTITY, Credentials, credentials
from server.plugins.http_body import Body, body_of
from server.plugins.masking import hide
from server.plugins.operation import Means, Operation, Outcome, Problem, Ready, operation
from server.plugins.references import (
    MISSING,
    ReferenceProblem,
    Slot,
    Unfilled,
    Values,
    compile_value,
    fill_header,
    fill_path,
    plain,
    read,
    references,
)
from server.plugins.styles import Styles, cookie_text, header_text, query_text, segment, styled

MAX_ADDRESS = 8_000
_SHOWN_OF_AN_ERROR = 500
_MARKS = (
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)
"""How files begin that services send under the name of text."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_YOURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade", IDENTITY.lower()}
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A request as the file has it, with its references read."""

    method: str
    base: str
    path: str | Slot
    query: Mapping[str, Any]
    headers: Mapping[str, str | Slot]
    credentials: Credentials
    cookies: Mapping[str, Any]
    styles: Styles
    body: Body

    def references(self) -> Iterator[Reference]:
        for part in (self.path, self.query, self.headers, self.cookies):
            yield from references(part)
        yield from self.credentials.references()
        yield from self.body.references()


@dataclass(frozen=True, slots=True)
class _Built:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    shown: Any


def load(plugin: LoadedPlugin, spec: HttpPlugin, means: Means, *, reserved: frozenset[str] = frozenset()) -> Ready:
    """The plugin's functions; one with a problem is left out and told. `reserved`: more names of bound slots."""
    try:
        shown = _credentials(spec, means)
    except ValueError as problem:
        return Ready(plugin.name, (), (str(problem),))
    operations: list[Operation] = []
    problems: list[str] = []
    for function in spec.functions:
        try:
            operations.append(_operation(plugin, spec, function, means, shown, reserved))
        except (Problem, ReferenceProblem) as problem:
            problems.append(f"{function.name}: {problem}")
    return Ready(plugin.name, tuple(operations), tuple(problems))


def _credentials(spec: HttpPlugin, means: Means) -> Credentials:
    if spec.identity and means.sign is None:
        raise Problem("`identity: true` needs the key of a server to sign with; there is none here")
    return credentials(spec.auth_written, spec.base_url, means.sign if spec.identity else None)


def _operation(
    plugin: LoadedPlugin,
    spec: HttpPlugin,
    function: HttpFunction,
    means: Means,
    shown: Credentials,
    more: frozenset[str],
) -> Operation:
    shape = _shape(spec, function, shown)
    effect = function.effect or "read"
    return operation(
        plugin,
        function.name,
        function,
        effect=effect,
        trust=default_trust(function),
        parameters=function.parameters or {"type": "object", "properties": {}},
        reserved=reserved_names(spec, function) | more,
        reads=shape.references(),
        executor=HttpExecutor(shape, means.outgoing, function.timeout_seconds),
    )


def default_trust(function: HttpFunction) -> Trust:
    """Whom a function over HTTP lets in when its file does not say."""
    return "verified" if function.effect == "write" else "anonymous"


def _shape(spec: HttpPlugin, function: HttpFunction, shown: Credentials) -> _Shape:
    request = function.request
    headers: dict[str, Any] = {}
    for name, value in {**spec.headers, **request.headers}.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _NOT_YOURS:
            raise Problem(f"the header `{name}` cannot be set")
        headers[name] = read(value)
    query: dict[str, Any] = compile_value(request.query)
    return _Shape(
        method=request.method,
        base=_base(spec.base_url),
        path=_path(request.path),
        query=query,
        headers=headers,
        credentials=shown,
        cookies=compile_value(request.cookies),
        styles=request.styles,
        body=body_of(request),
    )


def _base(address: str) -> str:
    try:
        url = URL(address, encoded=True)
        whole = bool(url.host and url.port)
    except ValueError:
        whole = False
    if not whole or "${" in address or url.raw_user is not None or url.raw_query_string or url.raw_fragment:
        raise Problem("base_url needs to be a plain address: no references, user, query or fragment")
    return address.rstrip("/")


def _path(path: str) -> str | Slot:
    compiled = read(path if path.startswith("/") or not path else "/" + path)
    parts = compiled.parts if isinstance(compiled, Slot) else (compiled,)
    if any(mark in part for part in parts if isinstance(part, str) for mark in "?#"):
        raise Problem("`path` holds a `?` or `#`; write parameters under `query`")
    return compiled


@dataclass(frozen=True, slots=True)
class HttpExecutor:
    """Builds the request, sends it by the one client, and reads the answer."""

    shape: _Shape
    outgoing: Outgoing
    timeout_seconds: float

    async def run(self, values: Values) -> Outcome:
        """Raises Unfilled before anything is sent, OutgoingError when no answer came."""
        boundary = random_source.token_hex(16)
        values = values.towards(self.shape.credentials.place)
        built = _build(self.shape, values, boundary)
        shown = self.describe(values)
        request = (built.method, built.url, built.headers, built.body)
        answer = await self.shape.credentials.send(self.outgoing, request, values, self.timeout_seconds)
        return _outcome(URL(built.url, encoded=True).host or "", answer, shown)

    def describe(self, values: Values) -> dict[str, Any]:
        """Method, url, headers and body as sent, with secrets masked."""
        built = _build(self.shape, values.masked(), "boundary")
        self.shape.credentials.show(built.headers)
        request = {"method": built.method, "url": built.url, "headers": built.headers, "body": built.shown}
        hidden: dict[str, Any] = hide(request, values.used)
        return hidden


def _build(shape: _Shape, values: Values, boundary: str) -> _Built:
    headers = {name: _header(value, values, shape.styles) for name, value in shape.headers.items()}
    query = dict(shape.query)
    present = {name: value for name, value in headers.items() if value is not None}
    shape.credentials.put(present, query, values)
    if cookies := cookie_text(shape.cookies, values, shape.styles):
        present["Cookie"] = "; ".join(filter(None, [present.get("Cookie"), cookies]))
    body = shape.body.written(values, boundary)
    if body.kind and not any(name.lower() == "content-type" for name in present):
        present["Content-Type"] = body.kind
    if not any(name.lower() == "accept" for name in present):
        present["Accept"] = "application/json"
    return _Built(shape.method, _address(shape, query, values), present, body.data, body.shown)


def _header(slot: str | Slot, values: Values, styles: Styles) -> str | None:
    found = styled(slot, values, styles)
    if found is None:
        return fill_header(slot, values)
    return None if found[0] is MISSING else header_text(*found)


def _address(shape: _Shape, slots: Mapping[str, Any], values: Values) -> str:
    address = shape.base + fill_path(shape.path, values, _segments(shape.styles))
    if query := query_text(slots, values, shape.styles, _plainly):
        address += "?" + query
    if len(address) > MAX_ADDRESS:
        raise Unfilled("the address would be longer than a server takes")
    if URL(address, encoded=True).origin() != URL(shape.base, encoded=True).origin():
        raise Unfilled("the address would leave the plugin's own host")
    return address


def _segments(styles: Styles) -> Callable[[Reference, Any], str | None]:
    def written(reference: Reference, value: Any) -> str | None:
        style = styles.get(reference.rest) if reference.root == "args" else None
        return None if style is None else segment(value, style, reference.rest)

    return written


def _plainly(slots: Mapping[str, Any]) -> str:
    return urlencode(_pairs(slots), quote_via=quote, safe="*")


def _pairs(slots: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and texts; a list gives its name once for each value."""
    pairs: list[tuple[str, str]] = []
    for name, value in slots.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                pairs.append((name, plain(each)))
    return pairs


def _outcome(host: str, answer: Response, request: Mapping[str, Any]) -> Outcome:
    value = _value(answer)
    size = len(answer.body)
    if answer.status < 400:
        return Outcome(value, request=request, bytes=size)
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    short = said[:_SHOWN_OF_AN_ERROR] if value is not None else ""
    error = f"{host} answered {answer.status}" + (f": {short}" if short else "")
    return Outcome(value, "failed", error, request, size)


def _value(answer: Response) -> Any:
    """JSON as parsed, text as text, anything else as a note of its type and size."""
    if not answer.body:
        return None
    body = answer.body.removeprefix(codecs.BOM_UTF8)
    header = Message()
    header["content-type"] = answer.headers.get("content-type", "text/plain")
    kind = next((known for mark, known in _MARKS if body.startswith(mark)), header.get_content_type())
    looks = body.lstrip()[:1] in (b"{", b"[")
    if kind == "application/json" or kind.endswith("+json") or (looks and kind.startswith("text/")):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    if kind.startswith("text/") or "json" in kind or "xml" in kind or kind == "application/x-www-form-urlencoded":
        return _text(body, header.get_content_charset("utf-8"))
    return {"note": "not text, so it is not shown", "type": kind, "bytes": len(answer.body)}


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
