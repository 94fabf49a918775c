"""The customer's name: "I'm Ada", 我叫王芳, 免贵姓王."""

from __future__ import annotations

import re

from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.companies import ZH_SUFFIX
from server.leads.extract.days import DAY, MONTH
from server.leads.extract.numerals import ONE_TO_TWELVE
from server.leads.extract.phrases import (
    HAN,
    SENTENCE,
    UP,
    ZH_SENTENCE,
    claim_of,
    matches,
    tidy,
)
from server.leads.extract.places import SURNAMES, is_chinese_name, is_place
from server.leads.extract.reading import Reading
from server.leads.extract.words import words

_NOT_NAME = words("not a name")
_EN_NAME_STRONG = re.compile(
    r"\b(?:my (?:full |first )?name(?:'s| is|:)|(?:the )?name's|name\s?:|(?:you can |please |"
    r"just )?call me|i(?:'m| am) called|people call me|everyone calls me|i go by|my friends call me|"
    r"contact name\s?(?:is|:))\s+"
)
_EN_NAME_WEAK = re.compile(r"\b(?:i'm|i am|im|this is|it's|it is)\s+")
_EN_NAME_CARD = re.compile(
    r"(?:^|[\n.;!,]\s{0,3})(?:contact(?: person| details| info)?|name|regards|best regards|kind regards|best|cheers"
    r"|thanks|thank you|"
    r"rgds|br|sincerely)\s{0,2}(?:[:,-]|\n)\s{0,3}"
)
_LOWER_NAME = re.compile(r"([a-z][a-z'-]{1,15}(?: [a-z][a-z'-]{1,15})?) (?:from|at|with|of)\s+(?=[a-z0-9])")
_TITLED = re.compile(rf"(?<![{HAN}])(?P<v>[{HAN}]{{1,2}}(?:先生|女士|小姐|总|经理|工|老师|主任))(?![{HAN}])")
_FULL_AFTER = re.compile(rf"(?P<s>[{HAN}]{{1,2}}?)[,、\s]+(?:叫|名叫|全名)?(?P<full>(?P=s)[{HAN}]{{1,2}})(?![{HAN}])")
_GOES_ON = re.compile(rf"[{HAN}]")
_DIGITS = re.compile(r"\d(?:[\s-]?\d){6}|@")
_EN_NAME_HERE = re.compile(
    rf"(?:^|[.!,\n]\s{{0,4}}|\b(?:[Hh]i|[Hh]ello|"
    rf"[Hh]ey),?\s+)((?!Hi\b|Hello\b|Hey\b|Dear\b){UP}(?:\s{UP})?) (?:from [^,.!?\n]{{2,40}} )?here\b(?!'s)"
)
_NAME_PROPER = re.compile(
    r"[A-ZÀ-ÖØ-Þ][\wÀ-ɏ'’-]*(?:\s+(?:[A-ZÀ-ÖØ-Þ][\wÀ-ɏ'’.-]*|de|van|von|der|bin|"
    r"al)){0,3}"
)
_NAME_LOOSE = re.compile(r"[a-zÀ-ɏ][\w'À-ɏ-]*(?:\s[a-zÀ-ɏ][\w'À-ɏ.-]*){0,2}", re.I)
_NAME_HAN = re.compile(rf"[{HAN}·]{{2,8}}")
_AFTER_NAME = re.compile(
    r"\s*(?:$|[,.!;:()\n\-/]|\b(?:from|and|at|with|here|of|by the way|speaking|the|a|an|who|working|"
    r"calling|writing|based|i|we|my|in|nice|pleased|your)\b|[^\x00-\x7f])",
    re.I,
)
_ZH_NAME = [
    (
        re.compile(
            rf"(?:我(?:的)?(?:名字|姓名|全名|真名)|(?<![公司户品])(?:姓名|名字|联系人)|"
            rf"(?<![公司])名字)\s*(?:是|叫做?|为|:)\s*(?P<v>[{HAN}·]{{2,8}}|{UP}(?:\s{UP}){{0,2}})"
        ),
        True,
    ),
    (
        re.compile(
            rf"(?:我|本人|在下|鄙人|俺)(?:就)?(?:叫做?|名叫|名为)\s*(?P<v>[{HAN}·]{{2,8}}|"
            rf"[A-Za-z][A-Za-z'-]*(?:\s[A-Z][A-Za-z'-]*){{0,2}})"
        ),
        True,
    ),
    (re.compile(rf"(?:免贵|我|本人|敝)姓\s*(?P<v>[{HAN}]{{1,2}})"), True),
    (re.compile(rf"(?:叫我|称呼我(?:为|叫)?|喊我)\s*(?P<v>[{HAN}]{{2,4}}|[A-Za-z][A-Za-z'-]*)"), True),
    (re.compile(rf"(?:我是|本人|鄙人|这是|这里是)\s*(?P<v>[{HAN}]{{2,4}})(?=$|[,。!?;\n、\s(])"), False),
    (re.compile(rf"(?:^|[\s,。;、])(?:联系人|姓名|称呼)\s{{1,3}}(?P<v>[{HAN}]{{2,4}})(?=$|[,。;\n、\s])"), False),
    (re.compile(r"(?:我是|这里是)\s*(?P<v>[A-Z][a-z'-]+(?:\s[A-Z][a-z'-]+)?)(?=$|[,。!;\n、(]|\s*$)"), False),
    (
        re.compile(
            rf"我是[^,。!?;\n]{{2,30}}?的(?:采购|销售|技术|运营|市场|产品|开发|财务|行政|经理|总监|"
            rf"负责人|工程师){{0,2}}(?P<v>[{HAN}]{{2,3}})(?=$|[,。!?;\n、\s])"
        ),
        False,
    ),
]
_ZH_NAME_CUT = re.compile(
    r"(?:,|来自|在|是|的|电话|手机|微信|邮箱|想|要|做|公司|这边|你好|您好|吧|哦|哈|呀|啊|就行|就好|"
    r"就可以|即可|好了).*$"
)
_TITLE = re.compile(rf"[小老阿][{HAN}]$|^[{HAN}]{{1,2}}(?:先生|女士|小姐|总|经理|工|老师|总监|主任|姐|哥)$")


def _english_name(reading: Reading, earlier: str) -> list[Claim]:
    found: list[Claim | None] = []
    for match in matches(_EN_NAME_STRONG, reading.low):
        value = (
            _NAME_PROPER.match(reading.text, match.end())
            or _NAME_HAN.match(reading.text, match.end())
            or _NAME_LOOSE.match(reading.text, match.end())
        )
        text = tidy(value[0]) if value else ""
        if _is_name(text) and not (match[0].startswith("call me") and _is_moment(text, reading.low, match.end())):
            found.append(claim_of(reading, match.end(), match.end() + len(text), earlier))
    for match in matches(_EN_NAME_CARD, reading.low[:2000]):
        line = reading.text.find("\n", match.end())
        value = _NAME_PROPER.match(reading.text, match.end(), line if line > 0 else len(reading.text))
        if (
            value
            and _is_name(value[0])
            and not is_place(value[0])
            and re.match(r"\s*(?:$|[,\n;|/(-])", reading.text[value.end() :])
        ):
            found.append(claim_of(reading, value.start(), value.end(), earlier, weak=True))
    for match in matches(_EN_NAME_WEAK, reading.low):
        if not match[0].startswith("it") and (lower := _LOWER_NAME.match(reading.text, match.end())):
            if _is_name(lower[1]) and not SENTENCE.search(lower[1]):
                found.append(claim_of(reading, lower.start(1), lower.end(1), earlier, weak=True))
            continue
        value = _NAME_PROPER.match(reading.text, match.end())
        text = tidy(value[0]) if value else ""
        if (
            value
            and _is_name(text)
            and not is_place(text)
            and _AFTER_NAME.match(reading.text, match.end() + len(text))
            and _is_person(match[0], text, reading.text[match.end() + len(text) :])
        ):
            found.append(claim_of(reading, match.end(), match.end() + len(text), earlier, weak=True))
    found += [
        claim_of(reading, m.start(1), m.end(1), earlier, weak=True)
        for m in _EN_NAME_HERE.finditer(reading.text[:400])
        if _is_name(m[1])
    ]
    return [claim for claim in found if claim]


_MOMENT = re.compile(
    rf"(?:{DAY}|{MONTH}|next|this|any|some|every|each|back|up|on|at|in|by|after|before|around|about"
    rf"|when\w*|if|once|"
    rf"later|soon|now|asap|first|anytime|to\w*|tmrw?|tom\w*|over|via|through|using|with|during|early"
    rf"|late|please|pls|"
    rf"for|and|or|whatever|again|sometime|morning|noon|midday|half|quarter|{ONE_TO_TWELVE}|within|outside|"
    rf"directly|instead|there|here|when|because|regarding|re|concerning|maybe|the|my|as|so|then|not"
    rf"|between|from)\b"
)


def _is_moment(text: str, low: str, start: int) -> bool:
    """Whether "call me" goes on with when, how or why rather than with a name."""
    return _MOMENT.match(low, start) is not None


def _is_person(lead: str, text: str, after: str) -> bool:
    if lead.startswith(("it's", "it is")):
        return bool(re.match(r"\s*(?:here|from|speaking|again)\b", after))
    if lead.startswith("this is"):
        return (
            bool(re.match(r"\s*(?:$|[,.!\n]|from\b|here\b|at\b|speaking|with\b|and\b|of\b|calling)", after))
            and not text.isupper()
        )
    return not (text.isupper() and len(text) > 3)


def _is_name(text: str) -> bool:
    words = text.lower().split()
    return (
        bool(words)
        and words[0] not in _NOT_NAME
        and len(text) <= 40
        and not any(c.isdigit() for c in text)
        and (len(text) > 1)
        and not (words[0].endswith("ing") and len(words[0]) > 6)
    )


def _chinese_name(reading: Reading, earlier: str) -> list[Claim]:
    found: list[Claim | None] = []
    if _DIGITS.search(reading.text):
        found += [
            claim_of(reading, m.start("v"), m.end("v"), earlier, weak=True)
            for m in matches(_TITLED, reading.text)
            if m["v"][0] in SURNAMES and whose.owner_before(reading.before(m.start())) != "other"
        ]
        if card := whose.card(reading.text):
            found += [
                claim_of(reading, start, end, earlier, weak=True)
                for start, end in card
                if is_chinese_name(reading.text[start:end])
            ]
    for pattern, strong in _ZH_NAME:
        for match in matches(pattern, reading.text):
            text = match["v"] if match["v"].isascii() else _ZH_NAME_CUT.sub("", match["v"])
            if (
                is_chinese_name(match["v"])
                and match["v"][-1] in "想要"
                and not _GOES_ON.match(reading.text, match.end())
            ):
                text = match["v"]
            surname = match[0].rstrip(match["v"]).endswith("姓")
            if surname and (full := _FULL_AFTER.match(reading.text, match.start("v"))):
                found.append(claim_of(reading, full.start("full"), full.end("full"), earlier))
                continue
            if surname:
                text = match["v"][:2] if match["v"][:2] in ("欧阳", "司马", "上官", "诸葛", "司徒") else match["v"][:1]
            if _is_chinese_person(text, strong=strong, surname=surname):
                found.append(
                    claim_of(reading, match.start("v"), match.start("v") + len(text), earlier, weak=not strong)
                )
    return [claim for claim in found if claim]


def _is_chinese_person(text: str, *, strong: bool, surname: bool) -> bool:
    if surname:
        return text[:1] in SURNAMES or len(text) == 2
    if (
        len(text) < 2
        or is_place(text)
        or (
            re.search(
                r"什么|啥|谁|外卖|了|车$|公司|不|没|吗|怎|为|客服|科技|集团|经理$|总监$|老板$|学生|"
                r"用户|客户",
                text,
            )
            and not _TITLE.search(text)
        )
    ):
        return False
    if text.isascii():
        return _is_name(text)
    return (
        strong
        or is_chinese_name(text)
        or bool(_TITLE.search(text) and ((text[0] in "小老阿" and text[1] in SURNAMES) or text[0] in SURNAMES))
    )


_EN_WORDS = (
    "name", "call", "go by", "i'm", "i am", "im ", "this is", "it's", "it is", "here", "contact", "regards", "best",
    "cheers", "thank", "rgds", "br", "sincerely",
)  # fmt: skip
_ZH_WORDS = "我姓名叫人称是先女总经小工老主"


def find(reading: Reading, earlier: str) -> list[Claim]:
    english = _english_name(reading, earlier) if reading.has(_EN_WORDS) else []
    return english + (
        _chinese_name(reading, earlier)
        if reading.foreign and (reading.has(_ZH_WORDS) or _DIGITS.search(reading.text))
        else []
    )


def is_bare(text: str, low: str, whole: bool) -> bool:
    if any(c.isdigit() for c in text) or re.search(r"[@:;?!_/\\()]", text) or is_place(text):
        return False
    if re.fullmatch(rf"[{HAN}·]+", text):
        if _TITLE.search(text) or is_chinese_name(text) or (len(text) == 1 and text in SURNAMES and whole):
            return not ZH_SENTENCE.search(text) or (is_chinese_name(text) and not re.search("什么|怎么|没|不", text))
        return whole and 2 <= len(text) <= 6 and not ZH_SENTENCE.search(text) and not ZH_SUFFIX.search(text)
    words = low.replace(",", " ").split()
    if not re.fullmatch(r"[^\W\d]['’.\-\w]*(?:\s[^\W\d]['’.\-\w]*){0,3}", text) or re.search(r"\w\.\w", text):
        return (
            bool(re.fullmatch(rf"[{HAN}A-Za-z ]{{2,12}}", text))
            and whole
            and bool(re.search(r"先生|女士|总|经理", text))
        )
    return (
        (whole or text[0].isupper())
        and not any(w in _NOT_NAME - {"mr", "mrs", "ms", "dr", "german", "french", "english"} for w in words)
        and not SENTENCE.search(low)
        and len(text) <= 40
    )
