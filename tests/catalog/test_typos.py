"""Forty slips of the finger, each told with file, line, column and what was meant."""

from __future__ import annotations

import pytest

from server.catalog.parsed import parse_persona, parse_plugin
from tests.catalog.house import CRM, PERSONA, PROFILE

REST = """
model: standin
fallbacks: [standin]
settings: {temperature: 0.4, max_tokens: 600}
suggestions: [Hello]
timezone: Asia/Shanghai
offers:
  - name: spring
    text: Ten per cent off
    product: starter
    from: 2026-11-01
    when: asked_price
media: {images: true, image_generation: false}
limits: {history_tokens: 6000, function_rounds: 4, turn_seconds: 60}
"""

PERSONA_TYPOS = [
    ("title:", "titel:", "title"),
    ("greeting:", "greting:", "greeting"),
    ("prompt:", "promt:", "prompt"),
    ("knowledge:", "knowlege:", "knowledge"),
    ("plugins:", "plugin:", "plugins"),
    ("collect:", "colect:", "collect"),
    ("  into:", "  in_to:", "into"),
    ("  fields:", "  feilds:", "fields"),
    ("name: company", "nam: company", "name"),
    ("type: phone}", "typ: phone}", "type"),
    ("type: phone}", "type: fone}", "phone"),
    ("type: text}", "type: txt}", "text"),
    ("model:", "modell:", "model"),
    ("fallbacks:", "fallback:", "fallbacks"),
    ("settings:", "setings:", "settings"),
    ("temperature:", "temprature:", "temperature"),
    ("max_tokens:", "max-tokens:", "max_tokens"),
    ("suggestions:", "sugestions:", "suggestions"),
    ("timezone:", "time_zone:", "timezone"),
    ("offers:", "ofers:", "offers"),
    ("    product:", "    prodct:", "product"),
    ("when: asked_price", "when: asked_prise", "asked_price"),
    ("    when:", "    wen:", "when"),
    ("images: true", "image: true", "images"),
    ("history_tokens:", "history_token:", "history_tokens"),
    ("${user.name}", "${user.nam}", "${user.name}"),
]

HTTP_TYPOS = [
    ("base_url:", "base-url:", "base_url"),
    ("\nheaders:", "\nheader:", "headers"),
    ("functions:", "funktions:", "functions"),
    ("description:", "desciption:", "description"),
    ("    parameters:", "    parameter:", "parameters"),
    ("    request:", "    reqest:", "request"),
    ("{path:", "{pfad: x, paht:", "path"),
    ("query:", "querry:", "query"),
    ("type: string", "type: strin", "string"),
    ("${args.company}", "${args.compny}", "${args.company}"),
    ("${user.id}", "${usr.id}", "${user.id}"),
    ("base_url:", "kind: htpp\nbase_url:", "http"),
]

TABLE_TYPOS = [
    ("table: profile", "tabel: profile", "table"),
    ("columns:", "colums:", "columns"),
    ("type: text", "type: txt", "text"),
    ("max: 200", "maxx: 200", "max"),
    ("force_call:", "forcecall:", "force_call"),
    ("  set:", "  sett:", "set"),
]


def slip(text: str, right: str, wrong: str) -> tuple[bytes, int]:
    at = text.index(right)
    line = text.count("\n", 0, at + (right[0] == "\n")) + 1
    return (text[:at] + wrong + text[at + len(right) :]).encode(), line


def test_there_are_forty() -> None:
    assert len(PERSONA_TYPOS) + len(HTTP_TYPOS) + len(TABLE_TYPOS) >= 40


@pytest.mark.parametrize(("right", "wrong", "meant"), PERSONA_TYPOS)
def test_a_slip_in_a_persona(right: str, wrong: str, meant: str) -> None:
    data, line = slip(PERSONA + REST, right, wrong)
    parsed = parse_persona("guide", "personas.d/guide.yaml", data)
    told = [p for p in parsed.problems if f"did you mean `{meant}`?" in p.message]
    assert [(p.file, p.line) for p in told] == [("personas.d/guide.yaml", line)], parsed.problems
    written = data.decode().splitlines()[line - 1]
    assert written[told[0].column - 1 :].startswith(
        (wrong.strip().split(":")[0], wrong.split(" ")[-1].rstrip("}"), "${")
    )


@pytest.mark.parametrize(
    ("text", "right", "wrong", "meant"),
    [(CRM, *t) for t in HTTP_TYPOS] + [(PROFILE, *t) for t in TABLE_TYPOS],
)
def test_a_slip_in_a_plugin(text: str, right: str, wrong: str, meant: str) -> None:
    data, line = slip(text, right, wrong)
    parsed = parse_plugin("crm", "plugins.d/crm.yaml", data)
    told = [p for p in parsed.problems if f"did you mean `{meant}`?" in p.message]
    assert [(p.file, p.line) for p in told] == [("plugins.d/crm.yaml", line)], parsed.problems
    assert 1 <= told[0].column <= len(data.decode().splitlines()[line - 1])


def test_all_slips_of_a_file_are_told_at_once_in_its_order() -> None:
    data = b"titel: x\nprompt: 5\nlimits: {turn_second: 60}\nmedia: {images: yes}\n"
    problems = parse_persona("guide", "personas.d/guide.yaml", data).problems
    assert [str(problem) for problem in problems] == [
        "personas.d/guide.yaml:1:1: `titel` is not a field of a persona; did you mean `title`?",
        "personas.d/guide.yaml:2:9: `prompt` needs a text; put `5` in quotes",
        "personas.d/guide.yaml:3:10: `turn_second` is not a field of limits; did you mean `turn_seconds`?",
        "personas.d/guide.yaml:4:17: `images` needs true or false, not `yes`",
    ]


def test_the_contract_s_own_example_of_a_message() -> None:
    text = CRM.replace("request: {path:", "request: {metod: GET, path:")
    problems = parse_plugin("crm", "plugins.d/crm.yaml", text.encode()).problems
    assert "plugins.d/crm.yaml:10:15: `metod` is not a field of request; did you mean `method`?" in map(str, problems)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "prompt: x\nknowledge: [5]\n",
            "2:13: entry 1 of `knowledge` needs a file such as knowledge/pricing.md, or a pair",
        ),
        ("prompt: x\nknowledge: [{q: a, b: c}]\n", "2:13: `a` is missing in a question and answer"),
        (
            "prompt: x\ncollect: {proactivity: 2}\n",
            "2:24: `proactivity` needs a number from 0 to 1, or `learn`",
        ),
        (
            "prompt: x\ncollect: {proactivity: high}\n",
            "2:24: `proactivity` needs a number from 0 to 1, or `learn`",
        ),
        ("prompt: x\ntitle: {english: a}\n", "2:9: `english` is not a language code"),
        (
            "prompt: x\noffers: [{name: a, text: b, from: soon}]\n",
            "2:35: `from` needs a day such as 2026-11-01",
        ),
        ("prompt: x\ntimezone: Mars/Base\n", "2:11: `Mars/Base` is not an IANA time zone"),
        ("title: x\n", "1:1: `prompt` is missing in a persona"),
        ("prompt: x\nplugins: [a, b, a]\n", "2:17: the plugin `a` is there twice"),
        ("prompt: x\nplugins: crm\n", "2:10: `plugins` needs a list, not `crm`"),
        ("prompt: x\nlimits: {turn_seconds: 0}\n", "2:24: `turn_seconds` needs to be more than 0"),
        ("prompt: x\nlimits: {turn_seconds: '60'}\n", "2:24: `turn_seconds` needs a number, not `60`"),
    ],
)
def test_wrong_values_are_told_in_plain_words(text: str, line: str) -> None:
    problems = parse_persona("guide", "g.yaml", text.encode()).problems
    assert str(problems[0]).startswith(f"g.yaml:{line}"), problems


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ("{digest: {user: a}}", "`password` is missing"),
        ("{oauth2: {}}", "`token_url` is missing"),
        ("{bearer: a, basic: {user: a, password: b}}", "`auth` takes exactly one"),
        ("{api_key: {header: A, query: B, value: c}}", "`api_key` is {header: NAME"),
        ("{basic: x}", "`basic` needs keys and values"),
    ],
)
def test_wrong_auth_is_told_where_it_stands(auth: str, told: str) -> None:
    text = f"base_url: https://a.example.com\nauth: {auth}\nfunctions: [{{name: a, request: {{}}}}]\n"
    problems = parse_plugin("crm", "crm.yaml", text.encode()).problems
    assert any(problem.line == 2 and problem.message.startswith(told) for problem in problems), problems
