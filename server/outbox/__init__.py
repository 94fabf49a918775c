"""The outbox: what turns left to do, done after them, each kind of work in its own small file.

Work survives a restart, is retried with growing pauses, and never keeps a customer waiting. It begins nothing
of its own and answers nobody.
"""

from server.outbox.worker import Worker

__all__ = ["Worker"]
