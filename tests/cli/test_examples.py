"""`examples` and `mock` of a plugin file: `rapport test` runs them, and a mock is never taken for the service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.catalog.parsed import parse_plugin
from tests.cli.test_commands import rapport

MOCK = """\
kind: http
description: Stock
base_url: http://127.0.0.1:9/v1
mock: true
functions:
  - name: count_stock
    description: How many there are
    parameters: {type: object, properties: {size: {type: string}}, additionalProperties: false}
    request: {path: /stock, query: {size: "${args.size}"}}
  - name: price
    description: What it costs
    request: {path: /price}
examples:
  - {name: any size, function: count_stock, args: {size: small}, answer: {count: 7, sizes: [1, 2]}}
  - name: the exact one
    function: count_stock
    args: {size: large}
    answer: {count: 2}
    expect: {select: count, equals: 2}
  - {name: no such argument, function: count_stock, args: {sise: x}, expect: {status: refused, contains: sise}}
"""
LOCAL = """\
kind: table
table: notes
create: true
key: {userid: "${user.id}"}
columns: {note: {max: 100}}
functions: {get: {name: get_note}, set: {name: set_note}}
examples:
  - {name: writes, function: set_note, as_user: cust-1, args: {note: blue}}
  - {name: reads it back, function: get_note, as_user: cust-1, expect: {equals: {note: blue}}}
"""


def only(home: Path, **plugins: str) -> None:
    for file in (home / "plugins.d").glob("*.yaml"):
        file.unlink()
    for name, text in plugins.items():
        (home / "plugins.d" / f"{name}.yaml").write_text(text)
    (home / "personas.d").mkdir(exist_ok=True)
    for file in (home / "personas.d").glob("*.yaml"):
        file.unlink()
    (home / "personas.d" / "seller.yaml").write_text("prompt: Sell.\nplugins: [stock]\ntests: [{say: hello}]\n")


def test_examples_that_hold_end_with_zero_and_leave_tables_as_they_were(home: Path) -> None:
    only(home, stock=MOCK, notes=LOCAL)
    done = rapport(home, "test")
    lines = done.stdout.splitlines()
    assert [line.split(" (")[0] for line in lines[:5]] == [
        "ok      notes.set_note: writes",
        "ok      notes.get_note: reads it back",
        "ok      stock.count_stock: any size",
        "ok      stock.count_stock: the exact one",
        "ok      stock.count_stock: no such argument",
    ]
    assert "recorded answer" in lines[2]
    assert lines[5] == "5 passed, 0 failed."
    assert "seller: 1 regression case under `tests` not run yet." in done.stderr
    after = json.loads(rapport(home, "call", "notes.get_note", "--as", "cust-1").stdout)
    assert after["result"] == {}


def test_a_persona_is_tested_with_its_own_plugins_alone(home: Path) -> None:
    only(home, stock=MOCK, notes=LOCAL)
    assert "notes." not in rapport(home, "test", "seller").stdout
    assert "There is no persona `nobody`" in rapport(home, "test", "nobody", expect=1).stderr


def test_what_does_not_hold_is_shown_as_a_difference_and_ends_with_one(home: Path) -> None:
    wrong = MOCK.replace("equals: 2}", "equals: 3}").replace("contains: sise", "contains: banana")
    only(home, stock=wrong)
    done = rapport(home, "test", expect=1)
    assert "FAILED  stock.count_stock: the exact one" in done.stdout
    assert "        -3\n        +2\n" in done.stdout
    assert "that holds 'banana'" in done.stdout
    assert "1 passed, 2 failed." in done.stdout


def test_a_service_that_is_not_there_fails_and_a_broken_file_too(home: Path) -> None:
    only(home, stock=MOCK.replace("mock: true\n", ""), broken="kind: http\n")
    done = rapport(home, "test", expect=1)
    assert "FAILED  broken: its file has errors" in done.stdout
    assert "expected status ok, got failed" in done.stdout


def test_a_mock_answers_by_arguments_else_by_its_first_example_and_says_that_it_is_one(home: Path) -> None:
    only(home, stock=MOCK)
    shown = json.loads(rapport(home, "call", "stock.count_stock", "--args", '{"size": "large"}').stdout)
    assert shown["result"] == {"count": 2}
    assert shown["request"] == {"mock": True, "arguments": {"size": "large"}}
    other = json.loads(rapport(home, "call", "stock.count_stock", "--args", '{"size": "huge"}').stdout)
    assert other["result"] == {"count": 7, "sizes": [1, 2]}
    none = json.loads(rapport(home, "call", "stock.price", expect=1).stdout)
    assert (none["status"], none["error"]) == (
        "failed",
        "The plugin is a mock, and `price` has no example with an `answer`.",
    )


def test_check_marks_a_mock_and_points_to_wrong_examples() -> None:
    text = MOCK.replace("function: count_stock, args: {size: small}", "function: count_stok, args: {}")
    text = text.replace("{select: count,", '{select: "count[",')
    told = [(p.line, p.severity, p.message) for p in parse_plugin("stock", "stock.yaml", text.encode()).problems]
    assert told[0] == (
        4,
        "warning",
        "`mock: true`: its functions give recorded answers, and the service is never called",
    )
    assert told[1][2] == "`price` has no example with an `answer`, so the mock cannot answer it"
    assert told[2][:2] == (14, "error")
    assert "did you mean `count_stock`?" in told[2][2]
    assert (told[3][0], told[3][1]) == (19, "error")
    assert "no JMESPath expression" in told[3][2]


@pytest.mark.parametrize("key", ["functoin: count_stock", "function: count_stock, anser: 1"])
def test_a_misspelt_key_of_an_example_is_named(key: str) -> None:
    text = MOCK.replace("function: count_stock, args: {size: small}", key + ", args: {}")
    problems = parse_plugin("stock", "stock.yaml", text.encode()).problems
    assert any("is not a field of an example; did you mean" in problem.message for problem in problems)
