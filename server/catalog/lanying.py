"""A Lanying `ai_plugin` export (JSON, version 1) written as a plugin file of kind `http`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from pydantic import ValidationError

from server.catalog.check import looks_secret
from server.catalog.openapi.names import clean, folded, function_name, shortened
from server.catalog.openapi.operations import LeftOut
from server.catalog.openapi.security import Secret
from server.catalog.openapi.writing import FILL_IN, Imported
from server.catalog.parsed import parse_plugin
from server.catalog.plugin_spec import HttpFunction, HttpPlugin, Request
from server.catalog.problems import errors_in
from server.catalog.references import reserved_names
from server.catalog.yaml_text import block, entry, scalar

MAX_BYTES = 5_000_000
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PLUGIN_KEYS = frozenset({"type", "version", "name", "description", "endpoint", "headers", "params", "envs"})
_FUNCTION_KEYS = frozenset({"type", "name", "description", "parameters", "function_call", "force_call"})
_CALL_KEYS = frozenset({"method", "url", "headers", "params", "body"})
_CREDENTIAL = re.compile(r"auth|token|secret|passw|cookie|credential|api.?key", re.IGNORECASE)
_SYSTEM = {
    "user.id": ("userid", "user", "uid", "fromuserid", "from", "senderid", "sender", "imuserid"),
    "user.name": ("username", "nickname", "usernickname"),
    "user.locale": ("locale", "language", "userlocale"),
    "conversation.id": ("conversationid", "sessionid", "chatid"),
}
_BOUND = {alias: name for name, aliases in _SYSTEM.items() for alias in aliases}


class NotAnExport(ValueError):
    """What was read is no export of a plugin, in words that follow the name of the file."""


class _Left(ValueError):
    """Why something cannot be carried over."""


@dataclass(slots=True)
class _Found:
    """What came up on the way, for people to know."""

    prefix: str
    secrets: dict[str, Secret] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def secret(self, name: str, words: str) -> str:
        """The reference to a secret that has to be set."""
        made = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")[:100] or "VALUE"
        made = made if made[0].isalpha() else f"S_{made}"
        self.secrets.setdefault(made, Secret(made, words))
        return f"${{secret.{made}}}"

    def leave(self, label: str, reason: object) -> None:
        self.left_out.append(LeftOut(shortened(label, 100), str(reason)))


def imported(data: bytes) -> Imported:
    """The plugin file with every function that can be carried over. Raises NotAnExport."""
    try:
        return _imported(_export(data))
    except RecursionError:
        raise NotAnExport("it is nested too deeply") from None


def _export(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise NotAnExport(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        export = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise NotAnExport(f"it is no JSON: {error}") from None
    if not isinstance(export, dict) or export.get("type") != "ai_plugin":
        raise NotAnExport("it is no export of a plugin: `type` is not `ai_plugin`")
    if export.get("version", 1) not in (1, "1"):
        raise NotAnExport(f"version `{shortened(str(export['version']), 20)}` is not known; there is version 1")
    if not isinstance(export.get("functions"), list) or not export["functions"]:
        raise NotAnExport("it has no list of `functions`")
    return export


def _imported(export: dict[str, Any]) -> Imported:
    name = export["name"] if isinstance(export.get("name"), str) else ""
    found = _Found(name)
    _unknown(export, _PLUGIN_KEYS | {"functions"}, "", found)
    plugin = _Plugin(export, found)
    functions = [made for said in export["functions"] if (made := plugin.function(said)) is not None]
    if not functions:
        reasons = "; ".join(dict.fromkeys(f"{each.label}: {each.reason}" for each in found.left_out[:3]))
        raise NotAnExport(f"none of its functions can be carried over ({reasons})")
    text = plugin.text(functions)
    parsed = parse_plugin("imported", "imported", text.encode())
    if wrong := errors_in(parsed.problems):
        raise NotAnExport(f"it cannot be written as a plugin: {wrong[0].message}")
    used = {name: secret for name, secret in found.secrets.items() if f"${{secret.{name}}}" in text}
    return Imported(text, len(functions), tuple(found.left_out), tuple(used.values()), tuple(found.notes))


def _unknown(said: Mapping[str, Any], known: frozenset[str], label: str, found: _Found) -> None:
    for key in said:
        if key not in known:
            found.leave(f"{label}`{key}`", "a plugin file has nothing of the kind")


class _Plugin:
    """What all functions share, and the functions one after the other."""

    def __init__(self, export: Mapping[str, Any], found: _Found) -> None:
        self.found, self.taken = found, set[str]()
        self.description = shortened(found.prefix, 200)
        self.headers: dict[str, str] = {}
        self.each_headers: dict[str, Any] = {}
        self.base, self.query = self._address(export)
        self._headers(_map(export.get("headers"), "headers", found))
        self.params = _map(export.get("params"), "params", found)
        for name in _names(export.get("envs")):
            found.secret(name, f"the environment variable `{clean(name)}` of the plugin")

    def text(self, functions: list[dict[str, Any]]) -> str:
        """The plugin file with these functions."""
        return "\n".join(self._lines(functions)) + "\n"

    def _lines(self, functions: list[dict[str, Any]]) -> Iterator[str]:
        yield "kind: http"
        if self.description:
            yield f"description: {scalar(self.description)}"
        yield f"base_url: {scalar(self.base)}"
        if self.headers:
            yield from entry("headers", self.headers, 0)
        yield "functions:"
        for each in functions:
            yield from block([each], 1)

    def function(self, said: Any) -> dict[str, Any] | None:
        """The function as the file has it; None, with the reason told, when it cannot be carried over."""
        label = str(said.get("name") or "a function") if isinstance(said, Mapping) else "a function"
        secrets = dict(self.found.secrets)
        try:
            made = _Function(self, said, label).made()
            self._hold(made)
        except _Left as reason:
            self.found.secrets = secrets
            self.found.leave(label, reason)
            return None
        self.taken.add(made["name"].lower())
        return made

    def _hold(self, made: dict[str, Any]) -> None:
        """Whether a plugin with only this function loads."""
        parsed = parse_plugin("imported", "imported", self.text([made]).encode())
        if wrong := errors_in(parsed.problems):
            raise _Left(wrong[0].message)

    def _address(self, export: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        said = export.get("endpoint")
        if isinstance(said, str) and not said:
            said = _common_origin(export["functions"])
        address = said.strip() if isinstance(said, str) else ""
        parts = _split(address)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or "${" in address:
            if said not in (None, ""):
                self.found.leave("`endpoint`", "it is no absolute address over HTTP")
            self.found.notes.append(f"it names no absolute address: write the service's in place of {FILL_IN}")
            return FILL_IN, {}
        if "@" in parts.netloc:
            self.found.leave("the user and password in `endpoint`", "write them under `auth`, as secrets")
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path.rstrip('/')}", dict(parse_qsl(parts.query, True))

    def _headers(self, said: Mapping[str, Any]) -> None:
        for name, slot in said.items():
            if _kind(slot) == "variable":
                self.each_headers[name] = slot
                continue
            try:
                self.headers[name] = header(slot, name, self.found)
            except _Left as reason:
                self.found.leave(f"the header `{name}`", reason)


class _Function:
    """One function on its way into the file."""

    def __init__(self, plugin: _Plugin, said: Any, label: str) -> None:
        if not isinstance(said, Mapping) or not isinstance(said.get("name"), str) or not said["name"]:
            raise _Left("it has no name")
        if said.get("type", "ai_function") != "ai_function":
            raise _Left("its `type` is not `ai_function`")
        if not isinstance(said.get("function_call"), Mapping):
            raise _Left("it has no `function_call`")
        self.plugin, self.said, self.label, self.found = plugin, said, label, plugin.found
        self.call: Mapping[str, Any] = said["function_call"]
        self.variables: dict[str, None] = {}

    def made(self) -> dict[str, Any]:
        """As the file has it. Raises _Left."""
        _unknown(self.said, _FUNCTION_KEYS, f"{self.label}: ", self.found)
        _unknown(self.call, _CALL_KEYS, f"{self.label}: function_call ", self.found)
        name = function_name(self.said["name"], self.plugin.taken)
        if name != self.said["name"]:
            self.found.notes.append(f"the function `{clean(self.said['name'])}` is called `{name}`")
        request = self._request()
        parameters = self._parameters(request)
        forced = self.said.get("force_call") in (True, 1, "true", "1")
        if forced and (self.variables or parameters.get("required")):
            self.found.leave(f"{self.label}: `force_call`", "a forced call takes no arguments from the model")
            forced = False
        description = self.said.get("description")
        made: dict[str, Any] = {"name": name}
        if isinstance(description, str) and description:
            made["description"] = clean(description)
        made.update({"force_call": True} if forced else {})
        made.update({"effect": "write"} if request["method"] not in ("GET", "HEAD") else {})
        return {**made, "parameters": parameters, "request": request}

    # The request

    def _request(self) -> dict[str, Any]:
        method = str(self.call.get("method") or "GET").upper()
        if method not in _METHODS:
            raise _Left(f"the method `{shortened(method, 20)}` is not one of {', '.join(_METHODS)}")
        path, query = self._path()
        params = {**self.plugin.params, **_map(self.call.get("params"), f"{self.label}: params", self.found)}
        query = {**self.plugin.query, **query, **{name: self._slot(slot, name) for name, slot in params.items()}}
        headers = {**self.plugin.each_headers, **_map(self.call.get("headers"), f"{self.label}: headers", self.found)}
        made = {"method": method, "path": path, "query": query, "headers": self._headers(headers)}
        return {key: value for key, value in {**made, **self._body(made["headers"])}.items() if value not in ({}, None)}

    def _headers(self, said: Mapping[str, Any]) -> dict[str, str]:
        self._note_variables(said)
        return {name: header(slot, name, self.found) for name, slot in said.items()}

    def _body(self, headers: Any) -> dict[str, Any]:
        said = self.call.get("body")
        if said in (None, "", {}, []):
            return {}
        body = self._slot(said, "body")
        kind = next((value.lower() for name, value in headers.items() if name.lower() == "content-type"), "")
        where = "form" if "x-www-form-urlencoded" in kind else "multipart" if "multipart/" in kind else "body"
        if where != "body" and isinstance(body, dict):
            for name in [name for name in headers if name.lower() == "content-type"]:
                del headers[name]
            return {where: body}
        return {"text": body} if isinstance(said, str) else {"body": body}

    def _path(self) -> tuple[str, dict[str, Any]]:
        said = self.call.get("url", "")
        if not isinstance(said, str):
            raise _Left("its `url` is no text; an address cannot come from a variable")
        if "${" in said:
            raise _Left("its `url` holds `${`, which begins a reference here")
        said = said.strip()
        parts = _split(said)
        if parts is None:
            raise _Left("its `url` is no address")
        if parts.scheme or parts.netloc:
            base = urlsplit(self.plugin.base)
            if (parts.scheme, parts.netloc) != (base.scheme, base.netloc):
                raise _Left(f"its `url` leads to `{shortened(parts.hostname or said, 80)}`, another host")
            if not f"{parts.path}/".startswith(f"{base.path}/"):
                raise _Left("its `url` leads out of the plugin's `endpoint`")
            path = parts.path[len(base.path) :]
        else:
            path = parts.path
        path = "/" + path.lstrip("/") if path else ""
        return self._filled(path), dict(parse_qsl(parts.query, True))

    def _filled(self, path: str) -> str:
        """`{name}` and `{{name}}` in a path as the arguments of those names."""

        def reference(match: re.Match[str]) -> str:
            self.variables[match[1]] = None
            return f"${{args.{match[1]}}}"

        return re.sub(r"\{\{?\s*([A-Za-z0-9_.-]+)\s*\}\}?", reference, path)

    def _slot(self, said: Any, name: str) -> Any:
        self._note_variables(said)
        return converted(said, name, self.found)

    def _note_variables(self, said: Any) -> None:
        if _kind(said) == "variable":
            self.variables[str(said["value"])] = None
        elif isinstance(said, Mapping):
            for below in said.values():
                self._note_variables(below)
        elif isinstance(said, list):
            for below in said:
                self._note_variables(below)

    # The parameters

    def _parameters(self, request: dict[str, Any]) -> dict[str, Any]:
        said = self.said.get("parameters") or {}
        if isinstance(said, str):
            try:
                said = orjson.loads(said)
            except orjson.JSONDecodeError:
                raise _Left("its `parameters` are no JSON") from None
        if not isinstance(said, dict) or not isinstance(said.get("properties", {}), dict):
            raise _Left("its `parameters` are no JSON Schema of an object")
        properties = dict(said.get("properties", {}))
        for name in self.variables:
            if name not in properties:
                properties[name] = {"type": "string"}
                self.found.notes.append(f"{self.label}: the variable `{clean(name)}` was not described; it is a text")
        required = self._without_bound(request, properties, said.get("required"))
        made = {"type": "object", **said, "properties": properties}
        made.pop("required", None)
        return {**made, **({"required": required} if required else {})}

    def _without_bound(self, request: dict[str, Any], properties: dict[str, Any], required: Any) -> Any:
        """Takes out what the server fills, so that the model is not asked for it."""
        bound = self._reserved(request)
        for name in [name for name in properties if folded(name) in bound and name not in self.variables]:
            del properties[name]
            self.found.notes.append(f"{self.label}: `{clean(name)}` is filled by the server, not by the model")
        return [name for name in required if name in properties] if isinstance(required, list) else required

    def _reserved(self, request: dict[str, Any]) -> frozenset[str]:
        try:
            function = HttpFunction.model_construct(name="", request=Request.model_validate(request))
        except ValidationError:
            raise _Left("its request has a shape that a plugin file cannot say") from None
        return reserved_names(
            HttpPlugin.model_construct(base_url="", functions=[], headers=self.plugin.headers, auth=None), function
        )


# --- slots -----------------------------------------------------------------------------------------------------


def _kind(said: Any) -> str | None:
    """`variable`, `env` or `system_env`; None for a literal."""
    if isinstance(said, Mapping) and set(said) == {"type", "value"} and isinstance(said["value"], str):
        return said["type"] if said["type"] in ("variable", "env", "system_env") else None
    return None


def converted(said: Any, name: str, found: _Found) -> Any:
    """A slot, or nested ones, with references for what is filled in later. Raises _Left."""
    kind = _kind(said)
    if kind is not None:
        return _reference(kind, said["value"], found)
    if isinstance(said, Mapping):
        if any("${" in key for key in said):
            raise _Left(f"a key in `{name}` holds `${{`, which begins a reference here")
        return {key: converted(below, key, found) for key, below in said.items()}
    if isinstance(said, list):
        return [converted(below, name, found) for below in said]
    return _literal(said, name, found)


def _reference(kind: str, value: str, found: _Found) -> str:
    if kind == "env":
        return found.secret(value, f"the environment variable `{clean(value)}` of the plugin")
    if kind == "system_env":
        bound = _BOUND.get(folded(value))
        if bound is None:
            raise _Left(f"the system environment's `{shortened(value, 60)}` has no like here")
        return f"${{{bound}}}"
    if not value or value != value.strip() or re.search(r"[{}\n]", value):
        raise _Left(f"the variable `{shortened(value, 60)}` has a name that no reference can have")
    return f"${{args.{value}}}"


def _literal(said: Any, name: str, found: _Found) -> Any:
    if not isinstance(said, str):
        return said
    if looks_secret(said) or (said and _CREDENTIAL.search(name)):
        return found.secret(f"{found.prefix}_{name}", f"the fixed value of `{clean(name)}`, which was not written")
    if "${" in said:
        raise _Left(f"the literal in `{name}` holds `${{`, which begins a reference here")
    return said


def header(said: Any, name: str, found: _Found) -> str:
    """A header's value as text. Raises _Left."""
    value = converted(said, name, found)
    if isinstance(value, dict | list) or value is None:
        raise _Left("its value is no text")
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if not text.isprintable():
        raise _Left("its value holds characters that no header can have")
    return text


def _map(said: Any, label: str, found: _Found) -> dict[str, Any]:
    if isinstance(said, dict):
        return said
    if said not in (None, "", []):
        found.leave(f"`{label}`", "it is no map of names and values")
    return {}


def _names(envs: Any) -> list[str]:
    """The names of the plugin's environment, as a map or a list of maps."""
    if isinstance(envs, Mapping):
        return list(envs)
    listed = envs if isinstance(envs, list) else []
    return [each["name"] for each in listed if isinstance(each, Mapping) and isinstance(each.get("name"), str)]


def _split(address: str) -> Any:
    try:
        parts = urlsplit(address)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def _common_origin(functions: list[Any]) -> str:
    """The origin of the first function with an absolute address."""
    for each in functions:
        call = each.get("function_call") if isinstance(each, Mapping) else None
        url = call.get("url") if isinstance(call, Mapping) else None
        parts = _split(url) if isinstance(url, str) else None
        if parts and parts.scheme and parts.netloc:
            return f"{parts.scheme}://{parts.netloc}"
    return ""
