"""Between steps 2 and 3: the customer's answer to what they were asked to confirm, and the call it allows.

A yes is the customer's own message, read by rule or pressed as a button; it is claimed in a commit of its own before
anything runs, so that it is used once, whatever is cut in between.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

import orjson

from server.leads.signals import language_of
from server.plugins import CallResult
from server.plugins.results import for_model
from server.storage import Transaction, confirmations, new_id
from server.storage.confirmations import Confirmation
from server.turn.order import Parts, Turn, call_line, running_line

OPEN_FOR = timedelta(minutes=30)
"""How long a question can be answered; a word in text answers only the question right before it."""

_YES = re.compile(
    r"(?:(?:yes|yep|yeah|yup|ok|okay|sure|absolutely|definitely|of course|correct|that's right|that is right"
    r"|i (?:do )?confirm|confirm(?:ed)?|go ahead|do it|please do|sounds good|looks good|perfect)[\s,.!]*"
    r"(?:please|thanks|thank you)?[\s,.!]*){1,3}"
    r"|(?:嗯+|是|是的|对|对的|好|好的|行|行的|可以|可以的|没问题|没错|确认|确定|我确认|同意|当然|办理|请办理|就这样|办吧"
    r"|ok|yes)[吧啊呀哦了的]?(?:[\s,.!、]*(?:确认|好的|可以|没问题|请?办理|谢谢你?|谢谢您|麻烦了)吧?)*[\s,.!~]*"
)
_NO = re.compile(
    r"(?:no|nope|nah|cancel(?: it| that)?|don't(?: do it| do that)?|do not(?: do it| do that)?|not now|stop|never mind"
    r"|leave it|rather not|no,? cancel(?: it)?)(?:[\s,.!]*(?:please|thanks|thank you))?[\s,.!]*"
    r"|(?:不|不要|不用|不用了|不需要|取消|先不要|先不|算了|别|别办|不是|不对|不确认|不同意|先等等)[吧啊呀哦了]?"
    r"(?:[\s,.!、]*(?:谢谢|谢谢你|谢谢您|取消))?[\s,.!~]*"
)
_UNKNOWN = "This was begun and then interrupted; whether it was done is not known. Tell the customer so."


async def consent(turn: Turn, parts: Parts) -> Turn:
    """Runs what the customer has said yes to, or lets it go; anything else they say is no answer to it."""
    pending = turn.pending
    if pending is None:
        return turn
    answer = _answer(turn, pending)
    if answer == "no":
        await parts.database.write(lambda tx: confirmations.end(tx, pending.id, "declined"))
        turn.declined, turn.title = pending.function, _title(turn, parts, pending)
    elif answer == "yes" and (result := await _granted(turn, parts, pending)):
        turn.confirmed, turn.title = result, _title(turn, parts, pending)
        turn.calls.append(result)
        turn.log.send("call", call_line(result))
    return turn


def _answer(turn: Turn, pending: Confirmation) -> str | None:
    """`yes`, `no`, or None: by the button of this very question, or in words right after it."""
    order = turn.order
    if order.confirm is not None:
        pressed = "yes" if order.confirm_yes else "no"
        return pressed if order.confirm == pending.id and _is_fresh(turn, pending) else None
    if pending.status == "waiting" and pending.turn_seq != turn.accepted.seq - 1:
        return None
    return yes_or_no(order.text) if _is_fresh(turn, pending) else None


def _is_fresh(turn: Turn, pending: Confirmation) -> bool:
    return pending.status == "started" or turn.now - datetime.fromisoformat(pending.at) <= OPEN_FOR


def _title(turn: Turn, parts: Parts, pending: Confirmation) -> str:
    language = language_of(turn.order.text) or (turn.locale or "en")[:2]
    return parts.door.title(turn.persona.plugins, pending.function, language)


def yes_or_no(text: str) -> str | None:
    """A message that says nothing but yes or no, else None."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("。", ".").split())
    if _NO.fullmatch(plain):
        return "no"
    return "yes" if _YES.fullmatch(plain) else None


async def _granted(turn: Turn, parts: Parts, pending: Confirmation) -> CallResult | None:
    claimed = await parts.database.write(lambda tx: confirmations.claim(tx, pending.id, turn.accepted.turn_id))
    if not claimed:
        return _cut(pending) if pending.status == "started" else None
    turn.log.send("call", running_line(turn, pending.function, forced=False))
    arguments = orjson.loads(pending.arguments)
    result = await parts.door.call(
        turn.persona.plugins, pending.function, arguments, turn.bound, confirmed=pending.digest
    )
    came_of_it: confirmations.Answer = "done" if result.status == "ok" else "failed"
    await parts.database.write(lambda tx: confirmations.end(tx, pending.id, came_of_it))
    return result


def _cut(pending: Confirmation) -> CallResult:
    """A crash came between the customer's yes and the note of what came of it: it is never run again."""
    shown = for_model({"error": _UNKNOWN})
    return CallResult(pending.plugin, pending.function, "failed", shown, 0.0, effect="write", error=_UNKNOWN)


def ask(turn: Turn, result: CallResult) -> str:
    """The question for a call that waits, which takes the place of whatever was to be asked or offered."""
    asked = result.asked
    assert asked is not None
    turn.waiting = Confirmation(
        new_id("k"),
        turn.accepted.conversation_id,
        turn.order.user_id,
        turn.accepted.turn_id,
        turn.accepted.seq,
        result.plugin,
        asked.digest,
        result.function,
        orjson.dumps(asked.arguments).decode(),
        "waiting",
        "",
    )
    turn.question = asked.question
    return asked.question


def keep(turn: Turn, tx: Transaction, at: str) -> None:
    """Stores what the customer was asked, with the answer that asked it."""
    if turn.waiting:
        confirmations.add(tx, replace(turn.waiting, at=at))


def told(turn: Turn) -> dict[str, object] | None:
    """What the customer is asked to confirm, as the chat answer tells it."""
    waiting = turn.waiting
    if waiting is None:
        return None
    return {"id": waiting.id, "plugin": waiting.plugin, "function": waiting.function, "text": turn.question}


def notes(turn: Turn) -> list[str]:
    """What the model is told of the customer's answer."""
    if turn.confirmed is not None:
        words = turn.confirmed.shown.replace("<", "\\u003c")
        name = turn.confirmed.function
        return [f"The customer said yes, and the server has called {name}, once; say what came of it. Result: {words}"]
    if turn.declined:
        return [f"The customer said no to {turn.declined}; it was not done. Do not propose it again unasked."]
    return []
