"""An operation as a function: the arguments that the model sees, and where each goes in the request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from server.catalog.openapi import fitting
from server.catalog.openapi.document import At, NotCarried
from server.catalog.openapi.names import argument_name, clean, folded, shortened
from server.catalog.openapi.operations import Body, Operation, Parameter, bare, is_json, is_text
from server.catalog.openapi.schemas import Schema, Schemas
from server.catalog.plugin_spec import Request, Style

_IGNORED = frozenset({"accept", "content-type", "authorization"})
_NOT_SENT = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade", "trailer", "keep-alive"}
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FILE = "The file: its text, or its bytes as a base64 data: URL."
_MAX_HOPS = 12


@dataclass(frozen=True, slots=True)
class Placing:
    """What holds for all functions of a plugin.

    `bound` gives the reference for a parameter's folded name, `reserved` the folded names that no argument
    may have, `credentials` the headers and query parameters (lower case) that the plugin itself sends, and
    `most` how many characters the schema of one function's arguments may have.
    """

    schemas: Schemas
    bound: Mapping[str, str] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()
    credentials: frozenset[str] = frozenset()
    most: int = 20_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A function's arguments as JSON Schema, and the request it becomes.

    `dropped` are parameters that may be left out, and are, since their names cannot be sent.
    """

    parameters: Schema
    request: Request
    bound: frozenset[str]
    dropped: tuple[str, ...] = ()


def place(operation: Operation, placing: Placing) -> Placed:
    """The operation as a function. Raises NotCarried."""
    return _Draft(operation, placing).done()


class _Draft:
    """The function while it is put together."""

    def __init__(self, operation: Operation, placing: Placing) -> None:
        self.operation, self.placing, self.schemas = operation, placing, placing.schemas
        self.properties: Schema = {}
        self.required: list[str] = []
        self.taken: set[str] = set()
        self.bound: set[str] = set()
        self.in_path: dict[str, str] = {}
        self.query: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.cookies: dict[str, Any] = {}
        self.styles: dict[str, Style] = {}
        self.body: dict[str, Any] = {}
        self.dropped: list[str] = []

    def done(self) -> Placed:
        for name, value in self.operation.query:
            self.query[_fixed(name)] = _fixed(value)
        for parameter in self.operation.parameters:
            self.parameter(parameter)
        path = self.path()
        if self.operation.body is not None:
            self.fill_body(self.operation.body)
        parameters = fitting.whole(self.properties, self.required, self.schemas, self.placing.most)
        request = Request(
            method=self.operation.method,
            path=path,
            query=self.query,
            headers=self.headers,
            cookies=self.cookies,
            styles=self.styles,
            **self.body,
        )
        return Placed(parameters, request, frozenset(self.bound), tuple(self.dropped))

    # --- arguments ---

    def argument(self, name: str, schema: Schema, required: bool, description: str = "") -> str:
        """Adds an argument under a name that is free, and gives the name."""
        wanted = f"{name}_value" if folded(name) in self.placing.reserved else name
        made = argument_name(wanted, self.taken)
        if folded(made) in self.placing.reserved:
            raise NotCarried(f"its parameter `{shortened(name, 60)}` is named like a slot that the server fills")
        self.taken.add(made.lower())
        if description and "description" not in schema:
            schema = {**schema, "description": shortened(description, 600)}
        self.properties[made] = schema
        if required:
            self.required.append(made)
        return made

    def filled(self, name: str) -> str | None:
        """The reference that fills a parameter of this name, None when the model does."""
        reference = self.placing.bound.get(folded(name))
        if reference is not None:
            self.bound.add(folded(name))
        return reference

    # --- parameters ---

    def parameter(self, parameter: Parameter) -> None:
        if self.is_left_out(parameter):
            return
        reference = self.filled(parameter.name)
        style = self.style(parameter)
        if reference is None:
            if parameter.media and not is_json(bare(parameter.media)):
                schema: Schema = {"type": "string"}
            else:
                schema = self.schemas.converted(parameter.schema)
            made = self.argument(parameter.name, schema, parameter.required, parameter.description)
            reference = f"${{args.{made}}}"
            if style is not None:
                self.styles[made] = style
        elif parameter.location == "path" and parameter.style in ("label", "matrix"):
            reference = (f";{_fixed(parameter.name)}=" if parameter.style == "matrix" else ".") + reference
        self.put(parameter, reference)

    def is_left_out(self, parameter: Parameter) -> bool:
        """Whether the server or the plugin itself sends it, or nobody can."""
        name = parameter.name.lower()
        if parameter.location == "path":
            return f"{{{parameter.name}}}" not in self.operation.path
        if parameter.location in ("header", "query") and name in self.placing.credentials:
            return True
        if parameter.location == "header" and (name in _IGNORED | _NOT_SENT or name in map(str.lower, self.headers)):
            return True
        named = _TOKEN.fullmatch(parameter.name) if parameter.location in ("header", "cookie") else True
        if named and parameter.name == clean(parameter.name):
            return False
        shown = shortened(" ".join(clean(parameter.name).split()), 60)
        if parameter.required:
            raise NotCarried(f"its parameter `{shown}` has a name that cannot be sent")
        self.dropped.append(shown)
        return True

    def style(self, parameter: Parameter) -> Style | None:
        """How the value is written, None where it is a plain one or a list under one repeated name."""
        if parameter.media:
            return Style(style="json") if is_json(bare(parameter.media)) else None
        kinds = _kinds(parameter.schema, self.schemas, _MAX_HOPS)
        structured = bool(kinds & {"array", "object"})
        always = parameter.style in ("label", "matrix", "deepObject") or parameter.reserved
        usual = parameter.location == "query" and parameter.style == "form" and parameter.explode
        if not always and (not structured or (usual and "object" not in kinds)):
            return None
        name = _fixed(parameter.name) if parameter.style == "matrix" else None
        return Style(style=parameter.style, explode=parameter.explode, name=name, reserved=parameter.reserved)

    def put(self, parameter: Parameter, reference: str) -> None:
        if parameter.location == "path":
            self.in_path[parameter.name] = reference
        elif parameter.location == "query":
            self.query[parameter.name] = reference
        elif parameter.location == "header":
            self.headers[parameter.name] = reference
        else:
            self.cookies[parameter.name] = reference

    def path(self) -> str:
        pieces = re.split(r"\{([^{}]*)\}", self.operation.path)
        for index, piece in enumerate(pieces):
            pieces[index] = self.variable(piece) if index % 2 else _literal(piece)
        path = "".join(pieces)
        if any(unquote(segment) in (".", "..") for segment in path.split("/")):
            raise NotCarried("its path holds `.` or `..`")
        return path if path.startswith("/") else f"/{path}"

    def variable(self, name: str) -> str:
        if name not in self.in_path:
            reference = self.filled(name)
            self.in_path[name] = reference or f"${{args.{self.argument(name, {'type': 'string'}, True)}}}"
        return self.in_path[name]

    # --- bodies ---

    def fill_body(self, body: Body) -> None:
        media = bare(body.media)
        if media == "application/x-www-form-urlencoded":
            self.body["form"] = self.form(body)
        elif media.startswith("multipart/"):
            self.multipart(body)
        elif is_json(media):
            self.body["body"] = self.json(body)
            self.content_type(body.media, "application/json")
        else:
            self.text(body, media)

    def content_type(self, media: str, usual: str) -> None:
        """Says the media type where it is another than the one that is sent unasked."""
        if bare(media) != usual and "*" not in media and media == clean(media) and media.isascii():
            self.headers["Content-Type"] = media

    def json(self, body: Body) -> Any:
        fields = None if body.required is False and self.needs_fields(body) else fields_of(body.schema, self.schemas)
        clash = fields is not None and any(name.lower() in self.taken for name in fields.schemas)
        bound = fields is not None and any(folded(name) in self.placing.bound for name in fields.schemas)
        if fields is None or (clash and not bound) or any(name != clean(name) for name in fields.schemas):
            return f"${{args.{self.whole_body(body)}}}"
        return {name: self.field(name, at, name in fields.required) for name, at in fields.schemas.items()}

    def needs_fields(self, body: Body) -> bool:
        fields = fields_of(body.schema, self.schemas)
        return fields is not None and bool(fields.required)

    def whole_body(self, body: Body) -> str:
        schema = self.schemas.converted(body.schema)
        return self.argument("body", schema, body.required is not False, body.description)

    def field(self, name: str, at: At, required: bool) -> str:
        reference = self.filled(name)
        if reference is not None:
            return reference
        return f"${{args.{self.argument(name, self.schemas.converted(at), required)}}}"

    def form(self, body: Body) -> dict[str, Any]:
        fields = self.form_fields(body)
        slots: dict[str, Any] = {}
        for name, at in fields.schemas.items():
            slots[_fixed(name)] = reference = self.field(name, at, name in fields.required)
            style = _encoded(body.encoding.get(name, {}))
            structured = _kinds(at, self.schemas, _MAX_HOPS) & {"array", "object"}
            if style is not None and structured and reference.startswith("${args."):
                self.styles[reference[7:-1]] = style
        return slots

    def form_fields(self, body: Body) -> Fields:
        fields = fields_of(body.schema, self.schemas, loose=True)
        if fields is None:
            raise NotCarried("the form of its body names no fields")
        return fields

    def multipart(self, body: Body) -> None:
        fields = self.form_fields(body)
        self.body["multipart"], self.body["files"] = {}, {}
        for name, at in fields.schemas.items():
            kind = self.upload(at, body.encoding.get(name, {}))
            if kind is None:
                self.body["multipart"][_fixed(name)] = self.field(name, at, name in fields.required)
            elif (reference := self.filled(name)) is not None:
                self.body["files"][_fixed(name)] = reference
            else:
                made = self.argument(name, kind, name in fields.required, at.text("description"))
                self.body["files"][_fixed(name)] = f"${{args.{made}}}"

    def upload(self, at: At, encoding: Mapping[str, Any]) -> Schema | None:
        """The schema of a file's argument, None when the field is no file."""
        at = self.schemas.flat(at)
        if "array" in _kinds(at, self.schemas, 1) and _is_file(self.schemas.flat(at.get("items")), {}):
            return {"type": "array", "items": {"type": "string", "description": _FILE}}
        return {"type": "string", "description": _FILE} if _is_file(at, encoding) else None

    def text(self, body: Body, media: str) -> None:
        required = body.required is not False
        if not is_text(media):
            made = self.argument("body", {"type": "string", "description": _FILE}, required)
            self.body["binary"] = f"${{args.{made}}}"
            self.content_type(body.media, "application/octet-stream")
            return
        schema = self.schemas.converted(body.schema)
        if schema.get("type") != "string":
            schema = {"type": "string", "description": shortened(f"A document of the type {media}", 200)}
        made = self.argument("body", schema, required, body.description)
        self.body["text"] = f"${{args.{made}}}"
        self.content_type(body.media, "text/plain")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of an object, each with its schema, and those that are needed."""

    schemas: Mapping[str, At]
    required: frozenset[str]


def fields_of(at: At, schemas: Schemas, loose: bool = False) -> Fields | None:
    """The fields of a plain object, None for anything else; `loose` takes those of alternatives too."""
    found: dict[str, At] = {}
    required: set[str] = set()
    if not _gather(at, schemas, found, required, loose, _MAX_HOPS):
        return None
    read_only = {name for name, below in found.items() if _flag(below, schemas, "readOnly")}
    kept = {name: below for name, below in found.items() if name not in read_only}
    return Fields(kept, frozenset(required & kept.keys())) if found else None


def _gather(at: At, schemas: Schemas, found: dict[str, At], required: set[str], loose: bool, hops: int) -> bool:
    at = schemas.flat(at)
    if not isinstance(at.value, dict) or not hops:
        return False
    kinds = at.value.get("type", "object")
    if kinds != "object" and not (isinstance(kinds, list) and "object" in kinds):
        return False
    strange = ("patternProperties", "enum", "const", "not", *(() if loose else ("oneOf", "anyOf")))
    if any(word in at.value for word in strange):
        return False
    if not loose and isinstance(at.get("additionalProperties").value, dict):
        return False
    found.update((name, below) for name, below in at.get("properties").items() if isinstance(below.value, dict))
    required.update(each.value for each in at.get("required").entries() if isinstance(each.value, str))
    if not all(_gather(each, schemas, found, required, loose, hops - 1) for each in at.get("allOf").entries()):
        return False
    for word in ("oneOf", "anyOf") if loose else ():
        for each in at.get(word).entries():
            _gather(each, schemas, found, set(), loose, hops - 1)
    return True


def _flag(at: At, schemas: Schemas, word: str) -> bool:
    flat = schemas.flat(at)
    return at.value.get(word) is True or (isinstance(flat.value, dict) and flat.value.get(word) is True)


def _kinds(at: At, schemas: Schemas, hops: int) -> frozenset[str]:
    """The types that a schema lets in, as far as it says."""
    at = schemas.flat(at)
    if not isinstance(at.value, dict) or not hops:
        return frozenset()
    said = at.value.get("type")
    if said is not None:
        return frozenset(each for each in (said if isinstance(said, list) else [said]) if isinstance(each, str))
    guessed = {kind for word, kind in (("properties", "object"), ("items", "array")) if word in at.value}
    for word in ("allOf", "anyOf", "oneOf"):
        for each in at.get(word).entries():
            guessed |= _kinds(each, schemas, hops - 1)
    return frozenset(guessed)


def _is_file(at: At, encoding: Mapping[str, Any]) -> bool:
    if not isinstance(at.value, dict) or at.value.get("type", "string") not in ("string", "file"):
        return False
    if at.value.get("type") == "file" or at.value.get("format") == "binary":
        return True
    media = at.value.get("contentMediaType", encoding.get("contentType"))
    return isinstance(media, str) and not is_text(bare(media)) and "contentEncoding" not in at.value


def _encoded(encoding: Mapping[str, Any]) -> Style | None:
    """How a form's field is written, None where the description leaves it open."""
    if not encoding.keys() & {"style", "explode", "allowReserved"}:
        return None
    style = encoding.get("style", "form")
    if style not in ("form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject"):
        return None
    explode = encoding.get("explode")
    return Style(style=style, explode=explode if isinstance(explode, bool) else style == "form")


def _fixed(text: str) -> str:
    """A name or value as the description has it. Raises NotCarried when a plugin's file cannot hold it."""
    if text != clean(text):
        raise NotCarried(f"`{shortened(text, 60)}` cannot stand in a plugin's file")
    return text


def _literal(piece: str) -> str:
    if re.search(r"[{}\s]", piece) or piece != clean(piece):
        raise NotCarried("its path holds a brace or a space out of place")
    return piece
