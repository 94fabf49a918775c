"""Signing in with a company account: OpenID Connect, the authorization code flow with PKCE (RFC 7636).

What stands between start and end of a sign-in is in its `state` alone, which the server's key vouches for; nonce
and verifier are derived from it, so nothing is stored until somebody has proved who they are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import orjson

from server.auth.authority import SESSION_DAYS, open_session
from server.auth.caller import RANK
from server.auth.customer import public_key
from server.auth.tokens import digest_of, mint
from server.clock import Clock, rfc3339
from server.errors import Forbidden, NotFound, Unauthorised, Unavailable, WrongSetting
from server.outgoing import Outgoing, OutgoingError, Response
from server.settings import Settings
from server.storage import Database, Transaction, accounts, people
from server.storage.people import AccountRow

MINUTES = 10
LEEWAY_SECONDS = 60
_KEEP_SECONDS = 600.0
_RETRY_SECONDS = 30.0
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
_RULE = re.compile(r"(?:@(?P<domain>[^\s:=]+)|(?P<claim>[A-Za-z0-9_./-]+):(?P<value>[^=]+))=(?P<role>[a-z]+)")
_STATE = re.compile(r"[0-9a-z]{1,12}\.[A-Za-z0-9_-]{20,64}\.[A-Za-z0-9_-]{43}")
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,180}")


@dataclass(frozen=True, slots=True)
class RoleRule:
    """A role for an e-mail domain (`@example.com`), or for a value of a claim (`groups:sales`)."""

    role: str
    domain: str = ""
    claim: str = ""
    value: str = ""

    def holds(self, email: str, claims: Mapping[str, Any]) -> bool:
        """Whether it is for the person of these claims."""
        if self.domain:
            return email.rpartition("@")[2] == self.domain
        given = claims.get(self.claim)
        return self.value in given if isinstance(given, list) else given == self.value


@dataclass(frozen=True, slots=True)
class _Provider:
    """What the discovery document says."""

    authorization: str
    token: str
    jwks: str
    algorithms: frozenset[str]
    takes_basic: bool
    names_issuer: bool


@dataclass(slots=True)
class _Known:
    provider: _Provider | None = None
    read_at: float = float("-inf")
    keys: dict[str | None, tuple[str, Any]] = field(default_factory=dict)
    keys_at: float = float("-inf")


class CompanySignIn:
    """The identity provider of RAPPORT_OIDC_ISSUER. Raises WrongSetting when the settings do not fit together."""

    def __init__(
        self, settings: Settings, secret_key: str, database: Database, outgoing: Outgoing, clock: Clock
    ) -> None:
        self._settings, self._database, self._outgoing, self._clock = settings, database, outgoing, clock
        self._key = hashlib.sha256(b"rapport oidc v1\0" + secret_key.encode()).digest()
        self._issuer, self._client = settings.oidc_issuer.strip(), settings.oidc_client_id.strip()
        self._rules = parse_rules(settings.oidc_roles)
        self._known = _Known()
        if self._issuer and not self._client:
            raise WrongSetting("RAPPORT_OIDC_CLIENT_ID is not set, though RAPPORT_OIDC_ISSUER is.")
        if self._issuer and not _is_safe(self._issuer):
            raise WrongSetting("RAPPORT_OIDC_ISSUER needs an https address (http only on this machine).")

    @property
    def is_configured(self) -> bool:
        """Whether there is a provider at all."""
        return bool(self._issuer)

    async def start(self) -> tuple[str, str]:
        """(address at the provider, state) of a new sign-in. Raises NotFound, Unavailable."""
        provider = await self._provider()
        state = self._new_state()
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._redirect,
            "scope": "openid email profile",
            "state": state,
            "nonce": self._derived("nonce", state),
            "code_challenge": _encoded(hashlib.sha256(self._derived("verifier", state).encode()).digest()),
            "code_challenge_method": "S256",
        }
        return f"{provider.authorization}{'&' if '?' in provider.authorization else '?'}{urlencode(asked)}", state

    async def finish(self, code: str, state: str, issuer: str | None) -> tuple[str, AccountRow, str]:
        """(session token, account, when it ends). `issuer` is the answer's `iss`, where it has one (RFC 9207).

        Raises Unauthorised for whatever is forged, used or late; Forbidden for somebody the house does not know.
        """
        provider = await self._provider()
        self._check_state(state)
        if issuer != self._issuer and (issuer is not None or provider.names_issuer):
            raise Unauthorised("The sign-in is not valid: another provider answered.")
        token = await self._token(provider, code, state)
        claims = await self._claims(provider, token, state)
        return await self._session(claims, state)

    @property
    def _redirect(self) -> str:
        return f"{self._settings.console_origin}/signin/callback"

    # --- state ---------------------------------------------------------------------------------------------

    def _new_state(self) -> str:
        ends = int(self._clock.now().timestamp()) + MINUTES * 60
        body = f"{ends:x}.{secrets.token_urlsafe(24)}"
        return f"{body}.{self._derived('state', body)}"

    def _check_state(self, state: str) -> None:
        body = state.rpartition(".")[0]
        if not _STATE.fullmatch(state) or not hmac.compare_digest(
            self._derived("state", body), state.rpartition(".")[2]
        ):
            raise Unauthorised("The sign-in is not valid: it was not begun here.")
        if int(state.partition(".")[0], 16) < self._clock.now().timestamp():
            raise Unauthorised("The sign-in took longer than ten minutes; begin again.")

    def _derived(self, what: str, state: str) -> str:
        return _encoded(hmac.digest(self._key, f"{what}\0{state}".encode(), "sha256"))

    # --- the provider --------------------------------------------------------------------------------------

    async def _provider(self) -> _Provider:
        if not self._issuer:
            raise NotFound("Company accounts are not set up here: RAPPORT_OIDC_ISSUER is not set.")
        if self._known.provider is None or time.monotonic() - self._known.read_at > _KEEP_SECONDS:
            answer = await self._fetch("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            self._known.provider, self._known.read_at = self._described(_object(answer)), time.monotonic()
        return self._known.provider

    def _described(self, told: Mapping[str, Any]) -> _Provider:
        if told.get("issuer") != self._issuer:
            raise Unavailable("The identity provider describes another issuer than RAPPORT_OIDC_ISSUER names.")
        places = [str(told.get(name)) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if not all(_is_safe(place) for place in places):
            raise Unavailable("The identity provider's description lacks an https address.")
        named = told.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = frozenset(map(str, named)) & {"RS256", "ES256", "EdDSA"}
        if not algorithms:
            raise Unavailable("The identity provider signs with none of RS256, ES256 and EdDSA.")
        methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        named_back = told.get("authorization_response_iss_parameter_supported") is True
        return _Provider(places[0], places[1], places[2], algorithms, "client_secret_basic" in methods, named_back)

    async def _fetch(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Response:
        try:
            return await self._outgoing.fetch(
                method,
                url,
                headers=headers,
                body=body,
                secrets=tuple(filter(None, (self._settings.oidc_client_secret,))),
            )
        except OutgoingError as error:
            raise Unavailable(f"The identity provider cannot be reached: {error.detail}.") from None

    async def _token(self, provider: _Provider, code: str, state: str) -> str:
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": self._derived("verifier", state),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        secret = self._settings.oidc_client_secret
        if secret and provider.takes_basic:
            pair = f"{quote(self._client, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            asked |= {"client_id": self._client, **({"client_secret": secret} if secret else {})}
        answer = await self._fetch("POST", provider.token, headers, urlencode(asked).encode())
        if answer.status >= 500:
            raise Unavailable("The identity provider has a failure of its own; try again in a moment.")
        token = _object(answer).get("id_token") if answer.status == 200 else None
        if not isinstance(token, str):
            raise Unauthorised("The sign-in is not valid: the identity provider did not take its code.")
        return token

    async def _claims(self, provider: _Provider, token: str, state: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            algorithm, key = await self._signing_key(provider, header)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._client,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthorised(f"The sign-in is not valid: {error}.") from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", self._client) != self._client or (several and "azp" not in claims):
            raise Unauthorised("The sign-in is not valid: it was meant for another application.")
        if not hmac.compare_digest(str(claims["nonce"]).encode(), self._derived("nonce", state).encode()):
            raise Unauthorised("The sign-in is not valid: it answers another request.")
        return claims

    async def _signing_key(self, provider: _Provider, header: Mapping[str, Any]) -> tuple[str, Any]:
        """(algorithm, key): the algorithm by the kind of the key, never by the token's word alone."""
        known, key_id = self._known, header.get("kid")
        age = time.monotonic() - known.keys_at
        if age > (_KEEP_SECONDS if key_id in known.keys else _RETRY_SECONDS):
            listed = _object(await self._fetch("GET", provider.jwks)).get("keys")
            entries = listed if isinstance(listed, list) else []
            known.keys = {one.get("kid"): made for one in entries if (made := public_key(one))}
            known.keys_at = time.monotonic()
        found = known.keys.get(key_id)
        if found is None and key_id is None and len(known.keys) == 1:
            found = next(iter(known.keys.values()))
        if found is None or found[0] not in provider.algorithms or header.get("alg") != found[0] or "crit" in header:
            raise Unauthorised("The sign-in is not valid: no key of the identity provider has signed it.")
        return found

    # --- the person ----------------------------------------------------------------------------------------

    async def _session(self, claims: Mapping[str, Any], state: str) -> tuple[str, AccountRow, str]:
        email = str(claims.get("email", "")).strip().lower()
        if not _EMAIL.fullmatch(email) or claims.get("email_verified") is not True:
            raise Forbidden("Your company account has no verified e-mail address.")
        role = max(
            (rule.role for rule in self._rules if rule.holds(email, claims)), key=lambda one: RANK[one], default=None
        )
        session, now = mint("session"), self._clock.now()
        at, ends = rfc3339(now), rfc3339(now + timedelta(days=SESSION_DAYS))

        def work(tx: Transaction) -> AccountRow | None:
            if not accounts.use_once(tx, digest_of(state), at):
                raise Unauthorised("The sign-in is not valid: it was used before.")
            account = people.account_by_email(tx, email)
            if account is None and role is not None and not accounts.was_removed(tx, email):
                account = people.put_account(tx, email, role, at)
                people.note(tx, email, "join_by_company_account", account.id, at, role)
            if account:
                open_session(tx, account, session, at, ends)
            return account

        account = await self._database.write(work)
        if account is None:
            raise Forbidden(f"{email} has not been invited here; ask an administrator of the console.")
        return session, account, ends


def parse_rules(setting: str) -> tuple[RoleRule, ...]:
    """The rules of RAPPORT_OIDC_ROLES. Raises WrongSetting."""
    rules = []
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        found = _RULE.fullmatch(entry)
        if found is None or found["role"] not in RANK or found["role"] == "visitor":
            raise WrongSetting(
                f"RAPPORT_OIDC_ROLES: `{entry}` is not @DOMAIN=ROLE or CLAIM:VALUE=ROLE, ROLE being viewer, editor,"
                " developer or admin."
            )
        rules.append(
            RoleRule(found["role"], (found["domain"] or "").lower(), found["claim"] or "", found["value"] or "")
        )
    return tuple(rules)


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))
    )


def _object(answer: Response) -> Mapping[str, Any]:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or answer.status >= 500:
        raise Unavailable("The identity provider's answer cannot be read; try again in a moment.")
    return found


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
