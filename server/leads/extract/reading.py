"""A message made ready for the rules: folded character by character, so that every offset stays the same."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.leads.extract.digits import Run

_TRADITIONAL = dict(
    zip(
        "電話號碼們這機聯係繫點後週兩見時間預約過還個為說請給問帳賬戶冊應該產對錯嗎貴稱會員職務業門開線訂單國東貳參萬億郵"
        "發禮訊責與從來嗎沒歡實現專團無樣夠幾銷應題麼廠試課學師經總選擇買賣價錢張陳劉趙黃吳孫馬羅鄭謝許韓馮鄧葉蘇盧蔣賈龔萊",
        "电话号码们这机联系系点后周两见时间预约过还个为说请给问账账户册应该产对错吗贵称会员职务业门开线订单国东贰叁万亿邮"
        "发礼讯责与从来吗没欢实现专团无样够几销应题么厂试课学师经总选择买卖价钱张陈刘赵黄吴孙马罗郑谢许韩冯邓叶苏卢蒋贾龚莱",
        strict=True,
    )
)
_HIDDEN = frozenset("\u00ad\u2060\u2061\u2062\u2063\u2064\ufeff\ufe0e\ufe0f\u20e3") | {
    chr(code) for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_ALIKE = {
    "’": "'", "‘": "'", "“": '"', "”": '"', "「": '"', "」": '"', "『": '"', "』": '"',
    "–": "-", "—": "-", "―": "-", "−": "-", "‒": "-", "‐": "-", "‑": "-", "─": "-", "→": ">", "✉": "@",
}  # fmt: skip
_ALIKE.pop("✉")
HIDDEN = "\u200b"
_END = re.compile(
    r"[。!?\n\r;…\x00]|"
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bext)(?<!\btel)(?<!\bmr)(?<!\bms)(?<!\bdr)(?<!\bmrs)(?<!\bno)(?<!\bco)"
    r"(?<!\bltd)(?<!\binc)\.(?=\s|$)"
)
_WIDTH = 200


class _Fold(dict[int, str]):
    """One character for one character: width, digits, quotes, dashes, traditional Chinese."""

    def __missing__(self, code: int) -> str:
        folded = _fold_one(chr(code))
        if code < 0x10000:  # the rest of Unicode is too large to remember
            self[code] = folded
        return folded


def _fold_one(char: str) -> str:
    if char in _HIDDEN:
        return HIDDEN
    if char in _ALIKE:
        return _ALIKE[char]
    if char in _TRADITIONAL:
        return _TRADITIONAL[char]
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char


_FOLD = _Fold()


def _lower(text: str) -> str:
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


class Reading:
    """`raw` as typed, `text` folded, `low` in lower case: three strings of one length."""

    __slots__ = ("_ends", "answering", "commands", "foreign", "id", "low", "raw", "runs", "text")

    def __init__(self, raw: str, message_id: str = "") -> None:
        self.raw = raw
        self.id = message_id
        self.answering = False  # a way to reach the customer was just asked for
        self.commands: bool | None = None  # asked once by `whose`
        self.runs: list[Run] | None = None  # found once by `digits`
        self._ends: list[int] | None = None
        self.foreign = not raw.isascii()  # only then may it be Chinese
        self.text = raw.translate(_FOLD) if self.foreign else raw
        self.low = _lower(self.text)

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """Where the sentence round `start:end` begins and ends; at most 200 characters to each side."""
        floor, ceiling = max(0, start - _WIDTH), min(len(self.low), end + _WIDTH)
        if self._ends is None:
            self._ends = [match.end() for match in _END.finditer(self.low)]
        place = bisect_right(self._ends, start)
        begin = max(floor, self._ends[place - 1]) if place else floor
        place = bisect_right(self._ends, end)
        return begin, min(ceiling, self._ends[place]) if place < len(self._ends) else ceiling

    def has(self, words: Iterable[str]) -> bool:
        """Whether one of these folded, lower-case pieces is in it: the cheap question before a pattern is tried."""
        low = self.low
        for word in words:  # noqa: SIM110 - a plain loop is twice as fast, and this is asked often
            if word in low:
                return True
        return False

    def before(self, start: int) -> str:
        """The part of its sentence that stands before `start`, folded and in lower case."""
        return self.low[self.bounds(start, start)[0] : start]

    def after(self, end: int) -> str:
        """The part of its sentence that stands after `end`, folded and in lower case."""
        return self.low[end : self.bounds(end, end)[1]]

    def quote(self, start: int, end: int) -> str:
        """The sentence round `start:end` as typed, without the white space at its ends."""
        begin, stop = self.bounds(start, end)
        return self.raw[begin:stop].strip()

    def previous(self, start: int) -> str:
        """The sentence before the one that holds `start`, folded and in lower case."""
        begin = self.bounds(start, start)[0]
        return self.low[self.bounds(begin - 1, begin - 1)[0] : begin] if begin > 1 else ""
