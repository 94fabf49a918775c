"""One table's calls as an OpenAPI 3.0 document, which programs and `rapport import openapi` read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server import __version__
from server.plugins.rows import MOST_PAGES, MOST_ROWS, PAGE_SIZE, Rows

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_REFUSALS = {
    "400": "The request is wrong; the message says where",
    "401": "No key, or one that is not known",
    "403": "The key's role may not do this",
    "409": "The row's key is there already, or a rule of the database forbids the change",
    "413": "The body is too large",
    "503": "The database does not answer now",
}


def describe(rows: Rows, public_url: str) -> dict[str, Any]:
    """Exactly the calls that the table takes; one without a key is only read."""
    calls = {"get": _get(rows)}
    if rows.key:
        calls |= {"post": _create(rows), "put": _update(rows), "delete": _delete(rows)}
    about = rows.store.spec.description or f"Rows of the table {rows.name}."
    return {
        "openapi": "3.0.3",
        "info": {"title": f"Data service: {rows.name}", "version": __version__, "description": about},
        "servers": [{"url": f"{public_url.rstrip('/')}/data/v1"}],
        "security": [{"bearer": []}, {"basic": []}],
        "paths": {f"/{rows.name}": calls},
        "components": {"securitySchemes": _SCHEMES, "schemas": _schemas(rows)},
    }


_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key"},
    "basic": {"type": "http", "scheme": "basic", "description": "An API key's id as user, the key as password"},
}


def _get(rows: Rows) -> dict[str, Any]:
    page = {"type": "integer", "minimum": 1, "maximum": MOST_PAGES, "default": 1}
    size = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": PAGE_SIZE}
    paging = {"page": page, "page_size": size}
    columns = {name: schema for name, schema in rows.properties().items() if name not in paging}
    return {
        "operationId": f"get_{rows.name}",
        "summary": f"Rows of {rows.name} that have the given values; all of them, page by page, without any",
        "parameters": [_parameter(name, schema, False) for name, schema in (columns | paging).items()],
        "responses": _answers("Rows"),
    }


def _create(rows: Rows) -> dict[str, Any]:
    words = f"Add a row to {rows.name}; refused when its key is there"
    return _writing(rows, "create", words, "NewRow")


def _update(rows: Rows) -> dict[str, Any]:
    words = f"Write the given columns of a row of {rows.name}, which is made when it is not there"
    return _writing(rows, "update", words, "ChangedRow")


def _delete(rows: Rows) -> dict[str, Any]:
    return {
        "operationId": f"delete_{rows.name}",
        "summary": f"Delete the row of {rows.name} that has this key, if it has the other values, too",
        "parameters": [_parameter(name, schema, name in rows.key) for name, schema in rows.properties().items()],
        "responses": _answers("Done"),
    }


def _writing(rows: Rows, verb: str, summary: str, shape: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{shape}"}
    return {
        "operationId": f"{verb}_{rows.name}",
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _answers("Done"),
    }


def _parameter(name: str, schema: Mapping[str, Any], required: bool) -> dict[str, Any]:
    inner = {word: value for word, value in schema.items() if word != "description"}
    told = {"description": schema["description"]} if "description" in schema else {}
    return {"name": name, "in": "query", "required": required, **told, "schema": inner}


def _answers(shape: str) -> dict[str, Any]:
    refusals = {status: _answer(words, "Refusal") for status, words in _REFUSALS.items()}
    return {"200": _answer("Done", shape), **refusals}


def _answer(words: str, shape: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{shape}"}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _schemas(rows: Rows) -> dict[str, Any]:
    properties = rows.properties()
    given = {name: schema if name in rows.key else {**schema, "nullable": True} for name, schema in properties.items()}
    row = {"type": "object", "properties": given, "additionalProperties": False}
    writing = {"NewRow": {**row, "required": rows.key}} if rows.key else {}
    if rows.key:
        writing["ChangedRow"] = {**row, "required": rows.key, "minProperties": len(rows.key) + 1}
    read = {name: _as_read(schema) for name, schema in given.items()}
    shown = {"type": "object", "properties": read, "required": list(read)}
    times = {"start_ms": _WHOLE, "end_ms": _WHOLE}
    none = {"start_ms": {"type": "string", "enum": [""]}, "end_ms": {"type": "string", "enum": [""]}}
    return {
        **writing,
        "Row": shown,
        "Rows": _shape({"$ref": "#/components/schemas/Row"}, times),
        "Done": _shape({"type": "object"}, times),
        "Refusal": _shape({"type": "object"}, none),
    }


def _as_read(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a row may hold that somebody else wrote: only its type is certain."""
    return {word: schema[word] for word in ("type", "description", "nullable") if word in schema}


def _shape(row: dict[str, Any], times: dict[str, Any]) -> dict[str, Any]:
    column = _object({"col": _TEXT, "data_type": _TEXT, "nullable": {"type": "boolean"}})
    counts = {"row_count": _WHOLE, "row_affect": _WHOLE, "limit": _WHOLE}
    result = _object({"code": _WHOLE, "message": _TEXT, **times, "latency": _TEXT, **counts})
    many = {"columns": {"type": "array", "items": column}, "rows": {"type": "array", "items": row}}
    return _object({"type": {"type": "string", "enum": ["sql_endpoint"]}, "data": _object({**many, "result": result})})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
