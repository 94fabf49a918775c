"""The HTTP API: one file a noun. A route reads the request, calls one function of a room, shapes the answer.

No logic and no SQL here; every route carries a rule of `server.auth.rules`.
"""

from server.api.app import create_app

__all__ = ["create_app"]
