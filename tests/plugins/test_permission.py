"""Who may call what, how often, and what of the answer the model is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from server.catalog import LoadedPlugin
from server.catalog.parsed import parse_plugin
from server.plugins import Bound, Door
from server.plugins.permission import CALLERS

from .conftest import ANN, EVE, Crm, Load

DESK = """
base_url: URL
functions:
  - {name: open_to_all, request: {path: /a}}
  - {name: proven, allow: {trust: verified}, request: {path: /b}}
  - {name: staff, allow: {roles: [editor, developer]}, request: {path: /c}}
  - {name: guide_only, allow: {personas: [guide]}, request: {path: /d}}
  - name: order
    effect: write
    allow: {trust: anonymous}
    limits: {per_turn: 2, per_conversation: 3}
    sensitive: [card]
    parameters:
      type: object
      properties: {card: {type: string}, deep: {type: object, properties: {card: {type: string}}}}
    request: {method: POST, path: /e, body: {card: "${args.card}", deep: "${args.deep}"}}
"""


async def test_what_a_person_lacks_is_neither_offered_nor_called(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(DESK.replace("URL", crm.url))]
    adviser = replace(ANN, persona="adviser")
    editor = replace(ANN, role="editor")

    def offered(bound: object) -> set[str]:
        return {function.name for function in door.offered(plugins, bound)} - {"open_to_all", "order"}  # type: ignore[arg-type]

    assert offered(ANN) == {"guide_only"}
    assert offered(EVE) == {"guide_only", "proven"}
    assert offered(editor) == {"guide_only", "staff"}
    assert offered(adviser) == set()
    for bound, name, needs in (
        (ANN, "proven", "a customer who is verified"),
        (ANN, "staff", "a caller who is developer or editor"),
        (adviser, "guide_only", "the persona guide"),
    ):
        result = await door.call(plugins, name, {}, bound)
        assert (result.status, result.error) == ("refused", f"`{name}` needs {needs}.")
    assert crm.asked == []


async def test_writes_are_counted_in_a_turn(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(DESK.replace("URL", crm.url))]
    first, second = replace(ANN, turn_id="t_1"), replace(ANN, turn_id="t_2")
    statuses = [(await door.call(plugins, "order", {}, first)).status for _ in range(4)]
    assert statuses == ["ok", "ok", "refused", "refused"]
    assert (await door.call(plugins, "order", {}, second)).status == "ok"
    assert len(crm.asked) == 3


async def test_sensitive_arguments_are_sent_and_not_kept(door: Door, load: Load, crm: Crm) -> None:
    plugins = [load(DESK.replace("URL", crm.url))]
    result = await door.call(plugins, "order", {"card": "4111", "deep": {"card": "4222"}}, ANN)
    assert json.loads(crm.asked[0].body) == {"card": "4111", "deep": {"card": "4222"}}
    assert result.arguments == {"card": "***", "deep": {"card": "***"}}


@pytest.mark.parametrize(
    ("options", "path", "shown"),
    [
        ("result: {select: ok}", "/fine", "true"),
        ('result: {select: "{all: ok, none: missing}"}', "/fine", '{"all": true, "none": null}'),
        ('result: {select: "length(@)"}', "/large", "1000"),
    ],
)
async def test_the_model_is_shown_what_the_file_selects(
    door: Door, load: Load, crm: Crm, options: str, path: str, shown: str
) -> None:
    text = f"base_url: {crm.url}\nfunctions: [{{name: ask, {options}, request: {{path: {path}}}}}]"
    result = await door.call([load(text)], "ask", {}, ANN)
    assert result.shown == shown
    assert result.value != shown


async def test_a_selection_that_does_not_fit_is_told_and_breaks_nothing(door: Door, load: Load, crm: Crm) -> None:
    options = 'result: {select: "abs(ok)"}'
    text = f"base_url: {crm.url}\nfunctions: [{{name: ask, {options}, request: {{path: /fine}}}}]"
    result = await door.call([load(text)], "ask", {}, ANN)
    assert result.status == "ok"
    assert "does not fit" in result.shown


async def test_a_long_list_is_cut_item_by_item(door: Door, load: Load, crm: Crm) -> None:
    text = f"base_url: {crm.url}\nfunctions: [{{name: ask, result: {{max_chars: 300}}, request: {{path: /large}}}}]"
    result = await door.call([load(text)], "ask", {}, ANN)
    items, _, note = result.shown.partition(" (")
    assert 3 <= len(json.loads(items)) <= 5
    assert note.endswith("of 1,000 items left out)")


def test_an_expression_that_cannot_be_read_is_told_at_its_place() -> None:
    text = 'base_url: https://a.example.com\nfunctions:\n  - name: ask\n    result: {select: "a..b"}\n    request: {}\n'
    (problem,) = parse_plugin("desk", "desk.yaml", text.encode()).problems
    assert (problem.line, problem.column) == (4, 22)
    assert problem.message.startswith("`select` is no JMESPath expression: ")


def test_confirm_and_force_call_exclude_each_other() -> None:
    text = "base_url: https://a.example.com\nfunctions:\n  - {name: a, confirm: true, force_call: true, request: {}}\n"
    (problem,) = parse_plugin("desk", "desk.yaml", text.encode()).problems
    assert "`confirm` needs the customer's yes" in problem.message


ORDERS = """
base_url: URL
functions:
  - {name: read_all, request: {path: /a}}
  - {name: claimed, allow: {trust: claimed}, request: {path: /b}}
  - {name: staff, allow: {roles: [editor, developer]}, request: {path: /c}}
  - {name: guide_only, allow: {personas: [guide]}, request: {path: /d}}
  - {name: book, effect: write, confirm: true, request: {method: POST, path: /e}}
"""


@dataclass(frozen=True)
class Persona:
    name: str
    plugins: tuple[LoadedPlugin, ...]


def told(door: Door, plugins: list[LoadedPlugin], persona: Persona | None) -> dict[str, list[str]]:
    """By function, for each caller in the order of CALLERS, yes or confirm or what is lacking."""
    return {
        f"{row.plugin}.{row.function}": [right.lacks or right.verdict for right in row.rights]
        for row in door.permissions(plugins, persona, "", slice(None))[0]
    }


async def test_the_matrix_says_what_the_door_does(door: Door, load: Load, crm: Crm) -> None:
    first, second = load(ORDERS.replace("URL", crm.url)), load(DESK.replace("URL", crm.url), "desk")
    found = told(door, [first, second], None)
    assert found["crm.read_all"] == ["yes", "yes", "yes", "chat", "yes", "yes", "yes"]
    assert found["crm.claimed"] == ["trust", "yes", "yes", "chat", "yes", "yes", "yes"]
    assert found["crm.staff"] == ["role", "role", "role", "chat", "yes", "yes", "role"]
    assert found["crm.book"] == ["trust", "trust", "confirm", "chat", "confirm", "confirm", "confirm"]
    assert found["crm.guide_only"] == ["yes", "yes", "yes", "chat", "yes", "yes", "yes"]
    guide, adviser = Persona("guide", (first, second)), Persona("adviser", (first,))
    at_guide, at_adviser = told(door, [first, second], guide), told(door, [first, second], adviser)
    assert (at_guide["crm.guide_only"][0], at_adviser["crm.guide_only"][0]) == ("yes", "persona")
    assert (at_guide["desk.staff"][0], at_guide["desk.order"][0]) == ("name", "yes")
    assert at_adviser["desk.order"] == ["plugin"] * 3 + ["chat"] + ["plugin"] * 3
    for persona, names in ((guide, at_guide), (adviser, at_adviser)):
        for place, caller in enumerate(CALLERS):
            if caller.role == "viewer":
                continue
            bound = Bound("v_ann", caller.trust, "c_1", persona.name, role=caller.role)
            offered = {function.name for function in door.offered(persona.plugins, bound)}
            assert offered == {
                name.partition(".")[2] for name, each in names.items() if each[place] in ("yes", "confirm")
            }


async def test_the_matrix_is_searched_and_read_in_parts(door: Door, load: Load) -> None:
    plugins = [
        load(ORDERS.replace("URL", "http://127.0.0.1:9")),
        load(DESK.replace("URL", "http://127.0.0.1:9"), "desk"),
    ]
    rows, total = door.permissions(plugins, None, "DESK.", slice(1, 3))
    assert ([row.function for row in rows], total) == (["proven", "staff"], 5)
    limits = door.permissions(plugins, None, "desk.order", slice(None))[0][0].limits
    assert limits
    assert (limits.per_turn, limits.per_conversation) == (2, 3)
