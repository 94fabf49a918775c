"""What the server finds wrong is said in Chinese too, whatever somebody did to a persona."""

from __future__ import annotations

import re

import pytest

from console.server_words import translated
from server.catalog.parsed import parse_persona

GOOD = "prompt: Be kind.\n"
BROKEN = [
    "",
    "- a list\n",
    "promt: Be kind.\n",
    "title: x\n",
    "prompt: 5\n",
    "prompt: ''\n",
    "prompt: Be kind.\nprompt: Be kinder.\n",
    "prompt: a: b\n",
    "prompt: [a\n",
    "prompt: {a: b\n",
    "prompt: 'a\n",
    "prompt: @a\n",
    "prompt: !!python/x a\n",
    "prompt: *a\n",
    "prompt:\n\t- a\n",
    "prompt: x\n---\nprompt: y\n",
    GOOD + "title: {}\n",
    GOOD + "title: {english: x}\n",
    GOOD + "title: {en: 5}\n",
    GOOD + "title: 7\n",
    GOOD + "suggestions: x\n",
    GOOD + "timezone: Nowhere/Land\n",
    GOOD + "settings: {temperature: 9}\n",
    GOOD + "settings: {temprature: 0.3}\n",
    GOOD + "settings: {max_tokens: 1.5}\n",
    GOOD + "collect: {proactivity: 3}\n",
    GOOD + "collect: {proactivity: often}\n",
    GOOD + "collect: {fields: [{name: a}]}\n",
    GOOD + "collect: {fields: [{name: a, type: fax}]}\n",
    GOOD + "collect: {fields: [{name: a, type: text}, {name: a, type: text}]}\n",
    GOOD + "collect: {fields: [{name: a, type: choice}]}\n",
    GOOD + "collect: {fields: [{name: a, type: text, contact: true}]}\n",
    GOOD + "collect: {fields: [{name: a, type: phone, alternative: b}]}\n",
    GOOD + "collect: {fields: [{name: a, type: phone, alternative: a}]}\n",
    GOOD + "collect: {qualified_when: [b], fields: [{name: a, type: text}]}\n",
    GOOD + "collect: {fields: [x]}\n",
    GOOD + "offers: [{name: a, text: x, from: 2026-12-01, to: 2026-11-01}]\n",
    GOOD + "offers: [{name: a, text: x, from: soon}]\n",
    GOOD + "offers: [{name: a, text: x}, {name: a, text: y}]\n",
    GOOD + "knowledge: [5]\n",
    GOOD + "media: {images: yes}\n",
    GOOD + "plugins: [No Such]\n",
    "prompt: You talk to ${user.id}.\n",
    "prompt: You talk to ${user.nmae}.\n",
    "prompt: You talk to ${user.name.\n",
    GOOD + "greeting: Hello ${user.name}\n",
]


@pytest.mark.parametrize("text", BROKEN)
def test_each_problem_of_a_persona_is_said_in_chinese(text: str) -> None:
    problems = parse_persona("broken", "personas.d/broken.yaml", text.encode()).problems
    assert problems, text
    for problem in problems:
        said = translated(problem.message, "zh")
        left = re.sub(r"`[^`]*`|\$\{[^}]*\}|YAML|UTF-8|IANA|U\+\w+", "", said)
        assert re.search(r"[一-鿿]", said), problem.message
        assert len(re.findall(r"[A-Za-z]{2,} [A-Za-z]{2,}", left)) == 0, said
        assert translated(problem.message, "en") == problem.message


def test_a_sentence_that_nobody_knows_is_shown_as_it_came() -> None:
    assert translated("The moon is in the way.", "zh") == "The moon is in the way."
