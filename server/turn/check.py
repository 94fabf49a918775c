"""Step 6: what a model wrote, checked on its way out.

`AnswerFilter` is a line of four small stages, each fed with text in any pieces and each giving the same whole
whatever the pieces were: images, length, questions, secrets. A stage holds back only what it cannot yet
judge, and no character is read more than a fixed number of times. Secrets come last, because what an earlier
stage takes out may bring two halves of one together.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Protocol

MAX_CHARACTERS = 20_000
MAX_HELD = 2_000
MAX_CUTS = 50

_FULL_WIDTH = "？"
_HAN = re.compile(r"[\u3400-\u9fff]")


class _Stage(Protocol):
    cut: list[str]

    def feed(self, text: str) -> str: ...

    def finish(self) -> str: ...


class AnswerFilter:
    """Checks one answer as it streams out.

    With `asking`, the whole holds exactly one question mark (`?` or `？`): `ask_fallback`, the ready wording
    of the question, is added when the model asked nothing, and queries are cut from addresses. Otherwise it
    holds at most one outside addresses. Later questions are dropped by the sentence. No text of `secrets`
    (values of six characters and more) ever passes, whole or in pieces. Images pass from
    `allowed_image_hosts` only. The whole is at most `max_characters` long.

    Raises ValueError when an asking filter has no
    wording to fall back on.
    """

    def __init__(
        self,
        asking: bool,
        ask_fallback: str = "",
        secrets: Collection[str] = (),
        *,
        allowed_image_hosts: Collection[str] = (),
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        if asking and not ask_fallback.strip():
            raise ValueError("an answer that asks needs `ask_fallback`, the wording of its question")
        masks = tuple(sorted({secret for secret in secrets if len(secret) >= _Secrets.SHORTEST}))
        fallback = _one_mark(ask_fallback) if asking else ""
        self._masks = masks
        self._questions = _Questions(fallback)
        self._stages: list[_Stage] = [
            _Images(frozenset(host.casefold() for host in allowed_image_hosts)),
            _Length(max(1, max_characters - len(fallback) - 2)),
            self._questions,
        ]
        if masks:
            self._stages.append(_Secrets(masks))

    def feed(self, text: str) -> str:
        """Takes the next piece; gives what may go out now."""
        for stage in self._stages:
            if not text:
                return ""
            text = stage.feed(text)
        return text

    @property
    def asked(self) -> bool:
        """Whether a question has gone out."""
        return self._questions.asked

    def ask_nothing(self) -> None:
        """Adds no question of its own at the end, since the answer asks for something else."""
        self._questions.fallback = ""

    def finish(self) -> str:
        """The answer is over: gives the rest."""
        text = ""
        for stage in self._stages:
            text = (stage.feed(text) if text else "") + stage.finish()
        return text

    @property
    def cut(self) -> list[str]:
        """What was taken out: images, length, questions, secrets, each in order."""
        return [_masked(what, self._masks) for stage in self._stages for what in stage.cut]


def _note(cut: list[str], what: str) -> None:
    if len(cut) < MAX_CUTS:
        cut.append(what)


def _one_mark(wording: str) -> str:
    """The wording with one question mark: the first one it has, or one at its end."""
    wording = wording.strip()
    first = re.search("[?？]", wording)
    if first is None:
        return wording.rstrip(" .。!！") + (_FULL_WIDTH if _HAN.search(wording) else "?")
    return wording[: first.end()] + re.sub("[?？]+", "", wording[first.end() :])


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    if not secrets:
        return text
    stage = _Secrets(secrets)
    return stage.feed(text) + stage.finish()


# --- images -----------------------------------------------------------------------------------------------

_IMAGE_START = re.compile(r"[!<]")
_TARGET = re.compile(
    r"\s*<?https?://([a-z0-9.-]+(?::\d{1,5})?)(?:/[\w.~/%?&=+,:;@$*-]*)?>?\s*(?:\"[^\"\\<>]*\"\s*)?", re.I
)
_IMG = "<img"


class _Images:
    """Takes out `![alt](address)` and `<img …>` of other hosts than the allowed ones.

    Any other `![` (a reference, one never closed or too long) gets a space, `! [`, so that no renderer can
    take it for an image together with what follows.
    """

    def __init__(self, hosts: frozenset[str]) -> None:
        self.cut: list[str] = []
        self._hosts = hosts
        self._held: list[str] = []
        self._state: Callable[[str, list[str]], None] = self._plain
        self._depth = 0
        self._alt = 0
        self._escaped = False

    def feed(self, text: str) -> str:
        if not self._held and not _IMAGE_START.search(text):
            return text
        out: list[str] = []
        for char in text:
            self._state(char, out)
        return "".join(out)

    def finish(self) -> str:
        out: list[str] = []
        self._let_go(out)
        return "".join(out)

    def _plain(self, char: str, out: list[str]) -> None:
        if char == "!":
            self._hold(char, self._after_bang)
        elif char == "<":
            self._hold(char, self._after_less)
        else:
            out.append(char)

    def _hold(self, char: str, state: Callable[[str, list[str]], None]) -> None:
        self._held, self._state, self._escaped = [char], state, False

    def _after_bang(self, char: str, out: list[str]) -> None:
        if char != "[":
            self._let_go(out)
            self._plain(char, out)
            return
        self._held.append(char)
        self._depth, self._state = 1, self._in_alt

    def _after_less(self, char: str, out: list[str]) -> None:
        at = len(self._held)
        if at < len(_IMG) and char.lower() == _IMG[at]:
            self._held.append(char)
        elif at == len(_IMG) and (char.isspace() or char in "/>"):
            self._state = self._in_tag
            self._in_tag(char, out)
        else:
            self._let_go(out)
            self._plain(char, out)

    def _in_tag(self, char: str, out: list[str]) -> None:
        if self._goes_on(char, out) and char == ">":
            self._drop()

    def _in_alt(self, char: str, out: list[str]) -> None:
        if not self._goes_on(char, out) or self._escape(char):
            return
        self._depth += (char == "[") - (char == "]")
        if self._depth == 0:
            self._alt, self._state = len(self._held), self._after_alt

    def _after_alt(self, char: str, out: list[str]) -> None:
        if char != "(":
            self._let_go(out)
            self._plain(char, out)
            return
        self._held.append(char)
        self._depth, self._escaped, self._state = 1, False, self._in_target

    def _in_target(self, char: str, out: list[str]) -> None:
        if not self._goes_on(char, out) or self._escape(char):
            return
        self._depth += (char == "(") - (char == ")")
        if self._depth:
            return
        target = _TARGET.fullmatch("".join(self._held[self._alt + 1 : -1]))
        if target and target[1].casefold() in self._hosts:
            out.extend(self._held)
            self._reset()
        else:
            self._drop()

    def _goes_on(self, char: str, out: list[str]) -> bool:
        """Holds the character; False when what is held turned out to be no image."""
        if char == "[" and self._held[-1] == "!" and not self._escaped and len(self._held) > 1:
            self._held.pop()
            self._let_go(out)
            self._hold("!", self._after_bang)
            self._after_bang(char, out)
            return False
        self._held.append(char)
        if len(self._held) <= MAX_HELD:
            return True
        self._let_go(out)
        return False

    def _escape(self, char: str) -> bool:
        """Whether a backslash takes the character's meaning away, or it is that backslash."""
        was, self._escaped = self._escaped, char == "\\" and not self._escaped
        return was or self._escaped

    def _drop(self) -> None:
        _note(self.cut, "".join(self._held))
        self._reset()

    def _let_go(self, out: list[str]) -> None:
        held = "".join(self._held)
        if held.startswith("!["):
            held = "! " + held[1:]
        elif self._state == self._in_tag:
            held = "&lt;" + held[1:]
        out.append(held)
        self._reset()

    def _reset(self) -> None:
        self._held, self._state = [], self._plain


# --- length -----------------------------------------------------------------------------------------------


class _Length:
    """Lets a bounded number of characters through."""

    def __init__(self, most: int) -> None:
        self.cut: list[str] = []
        self._left, self._most = most, most

    def feed(self, text: str) -> str:
        if len(text) <= self._left:
            self._left -= len(text)
            return text
        if not self.cut:
            self.cut.append(f"all after {self._most} characters")
        kept, self._left = text[: self._left], 0
        return kept

    def finish(self) -> str:
        return ""


# --- questions --------------------------------------------------------------------------------------------

_MARKS = frozenset("?？")
_RUN = frozenset("?？!！")
_CLOSERS = frozenset("?？!！\"'”’)）」』】*_")
_ENDS = frozenset("。！!\n；;…")
_DOUBTFUL = frozenset(".,;:!?'")
_ADDRESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~/#@$&*+=%")
_MOST_DOUBTS = 16
_SPECIAL = re.compile(r"[?？]|://|www\.")
_ITEM = re.compile(r"\s*(?:\d{1,3}|[A-Za-z])\.")


class _Questions:
    """Lets one question through.

    Until the first question mark has gone out everything passes at once; from there on text waits for the end
    of its sentence, and sentences that ask are dropped. A question mark inside an address is part of the
    address; in an asking answer the address loses its query, so that the one mark is the question's.
    """

    def __init__(self, fallback: str) -> None:
        self.cut: list[str] = []
        self.fallback = fallback
        self._out: list[str] = []
        self._last = ""
        self.asked = self._running = self._dropping = self._joining = self._overlong = False
        self._held: list[str] = []
        self._tail = ""
        self._in_address = self._in_query = False
        self._doubt: list[str] = []

    def feed(self, text: str) -> str:
        if text and not (self.asked or self._in_address or _SPECIAL.search(self._tail + text)):
            self._tail, self._last = (self._tail + text)[-4:], text[-1]
            return text
        for char in text:
            self._read(char)
        return self._sent()

    def finish(self) -> str:
        self._end_address()
        self._release()
        if self.fallback and not self.asked:
            self._out.append(self.fallback if self._last in ("", "\n") else "\n\n" + self.fallback)
            self.asked = True
        return self._sent()

    def _sent(self) -> str:
        text = "".join(self._out)
        self._out = []
        return text

    def _read(self, char: str) -> None:
        """Tells addresses from sentences: what punctuation in an address is, the character after it tells."""
        if not self._in_address:
            self._tail = (self._tail + char)[-4:]
            self._in_address = self._tail.endswith("://") or self._tail == "www."
            self._judge(char)
        elif char in _DOUBTFUL and (char == "?" or self._doubt or self._in_query):
            self._doubt.append(char)
            if len(self._doubt) > _MOST_DOUBTS:
                self._end_address()
        elif char in _ADDRESS or char in _DOUBTFUL:
            self._in_address_with(char)
        else:
            self._end_address()
            self._read(char)

    def _in_address_with(self, char: str) -> None:
        if self.fallback and (self._in_query or "?" in self._doubt):
            self._in_query = True
        else:
            for held in (*self._doubt, char):
                self._word(held)
        self._doubt = []

    def _end_address(self) -> None:
        doubt, self._doubt = self._doubt, []
        self._in_address = self._in_query = False
        self._tail = ""
        for char in doubt:
            self._judge(char)

    def _judge(self, char: str) -> None:
        if char in _MARKS:
            self._question(char)
        else:
            self._word(char)

    def _question(self, mark: str) -> None:
        if not self.asked:
            self.asked = self._running = True
            self._pass(mark)
        elif self._overlong:
            self._pass("。" if mark == _FULL_WIDTH else ".")
            self._overlong, self._dropping = False, True
        elif not (self._running or self._dropping):
            _note(self.cut, "".join((*self._held, mark)))
            self._held, self._dropping, self._joining = [], True, True

    def _word(self, char: str) -> None:
        if self._running and char in _CLOSERS:
            if char not in _RUN:
                self._pass(char)
            return
        if self._dropping and char in _CLOSERS:
            return
        self._running = self._dropping = False
        if self._joining and char == "\n" and self._last == "\n":
            return
        self._joining = False
        if not self.asked or self._overlong:
            self._pass(char)
            self._overlong = self._overlong and char not in _ENDS
        else:
            self._hold(char)

    def _hold(self, char: str) -> None:
        if char.isspace() and self._held and self._held[-1] == "." and not self._numbers_an_item():
            self._release()
        self._held.append(char)
        if char in _ENDS:
            self._release()
        elif len(self._held) > MAX_HELD:
            self._release()
            self._overlong = True

    def _numbers_an_item(self) -> bool:
        return len(self._held) < 8 and bool(_ITEM.fullmatch("".join(self._held)))

    def _release(self) -> None:
        for char in self._held:
            self._pass(char)
        self._held = []

    def _pass(self, char: str) -> None:
        self._out.append(char)
        self._last = char


# --- secrets ----------------------------------------------------------------------------------------------

_MASKS = "•*█▪◦·"


class _Automaton:
    """Aho and Corasick, "Efficient string matching", CACM 18(6), 1975: all secrets in one pass."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.follow: list[dict[str, int]] = [{}]
        self.depth = [0]
        self.longest = [0]
        self.fail = [0]
        for secret in secrets:
            self._add(secret)
        self._link()
        self.begins = _beginnings(secrets)
        self.mask = next((c for c in _MASKS if not any(c in secret for secret in secrets)), _MASKS[0])

    def step(self, node: int, char: str) -> int:
        """The node after reading `char`: the longest suffix that begins a secret."""
        while node and char not in self.follow[node]:
            node = self.fail[node]
        return self.follow[node].get(char, 0)

    def _add(self, secret: str) -> None:
        node = 0
        for char in secret:
            if char not in self.follow[node]:
                self.follow[node][char] = len(self.follow)
                self.follow.append({})
                self.depth.append(self.depth[node] + 1)
                self.longest.append(0)
                self.fail.append(0)
            node = self.follow[node][char]
        self.longest[node] = len(secret)

    def _link(self) -> None:
        queue = deque(self.follow[0].values())
        while queue:
            node = queue.popleft()
            self.longest[node] = max(self.longest[node], self.longest[self.fail[node]])
            for char, child in self.follow[node].items():
                self.fail[child] = self.step(self.fail[node], char)
                queue.append(child)


def _beginnings(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """Found in every text in which a secret begins: its first three characters, or fewer at the end."""
    whole = {re.escape(secret[:3]) for secret in secrets}
    cut_off = {re.escape(secret[:length]) for secret in secrets for length in (1, 2)}
    return re.compile(f"{'|'.join(sorted(whole))}|(?:{'|'.join(sorted(cut_off))})\\Z")


@lru_cache(maxsize=8)
def _automaton(secrets: tuple[str, ...]) -> _Automaton:
    return _Automaton(secrets)


class _Secrets:
    """Masks every character that is part of a secret; a run of them becomes one mask.

    A question mark within a secret stays, inside the mask, so that the count of question marks holds.
    """

    SHORTEST = 6

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.cut: list[str] = []
        self._automaton = _automaton(secrets)
        self._node = 0
        self._buffer = ""
        self._base = 0
        self._covered: list[tuple[int, int]] = []
        self._masked_to = -1

    def feed(self, text: str) -> str:
        automaton, node = self._automaton, self._node
        if not node and not automaton.begins.search(text):
            self._base += len(text)
            return text
        at = self._base + len(self._buffer)
        for char in text:
            node = automaton.step(node, char)
            at += 1
            if automaton.longest[node]:
                self._cover(at - automaton.longest[node], at)
        self._node = node
        self._buffer += text
        return self._up_to(at - automaton.depth[node])

    def finish(self) -> str:
        self._node = 0
        return self._up_to(self._base + len(self._buffer))

    def _cover(self, start: int, end: int) -> None:
        while self._covered and self._covered[-1][1] >= start:
            start = min(start, self._covered.pop()[0])
        self._covered.append((start, end))

    def _up_to(self, end: int) -> str:
        """What stands before `end`, masked; the rest stays in the buffer."""
        out: list[str] = []
        at, later = self._base, []
        for start, stop in self._covered:
            if stop > end:
                later.append((start, stop))
            if start < end:
                out.append(self._text(at, start))
                at = max(at, start)
                out.append(self._mask(at, min(stop, end)))
                at = min(stop, end)
        out.append(self._text(at, end))
        self._buffer = self._buffer[end - self._base :]
        self._base, self._covered = end, later
        return "".join(out)

    def _text(self, start: int, end: int) -> str:
        return self._buffer[max(0, start - self._base) : max(0, end - self._base)]

    def _mask(self, start: int, end: int) -> str:
        mask = self._automaton.mask
        kept = "".join(char + mask for char in self._text(start, end) if char in _MARKS)
        begins = start != self._masked_to
        self._masked_to = end
        if begins:
            _note(self.cut, "a secret")
        return mask * 3 + kept if begins else kept
