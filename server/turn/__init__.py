"""The turn: what happens between a customer's message and the answer, one file a step, `run.py` lists them.

A turn is its own task and goes on when the caller goes away. This room writes no SQL, calls no model and no
function itself: storage, `llm` and the door of `plugins` do.
"""

from server.turn.events import EventLog
from server.turn.order import Order, Parts, Turn
from server.turn.run import Turns

__all__ = ["EventLog", "Order", "Parts", "Turn", "Turns"]
