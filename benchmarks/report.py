"""What a run says: medians of rounds, and ratios taken within each round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

Figures = Mapping[str, float]
Round = Mapping[str, Figures]
"""Figures by `SYSTEM@CONCURRENCY`."""

AIM_THROUGHPUT, AIM_FORCED = 0.4, 0.55


def throughput(rounds: Sequence[Round], systems: Sequence[str], together: int) -> dict[str, Any]:
    """For each system the medians, and beside the floor: throughput's ratio and milliseconds added when alone."""
    return {system: _system(rounds, system, together) for system in systems}


def _system(rounds: Sequence[Round], system: str, together: int) -> dict[str, float]:
    alone, many = f"{system}@1", f"{system}@{together}"

    def over(figure: Callable[[Round], float]) -> float:
        return round(median(figure(each) for each in rounds), 3)

    return {
        "answers_per_second": over(lambda r: r[many]["answers_per_second"]),
        "ratio_to_floor": over(lambda r: r[many]["answers_per_second"] / r[f"floor@{together}"]["answers_per_second"]),
        "cpu_ms": over(lambda r: r[many]["cpu_ms"]),
        "whole_p99_ms": over(lambda r: r[many]["whole_p99"]),
        "alone_first_text_ms": over(lambda r: r[alone]["first_text_p50"]),
        "alone_whole_ms": over(lambda r: r[alone]["whole_p50"]),
        "added_first_text_ms": over(lambda r: r[alone]["first_text_p50"] - r["floor@1"]["first_text_p50"]),
        "added_whole_ms": over(lambda r: r[alone]["whole_p50"] - r["floor@1"]["whole_p50"]),
    }


def forced(rounds: Sequence[Round]) -> dict[str, float]:
    """Milliseconds of an answer with the function forced and with the model calling it, and their ratio."""
    return {
        "forced_ms": round(median(r["forced"]["whole_p50"] for r in rounds), 1),
        "not_forced_ms": round(median(r["unforced"]["whole_p50"] for r in rounds), 1),
        "ratio": round(median(r["forced"]["whole_p50"] / r["unforced"]["whole_p50"] for r in rounds), 3),
    }


def table(found: Mapping[str, Any]) -> str:
    """The report for a terminal."""
    together = found["together"]
    heads = ("answers/s", "of floor", "CPU ms", "p99 ms", "first text ms", "whole ms", "memory MB")
    lines = [f"{'':24}{f'{together} at a time':^36}{'one at a time':^30}"]
    lines.append(
        f"{'':24}"
        + "".join(f"{head:>9}" for head in heads[:4])
        + "".join(f"{h:>15}" for h in heads[4:6])
        + f"{heads[6]:>12}"
    )
    for name, row in found["throughput"].items():
        first = f"{row['alone_first_text_ms']:.1f} ({row['added_first_text_ms']:+.1f})"
        whole = f"{row['alone_whole_ms']:.1f} ({row['added_whole_ms']:+.1f})"
        lines.append(
            f"{name:24}{row['answers_per_second']:9.0f}{row['ratio_to_floor']:9.2f}{row['cpu_ms']:9.2f}"
            f"{row['whole_p99_ms']:9.0f}{first:>15}{whole:>15}{found['memory_mb'][name]:12.0f}"
        )
    return "\n".join([*lines, "", *_aims(found)])


def _aims(found: Mapping[str, Any]) -> list[str]:
    fast, call = found["throughput"]["rapport, fast lane"], found["forced"]
    return [
        f"fast lane / floor at {found['together']}: {fast['ratio_to_floor']:.2f} "
        f"(aim: at least {AIM_THROUGHPUT}) {_verdict(fast['ratio_to_floor'] >= AIM_THROUGHPUT)}",
        f"force_call: {call['forced_ms']:.0f} ms on, {call['not_forced_ms']:.0f} ms off, ratio {call['ratio']:.2f} "
        f"(aim: at most {AIM_FORCED}) {_verdict(call['ratio'] <= AIM_FORCED)}",
    ]


def _verdict(reached: bool) -> str:
    return "reached" if reached else "MISSED"
