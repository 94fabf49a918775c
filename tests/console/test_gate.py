"""The console's door over plain HTTP: headers, addresses, and what a sign-in link says before any page is drawn."""

from __future__ import annotations

from pathlib import Path

import code_editor
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from console.gate import Gate
from tests.console.house import SESSION_COOKIE, House


def get(house: House, path: str, **headers: str) -> httpx.Response:
    return httpx.get(house.console_url + path, headers=headers, trust_env=False)


@pytest.mark.parametrize("path", ["/", "/signin?token=x", "/app/static/favicon.svg", "/_stcore/health", "/nowhere"])
def test_every_answer_carries_careful_headers(house: House, path: str) -> None:
    answer = get(house, path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/lead/ld_1a-B", "/lead?id=ld_1a-B"),
        ("/persona/lan", "/persona?name=lan"),
        ("/conversation/cv_1?turn=2", "/conversation?id=cv_1&turn=2"),
        ("/nowhere", "/?missing=nowhere"),
        ("/leads/deep/er", "/?missing=leads%2Fdeep%2Fer"),
        ("//evil.example/x", "/?missing=evil.example%2Fx"),
        ("/lead/a%0d%0aset-cookie:x", "/?missing=lead%2Fa%0D%0Aset-cookie%3Ax"),
    ],
)
def test_an_address_that_is_no_page_leads_to_one_of_ours(house: House, path: str, to: str) -> None:
    answer = httpx.Client(trust_env=False).send(httpx.Request("GET", house.console_url + path))
    assert (answer.status_code, answer.headers["location"]) == (307, to)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["metrics", "agent/openapi.json", "script-health-check", "message"])
def test_the_framework_s_inside_is_closed(house: House, path: str) -> None:
    assert get(house, f"/_stcore/{path}").status_code == 404
    assert get(house, f"/persona/_stcore/{path}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/persona", "/leads"])
def test_a_page_says_where_its_server_is(house: House, path: str) -> None:
    first = get(house, path)
    assert first.text.count("BACKEND_BASE_URL:location.origin") == 1
    assert first.headers["content-length"] == str(len(first.content))


def test_the_yaml_editor_asks_for_no_font_outside() -> None:
    build = Path(code_editor.__file__).parent / "frontend/build"
    asking = [file for file in build.rglob("*.js") if b"@import url('https://fonts" in file.read_bytes()]
    assert asking
    files = Mount("/component/code_editor.code_editor", StaticFiles(directory=build))
    door = TestClient(Gate(Starlette(routes=[files]), (), "http://127.0.0.1"))
    for file in asking:
        answer = door.get(f"/component/code_editor.code_editor/{file.relative_to(build)}")
        assert (answer.status_code, "@import url('https://fonts" in answer.text) == (200, False)


def test_the_session_cookie_is_out_of_reach_of_scripts(house: House) -> None:
    answer = get(house, house.link().removeprefix(house.console_url))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    kept = answer.headers["set-cookie"]
    assert kept.startswith(f"{SESSION_COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(kept.split("; "))
    assert answer.headers["cache-control"] == "no-store"


def test_a_link_opened_by_a_preview_is_not_used_up(house: House) -> None:
    link = house.link()
    assert httpx.head(link, trust_env=False).status_code == 200
    assert httpx.get(link, trust_env=False).status_code == 303


@pytest.mark.parametrize(("language", "said"), [("en-GB,en;q=0.9", "no longer good"), ("zh-CN,zh;q=0.9", "已失效")])
def test_a_spent_link_says_how_to_get_another(house: House, language: str, said: str) -> None:
    link = house.link().removeprefix(house.console_url)
    assert get(house, link).status_code == 303
    again = get(house, link, **{"accept-language": language})
    assert again.status_code == 401
    assert said in again.text
    assert "rapport signin-link" in again.text
    assert "set-cookie" not in again.headers


def test_a_cut_link_is_told_from_a_spent_one(house: House) -> None:
    answer = get(house, "/signin")
    assert answer.status_code == 400
    assert "whole link" in answer.text


def test_a_token_is_never_repeated_on_the_page(house: House) -> None:
    answer = get(house, "/signin?token=<script>alert(1)</script>")
    assert answer.status_code == 401
    assert "alert(1)" not in answer.text


def test_a_link_is_not_used_up_while_the_server_is_away(own_house: House) -> None:
    link = own_house.link()
    own_house.kill_server()
    away = httpx.get(link, trust_env=False)
    assert away.status_code == 503
    assert "has not been used up" in away.text
    own_house.start_server()
    assert httpx.get(link, trust_env=False).status_code == 303


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:3000", "http://127.0.0.1:9", "null", "http://evil.example#{own}", None],
)
def test_a_page_of_another_origin_cannot_open_the_console_s_socket(house: House, origin: str | None) -> None:
    address = house.console_url.replace("http", "ws") + "/_stcore/stream"
    own = house.console_url.removeprefix("http://")
    with (
        pytest.raises(InvalidStatus),
        connect(address, origin=origin.replace("{own}", own) if origin else None, subprotocols=["streamlit"]),
    ):
        pass


def test_the_console_s_own_page_opens_its_socket(house: House) -> None:
    address = house.console_url.replace("http", "ws") + "/_stcore/stream"
    with connect(address, origin=house.console_url, subprotocols=["streamlit"]) as socket:
        assert socket.subprotocol == "streamlit"
