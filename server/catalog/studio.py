"""What the console does to personas: drafts, publishing, history, knowledge files.

Files are the truth: publishing replaces a file whole and only then adds its version, and what two people
change at once is decided inside the write transaction.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from server.catalog import files, starters, versions
from server.catalog.catalog import Catalog, Checked
from server.catalog.changes import changes
from server.catalog.difference import Difference, difference
from server.catalog.hints import Hint, hints, prompt_tokens
from server.catalog.knowledge import Knowledge, KnowledgeError, KnowledgeFile, build_knowledge
from server.catalog.library import KNOWLEDGE_BYTES, secret_in
from server.catalog.parsed import RESERVED_NAMES, digest_of
from server.catalog.problems import Problem, errors_in
from server.catalog.rewrite import rewritten
from server.catalog.spec import PersonaSpec
from server.catalog.templates import new_persona
from server.catalog.versions import Aside, DraftRow, Theirs, VersionInfo, VersionText
from server.catalog.yaml_source import PERSONA_BYTES, Source, SourceError, read_source
from server.clock import rfc3339
from server.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from server.storage import Transaction

T = TypeVar("T")
Side = int | Literal["draft", "published"]
_KNOWLEDGE = re.compile(r"(?:knowledge/)?(\w[\w .()-]{0,120}\.(?:md|txt|csv|pdf|docx))")


@dataclass(frozen=True, slots=True)
class DraftState:
    """A draft as it is kept, with errors or without. `spec` is its plain value, None when it is not YAML.

    `prompt_tokens` is an estimate.
    """

    revision: int
    base_version: int
    yaml: str
    spec: dict[str, Any] | None
    problems: tuple[Problem, ...]
    author: str
    updated_at: str
    hints: tuple[Hint, ...] = ()
    prompt_tokens: int = 0


@dataclass(frozen=True, slots=True)
class DraftHead:
    """A draft in a list of personas; `problems` is how many it has, warnings too."""

    revision: int
    author: str
    updated_at: str
    problems: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A persona in a list. `published_at` is RFC 3339, empty when it never was published."""

    published_at: str = ""
    published_by: str = ""
    draft: DraftHead | None = None


@dataclass(frozen=True, slots=True)
class ArchivedPersona:
    """A persona that has versions and no file; `archived_at` is None when its file was taken away by hand."""

    name: str
    title: str | dict[str, str]
    version: int
    archived_at: str | None


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a text that loads could do better, and about how many tokens its prompt has."""

    hints: tuple[Hint, ...]
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A persona as the studio opens it for one person: remarks on the text in service, who published it last and when
    (RFC 3339, empty when nobody did), the draft, and the person's own text that was put aside.
    """

    remarks: Remarks
    published_by: str
    published_at: str
    draft: DraftState | None
    aside: Aside | None


@dataclass(frozen=True, slots=True)
class Known:
    """What a persona, or its draft, says and knows."""

    spec: PersonaSpec
    knowledge: Knowledge


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """One version with its text, and the text's plain value."""

    info: VersionInfo
    yaml: str
    spec: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class KnowledgeInfo:
    """A knowledge file; `used_by` are the personas that name it. `bytes` its size, `updated_at` RFC 3339.

    `passages` is how many it makes, None when it is not known without reading the file.
    """

    path: str
    bytes: int
    updated_at: str
    used_by: tuple[str, ...]
    passages: int | None = None


def plain_spec(text: str, file: str = "persona.yaml") -> dict[str, Any] | None:
    """What a persona's text says as plain values, only what is written; None when it is not YAML."""
    try:
        return read_source(text.encode("utf-8"), file).value
    except SourceError:
        return None


class Studio:
    """The operations on one catalog. Each takes the author's name and is refused as a whole or done."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.database = catalog.database

    # --- drafts ---------------------------------------------------------------------------------------------

    async def draft(self, name: str) -> DraftState | None:
        """The persona's draft, None when there is none; raises NotFound for a persona that is not there."""
        self.catalog.state(name)
        row = await self.database.read(lambda tx: versions.draft(tx, name))
        return await asyncio.to_thread(self._shown, name, row) if row.yaml is not None else None

    async def opened(self, name: str, principal: str) -> Opened:
        """All that the studio shows that person of the persona; raises NotFound for one that is not there."""
        loaded = self.catalog.state(name).loaded

        def look(tx: Transaction) -> tuple[Theirs | None, DraftRow, Aside | None]:
            return versions.published(tx, name), versions.draft(tx, name), versions.aside(tx, name, principal)

        last, row, aside = await self.database.read(look)
        remarks, draft = await asyncio.to_thread(self._looked_at, name, loaded.yaml if loaded else "", row)
        by, at = (last.author, last.updated_at) if last else ("", "")
        return Opened(remarks, by, at, draft, aside)

    def _looked_at(self, name: str, published: str, row: DraftRow) -> tuple[Remarks, DraftState | None]:
        return self._remarks(published), self._shown(name, row) if row.yaml is not None else None

    async def save_draft(
        self,
        name: str,
        *,
        base_version: int,
        base_revision: int,
        author: str,
        principal: str = "",
        yaml: str | None = None,
        spec: dict[str, Any] | None = None,
    ) -> DraftState:
        """Keeps a draft, with problems too; `base_revision` is 0 when there was none.

        With `spec` (JSON values) the text is the current draft's, or the published one's, changed to say it.
        Raises Conflict with both texts when either base is stale, and has put the refused one aside for `principal`,
        the id of who saves, where `opened` finds it; a draft that is kept takes its place. Raises Invalid when it
        cannot be kept at all, or when `spec` is to change a draft that is not YAML.
        """
        self.catalog.state(name)
        if (yaml is None) == (spec is None):
            raise Invalid("A draft needs either `yaml` or `spec`.")
        published = await asyncio.to_thread(self._published_text, name)
        text = yaml if yaml is not None else await self._written(name, spec or {}, published, base_revision)
        _must_fit(text)
        base, at = (base_version, base_revision), self._now()

        def work(tx: Transaction) -> DraftRow:
            kept = versions.save_draft(tx, name, text, base, author, at, published)
            versions.clear_aside(tx, name, principal)
            return kept

        try:
            row = await self.database.write(work)
        except Conflict:
            if principal:  # a commit of its own: what the conflict rolled back held nothing
                await self.database.write(lambda tx: versions.put_aside(tx, name, principal, Aside(text, at)))
            raise
        return await asyncio.to_thread(self._shown, name, row)

    async def delete_draft(
        self, name: str, author: str, principal: str = "", *, base_revision: int | None = None
    ) -> None:
        """Throws the draft away, and what was put aside for `principal`; the counter of revisions stays.

        No error when there is none. With `base_revision`, raises Conflict with both texts when another draft than that
        one stands; then nothing is thrown away.
        """
        self.catalog.state(name)
        published = await asyncio.to_thread(self._published_text, name)

        def work(tx: Transaction) -> None:
            versions.discard_draft(tx, name, principal, base_revision, published)

        await self.database.write(work)

    async def delete_aside(self, name: str, principal: str) -> None:
        """Throws away what was put aside for that person. No error when there is nothing."""
        self.catalog.state(name)
        await self.database.write(lambda tx: versions.clear_aside(tx, name, principal))

    async def _written(self, name: str, spec: dict[str, Any], published: str, base_revision: int) -> str:
        row = await self.database.read(lambda tx: versions.draft(tx, name))
        mine = row.yaml if row.current == base_revision else None  # another's draft is a conflict, told later
        try:
            source = self._readable(name, mine, published)
            return await asyncio.to_thread(rewritten, source, spec)
        except SourceError as error:
            raise Invalid(error.problem.message, errors=[error.problem.as_dict()]) from None

    def _readable(self, name: str, draft: str | None, published: str) -> Source:
        file = self.catalog.file_of(name)
        try:
            return read_source((published if draft is None else draft).encode("utf-8"), file)
        except SourceError as error:
            if draft is None:
                return read_source(b"{}", file)
            words = "The draft is not YAML, so a form cannot change it. Mend its text first, or throw the draft away."
            raise Invalid(words, errors=[error.problem.as_dict()]) from None

    def _shown(self, name: str, row: DraftRow) -> DraftState:
        assert row.yaml is not None
        found = self.catalog.check_text(name, row.yaml)
        source = found.parsed.source
        spec = source.value if source else None
        shown = DraftState(row.revision, row.base_version, row.yaml, spec, found.problems, row.author, row.updated_at)
        return replace(shown, hints=self._hints(source), prompt_tokens=prompt_tokens(spec))

    def _hints(self, source: Source | None) -> tuple[Hint, ...]:
        return hints(source, names_known=bool(self.catalog.settings.customer_keys.strip())) if source else ()

    def _remarks(self, text: str) -> Remarks:
        """Hints and size of a persona's text; none for one that is not YAML."""
        try:
            source = read_source(text.encode("utf-8"), "persona.yaml")
        except SourceError:
            return Remarks((), 0)
        return Remarks(self._hints(source), prompt_tokens(source.value))

    async def overview(self) -> dict[str, Overview]:
        """What a list shows of each persona beside its state, by name; one statement."""
        found = await self.database.read(versions.overview)
        return await asyncio.to_thread(lambda: {name: self._overview(name, row) for name, row in found.items()})

    def _overview(self, name: str, row: versions.Overview) -> Overview:
        draft = row.draft
        if draft.yaml is None:
            return Overview(row.published_at, row.published_by)
        count = len(self.catalog.check_text(name, draft.yaml).problems)
        head = DraftHead(draft.revision, draft.author, draft.updated_at, count)
        return Overview(row.published_at, row.published_by, head)

    # --- publishing -----------------------------------------------------------------------------------------

    async def publish(self, name: str, base_version: int, revision: int, note: str, author: str) -> int:
        """Puts the draft in the place of the file, live when this returns; the version it has become.

        Raises NotFound without a draft, Conflict when a base is stale, Invalid with the draft's problems.
        """
        return await asyncio.to_thread(self._publish, name, (base_version, revision), note, author)

    def _publish(self, name: str, base: tuple[int, int], note: str, author: str) -> int:
        with self.catalog.lock:
            self.catalog.refresh_now()  # what a developer saved a moment ago counts
            self.catalog.state(name)
            row = self.database.read_now(lambda tx: _publishable(tx, name, base))
            found = self.catalog.check_text(name, row.yaml or "")
            _must_be_sound(found, f"The draft of `{name}` has errors and cannot be published.")
            return self._put(name, found, note, author, base)

    async def rollback(self, name: str, version: int, author: str, note: str = "") -> int:
        """Publishes the text of an earlier version again, byte for byte; the new version.

        An archived persona comes back by it. Raises NotFound, and Invalid when that text no longer loads.
        """
        return await asyncio.to_thread(self._rollback, name, version, author, note)

    def _rollback(self, name: str, version: int, author: str, note: str) -> int:
        with self.catalog.lock:
            self.catalog.refresh_now()
            text = self.database.read_now(lambda tx: versions.version(tx, name, version)).yaml
            found = self.catalog.check_text(name, text)
            _must_be_sound(found, f"Version {version} of `{name}` no longer loads.")
            return self._put(name, found, note or f"back to version {version}", author, None)

    async def create(
        self,
        name: str,
        *,
        author: str,
        yaml: str | None = None,
        copy_of: str | None = None,
        template: str | None = None,
    ) -> int:
        """A new persona from a text, a copy of another, a template, or else the commented text; its version.

        Raises Invalid for a name or text that cannot be, Conflict when the name is taken, NotFound when there is
        nothing to copy.
        """
        if not files.NAME.fullmatch(name):
            raise Invalid("A persona's name may hold a-z, 0-9, `_` and `-`, at most 64.")
        if name in RESERVED_NAMES:
            raise Invalid(f"No persona can be called `{name}`: the API keeps that name. Choose another.")
        if sum(given is not None for given in (yaml, copy_of, template)) > 1:
            raise Invalid("A new persona needs one of `yaml`, `copy_of` and `template`.")
        text = self.catalog.persona(copy_of).yaml if copy_of is not None else yaml
        text = starters.text(template) if template is not None else text
        return await asyncio.to_thread(self._create, name, new_persona(name) if text is None else text, author)

    def _create(self, name: str, text: str, author: str) -> int:
        _must_fit(text)
        with self.catalog.lock:
            self.catalog.refresh_now()
            if self._file(name).exists() or any(state.name == name for state in self.catalog.personas()):
                raise Conflict(f"There is a persona `{name}` already.")
            found = self.catalog.check_text(name, text)
            _must_be_sound(found, f"The persona `{name}` has errors.")
            return self._put(name, found, "created", author, None)

    async def archive(self, name: str, author: str) -> None:
        """Takes a persona out of service; file and versions are kept, and `rollback` brings it back."""
        await asyncio.to_thread(self._archive, name)

    def _archive(self, name: str) -> None:
        with self.catalog.lock:
            self.catalog.state(name)
            path = self._file(name)
            if path.exists():
                files.move(path, files.in_archive(path, self._now()))
            self.database.write_now(lambda tx: _forget_drafts(tx, name))
            self.catalog.forget(name)
            self.catalog.refresh_now()

    async def archived(self) -> list[str]:
        """The names of personas that have versions and no file."""
        known = await self.database.read(versions.heads)
        return sorted(set(known) - {state.name for state in self.catalog.personas()})

    async def archive_list(self) -> list[ArchivedPersona]:
        """The archived personas by name, with when that was; one statement."""
        known = await self.database.read(versions.heads_with_time)
        return await asyncio.to_thread(self._archive_list, known)

    def _archive_list(self, known: list[tuple[VersionText, str]]) -> list[ArchivedPersona]:
        there = {state.name for state in self.catalog.personas()}
        moments = files.archived_at(self.catalog.settings.personas_dir)
        found = []
        for last, made_at in known:
            if last.persona not in there:
                title = (plain_spec(last.yaml) or {}).get("title") or last.persona
                at = moments.get(last.persona, "")
                found.append(ArchivedPersona(last.persona, title, last.version, at if at >= made_at else None))
        return sorted(found, key=lambda each: each.name)

    async def restore(self, name: str, author: str) -> int:
        """Brings an archived persona back with its last text, as a new version; that version.

        Raises NotFound when there never was one, Conflict when the name is taken, Invalid when the text no longer
        loads.
        """
        return await asyncio.to_thread(self._restore, name, author)

    def _restore(self, name: str, author: str) -> int:
        with self.catalog.lock:
            self.catalog.refresh_now()
            if self._file(name).exists() or any(state.name == name for state in self.catalog.personas()):
                raise Conflict(f"There is a persona `{name}` already; nothing has to be brought back.")
            last = self.database.read_now(lambda tx: versions.head(tx, name))
            if last is None:
                raise NotFound(f"There is no archived persona `{name}`.")
            found = self.catalog.check_text(name, last.yaml)
            _must_be_sound(found, f"The last text of `{name}` no longer loads.")
            return self._put(name, found, "restored", author, None, again=True)

    def _put(
        self, name: str, found: Checked, note: str, author: str, base: tuple[int, int] | None, *, again: bool = False
    ) -> int:
        """File first, then version; a process killed between the two finds the version at its next start."""
        assert found.parsed.source is not None
        path, data = self._file(name), found.parsed.source.text.encode("utf-8")
        new = replace(self.catalog.new_version(found, author=author, note=note), again=again)
        try:
            self._keep_unloaded(name, path)
            aside = files.write_aside(path, data)
        except OSError as error:
            raise _cannot_write(path, error) from error

        def work(tx: Transaction) -> VersionText:
            tx.lock(f"persona:{name}")
            if base is not None:
                versions.fresh(tx, name, base, new.yaml, new.yaml)
            try:
                files.put_in_place(aside, path)
            except OSError as error:
                raise _cannot_write(path, error) from error
            return versions.record(tx, new)

        try:
            made = self.database.write_now(work)
        finally:
            aside.unlink(missing_ok=True)
        self.catalog.published(made)
        self.catalog.refresh_now()
        return made.version

    def _keep_unloaded(self, name: str, path: Path) -> None:
        """An edit on disk that never loaded is nowhere else: it goes to the archive before it is replaced."""
        if path.is_file():
            data = path.read_bytes()
            last = self.database.read_now(lambda tx: versions.head(tx, name))
            if last is None or digest_of(data) != last.digest:
                files.in_archive(path, self._now()).write_bytes(data)

    # --- history --------------------------------------------------------------------------------------------

    async def versions(self, name: str) -> list[VersionInfo]:
        """All versions, newest first; raises NotFound for a persona that never had one."""
        found = await self.database.read(lambda tx: versions.versions(tx, name))
        if not found:
            self.catalog.state(name)
        return found

    async def version(self, name: str, number: int) -> VersionDetail:
        """One version with its text; raises NotFound."""
        text = await self.database.read(lambda tx: versions.version(tx, name, number))
        info = next(each for each in await self.versions(name) if each.version == number)
        return VersionDetail(info, text.yaml, plain_spec(text.yaml))

    async def diff(self, name: str, before: Side, after: Side) -> Difference:
        """What changed between two of: a version's number, `draft`, `published`; raises NotFound."""
        old, new = await self._text(name, before), await self._text(name, after)
        return await asyncio.to_thread(_compared, old, new, _named(before), _named(after))

    async def _text(self, name: str, side: Side) -> str:
        if side == "draft":
            row = await self.database.read(lambda tx: versions.draft(tx, name))
            if row.yaml is None:
                raise NotFound(f"The persona `{name}` has no draft.")
            return row.yaml
        if side == "published":
            return self.catalog.persona(name).yaml
        if not isinstance(side, int):
            raise Invalid(f"`{side}` is no version: a number, `draft` or `published`.")
        return (await self.database.read(lambda tx: versions.version(tx, name, side))).yaml

    # --- knowledge ----------------------------------------------------------------------------------------

    async def known(self, name: str, source: Literal["draft", "published"]) -> Known:
        """What the persona in service knows, or what its draft would; of the draft's files those that can be read.

        Raises NotFound, and Invalid with the problems when the draft cannot be understood at all.
        """
        if source == "published":
            persona = self.catalog.persona(name)
            return Known(persona.spec, persona.knowledge)
        self.catalog.state(name)
        text = await self._text(name, "draft")
        found = await asyncio.to_thread(self.catalog.check_text, name, text)
        if found.parsed.spec is None or found.knowledge is None:
            errors = [problem.as_dict() for problem in errors_in(found.problems)]
            raise Invalid(f"The draft of `{name}` has errors; mend them to see what it knows.", errors=errors)
        return Known(found.parsed.spec, found.knowledge)

    # --- knowledge files ------------------------------------------------------------------------------------

    async def knowledge(self, name: str) -> list[KnowledgeInfo]:
        """The knowledge files beside the persona, by name."""
        self.catalog.state(name)
        return await asyncio.to_thread(self._knowledge)

    def _knowledge(self) -> list[KnowledgeInfo]:
        folder = self.catalog.settings.personas_dir / "knowledge"
        if not folder.is_dir():
            return []
        names = [p.name for p in folder.iterdir() if _KNOWLEDGE.fullmatch(p.name) and p.is_file()]
        return [self._info(f"knowledge/{each}", folder / each) for each in sorted(names)]

    def _info(self, path: str, file: Path) -> KnowledgeInfo:
        found = file.stat()
        moment = rfc3339(datetime.fromtimestamp(found.st_mtime, UTC))
        return KnowledgeInfo(path, found.st_size, moment, self._used_by(path), self._passages(path))

    def _passages(self, path: str) -> int | None:
        """How many passages the file makes, where a persona in service has read it."""
        for each in (state.loaded for state in self.catalog.personas() if state.loaded):
            if path in each.spec.knowledge:
                return sum(passage.source == path for passage in each.knowledge.passages)
        return None

    def _used_by(self, path: str) -> tuple[str, ...]:
        loaded = [state.loaded for state in self.catalog.personas() if state.loaded]
        return tuple(each.name for each in loaded if path in each.spec.knowledge)

    async def read_knowledge(self, name: str, path: str) -> bytes:
        """A knowledge file's bytes; raises NotFound."""
        self.catalog.state(name)
        return await asyncio.to_thread(self._read_knowledge, _knowledge_path(path))

    def _read_knowledge(self, path: str) -> bytes:
        try:
            return files.read_inside(self.catalog.settings.personas_dir, path, KNOWLEDGE_BYTES)
        except files.Unreadable as error:
            raise NotFound(f"{error}.") from None

    async def put_knowledge(self, name: str, path: str, data: bytes, author: str) -> KnowledgeInfo:
        """Adds or replaces a knowledge file; the personas that name it answer with it when this returns.

        Raises TooLarge over 20 MB, Invalid for a name or content that knowledge cannot be read from.
        """
        self.catalog.state(name)
        return await asyncio.to_thread(self._put_knowledge, _knowledge_path(path), data)

    def _put_knowledge(self, path: str, data: bytes) -> KnowledgeInfo:
        if len(data) > KNOWLEDGE_BYTES:
            raise TooLarge(f"`{path}` has more than {KNOWLEDGE_BYTES:,} bytes.")
        file = KnowledgeFile(path, data)
        try:
            made = build_knowledge([file], [], ["en"])
        except KnowledgeError as error:
            raise Invalid(f"`{path}`: {error.reason}.") from None
        if words := secret_in(file):
            raise Invalid(f"{words}.")
        target = self._knowledge_target(path)
        try:
            files.put_in_place(files.write_aside(target, data), target)
        except OSError as error:
            raise _cannot_write(target, error) from error
        self.catalog.refresh_now()
        return replace(self._info(path, target), passages=len(made.passages))

    async def delete_knowledge(self, name: str, path: str, author: str) -> None:
        """Removes a knowledge file that no persona names; raises NotFound, or Conflict when one does."""
        self.catalog.state(name)
        await asyncio.to_thread(self._delete_knowledge, _knowledge_path(path))

    def _delete_knowledge(self, path: str) -> None:
        if users := self._used_by(path):
            raise Conflict(f"`{path}` is knowledge of {', '.join(users)}; take it out there first.")
        self._read_knowledge(path)
        target = self._knowledge_target(path)
        target.unlink()
        files.sync_folder(target.parent)
        self.catalog.refresh_now()

    def _knowledge_target(self, path: str) -> Path:
        folder = self.catalog.settings.personas_dir
        (folder / "knowledge").mkdir(parents=True, exist_ok=True)
        if not (folder / "knowledge").resolve().is_relative_to(folder.resolve()):
            raise Invalid("The folder `knowledge` leads out of the personas' folder.")
        return folder / path

    # --- small things ---------------------------------------------------------------------------------------

    def _file(self, name: str) -> Path:
        """The persona's file, existing or to be."""
        shown = Path(self.catalog.file_of(name)).name
        return self.catalog.settings.personas_dir / shown

    def _published_text(self, name: str) -> str:
        """The text in service; the file as it is when nothing ever was."""
        state = self.catalog.state(name)
        if state.loaded:
            return state.loaded.yaml
        try:
            data = files.read_inside(self.catalog.settings.personas_dir, self._file(name).name, PERSONA_BYTES)
        except files.Unreadable:
            return ""
        return data.decode("utf-8", "replace")

    def _now(self) -> str:
        return rfc3339(self.catalog.clock.now())


def _publishable(tx: Transaction, name: str, base: tuple[int, int]) -> DraftRow:
    row = versions.draft(tx, name)
    if row.yaml is None:
        raise NotFound(f"The persona `{name}` has no draft to publish.")
    versions.fresh(tx, name, base, row.yaml, row.yaml)
    if row.base_version != base[0]:
        theirs = versions.published(tx, name) or Theirs("published", "")
        raise Conflict(
            f"The draft was made on version {row.base_version} of `{name}`, which is at {base[0]} now."
            " Compare the two texts, save the draft again and publish.",
            extra=theirs.beside(row.yaml, base[0], row.current),
        )
    return row


def _forget_drafts(tx: Transaction, name: str) -> None:
    versions.clear_draft(tx, name)
    versions.clear_aside(tx, name)


def _compared(old: str, new: str, before: str, after: str) -> Difference:
    found, one, other = difference(old, new, before, after), plain_spec(old), plain_spec(new)
    return replace(found, changes=changes(one, other)) if one is not None and other is not None else found


def _must_be_sound(found: Checked, words: str) -> None:
    if not found.sound:
        raise Invalid(words, errors=[problem.as_dict() for problem in errors_in(found.problems)])


def _must_fit(text: str) -> None:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid("The text holds half a character (a lone surrogate); it cannot be kept.") from None
    if "\0" in text:
        raise Invalid("The text holds a NUL character; it cannot be kept.")
    if len(data) > PERSONA_BYTES:
        raise TooLarge(f"A persona may have at most {PERSONA_BYTES:,} bytes.")


def _knowledge_path(path: str) -> str:
    found = _KNOWLEDGE.fullmatch(unicodedata.normalize("NFC", path))
    if found is None:
        raise Invalid(f"`{path[:200]}` has to be a name such as pricing.md, ending in md, txt, csv, pdf or docx.")
    return f"knowledge/{found[1]}"


def _cannot_write(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{files.shown(path)} cannot be written: {error.strerror or error}. Nothing was changed.")


def _named(side: Side) -> str:
    return f"version {side}" if isinstance(side, int) else side
