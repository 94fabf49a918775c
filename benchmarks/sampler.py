"""A profile by samples: what Python was doing every so often in processor time.

The kernel's profiling timer counts processor time of the whole process, so waiting costs nothing in it; how fine
it ticks is the kernel's choice (often 4 ms). Each tick looks at the main thread; when that one idles in its loop,
at the threads that work beside it. What C code costs is told of the Python function that called it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

TICK_SECONDS = 0.001
IDLE = ("uvloop and idle threads", "-")
_ROOT = str(Path(__file__).parents[1]) + "/"
_WAITING = frozenset({"wait", "_wait_for_tstate_lock", "run", "run_forever", "_run", "_worker", "get", "select"})


class Sampler:
    """Counts from `start` to `stop`; must be used in the main thread."""

    def __init__(self) -> None:
        self.own: Counter[tuple[str, str]] = Counter()
        self.within: Counter[tuple[str, str]] = Counter()
        self.rooms: Counter[str] = Counter()
        self.seconds = 0.0
        self._begun = 0.0

    def start(self) -> None:
        """Sets the timer; from here on the process must not end before `stop`."""
        self._begun = time.process_time()
        signal.signal(signal.SIGPROF, lambda _number, frame: self._tick(frame))
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)

    def stop(self) -> None:
        """Ends the counting."""
        self.seconds = time.process_time() - self._begun
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _tick(self, frame: FrameType | None) -> None:
        mine = threading.get_ident()
        stacks = [frame] + [other for thread, other in sys._current_frames().items() if thread != mine]
        self._count(next((stack for stack in stacks if stack and stack.f_code.co_name not in _WAITING), None))

    def _count(self, frame: FrameType | None) -> None:
        if frame is None:
            self.own[IDLE] += 1
            self.rooms[IDLE[0]] += 1
            return
        self.own[_place(frame)] += 1
        seen: dict[tuple[str, str], None] = {}
        room = ""
        stack: FrameType | None = frame
        while stack is not None:
            place = _place(stack)
            seen[place] = None
            room = room or _room(place[0])
            stack = stack.f_back
        self.within.update(seen.keys())
        self.rooms[room or "libraries, with no room above them"] += 1

    def table(self, lines: int = 40) -> str:
        """Shares of all ticks: by room, by function alone, by function with what it calls."""
        total = max(sum(self.own.values()), 1)
        parts = [f"{total} samples over {self.seconds:.1f} s of processor time of the server process"]
        parts += ["", "By room (the nearest one up the stack; what it calls outside is counted as its own):"]
        parts += [f"{count / total:7.1%}  {room}" for room, count in self.rooms.most_common()]
        for title, counts in (("Own time:", self.own), ("With what it calls:", self.within)):
            parts += ["", title]
            parts += [f"{count / total:7.1%}  {at}  {name}" for (at, name), count in counts.most_common(lines)]
        return "\n".join(parts) + "\n"


@contextmanager
def sampled(file: Path | None) -> Iterator[None]:
    """Writes the profile of the block to `file`; does nothing when there is none."""
    if file is None:
        yield
        return
    sampler = Sampler()
    sampler.start()
    try:
        yield
    finally:
        sampler.stop()
        file.write_text(sampler.table(), encoding="utf-8")


def _place(frame: FrameType) -> tuple[str, str]:
    code = frame.f_code
    file = code.co_filename.removeprefix(_ROOT)
    file = file.rpartition("site-packages/")[2]
    if file.startswith("/"):
        file = "/".join(file.split("/")[-2:])
    return file, code.co_qualname


def _room(file: str) -> str:
    if not file.startswith(("server/", "benchmarks/")) or file == "benchmarks/serve.py":
        return ""
    return "/".join(file.split("/")[:2])
