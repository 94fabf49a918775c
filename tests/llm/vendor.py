"""A model's double in a thread of its own, for servers that are processes of their own."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from tests.llm.wires import WireServer


class Vendor:
    """`script` what the model `gpt-test` answers next, look at what was `sent`, `close` it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.wire = WireServer()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self.wire.__aenter__(), self.loop).result(30)

    def script(self, *answers: Any) -> None:
        self.wire.forget("gpt-test")
        self.wire.script("gpt-test", list(answers))

    def sent(self, at: int = -1) -> dict[str, Any]:
        return self.wire.requests[at]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.wire.__aexit__(None, None, None), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
