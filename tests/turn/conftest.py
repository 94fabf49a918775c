"""A service in this process, over real databases, and customers who talk to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from server.service import Service, open_service
from server.settings import Settings, read
from server.storage import leads, new_id
from server.storage.leads import LeadRow
from server.storage.people import CustomerRow
from server.turn import EventLog, Order
from tests.llm.wires import WireServer
from tests.running import events


@dataclass
class Customer:
    """Somebody in one conversation."""

    service: Service
    order: Order

    async def begin(self, text: str, **more: Any) -> EventLog:
        """Orders a turn and returns at once."""
        log = await self.service.turns.begin(replace(self.order, text=text, **more))
        self.order = replace(self.order, conversation_id=log.conversation_id)
        return log

    async def say(self, text: str, **more: Any) -> dict[str, Any]:
        """One turn; the chat answer."""
        log = await self.begin(text, **more)
        answer = await log.done()
        assert answer is not None, log.problem
        found: dict[str, Any] = orjson.loads(answer)
        return found

    async def lead(self, test: bool = False) -> LeadRow | None:
        return await self.service.database.read(
            lambda tx: leads.of_user(tx, self.order.user_id, self.order.persona, test)
        )

    async def values(self) -> dict[str, str]:
        lead = await self.lead()
        return {name: row.normalised for name, row in lead.fields.items()} if lead else {}


async def customer(
    service: Service, persona: str = "guide", locale: str = "en", timezone: str = "Europe/Berlin", **more: Any
) -> Customer:
    """A new anonymous visitor."""
    user_id = more.pop("user_id", None) or new_id("v")
    trust = more.pop("trust", "anonymous")
    await service.authority.new_visitor(CustomerRow(user_id, trust, locale=locale, timezone=timezone))
    return Customer(service, Order(persona, "", user_id, trust, locale=locale, timezone=timezone, **more))


async def seen(log: EventLog) -> list[tuple[int, str, dict[str, Any]]]:
    """All events of a turn."""
    return events(b"".join([block async for block in log.read()]).decode())


def settings_for(home: Path, database_url: str, **changes: Any) -> Settings:
    return read(
        data_dir=home / "data",
        database_url=database_url,
        personas_dir=home / "personas.d",
        plugins_dir=home / "plugins.d",
        admin_token="rk_an-example-admin-token-for-tests",
        **changes,
    )


@asynccontextmanager
async def opened(settings: Settings, **more: Any) -> AsyncIterator[Service]:
    """A started service, stopped at the end."""
    service = open_service(settings, **more)
    await service.start(watch=False)
    try:
        yield service
    finally:
        await service.stop()


@pytest.fixture
async def service(home: Path, database_url: str) -> AsyncIterator[Service]:
    async with opened(settings_for(home, database_url)) as running:
        yield running


@pytest.fixture
async def wire(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WireServer]:
    """A vendor's double on loopback, connected as OpenAI and Anthropic."""
    async with WireServer() as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(autouse=True)
def no_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of this machine connects a model."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE")):
            monkeypatch.delenv(name)
