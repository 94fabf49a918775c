"""What a caller orders, and the one `Turn` that the steps hand on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

from server.catalog import Catalog, LoadedPersona
from server.catalog.plugin_spec import Role
from server.clock import Clock
from server.leads.planner import Directive, PlannerState
from server.leads.signals import TurnSignals
from server.leads.types import Extraction, Plan
from server.llm import Models
from server.llm.types import FinishReason, Function, FunctionCall, Message, ModelFault, Passage, Request, Usage
from server.plugins import Bound, CallResult, Door
from server.storage import Database
from server.storage.confirmations import Confirmation
from server.storage.leads import FieldRow, LeadRow
from server.storage.turns import AcceptedTurn, StoredMessage
from server.turn.events import EventLog


@dataclass(frozen=True, slots=True)
class Carried:
    """What a program that carries a chat brings along, beside the customer's message.

    `earlier` are the messages before it as the program has them, `context` what the program tells of its own,
    `functions` those it runs itself. `exchange` are calls of them with their results, after the customer's message;
    `resumes` is the turn that waited for these. `is_vouched` is false for a program of the customer's own.
    """

    earlier: tuple[Message, ...] = ()
    context: tuple[str, ...] = ()
    functions: tuple[Function, ...] = ()
    exchange: tuple[Message, ...] = ()
    resumes: str | None = None
    is_vouched: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """A message as it was ordered, with who sends it. `user_id` comes from the credential alone.

    `version` and `model` are an editor's wishes; None means what is published and what the persona says.
    `confirm` is the id of what a button answered. `opens` is the id for a conversation that is to begin.
    """

    persona: str
    text: str
    user_id: str
    trust: str
    user_name: str | None = None
    conversation_id: str | None = None
    client_message_id: str | None = None
    locale: str | None = None
    timezone: str | None = None
    channel: str = "api"
    model: str | None = None
    version: int | Literal["draft"] | None = None
    test: bool = False
    role: Role = "visitor"
    confirm: str | None = None
    confirm_yes: bool = False
    opens: str | None = None
    carried: Carried = Carried()

    def body(self) -> bytes:
        """What makes two messages the same."""
        pressed = {"confirm": [self.confirm, self.confirm_yes]} if self.confirm else {}
        return orjson.dumps(
            {
                **pressed,
                "persona": self.persona,
                "text": self.text,
                "conversation_id": self.conversation_id,
                "locale": self.locale,
                "model": self.model,
                "version": self.version,
                "test": self.test,
            },
            option=orjson.OPT_SORT_KEYS,
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """The rooms that a turn works with."""

    database: Database
    catalog: Catalog
    models: Models
    door: Door
    clock: Clock
    secrets: Callable[[], tuple[str, ...]] = tuple


_REPORTS = {
    "en": {
        "ok": "That is done: {title}.",
        "declined": "All right, I have left it: {title}.",
        "failed": "I cannot say that this was done: {title}. A person has to look into it.",
    },
    "zh": {
        "ok": "已经为您办好：{title}。",
        "declined": "好的，没有办理：{title}。",
        "failed": "暂时不能确认是否办理成功：{title}。需要由同事核实。",
    },
}


@dataclass(slots=True)
class Turn:
    """One turn on its way through the steps; each step fills its own part and reads those before it."""

    order: Order
    persona: LoadedPersona
    accepted: AcceptedTurn
    models: tuple[str, ...]
    log: EventLog
    now: datetime
    started: float
    bound: Bound

    # gather
    history: list[StoredMessage] = field(default_factory=list)
    lead: LeadRow | None = None
    state: PlannerState = field(default_factory=PlannerState)
    forced: list[CallResult] = field(default_factory=list)
    timezone: str | None = None
    locale: str | None = None
    before: str | None = None
    pending: Confirmation | None = None

    # consent
    confirmed: CallResult | None = None
    declined: str = ""
    title: str = ""

    # plan
    language: str = "en"
    signals: TurnSignals | None = None
    heard: Extraction = field(default_factory=Extraction)
    found: list[FieldRow] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    plan: Plan | None = None
    directive: Directive | None = None

    # prompt
    request: Request | None = None
    functions: list[Function] = field(default_factory=list)

    # loop and check
    text: str = ""
    calls: list[CallResult] = field(default_factory=list)
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    faults: list[ModelFault] = field(default_factory=list)
    interrupted: bool = False
    cut: list[str] = field(default_factory=list)
    waiting: Confirmation | None = None
    question: str = ""
    reason: FinishReason = "stop"
    handed: tuple[FunctionCall, ...] = ()

    timings: dict[str, float] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    def known(self) -> Mapping[str, str]:
        """Values of the lead by field, and what this message told."""
        held = {name: row.normalised for name, row in (self.lead.fields if self.lead else {}).items() if row.plausible}
        held.update({name: found.normalised for name, found in self.heard.fields.items() if found.plausible})
        return held

    def report(self) -> str:
        """What came of something that the customer confirmed or declined, for an answer without a language model."""
        if not self.title:
            return ""
        came = self.confirmed.status if self.confirmed else "declined"
        words = _REPORTS["zh" if self.language == "zh" else "en"]
        return words.get(came, words["failed"]).format(title=self.title)

    def all_calls(self) -> list[CallResult]:
        """Forced calls first, then the model's, in their order."""
        return [*self.forced, *self.calls]


def call_line(call: CallResult) -> dict[str, Any]:
    """A call as the chat answer tells it."""
    return {
        "plugin": call.plugin,
        "function": call.function,
        "forced": call.forced,
        "status": call.status,
        "milliseconds": round(call.milliseconds, 1),
    }


def running_line(turn: Turn, function: str, *, forced: bool) -> dict[str, Any]:
    """A call that has begun, as its event tells it."""
    plugin = next((p.name for p in turn.persona.plugins if function in p.functions), "")
    return {"plugin": plugin, "function": function, "forced": forced, "status": "running"}
