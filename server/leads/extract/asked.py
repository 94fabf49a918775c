"""Which field an assistant's message asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from server.catalog.spec import CollectField, Text
from server.leads.extract.reading import Reading

_SENTENCE = re.compile(r"[^。!?\n]+?(?:[。!?\n]+|\.(?=\s|$)|$)")
_ASKING = re.compile(
    r"[?？]|\b(?:could you|can you|would you|may i|might i|can i|what's|what is|which|who|"
    r"please (?:share|leave|tell|let|give|send|provide|enter)|let (?:me|us) know|"
    r"share your|leave (?:me |us )?your|tell (?:me|us)|give (?:me|us)|drop (?:me|us)|i need your|"
    r"we need your|how (?:can|may|should|do) (?:i|we)|when (?:would|can|could|is|are|shall|should|"
    r"do))\b|"
    r"吗|呢|请问|能否|可否|方便|留下?|告诉|提供|说一下|是什么|怎么称呼|如何称呼|贵姓|哪家|哪一?款|哪个|"
    r"什么时候|何时|麻烦|发我|发一下|可以.{0,6}给"
)
_KEYWORDS: dict[str, str] = {
    "phone": r"\b(?:phone|mobile|cell|telephone|whatsapp|number to (?:call|reach)|best number|"
    r"your number|a number|contact number|call you on)\b|手机|电话|号码",
    "email": r"\be-?mail|\bmail address|邮箱|邮件|电邮|信箱",
    "wechat": r"\bwe-?chat\b|weixin|微信|\bwx\b",
    "datetime": r"\b(?:what (?:time|day)|when|which (?:time|day)|schedule|date|time (?:works|suits|"
    r"would|is)|times? that|a (?:good )?time|good time|meeting time|slot|availab\w+)\b|"
    r"什么时候|何时|几点|时间|哪天|预约|约个|哪一天|有空",
    "company": r"\b(?:company|organi[sz]ation|firm|business|employer|where do you work|"
    r"who do you work for|which team are you with|work for)\b|公司|企业|单位|哪家|贵司",
    "product": r"\b(?:product|plan|edition|model|package|interested in|looking for|solution)\b|产品|"
    r"哪一?款|版本|套餐|感兴趣|想了解|型号|关注",
    "account": r"\b(?:account|username|user ?name|user id|login|registered|signed up)\b|账号|帐号|账户|"
    r"帐户|用户名|注册",
    "name": r"\b(?:your (?:full |first |last |good )?name|who am i (?:talking|speaking|chatting)|"
    r"who do i have|call you\b(?! (?:on|at|back|tomorrow|later))|address you|who (?:is|"
    r"are) (?:this|you)|"
    r"may i have your name|what's your name|name\b)|姓名|名字|称呼|贵姓|怎么叫|尊姓|您是哪位",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _KEYWORDS.items()}
_CONTACT = re.compile(
    r"\b(?:contact (?:details|information|info)|(?:reach|contact) you|get (?:back )?(?:in touch|"
    r"to you)|get in touch|stay in touch|follow up with you)\b|联系方式|联系您|联系你"
)
_COMPANY_NAME = re.compile(
    r"\b(?:company|product|business|firm|organi[sz]ation|file|user|account|domain)'?s?\s+name|"
    r"公司(?:的)?(?:名字|名称)|产品(?:名字|名称)|用户名"
)
_ABOUT_OTHER = re.compile(
    r"\b(?:his|her|their|colleague'?s?|boss'?s?|manager'?s?|friend'?s?)\s+(?:\w+\s+){0,2}?(?:number|"
    r"phone|e-?mail|wechat|name|contact|mobile)|(?:他|她|同事|老板|朋友|对方)们?的?(?:电话|手机|微信|"
    r"邮箱|名字|姓名|联系方式|号码)"
)


def _grams(low: str) -> frozenset[str]:
    bare = re.sub(r"[^\w]+", " ", low).strip()
    return (
        frozenset(bare[i : i + 3] for i in range(len(bare) - 2))
        if bare.isascii()
        else frozenset(bare[i : i + 2] for i in range(len(bare) - 1))
    )


@lru_cache(maxsize=512)
def _wording(text: str) -> tuple[str, frozenset[str]]:
    """The question in a field's own wording, which may begin with a reason."""
    low = Reading(text).low
    pieces = [piece for piece in _SENTENCE.findall(low) if _ASKING.search(piece)]
    asked = (pieces[-1] if pieces else low).strip()
    return asked, _grams(asked)


def _wordings(ask: Text | None) -> list[str]:
    if ask is None:
        return []
    return [ask] if isinstance(ask, str) else list(ask.values())


def _likeness(grams: frozenset[str], field: CollectField) -> float:
    best = 0.0
    for text in _wordings(field.ask):
        _, own = _wording(text)
        if grams and own:
            best = max(best, 2 * len(grams & own) / (len(grams) + len(own)))
    return best


def _named_at(low: str, field: CollectField) -> int | None:
    """Where a question names the field, by its type or meaning, its label or its name."""
    if field.type == "datetime" or field.type in ("phone", "email", "wechat"):
        found = _PATTERNS[field.type].search(low)
    elif field.meaning == "name":
        found = next(
            (
                m
                for m in _PATTERNS["name"].finditer(low)
                if not _COMPANY_NAME.search(low, max(0, m.start() - 14), m.end())
            ),
            None,
        )
    else:
        found = _PATTERNS[field.meaning].search(low) if field.meaning else None
    if found:
        return found.start()
    labels = [field.name.replace("_", " "), *_wordings(field.label)]
    places = [low.find(label.lower()) for label in labels if len(label) > 1]
    return min((place for place in places if place >= 0), default=None)


def _field_asked(sentence: str, fields: Sequence[CollectField]) -> str | None:
    grams = _grams(sentence)
    likest = max(((_likeness(grams, field), -i, field.name) for i, field in enumerate(fields)), default=(0.0, 0, ""))
    if likest[0] >= 0.6:
        return likest[2]
    named = [
        (place, -_likeness(grams, field), i, field.name)
        for i, field in enumerate(fields)
        if (place := _named_at(sentence, field)) is not None
    ]
    if named:
        return min(named)[3]
    if _CONTACT.search(sentence):
        return next((field.name for field in fields if field.type in ("phone", "wechat", "email")), None)
    return likest[2] if likest[0] >= 0.45 else None


def asked_in(text: str, fields: Sequence[CollectField]) -> str | None:
    """The name of the field that an assistant's text asks the customer for, the last one when it asks for several.

    By likeness to the fields' own `ask` wordings in any language, else by the words for their type or meaning. A
    question about somebody else's data asks for nothing.
    """
    if not fields or not text:
        return None
    low = Reading(text[-3000:]).low
    for sentence in reversed([match[0] for match in _SENTENCE.finditer(low)]):
        if len(sentence) < 400 and _ASKING.search(sentence):
            if _ABOUT_OTHER.search(sentence):
                return None
            if found := _field_asked(sentence.strip(), fields):
                return found
    return None


def asks_about_other(text: str) -> bool:
    """Whether the assistant's text asks for somebody else's data ("What is his number?")."""
    low = Reading(text[-600:]).low
    return bool(_ABOUT_OTHER.search(low)) and bool(_ASKING.search(low))
