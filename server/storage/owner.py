"""Who a query may see. Every query for a conversation, turn or lead takes an `Owner`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """A customer, who sees their own rows alone, or `EVERYONE` for people of the house."""

    user_id: str | None

    def where(self, column: str = "user_id") -> tuple[str, tuple[str, ...]]:
        """A condition and its parameters, to be joined by AND."""
        return ("1=1", ()) if self.user_id is None else (f"{column} = ?", (self.user_id,))


EVERYONE = Owner(None)
