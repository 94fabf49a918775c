"""Company accounts: who the provider vouches for comes in with the role of the rules; nothing forged does."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.auth.oidc import RoleRule, parse_rules
from server.errors import WrongSetting
from tests.conftest import furnish
from tests.identity_provider import CLIENT, Claims, IdentityProvider
from tests.running import ADMIN, RunningServer

RULES = "@company.example=editor, groups:sales-leads=developer"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider().running() as made:
        yield made


@pytest.fixture(scope="module")
def trusting(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that trusts the provider."""
    server = RunningServer(furnish(tmp_path_factory.mktemp("company")), env=provider.env(RULES)).start()
    yield server
    server.stop()


@pytest.fixture
def nobody(trusting: RunningServer, provider: IdentityProvider) -> Iterator[httpx.Client]:
    provider.email, provider.forge = "nia@company.example", lambda claims: claims
    provider.sign = lambda provider, claims: provider.signed(claims)
    with trusting.client(None) as client:
        yield client


def begun(client: httpx.Client) -> tuple[str, str]:
    """(address at the provider, state) of a new sign-in."""
    made = client.post("/api/v1/sessions/oidc/start").json()
    return made["address"], made["state"]


def brought_back(provider: IdentityProvider, address: str) -> dict[str, str]:
    """What the provider's redirect carries."""
    return {name: values[0] for name, values in parse_qs(urlsplit(provider.authorize(address)).query).items()}


def signed_in(client: httpx.Client, provider: IdentityProvider) -> httpx.Response:
    address, _ = begun(client)
    return client.post("/api/v1/sessions/oidc", json=brought_back(provider, address))


def test_whom_a_rule_lets_in_gets_its_role_and_is_listed(
    trusting: RunningServer, nobody: httpx.Client, provider: IdentityProvider
) -> None:
    assert nobody.get("/api/v1/sessions/oidc").json() == {"configured": True}
    answer = signed_in(nobody, provider)
    assert answer.status_code == 201, answer.text
    with trusting.client(answer.json()["token"]) as nia:
        assert nia.get("/api/v1/me").json()["role"] == "editor"
        assert nia.get("/api/v1/accounts").status_code == 403
    with trusting.client(ADMIN) as admin:
        assert "nia@company.example" in [one["email"] for one in admin.get("/api/v1/accounts").json()["items"]]
        lines = admin.get("/api/v1/audit", params={"q": "nia@company.example"}).json()["items"]
    assert {"join_by_company_account", "sign_in"} <= {line["action"] for line in lines}


def test_the_highest_of_several_roles_holds_and_a_role_given_by_hand_stays(
    trusting: RunningServer, nobody: httpx.Client, provider: IdentityProvider
) -> None:
    provider.email = "lee@company.example"
    provider.forge = lambda claims: {**claims, "groups": ["staff", "sales-leads"]}
    account = signed_in(nobody, provider).json()["account"]
    assert account["role"] == "developer"
    with trusting.client(ADMIN) as admin:
        admin.patch(f"/api/v1/accounts/{account['id']}", json={"role": "viewer"}).raise_for_status()
    assert signed_in(nobody, provider).json()["account"]["role"] == "viewer"


def test_who_is_neither_invited_nor_in_a_rule_stays_out_until_invited(
    trusting: RunningServer, nobody: httpx.Client, provider: IdentityProvider
) -> None:
    provider.email = "ann@elsewhere.example"
    assert signed_in(nobody, provider).status_code == 403
    with trusting.client(ADMIN) as admin:
        admin.post("/api/v1/accounts", json={"email": provider.email, "role": "viewer"}).raise_for_status()
    assert signed_in(nobody, provider).json()["account"]["role"] == "viewer"


def test_who_was_removed_does_not_come_back_by_a_rule(
    trusting: RunningServer, nobody: httpx.Client, provider: IdentityProvider
) -> None:
    provider.email = "gone@company.example"
    account = signed_in(nobody, provider).json()["account"]
    with trusting.client(ADMIN) as admin:
        assert admin.delete(f"/api/v1/accounts/{account['id']}").status_code == 204
    assert signed_in(nobody, provider).status_code == 403


def other(claims: Claims, **changes: Any) -> Claims:
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


FORGED: dict[str, Callable[[Claims], Claims]] = {
    "another nonce": lambda claims: other(claims, nonce="x"),
    "no nonce": lambda claims: other(claims, nonce=...),
    "another audience": lambda claims: other(claims, aud="else"),
    "no audience": lambda claims: other(claims, aud=...),
    "several audiences, no party": lambda claims: other(claims, aud=[CLIENT, "else"]),
    "another party": lambda claims: other(claims, azp="else"),
    "another issuer": lambda claims: other(claims, iss="http://127.0.0.1:1"),
    "late": lambda claims: other(claims, iat=int(time.time()) - 900, exp=int(time.time()) - 600),
    "no end": lambda claims: other(claims, exp=...),
    "no subject": lambda claims: other(claims, sub=...),
    "of the future": lambda claims: other(claims, iat=int(time.time()) + 3600, exp=int(time.time()) + 7200),
}


@pytest.mark.parametrize("forged", FORGED, ids=lambda name: name)
def test_claims_that_do_not_fit_are_refused(nobody: httpx.Client, provider: IdentityProvider, forged: str) -> None:
    provider.forge = FORGED[forged]
    answer = signed_in(nobody, provider)
    assert answer.status_code == 401, answer.text
    assert "not valid" in answer.json()["detail"]


@pytest.mark.parametrize(
    "claims", [{"email": ""}, {"email": "no address"}, {"email_verified": False}, {"email_verified": "true"}]
)
def test_an_address_that_nobody_verified_is_nobodys(
    nobody: httpx.Client, provider: IdentityProvider, claims: Claims
) -> None:
    provider.forge = lambda known: {**known, **claims}
    assert signed_in(nobody, provider).status_code == 403


def written(*parts: dict[str, Any]) -> str:
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)


def unsigned(provider: IdentityProvider, claims: Claims) -> str:
    return written({"alg": "none", "kid": "one"}, claims) + "."


def by_public_key(provider: IdentityProvider, claims: Claims) -> str:
    """HMAC under the public key, which everybody knows."""
    public = provider.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = written({"alg": "HS256", "kid": "one"}, claims)
    return f"{text}.{base64.urlsafe_b64encode(hmac.digest(public, text.encode(), 'sha256')).decode().rstrip('=')}"


SIGNED: dict[str, Callable[[IdentityProvider, Claims], str]] = {
    "nothing": unsigned,
    "another key": lambda provider, claims: provider.signed(claims, key=ec.generate_private_key(ec.SECP256R1())),
    "the public key as a secret": by_public_key,
    "a key not listed": lambda provider, claims: provider.signed(claims, kid="two"),
    "cut": lambda provider, claims: provider.signed(claims)[:-3],
    "no token": lambda provider, claims: "x",
}


@pytest.mark.parametrize("how", SIGNED, ids=lambda name: name)
def test_tokens_that_the_provider_did_not_sign_are_refused(
    nobody: httpx.Client, provider: IdentityProvider, how: str
) -> None:
    provider.sign = SIGNED[how]
    assert signed_in(nobody, provider).status_code == 401


def test_a_state_works_once_and_only_whole_and_with_its_own_code(
    nobody: httpx.Client, provider: IdentityProvider
) -> None:
    address, _ = begun(nobody)
    first = brought_back(provider, address)
    assert nobody.post("/api/v1/sessions/oidc", json=first).status_code == 201
    assert nobody.post("/api/v1/sessions/oidc", json=first).status_code == 401
    again = brought_back(provider, address)
    assert nobody.post("/api/v1/sessions/oidc", json=again).status_code == 401, "another code, the same state"
    mine, theirs = brought_back(provider, begun(nobody)[0]), brought_back(provider, begun(nobody)[0])
    mixed = {**mine, "code": theirs["code"]}
    assert nobody.post("/api/v1/sessions/oidc", json=mixed).status_code == 401, "somebody else's code"
    for state in ("", "x", mine["state"][:-1] + ("A" if mine["state"][-1] != "A" else "B"), "0." + mine["state"]):
        assert nobody.post("/api/v1/sessions/oidc", json={**mine, "state": state}).status_code in (401, 422)


@pytest.mark.parametrize("issuer", [None, "http://127.0.0.1:1", "http://127.0.0.1"])
def test_an_answer_of_another_provider_is_refused(
    nobody: httpx.Client, provider: IdentityProvider, issuer: str | None
) -> None:
    back = brought_back(provider, begun(nobody)[0])
    answer = nobody.post("/api/v1/sessions/oidc", json={**back, "iss": issuer})
    assert answer.status_code == 401


def test_without_a_provider_nothing_is_offered(server: RunningServer) -> None:
    with server.client(None) as client:
        assert client.get("/api/v1/sessions/oidc").json() == {"configured": False}
        assert client.post("/api/v1/sessions/oidc/start").status_code == 404
        body = {"code": "x", "state": "x"}
        assert client.post("/api/v1/sessions/oidc", json=body).status_code == 404


def test_rules_are_read_or_refused_in_words() -> None:
    assert parse_rules("@A.example=viewer, groups:Sales Leads=admin") == (
        RoleRule("viewer", domain="a.example"),
        RoleRule("admin", claim="groups", value="Sales Leads"),
    )
    for wrong in ("a.example=viewer", "@a.example", "@a.example=owner", "@a.example=visitor", "groups:=viewer"):
        with pytest.raises(WrongSetting, match="RAPPORT_OIDC_ROLES"):
            parse_rules(wrong)
