"""What a service may answer, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from server.outgoing import Outgoing
from server.plugins import Door
from server.storage import Database

from .conftest import ANN, Load, Shelf

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ANSWERS: dict[str, tuple[int, str | None, bytes, Any]] = {
    "image": (200, "image/png", PNG, {"type": "image/png", "bytes": 28}),
    "binary": (200, "application/octet-stream", bytes(range(256)), {"type": "application/octet-stream", "bytes": 256}),
    "pdf": (200, "application/pdf", b"%PDF-1.7", {"type": "application/pdf", "bytes": 8}),
    "empty": (200, "application/json", b"", None),
    "none": (204, None, b"", None),
    "bom": (200, "application/json", b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    "nan": (200, "application/json", b'{"a": NaN}', '{"a": NaN}'),
    "broken": (200, "application/json", b'{"a": ', '{"a": '),
    "charset": (200, "text/plain; charset=nonsense", "Grüße".encode(), "Grüße"),
    "wrong": (200, "text/plain; charset=utf-8", "Grüße".encode("latin-1"), "Gr\ufffd\ufffde"),
    "latin": (200, "text/plain; charset=latin-1", "Grüße".encode("latin-1"), "Grüße"),
    "xml": (200, "application/xml", b"<a>1</a>", "<a>1</a>"),
    "problem": (200, "application/problem+json", b"[1]", [1]),
    "mislabelled": (200, "text/plain", b' {"a": [1]}', {"a": [1]}),
    "picture_as_text": (200, "text/plain", PNG, {"type": "image/png", "bytes": 28}),
}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.StreamResponse:
        status, kind, body, _ = ANSWERS[request.path.strip("/")]
        return web.Response(status=status, body=body, headers={"Content-Type": kind} if kind else {})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def door(database: Database, port: int, shelf: Shelf) -> AsyncIterator[Door]:
    outgoing = Outgoing([f"127.0.0.1:{port}"])
    made = Door(shelf, database, outgoing, {}.get)
    yield made
    made.close()
    await outgoing.close()


@pytest.mark.parametrize("kind", ANSWERS)
async def test_every_answer_becomes_a_value_or_a_note(door: Door, load: Load, port: int, kind: str) -> None:
    text = f"base_url: http://127.0.0.1:{port}\nfunctions: [{{name: ask, request: {{path: /{kind}}}}}]\n"
    result = await door.call([load(text)], "ask", "{}", ANN)
    expected = ANSWERS[kind][3]
    assert result.status == "ok"
    if isinstance(expected, dict) and "bytes" in expected:
        assert result.value == {"note": "not text, so it is not shown", **expected}
    else:
        assert result.value == expected


async def test_an_answer_to_head_has_no_body(door: Door, load: Load, port: int) -> None:
    text = f"base_url: http://127.0.0.1:{port}\nfunctions: [{{name: ask, request: {{method: HEAD, path: /xml}}}}]\n"
    result = await door.call([load(text)], "ask", "{}", ANN)
    assert (result.status, result.value) == ("ok", None)
