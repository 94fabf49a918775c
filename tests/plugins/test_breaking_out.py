"""Arguments made to break out of where they stand, sent through the door to a real server that takes requests apart."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from email.parser import BytesParser
from urllib.parse import parse_qsl, unquote

import pytest

from server.outgoing import Outgoing
from server.plugins import Door
from server.storage import Database

from .conftest import ANN, Asked, Crm, Load, Shelf

PLUGIN = """
base_url: URL/v1
headers: {X-Owner: "${user.id}"}
functions:
  - name: ask
    effect: read
    parameters: {type: object, properties: {v: {type: string}}}
    request: REQUEST
"""
REQUESTS = {
    "path": '{path: "/own/${args.v}/end"}',
    "query": '{path: /q, query: {owner: "${user.id}", v: "${args.v}"}}',
    "header": '{path: /h, headers: {X-V: "${args.v}"}}',
    "json": '{method: POST, path: /j, body: {owner: "${user.id}", v: "${args.v}"}}',
    "form": '{method: POST, path: /f, form: {owner: "${user.id}", v: "${args.v}"}}',
    "multipart": '{method: POST, path: /m, multipart: {owner: "${user.id}", v: "${args.v}"}}',
}
SEEDS = [
    *(
        "..",
        ".",
        "../../admin",
        "..%2f..%2fadmin",
        "%2e%2e",
        "%2e%2e%2f",
        "..\\..\\",
        "a/../../b",
        "/",
        "//evil.example/",
    ),
    *(
        "a/b",
        "a%2fb",
        "a?owner=x",
        "a#b",
        "a&owner=eve",
        "a;owner=eve",
        "a=b",
        "?owner=eve",
        "&owner=eve&",
        "%26owner%3Deve",
    ),
    *(
        "\r\nX-Owner: eve",
        "\nX-Owner: eve",
        "\rX: y",
        "%0d%0aX-Owner:%20eve",
        "\r\n\r\nGET /admin HTTP/1.1",
        "a\0b",
        "\u2028x",
    ),
    *('","owner":"eve', '"}', '{"owner": "eve"}', "\\", '\\"', "\\u0022,", "}", "]", "null", "true", "1e999", "NaN"),
    *(
        "--boundary",
        "\r\n--boundary\r\n",
        '--\r\nContent-Disposition: form-data; name="owner"\r\n\r\neve',
        '"; name="owner',
    ),
    *("@evil.example", "http://evil.example/", "evil.example:80", "//x@y", "javascript:1", "file:///etc/passwd"),
    *(
        "${user.id}",
        "${secret.TOKEN}",
        "${args.v}",
        "{{7*7}}",
        "${",
        "$",
        "%s",
        "%",
        "%%",
        "%zz",
        "%u002e",
        "+",
        " ",
        "\t",
    ),
    *("．．", "．．／", "․․", "\u202e..", "é", "e\u0301", "😀", "\ufeff", "\u200b", "\x7f", "\x85", "a" * 3000),
]
FRAMES = ("{}", "a{}", "{}a", "{0}{0}", "x/{}", "{}/x", " {}", "{} ", "'{}'", "%25{}")
HOSTILE = sorted({frame.replace("{0}", "{}").replace("{}", seed) for seed in SEEDS for frame in FRAMES})


@pytest.fixture
async def door(database: Database, crm: Crm, shelf: Shelf) -> AsyncIterator[Door]:
    outgoing = Outgoing([f"127.0.0.1:{crm.port}"])
    made = Door(shelf, database, outgoing, {"TOKEN": "t0p-s3cret"}.get)
    yield made
    made.close()
    await outgoing.close()


def _arrived(place: str, asked: Asked) -> tuple[str | None, str | None]:
    """(owner, value) as the other side reads them."""
    if place == "path":
        parts = asked.path.split("/")
        assert (len(parts), parts[:3], parts[4], asked.query) == (5, ["", "v1", "own"], "end", ""), asked.path
        return asked.headers["X-Owner"], unquote(parts[3])
    if place == "header":
        text = asked.headers.get("X-V")
        return asked.headers["X-Owner"], text.encode("utf-8", "surrogateescape").decode() if text is not None else None
    if place == "json":
        found = json.loads(asked.body, object_pairs_hook=list)
    elif place == "multipart":
        whole = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode() + asked.body
        parts_of = BytesParser().parsebytes(whole).get_payload()
        assert isinstance(parts_of, list)
        found = [
            (str(part.get_param("name", header="content-disposition")), part.get_payload(decode=True).decode())  # type: ignore[union-attr]
            for part in parts_of
        ]
    else:
        text = asked.query if place == "query" else asked.body.decode()
        found = parse_qsl(text, keep_blank_values=True, strict_parsing=True, separator="&")
    assert [name for name, _ in found] == ["owner", "v"]
    return found[0][1], found[1][1]


@pytest.mark.parametrize("place", REQUESTS)
async def test_no_argument_breaks_out(door: Door, load: Load, crm: Crm, place: str) -> None:
    plugins = [load(PLUGIN.replace("URL", crm.url).replace("REQUEST", REQUESTS[place]))]
    sent = refused = 0
    for value in HOSTILE:
        crm.asked.clear()
        result = await door.call(plugins, "ask", {"v": value}, ANN)
        if not crm.asked:
            assert result.status in ("failed", "refused")
            refused += 1
            continue
        (asked,) = crm.asked
        owner, arrived = _arrived(place, asked)
        assert owner == "v_ann"
        assert arrived == (value.strip(" \t") if place == "header" else value), repr(value)
        assert set(asked.headers) <= {
            "X-Owner", "X-V", "Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Length", "Content-Type",
        }  # fmt: skip
        sent += 1
    assert len(HOSTILE) >= 700
    assert sent > len(HOSTILE) / 2
    assert place not in ("path", "header") or refused > 30
