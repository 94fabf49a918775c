"""Starting the server, and the way into the console."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer
import uvicorn

from server.cli import logs
from server.errors import WrongSetting
from server.settings import read

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the server.")]
ConsolePort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the console.")]
RoleName = Literal["viewer", "editor", "developer", "admin"]


def up(host: Host = "127.0.0.1", port: Port = 8000, console_port: ConsolePort = 8501) -> None:
    """Start what there is: the server. Ctrl-C stops it."""
    serve(host, port)


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Start the server alone."""
    settings = read(host=host, port=port)
    logs.configure(settings)
    listening = _listen(host, port)
    with listening:
        from server.api import create_app
        from server.service import open_service

        app = create_app(open_service(settings))
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=35,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
        )
        address = f"http://{_shown(host)}:{port}"
        typer.echo(f"Rapport serves at {address} (its API: {address}/docs). Ctrl-C stops it.")
        kept = settings.data_dir / "admin-token"
        typer.echo(f"The admin token is in {'RAPPORT_ADMIN_TOKEN' if settings.admin_token else kept}.")
        _Quiet(config).run(sockets=[listening])


class _Quiet(uvicorn.Server):
    """Ends with status 0 after Ctrl-C or SIGTERM: it was asked to, and turns have finished."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    """The socket to serve on. Raises WrongSetting when the port is busy or not ours to take."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise WrongSetting(f"--host {host}: there is no such address on this machine.") from None
    listening = socket.socket(family, kind, proto)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise WrongSetting(
                f"Port {port} on {host} is busy: stop what listens there, or choose another with --port."
            ) from None
        raise WrongSetting(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
    return listening


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def signin_link(
    user: Annotated[str, typer.Option(help="E-mail of the person.")] = "admin@localhost",
    role: Annotated[RoleName | None, typer.Option(help="Set their role; a new person is admin.")] = None,
) -> None:
    """Print a new single-use link to the console, good for ten minutes."""
    settings = read()
    logs.configure(settings, quiet=True)
    from server.auth import Authority
    from server.clock import SYSTEM
    from server.storage import open_database

    database = open_database(settings.database)
    try:
        token = Authority(database, SYSTEM).signin_link(user, role)
    finally:
        database.close()
    base = settings.console_url or "http://127.0.0.1:8501"
    typer.echo(f"{base.rstrip('/')}/signin?token={token}")
