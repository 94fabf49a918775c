"""The console as an ASGI application: Streamlit with its own routes, headers and words for failures."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from console.addresses import Addresses
from console.gate import Gate
from console.pages import PATHS
from console.signing_in import routes
from console.visit import say
from console.wording import catalog

_log = logging.getLogger("rapport.console")
ENTRY = Path(__file__).parent / "entry.py"


def create_app(addresses: Addresses) -> st.App:
    """The application; `run(config=…)` serves it. Raises yaml.YAMLError when the catalog of words is broken."""
    catalog()
    return st.App(
        ENTRY,
        routes=routes(addresses),
        middleware=[Middleware(Gate, pages=PATHS, console=addresses.console)],
        on_script_error=say_sorry,
    )


def say_sorry(error: Exception) -> bool:
    """Shows a failure of ours in words with a reference, and logs it under that reference."""
    reference = secrets.token_hex(4)
    _log.error("screen failed, reference %s", reference, exc_info=error)
    st.error(say("common.screen_failed", reference=reference), icon=":material/error:")
    return True
