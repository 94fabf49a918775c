"""Where the server is, and where the console itself stands, as the environment says."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """`server`: the API's origin as the console sees it. `console`: this console's origin as browsers see it."""

    server: str
    console: str

    @property
    def is_https(self) -> bool:
        """Whether browsers come by https, so that cookies can be kept to it."""
        return self.console.startswith("https://")


def from_environment() -> Addresses:
    """`RAPPORT_SERVER_URL` and `RAPPORT_CONSOLE_URL`, without a trailing slash."""
    return Addresses(
        server=os.environ.get("RAPPORT_SERVER_URL", "").rstrip("/") or "http://127.0.0.1:8000",
        console=os.environ.get("RAPPORT_CONSOLE_URL", "").rstrip("/") or "http://127.0.0.1:8501",
    )
