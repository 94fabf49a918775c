"""Customer tokens: a good one is believed, and no forged, broken, old or odd one ever is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.auth import CustomerKeys
from server.errors import Unauthorised, WrongSetting
from server.outgoing import Outgoing, OutgoingError, Response
from tests.running import ISSUER, SECRET, RunningServer, customer_token

ADDRESS = "https://id.example.com/keys"


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims with changes; `...` leaves one out."""
    good = {"iss": ISSUER, "sub": "cust-1", "aud": "rapport", "exp": int(time.time()) + 300}
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def signed(
    payload: Any = None, header: Any = None, *, secret: str = SECRET, hash: Any = hashlib.sha256, signature: Any = None
) -> str:
    """A token written by hand, so that no library refuses to write it."""
    head = (
        header
        if isinstance(header, bytes)
        else json.dumps({"alg": "HS256", "typ": "JWT"} if header is None else header).encode()
    )
    body = payload if isinstance(payload, bytes) else json.dumps(claims() if payload is None else payload).encode()
    text = b64(head) + b"." + b64(body)
    made = hmac.new(secret.encode(), text, hash).digest() if signature is None else signature
    return (text + b"." + b64(made)).decode()


NONES: tuple[Any, ...] = (
    "none",
    "None",
    "NONE",
    "nOnE",
    "none ",
    " none",
    "n\u00f6ne",
    "",
    None,
    0,
    [],
    {},
    False,
    "NoNe\0",
    ["none"],
)
BAD_EXP: tuple[Any, ...] = (
    *(1, 0, -1, "9999999999", "soon", None, True),
    *([], {}, [9999999999], float("inf"), float("nan"), ""),
)
BAD_NBF: tuple[Any, ...] = (int(time.time()) + 3600, "1", None, [], True)
BAD_AUD: tuple[Any, ...] = ("other", ["other"], [], {}, "", None, "Rapport", "rapport ", 1)
BAD_ISS: tuple[Any, ...] = ("someone", [ISSUER], {}, None, "", ISSUER.upper(), 5)
BAD_SUB: tuple[Any, ...] = (
    *("", " ", "\u3000", None, 5, True, [], {}, ["a"]),
    *("x" * 201, "a\0b", "a\nb", "\x1b[1m", "a\x7f", "\ud800"),
)
FORGED: dict[str, str] = {
    **{f"alg {alg!r} unsigned": signed(header={"alg": alg, "typ": "JWT"}, signature=b"") for alg in NONES},
    **{f"alg {alg!r} signed": signed(header={"alg": alg, "typ": "JWT"}) for alg in NONES},
    "no alg": signed(header={"typ": "JWT"}),
    "alg twice, none first": signed(header=b'{"alg":"none","alg":"HS256"}', signature=b""),
    "alg twice, none last": signed(header=b'{"alg":"HS256","alg":"none"}'),
    "HS384": signed(header={"alg": "HS384"}, hash=hashlib.sha384),
    "HS512": signed(header={"alg": "HS512"}, hash=hashlib.sha512),
    "hs256": signed(header={"alg": "hs256"}),
    "signed with nothing": signed(secret=""),
    "signed with another secret": signed(secret="x" * 40),
    "signature cut": signed()[:-4],
    "signature of another token": signed(claims(sub="a")).rsplit(".", 1)[0] + "." + signed().rsplit(".", 1)[1],
    "no signature": signed(signature=b""),
    "crit": signed(header={"alg": "HS256", "crit": ["exp"], "exp": 1}),
    "empty crit": signed(header={"alg": "HS256", "crit": []}),
    "crit b64": signed(header={"alg": "HS256", "crit": ["b64"], "b64": False}),
    "b64 false": signed(header={"alg": "HS256", "b64": False}),
    **{f"without {name}": signed(claims(**{name: ...})) for name in ("iss", "sub", "aud", "exp")},
    **{f"exp {number}": signed(claims(exp=exp)) for number, exp in enumerate(BAD_EXP)},
    "exp beyond floats": signed(json.dumps(claims()).replace('"exp": ', '"exp": 1e999, "x": ').encode()),
    **{f"nbf {number}": signed(claims(nbf=nbf)) for number, nbf in enumerate(BAD_NBF)},
    **{f"aud {aud!r}": signed(claims(aud=aud)) for aud in BAD_AUD},
    **{f"iss {iss!r}": signed(claims(iss=iss)) for iss in BAD_ISS},
    **{f"sub {str(sub)[:20]!r}": signed(claims(sub=sub)) for sub in BAD_SUB},
    "visitor-shaped sub": signed(claims(sub="v_0123456789abcdef0123456789abcdef")),
    "payload a list": signed([]),
    "payload a text": signed("x"),
    "payload null": signed(b"null"),
    "payload no JSON": signed(b"{"),
    "payload not UTF-8": signed(b'{"iss":"\xff"}'),
    "payload deep": signed(b'{"iss":' + b"[" * 900 + b"]" * 900 + b"}"),
    "header a list": signed(header=b"[]"),
    "header no JSON": signed(header=b"{"),
    "one part": "abc",
    "two parts": "abc.def",
    "four parts": signed() + ".x",
    "five parts": "a.b.c.d.e",
    "dots": "...",
    "blank": " ",
    "not ASCII": "\u540d.\u540d.\u540d",
    "NUL": "a\0b",
    "padding": signed() + "=",
    "a line break inside": signed()[:-10] + "\n" + signed()[-10:],
    "junk inside the signature": signed()[:-10] + "!" + signed()[-10:],
    "Bearer before it": "Bearer " + signed(),
    "a visitor's token": "rv_" + "x" * 43,
    "a long nothing": "x" * 7999,
}  # fmt: skip


def identify(server: RunningServer, token: str) -> Any:
    with server.client(server.visitor().token) as client:
        body = json.dumps({"customer_token": token})
        headers = {"content-type": "application/json"}
        return client.post("/api/v1/visitors/identify", content=body, headers=headers)


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_not_in_order_is_a_401(server: RunningServer, name: str) -> None:
    answer = identify(server, FORGED[name])
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_change_of_a_single_character_survives(server: RunningServer) -> None:
    """60 places of a good token, first, last and spread over all three parts."""
    good = customer_token("cust-1", name="Ada")
    assert identify(server, good).status_code == 200
    visitor = server.visitor()
    places = sorted({round(n * (len(good) - 1) / 59) for n in range(60)})
    assert len(places) == 60
    with server.client(visitor.token) as client:
        for place in places:
            for other in "AB":
                if good[place] == other:
                    continue
                bad = good[:place] + other + good[place + 1 :]
                answer = client.post("/api/v1/visitors/identify", json={"customer_token": bad})
                assert answer.status_code == 401, (place, other, answer.text)
                break
        assert client.get("/api/v1/me").json()["id"] == visitor.id


def test_a_token_is_no_bearer_and_a_bearer_no_customer_token(server: RunningServer) -> None:
    with server.client(customer_token("cust-1")) as client:
        assert client.get("/api/v1/me").status_code == 401


def test_a_good_token_is_believed_with_several_audiences_too(server: RunningServer) -> None:
    for token in (signed(), signed(claims(aud=["else", "rapport"])), signed(claims(nbf=int(time.time()) - 5))):
        answer = identify(server, token)
        assert answer.status_code == 200
        assert answer.json()["visitor_id"] == "cust-1"
        assert answer.json()["trust"] == "verified"


# Key sets


class Issuer(Outgoing):
    """Stands in for the client of outgoing HTTP: the issuer's address answers with what is set here."""

    def __init__(self, keys: list[Any]) -> None:
        super().__init__()
        self.body = json.dumps({"keys": keys}).encode()
        self.status, self.fetched, self.fault = 200, 0, False

    async def fetch(self, method: str, url: str, **_more: Any) -> Response:
        assert (method, url) == ("GET", ADDRESS)
        self.fetched += 1
        await asyncio.sleep(0)
        if self.fault:
            raise OutgoingError("connect", "the issuer does not answer")
        return Response(self.status, {}, self.body, 1.0)


RSA = rsa.generate_private_key(65537, 2048)
EC, ED = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
KINDS: dict[str, tuple[Any, Any]] = {
    "RS256": (RSA, jwt.algorithms.RSAAlgorithm),
    "ES256": (EC, jwt.algorithms.ECAlgorithm),
    "EdDSA": (ED, jwt.algorithms.OKPAlgorithm),
}


def public(kind: str, **more: Any) -> dict[str, Any]:
    private, algorithm = KINDS[kind]
    found: dict[str, Any] = json.loads(algorithm.to_jwk(private.public_key()))
    found.pop("key_ops", None)
    return {**found, "kid": kind, **more}


def by(kind: str, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(
        claims(iss="id", **changes), KINDS[kind][0], algorithm=kind, headers={"kid": kind, **(header or {})}
    )


def keys_of(issuer: Issuer) -> CustomerKeys:
    return CustomerKeys(f"id={ADDRESS}", issuer)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_key_of_a_key_set_verifies(kind: str) -> None:
    verified = await keys_of(Issuer([public(k) for k in KINDS])).verify(by(kind, name="Ada", locale="zh"))
    assert (verified.user_id, verified.name, verified.locale) == ("cust-1", "Ada", "zh")


def confused() -> dict[str, str]:
    """Tokens that try to choose the key or the algorithm themselves."""
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raw = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = ec.generate_private_key(ec.SECP256R1())
    embedded = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(own.public_key()))
    body = claims(iss="id")
    head = {"alg": "HS256", "kid": "RS256"}

    def hs(secret: bytes) -> str:
        text = b64(json.dumps(head).encode()) + b"." + b64(json.dumps(body).encode())
        return (text + b"." + b64(hmac.new(secret, text, hashlib.sha256).digest())).decode()

    return {
        "HS256 with the public key as PEM": hs(pem),
        "HS256 with the public key as DER": hs(raw),
        "HS256 with the public key as JWK": hs(json.dumps(public("RS256")).encode()),
        "HS256 with an empty secret": hs(b""),
        "another kind of key than the named one": by("ES256", {"kid": "RS256"}),
        "a key of its own in the header": jwt.encode(
            body, own, algorithm="ES256", headers={"kid": "ES256", "jwk": embedded}
        ),
        "an address of its own in the header": jwt.encode(
            body, own, algorithm="ES256", headers={"kid": "own", "jku": "https://evil.example/k", "x5u": "https://evil.example"}
        ),
        "no key named": jwt.encode(body, RSA, algorithm="RS256"),
        "a key that is not there": by("RS256", {"kid": "other"}),
        "a key of odd shape": jwt.encode(body, RSA, algorithm="RS256", headers={"kid": "../../RS256"}),
        "PS256 for RS256": jwt.encode(body, RSA, algorithm="PS256", headers={"kid": "RS256"}),
        "RS512 for RS256": jwt.encode(body, RSA, algorithm="RS512", headers={"kid": "RS256"}),
        "none": b64(b'{"alg":"none","kid":"RS256"}').decode() + "." + b64(json.dumps(body).encode()).decode() + ".",
    }  # fmt: skip


@pytest.mark.parametrize("name", confused())
async def test_the_token_chooses_neither_key_nor_algorithm(name: str) -> None:
    with pytest.raises(Unauthorised):
        await keys_of(Issuer([public(kind) for kind in KINDS])).verify(confused()[name])


async def test_private_encrypting_and_broken_keys_of_a_set_do_not_count_and_do_not_hurt() -> None:
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA))
    private.pop("key_ops", None)
    keys = keys_of(
        Issuer(
            [
                5, None, {}, {"kty": "RSA"}, {"kty": "oct", "k": "x"},
                {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "broken"},
                {**private, "kid": "private"}, public("RS256", kid="enc", use="enc"), public("ES256"),
            ]
        )
    )  # fmt: skip
    assert (await keys.verify(by("ES256"))).user_id == "cust-1"
    for kid in ("private", "enc", "broken"):
        with pytest.raises(Unauthorised):
            await keys.verify(by("RS256", {"kid": kid}))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"keys": 5}', b'{"keys": {}}', b"\xff", b"<html>"])
async def test_an_address_that_holds_no_keys_refuses_everybody(body: bytes) -> None:
    issuer = Issuer([])
    issuer.body = body
    with pytest.raises(Unauthorised):
        await keys_of(issuer).verify(by("RS256"))


async def test_many_at_once_wait_for_one_fetch() -> None:
    issuer = Issuer([public("RS256")])
    keys = keys_of(issuer)
    found = await asyncio.gather(*(keys.verify(by("RS256")) for _ in range(20)))
    assert {one.user_id for one in found} == {"cust-1"}
    assert issuer.fetched == 1


async def test_unknown_keys_are_looked_for_again_but_not_by_every_token(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("server.auth.customer.time.monotonic", lambda: now[0])
    issuer = Issuer([public("RS256")])
    keys = keys_of(issuer)
    for _ in range(50):
        with pytest.raises(Unauthorised):
            await keys.verify(by("ES256"))
    assert issuer.fetched == 1
    issuer.body = json.dumps({"keys": [public("ES256")]}).encode()
    now[0] += 31
    assert (await keys.verify(by("ES256"))).user_id == "cust-1"
    with pytest.raises(Unauthorised):
        await keys.verify(by("RS256"))


@pytest.mark.parametrize("outage", ["status", "fault"])
async def test_known_keys_stay_in_force_while_the_issuer_is_away(monkeypatch: pytest.MonkeyPatch, outage: str) -> None:
    now = [1000.0]
    monkeypatch.setattr("server.auth.customer.time.monotonic", lambda: now[0])
    issuer = Issuer([public("RS256")])
    keys = keys_of(issuer)
    await keys.verify(by("RS256"))
    issuer.status, issuer.fault = (503, False) if outage == "status" else (200, True)
    now[0] += 3600
    assert (await keys.verify(by("RS256"))).user_id == "cust-1"
    assert issuer.fetched == 2
    with pytest.raises(Unauthorised):
        await keys.verify(by("ES256"))


# Issuers


MANY = f"{ISSUER}={SECRET},partner={SECRET}-2,partner:eu={SECRET}-3"


async def test_only_the_first_issuers_people_have_bare_ids() -> None:
    keys = CustomerKeys(MANY, Outgoing())
    assert (await keys.verify(signed())).user_id == "cust-1"
    assert (await keys.verify(signed(claims(iss="partner"), secret=f"{SECRET}-2"))).user_id == "partner:cust-1"
    assert (await keys.verify(signed(claims(iss="partner:eu"), secret=f"{SECRET}-3"))).user_id == "partner:eu:cust-1"


@pytest.mark.parametrize(
    ("issuer", "secret", "sub"),
    [
        (ISSUER, SECRET, "partner:cust-1"),
        (ISSUER, SECRET, "partner:"),
        (ISSUER, SECRET, "partner:eu:cust-1"),
        ("partner", f"{SECRET}-2", "eu:cust-1"),
        ("partner", f"{SECRET}-2", "v_0123"),
        ("partner", SECRET, "cust-1"),
        (ISSUER, f"{SECRET}-2", "cust-1"),
    ],
)
async def test_no_issuer_speaks_for_anothers_people(issuer: str, secret: str, sub: str) -> None:
    with pytest.raises(Unauthorised):
        await CustomerKeys(MANY, Outgoing()).verify(signed(claims(iss=issuer, sub=sub), secret=secret))


@pytest.mark.parametrize(
    "setting",
    [
        "shop", "=x", f"={SECRET}", "shop=short", "shop=http://id.example.com/keys", f"shop={SECRET},other", "shop=",
        f"shop={SECRET},shop={SECRET}-2",
    ],
)  # fmt: skip
def test_a_setting_that_would_be_weak_or_unclear_is_refused_by_name(setting: str) -> None:
    with pytest.raises(WrongSetting, match="RAPPORT_CUSTOMER_KEYS"):
        CustomerKeys(setting, Outgoing())


async def test_without_issuers_no_token_is_taken() -> None:
    with pytest.raises(Unauthorised, match="RAPPORT_CUSTOMER_KEYS"):
        await CustomerKeys("", Outgoing()).verify(signed())
