"""API keys of programs. For administrators; a key is shown once and never again."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from console.client.people import Role
from console.client.shape import Shape, page_of
from console.client.transport import Transport


class Key(Shape):
    """A key without the key itself. `fixed`: it stands in the server's settings. `personas` None: all of them."""

    id: str
    name: str
    role: Role
    trust: str = "anonymous"
    personas: tuple[str, ...] | None = None
    created_at: str | None = None
    used_at: str | None = None
    fixed: bool = False


class NewKey(Shape):
    """A key as it is shown this once."""

    id: str
    key: str


class Keys:
    """`/keys`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> tuple[Key, ...]:
        """Those in force, the newest first."""
        return page_of(Key, self._transport.json("GET", "/keys")).items

    def create(self, name: str, role: Role, *, vouches: bool, personas: Sequence[str]) -> NewKey:
        """A new key; `vouches`: it may say who its users are. No personas: for all of them."""
        body = {"name": name, "role": role, "trust": "verified" if vouches else "anonymous"}
        scope = {"personas": list(personas)} if personas else {}
        return NewKey.model_validate(self._transport.json("POST", "/keys", body={**body, **scope}))

    def revoke(self, key_id: str) -> None:
        """Ends it at once."""
        self._transport.json("DELETE", f"/keys/{quote(key_id, safe='')}")
