"""What the console does to personas: nothing is lost, nothing is mixed, remarks survive."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.catalog import Catalog, Studio
from server.catalog.rewrite import rewritten
from server.catalog.yaml_source import SourceError, read_source
from server.errors import Conflict, Invalid, NotFound, TooLarge
from server.storage import open_database
from tests.catalog.house import PERSONA, House, write


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """Drafts and versions are decided in the database: here each test runs on both."""
    return new_database(request.param)


@pytest.fixture
def catalog(house: House) -> Catalog:
    return house.open()


@pytest.fixture
def studio(catalog: Catalog) -> Studio:
    return Studio(catalog)


def edited(text: str = PERSONA) -> str:
    return text.replace("You help", "You warmly help")


async def test_a_draft_is_kept_checked_and_published(house: House, catalog: Catalog, studio: Studio) -> None:
    draft = await studio.save_draft("guide", yaml=edited(), base_version=1, base_revision=0, author="ann")
    assert (draft.revision, draft.base_version, draft.problems, draft.author) == (1, 1, (), "ann")
    assert catalog.persona("guide").version == 1
    assert (await catalog.persona_at("guide", "draft")).spec.prompt.startswith("You warmly")
    assert await studio.publish("guide", 1, 1, "warmer", "bob") == 2
    assert catalog.persona("guide").version == 2
    assert (house.personas / "guide.yaml").read_bytes() == edited().encode()
    assert await studio.draft("guide") is None
    (newest, oldest) = await studio.versions("guide")
    assert (newest.version, newest.author, newest.note) == (2, "bob", "warmer")
    assert (oldest.version, oldest.author, oldest.note) == (1, "file", "")
    assert newest.fingerprint == catalog.persona("guide").fingerprint
    assert newest.created_at.endswith("Z")


async def test_a_draft_with_errors_is_kept_and_cannot_be_published(catalog: Catalog, studio: Studio) -> None:
    draft = await studio.save_draft("guide", yaml="promt: x\n", base_version=1, base_revision=0, author="ann")
    (problem,) = draft.problems
    assert (problem.line, problem.column) == (1, 1)
    assert "did you mean `prompt`?" in problem.message
    kept = await studio.draft("guide")
    assert kept == draft
    with pytest.raises(Invalid) as refused:
        await studio.publish("guide", 1, 1, "", "ann")
    assert refused.value.errors[0]["line"] == 1
    with pytest.raises(Invalid) as refused:
        await catalog.persona_at("guide", "draft")
    assert "did you mean" in refused.value.errors[0]["message"]
    assert catalog.persona("guide").version == 1


async def test_a_draft_that_is_no_yaml_at_all_is_kept_too(studio: Studio) -> None:
    draft = await studio.save_draft("guide", yaml="a: [", base_version=1, base_revision=0, author="ann")
    assert (draft.spec, len(draft.problems)) == (None, 1)


def no_time(told: dict[str, Any]) -> dict[str, Any]:
    assert told["updated_at"].endswith("Z")
    return {key: value for key, value in told.items() if key != "updated_at"}


async def test_a_stale_base_is_refused_with_both_texts(house: House, catalog: Catalog, studio: Studio) -> None:
    await studio.save_draft("guide", yaml="prompt: mine\n", base_version=1, base_revision=0, author="ann")
    with pytest.raises(Conflict) as refused:
        await studio.save_draft("guide", yaml="prompt: yours\n", base_version=1, base_revision=0, author="bob")
    assert no_time(refused.value.extra) == {
        "yours": "prompt: yours\n", "theirs": "prompt: mine\n", "version": 1, "revision": 1,
        "theirs_is": "draft", "author": "ann",
    }  # fmt: skip
    house.persona(edited())
    with pytest.raises(Conflict) as refused:
        await studio.publish("guide", 1, 1, "", "ann")
    assert no_time(refused.value.extra) == {
        "yours": "prompt: mine\n", "theirs": edited(), "version": 2, "revision": 1,
        "theirs_is": "published", "author": "file",
    }  # fmt: skip
    with pytest.raises(Conflict) as refused:  # the draft itself still stands on version 1
        await studio.publish("guide", 2, 1, "", "ann")
    assert refused.value.extra["theirs_is"] == "published"
    assert catalog.persona("guide").yaml == edited()


async def test_a_refused_text_is_kept_for_who_wrote_it_until_a_draft_of_theirs_is(studio: Studio) -> None:
    async def save(text: str, who: str, revision: int) -> None:
        base = {"base_version": 1, "base_revision": revision}
        await studio.save_draft("guide", yaml=text, author=who, principal=who, **base)

    async def asides() -> list[str | None]:
        found = [(await studio.opened("guide", who)).aside for who in ("ann", "bob", "cat")]
        return [each.yaml if each else None for each in found]

    await save("prompt: ann\n", "ann", 0)
    for who in ("bob", "cat"):
        with pytest.raises(Conflict):
            await save(f"prompt: {who}\n", who, 0)
    assert await asides() == [None, "prompt: bob\n", "prompt: cat\n"]
    with pytest.raises(Conflict):
        await save("prompt: bob again\n", "bob", 0)
    assert await asides() == [None, "prompt: bob again\n", "prompt: cat\n"]
    await save("prompt: ann again\n", "ann", 1)
    assert await asides() == [None, "prompt: bob again\n", "prompt: cat\n"]
    await save("prompt: bob again\n", "bob", 2)
    assert await asides() == [None, None, "prompt: cat\n"]
    await studio.delete_aside("guide", "ann")
    await studio.delete_draft("guide", "ann", "ann")
    assert await asides() == [None, None, "prompt: cat\n"]
    await studio.delete_draft("guide", "cat", "cat")
    assert await asides() == [None, None, None]
    with pytest.raises(Conflict):
        await save("prompt: late\n", "cat", 2)
    await studio.archive("guide", "ann")
    await studio.restore("guide", "ann")
    assert await asides() == [None, None, None]


async def test_revisions_are_never_used_again(studio: Studio) -> None:
    first = await studio.save_draft("guide", yaml="prompt: a\n", base_version=1, base_revision=0, author="ann")
    await studio.delete_draft("guide", "ann")
    assert await studio.draft("guide") is None
    second = await studio.save_draft("guide", yaml="prompt: b\n", base_version=1, base_revision=0, author="ann")
    assert (first.revision, second.revision) == (1, 2)
    with pytest.raises(Conflict):
        await studio.save_draft("guide", yaml="prompt: c\n", base_version=1, base_revision=1, author="bob")
    await studio.publish("guide", 1, 2, "", "ann")
    third = await studio.save_draft("guide", yaml="prompt: d\n", base_version=2, base_revision=0, author="ann")
    assert third.revision == 3


async def test_of_two_savers_at_once_exactly_one_wins(studio: Studio) -> None:
    revision = 0
    for pair in range(60):
        texts = [f"prompt: {who} {pair}\n" for who in ("ann", "bob")]
        saves = [
            studio.save_draft("guide", yaml=text, base_version=1, base_revision=revision, author="x") for text in texts
        ]
        done = await asyncio.gather(*saves, return_exceptions=True)
        (won,) = [each for each in done if not isinstance(each, BaseException)]
        (lost,) = [each for each in done if isinstance(each, Conflict)]
        assert {lost.extra["yours"], lost.extra["theirs"]} == set(texts)
        assert lost.extra["theirs"] == won.yaml
        revision = won.revision
    assert revision == 60


async def test_of_two_publishers_at_once_exactly_one_wins(catalog: Catalog, studio: Studio) -> None:
    await studio.save_draft("guide", yaml=edited(), base_version=1, base_revision=0, author="ann")
    both = [studio.publish("guide", 1, 1, "", who) for who in ("ann", "bob")]
    done = await asyncio.gather(*both, return_exceptions=True)
    assert [each for each in done if not isinstance(each, BaseException)] == [2]
    assert sum(isinstance(each, Conflict | NotFound) for each in done) == 1
    assert len(await studio.versions("guide")) == 2


async def test_publishing_what_is_there_already_makes_no_version(catalog: Catalog, studio: Studio) -> None:
    await studio.save_draft("guide", yaml=PERSONA, base_version=1, base_revision=0, author="ann")
    assert await studio.publish("guide", 1, 1, "", "ann") == 1
    assert await studio.draft("guide") is None


async def test_rolling_back_gives_the_same_bytes_as_a_new_version(
    house: House, catalog: Catalog, studio: Studio
) -> None:
    odd = "\ufeff" + PERSONA.replace("\n", "\r\n") + "# end without a line break"
    house.persona(odd)
    catalog.refresh_now()
    house.persona(edited())
    catalog.refresh_now()
    assert await studio.rollback("guide", 2, "ann") == 4
    assert (house.personas / "guide.yaml").read_bytes() == odd.encode()
    assert catalog.persona("guide").version == 4
    assert (await studio.versions("guide"))[0].author == "ann"
    assert (await studio.version("guide", 4)).yaml == odd
    with pytest.raises(NotFound):
        await studio.rollback("guide", 9, "ann")


async def test_an_edit_on_disk_that_never_loaded_is_kept_aside(house: House, catalog: Catalog, studio: Studio) -> None:
    await studio.save_draft("guide", yaml=edited(), base_version=1, base_revision=0, author="ann")
    house.persona("prompt: [half of a developer's work")
    await studio.publish("guide", 1, 1, "", "ann")
    assert catalog.persona("guide").yaml == edited()
    (kept,) = (house.personas / ".archive").iterdir()
    assert kept.read_text() == "prompt: [half of a developer's work"


async def test_remarks_survive_an_edit_by_form(catalog: Catalog, studio: Studio) -> None:
    spec = catalog.persona("guide").spec.model_dump(mode="json", by_alias=True)
    spec["title"]["en"] = "Guide of the harbour"
    spec["prompt"] = "One.\nTwo: ${user.name}\n"
    spec["collect"]["proactivity"] = 0.2
    spec["collect"]["fields"].insert(1, {"name": "wechat", "type": "wechat", "weight": None})
    spec["collect"]["fields"][2]["weight"] = 2
    spec["collect"]["into"] = None
    draft = await studio.save_draft("guide", spec=spec, base_version=1, base_revision=0, author="ann")
    assert draft.problems == ()
    for remark in ("# Who greets visitors.", "# tuned by the marketers", "# first"):
        assert remark in draft.yaml
    assert draft.yaml == PERSONA.replace('en: "Guide"', 'en: "Guide of the harbour"').replace(
        "  You help visitors of Harbour Light.\n  The customer is called ${user.name}.\n",
        "  One.\n  Two: ${user.name}\n",
    ).replace("  into: customer_profile\n", "").replace(
        "    - {name: phone, type: phone}\n",
        "    - {name: wechat, type: wechat}\n    - {name: phone, type: phone, weight: 2}\n  proactivity: 0.2\n",
    )


async def test_a_form_that_changes_nothing_changes_no_byte(catalog: Catalog, studio: Studio) -> None:
    spec = catalog.persona("guide").spec.model_dump(mode="json", by_alias=True)
    draft = await studio.save_draft("guide", spec=spec, base_version=1, base_revision=0, author="ann")
    assert draft.yaml == PERSONA


async def test_a_form_goes_on_from_the_draft(studio: Studio) -> None:
    text = edited() + "# in the draft\n"
    await studio.save_draft("guide", yaml=text, base_version=1, base_revision=0, author="ann")
    draft = await studio.draft("guide")
    assert draft is not None
    spec: dict[str, Any] = {**(draft.spec or {}), "model": "standin"}
    again = await studio.save_draft("guide", spec=spec, base_version=1, base_revision=1, author="ann")
    assert "# in the draft" in again.yaml
    assert "model: standin" in again.yaml


_TEXTS = ["yes", "on", "null", "~", "1", "0x1f", "2026-11-01", "a: b", "- a", "a\nb\n", " a\n", "#", "'", "<<"]
_SCALAR = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6) | st.text(max_size=12)
_JSON = st.recursive(
    _SCALAR | st.sampled_from(_TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["prompt", "title", "knowledge", "new", "old"]), _JSON, max_size=5))
def test_whatever_a_form_sends_is_what_the_text_says(spec: dict[str, Any]) -> None:
    source = read_source(PERSONA.encode(), "g.yaml")
    try:
        wanted = read_source(orjson.dumps(spec), "g.yaml").value
    except SourceError:  # a control character in a text
        with pytest.raises(SourceError):
            rewritten(source, spec)
        return
    assert read_source(rewritten(source, spec).encode(), "g.yaml").value == wanted


@pytest.mark.parametrize("dash", ["", "  ", "    "])
def test_lists_keep_their_indentation(dash: str) -> None:
    text = f"prompt: |\n  Say:\n   - this\nplugins:  # which\n{dash}-   one\n{dash}-   two # second\n"
    source = read_source(text.encode(), "g.yaml")
    changed = rewritten(source, {**source.value, "plugins": ["one", "two", "three"]})
    assert changed == text + f"{dash}-   three\n"


@pytest.mark.parametrize(("text", "error"), [("a\0b", Invalid), ("\ud800", Invalid), ("x" * 1_000_001, TooLarge)])
async def test_a_text_that_cannot_be_kept_is_refused(studio: Studio, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await studio.save_draft("guide", yaml=text, base_version=1, base_revision=0, author="ann")


async def test_a_persona_is_made_copied_archived_and_brought_back(
    house: House, catalog: Catalog, studio: Studio
) -> None:
    assert await studio.create("new", author="ann") == 1
    assert await studio.create("twin", copy_of="guide", author="ann") == 1
    assert catalog.persona("twin").yaml == PERSONA
    assert catalog.state("new").problems == ()
    for name in ("guide", "twin"):
        with pytest.raises(Conflict):
            await studio.create(name, author="bob")
    for name in ("../x", "A", "", "x" * 65, "a.b", ".hidden"):
        with pytest.raises(Invalid):
            await studio.create(name, author="bob")
    with pytest.raises(Invalid):
        await studio.create("bad", yaml="promt: x\n", author="bob")
    await studio.archive("twin", "ann")
    with pytest.raises(NotFound):
        catalog.persona("twin")
    assert await studio.archived() == ["twin"]
    assert (await catalog.persona_at("twin", 1)).archived
    assert [path.name.split(".")[0] for path in (house.personas / ".archive").iterdir()] == ["twin"]
    assert await studio.rollback("twin", 1, "ann") == 1
    assert catalog.persona("twin").yaml == PERSONA


async def test_a_diff_shows_lines_and_words(catalog: Catalog, studio: Studio) -> None:
    text = PERSONA.replace("You help visitors", "You help guests").replace("向导", "向往")
    await studio.save_draft("guide", yaml=text, base_version=1, base_revision=0, author="ann")
    diff = await studio.diff("guide", 1, "draft")
    assert (diff.before, diff.after) == ("version 1", "draft")
    lines = [line for hunk in diff.hunks for line in hunk.lines if line.kind != "same"]
    changed = [[s.text for s in line.segments if s.changed] for line in lines]
    assert changed == [["导"], ["往"], ["visitors"], ["guests"]]
    assert [(line.old, line.new) for line in lines] == [(2, None), (None, 2), (5, None), (None, 5)]
    assert "-  You help visitors of Harbour Light." in diff.unified
    assert "+  You help guests of Harbour Light." in diff.unified
    assert (await studio.diff("guide", "published", 1)).hunks == ()
    with pytest.raises(NotFound):
        await studio.diff("guide", 1, 7)


async def test_knowledge_files_come_and_go(house: House, catalog: Catalog, studio: Studio) -> None:
    before = catalog.persona("guide")
    info = await studio.put_knowledge("guide", "pricing.md", b"# Prices\n\nThe starter plan is free.\n", "ann")
    assert (info.path, info.used_by) == ("knowledge/pricing.md", ("guide",))
    after = catalog.persona("guide")
    assert after.fingerprint != before.fingerprint
    assert after.version == before.version
    await studio.put_knowledge("guide", "knowledge/价格 2.md", "# 价格\n\n入门版免费。\n".encode(), "ann")
    assert [each.path for each in await studio.knowledge("guide")] == ["knowledge/pricing.md", "knowledge/价格 2.md"]
    assert (await studio.read_knowledge("guide", "pricing.md")).startswith(b"# Prices")
    with pytest.raises(Conflict):
        await studio.delete_knowledge("guide", "pricing.md", "ann")
    await studio.delete_knowledge("guide", "价格 2.md", "ann")
    with pytest.raises(NotFound):
        await studio.read_knowledge("guide", "价格 2.md")


@pytest.mark.parametrize(
    "path",
    ["../guide.yaml", "/etc/passwd", "a/b.md", "knowledge/../x.md", "knowledge/knowledge/x.md", "x.exe", ".x.md",
     "x.md\0", "x\n.md", "%2e%2e/x.md", "knowledge\\x.md", "", "guide.yaml", "x" * 200 + ".md"],
)  # fmt: skip
async def test_knowledge_stays_in_its_folder(house: House, studio: Studio, path: str) -> None:
    before = sorted(house.root.rglob("*"))
    for call in (
        studio.read_knowledge("guide", path),
        studio.put_knowledge("guide", path, b"# a\n\nb\n", "ann"),
        studio.delete_knowledge("guide", path, "ann"),
    ):
        with pytest.raises(Invalid):
            await call
    assert sorted(house.root.rglob("*")) == before


async def test_knowledge_that_cannot_be_read_or_holds_a_key_is_refused(studio: Studio) -> None:
    for data in (b"", b"# a\n\nUse sk-abcdefghijklmnopqrstuvwxyz\n"):
        with pytest.raises(Invalid):
            await studio.put_knowledge("guide", "x.md", data, "ann")
    with pytest.raises(Invalid):
        await studio.put_knowledge("guide", "x.pdf", b"no pdf", "ann")
    with pytest.raises(TooLarge):
        await studio.put_knowledge("guide", "x.md", b"x" * 20_000_001, "ann")


async def test_knowledge_is_not_written_through_a_link(house: House, studio: Studio) -> None:
    outside = write(house.root / "outside" / "pricing.md", "# Not yours\n\nkeep\n")
    (house.personas / "knowledge/pricing.md").unlink()
    (house.personas / "knowledge/pricing.md").symlink_to(outside)
    with pytest.raises(NotFound):
        await studio.read_knowledge("guide", "pricing.md")
    await studio.put_knowledge("guide", "pricing.md", b"# Mine\n\nnew\n", "ann")
    assert outside.read_text() == "# Not yours\n\nkeep\n"
    (house.personas / "knowledge/pricing.md").unlink()
    (house.personas / "knowledge").rmdir()
    (house.personas / "knowledge").symlink_to(outside.parent)
    with pytest.raises(Invalid):
        await studio.put_knowledge("guide", "pricing.md", b"# Mine\n\nnew\n", "ann")


def test_versions_survive_a_restart(house: House, database_url: str) -> None:
    catalog = house.open()
    for number in range(3):
        house.persona(PERSONA + f"# {number}\n")
        catalog.refresh_now()
    house.database.close()
    house.database = open_database(database_url)
    try:
        again = house.open().persona("guide")
        assert (again.version, again.fingerprint) == (4, catalog.persona("guide").fingerprint)
    finally:
        house.database.close()


PUBLISHER = """
import asyncio, os, signal, sys
from pathlib import Path
from server.catalog import Catalog, Studio
from server.settings import Settings
from server.storage import open_database
from server.catalog import studio as rooms

root, point, url = Path(sys.argv[1]), *sys.argv[2:]
settings = Settings(data_dir=root / "data", personas_dir=root / "personas.d", plugins_dir=root / "plugins.d")

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if point == "written aside":
    rooms.files.put_in_place = kill
if point == "renamed":
    rooms.versions.record = kill
async def main():
    catalog = Catalog.open(settings, open_database(url))
    if point == "published":
        catalog.published = kill
    await Studio(catalog).publish("guide", 1, 1, "warmer", "ann")
asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["written aside", "renamed", "published"])
async def test_a_kill_while_publishing_leaves_the_old_or_the_new(
    house: House, studio: Studio, database_url: str, point: str
) -> None:
    await studio.save_draft("guide", yaml=edited(), base_version=1, base_revision=0, author="ann")
    script = textwrap.dedent(PUBLISHER)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script, str(house.root), point, database_url],
        check=False,
        cwd=os.getcwd(),
    )
    assert done.returncode == -signal.SIGKILL
    again = house.open()
    persona = again.persona("guide")
    assert (house.personas / "guide.yaml").read_text() == persona.yaml
    whole = (persona.version, persona.yaml)
    assert whole == ((1, PERSONA) if point == "written aside" else (2, edited()))
    waiting = await Studio(again).draft("guide")
    assert (waiting is None) == (persona.version == 2)
    assert (await Studio(again).versions("guide"))[0].author == ("ann" if persona.version == 2 else "file")
    assert again.problems() == ()
