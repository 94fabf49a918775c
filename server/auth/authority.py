"""Makes credentials and tells who holds one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Literal

import structlog

from server.auth.caller import Caller, Role
from server.auth.members import Members
from server.auth.tokens import digest_of, mint
from server.clock import Clock, rfc3339
from server.errors import Forbidden, Invalid, TooMany, Unauthorised
from server.settings import OPERATOR
from server.storage import Database, Transaction, accounts, people
from server.storage.people import AccountRow, CredentialRow, CustomerRow

_log = structlog.get_logger("auth")
SIGNIN_MINUTES = 10
SESSION_DAYS = 30
_TRIES_A_MINUTE = 10
_NOTE_SECONDS = 60.0
_NO_ROLE = "{email} is new here: say what they may do with --role viewer, editor, developer or admin."
_NOT_KNOWN = "This token is not known, has ended or has expired."


class Authority:
    """Every credential of the server: visitors' tokens, sessions, API keys, sign-in links."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._failures: dict[str, list[float]] = {}
        self._used: dict[str, float] = {}
        self._noting: set[asyncio.Task[None]] = set()

    async def caller(self, token: str) -> Caller:
        """Who holds the token. Rights are read anew each time. Raises Unauthorised."""
        digest, now = digest_of(token), rfc3339(self._clock.now())
        found = await self._database.glance(lambda tx: _holder(tx, digest, now))
        if found is None:
            raise Unauthorised(_NOT_KNOWN)
        if found.kind != "visitor":
            self._note_use(digest)
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
                open_session(tx, account, session, rfc3339(now), ends)
            return account

        account = await self._database.write(work)
        if account is None:
            self._failures.setdefault(client, []).append(self._clock.monotonic())
            raise Unauthorised(
                "This sign-in link was used before or has run out. Make a new one with `rapport signin-link`."
            )
        return session, account, ends

    async def end(self, caller: Caller) -> None:
        """Ends the caller's own token. Raises Forbidden for an API key, which is no session."""
        if caller.kind == "key":
            raise Forbidden("An API key is no session, so there is nothing to sign out of.")
        now = rfc3339(self._clock.now())

        def work(tx: Transaction) -> None:
            people.end_credential(tx, caller.digest, now)
            if caller.kind == "account":
                people.note(tx, caller.name, "sign_out", caller.id, now)

        await self._database.write(work)

    def keep_admin_key(self, token: str) -> None:
        """Makes `token` the one admin key of the settings. Blocks."""
        row = CredentialRow(digest_of(token), "key", "admin", "admin", "RAPPORT_ADMIN_TOKEN", "anonymous")
        now = rfc3339(self._clock.now())
        self._database.write_now(lambda tx: people.replace_named_key(tx, row, created_at=now))

    def new_key(self, name: str, role: str, trust: str = "anonymous", personas: tuple[str, ...] | None = None) -> str:
        """A new API key, shown this once. Blocks."""
        return Members(self._database, self._clock).new_key_now(name, role, trust, personas)

    async def finish(self) -> None:
        """Waits for what is still being noted of uses."""
        await asyncio.gather(*self._noting)

    def _note_use(self, digest: str) -> None:
        """Stores, at most once a minute and beside the request, that a credential was used."""
        now = self._clock.monotonic()
        if now - self._used.get(digest, -_NOTE_SECONDS) < _NOTE_SECONDS:
            return
        self._used = {each: at for each, at in self._used.items() if now - at < _NOTE_SECONDS}
        self._used[digest] = now
        at = rfc3339(self._clock.now())
        noting = asyncio.create_task(self._database.write(lambda tx: accounts.touch(tx, digest, at)))
        self._noting.add(noting)
        noting.add_done_callback(self._noted)

    def _noted(self, noting: asyncio.Task[None]) -> None:
        self._noting.discard(noting)
        if not noting.cancelled() and (error := noting.exception()):
            _log.warning("use_not_noted", reason=str(error))

    def _hold_back(self, client: str) -> None:
        now = self._clock.monotonic()
        self._failures = {
            address: recent
            for address, times in self._failures.items()
            if (recent := [at for at in times if at > now - 60])
        }
        if len(self._failures.get(client, ())) >= _TRIES_A_MINUTE:
            raise TooMany("Too many sign-in tries from this address; wait a minute.", retry_after=60)


def open_session(tx: Transaction, account: AccountRow, token: str, now: str, ends: str) -> None:
    """Stores a session of that token for the person, and that they signed in."""
    row = CredentialRow(digest_of(token), "session", account.id, account.role, account.email, "anonymous")
    people.add_credential(tx, row, created_at=now, expires_at=ends)
    people.note(tx, account.email, "sign_in", account.id, now)


def verified_credential(token: str, user_id: str, name: str | None) -> CredentialRow:
    """The credential of a verified customer's token."""
    return CredentialRow(digest_of(token), "visitor", user_id, "visitor", name or "", "verified")


def _customer_credential(token: str, visitor: CustomerRow) -> CredentialRow:
    return CredentialRow(digest_of(token), "visitor", visitor.id, "visitor", visitor.name or "", visitor.trust)


def _holder(tx: Transaction, digest: str, now: str) -> Caller | None:
    found = people.credential_with_customer(tx, digest, now)
    if found is None or found[0].kind not in ("visitor", "key", "session"):
        return None
    row, locale, timezone, channel = found
    if row.kind == "session":
        account = people.account(tx, row.subject)
        if account is None:
            return None
        return Caller("account", account.id, account.role, "anonymous", account.email, digest)  # type: ignore[arg-type]
    kind: Literal["visitor", "key"] = "visitor" if row.kind == "visitor" else "key"
    role: Role = row.role  # type: ignore[assignment]
    return Caller(kind, row.subject, role, row.trust, row.name, digest, locale, timezone, channel, row.personas)
