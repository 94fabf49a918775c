"""Who may call what: every operation has a rule, and every actor gets what one table promises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest
from fastapi.routing import APIRoute

from server.api import create_app
from server.auth import rule_of
from server.service import Service
from tests.api.conftest import Cast, session_of
from tests.running import customer_token

ACTORS = ("nobody", "visitor", "other", "viewer", "editor", "developer", "admin")
BESIDE = {"/openapi.json", "/docs", "/docs/oauth2-redirect"}
"""Routes that FastAPI adds: public by nature, they hold no data."""


@dataclass(frozen=True)
class Case:
    """One operation: what is sent, and the status for each of ACTORS."""

    expected: tuple[int, ...]
    body: Any = None
    query: str = ""
    fresh: bool = False


def public(status: int, body: Any = None) -> Case:
    return Case((status,) * 7, body)


def own(status: int, body: Any = None) -> Case:
    """The owner and the house; a stranger learns nothing, not even that it exists."""
    return Case((401, status, 404, status, status, status, status), body)


def viewer(status: int, query: str = "") -> Case:
    return Case((401, 403, 403, status, status, status, status), query=query)


def editor(status: int, body: Any = None) -> Case:
    return Case((401, 403, 403, 403, status, status, status), body)


def developer(status: int, body: Any = None) -> Case:
    return Case((401, 403, 403, 403, 403, status, status), body)


def admin(status: int, body: Any = None) -> Case:
    return Case((401, 403, 403, 403, 403, 403, status), body)


def signed_in(status: int, *, fresh: bool = False) -> Case:
    """People of the house; the operator's key is nobody who is signed in."""
    return Case((401, 403, 403, status, status, status, 403), fresh=fresh)


NOBODY = {"name": "nobody-here"}
HELLO = {"persona": "guide", "message": {"text": "And then?"}, "conversation_id": "{conversation_id}"}
MATRIX: dict[tuple[str, str], Case] = {
    ("GET", "/healthz"): public(200),
    ("GET", "/readyz"): public(200),
    ("GET", "/.well-known/jwks.json"): public(200),
    ("GET", "/api/v1/secrets"): viewer(200),
    ("GET", "/api/v1/secrets/{name}"): viewer(404),
    ("PUT", "/api/v1/secrets/{name}"): developer(200, {"value": "abcd", "hosts": ["a.example.com"]}),
    ("DELETE", "/api/v1/secrets/{name}"): Case((*developer(204).expected[:6], 404)),
    ("GET", "/data/v1/{table}"): viewer(200),
    ("POST", "/data/v1/{table}"): editor(400, {}),
    ("PUT", "/data/v1/{table}"): editor(400, {}),
    ("DELETE", "/data/v1/{table}"): editor(400),
    ("GET", "/data/v1/{table}/openapi.json"): public(200),
    ("GET", "/v1/models"): Case((401, 200, 200, 403, 200, 200, 200)),
    ("GET", "/v1/models/{model}"): Case((401, 200, 200, 403, 200, 200, 200)),
    ("POST", "/v1/chat/completions"): Case(
        (401, 200, 404, 403, 404, 404, 404),
        {
            "model": "guide",
            "messages": [{"role": "user", "content": "And then?"}],
            "metadata": {"conversation_id": "{conversation_id}"},
        },
    ),
    ("GET", "/schemas/persona.json"): public(200),
    ("GET", "/schemas/plugin.json"): public(200),
    ("POST", "/api/v1/visitors"): public(201, {}),
    ("POST", "/api/v1/visitors/identify"): Case(
        (401, 200, 200, 403, 403, 403, 403), {"customer_token": "{customer_token}"}, fresh=True
    ),
    ("POST", "/api/v1/chat"): Case((401, 200, 404, 403, 403, 403, 403), HELLO),
    ("GET", "/api/v1/turns/{turn_id}/events"): own(200),
    ("GET", "/api/v1/conversations"): Case((401, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/conversations/{conversation_id}"): own(200),
    ("POST", "/api/v1/conversations/{conversation_id}/takeback"): editor(403),
    ("POST", "/api/v1/conversations/{conversation_id}/feedback"): own(204, {"message_id": "{message_id}", "score": 1}),
    ("GET", "/api/v1/personas/{name}/card"): public(200),
    ("GET", "/api/v1/personas"): viewer(200),
    ("POST", "/api/v1/personas"): editor(422, {"name": "No Name"}),
    ("GET", "/api/v1/personas/{name}"): viewer(200),
    ("PUT", "/api/v1/personas/{name}/draft"): editor(409, {"yaml": "x", "base_version": 99, "base_revision": 99}),
    ("DELETE", "/api/v1/personas/{name}/draft"): editor(204),
    ("DELETE", "/api/v1/personas/{name}/aside"): editor(204),
    ("POST", "/api/v1/personas/{name}/publish"): editor(404, {"base_version": 99, "revision": 99}),
    ("POST", "/api/v1/personas/{name}/rollback"): editor(404, {"version": 99}),
    ("POST", "/api/v1/personas/{name}/archive"): editor(404),
    ("POST", "/api/v1/personas/{name}/restore"): editor(409),
    ("GET", "/api/v1/personas/templates"): viewer(200),
    ("GET", "/api/v1/personas/{name}/passages"): viewer(200),
    ("POST", "/api/v1/personas/{name}/passages/search"): Case((401, 403, 403, 200, 200, 200, 200), {"q": "price"}),
    ("GET", "/api/v1/personas/{name}/versions"): viewer(200),
    ("GET", "/api/v1/personas/{name}/versions/{version}"): viewer(200),
    ("GET", "/api/v1/personas/{name}/diff"): viewer(200, "?from=1&to=1"),
    ("GET", "/api/v1/personas/{name}/knowledge"): viewer(200),
    ("GET", "/api/v1/personas/{name}/knowledge/{path}"): viewer(200),
    ("PUT", "/api/v1/personas/{name}/knowledge/{path}"): editor(200, b"# Notes\n\nNothing yet.\n"),
    ("DELETE", "/api/v1/personas/{name}/knowledge/{path}"): editor(409),
    ("POST", "/api/v1/personas/{name}/extract"): editor(200, {"messages": []}),
    ("GET", "/api/v1/plugins"): viewer(200),
    ("GET", "/api/v1/plugins/{name}"): viewer(200),
    ("GET", "/api/v1/permissions"): viewer(200, "?persona=guide"),
    ("GET", "/api/v1/plugins/{name}/calls"): developer(200),
    ("GET", "/api/v1/plugins/{name}/figures"): viewer(200),
    ("POST", "/api/v1/plugins/{name}/functions/{function}/try"): developer(200, {}),
    ("GET", "/api/v1/plugins/{name}/tools"): viewer(422),
    ("POST", "/api/v1/plugins/{name}/tools/read"): developer(422),
    ("POST", "/api/v1/plugins/{name}/tools/approve"): developer(422, {"tools": [{"tool": "a", "digest": "0" * 64}]}),
    ("GET", "/api/v1/leads"): viewer(200),
    ("GET", "/api/v1/leads.csv"): viewer(200),
    ("GET", "/api/v1/leads.jsonl"): viewer(200),
    ("GET", "/api/v1/leads/missed"): viewer(200),
    ("POST", "/api/v1/leads/missed/{missed_id}/accept"): editor(404, {}),
    ("POST", "/api/v1/leads/missed/{missed_id}/dismiss"): editor(404),
    ("POST", "/api/v1/leads/missed/{missed_id}/reopen"): editor(404),
    ("GET", "/api/v1/questions/unanswered"): viewer(200),
    ("GET", "/api/v1/leads/{lead_id}"): viewer(200),
    ("GET", "/api/v1/leads/{lead_id}/erasure"): editor(200),
    ("PATCH", "/api/v1/leads/{lead_id}"): editor(200, {"fields": {}}),
    ("DELETE", "/api/v1/leads/{lead_id}"): editor(404),
    ("GET", "/api/v1/overview"): viewer(200, "?timezone=Europe/Berlin"),
    ("GET", "/api/v1/accounts"): admin(200),
    ("POST", "/api/v1/accounts"): admin(422, {}),
    ("POST", "/api/v1/accounts/{account_id}/link"): admin(404),
    ("PATCH", "/api/v1/accounts/{account_id}"): admin(404, {"role": "viewer"}),
    ("DELETE", "/api/v1/accounts/{account_id}"): admin(404),
    ("GET", "/api/v1/keys"): admin(200),
    ("POST", "/api/v1/keys"): admin(422, {}),
    ("DELETE", "/api/v1/keys/{key_id}"): admin(404),
    ("GET", "/api/v1/audit"): admin(200),
    ("POST", "/api/v1/sessions"): public(422, {}),
    ("GET", "/api/v1/sessions"): signed_in(200),
    ("DELETE", "/api/v1/sessions"): signed_in(200, fresh=True),
    ("GET", "/api/v1/sessions/oidc"): public(200),
    ("POST", "/api/v1/sessions/oidc"): public(422, {}),
    ("POST", "/api/v1/sessions/oidc/start"): public(404),
    ("DELETE", "/api/v1/sessions/{session}"): signed_in(404),
    ("DELETE", "/api/v1/sessions/current"): Case((401, 204, 204, 204, 204, 204, 403), fresh=True),
    ("GET", "/api/v1/me"): Case((401, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/models"): viewer(200),
}
PROTECTED = [key for key, case in MATRIX.items() if case.expected[0] == 401]


def operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item}


def leaves(routes: Iterable[Any]) -> Iterator[Any]:
    """Every route at the end of nested routers and mounts."""
    for route in routes:
        inner = getattr(route, "original_router", None) or (getattr(route, "app", None) if not _ends(route) else None)
        if inner is not None and hasattr(inner, "routes"):
            yield from leaves(inner.routes)
        else:
            yield route


def _ends(route: Any) -> bool:
    return hasattr(route, "endpoint")


def application() -> Any:
    class Nothing:
        authority = None

    return create_app(cast("Service", Nothing()))


def ruleless(routes: Iterable[Any]) -> list[str]:
    return [
        str(getattr(route, "path", route))
        for route in leaves(routes)
        if getattr(route, "path", None) not in BESIDE and not (isinstance(route, APIRoute) and rule_of(route.dependant))
    ]


def test_every_route_says_who_may_call_it() -> None:
    app = application()
    assert ruleless(app.routes) == []
    inside = [route for route in leaves(app.routes) if isinstance(route, APIRoute)]
    assert sum(len(route.methods or ()) for route in inside) == len(operations(app.openapi()))


def test_a_route_without_a_rule_is_found_however_deep_it_lies() -> None:
    from fastapi import APIRouter, FastAPI

    inner, outer, mounted = APIRouter(prefix="/inner"), APIRouter(prefix="/outer"), FastAPI(openapi_url=None)

    @inner.get("/forgotten")
    async def forgotten() -> None: ...

    @mounted.get("/mounted")
    async def under_a_mount() -> None: ...

    outer.include_router(inner)
    app = application()
    app.include_router(outer)
    app.mount("/else", mounted)
    assert ruleless(app.routes) == ["/inner/forgotten", "/mounted"]


def test_every_operation_stands_in_the_table(cast: Cast) -> None:
    with cast.server.client() as client:
        assert operations(client.get("/openapi.json").json()) == set(MATRIX)


def send(cast: Cast, actor: str, method: str, path: str, case: Case, **more: Any) -> httpx.Response:
    ids = {
        "conversation_id": cast.answer["conversation_id"],
        "turn_id": cast.answer["turn_id"],
        "message_id": cast.answer["message_id"],
        "lead_id": "l_0" if method == "DELETE" else cast.lead_id,
        "missed_id": "x_0",
        "account_id": "a_0",
        "key_id": "k_0",
        "session": "s_0",
        "name": "customer_profile" if "/plugins/" in path else "nobody-here" if "archive" in path else "guide",
        "function": "get_customer_profile",
        "model": "guide",
        "table": "profile",
        "version": "1",
        "path": "notes.md" if method == "PUT" else "knowledge/guide-en.md",
        "customer_token": customer_token(f"matrix-{actor}"),
    }
    body = case.body
    if isinstance(body, dict):
        text = json.dumps(body)
        for name, value in ids.items():
            text = text.replace(f'"{{{name}}}"', json.dumps(value))
        body = text.encode()
    token = fresh(cast, actor) if case.fresh else cast.token(actor)
    headers = {"content-type": "application/json", **more.pop("headers", {})}
    with cast.server.client(token) as client:
        return client.request(method, path.format(**ids) + case.query, content=body, headers=headers)


def fresh(cast: Cast, actor: str) -> str | None:
    """A token of the same kind that may be used up."""
    if actor in ("visitor", "other"):
        return cast.server.visitor().token
    return session_of(cast.server, actor, f"{actor}-once") if actor in cast.tokens else cast.token(actor)


@pytest.mark.parametrize(("method", "path"), MATRIX, ids=lambda part: part)
def test_every_actor_gets_what_the_table_promises(cast: Cast, method: str, path: str) -> None:
    case = MATRIX[method, path]
    answers = {actor: send(cast, actor, method, path, case) for actor in ACTORS}
    assert tuple(answer.status_code for answer in answers.values()) == case.expected, {
        actor: answer.text[:200] for actor, answer in answers.items()
    }
    for answer in answers.values():
        if answer.status_code >= 400:
            kind = "application/json" if path.startswith(("/data/v1/", "/v1/")) else "application/problem+json"
            assert answer.headers["content-type"] == kind


def test_a_list_of_conversations_holds_ones_own_alone(cast: Cast) -> None:
    with cast.server.client(cast.other.token) as client:
        for query in ("", f"?user_id={cast.visitor.id}", "?q=Harbour", "?test=true"):
            items = client.get(f"/api/v1/conversations{query}").json()["items"]
            assert {item["user_id"] for item in items} <= {cast.other.id}
        assert client.get(f"/api/v1/conversations?user_id={cast.visitor.id}").json()["total"] == 0


def test_a_stranger_cannot_judge_anothers_answer_through_their_own_conversation(cast: Cast) -> None:
    with cast.server.client(cast.other.token) as client:
        path = f"/api/v1/conversations/{cast.other.conversation}/feedback"
        answer = client.post(path, json={"message_id": cast.answer["message_id"], "score": -1})
    assert answer.status_code == 404


PLACES: dict[str, dict[str, str]] = {
    "query": {},
    "cookie": {"cookie": "token={t}; session={t}; authorization=Bearer {t}"},
    "x-api-key": {"x-api-key": "{t}"},
    "api-key": {"api-key": "{t}"},
    "x-authorization": {"x-authorization": "Bearer {t}"},
    "proxy": {"proxy-authorization": "Bearer {t}"},
    "basic": {"authorization": "Basic {t}"},
    "forwarded": {"x-forwarded-user": "admin", "x-original-url": "/healthz", "x-forwarded-prefix": "/healthz"},
}
HOSTS = (
    "evil.example", "localhost", "127.0.0.1:1", "[::1]", "x/healthz?", "x/../healthz", "user@host", "a b", "-", "..",
    "healthz#", "\u00e9xample".encode().decode("latin-1"),
)  # fmt: skip


def test_no_other_place_for_a_token_and_no_host_lets_anybody_in(cast: Cast) -> None:
    """The admin's own token, put where it does not belong, at every protected operation and under odd hosts."""
    token = cast.token("admin") or ""
    tried = 0
    with cast.server.client(None) as client:
        for method, path in PROTECTED:
            address = path.replace("{version}", "1").replace("{", "").replace("}", "")
            for place, given in PLACES.items():
                headers = {name: value.replace("{t}", token) for name, value in given.items()}
                query = f"?token={token}&access_token={token}&authorization=Bearer+{token}" if place == "query" else ""
                for host in HOSTS:
                    odd = [(b"host", host.encode("latin-1"))]
                    request = client.build_request(method, address + query, headers=headers)
                    request.headers = httpx.Headers(
                        [*((k, v) for k, v in request.headers.raw if k.lower() != b"host"), *odd]
                    )
                    status = client.send(request).status_code
                    tried += 1
                    assert status in (400, 401), (method, path, place, host, status)
    assert tried == len(PROTECTED) * len(PLACES) * len(HOSTS)


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Bearer {t}"), ("authorization", "Bearer {t}")],
        [("authorization", "Bearer {t}"), ("authorization", "Bearer {v}")],
        [("authorization", "Bearer {t}, Bearer {v}")],
        [("authorization", "Bearer {v}"), ("x-api-key", "{t}")],
        [("authorization", "Bearer {v}"), ("api-key", "{t}")],
        [("x-api-key", "{t}"), ("api-key", "{t}")],
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/leads", "/healthz", "/api/v1/personas/guide/card"])
def test_two_credentials_in_one_request_are_refused(cast: Cast, path: str, headers: list[tuple[str, str]]) -> None:
    known = {"{t}": cast.token("admin") or "", "{v}": cast.visitor.token}
    given = []
    for name, value in headers:
        for mark, token in known.items():
            value = value.replace(mark, token)
        given.append((name, value))
    with cast.server.client(None) as client:
        answer = client.get(path, headers=given)
    assert answer.status_code == 400
    assert "two credentials" in answer.json()["detail"]
