"""The client as screens use it: `api.leads.page(...)`, `api.personas.one(...)`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import httpx

from console.client.accounts import Accounts
from console.client.audit import Audit
from console.client.chat import Chat
from console.client.conversations import Conversations
from console.client.keys import Keys
from console.client.knowledge import Knowledge
from console.client.leads import Leads
from console.client.models import Models
from console.client.overview import Overviews
from console.client.people import People
from console.client.permissions import Permissions
from console.client.personas import Personas
from console.client.plugins import Plugins
from console.client.secrets import Secrets
from console.client.sessions import Sessions
from console.client.transport import TIMEOUT, Transport


class Api:
    """Every noun of the API for one person. Cheap to make: connections are shared."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.accounts = Accounts(transport)
        self.audit = Audit(transport)
        self.chat = Chat(transport)
        self.conversations = Conversations(transport)
        self.keys = Keys(transport)
        self.knowledge = Knowledge(transport)
        self.leads = Leads(transport)
        self.models = Models(transport)
        self.overview = Overviews(transport)
        self.people = People(transport)
        self.permissions = Permissions(transport)
        self.personas = Personas(transport)
        self.plugins = Plugins(transport)
        self.secrets = Secrets(transport)
        self.sessions = Sessions(transport)

    def is_ready(self) -> bool:
        """Whether the server answers and can chat. Raises ServerAway when nobody answers."""
        return bool(self._transport.json("GET", "/readyz")["status"] == "ok")


@cache
def _connections(server: str) -> httpx.Client:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=20.0)
    return httpx.Client(base_url=server, timeout=TIMEOUT, limits=limits, trust_env=False)


def connect(server: str, token: str = "", forbidden: Callable[[], None] | None = None) -> Api:
    """The client for a server's origin, calling as whoever the token belongs to.

    `forbidden` is called when the server says that the caller's role does not allow a call.
    """
    return Api(Transport(_connections(server), token, forbidden))
