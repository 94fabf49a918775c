"""Secrets that are set while the server runs, and the signed identity of customers, in a whole service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from server.api import create_app
from server.auth.vault import Vault
from server.catalog import LoadedPlugin
from server.errors import Invalid, NotFound
from server.plugins import Bound
from server.service import Service, open_service
from server.settings import Settings
from server.storage import secrets as stored

from .conftest import Crm

EVE = Bound("eve", "verified", "c_3", "guide", user_name="Eve")
VALUE = "t0p-s3cret-of-the-crm"
PLUGIN = """
base_url: URL/v1
identity: true
auth: {bearer: "${secret.CRM_KEY}"}
functions: [{name: ask, request: {path: /echo}}]
"""
ADMIN = "rk_an-example-admin-token-for-tests"


def _settings(home: Path, crm: Crm, **more: Any) -> Settings:
    for name in ("personas.d", "plugins.d"):
        (home / name).mkdir(exist_ok=True)
    (home / "plugins.d" / "crm.yaml").write_text(PLUGIN.replace("URL", crm.url), "utf-8")
    return Settings(
        _env_file=None,
        data_dir=home / "data",
        personas_dir=home / "personas.d",
        plugins_dir=home / "plugins.d",
        allow_hosts=(f"127.0.0.1:{crm.port}",),
        admin_token=ADMIN,
        **more,
    )


@pytest.fixture
async def service(tmp_path: Path, crm: Crm) -> AsyncIterator[Service]:
    opened = open_service(_settings(tmp_path, crm))
    yield opened
    await opened.stop()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service))
    headers = {"authorization": f"Bearer {ADMIN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as made:
        yield made


def _plugin(service: Service) -> LoadedPlugin:
    return service.catalog.plugin("crm")


async def test_a_secret_is_in_force_at_once_and_never_comes_out(
    service: Service, client: httpx.AsyncClient, crm: Crm, tmp_path: Path
) -> None:
    (before,) = (await client.get("/api/v1/secrets")).json()["items"]
    assert (before["name"], before["source"], before["plugins"]) == ("CRM_KEY", "unset", ["crm"])
    assert "is not set" in str((await service.door.call([_plugin(service)], "ask", "{}", EVE)).error)
    answer = await client.put("/api/v1/secrets/CRM_KEY", json={"value": VALUE, "hosts": ["127.0.0.1"]})
    assert (answer.status_code, answer.json()["source"]) == (200, "stored"), answer.text
    assert not [problem for problem in service.catalog.problems() if "CRM_KEY" in problem.message]
    result = await service.door.call([_plugin(service)], "ask", "{}", EVE)
    assert (result.status, crm.asked[0].headers["Authorization"]) == ("ok", f"Bearer {VALUE}")
    assert VALUE not in str(result)
    assert VALUE in service.unspoken()
    shown = (await client.get("/api/v1/secrets")).text + (await client.get("/api/v1/secrets/CRM_KEY")).text
    assert VALUE not in answer.text + shown
    assert all(VALUE.encode() not in file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert (await client.delete("/api/v1/secrets/CRM_KEY")).status_code == 204
    assert "is not set" in str((await service.door.call([_plugin(service)], "ask", "{}", EVE)).error)
    assert (await client.delete("/api/v1/secrets/CRM_KEY")).status_code == 404
    said = service.database.read_now(lambda tx: tx.rows("SELECT action, object, detail FROM audit ORDER BY at"))
    assert said == [("secret_set", "CRM_KEY", "127.0.0.1"), ("secret_delete", "CRM_KEY", "")]


async def test_a_stored_secret_goes_to_its_hosts_and_one_of_the_environment_comes_first(
    service: Service, client: httpx.AsyncClient, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.put("/api/v1/secrets/CRM_KEY", json={"value": VALUE, "hosts": ["CRM.example.com:443"]})
    result = await service.door.call([_plugin(service)], "ask", "{}", EVE)
    assert result.error == f"the secret CRM_KEY is for crm.example.com:443 and not for 127.0.0.1:{crm.port}"
    assert crm.asked == []
    monkeypatch.setenv("CRM_KEY", "of-the-environment")
    assert (await service.door.call([_plugin(service)], "ask", "{}", EVE)).status == "ok"
    told = (await client.get("/api/v1/secrets/CRM_KEY")).json()
    assert (told["source"], told["stored"]) == ("environment", True)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("CRM_KEY", {"value": "abc", "hosts": ["a.com"]}),
        ("CRM_KEY", {"value": VALUE, "hosts": []}),
        ("CRM_KEY", {"value": VALUE}),
        ("CRM_KEY", {"value": VALUE, "hosts": ["https://a.com"]}),
        ("CRM_KEY", {"value": VALUE, "hosts": ["a.com/x"]}),
        ("CRM_KEY", {"value": VALUE, "hosts": ["*.com"]}),
        ("CRM_KEY", {"value": VALUE, "hosts": ["0x7f.1"]}),
        ("CRM_KEY", {"value": [VALUE], "hosts": ["a.com"]}),
        ("CRM_KEY", {"value": VALUE, "hosts": ["a.com"], "more": VALUE}),
        ("RAPPORT_SECRET_KEY", {"value": VALUE, "hosts": ["a.com"]}),
        ("rapport_x", {"value": VALUE, "hosts": ["a.com"]}),
        ("OPENAI_API_KEY", {"value": VALUE, "hosts": ["a.com"]}),
        ("A-B", {"value": VALUE, "hosts": ["a.com"]}),
    ],
)
async def test_what_cannot_be_stored_is_refused_without_repeating_it(
    client: httpx.AsyncClient, name: str, body: dict[str, Any]
) -> None:
    answer = await client.put(f"/api/v1/secrets/{name}", json=body)
    assert answer.status_code == 422, answer.text
    assert VALUE not in answer.text
    assert (await client.get("/api/v1/secrets")).json()["total"] == 1
    assert (await client.get("/api/v1/secrets/PATH")).status_code == 404


async def test_the_key_can_change_while_what_is_stored_stays(tmp_path: Path, crm: Crm) -> None:
    async def value(**keys: str) -> tuple[str | None, str]:
        service = open_service(_settings(tmp_path, crm, **keys))
        found = service.secrets.get("CRM_KEY"), service.secrets.state("CRM_KEY").source
        await service.stop()
        return found

    row = stored.SecretRow("CRM_KEY", ("a.com",), Vault("one" * 12).encrypt(VALUE), "2026", "admin")
    service = open_service(_settings(tmp_path, crm, secret_key="one" * 12))
    service.database.write_now(lambda tx: stored.put(tx, row))
    await service.stop()
    assert await value(secret_key="one" * 12) == (VALUE, "stored")
    assert await value(secret_key="two" * 12) == (None, "unreadable")
    assert await value(secret_key="two" * 12, secret_key_old="x," + "one" * 12) == (VALUE, "stored")
    assert Vault("two" * 12, ["one" * 12]).decrypt(row.ciphertext) == VALUE
    assert Vault("one" * 12).encrypt(VALUE) != row.ciphertext


async def test_a_service_verifies_who_the_customer_is(
    service: Service, client: httpx.AsyncClient, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_KEY", "of-the-environment")
    result = await service.door.call([_plugin(service)], "ask", "{}", EVE)
    token = crm.asked[0].headers["X-Rapport-Identity"]
    assert result.request["headers"]["X-Rapport-Identity"] == "***"
    assert token not in str(result)
    published = jwt.PyJWKSet.from_json((await client.get("/.well-known/jwks.json")).text)
    key = published[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="127.0.0.1", issuer="rapport")
    assert {name: claims[name] for name in ("sub", "trust", "persona", "conversation")} == {
        "sub": "eve", "trust": "verified", "persona": "guide", "conversation": "c_3",
    }  # fmt: skip
    assert claims["exp"] - claims["iat"] == 300
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token, key, algorithms=["EdDSA"], audience="another.example.com")
    await service.door.call([_plugin(service)], "ask", "{}", EVE)
    assert crm.asked[1].headers["X-Rapport-Identity"] != token


async def test_a_new_key_signs_and_the_former_stays_listed(service: Service, tmp_path: Path) -> None:
    def kid() -> str:
        return str(jwt.get_unverified_header(service.identity.token("a.com", {"sub": "eve"}))["kid"])

    first = kid()
    file = tmp_path / "data" / "identity-keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    second = service.identity.rotate()
    assert kid() == second != first
    assert [key["kid"] for key in service.identity.jwks()["keys"]] == [second, first]
    assert [bool(key["private"]) for key in json.loads(file.read_text())] == [True, False]
    assert "private" not in str(service.identity.jwks())


async def test_nothing_is_put_under_a_name_that_no_plugin_may_have(service: Service) -> None:
    caller = await service.authority.caller(ADMIN)
    with pytest.raises(Invalid):
        await service.put_secret(caller, "RAPPORT_ADMIN_TOKEN", VALUE, ("a.com",))
    with pytest.raises(NotFound):
        await service.delete_secret(caller, "NOT_THERE")
