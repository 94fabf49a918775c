"""`rapport check`, the starting files, and the schemas for editors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from server.catalog import check_paths, new_persona, new_plugin, persona_schema, plugin_schema, render
from server.catalog.parsed import parse_persona, parse_plugin
from server.catalog.plugin_spec import PLUGIN_KINDS
from server.catalog.problems import Problem
from server.catalog.yaml_source import read_source
from tests.catalog.house import CRM, PERSONA, PROFILE, House, write
from tests.running import ROOT


def told(house: House, *paths: Path, strict: bool = False) -> list[str]:
    has_secret = house.secrets.__contains__
    problems = check_paths(paths, house.settings, strict, has_secret)
    return [str(p).replace(f"{house.root}/", "") for p in problems]


def test_without_paths_both_folders_are_checked(house: House) -> None:
    assert told(house) == []
    house.persona("promt: x\n", "new.yaml")
    house.plugin(CRM.replace("request:", "reqest:"), "bad.yaml")
    assert [line.split(" ")[0] for line in told(house)] == ["personas.d/new.yaml:1:1:", "plugins.d/bad.yaml:10:5:"]


def test_a_single_file_is_checked_against_the_plugins_of_the_settings(house: House) -> None:
    assert told(house, house.personas / "guide.yaml") == []
    other = write(house.root / "elsewhere" / "guide.yaml", PERSONA.replace("[customer_profile]", "[nobody]"))
    write(house.root / "elsewhere/knowledge/pricing.md", "# a\n\nb\n")
    assert any("there is no plugin `nobody`" in line for line in told(house, other))


def test_outside_its_folder_a_plugin_is_known_by_what_it_holds(house: House) -> None:
    path = write(house.root / "elsewhere" / "shop.yaml", CRM.replace("base_url: https:", "base_url: ftp:"))
    assert told(house, path) == ["elsewhere/shop.yaml:1:11: `base_url` needs an absolute address such as https://api.example.com/v1"]  # fmt: skip # noqa: E501


def test_a_path_that_is_not_there_is_a_problem(house: House) -> None:
    assert told(house, house.root / "nothing.yaml") == ["nothing.yaml:1:1: there is no such file or folder"]


def test_strict_counts_warnings(house: House) -> None:
    house.secrets.clear()
    lax = check_paths([], house.settings, False, house.secrets.__contains__)
    strict = check_paths([], house.settings, True, house.secrets.__contains__)
    assert ([p.severity for p in lax], [p.severity for p in strict]) == (["warning"], ["error"])


def test_every_format_says_the_same(house: House) -> None:
    house.secrets.clear()
    house.persona("promt: 100%\n", "new.yaml")
    problems = check_paths([], house.settings, False, house.secrets.__contains__)
    lines = render(problems, "text").splitlines()
    assert lines[0].endswith("personas.d/new.yaml:1:1: `promt` is not a field of a persona; did you mean `prompt`?")
    assert lines[1].endswith("plugins.d/crm.yaml:2:26: the secret `CRM_TOKEN` is not set here (warning)")
    listed = json.loads(render(problems, "json"))
    assert [(p["line"], p["column"], p["severity"]) for p in listed] == [(1, 1, "error"), (2, 26, "warning")]
    github = render(problems, "github").splitlines()
    assert github[0].startswith("::error file=")
    assert ",line=1,col=1::`promt` is not" in github[0]
    sarif = json.loads(render(problems, "sarif"))
    regions = [r["locations"][0]["physicalLocation"]["region"] for r in sarif["runs"][0]["results"]]
    assert regions == [{"startLine": 1, "startColumn": 1}, {"startLine": 2, "startColumn": 26}]
    assert render([], "text") == ""


def test_annotations_keep_a_hostile_name_and_message_on_one_line() -> None:
    odd = Problem("a,b:c%\n.yaml", 3, 7, "50% of\r\n::error file=x::y")
    expected = "::error file=a%2Cb%3Ac%25%0A.yaml,line=3,col=7::50%25 of%0D%0A::error file=x::y"
    assert render([odd], "github") == expected


def test_sarif_has_the_members_that_its_version_requires() -> None:
    problems = [Problem("plugins.d/my file.yaml", 2, 5, "wrong"), Problem("/abs/ü.yaml", 1, 1, "odd", "warning")]
    report = json.loads(render(problems, "sarif"))
    assert (report["version"], len(report["runs"])) == ("2.1.0", 1)
    run = report["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    for result, problem in zip(run["results"], problems, strict=True):
        assert result["message"] == {"text": problem.message}
        assert result["level"] == problem.severity
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0] == {
        "artifactLocation": {"uri": "plugins.d/my%20file.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 2, "startColumn": 5},
    }
    assert places[1]["artifactLocation"] == {"uri": "file:///abs/%C3%BC.yaml"}
    assert json.loads(render([], "sarif"))["runs"][0]["results"] == []


def test_the_hook_of_pre_commit_runs_the_check_on_both_folders() -> None:
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
    assert {"id", "name", "entry", "language", "files"} <= set(hook)
    assert hook["entry"] == "rapport check"
    taken = [re.search(hook["files"], path) for path in ("plugins.d/crm.yaml", "x/personas.d/a.yml", "docs/a.yaml")]
    assert [bool(found) for found in taken] == [True, True, False]


@pytest.mark.parametrize("name", ["guide", "a", "my-crm", "9lives", "_", "x" * 64])
def test_starting_files_pass_the_check(house: House, name: str) -> None:
    persona = parse_persona(name, "p.yaml", new_persona(name).encode())
    plugin = parse_plugin(name, "q.yaml", new_plugin(name).encode())
    assert (persona.sound, persona.problems) == (True, ())
    assert plugin.sound
    assert [problem.severity for problem in plugin.problems] == ["warning"]
    assert plugin.secrets == ()


@pytest.mark.parametrize("name", ["crm", "9-lives", "_", "x" * 64])
@pytest.mark.parametrize("kind", PLUGIN_KINDS)
def test_each_kind_of_plugin_has_a_starting_file_that_passes_the_check(house: House, kind: str, name: str) -> None:
    house.plugin(new_plugin(name, kind), f"{name}.yaml")
    problems = check_paths([house.plugins / f"{name}.yaml"], house.settings)
    assert [str(p) for p in problems if p.severity == "error"] == []
    text = new_plugin(name, kind)
    assert text.startswith("# yaml-language-server: $schema=../docs/schemas/plugin.json\n")
    assert yaml.safe_load(text)["kind"] == kind
    schema = jsonschema_rs.Draft202012Validator(plugin_schema(), offline=True)
    assert [e.message for e in schema.iter_errors(yaml.safe_load(text))] == []


def test_shipped_files_name_a_schema_that_is_beside_them_and_current() -> None:
    current = {"persona.json": persona_schema(), "plugin.json": plugin_schema()}
    for name, schema in current.items():
        written = json.loads((ROOT / "docs" / "schemas" / name).read_text())
        assert written == schema, "run `python docs/make_reference.py`"
    for folder, name in (("personas.d", "persona.json"), ("plugins.d", "plugin.json")):
        for file in (ROOT / folder).glob("*.yaml"):
            first = file.read_text("utf-8").splitlines()[0]
            assert first == f"# yaml-language-server: $schema=../docs/schemas/{name}"
            assert (file.parent / first.partition("=")[2]).is_file()


def test_the_schemas_accept_what_the_check_accepts() -> None:
    persona = jsonschema_rs.Draft202012Validator(persona_schema(), offline=True)
    plugin = jsonschema_rs.Draft202012Validator(plugin_schema(), offline=True)
    for text in (PERSONA, new_persona("guide"), "prompt: x\ncollect: {proactivity: learn}\n"):
        assert [e.message for e in persona.iter_errors(read_source(text.encode(), "p").value)] == []
    for text in (CRM, PROFILE, new_plugin("crm")):
        assert [e.message for e in plugin.iter_errors(read_source(text.encode(), "q").value)] == []
    for text in ("titel: x\nprompt: x\n", "prompt: 5\n", "prompt: x\ncollect: {proactivity: 2}\n"):
        assert not persona.is_valid(read_source(text.encode(), "p").value)
    assert not plugin.is_valid({"kind": "sql"})


def test_the_schemas_describe_their_keys() -> None:
    schema = persona_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["prompt"]["description"]
    assert "title" in schema["properties"]
    assert {"type", "name"} <= set(schema["$defs"]["CollectField"]["required"])
