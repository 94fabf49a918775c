"""A description written as a plugin file of kind `http`, whole in itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from server.catalog.auth_shape import http_auth
from server.catalog.openapi.carrying import Carried, Description, Wanted, carry
from server.catalog.openapi.document import NotADescription
from server.catalog.openapi.names import folded, shortened
from server.catalog.openapi.operations import LeftOut
from server.catalog.openapi.security import Credentials, Secret, credentials
from server.catalog.plugin_spec import HttpPlugin, Request
from server.catalog.references import reserved_names
from server.catalog.yaml_text import block, entry, scalar

FILL_IN = "https://set-me.invalid"


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
        notes.append(f"it names no address over http or https: write the service's in place of {FILL_IN}")
    notes.extend(note for each in carried for note in each.notes)
    text = "\n".join(_file(description.title, address, proof, carried)) + "\n"
    return Imported(text, len(carried), tuple(left_out), tuple(proof.secrets), tuple(notes))


def _reserved(proof: Credentials) -> frozenset[str]:
    plugin = HttpPlugin.model_construct(
        base_url="", functions=[], headers=proof.headers, auth=http_auth(proof.auth) if proof.auth else None
    )
    return frozenset(map(folded, {*reserved_names(plugin), *proof.query}))


def _file(title: str, address: str, proof: Credentials, carried: list[Carried]) -> Iterator[str]:
    yield "kind: http"
    if title:
        yield f"description: {scalar(shortened(title, 200))}"
    yield f"base_url: {scalar(address)}"
    if proof.headers:
        yield from entry("headers", proof.headers, 0)
    if proof.auth:
        yield from entry("auth", proof.auth, 0)
    yield "functions:"
    for each in carried:
        yield from block([_function(each, proof)], 1)


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
