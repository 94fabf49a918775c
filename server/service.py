"""The whole service: every room opened in order, and closed in the other. `api` and `cli` stand on it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from server.auth import Authority, Caller, CustomerKeys, Keys, load_keys
from server.auth.identity import Identity
from server.auth.members import Members
from server.auth.oidc import CompanySignIn
from server.auth.vault import Vault
from server.catalog import Catalog, LoadedPlugin
from server.catalog.plugin_spec import TablePlugin
from server.catalog.spec import Collect
from server.catalog.studio import Studio
from server.clock import SYSTEM, Clock, rfc3339
from server.errors import Forbidden, Invalid, NotFound, WrongSetting
from server.leads.edit import edit
from server.leads.missed import Hand, likely_field, place_of
from server.llm import Lane, Models, load_vendors
from server.outbox import Worker
from server.outgoing import Outgoing, Own
from server.plugins import Bound, Door
from server.plugins.secrets import PluginSecrets
from server.settings import Settings
from server.storage import Database, Transaction, audit, conversations, leads, new_id, open_database, people, tools
from server.storage import secrets as stored_secrets
from server.storage.leads import LeadRow, MissedRow
from server.storage.people import CustomerRow
from server.storage.secrets import SecretRow
from server.turn import Parts, Turns
from server.turn.person import People

_log = structlog.get_logger("service")
_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class ChatCustomer:
    """For whom a message is: made from the caller's credential, or by an editor's wish as a test."""

    id: str
    trust: str
    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    channel: str | None = None
    is_test: bool = False


class _Loaded:
    """The plugins in service by name, as the door wants to see them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @property
    def plugins(self) -> Mapping[str, LoadedPlugin]:
        return {state.name: state.loaded for state in self._catalog.plugins() if state.loaded}


def _rows_changed(plugin: LoadedPlugin) -> int:
    """When the CSV file that fills a plugin's table was last changed; 0 without one."""
    rows = plugin.spec.rows if isinstance(plugin.spec, TablePlugin) else None
    try:
        return (Path(plugin.file).parent / rows).stat().st_mtime_ns if rows else 0
    except OSError:
        return 0


@dataclass
class Unspoken:
    """The values that no answer may hold; those of plugins follow the files."""

    own: tuple[str, ...]
    plugins: PluginSecrets
    values: tuple[str, ...] = ()

    def follow(self, loaded: Iterable[LoadedPlugin]) -> None:
        """Takes in what the plugins in service name."""
        self.values = (*self.own, *self.plugins.named_in(loaded))

    def __call__(self) -> tuple[str, ...]:
        return self.values or self.own


@dataclass
class Service:
    """Everything that runs. Make it with `open_service`, `start` it in a loop, `stop` it at the end."""

    settings: Settings
    clock: Clock
    keys: Keys
    database: Database
    outgoing: Outgoing
    catalog: Catalog
    studio: Studio
    models: Models
    door: Door
    authority: Authority
    customer_keys: CustomerKeys
    turns: Turns
    people: People
    worker: Worker
    unspoken: Unspoken
    secrets: PluginSecrets
    vault: Vault
    identity: Identity
    members: Members
    company: CompanySignIn
    _looks: tuple[str, set[tuple[str, str, str]]] = field(default_factory=lambda: ("", set()))
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    _prepared: frozenset[object] = frozenset()
    plugin_problems: list[tuple[str, str]] = field(default_factory=list)

    async def start(self, *, watch: bool = True) -> None:
        """Prepares plugin tables and models, follows the folders, works the outbox."""
        await self._prepare_plugins()
        self._tasks.append(asyncio.create_task(self.models.prepare()))
        if watch:
            self._tasks.append(asyncio.create_task(self.catalog.watch()))
            self._tasks.append(asyncio.create_task(self._follow_plugins()))
        self._tasks.append(asyncio.create_task(self.worker.run()))

    async def stop(self) -> None:
        """Lets turns finish, then closes room after room."""
        await self.turns.close()
        await self.authority.finish()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        await self.models.close()
        await self.door.tools.close()
        await self.outgoing.close()
        self.door.close()
        self.database.close()

    async def _follow_plugins(self) -> None:
        """Makes or checks the tables of plugins whenever the catalog has loaded another text of one."""
        while True:
            await asyncio.sleep(0.5)
            await self._prepare_plugins()

    async def _prepare_plugins(self) -> None:
        loaded = [state.loaded for state in self.catalog.plugins() if state.loaded]
        self.secrets.take_in(await self.database.read(stored_secrets.everyone))
        digests = frozenset((plugin.digest, _rows_changed(plugin)) for plugin in loaded) | self.secrets.revision
        if digests == self._prepared:
            return
        self.unspoken.follow(loaded)
        self.plugin_problems = await self.door.prepare(loaded)
        for name, message in self.plugin_problems:
            _log.warning("plugin_problem", plugin=name, message=message)
        self._prepared = digests

    async def customer_of(
        self, caller: Caller, as_user: str | None, conversation_id: str | None, client_message_id: str | None = None
    ) -> ChatCustomer:
        """For whom the caller chats: a visitor for themselves alone; an editor for a named test user, for the
        customer of the conversation they go on with, or for a fresh visitor: the same one when the message comes
        again under its id."""
        now = rfc3339(self.clock.now())
        if caller.kind == "visitor":
            name = caller.name or None
            return ChatCustomer(caller.id, caller.trust, name, caller.locale, caller.timezone, caller.channel)
        if not caller.may("editor"):
            raise Forbidden("Chatting needs the role editor.")

        def work(tx: Transaction) -> ChatCustomer:
            user_id, test = as_user, as_user is not None
            if conversation_id:
                held = conversations.find(tx, conversation_id, caller.owner)
                if as_user and held.user_id != as_user:
                    raise Invalid("This conversation is another customer's than `as_user` says.")
                user_id, test = held.user_id, held.test
                if not held.test and held.channel != "console":
                    raise Forbidden("This is a customer's own conversation; nobody else may write in it.")
            trust = "verified" if user_id else "anonymous"
            user_id = user_id or _visitor_of(caller, client_message_id)
            row = people.customer(tx, user_id)
            if row is None:
                row = CustomerRow(user_id, trust, channel="console")
                people.put_customer(tx, row, now)
            return ChatCustomer(
                row.id, "verified" if as_user else row.trust, row.name, row.locale, row.timezone, row.channel, test
            )

        return await self.database.write(work)

    async def edit_lead(
        self, lead_id: str, fields: Mapping[str, str | None], opted_out: bool | None, actor: str
    ) -> LeadRow:
        """A person's edit of a lead, with the mirror told."""
        lead = await self.database.read(lambda tx: leads.find(tx, lead_id))
        collect, plugins = self.collected(lead.persona)
        return await self.database.write(
            lambda tx: edit(tx, lead_id, fields, opted_out, collect, plugins, self.door, actor, self.clock)
        )

    def collected(self, persona: str) -> tuple[Collect, Sequence[LoadedPlugin]]:
        """What a persona collects now, and its plugins; nothing when it is out of service."""
        try:
            loaded = self.catalog.persona(persona)
        except NotFound:
            return Collect(), ()
        return loaded.spec.collect, loaded.plugins

    def hand(self, persona: str, actor: str) -> Hand:
        """A person who decides on a lead of that persona."""
        collect, plugins = self.collected(persona)
        return Hand(actor, collect, plugins, self.door, self.clock)

    def likely(self, tx: Transaction, row: MissedRow) -> str | None:
        """The field that missed contact data would fill."""
        return likely_field(row, self.collected(row.persona)[0], place_of(people.customer(tx, row.user_id), self.clock))

    async def put_secret(self, caller: Caller, name: str, value: str, hosts: tuple[str, ...]) -> None:
        """Stores a secret of plugins, encrypted; it is in force when this returns."""
        if not _SECRET_NAME.fullmatch(name) or not self.secrets.may_be_named(name):
            raise Invalid("A secret's name has letters, digits and `_`, and is not one of the server's or a vendor's.")
        now, actor = rfc3339(self.clock.now()), caller.name or caller.id
        row = SecretRow(name, hosts, self.vault.encrypt(value), now, actor)
        await self.database.write(lambda tx: stored_secrets.put(tx, row))
        await self._secrets_changed(caller, "secret_set", name, ", ".join(hosts))

    async def delete_secret(self, caller: Caller, name: str) -> None:
        """Deletes a stored secret; raises NotFound when there is none."""
        if name not in self.secrets.stored_names():
            raise NotFound("No secret of that name is stored.")
        await self.database.write(lambda tx: stored_secrets.take_away(tx, name))
        await self._secrets_changed(caller, "secret_delete", name, "")

    async def _secrets_changed(self, caller: Caller, action: str, name: str, detail: str) -> None:
        await self.note(caller, action, name, detail)
        self.secrets.take_in(await self.database.read(stored_secrets.everyone))
        await self.catalog.refresh()
        await self._prepare_plugins()

    async def note(self, caller: Caller, action: str, thing: str, detail: str = "") -> None:
        """A line of the audit."""
        at, actor = rfc3339(self.clock.now()), caller.name or caller.id
        await self.database.write(lambda tx: people.note(tx, actor, action, thing, at, detail))

    async def look(self, caller: Caller, action: str, thing: str) -> None:
        """A line of the audit for a look at personal data: one for each person, thing and hour."""
        at, actor = rfc3339(self.clock.now()), caller.name or caller.id
        hour = at[:13]
        if self._looks[0] != hour:
            self._looks = (hour, set())
        if (actor, action, thing) in self._looks[1]:
            return
        await self.database.write(lambda tx: audit.look(tx, actor, action, thing, at))
        self._looks[1].add((actor, action, thing))

    async def approve_tools(self, plugin: str, digests: Mapping[str, str], by: str) -> None:
        """Lets the model use tools of an MCP server, by the digests that were looked at; noted in the audit."""
        at = rfc3339(self.clock.now())

        def work(tx: Transaction) -> None:
            tools.approve(tx, plugin, digests, by, at)
            for tool, digest in digests.items():
                people.note(tx, by, "approve_tool", f"{plugin} {tool}", at, digest)

        await self.database.write(work)
        self.door.renew(plugin)

    def contact_fields(self) -> list[str]:
        """The names of all personas' fields that make a lead a contact."""
        loaded = [state.loaded for state in self.catalog.personas() if state.loaded]
        return sorted({field.name for each in loaded for field in each.spec.collect.fields if field.is_contact})

    def models_out_of_reach(self) -> list[tuple[str, str]]:
        """(persona, model) where a persona's model cannot be asked now."""
        loaded = [state.loaded for state in self.catalog.personas() if state.loaded and not state.loaded.archived]
        named = [(each.name, self.models.resolve(each.spec.model)) for each in loaded]
        return [(name, model) for name, model in named if not self.models.is_connected(model)]

    def field_names(self, persona: str | None) -> list[str]:
        """The fields of an export: one persona's, or all personas' together, in the order of their files."""
        names: dict[str, None] = {}
        for state in self.catalog.personas():
            if state.loaded and persona in (None, state.name):
                names.update(dict.fromkeys(f.name for f in state.loaded.spec.collect.fields))
        return list(names)


def _visitor_of(caller: Caller, client_message_id: str | None) -> str:
    """A visitor's id, new but for a message that comes again."""
    if client_message_id is None:
        return new_id("v")
    return "v_" + hashlib.sha256(f"{caller.kind}\n{caller.id}\n{client_message_id}".encode()).hexdigest()[:43]


def _signer(identity: Identity) -> Callable[[str, Bound], str]:
    def sign(host: str, bound: Bound) -> str:
        who = {"sub": bound.user_id, "trust": bound.trust, "persona": bound.persona}
        return identity.token(host, {**who, "conversation": bound.conversation_id})

    return sign


def open_service(settings: Settings, *, clock: Clock = SYSTEM, lanes: Mapping[str, Lane] | None = None) -> Service:
    """Opens every room; raises WrongSetting with one clear line. Blocks; needs no loop."""
    keys = load_keys(settings)
    vendors = load_vendors(settings.vendors)
    for name, folder in (("PERSONAS", settings.personas_dir), ("PLUGINS", settings.plugins_dir)):
        if not folder.is_dir():
            raise WrongSetting(f"RAPPORT_{name}_DIR: there is no folder {folder}.")
    outgoing = Outgoing(settings.allow_hosts, own=Own(settings.port))
    customer_keys = CustomerKeys(settings.customer_keys, outgoing)
    models = Models(settings, vendors, lanes)
    database = open_database(settings.database)
    try:
        vault = Vault(keys.secret_key, keys.older_secret_keys)
        plugin_secrets = PluginSecrets(vendors, vault)
        plugin_secrets.take_in(database.read_now(stored_secrets.everyone))
        identity = Identity(settings.data_dir, settings.public_url or "rapport", clock)
        catalog = Catalog.open(settings, database, clock, has_secret=plugin_secrets.has, model_in_force=models.resolve)
        door = Door(
            _Loaded(catalog),
            database,
            outgoing,
            plugin_secrets.get,
            clock,
            stdio=settings.allow_stdio,
            sign=_signer(identity),
        )
        authority = Authority(database, clock)
        authority.keep_admin_key(keys.admin_token)
        unspoken = Unspoken(
            (
                *vendors.secrets(),
                keys.secret_key,
                *keys.older_secret_keys,
                keys.admin_token,
                *filter(None, (settings.oidc_client_secret,)),
            ),
            plugin_secrets,
        )
        turns = Turns(Parts(database, catalog, models, door, clock, unspoken))
        return Service(
            settings,
            clock,
            keys,
            database,
            outgoing,
            catalog,
            Studio(catalog),
            models,
            door,
            authority,
            customer_keys,
            turns,
            People(database, turns, door, clock),
            Worker(database, catalog, models, door, clock, busy=lambda: turns.under_way > 0),
            unspoken,
            plugin_secrets,
            vault,
            identity,
            Members(database, clock),
            CompanySignIn(settings, keys.secret_key, database, outgoing, clock),
        )
    except BaseException:
        database.close()
        raise
