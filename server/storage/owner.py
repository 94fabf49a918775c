"""Who a query may see. Every query for a conversation, turn or lead takes an `Owner`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """A customer, who sees their own rows alone, or `EVERYONE` for people of the house.

    `personas` narrows to some personas' rows; None means all.
    """

    user_id: str | None
    personas: tuple[str, ...] | None = None

    def where(self, column: str = "user_id") -> tuple[str, tuple[str, ...]]:
        """A condition and its parameters, to be joined by AND."""
        if self.personas is not None:
            return among("persona", self.personas)
        return ("1=1", ()) if self.user_id is None else (f"{column} = ?", (self.user_id,))


def among(column: str, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A condition that holds where the column has one of the names, and its parameters."""
    return (f"{column} IN ({', '.join('?' * len(names))})", names) if names else ("1=0", ())


EVERYONE = Owner(None)
