"""How quickly the console's pages settle over many leads: `python -m benchmarks.console [--quick]`.

A real SQLite file with 10,000 leads and 5,000 conversations (chats copied under new ids), a real server, a console
behind a proxy that counts its calls, and a real Chromium. Writes `benchmarks/results/DATE-COMMIT-console.json`.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson
from playwright.sync_api import Browser, Page, Position, sync_playwright

from benchmarks.machine import machine
from console.pages import PAGES
from tests.browser import find_browser
from tests.conftest import furnish
from tests.console.conftest import Visitors, settled
from tests.console.house import House
from tests.running import RAPPORT, clean_environment, free_port

RESULTS = Path(__file__).parent / "results"
LEADS, CONVERSATIONS, LOOKS = 10_000, 5_000, 5
AIM_SECONDS, AIM_CALLS = 1.0, 5
TALKS = (
    ("en", ("What does it cost?", "We are Harbour Light Robotics", "My number is +49 151 23456789")),
    ("zh-CN", ("你好，你们是做什么的？", "我们是青禾物流", "打我电话 13800138000")),
)
_LINES = {
    "conversations": '[class*="st-key-conversation_row_"] a',
    "leads": ".st-key-lead_table .dvn-scroller",
    "personas": 'a[href*="persona?name="]',
}
_CELL: Position = {"x": 60, "y": 54}
_TALK_TABLES = ("customer", "conversation", "turn", "message")
_LEAD_TABLES = ("lead", "lead_field", "lead_change")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@dataclass
class Counter:
    """A proxy before the server that counts what goes through."""

    server: str
    calls: int = 0
    port: int = field(default_factory=free_port)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serves while the block runs."""
        counter, upstream = self, httpx.Client(base_url=self.server, timeout=60, trust_env=False)

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                counter.calls += self.path != "/readyz"
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                answer = upstream.request(self.command, self.path, content=body, headers=kept)
                self.send_response(answer.status_code)
                self.send_header("content-type", answer.headers.get("content-type", "application/json"))
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_PUT = do_DELETE = _pass

            def log_message(self, format: str, *args: object) -> None:
                pass

        serving = ThreadingHTTPServer(("127.0.0.1", self.port), Door)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            serving.shutdown()
            serving.server_close()
            upstream.close()


@dataclass
class CountedHouse(House):
    """A house whose console calls the server through the counter."""

    counter: Counter | None = None

    @property
    def server_url(self) -> str:
        return f"http://127.0.0.1:{self.counter.port}" if self.counter else self.server.url


def fill(database: Path, leads: int, conversations: int) -> None:
    """Copies the seed chats until there are so many; each copy some minutes older than the one before."""
    with closing(sqlite3.connect(database)) as rows, rows:
        seeds = [row[0] for row in rows.execute("SELECT user_id FROM lead")]
        parts = {
            seed: {table: _rows_of(rows, table, seed) for table in (*_TALK_TABLES, *_LEAD_TABLES)} for seed in seeds
        }
        for copy in range(1, leads // len(seeds)):
            tables = (
                (*_TALK_TABLES, *_LEAD_TABLES) if copy < conversations // len(seeds) else ("customer", *_LEAD_TABLES)
            )
            for seed in seeds:
                for table in tables:
                    _copy(rows, table, parts[seed][table], _ids(parts[seed]), copy)


def _rows_of(rows: sqlite3.Connection, table: str, user: str) -> list[dict[str, Any]]:
    wanted = {
        "customer": "id = :u",
        "conversation": "user_id = :u",
        "turn": "conversation_id IN (SELECT id FROM conversation WHERE user_id = :u)",
        "message": "conversation_id IN (SELECT id FROM conversation WHERE user_id = :u)",
        "lead": "user_id = :u",
        "lead_field": "lead_id IN (SELECT id FROM lead WHERE user_id = :u)",
        "lead_change": "lead_id IN (SELECT id FROM lead WHERE user_id = :u)",
    }[table]
    found = rows.execute(f"SELECT * FROM {table} WHERE {wanted}", {"u": user})
    names = [one[0] for one in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _ids(parts: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {str(row["id"]) for rows in parts.values() for row in rows if isinstance(row.get("id"), str)}


def _copy(rows: sqlite3.Connection, table: str, found: list[dict[str, Any]], ids: set[str], copy: int) -> None:
    for row in found:
        changed = {name: _changed(value, ids, copy) for name, value in row.items() if not _is_own_number(name, value)}
        names, places = ", ".join(f'"{name}"' for name in changed), ", ".join("?" * len(changed))
        rows.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(changed.values()))


def _is_own_number(name: str, value: object) -> bool:
    return name == "id" and isinstance(value, int)


def _changed(value: object, ids: set[str], copy: int) -> object:
    if isinstance(value, str) and value in ids:
        return f"{value}{copy}"
    if isinstance(value, str) and _TIME.fullmatch(value):
        moved = datetime.fromisoformat(value) - timedelta(minutes=4 * copy)
        return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def looks(browser: Browser, house: CountedHouse, times: int) -> dict[str, dict[str, float]]:
    """Seconds from click to settled page (median) and calls (most) by page.

    Listed pages open by a click in the sidebar, details by a click on the first line of their list; of details also
    the seconds when their address is opened cold.
    """
    visitors = Visitors(browser, house)
    page = visitors("/")
    found: dict[str, dict[str, float]] = {}
    for entry in PAGES:
        seen = [_by_click(page, house, entry.path, entry.parent) for _ in range(times)]
        name = entry.path or "home"
        found[name] = {"seconds": round(median(one[0] for one in seen), 3), "calls": max(one[1] for one in seen)}
        if entry.parent in _LINES:
            found[name]["cold"] = round(median(_opened(page, house, entry.path) for _ in range(times)), 3)
        print(f"{name:16}{found[name]['seconds']:7.2f} s{found[name]['calls']:4} calls", file=sys.stderr, flush=True)
    visitors.look_back()
    return found


def _by_click(page: Page, house: CountedHouse, path: str, parent: str) -> tuple[float, int]:
    start = parent or ("models" if path != "models" else "plugins")
    page.goto(f"{house.console_url}/{start}")
    settled(page)
    assert house.counter is not None
    line = page.locator(_LINES.get(parent) or f'[data-testid="stSidebarNavLink"][href$="/{path}"]').first
    line.wait_for()
    at = _CELL if parent == "leads" else None
    if at:
        line.hover(position=at)  # a drawn table knows its line by the pointer
    before, begun = house.counter.calls, page.evaluate("performance.now()")
    line.click(position=at)
    page.wait_for_function("path => location.pathname === '/' + path", arg=path)
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    settled(page)
    return _seconds(page, begun), house.counter.calls - before


def _opened(page: Page, house: CountedHouse, path: str) -> float:
    query = {"persona": "?name=guide"}.get(path) or f"?id={_first(house, path + 's')}"
    page.goto(f"{house.console_url}/{path}{query}")
    settled(page)
    return _seconds(page, 0)


def _first(house: House, noun: str) -> str:
    return str(house.api.get(f"/{noun}", params={"limit": 1}).json()["items"][0]["id"])


def _seconds(page: Page, begun: float) -> float:
    return float(page.evaluate("begun => (window.rapportSettling.since - begun) / 1000", begun))


def second_start(folder: Path) -> float:
    """Seconds from `rapport up` to its sign-in link, in a folder where it ran before."""
    command = [str(RAPPORT), "up", "--port", str(free_port()), "--console-port", str(free_port())]
    taken = 0.0
    for _ in range(2):
        begun = time.monotonic()
        up = subprocess.Popen(command, cwd=folder, env=clean_environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE)
        assert up.stdout is not None
        for line in up.stdout:
            if line.startswith(b"Sign in"):
                break
        taken = time.monotonic() - begun
        up.terminate()
        up.wait(60)
    return round(taken, 2)


def run(times: int, share: float) -> dict[str, Any]:
    """Everything in one run; the figures, ready for JSON."""
    leads, conversations = int(LEADS * share), int(CONVERSATIONS * share)
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as name:
        house = CountedHouse(furnish(Path(name)))
        house.counter = Counter(house.server.url)
        with house.counter.running():
            try:
                house.start()
                for locale, lines in TALKS:
                    visitor = house.server.visitor(locale)
                    for line in lines:
                        visitor.say(line)
                house.server.stop()
                fill(house.folder / "data" / "rapport.db", leads, conversations)
                house.start_server()
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
                    pages = looks(browser, house, times)
                    browser.close()
            finally:
                house.close()
        started = second_start(house.folder)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "leads": leads,
        "conversations": conversations,
        "pages": pages,
        "second_start_seconds": started,
    }


def table(found: dict[str, Any]) -> str:
    """The report as Markdown."""
    lines = ["| page | seconds from click | calls | opened cold |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {row['seconds']:.2f} | {row['calls']} | {row.get('cold', '')} |"
        for name, row in found["pages"].items()
    ]
    slow = [name for name, row in found["pages"].items() if row["seconds"] > AIM_SECONDS or row["calls"] > AIM_CALLS]
    told = f"Aim (at most {AIM_SECONDS:.0f} s and {AIM_CALLS} calls): " + (
        f"missed by {', '.join(slow)}." if slow else "reached."
    )
    return "\n".join([*lines, "", told, f"Second start by `make up`: {found['second_start_seconds']:.1f} s."])


def main() -> int:
    """Runs and reports. A missed aim is told and is no failure: the machine may be busy."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description="Measures the console's pages.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, each page twice")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    found = run(2 if given.quick else LOOKS, 0.1 if given.quick else 1.0)
    quick = "-quick" if given.quick else ""
    file = given.out / f"{datetime.now(UTC):%Y-%m-%d-%H%M}-{machine()['commit']}-console{quick}.json"
    file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
