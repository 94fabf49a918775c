"""The contract's own check, a stranger's program, finds no promise broken; it runs where its file is at hand."""

from __future__ import annotations

import subprocess
import sys

from tests.running import ADMIN, ISSUER, ROOT, SECRET, RunningServer

CORE = ROOT.parent / "shared/accept/core.py"

if CORE.is_file():

    def test_no_promise_of_the_contract_is_broken(own_server: RunningServer) -> None:
        arguments = [sys.executable, str(CORE), own_server.url, ADMIN, f"{ISSUER}={SECRET}"]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
        assert [line for line in done.stdout.splitlines() if line.startswith("BROKEN")] == []
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("ok ") > 50
