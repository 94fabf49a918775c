"""Shapes of requests and answers, as the contract fixes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import orjson
from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from server.catalog.spec import NAME_PATTERN
from server.clock import rfc3339
from server.errors import Invalid, NotFound
from server.storage.paging import Paging

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_NAME = re.compile(NAME_PATTERN)


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character") from None
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _not_the_house(value: str) -> str:
    if value == "console":
        raise ValueError("is the channel of the house itself; name another")
    return value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except Exception:
        raise ValueError("is not an IANA time zone such as Europe/Berlin") from None
    return value


def _of_our_time(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2200:
        raise ValueError("is not between 1970 and 2200")
    return value


def _possible_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise NotFound("There is nothing of that id.")
    return value


def _possible_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise NotFound(f"There is nothing of that name; names are {NAME_PATTERN}.")
    return value


def _plain_json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise ValueError("is nested too deeply, or holds half a character or a number of more than 64 bits") from None
    if b"\\u0000" in text:
        raise ValueError("holds a NUL character")
    return value


Clean = Annotated[str, AfterValidator(_storable)]
Short = Annotated[Clean, StringConstraints(max_length=200)]
PlainJson = Annotated[dict[str, Any], AfterValidator(_plain_json)]
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$")]
Zone = Annotated[Short, AfterValidator(_known_zone)]
IdInPath = Annotated[str, Path(), AfterValidator(_possible_id)]
NameInPath = Annotated[str, Path(), AfterValidator(_possible_name)]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
Cursor = Annotated[Short | None, Query(description="`next_cursor` of the page before.")]
PageNumber = Annotated[int | None, Query(alias="page", ge=1, le=1_000_000, description="Which page, from 1.")]
Search = Annotated[Short | None, Query(description="Words to find.")]


class Body(BaseModel):
    """A request's body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class VisitorBody(Body):
    """How a visitor comes: all of it may be left out."""

    locale: Locale | None = None
    timezone: Zone | None = None
    page: Annotated[Clean, StringConstraints(max_length=2000)] | None = None
    channel: Annotated[Short, AfterValidator(_not_the_house)] | None = None


class IdentifyBody(Body):
    """A token by which a customer system vouches for the visitor."""

    customer_token: Annotated[str, StringConstraints(min_length=1, max_length=8000)]


class ChatMessage(Body):
    """What the customer says."""

    text: Annotated[Clean, StringConstraints(max_length=20_000), AfterValidator(_not_blank)]
    images: list[Clean] | None = Field(None, max_length=8)
    audio: Clean | None = None


class Confirm(Body):
    """The button under an answer that asks to confirm: `id` is that of the answer's `confirm`."""

    id: Short
    yes: bool


class ChatBody(Body):
    """A message to a persona. `model`, `version`, `test` and `as_user` are for editors."""

    persona: Short
    message: ChatMessage
    conversation_id: Short | None = None
    client_message_id: Annotated[Clean, StringConstraints(min_length=1, max_length=200)] | None = None
    locale: Locale | None = None
    model: Annotated[Clean, StringConstraints(min_length=1, max_length=200)] | None = None
    version: Annotated[int, Field(ge=1, le=2_000_000_000)] | Literal["draft"] | None = None
    test: bool | None = None
    as_user: Annotated[Clean, StringConstraints(min_length=1, max_length=200)] | None = None
    confirm: Confirm | None = None


class FeedbackBody(Body):
    """A thumb up or down for an answer."""

    message_id: Short
    score: Literal[1, -1]
    comment: Annotated[Clean, StringConstraints(max_length=2000)] | None = None


class SignInBody(Body):
    """The token of a sign-in link."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SaidBody(Body):
    """One message for an extraction."""

    role: Literal["customer", "assistant", "person"]
    text: Annotated[Clean, StringConstraints(max_length=20_000)]


class ExtractBody(Body):
    """Messages from which contact data would be captured."""

    messages: list[SaidBody] = Field(max_length=200)
    asked: Short | None = None
    now: Annotated[datetime, AfterValidator(_of_our_time)] | None = None
    locale: Locale | None = None
    timezone: Zone | None = None


class DraftBody(Body):
    """The text of a draft (`yaml`), or its content (`spec`), and what it was made from."""

    yaml: Annotated[Clean, StringConstraints(max_length=2_000_000)] | None = None
    spec: PlainJson | None = None
    base_version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    base_revision: Annotated[int, Field(ge=0, le=2_000_000_000)]


class PublishBody(Body):
    """Which draft becomes the next version, and a note for the history."""

    base_version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    revision: Annotated[int, Field(ge=0, le=2_000_000_000)]
    note: Annotated[Clean, StringConstraints(max_length=2000)] = ""


class RollbackBody(Body):
    """Which version's text comes back."""

    version: Annotated[int, Field(ge=1, le=2_000_000_000)]
    note: Annotated[Clean, StringConstraints(max_length=2000)] = ""


class NewPersonaBody(Body):
    """A new persona: from `yaml`, as a copy, from a template, or from the commented starting file."""

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
    yaml: Annotated[Clean, StringConstraints(max_length=2_000_000)] | None = None
    copy_of: Annotated[str, StringConstraints(pattern=NAME_PATTERN)] | None = None
    template: Annotated[str, StringConstraints(pattern=NAME_PATTERN)] | None = None


class PassageSearchBody(Body):
    """A customer's question, to see what knowledge has on it. `locale`: where the question does not tell."""

    q: Annotated[Clean, StringConstraints(max_length=2000), AfterValidator(_not_blank)]
    source: Literal["draft", "published"] = "published"
    locale: Locale | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class TryBody(Body):
    """Arguments as a model would send them, and for whom."""

    args: PlainJson = Field(default_factory=dict)
    as_user: Annotated[Clean, StringConstraints(min_length=1, max_length=200)] | None = None


class LeadPatch(Body):
    """What a person sets: a text for a field, null to empty it."""

    fields: dict[Clean, Annotated[Clean, StringConstraints(max_length=2000)] | None] = Field(
        default_factory=dict, max_length=100
    )
    opted_out: bool | None = None


class AcceptMissedBody(Body):
    """Where missed contact data goes, when not where it seems to; its value when it has to be corrected."""

    field: Short | None = None
    value: Annotated[Clean, StringConstraints(max_length=2000)] | None = None


async def _paging(limit: Limit = 50, cursor: Cursor = None, page: PageNumber = None) -> Paging:
    if cursor is not None and page is not None:
        raise Invalid(
            "Give either `cursor` or `page`, not both.", errors=[{"field": "page", "message": "not with cursor"}]
        )
    return Paging(limit, cursor, page)


Paged = Annotated[Paging, Depends(_paging)]


def moment(value: str | None, name: str) -> str | None:
    """A date or time of a query as RFC 3339 in UTC. Raises Invalid."""
    if value is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return rfc3339(datetime.combine(date.fromisoformat(value), time(), UTC))
        parsed = datetime.fromisoformat(value)
        return rfc3339(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise Invalid(f"{name}: needs a date such as 2026-11-23, or a time by RFC 3339.") from None


def listed(items: list[Any], next_cursor: str | None, total: int | None) -> dict[str, Any]:
    """A list in the contract's shape."""
    return {"items": items, "next_cursor": next_cursor, "total": total}
