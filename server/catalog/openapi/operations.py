"""The operations of a description, of any version, in one shape: where each stands and what it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urljoin, urlsplit

from server.catalog.openapi.document import At, Documents, NotCarried, Version
from server.catalog.openapi.names import function_name, shortened

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_DESCRIPTION = 1_000
_MULTIPART, _FORM = "multipart/form-data", "application/x-www-form-urlencoded"

Location = Literal["path", "query", "header", "cookie"]
StyleName = Literal[
    "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject"
]
_DEFAULT: dict[Location, StyleName] = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_ALLOWED: dict[Location, frozenset[str]] = {
    "path": frozenset({"simple", "label", "matrix"}),
    "header": frozenset({"simple"}),
    "query": frozenset({"form", "spaceDelimited", "pipeDelimited", "deepObject"}),
    "cookie": frozenset({"form"}),
}
_COLLECTIONS: dict[str, tuple[StyleName, bool]] = {
    "csv": ("form", False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `media` is set when its value is a document of that type, as `content` says."""

    name: str
    location: Location
    schema: At
    required: bool
    description: str
    style: StyleName
    explode: bool
    reserved: bool = False
    media: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """The body: its media type, its schema, and for forms how each field is written."""

    media: str
    schema: At
    required: bool | None
    description: str = ""
    encoding: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the description has it; `id` is empty when it has none, `name` is always there."""

    id: str
    name: str
    description: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    server: str | None
    security: Any

    @property
    def label(self) -> str:
        """What people know it by."""
        return self.id or f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that could not be carried over, and why."""

    label: str
    reason: str
    name: str = ""


@dataclass(slots=True)
class _Reader:
    documents: Documents
    version: Version
    source: str
    taken: set[str] = field(default_factory=set)

    @property
    def root(self) -> At:
        return At(self.documents.root)

    def operations(self) -> Iterator[Operation | LeftOut]:
        for path, item in self.root.get("paths").items():
            if not path.startswith("x-"):
                yield from self.of_path(path, item)

    def of_path(self, path: str, item: At) -> Iterator[Operation | LeftOut]:
        try:
            beside = item.value if isinstance(item.value, dict) else {}
            item = self.documents.resolved(item)
        except NotCarried as problem:
            yield LeftOut(path[:200], str(problem))
            return
        if item.value is None:
            return
        if not isinstance(item.value, dict):
            yield LeftOut(path[:200], "it holds no operations")
            return
        if "$ref" in beside:
            item = At({**item.value, **{k: v for k, v in beside.items() if k != "$ref"}}, item.file)
        for method in METHODS:
            if isinstance(item.get(method).value, dict):
                yield self.of_method(path, method, item, item.get(method))

    def of_method(self, path: str, method: str, item: At, at: At) -> Operation | LeftOut:
        said = at.text("operationId")
        name = function_name(said or f"{method}_{path}", self.taken)
        self.taken.add(name.lower())
        label = shortened(said or f"{method.upper()} {path}", 200)
        try:
            if method in ("options", "trace"):
                raise NotCarried(f"{method.upper()} is no method that functions have")
            return self.read(path, method, item, at, said, name)
        except NotCarried as problem:
            return LeftOut(label, str(problem), name)

    def read(self, path: str, method: str, item: At, at: At, said: str, name: str) -> Operation:
        parameters = self.parameters(item, at)
        address, _, query = path.partition("#")[0].partition("?")
        return Operation(
            id=said,
            name=name,
            description=_described(at, item) or f"{method.upper()} {path}",
            method=method.upper(),
            path=address,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            parameters=tuple(self.parameter(each) for each in parameters if _is_parameter(each)),
            body=self.body_2(at, parameters) if self.version == "2.0" else self.body_3(at),
            server=self.own_server(item, at),
            security=at.value.get("security"),
        )

    # --- parameters ---

    def parameters(self, item: At, at: At) -> list[At]:
        """Those of the operation, and those of its path that it does not replace."""
        found: dict[tuple[str, str], At] = {}
        for owner in (item, at):
            listed = owner.get("parameters")
            if not isinstance(listed.value, list | None):
                raise NotCarried("its `parameters` are no list")
            for each in listed.entries():
                resolved = self.documents.resolved(each)
                if not isinstance(resolved.value, dict):
                    raise NotCarried("one of its parameters is no object")
                found[resolved.text("name"), resolved.text("in")] = resolved
        return list(found.values())

    def parameter(self, at: At) -> Parameter:
        location: Location = at.value["in"]
        name = at.text("name")
        if not name:
            raise NotCarried("one of its parameters has no name")
        content = next(at.get("content").items(), None)
        schema = content[1].get("schema") if content else (at if self.version == "2.0" else at.get("schema"))
        _has_shape(schema, f"parameter `{shortened(name, 60)}`")
        style, explode = self.style(at, location)
        return Parameter(
            name=name,
            location=location,
            schema=schema,
            required=at.value.get("required") is True or location == "path",
            description=at.text("description"),
            style=style,
            explode=explode,
            reserved=at.value.get("allowReserved") is True,
            media=content[0] if content else "",
        )

    def style(self, at: At, location: Location) -> tuple[StyleName, bool]:
        if self.version == "2.0":
            style, explode = _COLLECTIONS.get(at.text("collectionFormat"), ("form", False))
            if location in ("path", "header") and style == "form":
                style = "simple"
            return style, explode
        said = at.text("style") or _DEFAULT[location]
        if said not in _ALLOWED[location]:
            raise NotCarried(f"the style `{said[:40]}` is none for a parameter in the {location}")
        explode = at.value.get("explode")
        return said, explode if isinstance(explode, bool) else said == "form"  # type: ignore[return-value]

    # --- bodies ---

    def body_3(self, at: At) -> Body | None:
        body = self.documents.resolved(at.get("requestBody"))
        kinds = {kind: media for kind, media in body.get("content").items() if isinstance(media.value, dict)}
        if not kinds:
            return None
        media = preferred(list(kinds))
        encoding = kinds[media].get("encoding").value
        _has_shape(kinds[media].get("schema"), "body")
        return Body(
            media=media,
            schema=kinds[media].get("schema"),
            required=body.value.get("required") if isinstance(body.value.get("required"), bool) else None,
            description=body.text("description"),
            encoding={k: v for k, v in encoding.items() if isinstance(v, dict)} if isinstance(encoding, dict) else {},
        )

    def body_2(self, at: At, parameters: list[At]) -> Body | None:
        consumed = at.get("consumes").value or self.root.get("consumes").value or []
        kinds = [kind for kind in consumed if isinstance(kind, str)] if isinstance(consumed, list) else []
        for each in parameters:
            if each.text("in") == "body":
                media = preferred(kinds or ["application/json"])
                required = each.value.get("required") if isinstance(each.value.get("required"), bool) else None
                _has_shape(each.get("schema"), "body")
                return Body(media, each.get("schema"), required, each.text("description"))
        fields = [each for each in parameters if each.text("in") == "formData" and each.text("name")]
        return _form_body(fields, kinds) if fields else None

    # --- servers ---

    def own_server(self, item: At, at: At) -> str | None:
        """The address of the operation's own server, None when it has none but the description's."""
        for owner in (at, item):
            first = next(owner.get("servers").entries(), None)
            if first is not None:
                return server_address(first, self.source)
        return None


def read_operations(documents: Documents, version: Version, source: str) -> list[Operation | LeftOut]:
    """Every operation, in the description's order. `source` is its own address, empty for a file."""
    return list(_Reader(documents, version, source).operations())


def _is_parameter(at: At) -> bool:
    return at.text("in") in _DEFAULT


def _has_shape(schema: At, owner: str) -> None:
    if not isinstance(schema.value, dict | bool | None):
        raise NotCarried(f"the schema of its {owner} is no schema")


def _described(at: At, item: At) -> str:
    summary, said = at.text("summary") or item.text("summary"), at.text("description")
    parts = [part.strip() for part in (summary, said) if part.strip()]
    if len(parts) == 2 and parts[1].startswith(parts[0].rstrip(".")):
        del parts[0]
    return shortened("\n".join(parts), _DESCRIPTION)


def _form_body(fields: list[At], kinds: list[str]) -> Body:
    """The form fields of Swagger 2 as the one schema that later versions have."""
    uploads = any(each.text("type") == "file" for each in fields)
    media = _MULTIPART if uploads or (_MULTIPART in kinds and _FORM not in kinds) else _FORM
    encoding: dict[str, dict[str, Any]] = {}
    properties: dict[str, Any] = {}
    for each in fields:
        schema = {word: value for word, value in each.value.items() if word not in ("in", "name", "required")}
        if schema.get("type") == "file":
            schema |= {"type": "string", "format": "binary"}
        style, explode = _COLLECTIONS.get(each.text("collectionFormat"), ("form", False))
        encoding[each.text("name")] = {"style": style, "explode": explode}
        properties[each.text("name")] = schema
    required = [each.text("name") for each in fields if each.value.get("required") is True]
    schema = {"type": "object", "properties": properties, "required": required}
    return Body(media, At(schema, fields[0].file), bool(required), "", encoding)


def preferred(kinds: list[str]) -> str:
    """The media type that is easiest to fill: JSON, then forms, then text."""
    return min(kinds, key=lambda kind: (_rank(kind), kinds.index(kind)))


def _rank(kind: str) -> int:
    plain = bare(kind)
    orders = (is_json(plain), plain == _FORM, plain == _MULTIPART, plain == "text/plain", is_text(plain))
    return next((rank for rank, fits in enumerate(orders) if fits), len(orders))


def bare(media: str) -> str:
    """The media type without its parameters."""
    return media.partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    """Whether a body of that type is JSON, or may be."""
    return media in ("application/json", "text/json", "*/*", "application/*") or media.endswith("+json")


def is_text(media: str) -> bool:
    """Whether a body of that type is text that a model can write."""
    return media.startswith("text/") or bool(re.search(r"xml|yaml|json|graphql|csv|javascript|sparql|sql$", media))


# --- servers ---------------------------------------------------------------------------------------------------


def base_address(root: At, version: Version, source: str) -> str:
    """The description's own address, `/path` when it names no host, empty when it names none at all."""
    if version != "2.0":
        first = next(root.get("servers").entries(), None)
        return server_address(first, source) if first is not None else _against(source, "/") if source else ""
    host, path = root.text("host"), root.text("basePath") or "/"
    schemes = [each.value for each in root.get("schemes").entries() if each.value in ("http", "https")]
    if not host:
        return _against(source, path)
    scheme = "https" if "https" in schemes or not schemes else schemes[0]
    return _usable(f"{scheme}://{host}/{path.lstrip('/')}")


def server_address(server: At, source: str) -> str:
    """The server's address with its variables' defaults, read against the description's own."""
    address = server.text("url")
    for name, variable in server.get("variables").items():
        default = variable.value.get("default") if isinstance(variable.value, dict) else None
        choices = [each.value for each in variable.get("enum").entries()]
        chosen = default if default is not None else next(iter(choices), "")
        address = address.replace("{" + name + "}", str(chosen))
    return _against(source, address)


def _against(source: str, address: str) -> str:
    try:
        return _usable(urljoin(source, address) if source else address)
    except ValueError:
        return ""


def _usable(address: str) -> str:
    """The address without what a base address cannot have; `/path` when it has no host, empty when of no use."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("", "http", "https"):
        return ""
    path = parts.path.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*", path) or "${" in path or ".." in path.split("/"):
        path = ""
    host = re.sub(r":\d*$", "", parts.netloc.rpartition("@")[2])
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]", host):
        return path
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"
