"""Models: which vendors there are, which are connected, and what answers when a persona names none."""

from __future__ import annotations

from typing import Literal

from console.client.shape import Shape
from console.client.transport import Transport

STAND_IN = "standin"


class Vendor(Shape):
    """A vendor of models; `default_model` is the model string to begin with, None where one has to be named.

    `address_variable` is set where an address is needed because there is no usual one.
    """

    name: str
    title: str
    connected: bool
    default_model: str | None = None
    key_variable: str
    docs: str = ""
    needs_key: bool = True
    address_variable: str | None = None

    def lines(self, placeholder: str, model: str) -> str:
        """What to write into `.env` to connect it, with placeholders where one's own values belong."""
        found = []
        if self.needs_key:
            found.append(f"{self.key_variable}={placeholder}")
        if self.address_variable:
            found.append(f"{self.address_variable}={'https' if self.needs_key else 'http'}://…")
        if self.default_model is None:
            found.append(f"RAPPORT_MODEL={self.name}/{model}")
        return "\n".join(found)


class Rest(Shape):
    """A model that is put aside after failures in a row; `words` are the vendor's, of the last one."""

    model: str
    seconds_left: float
    failures: int
    kind: str
    words: str


class Vendors(Shape):
    """All vendors, in the order in which they are tried; `default` answers for personas that name no model."""

    items: tuple[Vendor, ...]
    default: str
    resting: tuple[Rest, ...] = ()

    @property
    def why(self) -> Literal["stand_in", "first_connected", "named"]:
        """No vendor is connected; it is the first connected vendor's; or the settings name it."""
        if self.default == STAND_IN:
            return "stand_in"
        first = next((one for one in self.items if one.connected and one.default_model), None)
        return "first_connected" if first and first.default_model == self.default else "named"

    @property
    def answering(self) -> Vendor | None:
        """The vendor of the model that answers; None for the stand-in."""
        return next((one for one in self.items if one.name == self.default.partition("/")[0]), None)


class Models:
    """`/models`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def vendors(self) -> Vendors:
        """Vendors in the order in which they are offered."""
        return Vendors.model_validate(self._transport.json("GET", "/models"))
