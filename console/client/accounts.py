"""The people of the house: invited, given roles, removed. For administrators."""

from __future__ import annotations

from urllib.parse import quote

from console.client.people import Role
from console.client.shape import Shape, page_of
from console.client.transport import Transport


class Account(Shape):
    """A person. `sessions` are those open now; `invited_until` is when a link not used yet runs out."""

    id: str
    email: str
    role: Role
    created_at: str | None = None
    last_signin_at: str | None = None
    sessions: int = 0
    invited_until: str | None = None


class Linked(Shape):
    """A person's single-use link, shown this once."""

    email: str
    link: str
    link_expires_at: str


class Accounts:
    """`/accounts`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> tuple[Account, ...]:
        """Everybody who may sign in, by e-mail."""
        return page_of(Account, self._transport.json("GET", "/accounts")).items

    def invite(self, email: str, role: Role) -> Linked:
        """A new person with their link. A Refused (409) when they are here already."""
        body = {"email": email, "role": role}
        return Linked.model_validate(self._transport.json("POST", "/accounts", body=body))

    def new_link(self, account_id: str) -> Linked:
        """Another link; those not used yet end."""
        path = f"/accounts/{quote(account_id, safe='')}/link"
        return Linked.model_validate(self._transport.json("POST", path))

    def set_role(self, account_id: str, role: Role) -> None:
        """In force at once. A Refused (409) for the last administrator's."""
        self._transport.json("PATCH", f"/accounts/{quote(account_id, safe='')}", body={"role": role})

    def remove(self, account_id: str) -> None:
        """Their sessions and links end at once. A Refused (409) for the last administrator."""
        self._transport.json("DELETE", f"/accounts/{quote(account_id, safe='')}")
