"""The data service: the four verbs on each plugin's table, and the document that describes them."""

from __future__ import annotations

import json
import re
from typing import Any

from fastapi import APIRouter, Request

from server.api.data_document import describe
from server.api.data_shape import done, found, now_ms
from server.api.service import Serviced
from server.auth import Caller
from server.auth.rules import DATA_EDITOR, DATA_PUBLIC, DATA_VIEWER
from server.errors import BadRequest, NotFound
from server.plugins.rows import MOST_PAGES, MOST_ROWS, PAGE_SIZE, Row, Rows
from server.service import Service

router = APIRouter(prefix="/data/v1", tags=["data"])
_PAGING = ("page", "page_size")
_LONGEST_DETAIL = 300


@router.get("/{table}/openapi.json", dependencies=[DATA_PUBLIC])
async def document(table: str, service: Serviced) -> dict[str, Any]:
    """These calls on one table as OpenAPI 3.0, for programs that read such documents."""
    return describe(_table(service, table), service.settings.public_url or "")


@router.get("/{table}")
async def get_rows(table: str, request: Request, caller: DATA_VIEWER, service: Serviced) -> dict[str, Any]:
    """The rows that have the values of the query; `page` and `page_size`, at most 1,000."""
    start, rows = now_ms(), await _prepared(service, table)
    texts = _texts(request)
    page = _number(texts, "page", 1, MOST_PAGES)
    size = _number(texts, "page_size", PAGE_SIZE, MOST_ROWS)
    columns = {name: text for name, text in texts.items() if name not in _PAGING}
    return found(rows.columns, await rows.find(rows.filters(columns), page, size), size, start)


@router.post("/{table}")
async def create_row(table: str, request: Request, caller: DATA_EDITOR, service: Serviced) -> dict[str, Any]:
    """A new row; 409 when its key is there."""
    start, rows = now_ms(), await _writable(service, table)
    row = rows.body(await request.body())
    affected = await rows.insert(row)
    await _written(service, caller, "row_create", rows, row)
    return done(affected, start)


@router.put("/{table}")
async def update_row(table: str, request: Request, caller: DATA_EDITOR, service: Serviced) -> dict[str, Any]:
    """Writes the given columns of the key's row, which is made when it is not there."""
    start, rows = now_ms(), await _writable(service, table)
    row = rows.body(await request.body())
    affected = await rows.put(row)
    await _written(service, caller, "row_update", rows, row)
    return done(affected, start)


@router.delete("/{table}")
async def delete_row(table: str, request: Request, caller: DATA_EDITOR, service: Serviced) -> dict[str, Any]:
    """Deletes the row whose whole key the query holds, if it has the query's other values, too."""
    start, rows = now_ms(), await _writable(service, table)
    filters = rows.filters(_texts(request))
    affected = await rows.delete(filters)
    await _written(service, caller, "row_delete", rows, filters)
    return done(affected, start)


def _table(service: Service, name: str) -> Rows:
    rows = service.door.rows(name)
    if rows is None:
        raise NotFound(f"endpoint not found: no plugin has a table `{name[:80]}`.")
    return rows


async def _prepared(service: Service, table: str) -> Rows:
    rows = _table(service, table)
    await rows.prepared()
    return rows


async def _writable(service: Service, table: str) -> Rows:
    rows = await _prepared(service, table)
    if not rows.key:
        raise BadRequest(f"`{rows.name}` has no key, so its rows can only be read.")
    return rows


def _texts(request: Request) -> dict[str, str]:
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name in found if [each for each, _ in pairs].count(name) > 1)
        raise BadRequest(f"`{twice[:60]}` stands twice in the query; send it once.")
    return found


def _number(texts: dict[str, str], name: str, otherwise: int, most: int) -> int:
    text = texts.get(name, str(otherwise))
    if not re.fullmatch(r"[0-9]{1,18}", text) or not 1 <= int(text) <= most:
        raise BadRequest(f"`{name}` is a whole number from 1 to {most:,}.")
    return int(text)


async def _written(service: Service, caller: Caller, action: str, rows: Rows, row: Row) -> None:
    """Whoever's row it was, the next turn reads it anew; the audit has the key and the names of columns."""
    for user in rows.users(row):
        service.door.forget(user)
    detail = {"key": rows.whole_key(row), "columns": [name for name in row if name not in rows.key]}
    await service.note(caller, action, rows.name, json.dumps(detail, ensure_ascii=False)[:_LONGEST_DETAIL])
