"""Step 7: what the customer told, brought together with what the functions stored and the mirror held."""

from __future__ import annotations

from server.clock import rfc3339
from server.leads import book
from server.leads.book import Place
from server.leads.types import Said
from server.plugins import CallResult
from server.storage.leads import FieldRow
from server.turn.order import Parts, Turn


async def capture(turn: Turn, parts: Parts) -> Turn:
    """Fills `found`: rows in the order in which later ones replace earlier ones."""
    collect, into = turn.persona.spec.collect, turn.persona.spec.collect.into
    place = Place(turn.now, turn.timezone, turn.locale or turn.language)
    said = [Said("customer" if m.role == "customer" else "assistant", m.text, m.id) for m in turn.history]
    said.append(Said("customer", turn.order.text, turn.accepted.message_id))
    rows: list[FieldRow] = []
    if into:
        for call in turn.forced:
            if _is_of(call, into.plugin) and isinstance(call.value, dict) and _in_step(turn):
                rows += book.from_function(call.value, collect, (), place, is_get=True)
        for call in turn.calls:
            if _is_of(call, into.plugin) and call.effect == "write":
                rows += book.from_function(call.arguments, collect, said, place)
    turn.found = rows + book.from_words(turn.heard.fields.values(), rfc3339(turn.now))
    return turn


def _is_of(call: CallResult, plugin: str) -> bool:
    return call.plugin == plugin and call.status == "ok"


def _in_step(turn: Turn) -> bool:
    """Whether a difference in the mirror is somebody's change, not our own write that is still under way."""
    return turn.lead is None or turn.lead.sync == "ok"
