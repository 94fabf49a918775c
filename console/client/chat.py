"""Chatting as a customer would, watching an answer come, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import quote

from console.client.conversations import Conversation
from console.client.errors import ServerAway
from console.client.leads import Lead
from console.client.shape import Shape, page_of
from console.client.transport import StreamEvent, Transport

Version = int | Literal["draft"] | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A button under an answer that asks to confirm: the id of what it asks, and whether it was yes."""

    id: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What a customer says, and to whom. `version` and `model` None: as published; `as_user` None: a fresh visitor.

    The same `client_message_id` again never says it twice: the server goes on with the turn that it began.
    """

    persona: str
    text: str
    client_message_id: str
    conversation_id: str | None
    locale: str
    version: Version
    model: str | None
    as_user: str | None
    test: bool
    confirm: Confirmed | None = None


class Started(Shape):
    """The message is stored."""

    conversation_id: str
    turn_id: str


class Ran(Shape):
    """A function that has begun (`running`) or ended."""

    plugin: str
    function: str
    status: str


class Delta(Shape):
    """More of the answer's text."""

    text: str


class TakenBack(Shape):
    """What was said; `stays` names what could not be undone."""

    text: str
    stays: tuple[str, ...] = ()


class Ended(Shape):
    """The answer is whole and stored."""

    conversation_id: str
    turn_id: str


class Broken(Shape):
    """The turn failed; the message is kept."""

    title: str = ""
    detail: str = ""


Event = Started | Ran | Delta | Ended | Broken
_SHAPES: dict[str, type[Started | Ran | Delta | Ended]] = {
    "start": Started,
    "call": Ran,
    "delta": Delta,
    "end": Ended,
}


@dataclass(frozen=True, slots=True)
class Models:
    """Which model answers where a persona names none, and which others are connected."""

    default: str
    connected: tuple[str, ...]


class Chat:
    """`/chat`, and a conversation as the one who chats sees it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def say(self, message: Message) -> Iterator[Event]:
        """The events of the answer as they come, ending in Ended or Broken.

        Raises ServerAway when the stream is cut: the same message may be said again.
        """
        body = {
            "persona": message.persona,
            "message": {"text": message.text},
            "client_message_id": message.client_message_id,
            "conversation_id": message.conversation_id,
            "locale": message.locale,
            "version": message.version,
            "model": message.model,
            "as_user": message.as_user,
            "test": True if message.test else None,
            "confirm": asdict(message.confirm) if message.confirm else None,
        }
        said = {name: value for name, value in body.items() if value is not None}
        return _read(self._transport.events("POST", "/chat", body=said))

    def watch(self, turn_id: str) -> Iterator[Event]:
        """A turn's events from the first. Raises Refused (404) when a restart has cut it."""
        return _read(self._transport.events("GET", f"/turns/{quote(turn_id, safe='')}/events"))

    def models(self) -> Models:
        """The models to choose from."""
        answer = self._transport.json("GET", "/models")
        ready = (vendor["default_model"] for vendor in answer["items"] if vendor["connected"])
        return Models(str(answer["default"]), tuple(model for model in ready if model))

    def take_back(self, conversation_id: str) -> TakenBack:
        """Removes the last message with all that came of it. Raises Refused (409) while it is being answered."""
        return TakenBack.model_validate(self._transport.json("POST", _path(conversation_id) + "/takeback"))

    def lead(self, of: Conversation) -> Lead | None:
        """The lead as the conversation's customer has it with its persona."""
        found = page_of(Lead, self._transport.json("GET", "/leads", query={**_whose(of), "limit": 1}))
        return found.items[0] if found.items else None

    def lead_as_csv(self, of: Conversation) -> bytes:
        """That lead alone as a CSV that spreadsheets open."""
        return self._transport.raw("GET", "/leads.csv", query={**_whose(of), "bom": True})


def _path(conversation_id: str) -> str:
    return f"/conversations/{quote(conversation_id, safe='')}"


def _whose(conversation: Conversation) -> dict[str, str | bool]:
    return {"user_id": conversation.user_id, "persona": conversation.persona, "test": conversation.test}


def _read(stream: Iterator[StreamEvent]) -> Iterator[Event]:
    with closing(stream) as events:  # type: ignore[type-var]
        for event in events:
            if event.name == "error":
                yield Broken.model_validate(_problem(event.data))
                return
            shape = _SHAPES.get(event.name)
            if shape is None:
                continue
            yield shape.model_validate(event.data)
            if shape is Ended:
                return
    raise ServerAway("the stream was cut")


def _problem(data: Mapping[str, Any]) -> Mapping[str, Any]:
    nested = data.get("problem")
    return nested if isinstance(nested, dict) else data
