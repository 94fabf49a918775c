"""Leads: the list, one with its evidence, edits, erasure, exports, and contact data that was missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import Field

from console.client.shape import Page, Shape, page_of
from console.client.transport import Transport

Stage = Literal["exposed", "engaged", "helped", "asked", "contact_captured", "qualified", "meeting"]
STAGES: Final[tuple[Stage, ...]] = (
    "exposed",
    "engaged",
    "helped",
    "asked",
    "contact_captured",
    "qualified",
    "meeting",
)
Sort = Literal["-created_at", "created_at", "-updated_at", "updated_at", "persona", "-stage", "stage"]
SORTS: Final[tuple[Sort, ...]] = (
    "-created_at",
    "created_at",
    "-updated_at",
    "updated_at",
    "persona",
    "-stage",
    "stage",
)
Format = Literal["csv", "csv_excel", "jsonl"]
LocalText = str | dict[str, str] | None
CONTACT_TYPES: Final = frozenset({"phone", "email", "wechat"})


class Value(Shape):
    """A field's value with where it came from. `by`: customer, function, person or external."""

    value: str
    normalised: str = ""
    by: str = ""
    quote: str | None = None
    message_id: str | None = None
    at: str = ""


class Lead(Shape):
    """One lead as a list shows it."""

    id: str
    user_id: str
    persona: str
    stage: Stage
    exit: Literal["annoyed", "opted_out"] | None = None
    contact: bool = False
    opted_out: bool = False
    created_at: str
    updated_at: str
    conversation_ids: tuple[str, ...] = ()
    sync: str = ""
    fields: Mapping[str, Value] = Field(default_factory=dict)


class Asked(Shape):
    """What became of asking for a field. `outcome`: never, ignored, refused or answered."""

    times: int = 0
    last_at: str | None = None
    outcome: str = "never"


class Change(Shape):
    """One change of a field; `value` None: it was emptied."""

    field: str
    value: str | None = None
    by: str = ""
    actor: str = ""
    at: str = ""


class LeadInFull(Lead):
    """One lead with what was asked and how its fields changed, newest first."""

    asked: Mapping[str, Asked] = Field(default_factory=dict)
    history: tuple[Change, ...] = ()


class Erasure(Shape):
    """What erasing a lead's person would remove, counted."""

    leads: int = 0
    conversations: int = 0
    messages: int = 0
    calls: int = 0
    mirror_rows: int = 0
    tokens: int = 0


class Missed(Shape):
    """Contact data that was said and not stored. `field`: the one it seems to be for."""

    id: str
    persona: str
    lead_id: str | None = None
    conversation_id: str = ""
    message_id: str = ""
    field: str | None = None
    text: str
    sentence: str = ""
    reason: str = ""
    status: str = "open"
    at: str = ""


class FormField(Shape):
    """One field that a persona collects."""

    name: str
    type: str = "text"
    label: LocalText = None


class Form(Shape):
    """What a persona collects, in the order of its form."""

    title: LocalText = None
    fields: tuple[FormField, ...] = ()


class PersonaName(Shape):
    """A persona to choose; `fingerprint` changes whenever its text does."""

    name: str
    title: LocalText = None
    fingerprint: str | None = None


class Talk(Shape):
    """A conversation of a lead, in a line."""

    id: str
    created_at: str
    updated_at: str
    test: bool = False
    preview: str | None = None
    message_count: int = 0


@dataclass(frozen=True, slots=True)
class LeadQuery:
    """What a list of leads is narrowed to. `since` and `until` are RFC 3339."""

    q: str = ""
    stage: str = ""
    persona: str = ""
    contact: bool | None = None
    since: str = ""
    until: str = ""
    test: bool = False

    def as_query(self) -> dict[str, str | bool | None]:
        """The parameters of a call."""
        return {
            "q": self.q,
            "stage": self.stage,
            "persona": self.persona,
            "contact": self.contact,
            "from": self.since,
            "to": self.until,
            "test": self.test or None,
        }


class Leads:
    """`/leads` and what they are drawn with."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, query: LeadQuery, *, sort: Sort, page: int, limit: int) -> Page[Lead]:
        """A page of leads, 1-based."""
        asked = {**query.as_query(), "sort": sort, "page": page, "limit": limit}
        return page_of(Lead, self._transport.json("GET", "/leads", query=asked))

    def one(self, lead_id: str) -> LeadInFull:
        """One lead. Raises Refused (404) when there is none."""
        return LeadInFull.model_validate(self._transport.json("GET", _path(lead_id)))

    def talks(self, lead: Lead) -> tuple[Talk, ...]:
        """The lead's conversations, the last changed first; at most fifty."""
        chosen = set(lead.conversation_ids)
        found: list[Talk] = []
        for test in (False, True):
            query = {"user_id": lead.user_id, "persona": lead.persona, "test": test, "limit": 50}
            found += page_of(Talk, self._transport.json("GET", "/conversations", query=query)).items
            if found:
                break
        return tuple(talk for talk in found if talk.id in chosen)

    def set_fields(self, lead_id: str, fields: Mapping[str, str | None]) -> None:
        """Sets (text) and empties (None) fields as a person's word. Raises Refused (422) for what does not fit."""
        self._transport.json("PATCH", _path(lead_id), body={"fields": dict(fields)})

    def set_opted_out(self, lead_id: str, opted_out: bool) -> None:
        """Whether the person may be contacted."""
        self._transport.json("PATCH", _path(lead_id), body={"opted_out": opted_out})

    def erasure(self, lead_id: str) -> Erasure:
        """What `erase` would remove."""
        return Erasure.model_validate(self._transport.json("GET", _path(lead_id) + "/erasure"))

    def erase(self, lead_id: str) -> None:
        """Erases the person everywhere."""
        self._transport.json("DELETE", _path(lead_id))

    def export(self, query: LeadQuery, kind: Format) -> bytes:
        """All leads of a filter as a file."""
        asked = {**query.as_query(), "bom": True if kind == "csv_excel" else None}
        return self._transport.raw("GET", "/leads.jsonl" if kind == "jsonl" else "/leads.csv", query=asked)

    def missed(self, *, persona: str = "", test: bool = False, page: int = 1, limit: int = 20) -> Page[Missed]:
        """A page of what is still to decide, newest first."""
        query = {"persona": persona, "test": test or None, "page": page, "limit": limit}
        return page_of(Missed, self._transport.json("GET", "/leads/missed", query=query))

    def accept(self, missed_id: str, field: str, value: str | None = None) -> Missed:
        """Stores it in the lead. Raises Refused (422) when it does not fit the field."""
        return self._decide(missed_id, "accept", {"field": field, **({"value": value} if value else {})})

    def dismiss(self, missed_id: str) -> Missed:
        """Takes it off the list."""
        return self._decide(missed_id, "dismiss", None)

    def reopen(self, missed_id: str) -> Missed:
        """Undoes either decision."""
        return self._decide(missed_id, "reopen", None)

    def personas(self) -> tuple[PersonaName, ...]:
        """The personas to choose from."""
        return page_of(PersonaName, self._transport.json("GET", "/personas")).items

    def form(self, persona: str) -> Form:
        """What a persona collects. Raises Refused (404) when it is gone."""
        answer = self._transport.json("GET", f"/personas/{quote(persona, safe='')}")
        collect = (answer.get("spec") or {}).get("collect") or {}
        return Form.model_validate({"title": answer.get("title"), "fields": collect.get("fields") or ()})

    def _decide(self, missed_id: str, what: str, body: Any) -> Missed:
        answer = self._transport.json("POST", f"/leads/missed/{quote(missed_id, safe='')}/{what}", body=body)
        return Missed.model_validate(answer["missed"])


def _path(lead_id: str) -> str:
    return f"/leads/{quote(lead_id, safe='')}"
