"""The MariaDB that tests of other databases use. `python tests/mariadb.py` makes sure that there is one.

Root on Debian gets it by apt-get, without a service being started; everybody else is told what to do.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOT_FOUND = "MariaDB tests are SKIPPED: no mariadbd was found (Debian: apt-get install mariadb-server)."
_POLICY = Path("/usr/sbin/policy-rc.d")
_STARTS_WITHIN = 60.0


def find_mariadb() -> str | None:
    """The path of the server's program; None when there is none."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"))
    return shutil.which("mariadbd", path=path)


@contextmanager
def running_mariadb() -> Iterator[str]:
    """The address of a server of its own on a free loopback port, in a folder that goes with it."""
    program = find_mariadb()
    assert program is not None, NOT_FOUND
    with tempfile.TemporaryDirectory(prefix="mariadb-") as folder:
        _made(Path(program), Path(folder))
        port = _free_port()
        server = subprocess.Popen(_command(program, folder, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(server, port, Path(folder))
            yield f"mysql+pymysql://tester:tester@127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait(30)


def main() -> int:
    """Silent when it is there; else installs it, or says loudly that its tests are skipped."""
    if find_mariadb() is None:
        print("Installing MariaDB for the tests of other databases (once) ...", flush=True)
        if not _from_debian():
            print(NOT_FOUND, file=sys.stderr)
    return 0


def _as_user() -> tuple[str, ...]:
    return ("--user=root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()


def _made(program: Path, folder: Path) -> None:
    install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db") or "mariadb-install-db"
    options = ("--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal")
    words = (install, *options, "--skip-test-db", *_as_user())
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    (folder / "init.sql").write_text(
        "CREATE USER tester@'127.0.0.1' IDENTIFIED BY 'tester';\nGRANT ALL ON *.* TO tester@'127.0.0.1';\n"
    )


def _command(program: str, folder: str, port: int) -> tuple[str, ...]:
    small = ("--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M", "--innodb-flush-log-at-trx-commit=0")
    quiet = ("--skip-log-bin", "--skip-name-resolve", "--performance-schema=OFF", "--skip-networking=0")
    place = (f"--datadir={folder}/data", f"--socket={folder}/s", f"--pid-file={folder}/pid", f"--port={port}")
    return (
        program, "--no-defaults", *place, "--bind-address=127.0.0.1", f"--init-file={folder}/init.sql",
        *small, *quiet, f"--log-error={folder}/log.err", *_as_user(),
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    import pymysql

    ends = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="tester", password="tester").close()
            return
        except pymysql.MySQLError:
            if server.poll() is not None or time.monotonic() > ends:
                log = folder / "log.err"
                said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise RuntimeError(f"mariadbd did not start:\n{said}") from None
        time.sleep(0.05)


def _from_debian() -> bool:
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "mariadb-server")
    with _no_service():
        return _quietly(*install) or (_quietly("apt-get", "update", "-qq") and _quietly(*install))


@contextmanager
def _no_service() -> Iterator[None]:
    """Keeps the package from starting its service: Debian asks this file before it starts one."""
    mine = not _POLICY.exists()
    if mine:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if mine:
            _POLICY.unlink()


def _quietly(*command: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
