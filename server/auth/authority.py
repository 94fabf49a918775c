"""Makes credentials and tells who holds one."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from server.auth.caller import RANK, Caller, Role
from server.auth.tokens import digest_of, mint
from server.clock import Clock, rfc3339
from server.errors import Forbidden, Invalid, TooMany, Unauthorised
from server.settings import OPERATOR
from server.storage import Database, Transaction, new_id, people
from server.storage.people import AccountRow, CredentialRow, CustomerRow

SIGNIN_MINUTES = 10
SESSION_DAYS = 30
_TRIES_A_MINUTE = 10
_NO_ROLE = "{email} is new here: say what they may do with --role viewer, editor, developer or admin."
_NOT_KNOWN = "This token is not known, has ended or has expired."


class Authority:
    """Every credential of the server: visitors' tokens, sessions, API keys, sign-in links."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._failures: dict[str, list[float]] = {}

    async def caller(self, token: str) -> Caller:
        """Who holds the token. Rights are read anew each time. Raises Unauthorised."""
        digest, now = digest_of(token), rfc3339(self._clock.now())
        found = await self._database.glance(lambda tx: _holder(tx, digest, now))
        if found is None:
            raise Unauthorised(_NOT_KNOWN)
        return found

    async def new_visitor(self, visitor: CustomerRow) -> str:
        """Stores a new visitor; their token."""
        token, now = mint("visitor"), rfc3339(self._clock.now())

        def work(tx: Transaction) -> None:
            people.put_customer(tx, visitor, now)
            people.add_credential(tx, _customer_credential(token, visitor), created_at=now)

        await self._database.write(work)
        return token

    def signin_link(self, email: str, role: Role | None) -> str:
        """A single-use sign-in token for that person, whose account is made when there is none. Blocks.

        The operator and the first person of an installation are admins; for other new ones without a role Invalid is
        raised.
        """
        token, now = mint("signin"), self._clock.now()
        ends = rfc3339(now + timedelta(minutes=SIGNIN_MINUTES))

        def work(tx: Transaction) -> None:
            if role is None and email != OPERATOR and people.is_stranger(tx, email):
                raise Invalid(_NO_ROLE.format(email=email))
            account = people.put_account(tx, email, role, rfc3339(now))
            row = CredentialRow(digest_of(token), "signin", account.id, account.role, account.email, "anonymous")
            people.add_credential(tx, row, created_at=rfc3339(now), expires_at=ends)
            people.note(tx, "operator", "signin_link", account.email, rfc3339(now))

        self._database.write_now(work)
        return token

    async def sign_in(self, token: str, client: str) -> tuple[str, AccountRow, str]:
        """(session token, account, when it ends) for a sign-in token, which is used up.

        At most ten wrong tries a minute from one address are looked at; more raise TooMany.
        """
        self._hold_back(client)
        session, now = mint("session"), self._clock.now()
        ends = rfc3339(now + timedelta(days=SESSION_DAYS))

        def work(tx: Transaction) -> AccountRow | None:
            held = people.credential(tx, digest_of(token), rfc3339(now))
            if held is None or held.kind != "signin" or not people.end_credential(tx, held.digest, rfc3339(now)):
                return None
            account = people.account(tx, held.subject)
            if account:
                row = CredentialRow(digest_of(session), "session", account.id, account.role, account.email, "anonymous")
                people.add_credential(tx, row, created_at=rfc3339(now), expires_at=ends)
                people.note(tx, account.email, "sign_in", account.id, rfc3339(now))
            return account

        account = await self._database.write(work)
        if account is None:
            self._failures.setdefault(client, []).append(self._clock.monotonic())
            raise Unauthorised(
                "This sign-in link was used before or is older than ten minutes."
                " Make a new one with `rapport signin-link`."
            )
        return session, account, ends

    async def end(self, caller: Caller) -> None:
        """Ends the caller's own token. Raises Forbidden for an API key, which is no session."""
        if caller.kind == "key":
            raise Forbidden("An API key is no session, so there is nothing to sign out of.")
        now = rfc3339(self._clock.now())
        await self._database.write(lambda tx: people.end_credential(tx, caller.digest, now))

    def keep_admin_key(self, token: str) -> None:
        """Makes `token` the one admin key of the settings. Blocks."""
        row = CredentialRow(digest_of(token), "key", "admin", "admin", "RAPPORT_ADMIN_TOKEN", "anonymous")
        now = rfc3339(self._clock.now())
        self._database.write_now(lambda tx: people.replace_named_key(tx, row, created_at=now))

    def new_key(self, name: str, role: str, trust: str = "anonymous") -> str:
        """A new API key, shown this once. Blocks."""
        if role not in RANK or role == "visitor":
            raise Invalid(f"`{role}` is not a role; use viewer, editor, developer or admin.")
        token, now = mint("key"), rfc3339(self._clock.now())
        row = CredentialRow(digest_of(token), "key", new_id("k"), role, name, trust)
        self._database.write_now(lambda tx: people.add_credential(tx, row, created_at=now))
        return token

    def _hold_back(self, client: str) -> None:
        now = self._clock.monotonic()
        self._failures = {
            address: recent
            for address, times in self._failures.items()
            if (recent := [at for at in times if at > now - 60])
        }
        if len(self._failures.get(client, ())) >= _TRIES_A_MINUTE:
            raise TooMany("Too many sign-in tries from this address; wait a minute.", retry_after=60)


def verified_credential(token: str, user_id: str, name: str | None) -> CredentialRow:
    """The credential of a verified customer's token."""
    return CredentialRow(digest_of(token), "visitor", user_id, "visitor", name or "", "verified")


def _customer_credential(token: str, visitor: CustomerRow) -> CredentialRow:
    return CredentialRow(digest_of(token), "visitor", visitor.id, "visitor", visitor.name or "", visitor.trust)


def _holder(tx: Transaction, digest: str, now: str) -> Caller | None:
    found = people.credential_with_customer(tx, digest, now)
    if found is None or found[0].kind == "signin":
        return None
    row, locale, timezone, channel = found
    if row.kind == "session":
        account = people.account(tx, row.subject)
        if account is None:
            return None
        return Caller("account", account.id, account.role, "anonymous", account.email, digest)  # type: ignore[arg-type]
    kind: Literal["visitor", "key"] = "visitor" if row.kind == "visitor" else "key"
    role: Role = row.role  # type: ignore[assignment]
    return Caller(kind, row.subject, role, row.trust, row.name, digest, locale, timezone, channel)
