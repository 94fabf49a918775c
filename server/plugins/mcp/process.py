"""An MCP server as a program of this machine: started with a clean environment, killed with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import anyio
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from server.outgoing import OutgoingError

MAX_LINE = 2_000_000
_GRACE_SECONDS = 0.5


@contextlib.asynccontextmanager
async def process_streams(
    command: str, args: Sequence[str], env: Mapping[str, str], folder: Path, ended: Callable[[], None]
) -> AsyncIterator[TransportStreams]:
    """The streams of a session with that program; `ended` is told when it has gone. Raises OutgoingError."""
    process = await _started(command, args, env, folder)
    to_us, read = anyio.create_memory_object_stream[SessionMessage | Exception](16)
    write, from_us = anyio.create_memory_object_stream[SessionMessage](16)
    tasks = [asyncio.create_task(_listen(process, to_us, ended)), asyncio.create_task(_speak(process, from_us))]
    try:
        yield read, write
    finally:
        kill(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
        except TimeoutError:
            pass  # it is killed below all the same
        finally:
            kill(process.pid, signal.SIGKILL)
            for task in tasks:
                task.cancel()
            for stream in (to_us, read, write, from_us):
                stream.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await process.wait()


def kill(group: int, how: signal.Signals) -> None:
    """Sends a signal to a program and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, how)


async def _started(
    command: str, args: Sequence[str], env: Mapping[str, str], folder: Path
) -> asyncio.subprocess.Process:
    program = shutil.which(command, path=env.get("PATH") or os.environ.get("PATH"))
    if program is None:
        raise OutgoingError("connect", f"There is no program `{command}` here to start")
    try:
        return await asyncio.create_subprocess_exec(
            program,
            *args,
            env=dict(env),
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=MAX_LINE,
        )
    except (OSError, ValueError) as error:
        raise OutgoingError("connect", f"`{command}` cannot be started: {error}") from None


async def _listen(
    process: asyncio.subprocess.Process,
    to_us: anyio.streams.memory.MemoryObjectSendStream[SessionMessage | Exception],
    ended: Callable[[], None],
) -> None:
    """Lines of the program as messages; a line that is none is told as an error, one that is too long ends it."""
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            await to_us.send(_message(line))
    except (ValueError, anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionError):
        pass  # too long a line, or nobody listens any more: the session ends either way
    finally:
        to_us.close()
        ended()


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


async def _speak(
    process: asyncio.subprocess.Process, from_us: anyio.streams.memory.MemoryObjectReceiveStream[SessionMessage]
) -> None:
    assert process.stdin is not None
    try:
        async for each in from_us:
            process.stdin.write(each.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            await process.stdin.drain()
    except (ConnectionError, anyio.ClosedResourceError):
        pass  # the program is gone, which its closed output tells
