"""A door with real surroundings: a database file, YAML texts as loaded, and somebody else's HTTP server."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.catalog import LoadedPlugin
from server.catalog.parsed import parse_plugin
from server.outgoing import Outgoing
from server.plugins import Bound, Door
from server.storage import Database, open_database

ANN = Bound("v_ann", "anonymous", "c_1", "guide", locale="en")
BEN = Bound("v_ben", "anonymous", "c_2", "guide")
EVE = Bound("eve/1 ü", "verified", "c_3", "guide", user_name="Eve")

PROFILE = """
kind: table
description: What is known about the customer
table: profile
create: true
key: {userid: "${user.id}"}
columns:
  company: {max: 200, description: Their company}
  product: {}
  seats: {type: integer}
  budget: {type: number}
  trial: {type: boolean}
  meeting: {type: datetime}
  birthday: {type: date}
functions:
  get: {name: get_profile, force_call: true, description: Known}
  set: {name: set_profile}
"""


@dataclass
class Asked:
    """One request as the other side saw it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Crm:
    """A customer system that keeps what it was asked and answers by path."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = dict(request.headers)
        path, _, query = request.raw_path.partition("?")
        self.asked.append(Asked(request.method, path, query, headers, await request.read()))
        kind = path.rpartition("/")[2]
        if kind == "slow":
            await self.gate.wait()
        if kind == "echo":
            return web.json_response({"headers": headers, "query": query})
        if kind == "gone":
            return web.json_response({"message": "no such " + "x" * 2000}, status=404)
        if kind == "picture":
            return web.Response(body=b"\x89PNG\0\0", content_type="image/png")
        if kind == "text":
            return web.Response(text="Grüße", charset="utf-8")
        if kind == "large":
            return web.json_response(["x" * 50] * 1000)
        if kind == "bomb":
            return web.Response(body=gzip.compress(b"0" * 9_000_000), headers={"Content-Encoding": "gzip"})
        return web.json_response({"ok": True})


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    state = Crm()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", state.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    state.port = runner.addresses[0][1]
    yield state
    state.gate.set()
    await runner.cleanup()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'rapport.db'}")
    yield opened
    opened.close()


Load = Callable[..., LoadedPlugin]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads a plugin's YAML as the catalog does."""

    def read(text: str, name: str = "crm") -> LoadedPlugin:
        file = tmp_path / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        parsed = parse_plugin(name, str(file), text.encode())
        assert parsed.spec is not None, parsed.problems
        return LoadedPlugin(name, parsed.spec, parsed.digest, parsed.meaning, str(file))

    return read


class Shelf:
    """The catalog, as far as the door asks it."""

    def __init__(self) -> None:
        self.loaded: list[LoadedPlugin] = []

    @property
    def plugins(self) -> dict[str, LoadedPlugin]:
        return {each.name: each for each in self.loaded}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def secrets() -> dict[str, str]:
    return {"TOKEN": "t0p-s3cret/+ü", "USER": "robot", "PASSWORD": "pa:ss word"}


@pytest.fixture
async def door(database: Database, crm: Crm, shelf: Shelf, secrets: dict[str, str]) -> AsyncIterator[Door]:
    outgoing = Outgoing([f"127.0.0.1:{crm.port}"])
    made = Door(shelf, database, outgoing, secrets.get)
    yield made
    made.close()
    await outgoing.close()


def rows(database: Database, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    return database.read_now(lambda tx: tx.rows(sql, *params))
