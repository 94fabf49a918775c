"""`rapport import lanying`: a plugin of another platform becomes a file that checks, and nothing is lost unsaid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.catalog.lanying import NotAnExport, imported
from server.catalog.parsed import parse_plugin
from server.catalog.problems import errors_in
from tests.cli.test_commands import rapport

USER = {"type": "system_env", "value": "user_id"}


def variable(name: str) -> dict[str, str]:
    return {"type": "variable", "value": name}


def function(name: str, **more: Any) -> dict[str, Any]:
    call = {"method": "GET", "url": "/profile", "headers": {}, "params": {"userid": USER}, "body": {}}
    said = {"type": "ai_function", "name": name, "description": f"Does {name}", "parameters": {}}
    return {**said, **more, "function_call": {**call, **more.get("function_call", {})}}


PROPERTIES = {"company": {"type": "string"}, "userid": {"type": "string"}}
SET = function(
    "set_profile",
    parameters={"type": "object", "properties": PROPERTIES, "required": ["company", "userid"]},
    function_call={"method": "put", "params": {}, "body": {"userid": USER, "data": {"company": variable("company")}}},
)
EXPORT: dict[str, Any] = {
    "type": "ai_plugin",
    "version": 1,
    "name": "profile",
    "endpoint": "https://data.example.com/v1/",
    "headers": {"Authorization": {"type": "env", "value": "basic_auth"}, "X-Api-Key": "literal-key", "X-From": "im"},
    "params": {"region": "eu"},
    "envs": {"basic_auth": "Basic c2VjcmV0", "unused": {"value": "never"}},
    "functions": [function("get_profile", force_call=True), SET],
}


def export(**more: Any) -> bytes:
    return json.dumps({**EXPORT, **more}).encode()


def of(*functions: dict[str, Any], **more: Any) -> Any:
    return imported(export(functions=list(functions), **more))


def requests(text: str) -> dict[str, Any]:
    assert errors_in(parse_plugin("p", "p.yaml", text.encode()).problems) == ()
    return {each["name"]: each for each in yaml.safe_load(text)["functions"]}


def test_variables_secrets_and_the_customer_become_references(home: Path) -> None:
    (home / "export.json").write_bytes(export())
    done = rapport(home, "import", "lanying", "export.json")
    plugin = yaml.safe_load(done.stdout)
    assert plugin["base_url"] == "https://data.example.com/v1"
    assert plugin["headers"] == {
        "Authorization": "${secret.BASIC_AUTH}",
        "X-Api-Key": "${secret.PROFILE_X_API_KEY}",
        "X-From": "im",
    }
    made = requests(done.stdout)
    assert made["get_profile"]["force_call"] is True
    assert made["get_profile"]["request"]["query"] == {"region": "eu", "userid": "${user.id}"}
    assert made["set_profile"]["effect"] == "write"
    assert made["set_profile"]["request"]["body"] == {"userid": "${user.id}", "data": {"company": "${args.company}"}}
    assert made["set_profile"]["parameters"]["required"] == ["company"]
    assert set(made["set_profile"]["parameters"]["properties"]) == {"company"}
    (home / "plugins.d" / "profile.yaml").write_text(done.stdout)
    checked = rapport(home, "check", "plugins.d/profile.yaml")
    assert "error" not in checked.stdout


def test_no_value_of_the_environment_and_no_fixed_key_is_written(home: Path) -> None:
    (home / "export.json").write_bytes(export())
    done = rapport(home, "import", "lanying", "export.json")
    for value in ("c2VjcmV0", "literal-key", "never"):
        assert value not in done.stdout + done.stderr
    assert "Set the secret BASIC_AUTH" in done.stderr
    assert "Set the secret PROFILE_X_API_KEY" in done.stderr
    assert "UNUSED" not in done.stderr


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ({"params": {"q": {"type": "system_env", "value": "wallet"}}}, "`wallet` has no like here"),
        ({"method": "BREW"}, "the method `BREW`"),
        ({"url": variable("where")}, "an address cannot come from a variable"),
        ({"url": "https://evil.example.net/x"}, "`evil.example.net`, another host"),
        ({"url": "/a/${secret.OPENAI_API_KEY}"}, "holds `${`"),
        ({"params": {"q": "${secret.OPENAI_API_KEY}"}}, "holds `${`"),
        ({"body": {"${user.id}": 1}, "method": "POST"}, "holds `${`"),
        ({"params": {"q": variable("a}b")}}, "a name that no reference can have"),
        ({"params": {"userid": USER, "q": variable("user_id")}}, "named like a slot that the server fills"),
        ({"headers": {"X-Y": ["a"]}}, "its value is no text"),
    ],
)
def test_what_cannot_be_carried_over_is_said_by_name(call: dict[str, Any], reason: str) -> None:
    made = of(function("kept"), function("lost", function_call=call))
    assert list(requests(made.text)) == ["kept"]
    told = {each.label: each.reason for each in made.left_out}
    assert reason in told["lost"]


def test_a_forced_call_that_needs_the_model_is_kept_unforced() -> None:
    made = of(function("find", force_call=True, function_call={"params": {"q": variable("words")}}))
    found = requests(made.text)["find"]
    assert "force_call" not in found
    assert found["parameters"]["properties"] == {"words": {"type": "string"}}
    assert [each.label for each in made.left_out] == ["find: `force_call`"]
    assert any("`words` was not described" in note for note in made.notes)


def test_addresses_forms_texts_and_unknown_keys() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    made = of(
        function("long", function_call={"url": "https://data.example.com/v1/deep/{id}?fixed=1"}, priority=3),
        function("formed", function_call={"method": "POST", "headers": form, "body": {"a": variable("a")}}),
        function("told", function_call={"method": "POST", "body": "plain words"}),
        function("told", function_call={"method": "POST", "body": "other words"}),
    )
    found = requests(made.text)
    assert found["long"]["request"]["path"] == "/deep/${args.id}"
    assert found["long"]["request"]["query"]["fixed"] == "1"
    assert found["formed"]["request"]["form"] == {"a": "${args.a}"}
    assert "headers" not in found["formed"]["request"]
    assert found["told"]["request"]["text"] == "plain words"
    assert found["told_2"]["request"]["text"] == "other words"
    assert [each.label for each in made.left_out] == ["long: `priority`"]


def test_without_an_absolute_endpoint_one_is_left_to_fill_in() -> None:
    made = of(function("get"), endpoint={"type": "env", "value": "host"})
    assert 'base_url: "https://set-me.invalid"' in made.text
    assert any("write the service's in place" in note for note in made.notes)
    assert "user:pass" not in of(function("get"), endpoint="https://user:pass@data.example.com").text


HOSTILE = [
    b"",
    b"\xff\xfe\x00",
    b"null",
    b"[]",
    b"{" * 100,
    b'{"type": "ai_plugin", "functions": ' + b"[" * 900 + b"]" * 900 + b"}",
    export(type="ai_function"),
    export(version=2),
    export(functions=None),
    export(functions=[]),
    export(functions=[1, None, "x", [], {}]),
    export(functions=[function("x", parameters="{")]),
    export(functions=[function("x", parameters={"type": "object", "properties": []})]),
    export(functions=[function("x", parameters={"type": "strin"})]),
    export(functions=[{"type": "ai_function", "name": "x", "function_call": []}]),
    export(endpoint="http://[::1", functions=[function("x", function_call={"url": "http://[bad"})]),
    b" " * 5_000_001,
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_export_ends_in_one_clear_line(data: bytes) -> None:
    with pytest.raises(NotAnExport) as problem:
        imported(data)
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 600


def test_a_file_that_is_not_there_is_one_line(home: Path) -> None:
    done = rapport(home, "import", "lanying", "nothing.json", expect=1)
    assert done.stderr == "rapport: nothing.json cannot be read: no such file or directory.\n"


def test_a_thousand_functions_are_written_quickly_and_odd_texts_survive() -> None:
    odd = "Text: with 'quotes' \"and\" # signs,\n- lines\t\x00 ${user.id} 你好 \ud83d\ude00"
    made = of(*(function(f"f{n}", description=odd) for n in range(300)))
    assert made.functions == 300
    assert "$ {user.id} 你好" in requests(made.text)["f7"]["description"]
