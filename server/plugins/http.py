"""The executor `http`: one request of a function, built from the plugin's file and the values of one call."""

from __future__ import annotations

import base64
import json
import re
import secrets as random_source
from collections.abc import Iterator, Mapping
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
from server.plugins.masking import hide
from server.plugins.operation import Means, Operation, Outcome, Problem, Ready, operation
from server.plugins.references import (
    MISSING,
    ReferenceProblem,
    Slot,
    Unfilled,
    Values,
    compile_value,
    fill,
    fill_header,
    fill_path,
    plain,
    read,
    references,
)

MAX_ADDRESS = 8_000
_SHOWN_OF_AN_ERROR = 500
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_YOURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade"})
_LATER = {"digest": "digest", "oauth2": "oauth2"}


@dataclass(frozen=True, slots=True)
class _Shape:
    """A request as the file has it, with its references read."""

    method: str
    base: str
    path: str | Slot
    query: Mapping[str, Any]
    headers: Mapping[str, str | Slot]
    user: str | Slot | None
    password: str | Slot | None
    required: frozenset[str]
    body: Any
    form: Any
    multipart: Any

    def references(self) -> Iterator[Reference]:
        for part in (self.path, self.query, self.headers, self.user, self.password):
            yield from references(part)
        for part in (self.body, self.form, self.multipart):
            yield from references(part)


@dataclass(frozen=True, slots=True)
class _Built:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    shown: Any


def load(plugin: LoadedPlugin, spec: HttpPlugin, means: Means) -> Ready:
    """The plugin's functions; one with a problem is left out and told."""
    operations: list[Operation] = []
    problems: list[str] = []
    for function in spec.functions:
        try:
            operations.append(_operation(plugin, spec, function, means))
        except (Problem, ReferenceProblem) as problem:
            problems.append(f"{function.name}: {problem}")
    return Ready(plugin.name, tuple(operations), tuple(problems))


def _operation(plugin: LoadedPlugin, spec: HttpPlugin, function: HttpFunction, means: Means) -> Operation:
    shape = _shape(spec, function)
    effect = function.effect or "read"
    return operation(
        plugin,
        function.name,
        function,
        effect=effect,
        trust=default_trust(function),
        parameters=function.parameters or {"type": "object", "properties": {}},
        reserved=reserved_names(spec, function),
        reads=shape.references(),
        executor=HttpExecutor(shape, means.outgoing, function.timeout_seconds),
    )


def default_trust(function: HttpFunction) -> Trust:
    """Whom a function over HTTP lets in when its file does not say."""
    return "verified" if function.effect == "write" else "anonymous"


def _shape(spec: HttpPlugin, function: HttpFunction) -> _Shape:
    request = function.request
    headers: dict[str, Any] = {}
    for name, value in {**spec.headers, **request.headers}.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _NOT_YOURS:
            raise Problem(f"the header `{name}` cannot be set")
        headers[name] = read(value)
    query: dict[str, Any] = compile_value(request.query)
    user, password, required = _auth(spec.auth, headers, query)
    return _Shape(
        method=request.method,
        base=_base(spec.base_url),
        path=_path(request.path),
        query=query,
        headers=headers,
        user=user,
        password=password,
        required=required,
        body=compile_value(request.body),
        form=compile_value(request.form),
        multipart=compile_value(request.multipart),
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


def _auth(
    auth: Mapping[str, Any] | None, headers: dict[str, Any], query: dict[str, Any]
) -> tuple[str | Slot | None, str | Slot | None, frozenset[str]]:
    """Puts the credential in its header or query slot; user and password come back for Basic."""
    if not auth:
        return None, None, frozenset()
    kind, told = next(iter(auth.items()))
    if len(auth) != 1:
        raise Problem("`auth` takes exactly one of basic, bearer and api_key")
    if kind == "basic" and isinstance(told, Mapping) and {"user", "password"} == told.keys():
        return read(str(told["user"])), read(str(told["password"])), frozenset()
    if kind == "bearer" and isinstance(told, str):
        headers["Authorization"] = read(f"Bearer {told}")
        return None, None, frozenset()
    if kind == "api_key" and isinstance(told, Mapping) and isinstance(told.get("value"), str):
        return None, None, _api_key(told, headers, query)
    if kind in _LATER:
        raise Problem(f"`auth: {{{kind}: …}}` is not there yet; use basic, bearer or api_key")
    raise Problem(
        "`auth` is one of {basic: {user, password}}, {bearer: …}, {api_key: {header: NAME, value: …}}, "
        "{api_key: {query: NAME, value: …}}"
    )


def _api_key(told: Mapping[str, Any], headers: dict[str, Any], query: dict[str, Any]) -> frozenset[str]:
    name = told.get("header") or told.get("query")
    if not isinstance(name, str) or len(told) != 2 or not _HEADER_NAME.fullmatch(name):
        raise Problem("`api_key` is {header: NAME, value: …} or {query: NAME, value: …}")
    (headers if "header" in told else query)[name] = read(told["value"])
    return frozenset({name})


@dataclass(frozen=True, slots=True)
class HttpExecutor:
    """Builds the request, sends it by the one client, and reads the answer."""

    shape: _Shape
    outgoing: Outgoing
    timeout_seconds: float

    async def run(self, values: Values) -> Outcome:
        """Raises Unfilled before anything is sent, OutgoingError when no answer came."""
        boundary = random_source.token_hex(16)
        built = _build(self.shape, values, boundary)
        shown = self.describe(values)
        answer = await self.outgoing.fetch(
            built.method,
            built.url,
            headers=built.headers,
            body=built.body,
            timeout_seconds=self.timeout_seconds,
            secrets=values.used,
        )
        return _outcome(URL(built.url, encoded=True).host or "", answer, shown)

    def describe(self, values: Values) -> dict[str, Any]:
        """Method, url, headers and body as sent, with secrets masked."""
        built = _build(self.shape, values.masked(), "boundary")
        if self.shape.user is not None:
            built.headers["Authorization"] = "Basic ***"
        request = {"method": built.method, "url": built.url, "headers": built.headers, "body": built.shown}
        hidden: dict[str, Any] = hide(request, values.used)
        return hidden


def _build(shape: _Shape, values: Values, boundary: str) -> _Built:
    headers = {name: fill_header(value, values) for name, value in shape.headers.items()}
    query = fill(shape.query, values)
    for name in shape.required:
        if headers.get(name) is None and name not in query:
            raise Unfilled(f"the credential for `{name}` is not set")
    present = {name: value for name, value in headers.items() if value is not None}
    if shape.user is not None and shape.password is not None:
        present["Authorization"] = _basic(shape.user, shape.password, values)
    body, kind, shown = _body(shape, values, boundary)
    if kind and not any(name.lower() == "content-type" for name in present):
        present["Content-Type"] = kind
    if not any(name.lower() == "accept" for name in present):
        present["Accept"] = "application/json"
    return _Built(shape.method, _address(shape, query, values), present, body, shown)


def _address(shape: _Shape, query: Mapping[str, Any], values: Values) -> str:
    address = shape.base + fill_path(shape.path, values)
    pairs = _pairs(query)
    if pairs:
        address += "?" + urlencode(pairs, quote_via=quote, safe="*")
    if len(address) > MAX_ADDRESS:
        raise Unfilled("the address would be longer than a server takes")
    if URL(address, encoded=True).origin() != URL(shape.base, encoded=True).origin():
        raise Unfilled("the address would leave the plugin's own host")
    return address


def _pairs(slots: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and texts; a list gives its name once for each value."""
    pairs: list[tuple[str, str]] = []
    for name, value in slots.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                pairs.append((name, plain(each)))
    return pairs


def _basic(user: str | Slot, password: str | Slot, values: Values) -> str:
    name, word = fill(user, values), fill(password, values)
    if name is MISSING or word is MISSING:
        raise Unfilled("user or password of `auth: basic` is not set")
    if ":" in plain(name):
        raise Unfilled("the user of `auth: basic` holds a colon")
    packed = base64.b64encode(f"{plain(name)}:{plain(word)}".encode()).decode()
    values.used.add(packed)
    return f"Basic {packed}"


def _body(shape: _Shape, values: Values, boundary: str) -> tuple[bytes | None, str, Any]:
    """Bytes, content type, and what to show of it."""
    if shape.body is not None:
        body = fill(shape.body, values)
        if body is MISSING:
            return None, "", None
        return _json(body), "application/json", body
    if shape.form is not None:
        form = fill(shape.form, values)
        return urlencode(_pairs(form)).encode(), "application/x-www-form-urlencoded", form
    if shape.multipart is not None:
        parts = fill(shape.multipart, values)
        return _multipart(_pairs(parts), boundary), f"multipart/form-data; boundary={boundary}", parts
    return None, "", None


def _json(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        # Integers beyond 64 bits are proper JSON that only the slower serialiser writes.
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def _multipart(pairs: list[tuple[str, str]], boundary: str) -> bytes:
    """RFC 7578; names are percent-encoded as browsers do, the boundary is random for each request."""
    lines: list[bytes] = []
    for name, value in pairs:
        safe = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        lines.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{safe}"\r\n\r\n'.encode())
        lines.append(value.encode() + b"\r\n")
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


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
    header = Message()
    header["content-type"] = answer.headers.get("content-type", "text/plain")
    kind = header.get_content_type()
    looks = answer.body.lstrip()[:1] in (b"{", b"[")
    if kind == "application/json" or kind.endswith("+json") or (looks and kind.startswith("text/")):
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            pass
    if kind.startswith("text/") or "json" in kind or "xml" in kind or kind == "application/x-www-form-urlencoded":
        return _text(answer.body, header.get_content_charset("utf-8"))
    return {"note": "not text, so it is not shown", "type": kind, "bytes": len(answer.body)}


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
