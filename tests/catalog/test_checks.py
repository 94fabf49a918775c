"""What a file may say beyond its shape, and where references may stand."""

from __future__ import annotations

import pytest

from server.catalog.parsed import parse_persona, parse_plugin
from server.catalog.plugin_spec import HttpPlugin
from server.catalog.references import folded, references_in, reserved_names
from server.errors import NotFound
from tests.catalog.house import CRM, PERSONA, PROFILE, House, write


def plugin_problems(text: str) -> list[str]:
    return [str(p) for p in parse_plugin("crm", "p.yaml", text.encode()).problems]


def persona_problems(text: str) -> list[str]:
    return [str(p) for p in parse_persona("guide", "g.yaml", text.encode()).problems]


def house_problems(house: House) -> list[str]:
    return [str(p).replace(f"{house.root}/", "") for p in house.open().problems()]


def test_the_samples_are_sound() -> None:
    assert plugin_problems(CRM) == plugin_problems(PROFILE) == persona_problems(PERSONA) == []


@pytest.mark.parametrize("name", ["user.name", "user.trust", "user.locale", "persona.name", "conversation.id"])
def test_a_prompt_may_name_the_customer_and_the_conversation(name: str) -> None:
    assert persona_problems(f"prompt: Hello ${{{name}}}\n") == []


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("secret.KEY", "a customer may get to see"),
        ("args.company", "arguments belong to functions"),
        ("user.id", "may not stand in a prompt"),
        ("user.email", "is no reference"),
        ("HOME", "is no reference"),
        ("", "is no reference"),
    ],
)
def test_a_prompt_may_name_nothing_else(reference: str, words: str) -> None:
    (told,) = persona_problems(f"prompt: |\n  One.\n  Hello ${{{reference}}}\n")
    assert told.startswith(f"g.yaml:3:9: `${{{reference}}}`")
    assert words in told


def test_an_open_reference_is_told() -> None:
    assert persona_problems("prompt: Hello ${user.name\n") == ["g.yaml:1:9: `${` is not closed by `}`"]


def test_references_are_not_read_in_other_texts_of_a_persona() -> None:
    (told,) = persona_problems("prompt: x\ngreeting: Hi ${user.name}\n")
    assert told.startswith("g.yaml:2:11: ")
    assert "in `prompt` only" in told


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("https://crm.example.com", "https://${args.host}", "may not stand in base_url"),
        ("Bearer ${secret.CRM_TOKEN}", "Bearer ${args.token}", "may not stand in the headers"),
        ("Looks up a customer", "Looks up ${user.id}", "may not stand in a description"),
        ("{type: string}", "{type: string, default: '${user.id}'}", "may not stand in `parameters`"),
        ("${args.company}", "${args.nobody}", "is not among the parameters"),
        ("${args.company}", "${env.HOME}", "is no reference"),
        ("${args.company}", "${user.password}", "is no reference"),
        ("    request:", "    force_call: true\n    request:", "runs before the model"),
        ("type: object\n", "type: array\n", "type: object"),
        ("{type: string}", "{type: strin}", "did you mean `string`?"),
        ("{type: string}", "{$ref: 'https://evil.example/x'}", "leads out of the file"),
        ("{type: string}", "{$ref: '#/$defs/nobody'}", "not valid JSON Schema"),
        ("{type: string}", "{type: string, pattern: '('}", "not valid JSON Schema"),
        ("{company: {type: string}}", "{company: {type: string}, by: {}}", "named like a slot"),
        ("{company: {type: string}}", "{company: {type: string}, USER_ID: {}}", "named like a slot"),
        ("{company: {type: string}}", "{company: {properties: {user-id: {}}}}", "named like a slot"),
        ("{company: {type: string}}", "{company: {type: string}, ｕｓｅｒ.id: {}}", "named like a slot"),
        ("{company: {type: string}}", "{company: {type: string}, user: {}}", "named like a slot"),
        ('{Authorization: "', '{"Author ization": "', "no name of a header"),
    ],
)
def test_a_plugin_over_http_is_checked(right: str, wrong: str, words: str) -> None:
    told = plugin_problems(CRM.replace(right, wrong, 1))
    assert told
    assert all(words in line for line in told), told


def test_many_warnings_do_not_hide_an_error() -> None:
    headers = "".join(f'  X-{n}: "sk-{n:04}abcdefghijklmnopqrstuvwx"\n' for n in range(300))
    text = CRM.replace('headers: {Authorization: "Bearer ${secret.CRM_TOKEN}"}\n', f"headers:\n{headers}")
    assert parse_plugin("crm", "p.yaml", text.encode()).sound
    assert not parse_plugin("crm", "p.yaml", text.replace("${args.company}", "${args.x}").encode()).sound


def test_a_forced_function_cannot_require_what_only_the_model_gives() -> None:
    text = CRM.replace("additionalProperties: false", "required: [company]")
    text = text.replace("    request:", "    force_call: true\n    request:").replace("${args.company}", "x")
    (told,) = plugin_problems(text)
    assert "cannot have required parameters" in told


def test_two_functions_alike_in_a_plugin_are_told() -> None:
    (told,) = plugin_problems(CRM + "  - {name: find_customer, request: {path: /x}}\n")
    assert told == "p.yaml:11:12: the function `find_customer` is there twice"


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("${user.id}", "${args.userid}", "a key is filled by the server"),
        ("${user.id}", "customer ${user.id}", "a key is filled by the server"),
        ("${user.id}", "${secret.X}", "a key is filled by the server"),
        ("  phone: {}", "  user_id: {}", "named like the key"),
        (
            "table: profile",
            "table: profile\ndatabase: mysql://root:pw@db/x",
            "`database` needs `${secret.NAME}`",
        ),
        ("set_customer_profile}", "set_customer_profile, force_call: true}", "cannot have `force_call`"),
    ],
)
def test_a_table_is_checked(right: str, wrong: str, words: str) -> None:
    (told,) = plugin_problems(PROFILE.replace(right, wrong, 1))
    assert words in told


KEYS = [
    "sk-proj-abcdefghijklmnopqrstuvwx",
    "AKIAABCDEFGHIJKLMNOP",
    "Bearer abcdefghij1234567890xyz",
    "-----BEGIN RSA PRIVATE KEY-----",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_cannot_stand_in_a_prompt_or_in_knowledge(house: House, key: str) -> None:
    (told,) = persona_problems(f"prompt: |\n  Say this:\n  {key}\n")
    assert told.startswith("g.yaml:3:3: this looks like a key")
    assert persona_problems(f"prompt: x\nknowledge: [{{q: a, b: c}}, {{q: a, a: '{key}'}}]\n")
    write(house.personas / "knowledge/pricing.md", f"# Prices\n\nUse {key}\n")
    (told,) = house_problems(house)
    assert told.startswith("personas.d/guide.yaml:8:5: `knowledge/pricing.md` line 3 looks like a key")


@pytest.mark.parametrize("text", ["the bearer of good news", "desk-top computers", "ask-us-anything", "Bearer shares"])
def test_ordinary_words_are_no_keys(text: str) -> None:
    assert persona_problems(f"prompt: {text}\n") == []


INTO = "{plugin: customer_profile, get: get_customer}"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            "[customer_profile]",
            "[customer_profil]",
            "9:11: there is no plugin `customer_profil`; did",
        ),
        ("into: customer_profile", "into: crm", "11:9: `crm` is not a plugin of this persona; list it"),
        ("customer_profile\n", f"{INTO}\n", "11:41: the plugin `customer_profile` has no function `get_cust"),
        (
            "name: company",
            "name: compny",
            "13:14: `customer_profile` has no `compny` to store this in",
        ),
        ("pricing.md", "prices.md", "8:5: `knowledge/prices.md` is not in"),
        ("knowledge/pricing.md", "../secret.md", "8:5: `../secret.md` has to be a file inside"),
        ("knowledge/pricing.md", "/etc/hostname", "8:5: `/etc/hostname` has to be a file inside"),
        ("knowledge/pricing.md", "knowledge", "8:5: `knowledge` is not a file"),
    ],
)
def test_what_a_persona_names_has_to_be_there(house: House, right: str, wrong: str, told: str) -> None:
    house.persona(PERSONA.replace(right, wrong, 1))
    lines = house_problems(house)
    assert any(line.startswith(f"personas.d/guide.yaml:{told}") for line in lines), lines


def test_two_plugins_with_a_function_alike_are_a_load_error_of_the_persona(house: House) -> None:
    house.plugin(CRM.replace("find_customer", "get_customer_profile"), "crm.yaml")
    house.persona(PERSONA.replace("[customer_profile]", "[customer_profile, crm]"))
    (told,) = house_problems(house)
    assert told == (
        "personas.d/guide.yaml:9:29: the plugins `customer_profile` and `crm` both have a function"
        " `get_customer_profile`"
    )


def test_two_plugins_that_show_one_table_are_a_load_error(house: House) -> None:
    house.plugin(PROFILE.replace("customer_profile", "other"), "other.yaml")
    (told,) = house_problems(house)
    assert told.startswith("plugins.d/other.yaml:2:8: the table `profile` is shown by ")


def test_what_only_this_installation_lacks_is_a_warning(house: House) -> None:
    house.secrets.clear()
    house.plugin(CRM.replace("crm.example.com", "set-me.invalid"), "crm.yaml")
    catalog = house.open()
    assert [p.severity for p in catalog.problems()] == ["warning", "warning"]
    assert catalog.plugin("crm").name == "crm"


def test_an_address_to_fill_in_is_told_of_tools_as_well(house: House) -> None:
    house.plugin("kind: mcp\nurl: https://set-me.invalid/mcp\ntools: [stock]\n", "shop.yaml")
    assert any(str(p).partition("plugins.d/")[2].startswith("shop.yaml:2:6: `set-me") for p in house.open().problems())


def test_rows_that_fill_a_table_have_to_be_beside_the_plugin(house: House) -> None:
    house.plugin(PROFILE + "rows: products.csv\n", "customer_profile.yaml")
    assert any("`products.csv` is not in" in line for line in house_problems(house))
    write(house.plugins / "products.csv", "company\nA\n")
    assert house_problems(house) == []


def test_names_come_from_file_names(house: House) -> None:
    for name in ("Guide Two.yaml", "größe.yaml", f"{'x' * 65}.yml", "guide.yml"):
        house.persona(PERSONA, name)
    for name in (".guide.yaml.swp", "guide.yaml~", "notes.txt", ".hidden.yaml"):
        house.persona("nonsense: [", name)
    (house.personas / "folder.yaml").mkdir()
    told = house_problems(house)
    assert len(told) == 4
    assert "is taken by" in next(line for line in told if "guide.yml" in line)
    assert [state.name for state in house.open().personas()] == ["guide"]


def test_links_may_not_leave_the_folder(house: House) -> None:
    outside = write(house.root / "outside.yaml", PERSONA)
    write(house.root / "outside.md", "# Secret\n\nnot for you\n")
    (house.personas / "linked.yaml").symlink_to(outside)
    (house.personas / "knowledge/linked.md").symlink_to(house.root / "outside.md")
    (house.personas / "inner.yaml").symlink_to("guide.yaml")
    house.persona(PERSONA.replace("pricing.md", "linked.md"), "leak.yaml")
    catalog = house.open()
    told = [str(p) for p in catalog.problems()]
    assert len(told) == 2
    assert all("links may not leave the folder" in line for line in told)
    assert catalog.persona("inner").version == 1
    for name in ("linked", "leak"):
        with pytest.raises(NotFound):
            catalog.persona(name)


def test_names_are_compared_folded() -> None:
    assert {folded(name) for name in ("User_ID", "user.id", "ｕｓｅｒ-ＩＤ", "userid")} == {"userid"}


def test_bound_slots_reserve_their_names() -> None:
    plugin = parse_plugin("crm", "p.yaml", CRM.encode()).spec
    assert isinstance(plugin, HttpPlugin)
    names = reserved_names(plugin, plugin.functions[0])
    assert names == {"user", "userid", "by", "secret", "secretcrmtoken", "authorization"}


def test_references_are_found_in_order_and_do_not_nest() -> None:
    found = references_in("a ${user.id} ${${user.name}} $ {x} $${y}")
    assert [(each.name, each.closed) for each in found] == [("user.id", True), ("$", False), ("y", True)]
