"""Outgoing: the only client for outgoing HTTP, for plugins, imports, webhooks, media and key sets.

It resolves a host itself, checks every address, and connects to a checked one, so that no name, redirect or
odd spelling reaches what is not public; `RAPPORT_ALLOW_HOSTS` opens internal services one by one. It checks
each redirect as it does a new request, sends what may be sent twice once more when nobody answers, leaves a
host alone that fails again and again, never keeps a cookie, never uses a proxy of the environment, and knows
nothing of plugins or models. Traffic to model vendors does not pass here: it goes to the operator's own
addresses and belongs to `llm`.
"""

from server.outgoing.addresses import Guard, Own
from server.outgoing.client import Outgoing, Response
from server.outgoing.errors import FaultKind, OutgoingError

__all__ = ["FaultKind", "Guard", "Outgoing", "OutgoingError", "Own", "Response"]
