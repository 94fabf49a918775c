"""The first page's figures, first steps, and what needs somebody."""

from __future__ import annotations

from typing import Literal

from console.client.shape import Shape
from console.client.transport import Transport


class Day(Shape):
    """One day's counts."""

    conversations: int
    messages: int
    leads: int
    contacts: int


class WeekDay(Shape):
    """A day of the week's chart; `day` is a date such as `2026-11-23`."""

    day: str
    conversations: int
    contacts: int


class FirstSteps(Shape):
    """Which of the first steps are done."""

    chat_tried: bool
    model_connected: bool
    prompt_changed: bool
    published: bool
    lead_seen: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return all(self.model_dump().values())


class Broken(Shape):
    """One thing to mend. Files with an error tell where; 1-based."""

    kind: Literal["plugin", "persona", "mirror", "model"]
    name: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """`personas.d/lan.yaml:12:3`, as far as it is known; the file with the folder it stands in."""
        file = "/".join(self.file.replace("\\", "/").split("/")[-2:])
        return ":".join(str(part) for part in (file, self.line, self.column) if part)


class Totals(Shape):
    """Counts since the beginning."""

    conversations: int
    leads: int


class Overview(Shape):
    """Everything the first page shows."""

    today: Day
    yesterday: Day
    week: tuple[WeekDay, ...]
    totals: Totals
    checklist: FirstSteps
    broken: tuple[Broken, ...]
    missed_open: int
    unanswered: int


class Question(Shape):
    """A customer's question that knowledge had no answer for; `at` is RFC 3339."""

    id: str
    persona: str
    conversation_id: str
    text: str
    at: str


class Overviews:
    """`/overview`, `/questions/unanswered`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def now(self, timezone: str) -> Overview:
        """The overview by the days of an IANA time zone."""
        return Overview.model_validate(self._transport.json("GET", "/overview", query={"timezone": timezone}))

    def unanswered(self, limit: int) -> tuple[Question, ...]:
        """The newest questions without an answer."""
        found = self._transport.json("GET", "/questions/unanswered", query={"limit": limit})
        return tuple(Question.model_validate(one) for one in found["items"])
