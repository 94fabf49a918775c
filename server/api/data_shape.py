"""Answers and errors of the data service, in the shape that TiDB Cloud documents for its own.

"Response and HTTP Status Codes of Data Service", https://docs.pingcap.com/tidbcloud/data-service-response-and-status-code:
`{type, data: {columns, rows, result}}`. An answer's times are milliseconds; an error's are empty texts there, and here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from server.api.wire import json_bytes
from server.errors import RapportError
from server.plugins.rows import Row, ShownColumn

DATA = "/data/v1/"
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong: `data.result` has its code and its message",
        "content": {
            "application/json": {
                "schema": {
                    "title": "DataProblem",
                    "type": "object",
                    "required": ["type", "data"],
                    "properties": {
                        "type": {"const": "sql_endpoint"},
                        "data": {
                            "type": "object",
                            "required": ["columns", "rows", "result"],
                            "properties": {
                                "columns": {"type": "array", "maxItems": 0},
                                "rows": {"type": "array", "maxItems": 0},
                                "result": {
                                    "type": "object",
                                    "required": ["code", "message"],
                                    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
                                },
                            },
                        },
                    },
                }
            }
        },
    }
}
"""Every operation's errors, for the OpenAPI document."""
_BAD_PARAMETER = (400, 422)


def now_ms() -> int:
    """The time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def found(columns: Sequence[ShownColumn], rows: Sequence[Row], limit: int, start_ms: int) -> dict[str, Any]:
    """The answer with rows."""
    return _answer(columns, rows, start_ms, f"{_counted(len(rows))} in set", 0, limit)


def done(affected: int, start_ms: int) -> dict[str, Any]:
    """The answer to a write."""
    return _answer((), (), start_ms, f"{_counted(affected)} affected", affected, 0)


def data_refusal(error: RapportError) -> Response:
    """The answer that tells of an error; what is wrong with parameters is a 400 there."""
    status = 400 if error.status in _BAD_PARAMETER else error.status
    words = f"param check failed! {error.detail}" if status == 400 else error.detail
    result = {"code": status, "message": words, "start_ms": "", "end_ms": "", "latency": ""}
    body = _shape([], [], {**result, "row_count": 0, "row_affect": 0, "limit": 0})
    headers = {"www-authenticate": 'Bearer, Basic realm="data"'} if status == 401 else {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    return Response(json_bytes(body), status, headers, "application/json")


def _answer(
    columns: Sequence[ShownColumn], rows: Sequence[Row], start_ms: int, words: str, affected: int, limit: int
) -> dict[str, Any]:
    end_ms = max(now_ms(), start_ms)
    took = end_ms - start_ms
    result = {
        "code": 200,
        "message": f"Query OK, {words} ({took / 1000:.3f} sec)",
        "start_ms": start_ms,
        "end_ms": end_ms,
        "latency": f"{took}ms",
        "row_count": len(rows),
        "row_affect": affected,
        "limit": limit,
    }
    shown = [{"col": each.name, "data_type": each.data_type, "nullable": each.nullable} for each in columns]
    return _shape(shown, rows, result)


def _shape(columns: Sequence[Any], rows: Sequence[Row], result: dict[str, Any]) -> dict[str, Any]:
    return {"type": "sql_endpoint", "data": {"columns": list(columns), "rows": list(rows), "result": result}}


def _counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"
