"""A file on disk is live soon; a bad one never takes a persona down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from server.catalog import Catalog
from server.errors import Invalid, NotFound
from server.storage import Database
from tests.catalog.house import CRM, PERSONA, PROFILE, House, write

BROKEN = {
    "a slip": PERSONA.replace("prompt:", "promt:").encode(),
    "half copied": PERSONA.encode()[: PERSONA.index("zh: 向导") + 5],
    "empty": b"",
    "not UTF-8": PERSONA.encode("utf-16"),
    "binary": bytes(range(256)),
    "a tag": b"prompt: !!python/name:os.system x\n",
    "no such plugin": PERSONA.replace("[customer_profile]", "[nobody]").encode(),
    "no such knowledge": PERSONA.replace("pricing.md", "nothing.md").encode(),
}


@asynccontextmanager
async def followed(catalog: Catalog) -> AsyncIterator[None]:
    task = asyncio.create_task(catalog.watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def within_two_seconds(holds: Callable[[], bool]) -> float:
    """Waits until it holds; the seconds that took. The clock is the promise under test, so it is looked at."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < 2, "not live within two seconds"
        await asyncio.sleep(0.01)
    return time.monotonic() - start


@pytest.mark.parametrize("case", BROKEN)
def test_the_last_good_version_serves_while_the_file_is_broken(house: House, case: str) -> None:
    catalog = house.open()
    before = catalog.persona("guide")
    house.persona(BROKEN[case])
    catalog.refresh_now()
    assert catalog.persona("guide") is before
    (problem, *_) = catalog.state("guide").problems
    assert problem.file.endswith("personas.d/guide.yaml")
    assert problem.line >= 1
    assert problem.column >= 1
    house.persona(PERSONA.replace("Hello!", "Good day!"))
    catalog.refresh_now()
    after = catalog.persona("guide")
    assert (after.version, catalog.problems()) == (2, ())
    assert after.spec.greeting == {"en": "Good day!", "zh": "你好！"}


@pytest.mark.parametrize("case", BROKEN)
def test_and_after_a_restart_too(house: House, case: str) -> None:
    good = house.open().persona("guide")
    house.persona(BROKEN[case])
    again = house.open()
    served = again.persona("guide")
    assert (served.version, served.yaml, served.fingerprint) == (good.version, good.yaml, good.fingerprint)
    assert again.state("guide").problems


async def test_a_broken_file_and_its_mending_are_seen_by_the_watcher(house: House) -> None:
    catalog = house.open()
    async with followed(catalog):
        for number, (case, data) in enumerate(BROKEN.items()):
            house.persona(data)
            await within_two_seconds(lambda: bool(catalog.problems()))
            assert catalog.persona("guide").version == number + 1, case
            house.persona(PERSONA + f"# {number}\n")
            await within_two_seconds(lambda n=number: catalog.persona("guide").version == n + 2)  # type: ignore[misc]
            assert catalog.problems() == ()


async def test_new_plugins_and_knowledge_are_live_too(house: House) -> None:
    catalog = house.open()
    before = catalog.persona("guide")
    async with followed(catalog):
        house.plugin(CRM.replace("find_customer", "find_product"), "shop.yaml")
        await within_two_seconds(lambda: "shop" in [state.name for state in catalog.plugins()])
        write(house.personas / "knowledge/pricing.md", "# Prices\n\nThe starter plan costs 59 dollars a month.\n")
        await within_two_seconds(lambda: catalog.persona("guide") is not before)
    after = catalog.persona("guide")
    assert after.version == before.version
    assert after.fingerprint != before.fingerprint
    assert "59" in after.knowledge.search("What does the starter plan cost?", "en")[0].text


async def test_files_that_come_without_notice_are_seen_by_looking(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_notices(*_: object, **__: object) -> object:
        raise OSError("no more watches")

    monkeypatch.setattr("server.catalog.catalog.awatch", no_notices)
    catalog = house.open()
    async with followed(catalog):
        house.persona(PERSONA + "# more\n")
        await within_two_seconds(lambda: catalog.persona("guide").version == 2)


async def test_folders_may_come_later(house: House) -> None:
    house.personas.rename(house.root / "aside")
    catalog = house.open()
    assert catalog.personas() == []
    async with followed(catalog):
        (house.root / "aside").rename(house.personas)
        await within_two_seconds(lambda: [state.name for state in catalog.personas()] == ["guide"])


def test_a_file_missing_for_a_moment_is_not_gone(house: House) -> None:
    catalog = house.open()
    before = catalog.persona("guide")
    file = house.personas / "guide.yaml"
    file.rename(house.personas / "guide.yaml~")
    catalog.refresh_now()
    catalog.refresh_now()
    assert catalog.persona("guide") is before
    (house.personas / "guide.yaml~").rename(file)
    house.seconds += 10
    catalog.refresh_now()
    assert catalog.persona("guide") is before


def test_a_deleted_persona_is_gone_at_the_second_look(house: House) -> None:
    catalog = house.open()
    (house.personas / "guide.yaml").unlink()
    catalog.refresh_now()
    house.seconds += 1
    catalog.refresh_now()
    with pytest.raises(NotFound):
        catalog.persona("guide")
    assert catalog.personas() == []
    house.persona(PERSONA)
    catalog.refresh_now()
    assert catalog.persona("guide").version == 1


def test_a_broken_plugin_goes_on_serving(house: House) -> None:
    catalog = house.open()
    before = catalog.persona("guide")
    house.plugin(PROFILE.replace("columns:", "colums:"), "customer_profile.yaml")
    catalog.refresh_now()
    assert catalog.persona("guide") is before
    state = next(state for state in catalog.plugins() if state.name == "customer_profile")
    assert (state.ok, state.loaded) == (False, before.plugins[0])
    assert "did you mean `columns`?" in state.problems[0].message


def test_a_persona_with_a_good_version_serves_without_a_plugin_that_never_loaded(house: House) -> None:
    house.open()
    house.plugin(PROFILE.replace("columns:", "colums:"), "customer_profile.yaml")
    catalog = house.open()
    assert catalog.persona("guide").plugins == ()
    (problem,) = catalog.state("guide").problems
    assert (problem.line, problem.column) == (9, 11)
    assert "has errors and has not been loaded" in problem.message
    house.plugin(PROFILE, "customer_profile.yaml")
    catalog.refresh_now()
    assert [plugin.name for plugin in catalog.persona("guide").plugins] == ["customer_profile"]
    assert catalog.persona("guide").version == 1


def test_a_knowledge_file_that_goes_away_is_told_and_still_known(house: House) -> None:
    catalog = house.open()
    before = catalog.persona("guide")
    (house.personas / "knowledge/pricing.md").unlink()
    catalog.refresh_now()
    assert catalog.persona("guide") is before
    (problem,) = catalog.problems()
    assert (problem.line, problem.column) == (8, 5)
    again = house.open().persona("guide")
    assert (again.version, again.knowledge.passages) == (1, ())


def test_a_persona_that_never_was_good_is_not_offered(house: House) -> None:
    house.persona("promt: x\n", "new.yaml")
    house.persona(PERSONA.replace("[customer_profile]", "[nobody]"), "other.yaml")
    catalog = house.open()
    for name in ("new", "other"):
        assert catalog.state(name).loaded is None
        with pytest.raises(NotFound):
            catalog.persona(name)


def test_a_remark_makes_a_version_and_keeps_the_fingerprint(house: House) -> None:
    catalog = house.open()
    first = catalog.persona("guide")
    house.persona("# a remark\n" + PERSONA)
    catalog.refresh_now()
    second = catalog.persona("guide")
    assert (second.version, second.fingerprint) == (2, first.fingerprint)
    assert len(first.fingerprint) >= 16


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("personas.d/guide.yaml", "You help", "You greet"),
        ("personas.d/guide.yaml", "type: phone}", "type: phone, weight: 2}"),
        ("personas.d/guide.yaml", "prompt:", "model: other\nprompt:"),
        ("plugins.d/customer_profile.yaml", "max: 200", "max: 100"),
        ("personas.d/knowledge/pricing.md", "49", "50"),
    ],
)
def test_all_that_decides_an_answer_changes_the_fingerprint(house: House, file: str, right: str, wrong: str) -> None:
    catalog = house.open()
    before = catalog.persona("guide").fingerprint
    path = house.root / file
    path.write_text(path.read_text().replace(right, wrong))
    catalog.refresh_now()
    assert catalog.problems() == ()
    assert catalog.persona("guide").fingerprint != before


def test_what_was_changed_while_the_server_was_down_is_the_next_version(house: House) -> None:
    house.open()
    house.persona(PERSONA + "# by night\n")
    assert house.open().persona("guide").version == 2
    assert house.open().persona("guide").version == 2


def test_each_problem_is_logged_once_per_change(house: House) -> None:
    catalog = house.open()
    house.persona(BROKEN["a slip"])
    with capture_logs() as logs:
        for _ in range(3):
            catalog.refresh_now()
    told = [entry["event"] for entry in logs if entry["log_level"] == "error"]
    assert told == [str(problem) for problem in catalog.problems()]
    house.persona(PERSONA)
    catalog.refresh_now()
    house.persona(BROKEN["a slip"])
    with capture_logs() as logs:
        catalog.refresh_now()
    assert len(logs) == 1


async def test_a_refresh_that_fails_does_not_end_the_watching(house: House, database: Database) -> None:
    catalog = house.open()
    working = catalog._persona_files.scan
    failures = iter([OSError("the disk is away")] * 2)

    def scan() -> object:
        if failure := next(failures, None):
            raise failure
        return working()

    catalog._persona_files.scan = scan  # type: ignore[assignment, method-assign]
    async with followed(catalog):
        house.persona(PERSONA + "# more\n")
        await within_two_seconds(lambda: next(failures, "none") == "none")
        await within_two_seconds(lambda: catalog.persona("guide").version == 2)


async def test_a_chat_may_ask_for_a_version_or_the_draft(house: House) -> None:
    catalog = house.open()
    house.persona(PERSONA.replace("You help", "You greet"))
    catalog.refresh_now()
    assert await catalog.persona_at("guide") is catalog.persona("guide")
    assert await catalog.persona_at("guide", 2) is catalog.persona("guide")
    first = await catalog.persona_at("guide", 1)
    assert (first.version, first.spec.prompt.startswith("You help")) == (1, True)
    assert await catalog.persona_at("guide", 1) is first
    for version in (3, 0, -1, 2**40):
        with pytest.raises(NotFound):
            await catalog.persona_at("guide", version)
    with pytest.raises(NotFound):
        await catalog.persona_at("guide", "draft")
    with pytest.raises(Invalid):
        await catalog.persona_at("guide", "latest")


def test_five_hundred_plugins_are_read_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(500):
        house.plugin(CRM.replace("find_customer", f"find_{number}"), f"crm_{number}.yaml")
    catalog = house.open()
    assert len(catalog.plugins()) == 502
    house.plugin(CRM.replace("find_customer", "find_again"), "crm_7.yaml")
    read: list[str] = []
    parse = catalog._plugin_files.parse
    monkeypatch.setattr(catalog._plugin_files, "parse", lambda *file: read.append(file[0]) or parse(*file))
    catalog.refresh_now()
    assert read == ["crm_7"]
    assert catalog.plugin("crm_7").functions == ("find_again",)
