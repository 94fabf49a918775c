"""MCP servers made with the official SDK: one over HTTP on a port of its own, and this file as a program."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from mcp.server.mcpserver import Image, MCPServer


def made() -> MCPServer:
    """A shop: looks up stock, books, and misbehaves on request."""
    shop = MCPServer("shop")

    @shop.tool()
    def stock(sku: str) -> str:
        """How many of a product are there."""
        return f"{sku}: 7"

    @shop.tool()
    def orders(customer_id: str, limit: int = 5) -> dict[str, Any]:
        """The customer's own orders."""
        return {"customer": customer_id, "orders": list(range(limit))}

    @shop.tool()
    def book(day: str) -> str:
        """Books a demo."""
        raise ValueError(f"no room on {day}")

    @shop.tool()
    def photo() -> Image:
        """A picture of the shop."""
        return Image(data=b"\x89PNG" + b"0" * 60, format="png")

    @shop.tool()
    def flood() -> str:
        """More than anybody wants to read."""
        return "x" * 3_000_000

    @shop.tool()
    async def hang() -> str:
        """Never ends."""
        await asyncio.Event().wait()
        return ""

    @shop.tool()
    def surroundings() -> dict[str, str]:
        """What the program was given."""
        return dict(os.environ)

    @shop.tool()
    def die() -> str:
        """Ends the program."""
        os._exit(3)

    return shop


@asynccontextmanager
async def serving(app: Any, port: int = 0) -> AsyncIterator[int]:
    """An ASGI application on a port of this machine."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, ws="none"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve([listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True
        await task


if __name__ == "__main__":
    if len(sys.argv) > 1:
        open(sys.argv[1], "a").close()
    made().run("stdio")
