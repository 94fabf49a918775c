"""What an answer to a question is: refusal, small talk, a question back, or the value itself."""

from __future__ import annotations

import re

from server.catalog.spec import CollectField, said_in
from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.numerals import SCALE, chinese_number, english_number
from server.leads.extract.phone import is_polite
from server.leads.extract.reading import HIDDEN, Reading

_REFUSAL = re.compile(
    r"\b(?:i'd|i would|we'd|would)? ?rather not\b|\bno,? thank|\bnot (?:now|yet|today|really|"
    r"comfortable|interested|telling|sure|at this)\b|"
    r"\bprefer not\b|\b(?:don't|do not|won't|can't|cannot|not going to|no need to|not ready to|"
    r"not able to|unable to) (?:want|wish|like|"
    r"need|share|give|tell|say|disclose|have|know|think|use|feel|provide|leave)\b|\b(?:maybe )?later\b|"
    r"\bskip\b|\bprivate\b|\bconfidential\b|"
    r"\bnone of your\b|\bno need\b|\bpass\b|\bjust (?:looking|browsing)\b|\bwhy do you\b|"
    r"\banother time\b|\bnever mind\b|\bnda\b|\bunder wraps\b|"
    r"\bnext time\b|\bstop asking\b|"
    r"不方便|不想|不愿|不便|暂时不|先不|不告诉|保密|算了|不用|不需要|以后再|下次|改天|再说|不说|不给|"
    r"不留|不能说|不可以|不行|没有|没想好|不知道|"
    r"不清楚|不透露|无可奉告|隐私|拒绝|别问|不太方便|等等再|还没|随便看看|先看看|了解一下再|考虑一下|"
    r"回头|为什么要|干嘛|凭什么|不必|没必要|不好说|秘密"
)
_SMALL_EN = (
    "hi|hello|hey|yo|ok|okay|k|sure|yes|yeah|yep|no|nope|nah|thanks|thank you|thx|cool|great|nice|good|"
    "fine|alright|right|got it|"
    "i see|hmm|um|well|wow|lol|haha|hahaha|bye|goodbye|good morning|good afternoon|good evening|"
    "good day|perfect|please|sorry|what|"
    "huh|there|very much|so much|sounds good|test|testing|nothing|none|n/a|na|nobody|no one|anything|"
    "something|whatever|idk|"
    "i don't know|see you|maybe|of course|absolutely|correct|exactly|same|anytime|any time|wait|"
    "one moment|a moment|hold on|"
    "let me check|let me think|welcome|interesting|awesome|agreed|both|all|neither|it depends|depends|"
    "are you a bot|are you human|"
    "are you there|go on|go ahead|that's fine|that's great|no problem|not yet|a lot|for that|"
    "for the info|again|in a minute|brb"
)
_SMALL_ZH = (
    "你好|您好|嗨|哈喽|好|好的|嗯|哦|噢|行|可以|是|是的|对|对的|不|没|谢谢|多谢|感谢|哈|呵|嘿|在吗|在|"
    "在的|早上好|下午好|晚上好|再见|拜拜|没事|"
    "知道了|明白|明白了|了解|了解了|收到|辛苦|辛苦了|麻烦|麻烦了|抱歉|不好意思|等一下|稍等|等等|什么|"
    "啥|呃|啊|额|吧|呢|无|空|随便|都行|都可以|你|您|"
    "了|的|是吗|真的|厉害|不错|没问题|当然|测试|不是|怎么了|怎么说|这个|那个|哪个|暂无|我|我想想|"
    "我看看|想想|看看|某人|路人|太好了|挺好|请稍等|马上"
)
_SMALL = re.compile(
    "(?>(?:(?:"
    + "|".join(sorted(_SMALL_EN.split("|"), key=len, reverse=True))
    + r")(?![a-z])|"
    + "|".join(sorted(_SMALL_ZH.split("|"), key=len, reverse=True))
    + r")[\s,.!~、。\-]*)+"
)
_QUESTION = re.compile(
    r"[?？]|吗\s*[。.!]?\s*$|^\W*(?:what|why|how|when|where|who|which|whose|can|could|do|does|did|is|"
    r"are|will|would|should|may|have you|has|"
    r"tell me|show me|explain)\b|为什么|为啥|什么|怎么|多少|哪些|哪家|哪个|哪里|几个|是不是|能不能|"
    r"有没有|可不可以|如何|请问|谁"
)
_POLITE_START = re.compile(
    r"(?:(?:hi|hello|hey|oh|ok|okay|sure|yes|yeah|yep|well|so|um|uh|hmm|of course|certainly|thanks|"
    r"thank you|great|sorry|no problem|alright|"
    r"actually|no|it's|its|it is|it'd be|that's|that is|that would be|this is|"
    r"mine is|ours is|they're|called|named|"
    r"name is|just|probably|mainly|mostly|i think it's|i think|i guess it's|i guess|let's say|"
    r"(?:it's|its|it is|this is|that's) for|(?:just )?for|"
    r"(?:the |my |our )?(?:name|company|answer|account|account name|product|user ?name) (?:is|would be))(?:[\s,.!:]+)"
    r"|(?:好的?|嗯+|哦|啊|额|呃|行|可以|当然|没问题|是的|您好|你好|那个|不好意思|抱歉|对|不对)[\s,.!:、。~]+"
    r"|(?:就是|是|名字(?:是|叫)|公司(?:是|叫|名(?:称|字)?(?:是|叫)?)|我的?是|"
    r"这边是|应该是|大概是?|主要是|(?:注册)?账号是?|"
    r"用户名是?|产品是?|答案是|我们公司(?:是|叫))[\s:]*(?=.))"
)
_LEAD_IN = re.compile(r"(?:we're|we are|i'm|i am)\s+|(?:叫做?|是叫?|我们?是|我们?叫)[\s:]*(?=.)")
_POLITE_END = re.compile(  # atomic, not possessive: Python 3.11.2 loses turns of a possessive group
    r"(?>(?:(?<=\s)[:;]-?[)dp(]|[\s,.!。、~;:\u200b]|(?<![a-z])(?:thanks a lot|thanks|thank you very much|"
    r"thank you|thx|"
    r"please|pls|plz|cheers|sir|i guess|i think|i suppose|i believe|for now|probably|maybe)(?![a-z])|"
    r"(?<=[\u4e00-\u9fff,.!\s])(?:谢谢您|谢谢你|谢谢啦|谢谢|多谢|感谢)|"
    r"(?<=[\u4e00-\u9fff])[哦哈啦呀吧呢啊噢喔嘛]|[\U0001F300-\U0001FAFF\u2600-\u27bf])+)$"
)
_SIGNS = " \t\r\n,.!。、~;:\"'“”‘’「」『』《》<>()[]（）【】*_`\u200b"
_CLAUSE = re.compile(r"[,.!?。;\n、…]+(?=\s|$|[^\x00-\x7f])|[,;。!?\n…]|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")


def refuses(reading: Reading) -> bool:
    """Whether the customer declines, puts off or does not know."""
    return _REFUSAL.search(reading.low[:2000]) is not None


def is_question(text: str) -> bool:
    """Whether a folded, lower-case text asks something."""
    return _QUESTION.search(text) is not None


def is_small_talk(text: str) -> bool:
    """Whether a folded, lower-case text carries nothing."""
    stripped = text.strip()
    return len(stripped) < 60 and (_SMALL.fullmatch(stripped) is not None or is_polite(stripped))


def clean(reading: Reading, start: int, end: int, *, of_a_name: bool = True) -> tuple[int, int]:
    """`start:end` without politeness, lead-in ("It's", 就是) and signs at its ends.

    `of_a_name`: "we are" and 我们是 are lead-in too.
    """
    while True:
        text = reading.low[start:end]
        left = len(text) - len(text.lstrip(_SIGNS))
        if not left and (polite := _POLITE_START.match(text) or (_LEAD_IN.match(text) if of_a_name else None)):
            left = polite.end()
        end -= len(text) - len(_trim_end(text))
        if not left or start + left >= end:
            return min(start + left, end), end
        start += left


def _trim_end(text: str) -> str:
    text = text.rstrip(_SIGNS) if text[-1:] not in (")", "）", "]", '"') or text[:1] == '"' else text
    tail = text[-60:]
    return text[: len(text) - len(tail)] + _POLITE_END.sub("", tail)


def clauses(reading: Reading) -> list[tuple[int, int]]:
    """The pieces of a message between commas and full stops; at most 40."""
    found, start = [], 0
    for match in _CLAUSE.finditer(reading.low):
        found.append((start, match.start()))
        start = match.end()
        if len(found) >= 40:
            return found
    return [*found, (start, len(reading.low))]


_PLAIN = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")
_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.])({_PLAIN.pattern})\s?(k|m|w|万|千|百|亿|thousand|million)?(?![\d]|"
    rf"\.\d)(?!\s?(?:am|pm|点|月|日|号)\b)"
)
_RANGE = re.compile(
    r"(?<![\w.])\d{1,6}\s?(?:-|~|to|到|至)\s?\d{1,6}(?![\w.])|"
    r"(?<![\d.])\d{1,6}[到至~-]\d{1,6}(?=[\u4e00-\u9fff])"
)
_CN_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万亿]{1,12}")
_EN_NUMBER = re.compile(
    r"\b(?:(?:a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|"
    r"nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|"
    r"and)[\s-]*){1,8}\b"
)


def _number_text(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _numbers(reading: Reading) -> list[Claim]:
    if ranged := _RANGE.search(reading.low):
        value = reading.raw[ranged.start() : ranged.end()]
        return [Claim(ranged.start(), ranged.end(), value, value)]
    found = []
    for match in list(_NUMBER.finditer(reading.low))[:20]:
        digits = match[1].replace(",", "")
        scaled = float(digits) * SCALE.get(match[2] or "", 1) if len(digits) < 16 else 0.0
        normal = _number_text(round(scaled, 6)) if len(digits) < 16 else digits
        found.append(Claim(match.start(), match.end(), reading.raw[match.start() : match.end()].strip(), normal))
    if not found:
        for match in list(_CN_NUMBER.finditer(reading.text))[:5]:
            if match[0] not in ("一", "万", "千", "百", "亿") and not re.match(
                r"[点些下起样直共定般]", reading.text[match.end() :][:1]
            ):
                found.append(
                    Claim(
                        match.start(),
                        match.end(),
                        reading.raw[match.start() : match.end()],
                        str(chinese_number(match[0])),
                    )
                )
        for match in list(_EN_NUMBER.finditer(reading.low))[:5]:
            said = match[0].strip(" -")
            if (count := english_number(said)) is not None:
                found.append(
                    Claim(
                        match.start(),
                        match.start() + len(said),
                        reading.raw[match.start() : match.start() + len(said)],
                        str(count),
                    )
                )
    return found


def number(reading: Reading, field: CollectField, *, asked: bool) -> list[Claim]:
    """A number field: in the answer to its question, or right behind the field's own name."""
    if len(reading.low) > 2000 or (not asked and not _named(reading.low, field)):
        return []
    if asked and (refuses(reading) or is_question(reading.low)):
        return []
    label = None if asked else _named(reading.low, field)
    found = []
    for claim in _numbers(reading):
        if label and not 0 <= claim.start - label.end() <= 12:
            continue
        if claim.normalised.isdigit() and len(claim.normalised) > 9:
            continue  # a telephone number, not a quantity
        reason = whose.doubt(reading, claim.start, claim.end, own=asked, contact=False)
        found.append(Claim(claim.start, claim.end, claim.value, claim.normalised, doubt=reason))
    return found[:1] if asked else found


def _named(low: str, field: CollectField) -> re.Match[str] | None:
    words = [field.name.replace("_", " ")]
    if isinstance(field.label, str):
        words.append(field.label)
    elif field.label:
        words += field.label.values()
    return re.search("|".join(re.escape(word.lower()) for word in words if len(word) > 1), low)


_YES = re.compile(
    r"\s*(?:yes|yeah|yep|yup|sure|of course|definitely|是的?|对的?|有的?|嗯+|要|可以|"
    r"好的?)[\s,.!。]*"
)
_NO = re.compile(r"\s*(?:no|nope|nah|not yet|not really|不是?|没有?|不要|否|还没有?|不用)[\s,.!。]*")
_ORDINALS = (
    re.compile(r"\b(?:the )?(?:first|1st)(?: one| option)?\b|第一个?|^\W*[a1]\W*$"),
    re.compile(r"\b(?:the )?(?:second|2nd)(?: one| option)?\b|第二个?|^\W*[b2]\W*$"),
    re.compile(r"\b(?:the )?(?:third|3rd)(?: one| option)?\b|第三个?|^\W*[c3]\W*$"),
    re.compile(r"\b(?:the )?(?:fourth|4th)(?: one| option)?\b|第四个?|^\W*[d4]\W*$"),
)
_WANTS = re.compile(
    r"\b(?:i|we)(?:'d|'re|'m| would| are| am)?\s+(?:[\w-]+\s+){0,3}?(?:use|want|need|prefer|choose|"
    r"like|take|go|have|run|on|are|in)\b|\b(?:my|our)\b|我|咱"
)
_NOT_OPTION = re.compile(
    r"(?:\bnot|\bno|n't|\bwithout|\bexcept|rather than|instead of|不是|不要|不用|不选|没有|"
    r"除了)(?:\s+(?:the|a|an|want|need|use|on))*\s*$"
)


def _words(option: object) -> list[str]:
    if isinstance(option, str):
        return [option]
    return list(option.values()) if isinstance(option, dict) else []


def _option_hits(reading: Reading, field: CollectField) -> list[tuple[int, int, str]]:
    hits = []
    for option in field.options or []:
        canonical = said_in(option, _words(option)[0] if isinstance(option, str) else next(iter(option)))
        for word in _words(option):
            low = Reading(word).low.strip()
            edge = r"(?<![a-z0-9]){}(?![a-z0-9])" if low.isascii() else "{}"
            for match in re.finditer(edge.format(re.escape(low)), reading.low) if low else ():
                hits.append((match.start(), match.end(), canonical))
    hits.sort(key=lambda hit: (hit[0], -hit[1]))
    return [
        hit
        for n, hit in enumerate(hits)
        if not any(o[0] <= hit[0] and hit[1] <= o[1] and o[:2] != hit[:2] for o in hits[:40])
    ][:40]


def choice(reading: Reading, field: CollectField, *, asked: bool) -> list[Claim]:
    """A choice field: one of its options in any language; yes, no and "the second" when it was asked for."""
    if len(reading.low) > 4000 or (is_question(reading.low) and not (asked and not reading.low.strip().endswith("?"))):
        return []
    hits = [hit for hit in _option_hits(reading, field) if not _NOT_OPTION.search(reading.low[: hit[0]][-30:])]
    if not asked:
        hits = [h for h in hits if h[1] - h[0] >= (2 if not reading.low[h[0] : h[1]].isascii() else 3)]
        if not hits or not (
            is_small_talk(reading.low[: hits[0][0]] + reading.low[hits[0][1] :]) or _WANTS.search(reading.low)
        ):
            return []
    if not hits and asked:
        return _by_place(reading, field)
    if len({hit[2] for hit in hits}) > 1 and re.search(r"\bor\b|还是|或", reading.low[hits[0][1] : hits[-1][0]]):
        return []
    return [
        Claim(s, e, reading.raw[s:e], name, doubt=whose.doubt(reading, s, e, own=asked, contact=False))
        for s, e, name in hits
    ]


def _by_place(reading: Reading, field: CollectField) -> list[Claim]:
    options = field.options or []
    start, end = clean(reading, 0, len(reading.low))
    for pattern, meaning in ((_YES, _YES), (_NO, _NO)):
        if pattern.fullmatch(reading.low) or pattern.fullmatch(reading.low.replace(HIDDEN, "")):
            for option in options:
                if any(meaning.fullmatch(word.lower()) for word in _words(option)):
                    said = reading.raw.strip()
                    return [Claim(0, len(reading.raw), said, _words(option)[0])]
    if len(reading.low) < 60:
        for option, ordinal in zip(options, _ORDINALS, strict=False):
            if found := ordinal.search(reading.low):
                return [Claim(found.start(), found.end(), reading.raw[start:end] or found[0], _words(option)[0])]
    return []
