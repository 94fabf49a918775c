"""Bodies of requests: JSON, forms, uploads, text and bytes."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

import orjson

from server.catalog.plugin_spec import Request
from server.catalog.references import Reference
from server.plugins.references import MISSING, Unfilled, Values, compile_value, fill, plain, references
from server.plugins.styles import Styles, query_text

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """A body as it is sent: bytes (None: none), content type, and what to show of it."""

    data: bytes | None = None
    kind: str = ""
    shown: Any = None


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a function's requests as the file has it, with its references read."""

    json: Any = None
    form: Any = None
    multipart: Any = None
    files: Any = field(default_factory=dict)
    text: Any = None
    binary: Any = None
    styles: Styles = field(default_factory=dict)

    def references(self) -> Iterator[Reference]:
        """What it is filled from."""
        for part in (self.json, self.form, self.multipart, self.files, self.text, self.binary):
            yield from references(part)

    def written(self, values: Values, boundary: str) -> Written:
        """The body of one call. Raises Unfilled."""
        if self.form is not None:
            text = query_text(self.form, values, self.styles, lambda slots: urlencode(_pairs(slots)))
            return Written(text.encode(), "application/x-www-form-urlencoded", fill(self.form, values))
        if self.multipart is not None:
            return self._multipart(values, boundary)
        for part, write in ((self.json, _json), (self.text, _text), (self.binary, _binary)):
            if part is not None:
                value = fill(part, values)
                return Written() if value is MISSING else write(value)
        return Written()

    def _multipart(self, values: Values, boundary: str) -> Written:
        fields, files = fill(self.multipart, values), fill(self.files, values)
        parts = [_field(name, value) for name, value in _each(fields)]
        parts += [_file(name, plain(value)) for name, value in _each(files)]
        data = _joined(parts, boundary)
        return Written(data, f"multipart/form-data; boundary={boundary}", {**fields, **files})


def body_of(request: Request) -> Body:
    """The request's body with its references read. Raises ReferenceProblem."""
    return Body(
        json=compile_value(request.body),
        form=compile_value(request.form),
        multipart=compile_value(request.multipart),
        files=compile_value(request.files),
        text=compile_value(request.text),
        binary=compile_value(request.binary),
        styles=request.styles,
    )


def _each(slots: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values; a list gives its name once for each value."""
    for name, value in slots.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield name, each


def _pairs(slots: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, plain(value)) for name, value in _each(slots)]


def _json(value: Any) -> Written:
    try:
        data = orjson.dumps(value)
    except TypeError:
        # Integers beyond 64 bits are proper JSON that only the slower serialiser writes.
        data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return Written(data, "application/json", value)


def _text(value: Any) -> Written:
    return Written(plain(value).encode(), "text/plain; charset=utf-8", value)


def _binary(value: Any) -> Written:
    data, kind = _bytes(plain(value))
    return Written(data, kind, {"bytes": len(data)})


def _bytes(text: str) -> tuple[bytes, str]:
    """The bytes and type of a data: URL; of any other text its own. Raises Unfilled."""
    found = _DATA.fullmatch(text)
    if found is None:
        return text.encode(), "application/octet-stream"
    kind = found[1] or "application/octet-stream"
    try:
        raw = unquote_to_bytes(found[4])
        return (base64.b64decode(raw, validate=True) if found[3] else raw), kind
    except binascii.Error:
        raise Unfilled("a data: URL is no proper base64") from None


@dataclass(frozen=True, slots=True)
class _Part:
    head: str
    data: bytes


def _field(name: str, value: Any) -> _Part:
    kind = "\r\nContent-Type: application/json" if isinstance(value, dict) else ""
    return _Part(f'form-data; name="{_quoted(name)}"{kind}', plain(value).encode())


def _file(name: str, text: str) -> _Part:
    data, kind = _bytes(text)
    quoted = _quoted(name)
    return _Part(f'form-data; name="{quoted}"; filename="{quoted}"\r\nContent-Type: {kind}', data)


def _quoted(name: str) -> str:
    """Percent-encoded as browsers do."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _joined(parts: list[_Part], boundary: str) -> bytes:
    """RFC 7578; the boundary is random for each request."""
    lines = [f"--{boundary}\r\nContent-Disposition: {p.head}\r\n\r\n".encode() + p.data + b"\r\n" for p in parts]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()
