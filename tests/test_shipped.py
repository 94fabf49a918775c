"""The personas and plugins that come with the product are what they promise to be."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from server.catalog.knowledge import Knowledge, KnowledgeFile, build_knowledge
from server.catalog.plugin_spec import TablePlugin
from server.catalog.spec import PersonaSpec, said_in
from server.llm.standin import compose
from server.llm.types import Brief

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "zh")
FIELDS = ["company", "product", "account", "name", "phone", "wechat", "meeting_time"]
HAN = re.compile(r"[\u4e00-\u9fff]")


def persona(name: str) -> PersonaSpec:
    return PersonaSpec.model_validate(yaml.safe_load((ROOT / f"personas.d/{name}.yaml").read_text("utf-8")))


def plugin(name: str) -> TablePlugin:
    return TablePlugin.model_validate(yaml.safe_load((ROOT / f"plugins.d/{name}.yaml").read_text("utf-8")))


def knowledge(spec: PersonaSpec) -> Knowledge:
    paths = [entry for entry in spec.knowledge if isinstance(entry, str)]
    files = [KnowledgeFile(path, (ROOT / "personas.d" / path).read_bytes()) for path in paths]
    return build_knowledge(files, [e for e in spec.knowledge if not isinstance(e, str)], spec.languages)


@pytest.fixture(scope="module")
def guide() -> PersonaSpec:
    return persona("guide")


@pytest.fixture(scope="module")
def facts(guide: PersonaSpec) -> Knowledge:
    return knowledge(guide)


def catalogue() -> list[dict[str, str]]:
    with (ROOT / "plugins.d/product_catalog.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_guide_collects_the_seven_fields_in_order(guide: PersonaSpec) -> None:
    fields = {field.name: field for field in guide.collect.fields}
    assert list(fields) == FIELDS
    kinds = [field.type for field in fields.values()]
    assert kinds == ["text", "text", "text", "text", "phone", "wechat", "datetime"]
    assert fields["phone"].alternative == "wechat"
    assert guide.collect.qualified_when


@pytest.mark.parametrize("name", ["guide", "adviser"])
def test_every_text_a_customer_sees_is_there_in_both_languages(name: str) -> None:
    spec = persona(name)
    texts = [spec.title, spec.greeting, spec.collect.purpose, *spec.suggestions]
    texts += [field.ask for field in spec.collect.fields] + [offer.text for offer in spec.offers]
    for text in texts:
        assert isinstance(text, dict)
        assert list(text) == list(LANGUAGES)
        assert HAN.search(text["zh"])
        assert not HAN.search(text["en"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["guide", "adviser"])
def test_each_ask_is_one_question_with_its_reason(name: str, language: str) -> None:
    for field in persona(name).collect.fields:
        ask = said_in(field.ask, language)
        assert len(re.findall("[?？]", ask)) == 1, ask
        if name == "guide":
            assert re.search("so that|[Tt]o send|这样|为了|直接|好为您", ask), ask


def test_phone_offers_wechat_in_the_same_breath_and_the_meeting_may_shift(guide: PersonaSpec) -> None:
    asks = {field.name: field.ask for field in guide.collect.fields}
    assert "WeChat" in said_in(asks["phone"], "en")
    assert "微信" in said_in(asks["phone"], "zh")
    assert "may shift a little" in said_in(asks["meeting_time"], "en")
    assert "可能会稍有调整" in said_in(asks["meeting_time"], "zh")


def test_the_prompt_explains_why_data_is_asked_for(guide: PersonaSpec) -> None:
    for words in ("${user.name}", "get_customer_profile", "set_customer_profile", "find_products"):
        assert words in guide.prompt
    for words in (
        "Value first",
        "One question at a time",
        "deleted when they ask",
        "Never invent",
        "server's note",
    ):
        assert words in guide.prompt
    assert not HAN.search(re.sub(r"\(in Chinese: [^)]*\)", "", guide.prompt))


@pytest.mark.parametrize(("name", "least"), [("guide", 25), ("adviser", 20)])
def test_there_are_enough_facts_in_both_languages_and_their_numbers_agree(name: str, least: int) -> None:
    numbers = {}
    for language in LANGUAGES:
        told = [passage.text for passage in knowledge(persona(name)).passages if passage.language == language]
        assert len(told) >= least
        numbers[language] = [sorted(re.findall(r"\d[\d,.]*\d|\d", text)) for text in told]
    assert numbers["en"] == numbers["zh"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["guide", "adviser"])
def test_every_suggestion_is_answered(name: str, language: str) -> None:
    spec = persona(name)
    known = knowledge(spec)
    for suggestion in spec.suggestions:
        question = said_in(suggestion, language)
        found = known.search(question, language)
        assert found, question
        assert {passage.language for passage in found} == {language}
        answer = compose(Brief(language, question, found))
        assert not re.search("I don't know|不清楚", answer)


def test_offers_are_dated_and_follow_one_another(guide: PersonaSpec) -> None:
    spans = [(offer.from_, offer.to) for offer in guide.offers]
    assert len(spans) == 2
    assert spans[0][1] == date(2026, 12, 31)
    assert spans[1] == (date(2027, 1, 1), date(2027, 3, 31))
    skus = {row["sku"] for row in catalogue()}
    for offer in guide.offers:
        assert offer.product in skus
        assert "?" not in said_in(offer.text, "en")
        assert "？" not in said_in(offer.text, "zh")


def test_the_profile_has_the_fields_and_is_read_before_the_model(guide: PersonaSpec) -> None:
    profile = plugin("customer_profile")
    assert list(profile.columns) == FIELDS
    assert all(column.description and column.max for column in profile.columns.values())
    assert (profile.table, profile.create, profile.key) == ("profile", True, {"userid": "${user.id}"})
    into, functions = guide.collect.into, profile.functions
    assert into is not None
    assert functions.get is not None
    assert functions.set is not None
    assert (into.plugin, into.get, into.set) == ("customer_profile", functions.get.name, functions.set.name)
    assert functions.get.force_call
    assert not functions.set.force_call


def test_the_catalogue_has_its_columns_and_agrees_with_the_knowledge(facts: Knowledge) -> None:
    table, rows = plugin("product_catalog"), catalogue()
    assert table.rows == "product_catalog.csv"
    assert table.functions.find is not None
    assert len(rows) >= 5
    assert len({row["sku"] for row in rows}) == len(rows)
    told = {language: [p.text for p in facts.passages if p.language == language] for language in LANGUAGES}
    for row in rows:
        assert list(row) == list(table.columns)
        assert all(row.values())
        assert HAN.search(row["name_zh"])
        price = f"{int(row['price_cny']):,}"
        for text in told.values():
            assert any(price in fact for fact in text), row["sku"]


def test_the_adviser_is_another_register_in_a_file_alone() -> None:
    adviser = persona("adviser")
    assert adviser.plugins == []
    assert adviser.collect.into is None
    assert adviser.collect.dial == 0.2
    assert [field.name for field in adviser.collect.fields] == ["name", "email", "phone"]


def test_every_shipped_file_is_tested_here() -> None:
    assert sorted(path.stem for path in (ROOT / "personas.d").glob("*.yaml")) == ["adviser", "guide"]
    assert sorted(path.stem for path in (ROOT / "plugins.d").glob("*.yaml")) == [
        "customer_profile",
        "product_catalog",
    ]
