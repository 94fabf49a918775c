"""`python -m console --host 127.0.0.1 --port 8501`: serves the console. `rapport console` does the same."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading


def main() -> None:
    """Reads the arguments and serves until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m console", description="Serve Rapport's console.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--until-stdin-ends", action="store_true", help="End with the program that started it.")
    given = parser.parse_args()
    if given.until_stdin_ends:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    from console.addresses import from_environment
    from console.app import create_app

    create_app(from_environment()).run(config={"server.address": given.host, "server.port": given.port})


def _end_with_stdin() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(0)  # the console keeps nothing that would have to be put away


if __name__ == "__main__":
    main()
