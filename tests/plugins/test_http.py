"""Functions over HTTP, against a real server on loopback."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

import pytest

from server.catalog.spec import Into
from server.plugins import CallResult, Door

from .conftest import ANN, EVE, PROFILE, Crm, Load

CRM = """
base_url: URL/v1
headers: {Authorization: "Bearer ${secret.TOKEN}", X-Note: "${args.note}"}
functions:
  - name: get_customer
    force_call: true
    cache_seconds: 30
    request:
      path: /profiles/${user.id}
      query: {lang: "${user.locale}", who: "${user.name}"}
  - name: find
    parameters:
      type: object
      properties: {q: {}, kind: {type: string}, note: {type: string}, tags: {type: array}}
    request: {path: "/find/${args.kind}", query: {q: "${args.q}", tags: "${args.tags}"}}
  - name: save
    effect: write
    allow: {trust: anonymous}
    parameters:
      type: object
      properties: {company: {type: string}, seats: {type: integer}, more: {type: object}}
    request:
      method: PUT
      path: /profiles
      body:
        owner: ${user.id}
        company: ${args.company}
        seats: ${args.seats}
        more: ${args.more}
        note: from ${persona.name}
  - name: order
    effect: write
    request: {method: POST, path: /orders, form: {user: "${user.id}", x: "a&b=c"}}
  - name: upload
    effect: write
    allow: {trust: anonymous}
    parameters: {type: object, properties: {text: {type: string}}}
    request: {method: POST, path: /upload, multipart: {text: "${args.text}", owner: "${user.id}"}}
"""
ONE = """
base_url: URL
functions: [{name: ask, timeout_seconds: 5, request: {path: /KIND}}]
"""


def _one(crm: Crm, kind: str) -> str:
    return ONE.replace("URL", crm.url).replace("KIND", kind)


async def _ask(door: Door, load: Load, crm: Crm, kind: str) -> CallResult:
    return await door.call([load(_one(crm, kind), f"p_{kind}")], "ask", "{}", ANN)


async def test_a_forced_call_carries_who_is_asking_and_the_plugins_secret(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(CRM.replace("URL", crm.url))]
    assert await door.prepare(plugins) == []
    (result,) = await door.forced_all(plugins, EVE, 5)
    (asked,) = crm.asked
    assert (result.status, result.forced, result.value) == ("ok", True, {"ok": True})
    assert (asked.path, asked.query) == ("/v1/profiles/eve%2F1%20%C3%BC", "who=Eve")
    assert "X-Note" not in asked.headers
    assert asked.headers["Authorization"] == "Bearer t0p-s3cret/+ü".encode().decode("utf-8", "surrogateescape")
    assert result.request["headers"]["Authorization"] == "Bearer ***"
    assert "s3cret" not in str(result)


async def test_forced_results_are_kept_for_the_same_person_only(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(CRM.replace("URL", crm.url))]
    first, again = [(await door.forced_all(plugins, ANN, 5))[0] for _ in range(2)]
    assert (first.cached, again.cached, len(crm.asked)) == (False, True, 1)
    for other in (
        replace(ANN, user_id="v_bob"),
        replace(ANN, trust="verified"),
        replace(ANN, conversation_id="c_9"),
    ):
        assert not (await door.forced_all(plugins, other, 5))[0].cached
    assert (await door.call(plugins, "save", {"company": "New"}, ANN)).status == "ok"
    assert not (await door.forced_all(plugins, ANN, 5))[0].cached


async def test_values_keep_their_type_and_missing_ones_are_dropped(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(CRM.replace("URL", crm.url))]
    result = await door.call(plugins, "save", '{"seats": 3, "more": {"a": [1, "${secret.TOKEN}"]}}', ANN)
    assert result.status == "ok"
    assert json.loads(crm.asked[0].body) == {
        "owner": "v_ann", "seats": 3, "more": {"a": [1, "${secret.TOKEN}"]}, "note": "from guide",
    }  # fmt: skip
    await door.call(plugins, "find", {"kind": "x", "q": True, "tags": ["a b", 2, "&q=1"]}, ANN)
    assert crm.asked[1].query == "q=true&tags=a%20b&tags=2&tags=%26q%3D1"


async def test_a_missing_value_in_a_path_sends_nothing(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(CRM.replace("URL", crm.url))]
    result = await door.call(plugins, "find", "{}", ANN)
    assert (result.status, result.error) == ("failed", "${args.kind} has no value")
    assert crm.asked == []


async def test_forms_and_uploads_cannot_be_broken_out_of(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(CRM.replace("URL", crm.url))]
    await door.call(plugins, "order", "{}", EVE)
    assert crm.asked[0].body == b"user=eve%2F1+%C3%BC&x=a%26b%3Dc"
    text = '\r\n--boundary\r\nContent-Disposition: form-data; name="owner"\r\n\r\nv_ben'
    await door.call(plugins, "upload", {"text": text}, ANN)
    boundary = crm.asked[1].headers["Content-Type"].partition("boundary=")[2].encode()
    parts = crm.asked[1].body.split(b"--" + boundary)
    assert len(parts) == 4
    assert parts[2].endswith(b'name="owner"\r\n\r\nv_ann\r\n')


async def test_answers_of_every_kind_are_told_plainly(door: Door, load: Load, crm: Crm) -> None:
    gone = await _ask(door, load, crm, "gone")
    assert gone.status == "failed"
    assert gone.error is not None
    assert gone.error.startswith("127.0.0.1 answered 404: ")
    assert len(gone.shown) < 700
    picture = await _ask(door, load, crm, "picture")
    assert picture.value == {"note": "not text, so it is not shown", "type": "image/png", "bytes": 6}
    assert (await _ask(door, load, crm, "text")).value == "Grüße"
    large = await _ask(door, load, crm, "large")
    assert len(large.value) == 1000
    assert large.shown.endswith(" (926 of 1,000 items left out)")
    assert (await _ask(door, load, crm, "bomb")).error == "127.0.0.1 answered with more than 2,000,000 bytes"


async def test_a_server_that_repeats_the_secret_does_not_tell_the_model(
    door: Door, load: Load, crm: Crm, secrets: dict[str, str]
) -> None:
    secrets["QUOTED"] = 'pa"ss\\word'
    auth = {
        "basic": 'basic: {user: "${secret.USER}", password: "${secret.PASSWORD}"}',
        "bearer": 'bearer: "${secret.QUOTED}"',
        "header": 'api_key: {header: X-Key, value: "${secret.TOKEN}"}',
        "query": 'api_key: {query: key, value: "${secret.TOKEN}"}',
    }
    for name, text in auth.items():
        plugin = load(_one(crm, "echo") + f"auth: {{{text}}}\n", name)
        result = await door.call([plugin], "ask", "{}", ANN)
        assert result.status == "ok", result
        for secret in secrets.values():
            packed = base64.b64encode(f"robot:{secret}".encode()).decode()
            assert secret not in str(result.value)
            assert secret not in result.shown
            assert quote(secret, safe="") not in result.shown
            assert packed not in result.shown
            assert secret not in str(result.request)
    assert crm.asked[0].headers["Authorization"] == "Basic " + base64.b64encode(b"robot:pa:ss word").decode()
    assert crm.asked[2].headers["X-Key"]
    assert crm.asked[3].query == "key=t0p-s3cret%2F%2B%C3%BC"


async def test_a_credential_that_is_not_set_is_named(door: Door, load: Load, crm: Crm) -> None:
    plugin = load(_one(crm, "echo") + 'auth: {bearer: "${secret.NOT_SET}"}\n')
    result = await door.call([plugin], "ask", "{}", ANN)
    assert (result.status, result.error) == ("failed", "the secret NOT_SET is not set")
    assert crm.asked == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("identity: true", "needs the key of a server to sign with"),
        ("headers: {x-rapport-identity: forged}", "cannot be set"),
        ("headers: {Host: evil.example}", "the header `Host` cannot be set"),
        ('headers: {X: "${secrets.A}"}', "is no reference"),
    ],
)
async def test_what_cannot_work_is_told_when_it_loads(door: Door, load: Load, crm: Crm, more: str, told: str) -> None:
    plugins = [load(_one(crm, "x") + more + "\n")]
    ((_, message),) = await door.prepare(plugins)
    assert told in message
    assert door.offered(plugins, ANN) == []
    assert (await door.call(plugins, "ask", "{}", ANN)).status == "refused"


async def test_a_slow_function_does_not_hold_the_others(door: Door, load: Load, crm: Crm) -> None:
    slow = _one(crm, "slow").replace("name: ask", "name: wait, force_call: true")
    quick = _one(crm, "echo").replace("name: ask", "name: quick, force_call: true")
    blocked = quick.replace("quick", "blocked").replace(crm.url, "http://169.254.169.254")
    plugins = [load(slow, "slow"), load(quick, "quick"), load(blocked, "blocked"), load(PROFILE, "profile")]
    results = await door.forced_all(plugins, ANN, 0.2)
    assert [(r.function, r.status) for r in results] == [
        ("wait", "timeout"), ("quick", "ok"), ("blocked", "failed"), ("get_profile", "ok"),
    ]  # fmt: skip
    assert results[0].error == "`wait` took longer than 0.2 s"


async def test_what_is_offered_fits_the_persons_trust(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(CRM.replace("URL", crm.url)), load(PROFILE, "profile")]

    def names(found: Sequence[object]) -> list[str]:
        return [f.name for f in found]  # type: ignore[attr-defined]

    assert names(door.offered(plugins, ANN)) == ["find", "save", "upload", "set_profile"]
    assert names(door.offered(plugins, EVE)) == ["find", "save", "order", "upload", "set_profile"]
    assert door.forced(plugins) == ["get_customer", "get_profile"]
    assert all("user" not in json.dumps(dict(f.parameters)) for f in door.offered(plugins, EVE))
    refused = await door.call(plugins, "order", "{}", replace(EVE, trust="claimed"))
    assert (refused.status, crm.asked) == ("refused", [])


async def test_a_test_sends_no_write_outside(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(CRM.replace("URL", crm.url))]
    result = await door.call(plugins, "save", {"company": "x"}, replace(ANN, test=True))
    assert (result.status, result.value["note"]) == ("ok", "This is a test: nothing was sent.")
    assert result.request["body"]["owner"] == "v_ann"
    mirrored = await door.mirror_later(plugins, Into(plugin="crm", set="save"), {"seats": "3"}, ANN)
    assert mirrored.status == "ok"
    assert [json.loads(asked.body)["seats"] for asked in crm.asked] == [3]


async def test_a_call_that_is_given_up_leaves_the_door_usable(door: Door, load: Load, crm: Crm) -> None:
    slow = asyncio.create_task(_ask(door, load, crm, "slow"))
    while not crm.asked:
        await asyncio.sleep(0)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert (await _ask(door, load, crm, "echo")).status == "ok"
