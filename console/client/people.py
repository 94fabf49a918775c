"""Sessions and who one is."""

from __future__ import annotations

from typing import Literal

from console.client.shape import Shape
from console.client.transport import Transport

Role = Literal["viewer", "editor", "developer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "editor", "developer", "admin")


class Me(Shape):
    """The person signed in."""

    id: str
    role: Role
    name: str | None = None

    def may(self, role: Role) -> bool:
        """Whether the person's role holds that one."""
        return ROLES.index(self.role) >= ROLES.index(role)


class People:
    """`/sessions`, `/me`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def sign_in(self, token: str) -> str:
        """The session token for a sign-in link's single-use token. Raises SignedOut or Refused when it is spent."""
        return str(self._transport.json("POST", "/sessions", body={"token": token})["token"])

    def offers_company_sign_in(self) -> bool:
        """Whether one can sign in with a company account."""
        return bool(self._transport.json("GET", "/sessions/oidc")["configured"])

    def start_company_sign_in(self) -> tuple[str, str]:
        """(address at the identity provider, state that the browser keeps until it comes back)."""
        made = self._transport.json("POST", "/sessions/oidc/start")
        return str(made["address"]), str(made["state"])

    def company_sign_in(self, code: str, state: str, issuer: str | None) -> str:
        """The session token for what the provider sent. Raises SignedOut, and Refused (403) for one not known."""
        body = {"code": code, "state": state, **({"iss": issuer} if issuer is not None else {})}
        return str(self._transport.json("POST", "/sessions/oidc", body=body)["token"])

    def sign_out(self) -> None:
        """Ends this session."""
        self._transport.json("DELETE", "/sessions/current")

    def me(self) -> Me:
        """Who is signed in."""
        return Me.model_validate(self._transport.json("GET", "/me"))
