"""`rapport import openapi`: descriptions of every version become plugin files that check without errors."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from server.catalog.files import Unreadable, read_inside
from server.catalog.openapi import NotADescription, NotCarried, read_description
from server.catalog.openapi.writing import Imported, imported
from server.catalog.parsed import parse_plugin
from server.cli.app import app

HERE = Path(__file__).parent / "openapi"


def _import(data: bytes, folder: Path = HERE, source: str = "") -> tuple[Imported, dict[str, Any]]:
    def beside(relative: str) -> bytes:
        try:
            return read_inside(folder, relative, 1_000_000)
        except Unreadable as problem:
            raise NotCarried(str(problem)) from None

    made = imported(read_description(data, beside, source))
    parsed = parse_plugin("made", "made.yaml", made.text.encode())
    assert [str(p) for p in parsed.problems if p.severity == "error"] == []
    return made, {f["name"]: f for f in yaml.safe_load(made.text)["functions"]}


def test_a_description_of_version_3_becomes_functions_and_says_what_is_left_out() -> None:
    made, functions = _import((HERE / "shop.json").read_bytes())
    assert list(functions) == ["orders_list", "orders_add", "pay", "remote", "form", "upload", "text", "bytes"]
    assert {each.label: each.reason for each in made.left_out} == {
        "broken": "`$ref: #/components/parameters/None` names nothing",
        "watch": "TRACE is no method that functions have",
        "other": "it is served at https://other.example.com, and a plugin has one address",
    }
    assert [secret.name for secret in made.secrets] == ["SHOP_ACCESS_KEY"]
    listed = functions["orders_list"]["parameters"]
    assert listed["required"] == ["userId"]
    assert listed["properties"]["page"] == {"type": "integer", "exclusiveMinimum": 0}
    assert "effect" not in functions["orders_list"]
    added = functions["orders_add"]
    assert added["effect"] == "write"
    assert added["parameters"]["required"] == ["userId", "sku"]
    assert added["parameters"]["properties"]["sku"] == {"type": "string"}, "a pattern without linear time is left out"
    assert added["request"]["body"] == {n: f"${{args.{n}}}" for n in ("sku", "note", "tree")}
    node = added["parameters"]["$defs"]["Node"]
    assert node["properties"]["name"]["type"] == ["string", "null"]
    assert node["properties"]["below"]["items"] == {"$ref": "#/$defs/Node"}
    assert list(functions["pay"]["parameters"]["properties"]) == ["body"]
    assert functions["remote"]["parameters"]["properties"]["on"]["enum"] == ["2026-01-01", "no"]


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ({"parameters": "nope"}, "its `parameters` are no list"),
        ({"parameters": [5]}, "one of its parameters is no object"),
        ({"parameters": [{"name": "day", "in": "query", "schema": 5}]}, "the schema of its parameter `day` is no"),
        ({"requestBody": {"content": {"application/json": {"schema": 5}}}}, "the schema of its body is no schema"),
        (
            {"parameters": [{"name": "x\ny", "in": "header", "required": True, "schema": {}}]},
            "its parameter `x y` has a name that cannot be sent",
        ),
    ],
)
def test_an_operation_that_cannot_be_read_is_told_and_the_rest_work(operation: dict[str, Any], told: str) -> None:
    made, functions = _import(_described({"/wrong": {"post": operation}, "/right": {"get": {}}}))
    assert list(functions) == ["get_right"]
    assert [each.label for each in made.left_out] == ["POST /wrong"]
    assert made.left_out[0].reason.startswith(told)


def test_a_parameter_that_may_be_left_out_and_cannot_be_sent_is_told() -> None:
    parameters = [{"name": "two words", "in": "header", "schema": {}}, {"name": "day", "in": "query", "schema": {}}]
    made, functions = _import(_described({"/free": {"get": {"parameters": parameters}}}))
    assert list(functions["get_free"]["parameters"]["properties"]) == ["day"]
    assert made.notes == ("`GET /free` is without its parameter `two words`, whose name cannot be sent",)


@pytest.mark.parametrize("address", ["file:///etc", "ftp://shop.example.com/x", "javascript:alert(1)"])
def test_an_address_that_is_not_for_calls_is_to_be_filled_in(address: str) -> None:
    made, _ = _import(_described({"/free": {"get": {}}}, address))
    assert yaml.safe_load(made.text)["base_url"] == "https://set-me.invalid"
    assert "it names no address over http or https" in made.notes[0]


def _described(paths: dict[str, Any], address: str = "https://shop.example.com") -> bytes:
    return orjson.dumps({"openapi": "3.0.3", "info": {}, "servers": [{"url": address}], "paths": paths})


def test_a_description_of_swagger_2_becomes_functions() -> None:
    made, functions = _import((HERE / "old.yaml").read_bytes())
    plugin = yaml.safe_load(made.text)
    assert plugin["base_url"] == "https://old.example.com/api"
    assert plugin["auth"] == {"basic": {"user": "${secret.OLD_SHOP_USER}", "password": "${secret.OLD_SHOP_PASSWORD}"}}
    assert functions["item"]["request"]["styles"] == {"fields": {"style": "pipeDelimited"}}
    assert list(functions["change"]["parameters"]["properties"]) == ["id", "body"], "`id` stands in both"
    assert functions["send"]["request"]["files"] == {"file": "${args.file}"}
    assert functions["send"]["request"]["multipart"] == {"title": "${args.title}"}


def test_a_description_of_version_3_1_without_an_address_says_what_to_fill_in() -> None:
    made, functions = _import((HERE / "new.yaml").read_bytes())
    assert yaml.safe_load(made.text)["base_url"] == "https://set-me.invalid"
    assert any("set-me.invalid" in note for note in made.notes)
    things = functions["get_things"]
    assert things["request"]["cookies"] == {"session": "${args.session}"}
    assert things["request"]["styles"] == {"filter": {"style": "json"}}
    assert {secret.name for secret in made.secrets} == {"NEW_SHOP_CLIENT_ID", "NEW_SHOP_CLIENT_SECRET"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("[1]", "it holds no keys and values"),
        ("{a: 1}", "it says neither"),
        ("openapi: 4.0.0", "its version is `4.0.0`"),
        ("{openapi: 3.0.0", "it is neither JSON nor YAML"),
        ("openapi: 3.0.0\npaths: {}", "it has no operation"),
        ("a: " + "[" * 500, "nested more than"),
    ],
)
def test_what_is_no_description_is_told_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(NotADescription, match=told.replace("`", ".")):
        imported(read_description(file.read_bytes(), lambda _: b""))


def test_the_command_writes_the_file_and_tells_the_rest_on_standard_error() -> None:
    result = CliRunner().invoke(app, ["import", "openapi", str(HERE / "shop.json")])
    assert result.exit_code == 0
    assert result.stdout.startswith("kind: http\ndescription: Shop\n")
    assert "Left out: watch: TRACE is no method that functions have." in result.stderr
    assert "Set the secret SHOP_ACCESS_KEY" in result.stderr


def test_names_are_valid_and_unique() -> None:
    paths = {f"/p{i}": {"get": {"operationId": "größe/" + "x" * 80, "responses": {}}} for i in range(3)}
    _, functions = _import(orjson.dumps({"openapi": "3.0.0", "info": {"title": "x"}, "paths": paths}))
    assert len(functions) == 3
    assert all(len(name) <= 64 and name.isascii() for name in functions)


def test_a_description_of_5_mb_takes_less_than_10_seconds() -> None:
    words = "What it does, in a sentence of the usual length, so that the file grows. " * 4
    schemas = {
        f"S{i}": {"type": "object", "properties": {"next": {"$ref": f"#/components/schemas/S{(i * 7 + 1) % 800}"}}
                  | {f"f{j}": {"type": "string", "description": words} for j in range(6)}}
        for i in range(800)
    }  # fmt: skip
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S3"}}}}
    paths = {
        f"/a{i}/{{id}}": {"post": {"operationId": f"do{i}", "description": words, "requestBody": body, "responses": {},
                          "parameters": [{"name": f"p{j}", "in": "query", "description": words} for j in range(4)]}}
        for i in range(2200)
    }  # fmt: skip
    text = yaml.dump({"openapi": "3.0.0", "paths": paths, "components": {"schemas": schemas}}, Dumper=yaml.CSafeDumper)
    assert len(text) > 5_000_000
    started = time.perf_counter()
    made = imported(read_description(text.encode(), lambda _: b""))
    assert time.perf_counter() - started < 10
    assert made.functions == 2200
    assert len(made.text) < 10_000_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["#/components/schemas/A", "#", "#/", "${user.id}", "../x", "object", "array", "\u2028"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            "$ref", "type", "properties", "items", "allOf", "oneOf", "required", "enum", "name", "in", "schema",
            "content", "application/json", "multipart/form-data", "style", "explode", "parameters", "get", "post",
            "requestBody",
            "secret", "${x}", "nullable", "pattern", "default", "servers", "url", "security", "additionalProperties",
        ]), inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(a=JSON, parameter=JSON, item=JSON, schema=JSON, extra=JSON, old=st.booleans())
def test_no_hostile_description_breaks_the_import(
    a: Any, parameter: Any, item: Any, schema: Any, extra: Any, old: bool
) -> None:
    operation = {"parameters": [parameter, {"name": "q", "in": "query", "schema": schema}], "responses": extra,
                 "requestBody": {"content": {"application/json": {"schema": schema}}}, "security": extra}  # fmt: skip
    document = {
        **({"swagger": "2.0"} if old else {"openapi": "3.1.0"}),
        "info": extra, "servers": extra, "security": extra, "definitions": {"A": a},
        "components": {"schemas": {"A": a}, "securitySchemes": extra, "parameters": parameter},
        "paths": {"/x/{y}": {"post": operation, "parameters": extra}, "/z": item},
    }  # fmt: skip
    data = yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "replace")
    with suppress(NotADescription):  # one clear reason is fine, anything else is not
        made, _ = _import(data, source="https://api.example.com/d.yaml")
        assert made.functions
