"""Engines of other databases than the server's own."""

from __future__ import annotations

import threading
from typing import Any

import sqlalchemy as sa


class Engines:
    """Engines of other databases, one for each address."""

    def __init__(self) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._lock = threading.Lock()

    def of(self, address: str) -> sa.Engine:
        """Raises SQLAlchemyError or ImportError for an address nobody can open."""
        with self._lock:
            if address not in self._engines:
                self._engines[address] = _engine(address)
            return self._engines[address]

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _engine(address: str) -> sa.Engine:
    url = sa.make_url(address)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    backend = url.get_backend_name()
    wait: dict[str, Any] = {"timeout": 5} if backend == "sqlite" else {}
    if backend in ("postgresql", "mysql", "mariadb"):
        wait = {"connect_timeout": 5}
    return sa.create_engine(url, pool_pre_ping=True, pool_recycle=1800, connect_args=wait)
