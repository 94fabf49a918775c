"""One way to the server: bytes out, JSON or events back, and every failure as one of three errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from console.client.errors import FieldError, Refused, ServerAway, SignedOut

_KNOWN = frozenset({"type", "title", "status", "detail", "errors", "instance"})
TIMEOUT = httpx.Timeout(30.0, connect=3.0)
STREAM_TIMEOUT = httpx.Timeout(120.0, connect=3.0)
Query = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event."""

    id: int
    name: str
    data: Mapping[str, Any]


class Transport:
    """Calls the API as one person. Raises ServerAway, SignedOut or Refused, and nothing else.

    `forbidden` is called before a Refused of status 403.
    """

    def __init__(self, http: httpx.Client, token: str, forbidden: Callable[[], None] | None = None) -> None:
        self._http = http
        self._forbidden = forbidden
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def json(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Any:
        """The answer's JSON; None for an empty answer."""
        content = orjson.dumps(body) if body is not None else None
        answer = self._send(method, path, query, content, "application/json" if body is not None else None)
        return orjson.loads(answer.content) if answer.content else None

    def raw(self, method: str, path: str, *, query: Query | None = None, body: bytes | None = None) -> bytes:
        """The answer's bytes; `body` is sent as it is."""
        return self._send(method, path, query, body, "application/octet-stream" if body is not None else None).content

    def events(self, method: str, path: str, *, body: Any = None, after: int = 0) -> Iterator[StreamEvent]:
        """The events of a stream as they come."""
        headers = {**self._headers, "Accept": "text/event-stream", "Content-Type": "application/json"}
        if after:
            headers["Last-Event-ID"] = str(after)
        content = orjson.dumps(body) if body is not None else None
        try:
            with self._http.stream(
                method, _path(path), content=content, headers=headers, timeout=STREAM_TIMEOUT
            ) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    self._turn_away(answer)
                yield from _read_events(answer.iter_lines())
        except httpx.HTTPError as error:
            raise ServerAway(str(error) or type(error).__name__) from error

    def _send(
        self, method: str, path: str, query: Query | None, content: bytes | None, kind: str | None
    ) -> httpx.Response:
        headers = {**self._headers, **({"Content-Type": kind} if kind else {})}
        params = {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in (query or {}).items()
            if value is not None and value != ""
        }
        try:
            answer = self._http.request(method, _path(path), params=params, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise ServerAway(str(error) or type(error).__name__) from error
        if answer.status_code >= 400:
            self._turn_away(answer)
        return answer

    def _turn_away(self, answer: httpx.Response) -> None:
        if answer.status_code == 403 and self._forbidden:
            self._forbidden()
        _refuse(answer)


def _path(path: str) -> str:
    return path if path in ("/healthz", "/readyz") or path.startswith("/schemas/") else "/api/v1" + path


def _refuse(answer: httpx.Response) -> None:
    if answer.status_code == 401:
        raise SignedOut
    if answer.status_code in (502, 503, 504):
        raise ServerAway(_problem(answer).get("detail", "") or f"status {answer.status_code}")
    problem = _problem(answer)
    raise Refused(
        status=answer.status_code,
        title=str(problem.get("title", "")),
        detail=str(problem.get("detail", "")),
        errors=tuple(
            FieldError(str(one.get("field", "")), str(one.get("message", ""))) for one in problem.get("errors", [])
        ),
        extra={name: value for name, value in problem.items() if name not in _KNOWN},
    )


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _read_events(lines: Iterator[str]) -> Iterator[StreamEvent]:
    name, number, data = "message", 0, ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            data += line[6:]
        elif not line and data:
            yield StreamEvent(number, name, orjson.loads(data))
            name, data = "message", ""
