"""WeChat ids of the customer: an id of their own making, a telephone number, or a QQ number said to be one."""

from __future__ import annotations

import re

from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.digits import MOST, ascii_digits
from server.leads.extract.phone import is_polite
from server.leads.extract.reading import Reading
from server.leads.extract.words import words

_NAME = (
    r"(?:微信|威信|薇信|徽信|we-?chat|we chat|weixin|(?<![a-z0-9])wx(?![a-z0-9_-])|"
    r"(?<![a-z0-9])vx(?![a-z0-9_-])|v信|(?<![a-z0-9])v(?=\s?:))"
)
_CUE = re.compile(rf"{_NAME}|加(?:一?下)?(?:我|v)|(?<![a-z])v我|(?<![a-z])add me(?![a-z])")
_NAMED = ("chat", "weixin", "wx", "vx", "add me", "v:", "v :")
_NAMED_ZH = ("信", "v", "加")
CUE = re.compile(_NAME)
_SEP = r"[\s?:=,(>\-\"'.]{0,4}"
_FILL = (
    r"(?:(?:id|works|fine|better|easier|best|okay|ok|account|number|no|username|handle|name|is|are|"
    r"it's|its|at|as|me|us|on|the|my|also|just|"
    r"under|by|via|with|to|would be|"
    r"wechat|weixin|wx|vx|v|qq|search|for|add|please|and|or|same)(?![a-z0-9_-])|号码?|账号|是|为|就是|"
    r"叫|搜索?|加|用|请|可以|直接|吧|我的?|好友|"
    r"微信|也|的|qq号?|搜一下|一下|联系|细?聊|沟通|谈|说|吗|么|行吗?|可以吗?|好吗)"
)
_AFTER = re.compile(
    rf"(?P<fill>{_SEP}(?:{_FILL}{_SEP}){{0,5}})(?P<id>[a-z][a-z0-9_-]{{5,19}}|"
    rf"\+?\d[\d -]{{3,16}}\d)(?![a-z0-9_@-])(?!\.[a-z0-9])"
)
_BEFORE = re.compile(
    rf"(?<![a-z0-9_.@/-])(?P<id>[a-z][a-z0-9_-]{{5,19}}|\d{{11}})\s{{0,2}}[,(]?\s{{0,2}}(?:is|'s|是|为|"
    rf"这是)?\s{{0,2}}"
    rf"(?:(?:my|on|in|via|the|我的?|我们的?|可以|加)\s{{0,2}})?{_NAME}(?!\s?(?:号?同|号?也|号?一样|"
    rf"号?就是))(?![^,。.]{{0,6}}(?:是|:|\bis\b)\s?[a-z0-9])"
)
_LINK = re.compile(r"is|:|=|是|为|叫|搜|号|\bid\b|>|\bas\b")
_SHAPE = re.compile(r"[a-z][a-z0-9_-]{5,19}")
_ANSWER = re.compile(
    r"(?:(?:sure|ok|okay|yes|well|hi|hello|no|sorry|actually|oops|不对|错了|不好意思|抱歉|"
    r"更正)[\s,.!。]+){0,3}(?:it's|it is|its|that's|this is|id is|id:|is|是|就是|号是|叫|id是|加|"
    r"可以加|搜|我的是|"
    r"用|use|search|add|my id is|you can add|try|id|(?:my |我的?)?(?:we-?chat|weixin|wx|vx|微信号?)"
    r"(?: id| number| is|号|:|是){0,2})?[\s:\"]*(?P<id>[a-z0-9][a-z0-9_-]{1,24})[\s\"'.,!。~]*(?:吧|"
    r"哦|哈|的|thanks|thank you|谢谢|please|pls|plz|thx)?[\W]*"
)
_WORDS = words("not a wechat id")
_HYPHENED = re.compile(
    r"(?:no|not|non|e|after|mid|well|self|co|pre|post|so|half|long|short|full|part|on|off|up|in|one"
    r"|two|re|any|some|all|"
    r"it|as|good|maybe|later|too|old|new|low|high|multi|semi|cold|real|next)-|.*-(?:up|in|out|off|on"
    r"|to|time|end|please|only)$"
)
_FAKE = re.compile(
    r"(?:abc|test|asd|qwe|xxx|wechat|weixin|aaa|zzz)[a-z_]{0,3}\d{0,6}|([a-z])\1{4,}|abcdef\w*|asdf\w*|"
    r"qwer\w*|wxid|your_?\w*id|my_?wechat\w*|123\w*"
)
_QQ = re.compile(
    r"(?:(?<![a-z])qq|扣扣)\s{0,2}(?:号码?|number|id)?\s{0,2}(?:is|是|:|为)?\s{0,2}(\d{5,11})(?!\d)|"
    r"(?<!\d)(\d{5,11})\s?(?:是)?(?:我的?)?qq(?![a-z.])"
)
_NOT_SAME = re.compile(r"不是(?:手机|电话|同)|不同号|不一样|不同|isn't|is not|not the same|different")
_SAME = re.compile(
    r"(?:微信|(?<![a-z])v[x信]?|(?<![a-z])wx|"
    r"we-?chat)[号也就跟和与同是]{0,3}[^,。.!?a-z\d]{0,8}(?:同号|同步|一样|同一个|(?:同|就是|也是|是|"
    r"用|=)(?:我的?|这个|上面的?|刚才的?)?(?:手机|电话|号码))"
    r"|(?:手机|电话)号?码?[,、/ ]?(?:和|跟|与|即|就是|也是|同|=|加|兼)?(?:我的?)?(?:微信|"
    r"v[x信])号?(?:是)?(?:同号|一样|同一个|同步)|微信(?:和|、|跟)?电话(?:都|均)|电话(?:和|、|跟)?微信(?:都|均)|微信同号|同微信|微信同|(?:微信|v[x信])号?(?:也|就)是(?:这个|这|上面|它)|(?:手机|电话)号?(?:就是|也是|"
    r"即是?|=)(?:我的?)?(?:微信|v[x信])"
    r"|we-?chat[^.!?\d]{0,30}\bsame\b|\bsame\b[^.!?\d]{0,40}\bwe-?chat|we-?chat (?:id )?(?:is|"
    r"uses) (?:also )?(?:my|this|that|the) (?:phone|mobile|cell|number)"
    r"|(?:number|phone|mobile|cell)[^.!?\d]{0,20}\b(?:also|too)\b[^.!?\d]{0,20}we-?chat|(?:also|works|"
    r"find me|reach me|i'm|me) (?:on|for|as|my) we-?chat(?: too| as well| with (?:that|this|"
    r"the same) number)"
    r"|we-?chat (?:too|as well)\b|\balso (?:on )?(?:my )?we-?chat\b"
    r"|(?:微信|wechat|wx|vx)号?\s?[/、和&+]\s?(?:手机|电话)|(?:手机|电话)号?码?\s?[/、&+]\s?(?:微信|"
    r"wechat|wx|vx)"
)
_SAME_ANSWER = re.compile(
    r"\b(?:same|identical)\b|(?:my|it's my|the) (?:phone|mobile|cell)(?: number)?\W*$|同号|一样|手机号|"
    r"电话号|同手机|同电话|就是(?:手机|电话)|和(?:手机|电话)"
)


def find(reading: Reading, *, asked: bool, earlier: str) -> list[Claim]:
    """The WeChat ids of one message, in order, each with the reason why it may not be stored."""
    claims: dict[int, Claim] = {}
    if not asked and not _may_name(reading):
        return []
    for match in list(_CUE.finditer(reading.low))[:MOST]:
        found = _AFTER.match(reading.low, match.end())
        if found and _fits(found, named=CUE.fullmatch(match[0]) is not None):
            claims.setdefault(found.start("id"), _claim(reading, found, match.start(), earlier))
    if claims or CUE.search(reading.low):
        for found in list(_BEFORE.finditer(reading.low))[:MOST]:
            if re.search(r"[\d_-]", found["id"]) and found["id"] not in _WORDS:
                claims.setdefault(found.start("id"), _claim(reading, found, found.start("id"), earlier))
    if asked and not claims and (bare := _bare(reading, earlier)):
        return [bare]
    return [claims[start] for start in sorted(claims)]


def _may_name(reading: Reading) -> bool:
    return reading.has(_NAMED) or (reading.foreign and reading.has(_NAMED_ZH))


def _fits(found: re.Match[str], *, named: bool) -> bool:
    said, fill = found["id"], found["fill"]
    if said[0].isdigit() or said[0] == "+":
        length = len(ascii_digits(said).lstrip("+"))
        return named and (length >= 10 or "qq" in fill or (length >= 5 and bool(re.search("is|是|:", fill))))
    if said in _WORDS or (not re.search("[a-z0-9]", said[-1]) and len(said) < 7):
        return False
    if said.isalpha():
        return named and bool(_LINK.search(fill))
    return bool(re.search(r"[\d_-]", said))


def _claim(reading: Reading, found: re.Match[str], cue: int, earlier: str) -> Claim:
    start, end = found.span("id")
    reason = whose.doubt(reading, start, end, earlier=earlier)
    if (
        reason == whose.QUESTION
        and whose.owner_before(reading.before(cue)) is None
        and not _is_question_about(reading, end)
    ):
        reason = None
    return _made(reading, start, end, reason)


def _is_question_about(reading: Reading, end: int) -> bool:
    return bool(re.search(r"你|您|your|official|官方|吗", reading.after(end)))


def _made(reading: Reading, start: int, end: int, reason: str | None) -> Claim:
    value = reading.raw[start:end]
    said = reading.text[start:end]
    number = ascii_digits(said) if re.fullmatch(r"[+\d][\d -]+", said) else None
    normalised = number or said
    if (
        _FAKE.fullmatch(said.lower())
        or (number and (len(number) < 5 or len(set(number[-8:])) == 1))
        or not (number or _SHAPE.fullmatch(said.lower()))
    ):
        return Claim(start, end, value, value, plausible=False, confidence=0.3, doubt=reason)
    return Claim(start, end, value, normalised, doubt=reason)


def _bare(reading: Reading, earlier: str) -> Claim | None:
    found = _ANSWER.fullmatch(reading.low.strip()[:120]) if len(reading.low) < 200 else None
    if not found:
        return None
    said = found["id"]
    if said in _WORDS or is_polite(said) or (said.isalpha() and (len(said) < 6 or _ordinary(said))):
        return None
    start = reading.low.index(said, max(0, found.start("id")))
    return _made(
        reading,
        start,
        start + len(said),
        whose.doubt(reading, start, start + len(said), own=True, earlier=earlier),
    )


def _ordinary(word: str) -> bool:
    return word.endswith(("ing", "tion", "ly")) or word in _WORDS


def qq(reading: Reading) -> tuple[int, int] | None:
    """Where a QQ number stands that was not said to be the WeChat one."""
    found = _QQ.search(reading.low) if "qq" in reading.low or "扣扣" in reading.low else None
    return found.span() if found else None


def bare_id(reading: Reading, earlier: str) -> Claim | None:
    """A message that is nothing but an id, for a question that offered WeChat too: called one, or shaped like one."""
    claim = _bare(reading, earlier)
    if claim is None or not claim.value[:1].isalpha():
        return None
    shaped = re.search(r"[\d_]", claim.value) or ("-" in claim.value and not _HYPHENED.match(claim.value.lower()))
    return claim if shaped or CUE.search(reading.low) else None


def same_as_phone(reading: Reading, *, asked: bool) -> tuple[int, int] | None:
    """Where the customer says that their WeChat is under their telephone number."""
    if not asked and not _may_name(reading):
        return None
    found = _SAME.search(reading.low) or (_SAME_ANSWER.search(reading.low) if asked and len(reading.low) < 80 else None)
    if not found or _NOT_SAME.search(reading.low, max(0, found.start() - 12), found.end() + 12):
        return None
    before = reading.before(found.start())
    return None if whose.is_about_other(before) else found.span()
