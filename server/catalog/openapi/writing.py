"""A description written as a plugin file of kind `http`, whole in itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from server.catalog.openapi.carrying import Carried, Description, Wanted, carry
from server.catalog.openapi.document import NotADescription
from server.catalog.openapi.names import folded, shortened
from server.catalog.openapi.operations import LeftOut
from server.catalog.openapi.security import Credentials, Secret, credentials
from server.catalog.plugin_spec import HttpPlugin, Request
from server.catalog.references import reserved_names

FILL_IN = "https://set-me.invalid"
_WIDE = 110
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_/.-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Imported:
    """A plugin file, and what people have to know of it."""

    text: str
    functions: int
    left_out: tuple[LeftOut, ...]
    secrets: tuple[Secret, ...]
    notes: tuple[str, ...]


def imported(description: Description) -> Imported:
    """The plugin file with every operation that can be carried. Raises NotADescription when there is none."""
    proof = credentials(
        description.documents,
        description.version,
        (operation.security for operation in description.operations),
        description.title,
        description.address,
    )
    wanted = Wanted(reserved=_reserved(proof), credentials=proof.slots)
    carried, left_out = carry(description, wanted)
    left_out = [*description.left_out, *left_out]
    if not carried:
        reasons = "; ".join(dict.fromkeys(each.reason for each in left_out[:3]))
        raise NotADescription("it has no operation that can be carried over" + (f": {reasons}" if reasons else ""))
    notes = list(proof.notes)
    address = description.address
    if not urlsplit(address).netloc:
        address = FILL_IN + address
        notes.append(f"it names no absolute address: write the service's in place of {FILL_IN}")
    text = "\n".join(_file(description.title, address, proof, carried)) + "\n"
    return Imported(text, len(carried), tuple(left_out), tuple(proof.secrets), tuple(notes))


def _reserved(proof: Credentials) -> frozenset[str]:
    plugin = HttpPlugin.model_construct(base_url="", functions=[], headers=proof.headers, auth=proof.auth)
    return frozenset(map(folded, {*reserved_names(plugin), *proof.query}))


def _file(title: str, address: str, proof: Credentials, carried: list[Carried]) -> Iterator[str]:
    yield "kind: http"
    if title:
        yield f"description: {_scalar(shortened(title, 200))}"
    yield f"base_url: {_scalar(address)}"
    if proof.headers:
        yield from _entry("headers", proof.headers, 0)
    if proof.auth:
        yield from _entry("auth", proof.auth, 0)
    yield "functions:"
    for each in carried:
        yield from _block([_function(each, proof)], 1)


def _function(carried: Carried, proof: Credentials) -> dict[str, Any]:
    operation = carried.operation
    made: dict[str, Any] = {"name": operation.name, "description": operation.description}
    if operation.method not in ("GET", "HEAD"):
        made["effect"] = "write"
    made["parameters"] = carried.placed.parameters
    made["request"] = _request(carried.placed.request, proof)
    return made


def _request(request: Request, proof: Credentials) -> dict[str, Any]:
    said = request.model_dump(mode="json", exclude_defaults=True)
    made = {"method": request.method, "path": request.path, **said}
    if request.body is not None:
        made["body"] = request.body
    if proof.query:
        made["query"] = {**request.query, **proof.query}
    return made


# --- YAML ------------------------------------------------------------------------------------------------------


def _block(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _entry(key, below, depth)
        return
    for each in value:
        flow = _flow(each)
        if flow is not None and len(flow) + len(indent) < _WIDE:
            yield f"{indent}- {flow}"
        else:
            lines = list(_block(each, depth + 1))
            yield f"{indent}- {lines[0].lstrip(' ')}"
            yield from lines[1:]


def _entry(key: str, value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    flow = _flow(value)
    if flow is not None and (not isinstance(value, dict | list) or len(flow) + len(indent) + len(key) < _WIDE):
        yield f"{indent}{_scalar(key)}: {flow}"
    else:
        yield f"{indent}{_scalar(key)}:"
        yield from _block(value, depth + 1)


def _flow(value: Any, room: int = _WIDE) -> str | None:
    """The value on one line, None when it is a map or list too long for that."""
    if not isinstance(value, dict | list):
        return _scalar(value)
    parts: list[str] = []
    for each in value.items() if isinstance(value, dict) else value:
        part = _flow(each[1] if isinstance(value, dict) else each, room)
        if part is None:
            return None
        parts.append(f"{_scalar(each[0])}: {part}" if isinstance(value, dict) else part)
        room -= len(parts[-1]) + 2
        if room < 0:
            return None
    return f"{{{', '.join(parts)}}}" if isinstance(value, dict) else f"[{', '.join(parts)}]"


def _scalar(value: Any) -> str:
    """Text plain where nobody can read it as anything else; all else as JSON, which YAML 1.2 takes."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
