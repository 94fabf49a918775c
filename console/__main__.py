"""`python -m console --host 127.0.0.1 --port 8501`: serves the console. `rapport console` does the same."""

from __future__ import annotations

import argparse
import logging


def main() -> None:
    """Reads the arguments and serves until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m console", description="Serve Rapport's console.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    from console.addresses import from_environment
    from console.app import create_app

    create_app(from_environment()).run(config={"server.address": given.host, "server.port": given.port})


if __name__ == "__main__":
    main()
