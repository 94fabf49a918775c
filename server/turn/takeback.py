"""Taking the last message of a test or console conversation back, with all that came of it.

Each such turn keeps what it found: the planner's memory, the lead and the test's own rows. What a person edited
since, and what other conversations brought, stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from server.catalog import LoadedPlugin
from server.catalog.spec import Collect
from server.errors import Invalid, NotFound
from server.leads import book
from server.leads.stages import stage_of
from server.plugins import Bound
from server.storage import Transaction, leads, people, takeback
from server.storage.conversations import ConversationRow
from server.storage.leads import FieldRow, LeadRow
from server.storage.takeback import LastTurn
from server.turn.order import Parts

CONSOLE = "console"
"""The channel of conversations that people of the house have as a customer would."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was said, what is left, and what could not be undone: functions that wrote, columns of a mirror."""

    text: str
    conversation_id: str
    messages_left: int
    stays: tuple[str, ...]
    turn_id: str


@dataclass(frozen=True, slots=True)
class _Back:
    """A turn that is being taken back, with the lead as it is now."""

    conversation: ConversationRow
    turn: LastTurn
    found: Mapping[str, Any]
    lead: LeadRow
    collect: Collect
    plugins: Sequence[LoadedPlugin]
    at: str

    @property
    def captured(self) -> Mapping[str, Mapping[str, Any]]:
        """The fields that the turn changed, as its answer told them."""
        captured: Mapping[str, Mapping[str, Any]] = orjson.loads(self.turn.answer or "{}").get("captured", {})
        return captured

    @property
    def was(self) -> LeadRow | None:
        """The lead as the turn found it; None when there was none."""
        kept = self.found["lead"]
        fields = {name: FieldRow(**row) for name, row in kept["fields"].items()} if kept else {}
        return LeadRow(**{**kept, "fields": fields}) if kept else None


def found_before(tx: Transaction, conversation_id: str, lead: LeadRow | None) -> str:
    """What a turn finds, as JSON: all that is needed to take it back."""
    state, version = takeback.conversation_now(tx, conversation_id)
    kept = asdict(replace(lead, conversation_ids=())) if lead else None
    scratch = takeback.scratch_now(tx, conversation_id)
    return orjson.dumps({"state": state, "version": version, "lead": kept, "scratch": scratch}).decode()


def take_back(tx: Transaction, conversation: ConversationRow, parts: Parts, actor: str, at: str) -> TakenBack:
    """Removes the last turn of the conversation and undoes what it did. Raises Invalid when nothing is left."""
    turn = takeback.last_turn(tx, conversation.id)
    if turn is None:
        raise Invalid("Nothing is left to take back in this conversation.")
    if turn.status == "done" and turn.before is None:
        raise Invalid("This message is older than taking back is; begin a new conversation.")
    stays: list[str] = []
    found = orjson.loads(turn.before) if turn.before else None
    lead = leads.of_user(tx, conversation.user_id, conversation.persona, conversation.test)
    if found and lead and turn.status == "done":
        collect, plugins = _collected(parts, conversation.persona)
        stays = _lead_back(tx, _Back(conversation, turn, found, lead, collect, plugins, at), parts)
    left = takeback.remove_turn(tx, conversation.id, turn)
    state, version = (found["state"], found["version"]) if found else takeback.conversation_now(tx, conversation.id)
    takeback.put_conversation_back(tx, conversation.id, state, version, at)
    if found:
        takeback.put_scratch_back(tx, conversation.id, found["scratch"])
    parts.door.forget(conversation.user_id)
    people.note(tx, actor, "take_back", conversation.id, at)
    return TakenBack(turn.text, conversation.id, left, tuple(stays), turn.id)


def _collected(parts: Parts, persona: str) -> tuple[Collect, Sequence[LoadedPlugin]]:
    try:
        loaded = parts.catalog.persona(persona)
    except NotFound:
        return Collect(), ()
    return loaded.spec.collect, loaded.plugins


def _lead_back(tx: Transaction, back: _Back, parts: Parts) -> list[str]:
    """Puts the lead back; what stays in mirrors and outside."""
    was, fields = back.was, dict(back.lead.fields)
    ours = {name: row for name, row in fields.items() if _is_ours(row, back)}
    for name, row in ours.items():
        before = was.fields.get(name) if was else None
        leads.restore_field(tx, back.lead.id, name, before)
        takeback.forget_change(tx, back.lead.id, name, row.value, row.at)
        fields.pop(name)
        fields.update({name: before} if before else {})
    for name, told in back.captured.items():
        takeback.forget_change(tx, back.lead.id, name, told["value"], told["at"])
    moved_on = _has_moved_on(tx, back)
    if was is None and not fields and not moved_on:
        takeback.remove_lead(tx, back.lead.id)
    else:
        leads.put(tx, _columns_back(back, fields, moved_on))
    return _mirror_back(tx, back, fields, list(ours), parts)


def _is_ours(row: FieldRow, back: _Back) -> bool:
    """Whether the taken message, or what a function did with it, put this value there."""
    told = back.captured.get(row.name)
    from_turn = told is not None and (told["value"], told["at"]) == (row.value, row.at)
    return from_turn or row.message_id in back.turn.message_ids


def _has_moved_on(tx: Transaction, back: _Back) -> bool:
    """Whether a person or another conversation has changed how the lead stands since."""
    talk = back.conversation
    state = orjson.loads(takeback.conversation_now(tx, talk.id)[0])
    if back.lead.opted_out != bool(state.get("opted_out")):
        return True
    since = back.turn.ended_at or back.at
    return takeback.went_on_elsewhere(tx, talk.user_id, talk.persona, talk.test, talk.id, since)


def _columns_back(back: _Back, fields: dict[str, FieldRow], moved_on: bool) -> LeadRow:
    was, lead = back.was, back.lead
    same = was is not None and was.fields == fields
    contact = was.contact if was and same else book.has_contact(fields, back.collect)
    lead = replace(lead, contact=contact, fields=fields, updated_at=back.at)
    if moved_on:
        return lead
    stage = stage_of(
        before=was.stage if was else "exposed",
        customer_turns=0,
        helped=False,
        asked=False,
        contact=contact,
        known={name for name, row in fields.items() if row.plausible},
        collect=back.collect,
    )
    left = (was.exit, was.opted_out) if was else (None, False)
    return replace(lead, stage=stage, exit=left[0], opted_out=left[1])


def _mirror_back(
    tx: Transaction, back: _Back, fields: Mapping[str, FieldRow], names: Sequence[str], parts: Parts
) -> list[str]:
    """Tells the mirror of a console conversation; a test wrote to rows of its own, which are put back whole."""
    if back.conversation.test:
        return []
    into, lead = back.collect.into, back.lead
    stays = [call for call in back.turn.writes if into is None or not call.startswith(f"{into.plugin}.")]
    if into is None:
        return stays
    customer = people.customer(tx, lead.user_id)
    trust = customer.trust if customer else "anonymous"
    bound = Bound(lead.user_id, trust, back.conversation.id, lead.persona)  # type: ignore[arg-type]
    rows = [fields[name] for name in names if name in fields]
    book.tell_mirror(tx, lead, rows, back.collect, back.plugins, parts.door, bound, back.at)
    gone = [name for name in names if name not in fields]
    left = book.empty_mirror(tx, lead, gone, back.collect, parts.door)
    return stays + [f"{into.plugin}: {column}" for column in left]
