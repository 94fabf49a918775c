"""An identity provider on loopback that speaks OpenID Connect and refuses what a real one would refuse."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.running import free_port

CLIENT, SECRET = "rapport-console", "a secret: with/signs"
Claims = dict[str, Any]


@dataclass
class IdentityProvider:
    """Signs `email` in without asking. `forge` may change the claims, `sign` the way that a token is signed."""

    email: str = "nia@company.example"
    port: int = field(default_factory=free_port)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    forge: Callable[[Claims], Claims] = field(default=lambda claims: claims)
    sign: Callable[[IdentityProvider, Claims], str] = field(default=lambda provider, claims: provider.signed(claims))
    denies: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def env(self, roles: str = "@company.example=editor") -> dict[str, str]:
        """The settings of a server that trusts it."""
        return {
            "RAPPORT_OIDC_ISSUER": self.issuer,
            "RAPPORT_OIDC_CLIENT_ID": CLIENT,
            "RAPPORT_OIDC_CLIENT_SECRET": SECRET,
            "RAPPORT_OIDC_ROLES": roles,
            "RAPPORT_ALLOW_HOSTS": f"127.0.0.1:{self.port}",
        }

    def signed(self, claims: Claims, key: Any = None, algorithm: str = "ES256", kid: str | None = "one") -> str:
        """A token of these claims, by its own key unless another is given."""
        headers = {"kid": kid} if kid else {}
        return jwt.encode(claims, key if key is not None else self.key, algorithm=algorithm, headers=headers)

    def authorize(self, address: str) -> str:
        """Where the browser is sent back to, for the address that a sign-in began with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        if self.denies:
            told = {"error": "access_denied", "state": asked["state"]}
        else:
            code = f"code-{len(self.codes)}"
            self.codes[code] = asked
            told = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    @contextmanager
    def running(self) -> Iterator[IdentityProvider]:
        """Serves while the block runs."""
        provider = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path == "/authorize":
                    self.send_response(302)
                    self.send_header("location", provider.authorize(self.path))
                    self.end_headers()
                elif path == "/.well-known/openid-configuration":
                    self._say(200, provider._description())
                elif path == "/jwks":
                    self._say(200, {"keys": [provider._public()]})
                else:
                    self._say(404, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self._say(*provider._token(self.headers.get("authorization", ""), form))

            def _say(self, status: int, told: dict[str, Any]) -> None:
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        serving = ThreadingHTTPServer(("127.0.0.1", self.port), Pages)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            serving.shutdown()
            serving.server_close()

    def _description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _public(self) -> dict[str, Any]:
        return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key())), "kid": "one", "use": "sig"}

    def _token(self, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        kind, _, pair = authorization.partition(" ")
        user, _, word = base64.b64decode(pair).decode().partition(":") if kind == "Basic" else ("", "", "")
        if (unquote(user), unquote(word)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or base64.urlsafe_b64encode(proof).decode().rstrip("=") != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
            or form.get("grant_type") != "authorization_code"
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims: Claims = {
            "iss": self.issuer,
            "sub": "person-1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": self.email,
            "email_verified": True,
        }
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.sign(self, self.forge(claims))}
