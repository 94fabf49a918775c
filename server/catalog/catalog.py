"""The live catalog: what the files say now, or said when they were last good.

Everything handed out is immutable and swapped in whole. A file that is broken keeps its last good version in
service, and its problems are shown; after a restart the last good persona comes from the table of versions.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from watchfiles import awatch

from server.catalog import versions
from server.catalog.check import check_plugins, check_rows, check_tables, function_paths
from server.catalog.descriptions import Descriptions
from server.catalog.files import shown, signature, sweep
from server.catalog.folder import Folder
from server.catalog.knowledge import Knowledge
from server.catalog.library import Library
from server.catalog.parsed import Parsed, digest_of, kind_of, parse_persona, parse_plugin
from server.catalog.plugin_spec import PluginSpec, TablePlugin
from server.catalog.problems import Problem, errors_in, in_order
from server.catalog.spec import PersonaSpec
from server.catalog.versions import NewVersion, VersionText
from server.catalog.yaml_source import PERSONA_BYTES, PLUGIN_BYTES
from server.clock import SYSTEM, Clock, rfc3339
from server.errors import Invalid, NotFound
from server.settings import Settings
from server.storage import Database

log = structlog.get_logger(__name__)
_RESCAN_MS = 800
_KEPT_VERSIONS = 32


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPlugin:
    """A plugin in service. `meaning` is a hash of its spec, which comments in the file do not change."""

    name: str
    spec: PluginSpec
    digest: str
    meaning: str
    file: str
    problems: tuple[Problem, ...] = ()

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of its functions, as the model sees them."""
        return tuple(name for name, _ in function_paths(self.spec))


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPersona:
    """A persona in service: one version with the plugins and the knowledge it answers with.

    `plugins` are those that can be used now: while a file is broken that may be fewer than `spec.plugins`.
    `fingerprint` is a hash of all that decides an answer.
    """

    name: str
    version: int
    fingerprint: str
    spec: PersonaSpec
    yaml: str
    digest: str
    knowledge: Knowledge
    plugins: tuple[LoadedPlugin, ...]
    languages: tuple[str, ...]
    archived: bool = False


@dataclass(frozen=True, slots=True)
class PersonaState:
    """A persona by name: what serves (None: nothing does) and what is wrong with its file."""

    name: str
    file: str
    loaded: LoadedPersona | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class PluginState:
    """A plugin by name: what serves (None: it never loaded) and what is wrong with its file."""

    name: str
    file: str
    kind: str
    loaded: LoadedPlugin | None
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether the file has no error; what serves may then still lack a secret."""
        return not errors_in(self.problems)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    personas: dict[str, PersonaState]
    plugins: dict[str, PluginState]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A persona's text checked against plugins and knowledge as they are now."""

    parsed: Parsed[PersonaSpec]
    problems: tuple[Problem, ...]
    plugins: tuple[LoadedPlugin, ...]
    knowledge: Knowledge | None

    @property
    def sound(self) -> bool:
        """Whether it may be loaded."""
        return self.parsed.spec is not None and not errors_in(self.problems)


def _in_environment(name: str) -> bool:
    return name in os.environ


class Catalog:
    """Personas and plugins, live. Make it with `open`; run `watch` as a task to follow the folders."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock = SYSTEM,
        *,
        has_secret: Callable[[str], bool] = _in_environment,
        model_in_force: Callable[[str | None], str] | None = None,
    ) -> None:
        self.settings, self.database, self.clock = settings, database, clock
        self.has_secret = has_secret
        self.model_in_force = model_in_force or (lambda named: named or settings.model)
        self.lock = threading.RLock()
        self._persona_files: Folder[PersonaSpec] = Folder(settings.personas_dir, PERSONA_BYTES, parse_persona, clock)
        self._plugin_files: Folder[PluginSpec] = Folder(settings.plugins_dir, PLUGIN_BYTES, parse_plugin, clock)
        self._descriptions = Descriptions(settings.plugins_dir, settings.data_dir)
        self._library = Library(settings.personas_dir)
        self._heads: dict[str, VersionText] = {}
        self._snapshot = _Snapshot({}, {}, ())
        self._inputs: object = None
        self._logged: frozenset[str] = frozenset()
        self._others: dict[tuple[object, ...], LoadedPersona] = {}

    @classmethod
    def open(
        cls,
        settings: Settings,
        database: Database,
        clock: Clock = SYSTEM,
        *,
        has_secret: Callable[[str], bool] = _in_environment,
        model_in_force: Callable[[str | None], str] | None = None,
    ) -> Catalog:
        """The catalog of the settings' folders, loaded; blocks, for start-up and commands.

        `has_secret` tells whether a plugin's secret is set; `model_in_force` names the model that a persona's
        `model` (None: none named) comes to, for the fingerprint.
        """
        catalog = cls(settings, database, clock, has_secret=has_secret, model_in_force=model_in_force)
        sweep(settings.personas_dir)
        catalog._heads = database.read_now(versions.heads)
        catalog.refresh_now()
        return catalog

    # --- what is there --------------------------------------------------------------------------------------

    def persona(self, name: str) -> LoadedPersona:
        """The persona in service; raises NotFound."""
        state = self._snapshot.personas.get(name)
        if state is None or state.loaded is None:
            raise NotFound(f"There is no persona `{name}`.")
        return state.loaded

    def state(self, name: str) -> PersonaState:
        """The persona with its problems, in service or not; raises NotFound."""
        state = self._snapshot.personas.get(name)
        if state is None:
            raise NotFound(f"There is no persona `{name}`.")
        return state

    def personas(self) -> list[PersonaState]:
        """Every persona with a file, by name."""
        return list(self._snapshot.personas.values())

    def plugin(self, name: str) -> LoadedPlugin:
        """The plugin in service; raises NotFound."""
        state = self._snapshot.plugins.get(name)
        if state is None or state.loaded is None:
            raise NotFound(f"There is no plugin `{name}`.")
        return state.loaded

    def plugins(self) -> list[PluginState]:
        """Every plugin with a file, by name."""
        return list(self._snapshot.plugins.values())

    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong in both folders, in the order of the files."""
        return self._snapshot.problems

    async def persona_at(self, name: str, version: int | str | None = None) -> LoadedPersona:
        """The persona in service (None), as it was in a version, or as its draft says (`draft`).

        Raises NotFound; Invalid with the problems when that text cannot answer. A draft answers under the
        number of the version it was made on.
        """
        if version is None:
            return self.persona(name)
        if version == "draft":
            row = await self.database.read(lambda tx: versions.draft(tx, name))
            if row.yaml is None:
                raise NotFound(f"The persona `{name}` has no draft.")
            return await asyncio.to_thread(self._other, name, row.base_version, row.yaml, True)
        if not isinstance(version, int) or isinstance(version, bool):
            raise Invalid(f"`{version}` is no version: a number, or `draft`.")
        text = await self.database.read(lambda tx: versions.version(tx, name, version))
        state = self._snapshot.personas.get(name)
        if state and state.loaded and state.loaded.version == version:
            return state.loaded
        return await asyncio.to_thread(self._other, name, version, text.yaml, False)

    def check_text(self, name: str, text: str) -> Checked:
        """The text checked as if it were the persona's file now; blocks while knowledge is built."""
        parsed = parse_persona(name, self.file_of(name), text.encode("utf-8"))
        with self.lock:
            return self._checked(parsed, self._usable(), self._broken())

    def file_of(self, name: str) -> str:
        """The persona's file as problems name it."""
        state = self._snapshot.personas.get(name)
        return state.file if state else shown(self.settings.personas_dir / f"{name}.yaml")

    # --- following the folders ------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Follows both folders until cancelled, by the system's notices and by a look each second."""
        while True:
            folders = [p for p in (self.settings.personas_dir, self.settings.plugins_dir) if p.is_dir()]
            try:
                await self._follow(folders)
            except (OSError, RuntimeError) as error:
                log.warning("catalog.watch", reason=f"no notices from the system, looking each second: {error}")
                await self._look_each_second()

    async def _follow(self, folders: list[Path]) -> None:
        if not folders:
            await asyncio.sleep(_RESCAN_MS / 1000)
            await self._refresh_or_log()
            return
        notices = awatch(
            *folders,
            watch_filter=None,
            debounce=200,
            step=40,
            rust_timeout=_RESCAN_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        async for _ in notices:
            await self._refresh_or_log()

    async def _look_each_second(self) -> None:
        while True:
            await asyncio.sleep(_RESCAN_MS / 1000)
            await self._refresh_or_log()

    async def _refresh_or_log(self) -> None:
        try:
            await self.refresh()
        except Exception:
            log.exception("catalog.refresh")  # the next look tries again; chats go on with what is loaded

    async def refresh(self) -> None:
        """Looks at both folders now and swaps in what changed."""
        await asyncio.to_thread(self.refresh_now)

    def refresh_now(self) -> None:
        """`refresh` for start-up and commands: blocks."""
        with self.lock:
            plugin_files, plugin_problems = self._plugin_files.scan()
            plugin_files = self._descriptions.read(plugin_files)
            persona_files, persona_problems = self._persona_files.scan()
            inputs = (self._what_counts(plugin_files, persona_files), plugin_problems, persona_problems)
            if inputs == self._inputs:
                return
            plugins = self._plugin_states(plugin_files)
            personas = self._persona_states(persona_files, plugins)
            problems = [*plugin_problems, *persona_problems]
            problems += [problem for plugin in plugins.values() for problem in plugin.problems]
            problems += [problem for persona in personas.values() for problem in persona.problems]
            self._snapshot = _Snapshot(personas, plugins, in_order(problems))
            self._inputs = inputs
            self._tell(self._snapshot.problems)

    def forget(self, name: str) -> None:
        """Drops a persona at once whose file was moved away on purpose."""
        with self.lock:
            self._persona_files.forget(name)

    def _what_counts(self, plugins: dict[str, Parsed[PluginSpec]], personas: dict[str, Parsed[PersonaSpec]]) -> object:
        """All that a reload depends on; equal to the last time's when nothing changed."""
        secrets = {name for parsed in plugins.values() for name, _ in parsed.secrets}
        rows = [p.spec.rows for p in plugins.values() if isinstance(p.spec, TablePlugin) and p.spec.rows]
        return (
            tuple(plugins.values()),
            tuple(personas.values()),
            tuple(signature(self.settings.plugins_dir / name) for name in rows),
            self._library.signatures(p.spec for p in personas.values() if p.spec),
            frozenset(name for name in secrets if not self.has_secret(name)),
        )

    def _tell(self, problems: Iterable[Problem]) -> None:
        lines = {str(problem): problem.severity for problem in problems}
        for line, severity in lines.items():
            if line not in self._logged:
                (log.error if severity == "error" else log.warning)(line)
        self._logged = frozenset(lines)

    # --- plugins --------------------------------------------------------------------------------------------

    def _plugin_states(self, files: dict[str, Parsed[PluginSpec]]) -> dict[str, PluginState]:
        pairs = [(p.spec, p.source) for p in files.values() if p.spec and p.source]
        shared: dict[str, list[Problem]] = {}
        for problem in check_tables(pairs):
            shared.setdefault(problem.file, []).append(problem)
        return {name: self._plugin_state(parsed, shared.get(parsed.file, [])) for name, parsed in files.items()}

    def _plugin_state(self, parsed: Parsed[PluginSpec], shared: list[Problem]) -> PluginState:
        problems = [*parsed.problems, *shared]
        if parsed.spec and parsed.source:
            problems += check_rows(parsed.spec, parsed.source, self.settings.plugins_dir)
        problems += [warning for name, warning in parsed.secrets if not self.has_secret(name)]
        told = in_order(problems)
        before = self._snapshot.plugins.get(parsed.name)
        loaded = before.loaded if before else None
        if parsed.spec and not errors_in(told):
            made = LoadedPlugin(parsed.name, parsed.spec, parsed.digest, parsed.meaning, parsed.file, told)
            same = loaded is not None and (loaded.digest, loaded.problems) == (made.digest, made.problems)
            loaded = loaded if same else made
        return PluginState(parsed.name, parsed.file, kind_of(parsed), loaded, told)

    def _usable(self) -> dict[str, LoadedPlugin]:
        return {name: state.loaded for name, state in self._snapshot.plugins.items() if state.loaded}

    def _broken(self) -> frozenset[str]:
        return frozenset(name for name, state in self._snapshot.plugins.items() if state.loaded is None)

    # --- personas -------------------------------------------------------------------------------------------

    def _persona_states(
        self, files: dict[str, Parsed[PersonaSpec]], plugins: dict[str, PluginState]
    ) -> dict[str, PersonaState]:
        usable = {name: state.loaded for name, state in plugins.items() if state.loaded}
        broken = frozenset(plugins) - frozenset(usable)
        checked = {name: self._checked(parsed, usable, broken) for name, parsed in files.items()}
        self._record(checked)
        return {name: self._persona_state(found, usable) for name, found in checked.items()}

    def _persona_state(self, found: Checked, usable: dict[str, LoadedPlugin]) -> PersonaState:
        parsed = found.parsed
        before = self._snapshot.personas.get(parsed.name)
        if not found.sound:
            loaded = self._last_good(parsed.name, usable, before.loaded if before else None)
        else:
            loaded = self._loaded(found, self._heads[parsed.name].version)
        if before and before.loaded and loaded and _same(before.loaded, loaded):
            loaded = before.loaded
        return PersonaState(parsed.name, parsed.file, loaded, found.problems)

    def _checked(self, parsed: Parsed[PersonaSpec], usable: dict[str, LoadedPlugin], broken: frozenset[str]) -> Checked:
        if parsed.spec is None or parsed.source is None:
            return Checked(parsed, parsed.problems, (), None)
        specs = {name: plugin.spec for name, plugin in usable.items()}
        problems = [*parsed.problems, *check_plugins(parsed.spec, parsed.source, specs, broken)]
        knowledge, wrong = self._library.knowledge(parsed.spec, parsed.source)
        mine = tuple(usable[name] for name in parsed.spec.plugins if name in usable)
        return Checked(parsed, in_order([*problems, *wrong]), mine, knowledge)

    def _record(self, checked: dict[str, Checked]) -> None:
        """Gives each sound text whose bytes are new its version."""
        new = []
        for name, found in checked.items():
            last = self._heads.get(name)
            if found.sound and (last is None or last.digest != found.parsed.digest):
                new.append(self.new_version(found, author="file", note=""))
        if new:
            made = self.database.write_now(lambda tx: [versions.record(tx, each) for each in new])
            self._heads.update({each.persona: each for each in made})

    def new_version(self, found: Checked, *, author: str, note: str) -> NewVersion:
        """What a sound text becomes in the table of versions."""
        parsed = found.parsed
        assert parsed.source is not None
        fingerprint, at = self._fingerprint(found), rfc3339(self.clock.now())
        return NewVersion(parsed.name, parsed.digest, fingerprint, parsed.source.text, author, note, at)

    def published(self, made: VersionText) -> None:
        """Takes note of a version that was written elsewhere than here, before its file is looked at."""
        self._heads[made.persona] = made

    def _last_good(
        self, name: str, usable: dict[str, LoadedPlugin], before: LoadedPersona | None
    ) -> LoadedPersona | None:
        """The last good version with what of its plugins and knowledge can be used now."""
        last = self._heads.get(name)
        if last is None:
            return None
        parsed = parse_persona(name, self.file_of(name), last.yaml.encode("utf-8"))
        if not parsed.sound or parsed.spec is None or parsed.source is None:
            return None
        knowledge, wrong = self._library.knowledge(parsed.spec, parsed.source)
        if wrong and before is not None and before.digest == parsed.digest:
            knowledge = before.knowledge
        plugins = _without_doubles(usable[name] for name in parsed.spec.plugins if name in usable)
        return self._loaded(Checked(parsed, (), plugins, knowledge), last.version)

    def _loaded(self, found: Checked, version: int) -> LoadedPersona:
        parsed = found.parsed
        assert parsed.spec is not None
        assert parsed.source is not None
        assert found.knowledge is not None
        return LoadedPersona(
            name=parsed.name,
            version=version,
            fingerprint=self._fingerprint(found),
            spec=parsed.spec,
            yaml=parsed.source.text,
            digest=parsed.digest,
            knowledge=found.knowledge,
            plugins=found.plugins,
            languages=parsed.spec.languages,
        )

    def _fingerprint(self, found: Checked) -> str:
        spec = found.parsed.spec
        assert spec is not None
        assert found.knowledge is not None
        model = self.model_in_force(spec.model)
        parts = [found.parsed.meaning, model, found.knowledge.digest]
        parts += [f"{plugin.name}={plugin.meaning}" for plugin in found.plugins]
        return digest_of("\n".join(parts).encode("utf-8"))[:16]

    def _other(self, name: str, version: int, text: str, draft: bool) -> LoadedPersona:
        """A text that is not the one in service, made ready to answer."""
        found = self.check_text(name, text)
        if errors_in(found.problems) and (draft or not found.parsed.sound):
            which = "The draft" if draft else f"Version {version}"
            errors = [problem.as_dict() for problem in errors_in(found.problems)]
            raise Invalid(f"{which} of the persona `{name}` has errors and cannot answer.", errors=errors)
        loaded = self._loaded(replace(found, plugins=_without_doubles(found.plugins)), version)
        loaded = replace(loaded, archived=name not in self._snapshot.personas)
        key = (name, version, loaded.digest, loaded.fingerprint, *map(id, loaded.plugins))
        with self.lock:
            kept = self._others.setdefault(key, loaded)
            while len(self._others) > _KEPT_VERSIONS:
                self._others.pop(next(iter(self._others)))
        return kept


def _same(one: LoadedPersona, other: LoadedPersona) -> bool:
    return (one.version, one.digest, one.fingerprint) == (
        other.version,
        other.digest,
        other.fingerprint,
    ) and (one.plugins == other.plugins and one.knowledge is other.knowledge)


def _without_doubles(plugins: Iterable[LoadedPlugin]) -> tuple[LoadedPlugin, ...]:
    """The plugins but those that repeat a function's name of an earlier one."""
    names: set[str] = set()
    kept = []
    for plugin in plugins:
        if names.isdisjoint(plugin.functions):
            names.update(plugin.functions)
            kept.append(plugin)
    return tuple(kept)
