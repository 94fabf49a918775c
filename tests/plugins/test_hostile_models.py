"""A model that does everything to act for somebody else: no request and no row ever carries another id."""

from __future__ import annotations

import json
from random import Random
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from server.plugins import Door
from server.plugins.arguments import Refused, closed, folded, refuse_bound
from server.storage import Database

from .conftest import ANN, PROFILE, Crm, Load, rows

HOSTILE = """
base_url: URL
headers: {X-Owner: "${user.id}"}
functions:
  - name: flat
    effect: write
    allow: {trust: anonymous}
    parameters:
      type: object
      properties: {company: {type: string}, note: {}}
    request:
      method: POST
      path: /u/${user.id}/notes
      query: {userid: "${user.id}", note: "${args.note}"}
      body: {userid: "${user.id}", company: "${args.company}"}
  - name: open
    effect: write
    allow: {trust: anonymous}
    parameters:
      type: object
      properties: {company: {type: string}, more: {type: object}, list: {type: array}}
      additionalProperties: true
    request:
      method: PUT
      path: /open
      body:
        meta: {userid: "${user.id}", thread: "${conversation.id}"}
        more: ${args.more}
        list: ${args.list}
  - name: linked
    effect: write
    allow: {trust: anonymous}
    parameters:
      $defs: {address: {type: object, properties: {city: {type: string}}}}
      type: object
      properties: {company: {type: string}, more: {$ref: "#/$defs/address"}}
      allOf: [{properties: {list: {type: array, items: {$ref: "#/$defs/address"}}}}]
    request: {method: POST, path: /linked, form: {customer: "${user.id}", more: "${args.more}"}}
  - name: place
    parameters:
      type: object
      properties: {segment: {}, word: {}, head: {}}
    request:
      path: /u/${user.id}/x/${args.segment}/end
      query: {userid: "${user.id}", word: "${args.word}", both: "a ${args.word} b"}
      headers: {X-Head: "${args.head}"}
"""
FUNCTIONS = ("flat", "open", "linked", "set_profile")
NAMES = ("userid", "user.id", "user_id", "user", "conversation_id", "conversationid", "uid", "persona.name")
ODD_LETTERS = {
    "s": "sSſｓ𝐬",
    "k": "kKK",
    "i": "iｉ𝒊ⅰ",
    "u": "uＵ𝕦",
    "e": "eEｅℯ",
    "d": "dⅾｄ",
    "o": "oｏºO",
    "n": "nｎN",
}
GLUE = ("", "", "", "_", "-", ".", "__", " ", "\u200b", "．", "＿", "\u00ad")


def bound_name(dice: Random) -> str:
    """A name of something bound, in a spelling that some program might read as that name."""
    name = dice.choice(NAMES)
    return "".join(dice.choice(ODD_LETTERS.get(c, c + c.upper())) + dice.choice(GLUE) for c in name)


def hostile(seed: int) -> tuple[str, str]:
    """A function, and arguments with a bound name at the top, deep inside, or a key standing twice."""
    dice = Random(seed)
    victim = dice.choice(['"v_victim"', '["v_victim"]', '{"id": "v_victim"}', "null", "0", '"v_ann"'])
    bad = f"{json.dumps(bound_name(dice), ensure_ascii=dice.random() < 0.5)}: {victim}"
    company = '"company": "Acme"'
    shapes = (
        f"{{{bad}, {company}}}",
        f"{{{company}, {bad}}}",
        f'{{"more": {{"city": "x", {bad}}}}}',
        f'{{"more": {{"a": [[{{"b": {{{bad}}}}}]]}}, {company}}}',
        f'{{"list": [1, {{"city": "x"}}, {{{bad}}}]}}',
        f'{{{company}, "comp\\u0061ny": "v_victim"}}',
        f'{{"more": {{"a": {{"b": 1, "b": {victim}}}}}}}',
    )
    return dice.choice(FUNCTIONS), dice.choice(shapes)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(seeds=st.lists(st.integers(0, 2**32), min_size=60, max_size=60))
async def test_no_call_with_a_bound_name_leaves(
    door: Door, load: Load, crm: Crm, database: Database, seeds: list[int]
) -> None:
    """100 × 60 = 6,000 argument objects."""
    plugins = [load(HOSTILE.replace("URL", crm.url)), load(PROFILE, "profile")]
    assert await door.prepare(plugins) == []
    for function, text in map(hostile, seeds):
        result = await door.call(plugins, function, text, ANN)
        assert result.status == "refused", (function, text)
    assert crm.asked == []
    assert rows(database, "SELECT count(*) FROM profile") == [(0,)]


async def test_the_same_functions_work_for_an_honest_model(
    door: Door, load: Load, crm: Crm, database: Database
) -> None:
    plugins = [load(HOSTILE.replace("URL", crm.url)), load(PROFILE, "profile")]
    honest = {"flat": {}, "open": {"more": {"city": "x"}}, "linked": {"more": {"city": "x"}}}
    for function, arguments in honest.items():
        assert (await door.call(plugins, function, arguments, ANN)).status == "ok", function
    assert (await door.call(plugins, "set_profile", {"company": "A"}, ANN)).status == "ok"
    assert len(crm.asked) == 3
    assert rows(database, "SELECT userid FROM profile") == [("v_ann",)]


BREAKOUTS = [
    *(
        "../v_victim",
        "..",
        ".",
        "%2e%2e",
        "..%2f",
        "．．",
        "a/../../u/v_victim",
        "x?userid=v_victim",
        "#",
        "a#b",
    ),
    *(
        "x&userid=v_victim",
        "x;userid=v_victim",
        "\r\nX-Owner: v_victim",
        "a\nb",
        "a\0b",
        "\u2028",
        "\\..\\",
        "//e.com",
    ),
    *(
        "@evil.example",
        "http://evil.example/",
        '","userid":"v_victim',
        "${user.id}",
        "${secret.TOKEN}",
        "{{7*7}}",
        "",
    ),
    *(
        " ",
        "é",
        "🙂",
        "%00",
        "%",
        "'; DROP TABLE profile; --",
        "a" * 9000,
        "\x7f",
        "\x1b[0m",
        "{%x%}",
        "\ufeff",
    ),
]
values = st.one_of(
    st.sampled_from(BREAKOUTS),
    st.text(max_size=30),
    st.integers(),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=5), max_size=2),
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(segment=values, word=values, head=values)
@example(segment="..", word="x", head="x")
@example(segment="x", word="&userid=v_victim", head="x\r\nX-Owner: v_victim")
async def test_no_value_breaks_out_of_its_place(
    door: Door, load: Load, crm: Crm, segment: object, word: object, head: object
) -> None:
    plugins = [load(HOSTILE.replace("URL", crm.url))]
    crm.asked.clear()
    result = await door.call(plugins, "place", {"segment": segment, "word": word, "head": head}, ANN)
    assert result.status in ("ok", "failed", "refused")
    assert len(crm.asked) == (result.status == "ok")
    for asked in crm.asked:
        parts = asked.path.split("/")
        assert [parts[i] for i in (1, 2, 3, 5)] == ["u", "v_ann", "x", "end"]
        assert len(parts) == 6
        assert asked.headers["X-Owner"] == "v_ann"
        query = parse_qs(asked.query, keep_blank_values=True)
        assert query["userid"] == ["v_ann"]
        assert query.keys() <= {"userid", "word", "both"}
        if isinstance(segment, str):
            assert unquote(parts[4]) == segment


@pytest.mark.parametrize("value", BREAKOUTS)
async def test_a_value_that_looks_like_sql_or_a_reference_stays_text(
    door: Door, load: Load, database: Database, value: str
) -> None:
    plugins = [load(PROFILE)]
    result = await door.call(plugins, "set_profile", {"product": value}, ANN)
    if result.status == "ok":
        assert (await door.call(plugins, "get_profile", {}, ANN)).value == {"product": value}
        assert rows(database, "SELECT userid, product FROM profile") == [("v_ann", value)]
    else:
        assert "\0" in value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[]",
            "null",
            '"x"',
            "3",
            "{",
            "{} {}",
            '{"note": NaN}',
            '{"note": Infinity}',
            '{"note": 1e999}',
            "{'a': 1}",
        ),
        *(
            '{"note": "\\ud800"}',
            '{"\\ud800": 1}',
            '{"note": ' + "[" * 100_000,
            '{"note": ' + "9" * 5000 + "}",
        ),
        *('{"note": ' + "[" * 40 + "]" * 40 + "}", '{"note": "' + "x" * 500_000 + '"}', "\x00", '{"a": 1,}'),
        *('{"company": "a", "company": "b"}', '{"note": {"a": [{"b": 1, "b": 2}]}}'),
        '{"note": [' + "1," * 30_000 + "1]}",
    ],
    ids=lambda text: text[:20],
)
async def test_what_is_no_proper_json_object_is_refused(door: Door, load: Load, crm: Crm, text: str) -> None:
    result = await door.call([load(HOSTILE.replace("URL", crm.url))], "flat", text, ANN)
    assert result.status == "refused", result
    assert crm.asked == []


async def test_a_function_of_another_persona_is_not_found(door: Door, load: Load, crm: Crm) -> None:
    result = await door.call([load(PROFILE)], "flat", "{}", ANN)
    assert result.error == "There is no function `flat` here; there are: get_profile, set_profile."


async def test_a_refusal_is_logged_without_what_was_sent(
    door: Door, load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    await door.call([load(PROFILE)], "set_profile", '{"userid": "v_victim", "company": "Secret Ltd"}', ANN)
    told = capsys.readouterr().out
    assert "bound slot" in told
    assert "userid" in told
    assert "v_victim" not in told
    assert "Secret Ltd" not in told


@pytest.mark.parametrize(
    "name", ["user_id", "USER.ID", "ｕｓｅｒｉｄ", "u-s-e-r-i-d", "𝓾𝓼𝓮𝓻𝓲𝓭", "uſerid", "user\u200bid"]
)
def test_names_are_compared_as_people_read_them(name: str) -> None:
    assert folded(name) == "userid"


@pytest.mark.parametrize("name", ["u\u0455er_id", "us\u0435rId", "\u03c5ser\u0131d", "USER\u0406D"])
def test_letters_of_other_alphabets_make_no_other_name(name: str) -> None:
    with pytest.raises(Refused, match="filled in by the server"):
        refuse_bound({"extra": [{name: "v_victim"}]}, frozenset({"userid"}))


def test_every_level_that_lists_properties_is_closed() -> None:
    schema = closed(
        {
            "properties": {
                "a": {"type": "object", "properties": {"x": {}}},
                "b": {"type": "object"},
                "c": {"type": "array", "items": {"properties": {"y": {}}}},
                "d": {"properties": {"z": {}}, "additionalProperties": True},
                "e": {"$ref": "#/$defs/E"},
                "f": {"anyOf": [{"properties": {"k": {}}}, {"type": "null"}]},
            },
            "$defs": {"E": {"properties": {"x": {"properties": {"w": {}}}}}},
            "additionalProperties": True,
        }
    )
    inner = schema["properties"]
    assert schema["additionalProperties"] is False
    assert inner["a"]["additionalProperties"] is False
    assert "additionalProperties" not in inner["b"]
    assert inner["c"]["items"]["additionalProperties"] is False
    assert inner["d"]["additionalProperties"] is True
    assert inner["e"]["unevaluatedProperties"] is False
    assert inner["f"]["unevaluatedProperties"] is False
    assert schema["$defs"]["E"]["properties"]["x"]["additionalProperties"] is False
