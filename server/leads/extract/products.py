"""The product that the customer wants: "interested in the Pro plan", 想了解企业版."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from server.leads.extract.claim import Claim
from server.leads.extract.phrases import (
    HAN,
    LOOSE,
    SENTENCE,
    ZH_SENTENCE,
    claim_of,
    matches,
)
from server.leads.extract.places import is_place
from server.leads.extract.reading import Reading
from server.leads.extract.words import words

_PRODUCT_EN = re.compile(
    r"\b(?:(?:i'm|i am|we're|we are|very|also|quite|really|mainly|mostly|be|am|are|is|was|still|"
    r"particularly) interested in|interested in|(?:i|we)(?:'d| would)? (?:want|need|like|love|prefer|"
    r"choose|go for|go with|take|order|buy|try|get)"
    r"(?: to (?:buy|order|try|get|purchase|test|use|see|know (?:more )?about|learn (?:more )?about|"
    r"hear (?:more )?about|ask about|evaluate|discuss))?|(?:i'm|i am|we're|we are) (?:looking (?:for|"
    r"at|into)|considering|evaluating|curious about|thinking (?:of|about))|"
    r"(?:more|information|info|details|learn|know|question|questions|quote|pricing|price|hear|demo|"
    r"trial) (?:about|on|for|of)|demo of|trial of|product(?: of interest)?\s?(?:is|:))\s+(?:the |your |"
    r"a |an |getting |buying |using |more about )*"
)
_PRODUCT_ZH = re.compile(
    r"(?:想了解|了解一下|想要了解|想咨询|咨询一下|咨询|想买|要买|我要买?|想购买|购买|想订|想要|需要|"
    r"想用|想试用|试用|"
    r"看中了?|关注的?(?:产品)?是?|感兴趣的(?:产品)?是|想问问?|打听一下|对)(?:一下|下|你们|你们家|贵司|"
    r"贵公司|的|这款|一款|那款|产品)*"
    r"(?:的)?\s*(?P<v>[^,。!?;\n、]{1,30})"
)
_PRODUCT_WORD = re.compile(
    r"\b(?:plan|edition|version|model|package|kit|suite|module|robot|platform|sdk|api|license|licence|"
    r"tier|bundle|product|system|solution|pro|plus|enterprise)\b|版|款|型|套餐|方案|产品|系统|平台|"
    r"机器人|服务|模块|接口|软件|sdk|api|im|ai",
    re.I,
)
_NOT_PRODUCT = words("not a product")
_NOT_PRODUCT_ZH = re.compile(
    r"^(?:一下|下|你们?|您|我们?|产品|价格|报价|多少钱|详情|更多|功能|这个|那个|它|情况|信息|合作|优惠|"
    r"服务|帮助|什么|怎么|如何|哪|是否|联系|人工|客服|时间|考虑|开会|发票|先|再|和|跟|把|给|在|多|知道|"
    r"看看|问|请|能|可以|试用|贵|的|了|吗|我|资料|细节|案例|费用|收费|流程|方案|解决|接入|对比|不|没|"
    r"有|一个|人|钱|退|换|取消|投诉)"
)


@lru_cache(maxsize=256)
def _listed(names: tuple[str, ...]) -> re.Pattern[str] | None:
    words = sorted({Reading(n).low.strip() for n in names if n.strip()}, key=len, reverse=True)
    edged = [(rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" if w.isascii() else re.escape(w)) for w in words]
    return re.compile("|".join(edged)) if edged else None


_INTEREST = re.compile(
    r"\b(?:interested|want|need|like|looking|try|trial|demo|buy|order|purchase|how much|price|pricing|"
    r"cost|costs|quote|prefer|choose|take|consider|evaluat\w+|learn|know|hear|info|information|details|"
    r"about|go with|go for|upgrade|use|using|looks?|seems?|sounds|fits?|suits?|right|enough|best|better|"
    r"perfect|ideal|enquiry|inquiry|works for)\b|"
    r"了解|咨询|感兴趣|想|需要|买|试用|价格|多少钱|报价|选|关注|购|用|要|怎么卖|费用|合适|适合|够|定"
    r"|订|看中|"
    r"挺好|不错|先|做|试|换|来[一两几\d]|怎么收"
)
_NOTHING_ELSE = re.compile(
    r"(?:\b(?:ok|okay|yes|yeah|yep|sure|so|just|the|a|an|one|our|your|go|let's|do|it|it's|its|is|be"
    r"|then|i|we|"
    r"guess|think|suppose|maybe|probably|i'd|we'd|say|for|us|me|now|pls|plz|please|thanks|thank|you"
    r"|hi|hello|well|"
    r"great|good|cool|fine|would|will|definitely|mostly|mainly|and|plus|also|both|\d{1,3}x?|x)\b|"
    r"就|吧|好的?|嗯|那|是|的|啊|哦|呢|我们?|咱们?|谢谢|主要|应该|可能|大概|还有|和|加|都|\d{1,3}[个台套]|"
    r"[\s,.!;:。、~&+()*-])*"
)
_NOT_WANTED = re.compile(
    r"\b(?:not|don't|no longer|isn't|instead of|rather than|without|cancel|unlike|than|stop using|left|"
    r"switch(?:ing)? from|never)\b[^,.;]{0,24}$|(?:不|别|没|取消|不是|除了|不需要|不想要?|"
    r"退)[^,。]{0,6}$"
)


@lru_cache(maxsize=256)
def _spelling(names: tuple[str, ...]) -> dict[str, str]:
    """How the catalogue writes a name, by the name in lower case."""
    return {Reading(name).low.strip(): name.strip() for name in names}


def find(reading: Reading, catalogue: Sequence[str], earlier: str, *, asked: bool = False) -> list[Claim]:
    """The products that the message wants. Asked for, each name of the catalogue is wanted."""
    listed = _listed(tuple(catalogue))
    named = []
    for match in matches(listed, reading.low) if listed else ():
        sentence = reading.before(match.start()) + " " + reading.after(match.end())
        wanted = asked or _INTEREST.search(sentence) or _NOTHING_ELSE.fullmatch(sentence.strip()[:80])
        if wanted and not _NOT_WANTED.search(reading.before(match.start())):
            claim = claim_of(reading, match.start(), match.end(), earlier)
            named.append(claim and replace(claim, normalised=_spelling(tuple(catalogue)).get(match[0], claim.value)))
    found = [claim for claim in named if claim]
    if found:
        return found
    english = _english_product(reading, earlier) if reading.has(_EN_WORDS) else []
    chinese = _chinese_product(reading, earlier) if reading.foreign else []
    return [claim for claim in english + chinese if claim]


_EN_WORDS = (
    "interested in", "i want", "i need", "we want", "we need", "like", "love", "prefer", "choose", "go for", "go with",
    "take", "order", "buy", "try", "i get", "we get", "'d get", "looking", "consider", "evaluating", "curious",
    "thinking", "more ", "info", "details", "learn", "know", "question", "quote", "pric", "hear ", "demo", "trial",
    "product",
)  # fmt: skip


def _english_product(reading: Reading, earlier: str) -> list[Claim | None]:
    found = []
    for match in matches(_PRODUCT_EN, reading.low):
        sure = "interested in" in match[0] or "product" in match[0]
        loose = LOOSE.match(reading.text, match.end(), match.end() + 120)
        text = _product_text(loose[0]) if loose else ""
        first = text.split(" ")[0].lower()
        if not text or first in _NOT_PRODUCT or first.endswith("ing") or is_place(text) or re.match(r"\d+$", text):
            continue
        if _NOT_WANTED.search(reading.before(match.end())[-40:]):
            continue
        if sure or (
            _PRODUCT_WORD.search(text)
            and (
                text[0].isupper()
                or re.search("[A-Z]", text)
                or re.search(r"\b(?:plan|edition|model|package|tier)\b", text)
            )
        ):
            found.append(claim_of(reading, match.end(), match.end() + len(text), earlier, weak=True))
    return found


def _product_text(text: str) -> str:
    text = re.sub(
        r"\s+(?:for|because|and (?:how|what|would|want|need|also|my|i|we|can)|but|so|to|if|which|that|"
        r"please|in|as|we|i|my|can|could|with|from|at|is|are|does|do|you|when|by|on|how|what|have|has|"
        r"this|next|thanks|tomorrow|today)\b.*$",
        "",
        text,
        flags=re.I,
    )
    return re.sub(r"\s+(?:and|the|a|an|of|your)$", "", text, flags=re.I).rstrip(" .,-")


def _chinese_product(reading: Reading, earlier: str) -> list[Claim | None]:
    found = []
    for match in matches(_PRODUCT_ZH, reading.text):
        text = match["v"].strip()
        if match[0].startswith("对"):
            if "感兴趣" not in text and "有兴趣" not in text:
                continue
            text = re.split(r"(?:比较|很|非常|挺|更|最|也)?(?:感|有)兴趣", text)[0]
        text = (
            re.sub(
                r"(?:的)?(?:价格|报价|多少钱|怎么卖|功能|详情|情况|信息|资料|费用|收费|产品|具体).*$",
                "",
                text,
            )
            or text
        )
        text = re.sub(r"(?:吗|呢|吧|啊|哦|呀|了|的|一下|怎么样|可以吗|谢谢)+$", "", text)
        if (
            len(text) < 2
            or _NOT_PRODUCT_ZH.match(text)
            or re.search(r"什么|怎么|哪|多少|如何|吗|你们|您|我", text)
            or _NOT_WANTED.search(reading.before(match.start())[-12:])
        ):
            continue
        sure = "兴趣" in match[0] or "了解" in match[0] or "咨询" in match[0] or "关注" in match[0]
        if (sure or _PRODUCT_WORD.search(text)) and not re.fullmatch(r"\d+\w?", text):
            start = match.start("v") + (len(match["v"]) - len(match["v"].lstrip()))
            found.append(claim_of(reading, start, start + len(text), earlier, weak=True))
    return found


def is_bare(text: str, low: str, whole: bool) -> bool:
    if "@" in text or sum(c.isdigit() for c in text) > 8:
        return False
    if re.search(rf"[{HAN}]", text):
        return len(text) <= 24 and not ZH_SENTENCE.search(text) and (whole or bool(_PRODUCT_WORD.search(text)))
    words = low.split()
    if not whole and not text[0].isupper():
        return False
    return (
        len(words) <= 7
        and not SENTENCE.search(low)
        and words[0] not in _NOT_PRODUCT - {"the", "a", "an", "one", "two", "plan"}
    )
