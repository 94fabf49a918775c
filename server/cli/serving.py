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

from server.cli import console_address, logs
from server.cli.console_process import ConsoleProcess
from server.errors import WrongSetting
from server.settings import OPERATOR, Settings, read

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the server.")]
ConsolePort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the console.")]
RoleName = Literal["viewer", "editor", "developer", "admin"]


def up(host: Host = "127.0.0.1", port: Port = 8000, console_port: ConsolePort = 8501) -> None:
    """Start server and console, and print one sign-in link. Ctrl-C stops both."""
    settings = read(host=host, port=port)
    logs.configure(settings)
    listening = _listen(host, port, "--port")
    _listen(host, console_port, "--console-port").close()
    here = ConsoleProcess.start(settings, host, console_port, server=_origin(host, port))
    try:
        with console_address.kept(settings.data_dir, here.origin):
            here.when_ready(lambda: typer.echo(f"Sign in: {_link(settings, OPERATOR, None, here.origin)}"))
            _serve(settings, listening, host, port)
    finally:
        here.stop()


def console(
    host: Host = "127.0.0.1",
    console_port: Annotated[
        int, typer.Option("--console-port", "--port", min=1, max=65535, help="Port of the console.")
    ] = 8501,
) -> None:
    """Start the console alone. RAPPORT_SERVER_URL says where the server is."""
    settings = read()
    _listen(host, console_port, "--console-port").close()
    server = settings.server_url or "http://127.0.0.1:8000"
    here = ConsoleProcess.start(settings, host, console_port, server=server)
    with console_address.kept(settings.data_dir, here.origin):
        here.wait(
            lambda: typer.echo(
                f"The console is at {here.origin}, for the server at {server}. Ctrl-C stops it.\n"
                "Sign in with a link: rapport signin-link"
            )
        )


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Start the server alone."""
    settings = read(host=host, port=port)
    logs.configure(settings)
    _serve(settings, _listen(host, port, "--port"), host, port)


def _serve(settings: Settings, listening: socket.socket, host: str, port: int) -> None:
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
        address = _origin(host, port)
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


def _listen(host: str, port: int, option: str) -> socket.socket:
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
                f"Port {port} on {host} is busy: stop what listens there, or choose another with {option}."
            ) from None
        raise WrongSetting(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
    return listening


def _origin(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def signin_link(
    user: Annotated[str, typer.Option(help="E-mail of the person.")] = OPERATOR,
    role: Annotated[RoleName | None, typer.Option(help="Set their role; a new person needs one.")] = None,
) -> None:
    """Print a new single-use link to the console, good for ten minutes.

    The first person of an installation is admin; everybody after needs --role once.
    """
    settings = read()
    logs.configure(settings, quiet=True)
    typer.echo(_link(settings, user, role, settings.console_origin))


def _link(settings: Settings, user: str, role: RoleName | None, origin: str) -> str:
    from server.auth import Authority
    from server.clock import SYSTEM
    from server.storage import open_database

    database = open_database(settings.database)
    try:
        token = Authority(database, SYSTEM).signin_link(user, role)
    finally:
        database.close()
    return f"{(settings.console_url or origin).rstrip('/')}/signin?token={token}"
