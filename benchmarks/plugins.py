"""Measures the door to plugins and the catalog: `python -m benchmarks.plugins`.

The overhead of one call is the door's time beside the bare client's against the same service on loopback, in turns;
the services of forced calls wait for a set time. Prints the figures and writes `benchmarks/results/plugins.json`.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from benchmarks.machine import machine
from server.catalog import Catalog, LoadedPlugin
from server.outgoing import Outgoing
from server.plugins import Bound, Door
from server.settings import Settings, read
from server.storage import Database, open_database

RESULTS = Path(__file__).parent / "results" / "plugins.json"
ROUNDS, CALLS = 9, 300
FILES, FUNCTIONS = 500, 10
SLOW_SECONDS = 0.05
_ANN = Bound("v_ann", "anonymous", "c_1", "guide")
_SERVICE = """base_url: URL
functions:
  - name: look_up
    parameters:
      type: object
      properties: {q: {type: string, maxLength: 100}, most: {type: integer, minimum: 1, maximum: 50}}
      additionalProperties: false
    request: {path: "/items/${user.id}", query: {q: "${args.q}", most: "${args.most}"}}
"""
_SLOW = """base_url: URL
functions:
  - {name: first, force_call: true, request: {path: "/slow/${user.id}"}}
  - {name: second, force_call: true, request: {path: "/slow/${user.id}"}}
  - {name: third, force_call: true, request: {path: "/slow/${user.id}"}}
"""
_FUNCTION = """  - name: f{file}_{number}
    description: Looks something up in service {file}
    parameters: {{type: object, properties: {{q: {{type: string}}, most: {{type: integer}}}}}}
    request: {{path: "/items/${{user.id}}/{number}", query: {{q: "${{args.q}}", most: "${{args.most}}"}}}}
"""


class _Shelf:
    def __init__(self, plugins: dict[str, LoadedPlugin]) -> None:
        self.plugins = plugins


async def _answer(request: web.Request) -> web.Response:
    if request.path.startswith("/slow"):
        await asyncio.sleep(SLOW_SECONDS)
    return web.json_response({"items": [{"name": "Box", "price": 12}], "total": 1})


async def _served() -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_get("/{tail:.*}", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"127.0.0.1:{runner.addresses[0][1]}"


async def _milliseconds(work: Callable[[], Awaitable[object]], times: int) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        await work()
    return (time.perf_counter() - begun) * 1000 / times


async def calls(folder: Path, database: Database) -> dict[str, float]:
    """Milliseconds of one call: bare session, outgoing client, door; and of three forced calls together."""
    runner, host = await _served()
    outgoing = Outgoing([host])
    plugins = [_loaded(folder, name, text.replace("URL", f"http://{host}"), database) for name, text in _TEXTS]
    door = Door(_Shelf({each.name: each for each in plugins}), database, outgoing, lambda name: None)
    url = f"http://{host}/items/v_ann?q=box&most=5"
    found: dict[str, list[float]] = {"session": [], "client": [], "door": [], "forced": []}
    async with aiohttp.ClientSession() as session:

        async def bare() -> None:
            async with session.get(url) as answer:
                await answer.json()

        works: dict[str, Callable[[], Awaitable[object]]] = {
            "session": bare,
            "client": lambda: outgoing.fetch("GET", url),
            "door": lambda: door.call(plugins[:1], "look_up", '{"q": "box", "most": 5}', _ANN),
        }
        for number in range(ROUNDS + 1):
            for name, work in works.items():
                found[name].append(await _milliseconds(work, CALLS))
            found["forced"].append(await _milliseconds(lambda: door.forced_all(plugins[1:], _ANN, 5), 5))
            if number == 0:
                found = {name: [] for name in found}
    door.close()
    await outgoing.close()
    await runner.cleanup()
    return {name: statistics.median(values) for name, values in found.items()}


_TEXTS = (("service", _SERVICE), ("slow", _SLOW))


def _loaded(folder: Path, name: str, text: str, database: Database) -> LoadedPlugin:
    (folder / "plugins.d" / f"{name}.yaml").write_text(text, encoding="utf-8")
    catalog = Catalog.open(_settings(folder), database)
    return catalog.plugin(name)


def _settings(folder: Path) -> Settings:
    return read(
        data_dir=folder / "data",
        database_url=f"sqlite:///{folder / 'rapport.db'}",
        personas_dir=folder / "personas.d",
        plugins_dir=folder / "plugins.d",
    )


def catalog(folder: Path, database: Database) -> dict[str, float]:
    """Seconds to load many plugin files, and until one changed file serves."""
    for file in range(FILES):
        text = "base_url: https://a.example.com\nfunctions:\n" + "".join(
            _FUNCTION.format(file=file, number=number) for number in range(FUNCTIONS)
        )
        (folder / "plugins.d" / f"many_{file}.yaml").write_text(text, encoding="utf-8")
    begun = time.perf_counter()
    opened = Catalog.open(_settings(folder), database)
    loading = time.perf_counter() - begun
    assert sum(len(state.loaded.functions) for state in opened.plugins() if state.loaded) >= FILES * FUNCTIONS
    return {"load_s": loading, "changed_s": asyncio.run(_changed(opened, folder / "plugins.d" / "many_7.yaml"))}


async def _changed(opened: Catalog, file: Path) -> float:
    watching = asyncio.create_task(opened.watch())
    await asyncio.sleep(1.5)
    text = file.read_text(encoding="utf-8").replace("name: f7_0\n", "name: renamed\n")
    before = time.perf_counter()
    file.write_text(text, encoding="utf-8")
    while "renamed" not in opened.plugin("many_7").functions:
        await asyncio.sleep(0.01)
    passed = time.perf_counter() - before
    watching.cancel()
    return passed


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as name:
        folder = Path(name)
        for part in ("data", "personas.d", "plugins.d"):
            (folder / part).mkdir()
        database = open_database(f"sqlite:///{folder / 'rapport.db'}")
        try:
            one = asyncio.run(calls(folder, database))
            many = catalog(folder, database)
        finally:
            database.close()
    over = {"door_over_client_us": (one["door"] - one["client"]) * 1000}
    over["client_over_session_us"] = (one["client"] - one["session"]) * 1000
    found: dict[str, Any] = {
        "machine": machine(),
        "calls_ms": one,
        **over,
        "forced_wait_ms": SLOW_SECONDS * 1000,
        **many,
    }
    RESULTS.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    print(
        f"one call: session {one['session']:.2f} ms, client {one['client']:.2f} ms, door {one['door']:.2f} ms:"
        f" the door adds {over['door_over_client_us']:.0f} us to the client\n"
        f"three forced calls of {SLOW_SECONDS * 1000:.0f} ms together: {one['forced']:.1f} ms\n"
        f"{FILES} files with {FILES * FUNCTIONS:,} functions: loaded in {many['load_s']:.2f} s,"
        f" one changed file serves after {many['changed_s']:.2f} s"
    )


if __name__ == "__main__":
    main()
