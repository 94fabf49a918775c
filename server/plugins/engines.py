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
        return self._kept(address, address)

    def reading(self, address: str) -> sa.Engine:
        """Connections of their own for statements that only read, whose settings no other work may meet."""
        return self._kept(f"reading {address}", address)

    def _kept(self, name: str, address: str) -> sa.Engine:
        with self._lock:
            if name not in self._engines:
                self._engines[name] = _engine(address)
            return self._engines[name]

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _engine(address: str) -> sa.Engine:
    url = sa.make_url(address)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername in ("mysql", "mariadb"):
        url = url.set(drivername=f"{url.drivername}+pymysql")
    backend = url.get_backend_name()
    if backend in ("mysql", "mariadb"):
        url = url.update_query_dict({"charset": "utf8mb4"})
    wait: dict[str, Any] = {"timeout": 5} if backend == "sqlite" else {}
    if backend in ("postgresql", "mysql", "mariadb"):
        wait = {"connect_timeout": 5}
    return sa.create_engine(url, pool_pre_ping=True, pool_recycle=1800, connect_args=wait)
