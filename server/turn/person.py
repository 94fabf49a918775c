"""Who a conversation belongs to: a visitor who turns out to be a verified user, and a person's erasure.

Both need that person's turns to be quiet, so that nothing comes back after them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from server.auth import Caller, CustomerClaims, mint
from server.auth.authority import verified_credential
from server.clock import Clock, rfc3339
from server.leads.stages import furthest
from server.plugins import Door
from server.storage import Database, Transaction, leads, new_id, people
from server.storage.leads import FieldRow, LeadRow, MissedRow
from server.storage.people import CustomerRow
from server.turn.run import Turns


@dataclass(frozen=True, slots=True)
class Identified:
    """The new token of a customer who is now verified."""

    user_id: str
    token: str


class People:
    """Identifies visitors and erases persons."""

    def __init__(self, database: Database, turns: Turns, door: Door, clock: Clock) -> None:
        self._database, self._turns, self._door, self._clock = database, turns, door, clock

    async def identify(self, caller: Caller, claims: CustomerClaims) -> Identified:
        """Moves a visitor's conversations and leads to the verified user; the visitor's token ends.

        Empty fields of the verified user's lead are filled; what differs waits among the missed for a person.
        A caller who is verified already is never merged into somebody else: they just get the other's token.
        """
        token, at = mint("visitor"), rfc3339(self._clock.now())

        def work(tx: Transaction) -> bool:
            tx.lock(f"person:{claims.user_id}")
            before = people.customer(tx, caller.id)
            known = CustomerRow(
                claims.user_id,
                "verified",
                claims.name,
                claims.locale or (before.locale if before else None),
                before.timezone if before else None,
                before.channel if before else None,
                before.page if before else None,
            )
            people.put_customer(tx, known, at)
            moved = before is not None and before.trust != "verified" and caller.id != claims.user_id
            if moved:
                self._move(tx, caller.id, claims.user_id, at)
            people.end_credential(tx, caller.digest, at)
            people.add_credential(tx, verified_credential(token, claims.user_id, claims.name), created_at=at)
            return moved

        async with self._turns.quiet(caller.id):
            if await self._database.write(work):
                self._turns.shelf.rename_user(caller.id, claims.user_id)
        return Identified(claims.user_id, token)

    def _move(self, tx: Transaction, old: str, new: str, at: str) -> None:
        """The visitor `old` becomes the verified user `new`."""
        for lead in leads.all_of_user(tx, old):
            self._move_lead(tx, lead, new, at)
        leads.hand_over(tx, old, new)
        self._door.rekey(tx, old, new)
        people.end_credentials_of(tx, old, "visitor", at)
        people.remove_customer(tx, old)

    def _move_lead(self, tx: Transaction, lead: LeadRow, new: str, at: str) -> None:
        held = leads.of_user(tx, new, lead.persona, lead.test)
        if held is None:
            leads.put(tx, replace(lead, user_id=new, updated_at=at))
            return
        for row in lead.fields.values():
            if row.name not in held.fields:
                leads.put_field(tx, held.id, row, "identify")
            elif row.normalised != held.fields[row.name].normalised:
                leads.add_missed(tx, _differs(tx, lead, new, row, at), lead.test)
        merged = replace(
            held,
            stage=furthest(held.stage, lead.stage),
            contact=held.contact or lead.contact,
            opted_out=held.opted_out or lead.opted_out,
            exit="opted_out" if held.opted_out or lead.opted_out else held.exit,
            updated_at=at,
        )
        leads.put(tx, merged)
        leads.move_fields(tx, lead.id, held.id)

    async def erase(self, user_id: str, actor: str) -> None:
        """Removes a person everywhere: database, mirror tables of ours, kept events, tokens."""
        at = rfc3339(self._clock.now())

        def work(tx: Transaction) -> None:
            leads.erase_user(tx, user_id)
            self._door.erase(tx, user_id)
            people.note(tx, actor, "erase_person", "lead", at)

        async with self._turns.quiet(user_id):
            await self._database.write(work)
            self._turns.shelf.forget_user(user_id)
        await self._database.compact()


def _differs(tx: Transaction, lead: LeadRow, user_id: str, row: FieldRow, at: str) -> MissedRow:
    reason = "Said before signing in, and it differs from what the verified customer's lead holds."
    conversations = leads.find(tx, lead.id).conversation_ids
    return MissedRow(
        new_id("x"),
        user_id,
        lead.persona,
        conversations[-1] if conversations else "",
        row.message_id or "",
        row.name,
        row.value,
        reason,
        at,
    )
