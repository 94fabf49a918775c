"""Services that check credentials themselves: digest and OAuth 2, with everything wrong refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote_plus

import pytest
from aiohttp import web

from server.outgoing import Outgoing
from server.plugins import Door
from server.plugins.digest import Challenge, best, challenges
from server.plugins.oauth2 import Tokens
from server.plugins.tied import Tied
from server.storage import Database

from .conftest import ANN, Load, Shelf

USER, WORD = 'ro"bot ü', "pa:ss/wörd+&="
PLUGIN = """
base_url: URL/v1
auth: AUTH
functions:
  - {name: ask, request: {path: /things, query: {q: "a b/ü"}}}
  - {name: send, effect: write, allow: {trust: anonymous}, request: {method: POST, path: /things, body: {a: 1}}}
"""
DIGEST = '{digest: {user: "${secret.NAME}", password: "${secret.WORD}"}}'


@dataclass
class Service:
    """A service that lets in who shows a right digest, or a token that it gave out itself."""

    algorithm: str = "SHA-256"
    port: int = 0
    nonces: dict[str, int] = field(default_factory=dict)
    stale: bool = False
    asked: list[tuple[int, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    living: set[str] = field(default_factory=set)
    style: str = "header"
    expires_in: object = 3600
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    token_answer: tuple[int, str] | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # Digest, written from the RFC and not from the client

    def _challenge(self, stale: bool) -> web.Response:
        nonce = f"n{len(self.nonces)},x=1"
        self.nonces[nonce] = 0
        told = f'stale={str(stale).lower()}, opaque="o="'
        told = f'Digest realm="a, b=\\"c\\"", qop="auth-int, auth", nonce="{nonce}", {told}'
        answer = web.Response(status=401)
        answer.headers.add("WWW-Authenticate", f'Basic realm="x", {told}, algorithm={self.algorithm}')
        answer.headers.add("WWW-Authenticate", f"{told}, algorithm=SHA-512-256")
        return answer

    async def digest(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        answer = self._digest_answer(request, given)
        self.asked.append((answer.status, given))
        return answer

    def _digest_answer(self, request: web.Request, given: str) -> web.Response:
        told = {
            name: (quoted.replace('\\"', '"') if plain == "" else plain)
            for name, quoted, plain in re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', given)
        }
        nonce = told.get("nonce", "")
        if nonce not in self.nonces or self.stale:
            self.stale = False
            return self._challenge(nonce in self.nonces)
        digest = hashlib.sha256 if self.algorithm == "SHA-256" else hashlib.md5
        one = digest(f'{USER}:a, b="c":{WORD}'.encode()).hexdigest()
        two = digest(f"{request.method}:{request.raw_path}".encode()).hexdigest()
        text = f"{one}:{nonce}:{told['nc']}:{told['cnonce']}:auth:{two}"
        right = digest(text.encode()).hexdigest()
        count = int(told["nc"], 16)
        if told["response"] != right or count != self.nonces[nonce] + 1 or told["uri"] != request.raw_path:
            return self._challenge(False)
        if (told["username"], told["opaque"], told["qop"]) != (USER, "o=", "auth"):
            return self._challenge(False)
        self.nonces[nonce] = count
        return web.json_response({"ok": True})

    # OAuth 2

    async def token(self, request: web.Request) -> web.StreamResponse:
        await self.gate.wait()
        form = parse_qs((await request.read()).decode())
        self.forms.append(form)
        if self.token_answer:
            return web.Response(status=self.token_answer[0], text=self.token_answer[1])
        if self._client(request, form) != (USER, WORD) or form["grant_type"] != ["client_credentials"]:
            return web.json_response({"error": "invalid_client", "error_description": WORD}, status=401)
        token = f"tok-{len(self.tokens)}-secret"
        self.tokens.append(token)
        self.living.add(token)
        return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": self.expires_in})

    def _client(self, request: web.Request, form: dict[str, list[str]]) -> tuple[str, str]:
        if self.style == "body":
            assert "Authorization" not in request.headers
            return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]
        assert "client_secret" not in form
        packed = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        name, _, word = packed.partition(":")
        return unquote_plus(name), unquote_plus(word)

    async def bearer(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        status = 200 if given.removeprefix("Bearer ") in self.living else 401
        self.asked.append((status, given))
        return web.json_response({"echo": given}, status=status)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    state, app = Service(), web.Application()
    state.gate.set()
    app.router.add_route("*", "/v1/things", state.digest)
    app.router.add_post("/token", state.token)
    app.router.add_route("*", "/o/v1/things", state.bearer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    state.port = runner.addresses[0][1]
    yield state
    state.gate.set()
    await runner.cleanup()


@pytest.fixture
def kept() -> dict[str, str]:
    return {"NAME": USER, "WORD": WORD}


@pytest.fixture
async def door(database: Database, service: Service, shelf: Shelf, kept: dict[str, str]) -> AsyncIterator[Door]:
    outgoing = Outgoing([f"127.0.0.1:{service.port}"])
    made = Door(shelf, database, outgoing, kept.get)
    yield made
    made.close()
    await outgoing.close()


def _oauth2(service: Service, style: str = "header") -> str:
    service.style = style
    told = f"token_url: '{service.url}/token', scope: 'read write', audience: things, style: {style}"
    return "{oauth2: {client_id: '${secret.NAME}', client_secret: '${secret.WORD}', " + told + "}}"


def _text(service: Service, auth: str, path: str = "") -> str:
    return PLUGIN.replace("URL", service.url + path).replace("AUTH", auth)


def test_the_example_of_the_rfc() -> None:
    told = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "MD5")
    answer = told.answer("GET", "/dir/index.html", "Mufasa", "Circle Of Life", "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer
    assert "nc=00000001" in answer


def test_challenges_are_read_whatever_stands_in_quotes() -> None:
    header = 'Negotiate, Basic realm="a, Digest nonce=1", Digest realm="x\\"y", nonce="n, m", qop="auth"'
    assert [scheme for scheme, _ in challenges(header)] == ["negotiate", "basic", "digest"]
    found = best([header, 'Digest nonce="s", qop=auth, algorithm=SHA-256'])
    assert found is not None
    assert (found.nonce, found.algorithm) == ("s", "SHA-256")
    for unusable in ("", "Basic realm=x", "Digest nonce=a", "Digest nonce=a, qop=auth-int", "Digest qop=auth", ",,=,"):
        assert best([unusable]) is None


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
async def test_digest_asks_once_and_uses_the_nonce_again(
    door: Door, load: Load, service: Service, algorithm: str
) -> None:
    service.algorithm = algorithm
    plugins = [load(_text(service, DIGEST))]
    for name in ("ask", "send", "ask"):
        result = await door.call(plugins, name, "{}", ANN)
        assert (result.status, result.value) == ("ok", {"ok": True}), result
        assert result.request["headers"]["Authorization"] == "Digest ***"
    assert [status for status, _ in service.asked] == [401, 200, 200, 200]
    assert service.nonces == {"n0,x=1": 3}


async def test_a_stale_nonce_is_followed_by_a_new_one(door: Door, load: Load, service: Service) -> None:
    plugins = [load(_text(service, DIGEST))]
    await door.call(plugins, "ask", "{}", ANN)
    service.stale = True
    assert (await door.call(plugins, "ask", "{}", ANN)).status == "ok"
    service.nonces.clear()
    assert (await door.call(plugins, "send", "{}", ANN)).status == "ok"


@pytest.mark.parametrize("wrong", [{"WORD": "wrong"}, {"NAME": "somebody"}])
async def test_a_wrong_password_is_tried_once(
    door: Door, load: Load, service: Service, kept: dict[str, str], wrong: dict[str, str]
) -> None:
    kept.update(wrong)
    result = await door.call([load(_text(service, DIGEST))], "ask", "{}", ANN)
    assert (result.status, result.error) == ("failed", "127.0.0.1 answered 401")
    assert [status for status, _ in service.asked] == [401, 401]
    service.algorithm = "SHA-1"
    result = await door.call([load(_text(service, DIGEST), "other")], "ask", "{}", ANN)
    assert "asks for no digest" in str(result.error)


@pytest.mark.parametrize("style", ["header", "body"])
async def test_one_token_serves_all_calls(door: Door, load: Load, service: Service, style: str) -> None:
    plugins = [load(_text(service, _oauth2(service, style), "/o"))]
    service.gate.clear()
    calls = [asyncio.create_task(door.call(plugins, name, "{}", ANN)) for name in ("ask", "send") * 10]
    await asyncio.sleep(0)
    service.gate.set()
    results = await asyncio.gather(*calls)
    assert {result.status for result in results} == {"ok"}, results[0]
    assert len(service.forms) == 1
    assert (service.forms[0]["scope"], service.forms[0]["audience"]) == (["read write"], ["things"])
    for result in results:
        assert "tok-0" not in str(result)
        assert result.request["headers"]["Authorization"] == "Bearer ***"


async def test_a_refused_token_is_fetched_anew_once(door: Door, load: Load, service: Service) -> None:
    plugins = [load(_text(service, _oauth2(service), "/o"))]
    assert (await door.call(plugins, "ask", "{}", ANN)).status == "ok"
    service.living.clear()
    assert (await door.call(plugins, "send", "{}", ANN)).status == "ok"
    assert len(service.tokens) == 2
    service.living = type("Nobody", (set,), {"add": lambda *_: None})()
    result = await door.call(plugins, "ask", "{}", ANN)
    assert (result.status, len(service.tokens)) == ("failed", 3)
    assert "401" in str(result.error)
    assert "tok-" not in str(result)


async def test_a_token_is_renewed_shortly_before_it_ends(service: Service) -> None:
    now = [1000.0]
    tokens, outgoing = Tokens(lambda: now[0]), Outgoing([f"127.0.0.1:{service.port}"])
    client = (USER, WORD, "", "")

    async def got() -> str:
        return await tokens.get(outgoing, f"{service.url}/token", client, False)

    assert [await got(), await got()] == ["tok-0-secret"] * 2
    now[0] += 3569
    assert await got() == "tok-0-secret"
    now[0] += 2
    assert await got() == "tok-1-secret"
    for odd in (None, "soon", -5, "nan"):
        service.expires_in = odd
        now[0] += 100_000
        assert await got() == f"tok-{len(service.tokens) - 1}-secret"
    await outgoing.close()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, '{"error": "invalid_client", "x": "WORD"}'), "answered 401 (invalid_client): check client id"),
        ((400, '{"error": "<b>WORD</b>"}'), "answered 400: check client id"),
        ((200, "WORD"), "holds no bearer token"),
        ((200, '{"access_token": "a\\r\\nX: y"}'), "holds no bearer token"),
        ((200, '{"access_token": "abcd", "token_type": "mac"}'), "holds no bearer token"),
        ((302, ""), "No token for the service: 127.0.0.1 answered 302"),
    ],
)
async def test_no_token_means_no_request_and_no_secret_in_the_words(
    door: Door, load: Load, service: Service, answer: tuple[int, str], told: str
) -> None:
    service.token_answer = answer[0], answer[1].replace("WORD", WORD)
    result = await door.call([load(_text(service, _oauth2(service), "/o"))], "ask", "{}", ANN)
    assert result.status == "failed"
    assert told in str(result.error)
    assert WORD not in str(result)
    assert service.asked == []


async def test_a_secret_goes_to_its_own_hosts_alone(
    door: Door, load: Load, service: Service, kept: dict[str, str]
) -> None:
    kept["WORD"] = Tied(WORD, frozenset({"login.example.com"}))
    for auth in (DIGEST, "{bearer: '${secret.WORD}'}", "{api_key: {query: k, value: '${secret.WORD}'}}"):
        result = await door.call([load(_text(service, auth))], "ask", "{}", ANN)
        assert result.error == f"the secret WORD is for login.example.com and not for 127.0.0.1:{service.port}"
    result = await door.call([load(_text(service, _oauth2(service), "/o"))], "ask", "{}", ANN)
    assert "the secret WORD is for login.example.com" in str(result.error)
    assert (service.asked, service.forms) == ([], [])
    for hosts in ({"127.0.0.1"}, {f"127.0.0.1:{service.port}"}):
        kept["WORD"] = Tied(WORD, frozenset(hosts))
        assert (await door.call([load(_text(service, DIGEST))], "ask", "{}", ANN)).status == "ok"
