"""What a tool answered, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from mcp.types import AudioContent, CallToolResult, EmbeddedResource, ImageContent, ResourceLink, TextContent
from mcp_types import BlobResourceContents

from server.plugins.operation import Outcome

MAX_BYTES = 2_000_000
_SHOWN_OF_AN_ERROR = 500


def outcome(server: str, answer: CallToolResult, request: dict[str, Any]) -> Outcome:
    """The structured content where there is one, else the texts; anything else as a note of its type and size."""
    value = _value(answer)
    size = len(orjson.dumps(value, default=str))
    if size > MAX_BYTES:
        return Outcome(None, "failed", f"{server} answered with more than {MAX_BYTES:,} bytes", request, size)
    if answer.is_error:
        said = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
        return Outcome(value, "failed", f"{server} says: {said[:_SHOWN_OF_AN_ERROR]}", request, size)
    return Outcome(value, request=request, bytes=size)


def _value(answer: CallToolResult) -> Any:
    parts = [_part(block) for block in answer.content]
    if answer.structured_content is not None:
        notes = [part for part in parts if not isinstance(part, str)]
        structured = _unwrapped(answer.structured_content)
        return {"result": structured, "also": notes} if notes else structured
    if not parts:
        return None
    return _read(parts[0]) if len(parts) == 1 else parts


def _unwrapped(value: Any) -> Any:
    """Servers that cannot answer with a plain value wrap it as `{"result": …}`."""
    return value["result"] if isinstance(value, dict) and value.keys() == {"result"} else value


def _read(part: Any) -> Any:
    """A text that is a JSON object or list, as what it is."""
    if isinstance(part, str) and part.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(part)
        except orjson.JSONDecodeError:
            return part
    return part


def _part(block: TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource) -> Any:
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            return _note(block.mime_type, block.data)
        case ResourceLink():
            return {"note": "a link, which is not followed", "type": block.mime_type or "", "name": block.name}
        case EmbeddedResource():
            held = block.resource
            if isinstance(held, BlobResourceContents):
                return _note(held.mime_type or "application/octet-stream", held.blob)
            return held.text


def _note(kind: str, data: str) -> dict[str, Any]:
    return {"note": "not text, so it is not shown", "type": kind, "bytes": len(data) * 3 // 4 - data[-2:].count("=")}


def said(pieces: Sequence[str]) -> str:
    """An error of the server's in one bounded line."""
    return " ".join(" ".join(pieces).split())[:_SHOWN_OF_AN_ERROR]
