"""How calls went, from the audit of the door."""

from __future__ import annotations

from server.storage import Database, calls
from server.storage.turns import CallRow, add_calls

DAY = "2026-11-2"


def row(place: int, function: str, status: str, milliseconds: float, day: int = 3, plugin: str = "crm") -> CallRow:
    at = f"{DAY}{day}T09:00:{place % 60:02d}.{place // 60:03d}Z"
    return CallRow(f"{plugin}{place}", None, None, "v_ann", plugin, function, False, "read", "anonymous", status,
                   "{}", None, milliseconds, 0, at)  # fmt: skip


def test_errors_and_times_are_those_of_calls_that_were_made(database: Database) -> None:
    rows = [row(n, "get", "ok", float(n)) for n in range(1, 97)]
    rows += [row(97, "get", "failed", 97.0), row(98, "get", "timeout", 9_800.0), row(99, "get", "refused", 0.1)]
    rows += [row(100, "get", "ok", 0.0), row(101, "get", "waiting", 0.2), row(102, "set", "refused", 0.1)]
    rows += [row(103, "get", "failed", 1.0, day=1), row(104, "get", "failed", 1.0, plugin="other")]
    database.write_now(lambda tx: add_calls(tx, rows))
    together, each = database.read_now(lambda tx: calls.figures(tx, "crm", f"{DAY}2T00:00:00.000Z"))
    assert each["get"] == calls.Figures(99, 2, 1, 49.0, 94.0)
    assert each["set"] == calls.Figures(0, 0, 1, None, None)
    assert together == calls.Figures(99, 2, 2, 49.0, 94.0)
    assert each["get"].document()["error_rate"] == 0.0202
    assert each["set"].document()["error_rate"] is None
    nothing = database.read_now(lambda tx: calls.figures(tx, "nobody", f"{DAY}2T00:00:00.000Z"))
    assert nothing == (calls.Figures(0, 0, 0, None, None), {})


def test_calls_of_one_function_are_paged_alone(database: Database) -> None:
    rows = [row(n, "get" if n % 3 else "set", "ok", 1.0) for n in range(1, 31)]
    database.write_now(lambda tx: add_calls(tx, rows))
    found: list[calls.CallLine] = []
    cursor = None
    while True:
        lines, cursor = database.read_now(lambda tx, at=cursor: calls.page(tx, "crm", 4, at, "set"))
        found += lines
        if cursor is None:
            break
    assert [line.id for line in found] == [f"crm{n}" for n in range(30, 0, -3)]
    assert {line.user_id for line in found} == {"v_ann"}
