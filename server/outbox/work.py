"""What every kind of work may use."""

from __future__ import annotations

from dataclasses import dataclass

from server.catalog import Catalog
from server.clock import Clock
from server.llm import Models
from server.plugins import Door
from server.storage import Database


@dataclass(frozen=True, slots=True)
class Tools:
    """The rooms that work after a turn needs."""

    database: Database
    catalog: Catalog
    models: Models
    door: Door
    clock: Clock
