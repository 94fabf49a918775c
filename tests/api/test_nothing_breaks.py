"""Whatever is sent, the server answers with a problem that says what was wrong, and never with a fault of its own."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance

from tests.api.test_rules import MATRIX
from tests.conftest import furnish
from tests.running import ADMIN, RunningServer, Visitor

load_all_checks()
MB = 1024 * 1024
FAULT = re.compile(r"Traceback|\[error|\[critical|Exception in ASGI|Task exception|never retrieved")


def assert_problem(answer: httpx.Response, *statuses: int) -> None:
    """The answer is a problem by RFC 9457 of one of these statuses."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == answer.status_code
    assert body["detail"].strip()


@dataclass
class Site:
    """A server that may be broken, with a visitor who has a conversation there."""

    server: RunningServer
    visitor: Visitor
    answer: dict[str, Any]
    lead_id: str

    def ids(self) -> dict[str, str]:
        return {
            "conversation_id": self.answer["conversation_id"],
            "turn_id": self.answer["turn_id"],
            "lead_id": self.lead_id,
            "name": "guide",
            "function": "set_customer_profile",
            "path": "knowledge/guide-en.md",
        }

    def faults(self) -> list[str]:
        """Lines of the log that speak of a fault."""
        return [line for line in self.server.log().splitlines() if FAULT.search(line)]

    def send(self, method: str, path: str, token: str | None = ADMIN, **more: Any) -> httpx.Response:
        with self.server.client(token) as client:
            return client.request(method, path, **more)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    make: Callable[[str], str] = request.getfixturevalue("new_shared_database")
    running = RunningServer(furnish(tmp_path_factory.mktemp("site")), make(request.param)).start()
    visitor = running.visitor()
    answer = visitor.say("Hello, we are Harbour Light Robotics. Which products are there?")
    lead = visitor.lead()
    assert lead
    yield Site(running, visitor, answer, lead["id"])
    running.kill()


@pytest.fixture(autouse=True)
def nothing_in_the_log(site: Site) -> Iterator[None]:
    before = len(site.faults())
    yield
    assert site.faults()[before:] == []


FINAL = {("POST", "/api/v1/personas/{name}/archive"), ("DELETE", "/api/v1/leads/{lead_id}")}
"""What would take away the things that the other requests are about."""


@pytest.fixture(scope="module")
def described(site: Site) -> Any:
    return schemathesis.openapi.from_url(f"{site.server.url}/openapi.json")


@pytest.mark.parametrize(("method", "path"), MATRIX, ids=lambda part: part)
def test_no_described_operation_breaks(described: Any, site: Site, method: str, path: str) -> None:
    """Made-up requests in and out of the described shapes, half of them at things that are there, by two callers."""
    operation = described[path][method]
    shapes = [operation.as_strategy(generation_mode=mode) for mode in modes(operation)]

    @given(case=st.one_of(shapes), real=st.booleans(), house=st.booleans())
    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def holds(case: schemathesis.Case[Any], real: bool, house: bool) -> None:
        if real and (method, path) not in FINAL:
            case.path_parameters = {name: site.ids().get(name, value) for name, value in case.path_parameters.items()}
        token = ADMIN if house or path.endswith("/sessions/current") else site.visitor.token
        answer = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=30)
        case.validate_response(answer, checks=[not_a_server_error, content_type_conformance])
        if answer.status_code >= 400:
            told = answer.json()
            if path.startswith("/data/v1/"):
                assert told["data"]["result"]["code"] == answer.status_code
            elif path.startswith("/v1/"):
                assert {"message", "type", "param", "code"} == set(told["error"])
            else:
                assert {"type", "title", "status", "detail"} <= set(told)

    holds()


def modes(operation: Any) -> list[GenerationMode]:
    """In and out of the described shape; an operation that takes nothing has no outside."""
    takes = [*operation.path_parameters, *operation.query, *operation.headers, *operation.body]
    return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if takes else [GenerationMode.POSITIVE]


def chat(**changes: Any) -> dict[str, Any]:
    return {"persona": "guide", "message": {"text": "Hello"}, **changes}


def deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"persona": "gui',
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "not a number": b'{"persona": NaN}',
    "deep": deep(100_000),
    "deep inside": b'{"persona": "guide", "message": ' + deep(900) + b"}",
    "not UTF-8": b'{"persona": "\xff\xfe", "message": {"text": "x"}}',
    "NUL in the text": b'{"persona": "guide", "message": {"text": "a\\u0000b"}}',
    "NUL in the persona": b'{"persona": "gui\\u0000de", "message": {"text": "x"}}',
    "NUL in the conversation": b'{"persona": "guide", "message": {"text": "x"}, "conversation_id": "c\\u0000"}',
    "half a character": b'{"persona": "guide", "message": {"text": "a\\ud800b"}}',
    "half a character in a name": b'{"persona": "guide", "message": {"text": "x"}, "\\ud800": 1}',
    "half a character in an id": b'{"persona": "guide", "message": {"text": "x"}, "client_message_id": "\\udfff"}',
    "a huge number": b'{"persona": "guide", "message": {"text": "x"}, "version": ' + b"9" * 5000 + b"}",
    "65 bits": b'{"persona": "guide", "message": {"text": "x"}, "version": 36893488147419103232}',
    "a huge fraction": b'{"persona": "guide", "message": {"text": "x"}, "version": 1e400}',
    "text as a number": b'{"persona": "guide", "message": {"text": 5}}',
    "no text but blanks": json.dumps(chat(message={"text": " \n\t\u3000"})).encode(),
    "a megabyte of text": json.dumps(chat(message={"text": "x" * MB})).encode(),
    "an odd locale": json.dumps(chat(locale="../../etc")).encode(),
    "the same key twice": b'{"persona": "guide", "persona": "x\\ud800", "message": {"text": "x"}}',
}


@pytest.mark.parametrize("name", BODIES)
def test_odd_bodies_of_a_chat_are_told_apart(site: Site, name: str) -> None:
    headers = {"content-type": "application/json"}
    answer = site.send("POST", "/api/v1/chat", site.visitor.token, content=BODIES[name], headers=headers)
    assert_problem(answer, 400, 404, 422)


TRICKY: dict[str, Any] = {
    "NUL": "a\0b",
    "half a character": "\ud800",
    "65 bits": 2**65,
    "a very long number": 10**4000,
    "deep": json.loads(deep(400)),
    "NUL deep inside": {"a": [{"b\0": 1}]},
    "half a character as a key": {"\udc00": 1},
    "a long text": "x" * 300_000,
}


@pytest.mark.parametrize("name", TRICKY)
@pytest.mark.parametrize(
    ("method", "path", "frame"),
    [
        ("POST", "/api/v1/plugins/customer_profile/functions/set_customer_profile/try", {"args": {"company": None}}),
        ("POST", "/api/v1/plugins/product_catalog/functions/find_products/try", {"args": {"words": None}}),
        ("POST", "/api/v1/plugins/customer_profile/functions/get_customer_profile/try", {"as_user": None}),
        ("PUT", "/api/v1/personas/guide/draft", {"yaml": None, "base_version": 1, "base_revision": 0}),
        ("PUT", "/api/v1/personas/guide/draft", {"spec": {"prompt": None}, "base_version": 1, "base_revision": 0}),
        ("POST", "/api/v1/personas/guide/publish", {"base_version": 1, "revision": 1, "note": None}),
        ("PATCH", "/api/v1/leads/{lead_id}", {"fields": {"company": None}}),
        ("POST", "/api/v1/personas/guide/extract", {"messages": [{"role": "customer", "text": None}]}),
        ("POST", "/api/v1/conversations/{conversation_id}/feedback", {"message_id": None, "score": 1}),
        ("POST", "/api/v1/visitors", {"page": None}),
        ("POST", "/api/v1/visitors", {"timezone": None}),
        ("POST", "/api/v1/sessions", {"token": None}),
        ("POST", "/api/v1/chat", {"persona": "guide", "message": {"text": "hi"}, "as_user": None}),
    ],
)
def test_odd_values_inside_bodies_are_refused_or_taken_but_never_break(
    site: Site, name: str, method: str, path: str, frame: dict[str, Any]
) -> None:
    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: filled(value) for key, value in part.items()}
        if isinstance(part, list):
            return [filled(value) for value in part]
        return TRICKY[name] if part is None else part

    sys_limit = name == "a very long number"
    body = json.dumps(filled(frame)) if not sys_limit else _long_number(frame, filled)
    answer = site.send(
        method, path.format(**site.ids()), content=body.encode(), headers={"content-type": "application/json"}
    )
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert_problem(answer, 400, 401, 404, 409, 413, 422, 429)


def _long_number(frame: dict[str, Any], filled: Callable[[Any], Any]) -> str:
    """JSON with a number of more digits than Python reads at once."""
    marked = json.dumps(frame).replace("null", "7" * 6000)
    assert marked != json.dumps(frame)
    return marked


ODD_IDS = (
    "%00", "%00%2e%2e", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5c", "%ff%fe", "%ed%a0%80", "a" * 3000,
    "%0d%0aset-cookie:x", "c_" + "0" * 32, "'", "1%27%20OR%20%271", "%25", "{}", "\u540d", "%f0%9f%98%80", "-", "%20",
    "c_1;", "c_1%3f", "null", "0", "*", "~",
)  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/conversations/{}",
        "/api/v1/turns/{}/events",
        "/api/v1/leads/{}",
        "/api/v1/personas/{}",
        "/api/v1/personas/{}/card",
        "/api/v1/personas/guide/knowledge/{}",
        "/api/v1/personas/guide/versions/{}",
        "/api/v1/plugins/{}",
        "/api/v1/plugins/{}/calls",
        "/api/v1/plugins/customer_profile/calls?function={}",
        "/{}",
    ],
)
def test_odd_ids_lead_nowhere(site: Site, path: str) -> None:
    for odd in ODD_IDS:
        answer = raw(site, f"GET {path.format(odd.encode().decode('latin-1'))} HTTP/1.1", token=ADMIN)
        status, kind, body = split(answer)
        if status == 400 and kind.startswith("text/plain"):
            continue  # bytes that are no address at all: the HTTP parser refuses them
        if status == 200:
            assert "/calls" in path, (path, odd, answer[:200])
            assert json.loads(body)["items"] == []
            continue
        assert status in (400, 404, 422), (path, odd, answer[:300])
        assert kind == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["..%2f..%2fserver.log", "..%2f..%2fdata%2fsecret-key", "%2fetc%2fpasswd", "a/../../x.md"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_knowledge_never_leaves_its_folder(site: Site, method: str, path: str) -> None:
    before = [*sorted(site.server.home.rglob("*.md")), site.server.home / "data/secret-key"]
    answer = raw(site, f"{method} /api/v1/personas/guide/knowledge/{path} HTTP/1.1", token=ADMIN, body=b"# x\n")
    status, kind, _ = split(answer)
    assert status in (404, 422)
    assert kind == "application/problem+json"
    assert [path for path in before if not path.exists()] == []
    assert sorted(site.server.home.rglob("*.md")) == before[:-1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=501", "limit=9999999999999999999999", "limit=x", "limit=1&limit=2", "cursor=x", "cursor=%00",
        "cursor=fHw", "cursor=AAAA", "cursor=" + "A" * 300, "from=yesterday", "from=0001-01-01T00:00:00%2B14:00",
        "to=9999-12-31T23:59:59-14:00", "from=2026-13-45", "q=%00", "q=" + "x" * 500, "q=%ed%a0%80", "test=maybe",
        "stage=%00", "persona=%27", "q=%25%25%5f%21", "from=2026-11-23T10:00:00,5", "%ff=%ff",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/api/v1/leads", "/api/v1/conversations", "/api/v1/leads.csv", "/api/v1/leads/missed"]
)
def test_odd_queries_are_refused_or_ignored(site: Site, path: str, query: str) -> None:
    answer = site.send("GET", f"{path}?{query}")
    if answer.status_code != 200:
        assert_problem(answer, 400, 422)


def test_a_body_over_the_limit_is_refused_at_once_and_in_pieces(site: Site) -> None:
    headers = {"content-type": "application/json"}
    large = json.dumps(chat(message={"text": "x" * 3 * MB})).encode()
    assert_problem(site.send("POST", "/api/v1/chat", site.visitor.token, content=large, headers=headers), 413)

    def pieces() -> Iterator[bytes]:
        yield b'{"persona": "guide", "message": {"text": "'
        for _ in range(48):
            yield b"x" * (64 * 1024)
        yield b'"}}'

    answer = site.send("POST", "/api/v1/chat", site.visitor.token, content=pieces(), headers=headers)
    assert_problem(answer, 413)
    answer = site.send("PUT", "/api/v1/personas/guide/knowledge/large.md", content=(b"x" * MB for _ in range(21)))
    assert_problem(answer, 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
def test_a_body_of_another_content_type_is_no_json(site: Site, kind: str) -> None:
    answer = site.send("POST", "/api/v1/visitors", None, content=b'{"locale": "en"}', headers={"content-type": kind})
    assert_problem(answer, 400, 422)
    answer = site.send(
        "POST", "/api/v1/chat", site.visitor.token, content=b"text=hello", headers={"content-type": kind}
    )
    assert_problem(answer, 400, 422)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_wrong_method_says_which_are_right(site: Site, method: str) -> None:
    answer = site.send(method, "/api/v1/chat", site.visitor.token)
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_head_is_answered_without_a_body(site: Site) -> None:
    answer = site.send("HEAD", "/api/v1/leads")
    assert answer.status_code in (200, 405)
    assert answer.content == b""


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/leads/", "//api/v1/leads", "/API/V1/leads"]
)
def test_an_address_that_is_not_there_is_a_404_and_leads_nowhere_else(site: Site, path: str) -> None:
    answer = raw(site, f"GET {path} HTTP/1.1", token=ADMIN, host="evil.example")
    status, kind, _ = split(answer)
    assert (status, kind) == (404, "application/problem+json")
    assert b"evil.example" not in answer


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer  x",
        "Basic YTpi",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 8000,
        "Token x",
        "Bearer rk_",
    ],
)
def test_an_authorization_that_is_none_is_a_401(site: Site, authorization: str) -> None:
    answer = raw(site, "GET /api/v1/me HTTP/1.1", headers=f"Authorization: {authorization}\r\n")
    status, kind, _body = split(answer)
    assert (status, kind) == (401, "application/problem+json"), answer[:300]
    assert b"www-authenticate: bearer" in answer.lower()


def test_a_caller_who_goes_away_in_the_middle_of_a_body_leaves_no_trace(site: Site) -> None:
    for method, path in (
        ("POST", "/api/v1/chat"),
        ("PUT", "/api/v1/personas/guide/knowledge/half.md"),
        ("POST", "/api/v1/visitors"),
    ):
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n"
        for frame, body in (("Content-Length: 1000", b'{"persona"'), ("Transfer-Encoding: chunked", b"5\r\nab")):
            with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as line:
                line.sendall(f"{head}Content-Type: application/json\r\n{frame}\r\n\r\n".encode() + body)
                line.shutdown(socket.SHUT_WR)
                while line.recv(65536):
                    pass
    assert site.send("GET", "/healthz").status_code == 200
    names = [item["path"] for item in site.send("GET", "/api/v1/personas/guide/knowledge").json()["items"]]
    assert "half.md" not in names


@pytest.mark.parametrize(
    "head",
    [
        "POST /api/v1/visitors HTTP/1.1\r\nHost: x\r\nContent-Length: -1",
        "POST /api/v1/visitors HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3",
        "POST /api/v1/visitors HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999",
        "POST /api/v1/visitors HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3",
        "POST /api/v1/visitors HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked",
        "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX: " + "y" * 100_000,
        "GET  /api/v1/me HTTP/1.1\r\nHost: x",
        "GET /api/v1/me\x00 HTTP/1.1\r\nHost: x",
        "\x16\x03\x01\x02\x00\x01",
    ],
)
def test_broken_http_is_refused_or_dropped(site: Site, head: str) -> None:
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as line:
        line.sendall(head.encode("latin-1") + b"\r\n\r\n")
        line.shutdown(socket.SHUT_WR)
        answer = line.recv(65536)
    assert not answer or answer.split(b" ")[1][:1] == b"4"
    assert site.send("GET", "/healthz").status_code == 200


def test_every_answer_keeps_browsers_careful(site: Site) -> None:
    for path in ("/healthz", "/api/v1/me", "/nowhere", "/api/v1/personas/guide/card"):
        headers = site.send("GET", path, None).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def raw(
    site: Site, line: str, *, token: str | None = None, headers: str = "", host: str = "x", body: bytes = b""
) -> bytes:
    """What the server sends for a request written by hand, so that no client tidies it first."""
    given = f"Authorization: Bearer {token}\r\n" if token else ""
    text = f"{line}\r\nHost: {host}\r\nConnection: close\r\n{given}{headers}Content-Length: {len(body)}\r\n\r\n"
    parts = []
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as wire:
        wire.sendall(text.encode("latin-1") + body)
        while part := wire.recv(65536):
            parts.append(part)
    return b"".join(parts)


def split(answer: bytes) -> tuple[int, str, bytes]:
    """(status, content type, body)."""
    head, _, body = answer.partition(b"\r\n\r\n")
    found = re.search(rb"content-type: ([^\r]+)", head, re.IGNORECASE)
    return int(head.split(b" ")[1]), found[1].decode() if found else "", body
