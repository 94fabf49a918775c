"""The customer's profile as an `http` plugin against the server's own data service, as the pages show it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from server.catalog import LoadedPlugin
from server.catalog.parsed import parse_plugin
from server.outgoing import Outgoing, OutgoingError, Own
from server.plugins import Bound, Door
from server.storage import open_database
from tests.conftest import DIALECTS, furnish
from tests.running import RAPPORT, ROOT, RunningServer

ANN = Bound("v_ann", "anonymous", "c_1", "guide")
EVE = Bound("eve", "verified", "c_3", "guide")
BEN = Bound("v_ben", "anonymous", "c_2", "guide")
PERSONA = """
title: Hosted
prompt: You are a guide.
plugins: [hosted_profile]
collect:
  into: {plugin: hosted_profile, get: get_customer_profile, set: set_customer_profile}
  fields:
    - {name: company, type: text, ask: Which company are you with?}
    - {name: phone, type: phone, ask: What is your number?}
"""


def example(port: int) -> str:
    """The file as `docs/plugins.md` has it, for a server on that port."""
    page = (ROOT / "docs/plugins.md").read_text("utf-8")
    found = re.search(r"```yaml\n(# plugins\.d/hosted_profile\.yaml\n.*?)```", page, re.DOTALL)
    assert found
    return found[1].replace("127.0.0.1:8000", f"127.0.0.1:{port}")


@pytest.fixture(scope="module", params=DIALECTS)
def hosted(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_shared_database: Callable[[str], str],
) -> Iterator[RunningServer]:
    """A server whose persona `hosted` keeps profiles in the server's own data service; nothing is allowed beyond."""
    running = RunningServer(furnish(tmp_path_factory.mktemp("hosted")), new_shared_database(request.param))
    (running.home / "plugins.d/hosted_profile.yaml").write_text(example(running.port))
    (running.home / "personas.d/hosted.yaml").write_text(PERSONA)
    running.start()
    with running.client() as client:
        body = {"value": running.key("editor"), "hosts": [f"127.0.0.1:{running.port}"]}
        stored = client.put("/api/v1/secrets/PROFILE_KEY", json=body)
        assert stored.status_code < 300, stored.text
    yield running
    running.kill()


@asynccontextmanager
async def door(server: RunningServer, folder: Path, text: str, **secrets: str) -> AsyncIterator[tuple[Door, Any]]:
    """A door with one plugin whose requests go to the running server as to the server itself."""
    parsed = parse_plugin("tried", str(folder / "tried.yaml"), text.encode())
    assert parsed.spec is not None, parsed.problems
    plugin = LoadedPlugin("tried", parsed.spec, parsed.digest, parsed.meaning, str(folder / "tried.yaml"))

    class Shelf:
        plugins = {"tried": plugin}

    outgoing = Outgoing(own=Own(server.port))
    database = open_database(f"sqlite:///{folder / 'door.db'}")
    made = Door(Shelf(), database, outgoing, secrets.get)
    try:
        yield made, [plugin]
    finally:
        made.close()
        await outgoing.close()
        database.close()


def profile(server: RunningServer, user: str) -> list[dict[str, Any]]:
    with server.client() as client:
        found: list[dict[str, Any]] = client.get("/data/v1/profile", params={"userid": user}).json()["data"]["rows"]
    return found


async def test_each_customer_gets_and_sets_their_own_row_alone(hosted: RunningServer, tmp_path: Path) -> None:
    async with door(hosted, tmp_path, example(hosted.port), PROFILE_KEY=hosted.key("editor")) as (made, plugins):
        saved = await made.call(plugins, "set_customer_profile", {"company": "Acme Foods"}, ANN)
        assert (saved.status, saved.error) == ("ok", None)
        more = await made.call(plugins, "set_customer_profile", {"phone": "0171 2345678"}, ANN)
        assert more.status == "ok"
        (known,) = await made.forced_all(plugins, ANN, 10)
        row = json.loads(known.shown)
        assert (row["userid"], row["company"], row["phone"], row["wechat"]) == (
            *("v_ann", "Acme Foods", "0171 2345678"),
            None,
        )
        (unknown,) = await made.forced_all(plugins, BEN, 10)
        assert (unknown.status, "Acme" in unknown.shown) == ("ok", False)
        for name in ("userid", "user_id", "USER-ID"):
            stolen = await made.call(plugins, "set_customer_profile", {"company": "x", name: "v_ann"}, BEN)
            assert stolen.status == "refused"
        assert (await made.call(plugins, "set_customer_profile", {"company": "x" * 201}, BEN)).status == "refused"
    assert [each["company"] for each in profile(hosted, "v_ann")] == ["Acme Foods"]
    assert profile(hosted, "v_ben") == []


async def test_a_key_that_may_not_write_is_told_to_the_model_as_an_error(hosted: RunningServer, tmp_path: Path) -> None:
    async with door(hosted, tmp_path, example(hosted.port), PROFILE_KEY=hosted.key("viewer")) as (made, plugins):
        assert (await made.call(plugins, "set_customer_profile", {"company": "a"}, BEN)).status == "failed"
    assert profile(hosted, "v_ben") == []


def test_a_chat_fills_the_row_of_its_customer_and_reads_it_again(hosted: RunningServer) -> None:
    customer, other = hosted.visitor(), hosted.visitor()
    other.say("Hello, what is there?", "hosted")
    first = customer.say("We are Acme Foods, my phone is 0171 2345678", "hosted")
    assert ("get_customer_profile", True, "ok") in [(c["function"], c["forced"], c["status"]) for c in first["calls"]]
    deadline = time.monotonic() + 30
    while not (found := profile(hosted, customer.id)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [(row["company"], "2345678" in row["phone"].replace(" ", "")) for row in found] == [("Acme Foods", True)]
    again = customer.say("Which products are there?", "hosted")
    assert ("get_customer_profile", "ok") in [(call["function"], call["status"]) for call in again["calls"]]
    assert profile(hosted, other.id) == []


async def test_an_imported_document_makes_a_working_plugin(hosted: RunningServer, tmp_path: Path) -> None:
    address = f"{hosted.url}/data/v1/profile/openapi.json"
    command = [str(RAPPORT), "import", "openapi", address, "--allow-host", f"127.0.0.1:{hosted.port}"]
    done = subprocess.run(command, capture_output=True, text=True, env=hosted.environment(), timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Left out" not in done.stderr
    (name,) = set(re.findall(r"\$\{secret\.(\w+)\}", done.stdout))
    key = {name: hosted.key("editor")}
    async with door(hosted, tmp_path, done.stdout, **key) as (made, plugins):
        calls: list[tuple[str, dict[str, Any]]] = [
            ("create_profile", {"userid": "imported", "company": "One"}),
            ("update_profile", {"userid": "imported", "phone": "5"}),
            ("get_profile", {"userid": "imported", "page_size": 10}),
            ("delete_profile", {"userid": "imported"}),
        ]
        seen = [await made.call(plugins, function, arguments, EVE) for function, arguments in calls]
    assert [result.status for result in seen] == ["ok"] * 4, [result.error for result in seen]
    (row,) = seen[2].value["data"]["rows"]
    assert (row["company"], row["phone"]) == ("One", "5")
    assert profile(hosted, "imported") == []


@pytest.mark.parametrize(
    "path",
    ["/api/v1/me", "/api/v1/leads", "/data/v1", "/data", "/", "/openapi.json", "//api/v1/me", "/data/v1//api/v1/me",
     "/data/v1/../../api/v1/me", "/data/v1/%2e%2e/%2e%2e/api/v1/me", "/data/v1/..%2f..%2fapi/v1/me",
     "/data/v1/%252e%252e/api/v1/me", "/data/v1/..\\..\\api\\v1\\me", "/data/v1/%5c..%5capi", "/DATA/v1/profile",
     "/data%2fv1/../api/v1/me", "/%64ata/v1/../../api/v1/me", "/./api/v1/me", "/metrics", "/readyz"],
)  # fmt: skip
async def test_nothing_else_of_the_server_is_reached(hosted: RunningServer, path: str) -> None:
    outgoing = Outgoing(own=Own(hosted.port))
    try:
        for host in ("127.0.0.1", "localhost", "127.0.0.2", "[::1]", "0.0.0.0"):
            with pytest.raises(OutgoingError) as refused:
                await outgoing.fetch("GET", f"http://{host}:{hosted.port}{path}")
            assert refused.value.kind in ("blocked", "invalid")
    finally:
        await outgoing.close()


async def test_the_data_service_is_reached_and_answers_no_redirect(hosted: RunningServer) -> None:
    outgoing = Outgoing(own=Own(hosted.port))
    try:
        for host in ("127.0.0.1", "localhost"):
            answer = await outgoing.fetch("GET", f"http://{host}:{hosted.port}/data/v1/profile/openapi.json")
            assert answer.status == 200
            assert (await outgoing.fetch("GET", f"http://{host}:{hosted.port}/data/v1/profile")).status == 401
            assert (await outgoing.fetch("GET", f"http://{host}:{hosted.port}/data/v1/profile/")).status == 404
    finally:
        await outgoing.close()


async def test_a_redirect_from_elsewhere_leads_to_nothing_else_of_the_server(hosted: RunningServer) -> None:
    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{hosted.url}/{request.match_info['path']}")

    app = web.Application()
    app.router.add_get("/{path:.*}", away)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    outgoing = Outgoing([f"127.0.0.1:{port}"], own=Own(hosted.port))
    try:
        for path in ("api/v1/me", "readyz", "/api/v1/me", "data/v1/../../api/v1/me"):
            with pytest.raises(OutgoingError) as refused:
                await outgoing.fetch("GET", f"http://127.0.0.1:{port}/{path}")
            assert refused.value.kind == "blocked"
    finally:
        await outgoing.close()
        await runner.cleanup()


def test_writes_by_programs_stand_in_the_audit(hosted: RunningServer) -> None:
    with hosted.client(hosted.key("editor")) as client:
        for method, more in (
            ("POST", {"json": {"userid": "audited", "company": "Secret Ltd"}}),
            ("PUT", {"json": {"userid": "audited", "phone": "1"}}),
            ("DELETE", {"params": {"userid": "audited"}}),
            ("GET", {"params": {"userid": "audited"}}),
        ):
            answer: httpx.Response = client.request(method, "/data/v1/profile", **more)  # type: ignore[arg-type]
            assert answer.status_code == 200
    database = open_database(hosted.database)
    try:
        noted = database.read_now(
            lambda tx: tx.rows("SELECT action, actor, detail FROM audit WHERE object = ? ORDER BY at, id", "profile")
        )
    finally:
        database.close()
    mine = [(action, actor) for action, actor, detail in noted if '"audited"' in detail]
    assert mine == [(action, "tests-editor") for action in ("row_create", "row_update", "row_delete")]
    assert not [detail for *_, detail in noted if "Secret Ltd" in detail]
