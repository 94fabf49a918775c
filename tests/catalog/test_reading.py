"""What a file may look like, and what its author is told when it may not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.catalog.parsed import Parsed, parse_persona, parse_plugin
from server.catalog.problems import Problem
from server.catalog.yaml_source import SourceError, read_source
from tests.catalog.house import CRM, PERSONA, PROFILE

FILE = "personas.d/guide.yaml"


def value_of(text: str) -> Any:
    return read_source(text.encode(), FILE).value


def refusal(data: bytes | str) -> Problem:
    with pytest.raises(SourceError) as caught:
        read_source(data.encode() if isinstance(data, str) else data, FILE)
    return caught.value.problem


def test_only_true_and_false_are_booleans() -> None:
    assert value_of("a: on\nb: off\nc: yes\nd: no\ne: y\nf: true\ng: false\nno: 1") == {
        "a": "on", "b": "off", "c": "yes", "d": "no", "e": "y", "f": True, "g": False, "no": 1,
    }  # fmt: skip


def test_numbers_null_and_dates_follow_the_core_schema() -> None:
    text = "a: 0o17\nb: 0x1f\nc: 017\nd: 1e3\ne: .5\nf: ~\ng:\nh: 2026-11-01\ni: 12:30\nj: 1_000\nk: '1'\n"
    assert value_of(text) == {
        "a": 15, "b": 31, "c": 17, "d": 1000.0, "e": 0.5, "f": None, "g": None,
        "h": "2026-11-01", "i": "12:30", "j": "1_000", "k": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"", (1, 1), "empty"),
        (b"# only a remark\n", (1, 1), "empty"),
        (b"- a\n- b\n", (1, 1), "keys and values"),
        (b"hello", (1, 1), "keys and values"),
        (b"a: 1\nb: \xff\xfe\n", (2, 4), "UTF-8"),
        (b"\xff\xfea\x00:\x00", (1, 1), "UTF-8"),
        (b"a: 1\nb: x\x07y\n", (2, 5), "U+0007"),
        (b"a: 1\n---\nb: 2\n", (2, 1), "second document"),
        (b"a: 1\na: 2\n", (2, 1), "twice (first on line 1)"),
        (b"a: !!python/object/apply:os.system [id]\n", (1, 4), "tags"),
        (b"a: !env HOME\n", (1, 4), "tags"),
        (b"base: &b {x: 1}\na:\n  <<: *b\n", (3, 3), "merge keys"),
        (b"a: &x [*x]\n", (1, 8), "inside what it names"),
        (b"a: *nobody\n", (1, 4), "no anchor"),
        (b"a:\n\t- b\n", (2, 1), "tab"),
        (b"a: b: c\n", (1, 5), "second `:`"),
        (b"a: 'x\n", (2, 1), "ends inside a quoted text"),
        (b"a: [1, 2\n", (2, 1), "not closed"),
        (b"a:\n  b: 1\n c: 2\n", (3, 2), "indentation"),
        (b"a: .inf\n", (1, 4), "no number"),
        (b"a: 123456789012345678901234567890\n", (1, 4), "too large"),
        (b'a: "\\0"\n', (1, 4), "control character"),
        (b"a: " + b"[" * 60 + b"]" * 60, (1, 54), "50 deep"),
        (b"[" * 200_000, (1, 52), "50 deep"),
        (b"a: " + b"x" * 1_000_001, (1, 1), "1,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(data: bytes, place: tuple[int, int], words: str) -> None:
    problem = refusal(data)
    assert (problem.line, problem.column) == place
    assert words in problem.message
    assert str(problem).startswith(f"{FILE}:{place[0]}:{place[1]}: ")


def test_a_byte_order_mark_is_taken() -> None:
    assert value_of("\ufeffprompt: x\n") == {"prompt": "x"}


def test_an_alias_repeats_a_value() -> None:
    assert value_of("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize("ways", [9, 2])
def test_alias_bombs_are_refused(ways: int) -> None:
    rows = ["a0: &a0 [x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * ways)}]" for n in range(1, 60)]
    assert "aliases repeat more than 200,000 values" in refusal("\n".join(rows)).message


def test_more_than_a_hundred_aliases_are_refused() -> None:
    text = "a: &a x\nb: [" + ", ".join(["*a"] * 101) + "]\n"
    assert "more than 100 aliases" in refusal(text).message
    assert value_of(text.replace("*a, ", "", 1))["b"] == ["x"] * 100


def test_a_text_in_a_block_is_pointed_at_inside_the_block() -> None:
    source = read_source(b"prompt: |\n  one\n  two ${x}\n", FILE)
    assert source.at_text(("prompt",), source.value["prompt"].index("${x}")) == (3, 7)


def whole(parsed: Parsed[Any]) -> None:
    assert parsed.spec is not None or parsed.problems
    for problem in parsed.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_problems_and_nothing_else(data: bytes) -> None:
    whole(parse_persona("guide", FILE, data))
    whole(parse_plugin("crm", "plugins.d/crm.yaml", data))


_PIECES = st.sampled_from(
    ["\t", "!x ", "&a ", "*a", "<<: ", "{", "}", "[", "]", ": ", "- ", "#", "'", '"', "|\n", ">", "%", "@",
     "\n", "  ", "? ", "---\n", "...\n", "null", "yes", "1e999", "${user.id}", "${", "\u2028",
     "\0", "\ufeff", "é", "🙂", "~"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([PERSONA, PROFILE, CRM]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), _PIECES), max_size=5),
)
def test_mutated_files_give_problems_and_nothing_else(text: str, changes: list[tuple[float, int, str]]) -> None:
    for where, cut, piece in changes:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + cut :]
    data = text.encode("utf-8", "surrogatepass")
    whole(parse_persona("guide", FILE, data))
    whole(parse_plugin("crm", "plugins.d/crm.yaml", data))
