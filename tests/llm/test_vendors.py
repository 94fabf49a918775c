"""What an operator meets in the table of vendors."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.errors import WrongSetting
from server.llm import ModelFault, Vendors, load_vendors


def table(**environ: str) -> Vendors:
    return load_vendors(environ=environ)


def written(folder: Path, text: str) -> Path:
    path = folder / "vendors.yaml"
    path.write_text(text, "utf-8")
    return path


def test_all_vendors_of_the_documentation_are_there() -> None:
    names = {vendor.name for vendor in table()}
    assert names >= {
        *("openai", "azure", "anthropic", "gemini", "deepseek", "mistral", "moonshot", "zai", "minimax"),
        *("dashscope", "volcengine", "qianfan", "spark", "openrouter", "ollama", "vllm"),
    }


@pytest.mark.parametrize(
    ("vendor", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("gemini", "GOOGLE_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("volcengine", "ARK_API_KEY"),
        ("volcengine", "VOLCENGINE_API_KEY"),
        ("qianfan", "QIANFAN_API_KEY"),
        ("spark", "SPARK_API_PASSWORD"),
    ],
)
def test_a_key_is_found_in_the_usual_variable_and_in_the_vendors_own(vendor: str, variable: str) -> None:
    vendors = table(**{variable: "key-123456"})
    found = vendors.named(vendor)
    assert found is not None
    assert vendors.access(found).key == "key-123456"
    assert vendors.is_connected(found)


@pytest.mark.parametrize("name", [vendor.name for vendor in table() if vendor.needs_key])
def test_without_its_key_no_vendor_is_asked_with_the_key_of_another(name: str) -> None:
    others = {"openai": "ANTHROPIC_API_KEY"}.get(name, "OPENAI_API_KEY")
    vendors = table(**{others: "key-of-another"})
    vendor = vendors.named(name)
    assert vendor is not None
    with pytest.raises(ModelFault, match=vendors.key_variable(vendor)) as caught:
        vendors.access(vendor)
    assert caught.value.kind == "auth"
    assert not vendors.is_connected(vendor)


def test_an_address_that_asks_for_no_key_gets_none_of_another_vendor() -> None:
    vendors = table(VLLM_BASE_URL="http://gpu:8000/v1", OPENAI_API_KEY="key-of-another")
    vllm = vendors.named("vllm")
    assert vllm is not None
    assert vendors.access(vllm).key == "none"
    unlisted, _ = vendors.of("custom_openai/some-model")
    assert vendors.access(unlisted).key is None
    with_address = table(CUSTOM_OPENAI_API_BASE="http://gpu:8000/v1", OPENAI_API_KEY="key-of-another")
    assert with_address.access(with_address.of("custom_openai/some-model")[0]).key == "none"


def test_a_base_address_of_the_environment_wins_over_the_table() -> None:
    vendors = table(ZAI_API_KEY="key-123456", ZAI_BASE_URL="https://proxy.example/v4")
    zai = vendors.named("zai")
    assert zai is not None
    assert vendors.access(zai).base == "https://proxy.example/v4"


def test_a_region_picks_the_address_and_an_unknown_one_is_told_at_start() -> None:
    vendors = table(ZAI_API_KEY="key-123456", ZAI_REGION="cn")
    zai = vendors.named("zai")
    assert zai is not None
    assert vendors.access(zai).base == "https://open.bigmodel.cn/api/paas/v4"
    assert vendors.region_hint(zai) is not None
    with pytest.raises(WrongSetting, match=r"ZAI_REGION is `eu`; .* has intl or cn"):
        table(ZAI_REGION="eu")


def test_azure_needs_its_address_and_takes_its_version() -> None:
    azure = table().named("azure")
    assert azure is not None
    only_key = table(AZURE_API_KEY="key-123456")
    assert not only_key.is_connected(azure)
    with pytest.raises(ModelFault, match="AZURE_BASE_URL"):
        only_key.access(azure)
    whole = table(AZURE_API_KEY="key-123456", AZURE_API_BASE="https://me.example", AZURE_API_VERSION="2026-01-01")
    assert whole.is_connected(azure)
    assert whole.access(azure).options == {"api_version": "2026-01-01"}


def test_a_key_set_in_the_console_wins() -> None:
    stored = {"openai": "from-the-console"}
    vendors = load_vendors(environ={"OPENAI_API_KEY": "from-outside"}, stored_key=stored.get)
    openai = vendors.named("openai")
    assert openai is not None
    assert vendors.access(openai).key == "from-the-console"
    assert set(vendors.secrets()) == {"from-the-console", "from-outside"}


def test_a_key_does_not_show_when_its_access_is_printed() -> None:
    vendors = table(OPENAI_API_KEY="sk-hidden-hidden")
    openai = vendors.named("openai")
    assert openai is not None
    assert "hidden" not in repr(vendors.access(openai))


@pytest.mark.parametrize(
    "model",
    [
        "openai/http://evil.example/v1",
        "http://evil.example/v1",
        "openai/gpt-5 api_base=x",
        "openai/gpt\n5",
        "openai/../../admin",
        "openai//evil.example",
        "gemini/x?key=1",
        "gemini/x#y",
        "gemini/a%2e%2e",
        "openai/",
        "/gpt-5",
        "gpt-5",
        "",
        "openai/" + "x" * 300,
        "github_copilot/gpt-5",
        "chatgpt/gpt-5",
    ],
)
def test_a_model_string_carries_no_address_and_no_option(model: str) -> None:
    with pytest.raises(ModelFault) as caught:
        table(OPENAI_API_KEY="key-123456").of(model)
    assert caught.value.kind == "bad_request"


def test_a_model_of_several_parts_keeps_them() -> None:
    vendor, name = table().of("openrouter/openai/gpt-5-mini")
    assert (vendor.name, name) == ("openrouter", "openai/gpt-5-mini")


def test_the_operators_file_adds_and_overrides_and_comes_first(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        mine:
          title: Our own
          addresses: {here: "http://models.internal:9000/v1"}
          needs_key: false
          default_model: big
        mistral: {default_model: mistral-large-latest}
        """,
    )
    vendors = load_vendors(path, environ={"MISTRAL_API_KEY": "key-123456"})
    assert [vendor.name for vendor in vendors][:3] == ["mine", "mistral", "openai"]
    mine, mistral = vendors.named("mine"), vendors.named("mistral")
    assert mine is not None
    assert mistral is not None
    assert (mine.default_model, vendors.access(mine).base) == ("mine/big", "http://models.internal:9000/v1")
    assert vendors.is_connected(mine)
    assert mistral.default_model == "mistral/mistral-large-latest"
    assert vendors.access(mistral).base == "https://api.mistral.ai/v1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mine: {adresses: {}}", "mine.adresses: not a key of a vendor; did you mean addresses"),
        ("mine: {addresses: {a: ftp://x}}", r"mine.addresses.a: String should match"),
        ("mine: {addresses: {a: 'https://user:pw@x/v1'}}", r"mine.addresses.a: String should match"),
        ("mine: {key_variables: [lower]}", "mine.key_variables.0"),
        ("mine: {default_model: 'a b'}", "mine.default_model"),
        ("mine: {needs_key: maybe}", "mine.needs_key"),
        ("mine: 3", "mine: a map of keys is wanted"),
        ("Mine: {}", "Mine: not a vendor's name"),
        ("standin: {}", "standin: not a vendor's name"),
        ("- mine", "a map of vendors by name is wanted"),
        ("mine: {", "not YAML"),
        ("mine: !!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_a_wrong_entry_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(WrongSetting, match=told) as caught:
        load_vendors(path, environ={})
    assert str(path) in caught.value.detail


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=r"RAPPORT_VENDORS: .*none.yaml cannot be read"):
        load_vendors(tmp_path / "none.yaml", environ={})
