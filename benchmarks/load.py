"""Load on one server: on Rapport's chat, or on the OpenAI wire. Prints one line of JSON.

`python -m benchmarks.load rapport URL PERSONA --concurrency 16 --requests 400`
`python -m benchmarks.load wire URL MODEL --concurrency 16 --requests 400`

Every request is a streamed answer, timed from the sending to the first text and to the end of the stream. On
Rapport each is the first message of a new conversation of one of a pool of visitors, made before the measurement.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import orjson
import uvloop

WARM_UP = 10
VISITORS = 64  # more than ever go at once, since one visitor's messages are accepted one after the other
LONGEST_SECONDS = 60.0
_MESSAGES = (
    "What does the Fleet plan cost for twelve vans?",
    "We ship vaccines. Which logger measures well enough for that, and how long does its battery last?",
    "How quickly can we start, and is our data safe with you?",
    "Hello! What can you do for a small fishmonger?",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a load measured. Times in milliseconds; `bad` are answers with an error or without their end.

    `cpu_ms` is the server's processor time for each answer, 0 when its process is not known.
    """

    answers_per_second: float
    cpu_ms: float
    whole_p50: float
    whole_p99: float
    first_text_p50: float
    first_text_p99: float
    requests: int
    bad: int


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it goes out."""

    url: str
    headers: dict[str, str]
    body: bytes


class Target(Protocol):
    """What to send, and how to read what comes back."""

    first_text: re.Pattern[bytes]

    async def requests(self, session: aiohttp.ClientSession) -> Iterator[Sent]: ...

    def is_whole(self, answer: bytes) -> bool: ...


class Wire:
    """A server that speaks OpenAI's chat completions; `url` ends in `/v1`."""

    first_text = re.compile(rb'"content":\s*"[^"]')  # a chunk that only names the role holds no text

    def __init__(self, url: str, model: str) -> None:
        self._url, self._model = f"{url}/chat/completions", model

    async def requests(self, session: aiohttp.ClientSession) -> Iterator[Sent]:
        system = {"role": "system", "content": "You are a sales assistant. " * 40}
        headers = {"authorization": "Bearer none", "content-type": "application/json"}
        bodies = [
            {"model": self._model, "stream": True, "messages": [system, {"role": "user", "content": text}]}
            for text in _MESSAGES
        ]
        return cycle([Sent(self._url, headers, orjson.dumps(body)) for body in bodies])

    def is_whole(self, answer: bytes) -> bool:
        return b"data: [DONE]" in answer


class Rapport:
    """A persona of a running server. An answer by the stand-in, or without its function call, counts as bad."""

    first_text = re.compile(rb"event: delta\n")

    def __init__(self, url: str, persona: str) -> None:
        self._url, self._persona = f"{url}/api/v1", persona

    async def requests(self, session: aiohttp.ClientSession) -> Iterator[Sent]:
        tokens = [await self._visitor(session) for _ in range(VISITORS)]
        bodies = [orjson.dumps({"persona": self._persona, "message": {"text": text}}) for text in _MESSAGES]
        url = f"{self._url}/chat"
        pairs = zip(cycle(tokens), cycle(_spread(bodies)), strict=False)
        return (Sent(url, _event_stream(token), body) for token, body in pairs)

    async def _visitor(self, session: aiohttp.ClientSession) -> str:
        async with session.post(f"{self._url}/visitors", json={"locale": "en"}) as made:
            made.raise_for_status()
            return str((await made.json())["token"])

    def is_whole(self, answer: bytes) -> bool:
        _, _, end = answer.partition(b"event: end\n")
        is_answered = b'"model":"standin"' not in end and b'"calls":[{' in end
        return is_answered and not re.search(rb'"status":"(?!ok)', end)


def _event_stream(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "accept": "text/event-stream", "content-type": "application/json"}


def _spread(bodies: list[bytes]) -> list[bytes]:
    """The bodies in an order whose length has no divisor with the pool's, so that visitors say different things."""
    return [*bodies, bodies[0]]


async def measure(target: Target, concurrency: int, requests: int, warm_up: int = WARM_UP, pid: int = 0) -> Figures:
    """Sends that many requests, so many at a time; each must end within `LONGEST_SECONDS`."""
    timeout = aiohttp.ClientTimeout(total=LONGEST_SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        waiting = await target.requests(session)
        for _ in range(warm_up):
            await _answered(session, target, next(waiting))
        timed: list[tuple[float, float, bool]] = []
        left = iter(range(requests))

        async def worker() -> None:
            for _ in left:
                timed.append(await _answered(session, target, next(waiting)))

        spent, begun = cpu_seconds(pid), time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return _figures(timed, time.perf_counter() - begun, cpu_seconds(pid) - spent)


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, with all its threads."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _answered(session: aiohttp.ClientSession, target: Target, sent: Sent) -> tuple[float, float, bool]:
    """Seconds to the first text and to the end, and whether the answer was good."""
    begun, first, answer = time.perf_counter(), None, b""
    async with session.post(sent.url, data=sent.body, headers=sent.headers) as response:
        async for part in response.content.iter_any():
            answer += part
            if first is None and target.first_text.search(answer):
                first = time.perf_counter()
        ended = time.perf_counter()
        good = response.status == 200 and first is not None and target.is_whole(answer)
    return (first or ended) - begun, ended - begun, good


def _figures(timed: list[tuple[float, float, bool]], seconds: float, spent: float) -> Figures:
    first, whole = sorted(one[0] for one in timed), sorted(one[1] for one in timed)
    return Figures(
        answers_per_second=round(len(timed) / seconds, 1),
        cpu_ms=round(1000 * spent / len(timed), 2),
        whole_p50=_quantile(whole, 0.5),
        whole_p99=_quantile(whole, 0.99),
        first_text_p50=_quantile(first, 0.5),
        first_text_p99=_quantile(first, 0.99),
        requests=len(timed),
        bad=sum(not good for _, _, good in timed),
    )


def _quantile(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)


def _read(arguments: list[str] | None = None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("rapport", "wire"))
    parser.add_argument("url")
    parser.add_argument("name", help="the persona, or the model")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=WARM_UP)
    parser.add_argument("--pid", type=int, default=0, help="process of the server, to tell its processor time")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    given = _read()
    chosen: Target = (Rapport if given.kind == "rapport" else Wire)(given.url, given.name)
    figures = uvloop.run(measure(chosen, given.concurrency, given.requests, given.warm_up, given.pid))
    print(orjson.dumps(asdict(figures)).decode())
