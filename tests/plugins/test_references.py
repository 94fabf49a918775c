"""References are filled once, in their own place, and never with nothing."""

from __future__ import annotations

from typing import Any

import pytest

from server.plugins.references import (
    MISSING,
    ReferenceProblem,
    Unfilled,
    Values,
    compile_value,
    fill,
    fill_header,
    fill_path,
    read,
)

from .conftest import ANN, EVE


def _values(**args: Any) -> Values:
    return Values(args, EVE, {"KEY": "${args.a}"}.get)


def test_a_value_keeps_its_type_and_is_never_read_again() -> None:
    compiled = compile_value({"n": "${args.n}", "t": "n=${args.n}", "s": "${secret.KEY}", "l": ["${args.l}", "x"]})
    filled = fill(compiled, _values(n=3, l=["${user.id}"], a="no"))
    assert filled == {"n": 3, "t": "n=3", "s": "${args.a}", "l": [["${user.id}"], "x"]}


def test_a_missing_value_drops_its_slot_and_is_never_null() -> None:
    values = Values({"a": None}, ANN, lambda _name: None)
    compiled = compile_value(
        {"a": "${args.a}", "who": "${user.name}", "deep": {"k": "${secret.KEY}"}, "l": ["${args.x}"]}
    )
    assert fill(compiled, values) == {"deep": {}, "l": []}
    assert fill(read("${args.a}"), values) is MISSING
    assert fill_header(read("${args.a}"), values) is None
    for text in ("x ${args.a}", "${user.id}${user.name}"):
        with pytest.raises(Unfilled, match="has no value"):
            fill(read(text), values)


@pytest.mark.parametrize(
    ("path", "args"),
    [
        ("/a/${args.a}${args.b}", {"a": ".", "b": "."}),
        ("/a/.${args.a}", {"a": "."}),
        ("/a/${args.a}/b", {"a": ".."}),
        ("/a/${args.a}/b", {"a": ""}),
        ("/a/${args.a}/b", {"a": " "}),
        ("/a/${args.a}/b", {"a": {"b": 1}}),
        ("/a/${args.a}/b", {"a": "x\ny"}),
        ("/a/${args.a}/b", {}),
        ("/a/.%2e/${args.a}", {"a": "x"}),
    ],
)
def test_a_path_that_would_lead_elsewhere_is_not_built(path: str, args: dict[str, Any]) -> None:
    with pytest.raises(Unfilled):
        fill_path(read(path), _values(**args))


def test_a_value_is_one_segment_of_a_path() -> None:
    path = fill_path(read("/v1/${user.id}/${args.a}.json"), _values(a="a/b?c#d%2f;=&é"))
    assert path == "/v1/eve%2F1%20%C3%BC/a%2Fb%3Fc%23d%252f%3B%3D%26%C3%A9.json"


@pytest.mark.parametrize(
    "text", ["${user.idd}", "${args}", "${", "a ${args.${args.b}}", "${env.HOME}", "${secret.}", "${1+1}"]
)
def test_what_is_no_reference_is_told(text: str) -> None:
    with pytest.raises(ReferenceProblem):
        read(text)
