"""Who is asking, as a route sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from server.storage.owner import EVERYONE, Owner

Role = Literal["visitor", "viewer", "editor", "developer", "admin"]
RANK: dict[str, int] = {"visitor": 0, "viewer": 1, "editor": 2, "developer": 3, "admin": 4}


@dataclass(frozen=True, slots=True)
class Caller:
    """A customer (`kind` visitor), a person of the house (account), or a program (key).

    `locale`, `timezone` and `channel` are a customer's, as they came. `personas` are those that a key is for; None
    means all.
    """

    kind: Literal["visitor", "account", "key"]
    id: str
    role: Role
    trust: str
    name: str
    digest: str
    locale: str | None = None
    timezone: str | None = None
    channel: str | None = None
    personas: tuple[str, ...] | None = None

    @property
    def owner(self) -> Owner:
        """What the caller's queries may see."""
        if self.kind == "visitor":
            return Owner(self.id)
        return EVERYONE if self.personas is None else Owner(None, self.personas)

    def may(self, role: Role) -> bool:
        """Whether the caller has that role or a higher one."""
        return RANK[self.role] >= RANK[role]

    def may_use(self, persona: str) -> bool:
        """Whether the persona is among those the caller is for."""
        return self.personas is None or persona in self.personas
