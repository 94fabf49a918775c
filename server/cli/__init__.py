"""The `rapport` command: each command reads its arguments, calls one function of a room, prints the outcome.

Exit status: 0 fine, 1 the work found problems, 2 wrong usage or a wrong setting.
"""

from server.cli.app import main

__all__ = ["main"]
