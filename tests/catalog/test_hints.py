"""Hints: what is allowed and will not do well, where it stands, and nothing about texts that are as they should be."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from server.catalog.hints import LONG_PROMPT_TOKENS, Hint, hints
from server.catalog.parsed import parse_persona
from server.catalog.starters import templates, text
from server.catalog.yaml_source import read_source
from tests.running import ROOT


def hinted(yaml: str, *, names_known: bool = True) -> list[Hint]:
    return list(hints(read_source(yaml.encode(), "guide.yaml"), names_known=names_known))


def asking(ask: str, *, purpose: str = "") -> str:
    return f"prompt: Help.\ncollect:\n{purpose}  fields:\n    - name: phone\n      type: phone\n      ask: {ask}\n"


@pytest.mark.parametrize(
    "words",
    [
        "Who are you? And where, so that I know?",
        "您的电话是多少？这样我可以联系您，什么时候方便？",
        "What is your name and phone number, so that I can call?",
        "为了联系您，请问您的姓名和电话？",
        "What do you do, and how many are you, so that I can advise you?",
    ],
)
def test_two_questions_in_one_are_told(words: str) -> None:
    (hint,) = hinted(asking(f'"{words}"'))
    assert (hint.code, hint.path, hint.line, hint.column) == ("two_questions", "collect.fields[0].ask", 6, 12)
    assert hint.params == {"questions": 2}


@pytest.mark.parametrize(
    "words",
    [
        "May we have a phone number, or your WeChat ID if that is easier, so that we can send it?",
        "See https://shop.example/?page=2 first; which number may I call, so that it fits?",
        "方便留个电话吗，或者留个微信号？",
        "So that I can call you, which number is it?!",
        "Which date and time suit you, so that we keep a place?",
    ],
)
def test_one_question_with_an_easier_way_or_an_address_is_one(words: str) -> None:
    assert hinted(asking(f'"{words}"')) == []


def test_a_greeting_with_two_questions_is_told_where_the_second_stands_in_a_block() -> None:
    (hint,) = hinted("prompt: Help.\ngreeting: |\n  Hello?\n  What is it?\n")
    assert (hint.code, hint.path, hint.line, hint.column) == ("two_questions", "greeting", 4, 13)


def test_a_question_without_a_reason_is_told_in_its_language_alone() -> None:
    both = '{en: "Which number may I call?", zh: "方便留个电话吗？"}'
    (hint,) = hinted(asking(both))
    assert (hint.code, hint.path, hint.language) == ("no_reason", "collect.fields[0].ask.en", "en")
    assert hint.params == {"field": "phone"}
    assert hinted(asking(both, purpose='  purpose: {en: "For this only.", zh: "只用于此。"}\n')) == []
    assert hinted(asking('{en: "Which number may I call, because I promised it?", zh: "为了联系您，电话是？"}')) == []
    assert hinted(asking('"Mikä numero?"').replace('"Mikä numero?"', '{fi: "Mikä numero?"}')) == []


def test_every_customers_text_that_lacks_a_language_is_told() -> None:
    yaml = """\
title: {en: Guide, zh: 向导}
greeting: {en: Hello}
suggestions: [{zh: 价格}, "What does it cost?"]
prompt: Help.
offers: [{name: a, text: {en: Free}}]
collect:
  purpose: {zh: 只用于此}
  fields: [{name: a, type: text, label: {en: A}, ask: {en: "What, so that I know?", zh: " "}}]
"""
    found = [(hint.path, hint.language, hint.line) for hint in hinted(yaml)]
    assert found == [
        ("greeting", "zh", 2),
        ("suggestions[0]", "en", 3),
        ("suggestions[1]", "zh", 3),
        ("offers[0].text", "zh", 5),
        ("collect.purpose", "en", 7),
        ("collect.fields[0].ask", "zh", 8),
    ]
    assert hinted("title: {en: Guide}\ngreeting: Hello\nprompt: Help.\n") == []
    assert hinted("title: Guide\ngreeting: 你好\nprompt: Help.\n") == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("api_key", "sk-abc123def456ghi789jkl"),
        ("api_key", "AKIAABCDEFGHIJKLMNOP"),
        ("bearer", "Bearer abcdefghij1234567890"),
        ("password", "password=hunter22"),
        ("password", "密码：Tiger2020x"),
        ("private_key", "-----BEGIN RSA PRIVATE KEY-----"),
        ("token", "q8Zr2Lk0Vt5Xy7Bn1Mc4Wd6Ef9Gh3Jp5"),
        ("token", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
    ],
)
def test_what_looks_like_a_secret_is_told_and_not_repeated(kind: str, words: str) -> None:
    (hint,) = hinted(f"prompt: |\n  You help.\n  Use {words} for it.\n")
    assert (hint.code, hint.path, hint.line, hint.column) == ("looks_like_secret", "prompt", 3, 7)
    assert hint.params == {"kind": kind}
    assert words not in str(hint)
    assert words[-6:] not in str(hint)


@pytest.mark.parametrize(
    "words",
    [
        "The password is sent by mail.",
        "Password: at least eight characters",
        "token: ${user.id}",
        "knowledge/price-list-for-customers-in-europe-2026.pdf",
        "https://example.com/a-rather-long-address-of-a-page",
        "Bearer of bad news",
        "+49 171 2345678",
    ],
)
def test_ordinary_words_do_not_look_like_a_secret(words: str) -> None:
    assert [hint for hint in hinted(f"prompt: |\n  {words}\n") if hint.code == "looks_like_secret"] == []


def test_a_name_that_nobody_can_tell_and_a_long_prompt_are_told() -> None:
    yaml = "prompt: |\n  You help ${user.name} (${user.locale}).\n" + "  Be kind to people.\n" * 600
    unknown, long = sorted(hinted(yaml, names_known=False), key=lambda hint: hint.code, reverse=True)
    assert (unknown.code, unknown.line, unknown.column) == ("reads_unknown", 2, 12)
    assert unknown.params == {"reference": "user.name"}
    assert (long.code, long.params["limit"]) == ("long_prompt", LONG_PROMPT_TOKENS)
    assert long.params["tokens"] > LONG_PROMPT_TOKENS
    assert f"{long.params['tokens']:,}" in long.message
    assert [hint.code for hint in hinted(yaml)] == ["long_prompt"]


@pytest.mark.parametrize("name", ["guide", "adviser"])
def test_the_personas_that_come_along_get_no_hint(name: str) -> None:
    assert hinted((ROOT / f"personas.d/{name}.yaml").read_text("utf-8")) == []


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.name)
def test_a_template_is_in_order_complete_and_bilingual(template: object, tmp_path: Path) -> None:
    name = template.name  # type: ignore[attr-defined]
    parsed = parse_persona("new", "new.yaml", text(name).encode())
    assert parsed.problems == ()
    assert hinted(text(name), names_known=False) == []
    spec = parsed.spec
    assert spec is not None
    assert spec.languages == ("en", "zh")
    assert 3 <= len(spec.collect.fields) <= 5
    assert all(isinstance(field.ask, dict) and set(field.ask) == {"en", "zh"} for field in spec.collect.fields)
    assert any(field.is_contact for field in spec.collect.fields)
    assert len(spec.suggestions) >= 3
    assert len(spec.knowledge) >= 5
    assert spec.collect.qualified_when
    assert template.title.keys() == template.description.keys() == {"en", "zh"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "words", ["sk-", "a1B", "? ", "?", "name and ", "Bearer ", "password ", "公司和", "token=", "0a"]
)
def test_hints_for_a_huge_text_come_quickly(words: str) -> None:
    long = words * (240_000 // len(words.encode()))
    yaml = f'prompt: "{long}"\ngreeting: "{long}"\ncollect: {{fields: [{{name: a, type: text, ask: "{long}"}}]}}\n'
    begun = time.perf_counter()
    hinted(yaml)
    assert time.perf_counter() - begun < 5
