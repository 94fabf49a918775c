"""The executor `mcp`: tools of a server that speaks the Model Context Protocol, each pinned to what was approved.

A tool is a function only while its server tells of it what a developer approved, word for word. The SDK is imported
when a server is first connected to, since that costs half a second.
"""

from server.plugins.mcp.pins import Definition, ToolState, states
from server.plugins.mcp.tools import ToolExecutor, load
from server.plugins.mcp.watching import Servers

__all__ = ["Definition", "Servers", "ToolExecutor", "ToolState", "load", "states"]
