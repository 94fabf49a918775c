"""An edit by form: every key of a persona survives it, with the remarks and the order of the text."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from server.catalog.rewrite import rewritten
from server.catalog.shape import persona_spec
from server.catalog.spec import PersonaSpec
from server.catalog.yaml_source import read_source

EVERY_KEY = """\
# Above all.
title: {en: "Guide", zh: 向导}  # title
model: standin  # model
fallbacks: [openai/gpt-5-mini]  # fallbacks
settings: {temperature: 0.4, max_tokens: 600, top_p: 0.9}  # settings
timezone: Asia/Shanghai  # timezone
greeting:  # greeting
  en: Hello!
  zh: 你好！
suggestions:  # suggestions
  - {en: "What does it cost?", zh: 多少钱？}  # first of them
  - One for all
prompt: |  # prompt
  You help.

  - Be kind.
knowledge:  # knowledge
  - knowledge/pricing.md
  - q: {en: Why?}  # why
    a: {en: "Because."}
plugins: [crm]  # plugins
offers:  # offers
  - name: spring
    text: {en: Free, zh: 免费}
    product: P1
    from: 2026-03-01  # from
    to: 2026-04-01
    when: always
collect:  # collect
  into: {plugin: crm, get: find, set: save}  # into
  purpose: {en: So that we can help., zh: 为了帮你。}
  proactivity: 0.35  # the dial
  qualified_when: [kind]
  fields:
    # the first field
    - {name: kind, type: choice, options: [{en: one, zh: 一}, two], label: {en: Kind}}
    - name: phone  # by phone
      type: phone
      ask: {en: "Your number, so that we can call?"}
      weight: 2.5
      sensitivity: 0.7
      alternative: kind
      column: tel
      contact: true
    - {name: product, type: text, means: product}
media: {images: false, voice: false, image_generation: false}  # media
limits: {history_tokens: 4000, function_rounds: 2, turn_seconds: 30, cost_usd_per_day: 5}  # limits
tests: [{say: hi, expect: hello}]  # tests
handover: {to: sales}  # reserved ones
origins: ["https://example.com"]
openings: [a]
retention_days: 30
consent: {en: OK}
image_hosts: [example.com]
# The end.
"""


def spec_of(text: str) -> dict[str, Any]:
    return copy.deepcopy(read_source(text.encode(), "g.yaml").value)


def test_the_example_says_every_key() -> None:
    spec, problems = persona_spec(read_source(EVERY_KEY.encode(), "g.yaml"))
    assert problems == ()
    assert spec is not None
    assert set(spec_of(EVERY_KEY)) == set(PersonaSpec.model_fields)


@pytest.mark.parametrize("key", list(spec_of(EVERY_KEY)))
def test_a_changed_key_leaves_every_other_line_as_it_was(key: str) -> None:
    """The words of one key change; all lines without them are the same bytes in the same order."""
    source = read_source(EVERY_KEY.encode(), "g.yaml")
    spec = spec_of(EVERY_KEY)
    spec[key] = changed(spec[key])
    text = rewritten(source, spec)
    assert spec_of(text) == spec
    assert [word for word in remarks(EVERY_KEY) if word not in remarks(text)] == []
    assert list(spec_of(text)) == list(spec_of(EVERY_KEY))
    begin, end = place_of(key)
    before, after = EVERY_KEY.splitlines(), text.splitlines()
    assert after[: begin - 1] == before[: begin - 1]
    assert after[len(after) - (len(before) - end) :] == before[end:]


def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value} new"
    if isinstance(value, list):
        return [changed(value[0]), *value[1:]]
    first = next(iter(value))
    return {**value, first: changed(value[first])}


def place_of(key: str) -> tuple[int, int]:
    """The first and last line of a key, 1-based."""
    root = read_source(EVERY_KEY.encode(), "g.yaml").root
    begin = root.keys[key][0]
    later = [line for line, _ in root.keys.values() if line > begin]
    return begin, min(later, default=len(EVERY_KEY.splitlines())) - 1


def remarks(text: str) -> list[str]:
    return [line[line.index("# ") :] for line in text.splitlines() if "# " in line]


def test_the_example_comes_back_whole_when_nothing_changed() -> None:
    source = read_source(EVERY_KEY.encode(), "g.yaml")
    assert rewritten(source, spec_of(EVERY_KEY)) == EVERY_KEY
