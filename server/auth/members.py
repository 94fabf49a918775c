"""The people of the house, their sessions, and the keys of programs."""

from __future__ import annotations

import re
from datetime import timedelta

from server.auth.caller import RANK, Caller
from server.auth.tokens import digest_of, mint
from server.clock import Clock, rfc3339
from server.errors import Conflict, Forbidden, Invalid
from server.storage import Database, Transaction, accounts, new_id, people
from server.storage.accounts import AccountInFull, KeyRow, SessionRow
from server.storage.people import AccountRow, CredentialRow

INVITATION_HOURS = 72
_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,180}")


class Members:
    """What administrators do about people and keys, each act with its line in the audit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def everyone(self) -> list[AccountInFull]:
        """The people who may sign in."""
        now = self._now()
        return await self._database.read(lambda tx: accounts.everyone(tx, now))

    async def invite(self, caller: Caller, email: str, role: str) -> tuple[AccountRow, str, str]:
        """(account, single-use token, when it ends) for a new person. Raises Invalid, Conflict."""
        address = email.strip().lower()
        if not _EMAIL.fullmatch(address):
            raise Invalid("`email` needs an e-mail address, such as ann@example.com.")

        def account(tx: Transaction) -> AccountRow:
            tx.lock("accounts")
            if people.account_by_email(tx, address):
                raise Conflict("This person is here already: change their role, or make a new link for them.")
            made = people.put_account(tx, address, role, self._now())
            people.note(tx, _who(caller), "invite_person", address, self._now(), role)
            return made

        token, ends = mint("signin"), self._until()
        return await self._database.write(lambda tx: self._linked(tx, account(tx), token, ends)), token, ends

    async def new_link(self, caller: Caller, account_id: str) -> tuple[AccountRow, str, str]:
        """Another single-use token for a person; those not used yet end."""
        token, ends = mint("signin"), self._until()

        def work(tx: Transaction) -> AccountRow:
            account = accounts.found(tx, account_id)
            people.note(tx, _who(caller), "signin_link", account.email, self._now())
            return self._linked(tx, account, token, ends)

        return await self._database.write(work), token, ends

    async def set_role(self, caller: Caller, account_id: str, role: str) -> AccountRow:
        """Changes what a person may do, at once. Raises NotFound, Conflict."""

        def work(tx: Transaction) -> AccountRow:
            account = accounts.set_role(tx, account_id, role)
            people.note(tx, _who(caller), "change_role", account.email, self._now(), role)
            return account

        return await self._database.write(work)

    async def remove(self, caller: Caller, account_id: str) -> None:
        """Removes a person; their sessions and links end at once. Raises NotFound, Conflict."""

        def work(tx: Transaction) -> None:
            account = accounts.remove(tx, account_id, self._now())
            people.note(tx, _who(caller), "remove_person", account.email, self._now())

        await self._database.write(work)

    async def keys(self) -> list[KeyRow]:
        """The API keys in force."""
        now = self._now()
        return await self._database.read(lambda tx: accounts.keys(tx, now))

    async def new_key(
        self, caller: Caller, name: str, role: str, trust: str, personas: tuple[str, ...] | None
    ) -> tuple[str, str]:
        """(id, key) of a new API key, which is shown this once."""
        key, row = key_row(name, role, trust, personas)
        await self._database.write(lambda tx: _keep_key(tx, row, _who(caller), self._now()))
        return row.subject, key

    def new_key_now(
        self, name: str, role: str, trust: str = "anonymous", personas: tuple[str, ...] | None = None
    ) -> str:
        """`new_key` for the command line: blocks."""
        key, row = key_row(name, role, trust, personas)
        self._database.write_now(lambda tx: _keep_key(tx, row, "operator", self._now()))
        return key

    async def end_key(self, caller: Caller, key_id: str) -> None:
        """Ends an API key at once. Raises NotFound, Forbidden for the one of the settings."""
        if key_id == "admin":
            raise Forbidden("The key of RAPPORT_ADMIN_TOKEN is the operator's: change the setting to end it.")

        def work(tx: Transaction) -> None:
            name = accounts.end_key(tx, key_id, self._now())
            people.note(tx, _who(caller), "revoke_key", key_id, self._now(), name)

        await self._database.write(work)

    async def sessions(self, caller: Caller, user: str | None) -> list[SessionRow]:
        """One's own open sessions; for administrators another's by account id, or everybody's with `all`."""
        if user is not None and user != caller.id and not caller.may("admin"):
            raise Forbidden("Sessions of others need the role admin.")
        whose = None if user == "all" else user or caller.id
        now = self._now()
        return await self._database.read(lambda tx: accounts.sessions(tx, whose, now))

    async def end_session(self, caller: Caller, wanted: str) -> None:
        """Ends one's own session, or anybody's for administrators. Raises NotFound."""
        whose = None if caller.may("admin") else caller.id

        def work(tx: Transaction) -> None:
            email = accounts.end_session(tx, wanted, whose, self._now())
            people.note(tx, _who(caller), "end_session", email, self._now())

        await self._database.write(work)

    async def end_others(self, caller: Caller) -> int:
        """Ends one's own open sessions but this one; how many."""

        def work(tx: Transaction) -> int:
            ended = accounts.end_other_sessions(tx, caller.id, caller.digest, self._now())
            people.note(tx, _who(caller), "end_other_sessions", caller.name, self._now(), str(ended))
            return ended

        return await self._database.write(work)

    def _linked(self, tx: Transaction, account: AccountRow, token: str, ends: str) -> AccountRow:
        people.end_credentials_of(tx, account.id, "signin", self._now())
        row = CredentialRow(digest_of(token), "signin", account.id, account.role, account.email, "anonymous")
        people.add_credential(tx, row, created_at=self._now(), expires_at=ends)
        return account

    def _now(self) -> str:
        return rfc3339(self._clock.now())

    def _until(self) -> str:
        return rfc3339(self._clock.now() + timedelta(hours=INVITATION_HOURS))


def key_row(name: str, role: str, trust: str, personas: tuple[str, ...] | None) -> tuple[str, CredentialRow]:
    """(key, row to store) of a new API key. Raises Invalid for a role that is none."""
    if role not in RANK or role == "visitor":
        raise Invalid(f"`{role}` is not a role; use viewer, editor, developer or admin.")
    if personas is not None and role == "admin":
        raise Invalid("A key for some personas cannot be an administrator's: those act for the whole house.")
    key = mint("key")
    return key, CredentialRow(digest_of(key), "key", new_id("k"), role, name, trust, personas)


def _keep_key(tx: Transaction, row: CredentialRow, actor: str, at: str) -> None:
    people.add_credential(tx, row, created_at=at)
    scope = ", ".join(row.personas) if row.personas is not None else "all"
    people.note(tx, actor, "make_key", row.subject, at, f"{row.name} · {row.role} · {scope}")


def _who(caller: Caller) -> str:
    return caller.name or caller.id
