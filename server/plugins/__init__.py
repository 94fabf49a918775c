"""Plugins: the functions that a persona may use, and the one door through which every call of them passes.

The door decides permission, refuses what the server binds, checks arguments, binds last, and sets a deadline.
The executors behind it (`http`, `table`) are this room's own business: nothing else may import them. A plugin
never sees the conversation, never learns who the customer is but from what the server binds, and never breaks
a turn: what goes wrong comes back as a result.
"""

from server.catalog import LoadedPlugin
from server.plugins.call import Catalog, Door, MirrorNames
from server.plugins.types import Bound, CallResult, CallStatus, Waiting

__all__ = ["Bound", "CallResult", "CallStatus", "Catalog", "Door", "LoadedPlugin", "MirrorNames", "Waiting"]
