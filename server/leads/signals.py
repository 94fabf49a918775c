"""What one message of a customer tells the ask planner, read by rule, in Chinese and English.

Pure: the same text gives the same signals. Rules lean to the quiet side where they are unsure: a message that
may be an opt-out or a question is taken for one, because the price of a missed ask is small.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from server.catalog.spec import CollectField


@dataclass(frozen=True, slots=True)
class TurnSignals:
    """The signals of one customer message; stored with its turn.

    `open_question`: it asks something (whether that gets answered, the turn knows later). `asks_purpose`: it
    asks why we want to know. `refused_fields`: names of the fields it declines to give. `language`: "zh",
    "en" or None when it tells neither (a bare e-mail address, "ok").
    """

    open_question: bool = False
    asks_price: bool = False
    asks_product: bool = False
    asks_purpose: bool = False
    buy: bool = False
    positive: bool = False
    irritated: bool = False
    opt_out: bool = False
    opt_in: bool = False
    refusal: bool = False
    refused_fields: tuple[str, ...] = ()
    language: str | None = None

    @property
    def refused_field(self) -> str | None:
        """The first field that the message declines to give."""
        return self.refused_fields[0] if self.refused_fields else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for the record of the turn."""
        return asdict(self) | {"refused_fields": list(self.refused_fields)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TurnSignals:
        """From `to_dict`; unknown keys are passed over and missing ones are false."""
        known = {f.name: stored[f.name] for f in fields(cls) if f.name in stored}
        known["refused_fields"] = tuple(known.get("refused_fields") or ())
        return cls(**known)


def read_signals(
    text: str,
    *,
    asked: str | None,
    fields: Sequence[CollectField],
    answered: bool = True,
    previous: TurnSignals | None = None,
) -> TurnSignals:
    """The signals of `text`.

    `asked` is the field that the answer before it asked for, `fields` what the persona collects, `previous`
    the signals of the customer's message before and `answered` whether a question in that one was answered.
    """
    plain = _plain(text)
    clauses = _clauses(plain)
    question = _asks(plain, clauses) or _insists(plain, previous, answered) or bool(_BARE.match(plain))
    out, channels = _opts_out(plain)
    opt_in = bool(_OPT_IN.search(plain)) and (not out or bool(_CHANGED.search(plain)))
    out = out and not opt_in
    refused = _refused_fields(clauses, asked, fields, channels)
    irritated = _irritated(text, plain, clauses)
    price = _affirmed(_PRICE, plain)
    return TurnSignals(
        open_question=question,
        asks_price=price and (question or _is_short(plain) or bool(_SEND.search(plain))),
        asks_product=question and bool(_PRODUCT.search(plain)),
        asks_purpose=_asks_purpose(plain, asked),
        buy=price or _affirmed(_BUY, plain),
        positive=not irritated and not out and _positive(plain, clauses),
        irritated=irritated,
        opt_out=out,
        opt_in=opt_in,
        refusal=bool(refused) or out,
        refused_fields=refused,
        language=_language_in(plain),
    )


# --- text -------------------------------------------------------------------------------------------------

_EDGE = r"\b"
_URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]{0,15}://|\bwww\.)[!-~]+", re.I)
_ADDRESS = re.compile(r"(?<![a-z0-9_.+-])[a-z0-9_.+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.I)
_CLAUSE = re.compile(r"[^.,;:!?\n，。；：！？、…~]+[.,;:!?，。；：！？、…~]*")
_LEAD = re.compile(
    r"^(?:(?:(?:so|and|but|ok|okay|hi|hello|hey|well|also|please|thanks|oh|yes|no|right|sorry|excuse"
    r" me|there"
    r"|then|actually|by the way)\b|你好|您好|那么|那|嗯|请|另外|还有|好的)\s*)+"
)


_SPELLED = {
    "dont": "don't",
    "wont": "won't",
    "cant": "can't",
    "didnt": "didn't",
    "doesnt": "doesn't",
    "isnt": "isn't",
    "wanna": "want to",
    "gonna": "going to",
    "gimme": "give me",
}
_SLOPPY = re.compile(rf"\b(?:{'|'.join(_SPELLED)})\b")


def _plain(text: str) -> str:
    """Lower case, NFKC (so `？` is `?`), straight quotes, without addresses."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = plain.replace("’", "'").replace("‘", "'")
    plain = _SLOPPY.sub(lambda found: _SPELLED[found[0]], plain)
    return _ADDRESS.sub(" ", _URL.sub(" ", plain)).strip()


def _clauses(plain: str) -> list[str]:
    return [found.strip() for found in _CLAUSE.findall(plain) if found.strip()]


def _is_short(plain: str) -> bool:
    return len(plain.split()) <= 4 and len(plain) <= 30


def _any(*alternatives: str) -> re.Pattern[str]:
    """Those that begin at the edge of a word are tried nowhere else, which is most of a text."""
    at_edge = [rf"(?:{rest})" for rest in (a.removeprefix(_EDGE) for a in alternatives if a.startswith(_EDGE))]
    others = [alternative for alternative in alternatives if not alternative.startswith(_EDGE)]
    return re.compile("|".join([*([rf"\b(?:{'|'.join(at_edge)})"] if at_edge else []), *others]))


# --- language ---------------------------------------------------------------------------------------------

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_OTHER_SCRIPT = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_ENGLISH = frozenset(
    re.findall(
        r"\S+",
        "the is are was were be been do does did don't doesn't didn't can can't could would should will"
        " won't what "
        "how who when where why which i i'm i'd i'll i've you you're your we we're our my it it's its"
        " this that "
        "that's there they them and or but not with for from about have has had want need like please"
        " thanks thank "
        "hello hi hey yes price pricing cost much many some any call email later sure great good help"
        " tell show give "
        "looking interested of in to an at by if",
    )
)


def language_of(text: str) -> str | None:
    """ "zh", "en", or None when the text tells neither, such as a name, a number or an address."""
    return _language_in(_plain(text))


def _language_in(plain: str) -> str | None:
    if _OTHER_SCRIPT.search(plain):
        return None
    han = len(_HAN.findall(plain))
    english = sum(word in _ENGLISH for word in _WORD.findall(plain))
    if han:
        return "en" if english >= 2 and english * 2 > han else "zh"
    return "en" if english else None


# --- questions --------------------------------------------------------------------------------------------

_SMALL_TALK = re.compile(
    r"\b(?:how are you(?: doing)?(?: today)?|how do you do|how's it going|what's up|(?:are you|anyone"
    r"|anybody|is "
    r"(?:anyone|anybody|someone)) (?:still )?there)\b\s*\??|(?:你好吗|最近好吗|在吗|在不在|有人吗"
    r"|有人在吗)\s*\??"
)
_TAG = re.compile(r"(?<=[,，、])\s*(?:ok|okay|right|yes|alright|好吗|好吧|行吗|可以吗|对吧|好不好)\s*\?+\s*$")
_ASKING_EN = re.compile(
    r"^(?:what(?! (?:a|an|i|we)\b)|what's|how(?! (?:nice|great|cool|annoying|rude)\b)|who(?:'s)?\b|whose"
    r"|wh(?:en|ere|y) (?:do|does|did|can|could|will|would|is|are|was|should|not|on)\b|where's"
    r"|why\s*\?*$|(?:do|does|can|could|would|are|r) u\b"
    r"|which (?!is\b|are\b|was\b|means\b|i\b|we\b)\w"
    r"|(?:can|could|may|would|will|should|shall) (?:you|i|we|it|this|that|the|your|there|someone|anyone)\b"
    r"|(?:do|does|did|is|are|has|have) (?:you|it|there|this|that|these|those|the|your|i|we|anyone"
    r"|someone)\b"
    r"(?! (?:have|had) to\b)|any (?:idea|chance|info|information|news|discount)\b|what about|how about)"
)
_REQUEST_EN = re.compile(
    r"\btell me\b(?! later)|\b(?:like|love|want|need) to (?:know|learn|understand|hear|find out)\b"
    r"|\bwonder(?:ing)? "
    r"(?:if|whether|what|how|which|when)\b|\bcurious (?:about|if|whether|how)\b|\b(?:please"
    r" )?(?:explain|describe)\b"
    r"|\bshow me\b|\b(?:talk|walk|take) me through\b|\bgot any\b|\bgive me (?:an? )?(?:\w+ )?(?:info"
    r"|information|details?|overview|idea|examples?)\b"
    r"|\bhelp me\b|\bneed (?:some )?help\b|\bneed (?:some |more )?(?:info|information|details)\b"
    r"|\b(?:info|information|details) (?:about|on|regarding)\b|\b(?:i have|got) a question\b|\blet me"
    r" know\b"
)
_ASKING_ZH = re.compile(
    r"[吗么]\s*[?~]*\s*$|(?:什么|怎么|怎样|哪(?!里哪里|怕)|啥|谁|多少|多久|多长|咋)(?!都|也)"
    r"|如何|为什么|为何|是否|"
    r"能不能|可不可以|可否|能否|有没有|有无|是不是|会不会|要不要|支不支持|行不行|请问|"
    r"(?:想|要|来)(?:咨询|了解|知道|问)|(?:咨询|了解|介绍|说明|讲解|解释)(?:一下|下)|(?:给我|请|帮我"
    r"|麻烦)(?:介绍|讲|说说|解释|说明)|"
    r"讲讲|说说(?:看)?|告诉我|帮我(?:看|查|介绍|解释|分析|算|推荐)|需要帮(?:助|忙)|帮个忙|呢\s*\?"
    r"|有\w{1,8}(?:没|没有|不)\W*$|发(?:一?份|个|下|一下|些|点)?\w{0,4}(?:资料|文档|手册|案例"
    r"|价目表)(?:给我|过来|看看|吧)?"
    r"|(?:需要|先|再)了解|([\u4e00-\u9fff])不\1(?!起)|(?:说|讲)(?:一下|下)|几(?:年|个月|天|台|次|种|块)\W*$"
)
_NO_QUESTION_ZH = re.compile(
    r"(?:没|没有|不管|无论|随便)(?:什么|怎么|多少|谁|哪)\w*|什么的$|那么|这么|要么|多么|怎么样都"
)
_ABOUT_ANSWER = re.compile(
    r"(?:didn't|did not|haven't|have not|never) answer|(?:not|isn't) what i asked|still waiting|my question"
    r"(?: was| is|$)|没(?:有)?回答|答非所问|我问的是|回答我"
)
_NUDGE = re.compile(r"^\W*(?:so|and|well|hello|then|any(?:thing| update)?|still there|嗯+|所以|然后|快点)\W*$")


def _asks(plain: str, clauses: Sequence[str]) -> bool:
    rest = _TAG.sub("", _SMALL_TALK.sub(" ", plain))
    if "?" in rest or _REQUEST_EN.search(rest):
        return True
    return any(_clause_asks(clause) for clause in _clauses(rest)) if rest != plain else any(map(_clause_asks, clauses))


def _clause_asks(clause: str) -> bool:
    bare = _LEAD.sub("", clause)
    if _ASKING_EN.search(bare):
        return True
    return not clause.isascii() and bool(_ASKING_ZH.search(_NO_QUESTION_ZH.sub("", clause)))


def _insists(plain: str, previous: TurnSignals | None, answered: bool) -> bool:
    """Whether the customer holds on to a question that was not answered."""
    if _ABOUT_ANSWER.search(plain):
        return True
    return bool(previous and previous.open_question and not answered and _NUDGE.match(plain))


_PURPOSE = re.compile(
    r"\bwhy (?:do|would|should|are) (?:you|i|we) (?:need|want|ask|have|give|know|tell|collect)|\bwhat"
    r" (?:do you (?:need|want|"
    r"use) (?:it|that|this|my)|(?:is|will) (?:it|that|this|my \w+) (?:be )?(?:used )?for)|\bwhat for\b"
    r"|(?:为什么|为何|干嘛|干什么)(?:要|需要|一定要|想)?(?:问|知道|我的|我|留|填|提供|收集)|(?:要"
    r"|问)(?:这个|我)?\w{0,6}(?:干嘛|干什么|做什么)"
    r"|有什么用"
)
_WHY = re.compile(r"^\W*(?:why|what for|but why|为什么|为何|为啥|干嘛)(?: do you (?:ask|need it))?\W*$")
_PERSONAL = re.compile(
    r"\bmy (?:\w+ )?(?:phone|number|e-?mail|wechat|name|company|details|data|info\w*|contact)|\b(?:it"
    r"|that|this|to know|asking|"
    r"ask)\b|我的?(?:电话|手机|邮箱|微信|名字|姓名|公司|信息|资料|联系方式)|问|这个|知道|留|填|收集"
)


def _asks_purpose(plain: str, asked: str | None) -> bool:
    if asked is None:
        return False
    return bool(_WHY.match(plain)) or bool(_PURPOSE.search(plain) and _PERSONAL.search(plain))


# --- interest ---------------------------------------------------------------------------------------------

_PRICE = re.compile(
    r"\b(?:pric(?:e|es|ing)|costs?|how much (?:is|are|does|do|would|will|for|per|it)|fees?|quot(?:e"
    r"|es|ation)|discounts?)\b"
    r"|^\W*how much\W*$|价格|价钱|多少钱|费用|收费|报价|怎么卖|贵不贵|折扣|优惠|资费|计费|几块钱|什么价"
)
_BARE = re.compile(
    r"^\W*(?:your |the )?(?:price|prices|pricing|cost|costs|quote|quotation|价格|价钱|报价|费用|多少钱)"
    r"(?: list| info| pls| plz| please|表|单)*\W*$"
)
_BUY = re.compile(
    r"\b(?:demo|demonstration|(?:free )?trial|(?:try|test) (?:it|out|your)|purchas(?:e|ing)"
    r"|buy(?:ing)?|contract|invoice"
    r"|payment|procurement"
    r"|(?:place|make|an|my|the|our|to|purchase) order(?! of\b| in\b)|order (?:now|it|one|some|\d+)"
    r"|sign up|get"
    r" started|subscribe to"
    r"|(?<!message )(?<!messages )delivery(?! (?:rate|receipt|report|status|of messages?))|lead time"
    r"|ship(?:ping)? (?:to|cost|time))\b"
    r"|试用|试一下|试一试|试试|演示|合同|下单|购买|采购|订购|想买|要买|买[一几个套]|付款|发票|签约"
    r"|交付|交货|发货|货期"
    r"|开通|订单"
)
_PRODUCT = re.compile(
    r"\b(?:products?|features?|support(?:s|ed)?|plans?|sdks?|apis?|integrat\w+|works? with"
    r"|compatib\w+|versions?|functions?"
    r"|specs?|specifications?|models?|services?|solutions?|packages?|offers?)\b|产品|功能|支持|方案"
    r"|型号|规格|版本|接口|集成|套餐|服务|介绍"
)
_SEND = re.compile(
    r"\b(?:send|give|get|need|want|like|email)\b.{0,20}\b(?:quot\w+|pric\w+)\b|(?:要|发|给"
    r"|来).{0,6}(?:报价|价格)"
)
_NEGATION = re.compile(
    r"(?:\b(?:no|not|never|without|don't|dont|doesn't|won't|can't|cancel)\b[\w\s']{0,20}|(?:不|没|别"
    r"|无需|取消)\w{0,3})$"
)


def _affirmed(words: re.Pattern[str], plain: str) -> bool:
    """Whether one of the words is said without a negation before it in its clause."""
    return any(not _NEGATION.search(_before(plain, found.start())) for found in words.finditer(plain))


def _before(plain: str, at: int) -> str:
    return re.split(r"[.,;:!?，。；：！？\n]", plain[max(0, at - 40) : at])[-1]


# --- mood -------------------------------------------------------------------------------------------------

_POSITIVE = re.compile(
    r"\b(?:thanks|thank you|thx|great|perfect|awesome|cool|excellent|wonderful|amazing|fantastic"
    r"|helpful|love (?:it|this|that)"
    r"|(?:sounds|looks|very|that's|pretty|really) (?:good|nice|interesting)|good to know|nice|sure"
    r"|yes please|of course|gladly)\b"
    r"|谢谢|感谢|多谢|谢啦|太好了|很好|挺好|不错|好的|好啊|好呀|好嘞|没问题|棒|(?:点|很)赞|满意|喜欢"
    r"|👍|😊|🙏"
)
_YES_ZH = re.compile(r"^(?:好|赞|行|可以|可以的|可以啊|嗯好|当然|当然可以|没问题)\W*$")
_NOT_POSITIVE = re.compile(
    r"\bno,? (?:thanks|thank you)|\bnot (?:so |very |really |that )?(?:\w+)|不(?:太|是很|怎么)?(?:好"
    r"|满意|喜欢|棒)|不用谢|谢谢?不用"
)
_IRRITATED_EN = re.compile(
    r"\b(?:stop (?:asking|bothering|pestering|spamming|harassing)|leave me alone|shut up|fed up"
    r"|(?:sick|tired) of (?:this|your|you|these|all)"
    r"|(?:so|very|really|too|getting|how|you are|you're|this is|it's|that's) (?:annoying|irritating"
    r"|pushy|nosy|ridiculous|useless|stupid)"
    r"|i'm (?:annoyed|irritated|angry|furious)|you(?:'re| are)? (?:annoy|irritat)\w*|waste of (?:my"
    r" )?time|wasting my time"
    r"|(?:already|just) (?:told|said|answered)|i said no|how many times|enough (?:already|with|of"
    r" this)|that's enough|spam(?:ming)? me"
    r"|none of your business|mind your own|what the (?:hell|heck|fuck)|go to hell|bloody hell|wtf"
    r"|damn (?:it|you)|goddamn|bullshit"
    r"|keep (?:on )?asking|keeps asking|frustrat\w+|no means no|enough with the|screw you|fuck\w*"
    r"|idiots?|piss(?:ed)? off|stop it|quit (?:asking|it)|don't bother me)\b"
)
_IRRITATED_SHORT = re.compile(
    r"\b(?:annoying|irritating|pushy|useless|ridiculous|stupid|terrible|awful|enough|damn|crap|ugh+)\b"
)
_MILD = re.compile(r"\bstupid question|\bdumb question|\bfair enough|\bgood enough|\benough (?:for|to|time|info)")
_IRRITATED_ZH = re.compile(
    r"(?<!麻)(?<!耐)烦(?!请|恼的问题)|不耐烦|别问了|不要再?问|别再问|受够|真是够了|有完没完|没完没了"
    r"|闭嘴|滚开|滚蛋|说了多少[遍次]|说过了|"
    r"废话|智障|傻[逼子叉]|神经病|妈的|他妈|无语|浪费(?:我的?)?时间|什么玩意|骚扰我|别骚扰"
    r"|关你(?:什么|啥)事|你有病|你有毛病|(?:你|怎么)(?:怎么)?(?:老是?|总是?|一直|又|还)(?:在)?问"
    r"|垃圾(?!邮件|短信|消息|信息|分类|电话)"
)
_CLAUSE_ZH = re.compile(r"^(?:够了|滚|靠|呸|行了行了)\W*$")


def _positive(plain: str, clauses: Sequence[str]) -> bool:
    rest = _NOT_POSITIVE.sub(" ", plain)
    return bool(_POSITIVE.search(rest)) or any(_YES_ZH.match(clause) for clause in clauses)


def _irritated(text: str, plain: str, clauses: Sequence[str]) -> bool:
    rest = _MILD.sub(" ", plain)
    if _IRRITATED_EN.search(rest):
        return True
    if not rest.isascii() and (_IRRITATED_ZH.search(rest) or any(_CLAUSE_ZH.match(c) for c in clauses)):
        return True
    return _shouts(text) or (len(rest.split()) <= 5 and bool(_IRRITATED_SHORT.search(rest)))


_COMMON = frozenset(re.findall(r"\w+", "STOP WHY YOU ME NOT THE IS MY ARE DO WHAT I NO THIS IT HOW YOUR"))


def _shouts(text: str) -> bool:
    """Three words or more, all in capitals, and not just a list of acronyms."""
    words = re.findall(r"[A-Za-z]+", text)
    letters = sum(map(len, words))
    return len(words) >= 3 and letters >= 12 and all(w.isupper() for w in words) and bool(_COMMON.intersection(words))


# --- opting out and in ------------------------------------------------------------------------------------

_QUOTED = re.compile(r"\"[^\"]{2,80}\"|“[^”]{2,80}”|「[^」]{2,80}」|《[^》]{2,80}》")
_DONT = (
    r"(?:don't|dont|do not|don t|never|not to|please not|no need to|must not|mustn't|should not|shouldn't"
    r"|didn't)"
)
_CONTACT_EN = re.compile(
    rf"{_DONT} (?:ever |please |you |dare )*(?P<verb>contact|call|phone|ring|e-?mail|mail|text|message"
    rf"|write to|write|bother|disturb"
    r"|get in touch with|bother contacting|bother calling|reach out to|reach out|approach|pester|spam)"
    r"(?: or \w+| and \w+)?(?: (?:me|us|my \w+)\b"
    r"|(?=\W*$)|(?= again| any ?more))"
)
_OTHERS = re.compile(
    r"(?:\b(?:you|they|he|she|it|we|users?|customers?|people|who|colleagues?|if|why|nobody|sales"
    r"|reps?)|用户|客户|顾客|他们|对方|如果|怎么让|如何让)\s*$"
)
_WISH = re.compile(r"(?:prefer|rather|wish|hope|ask|want|like)(?: that| if)? you\s*$")
_STOP_EN = _any(
    r"\b(?<!don't )(?<!not )(?:stop|quit|cease) (?:asking|bugging|nagging|pestering|questioning)"
    r"(?:\W*$|\s*[,.!;]| (?:me|us|for my|about my|questions|all|these|so many|personal|that|this"
    r"|already)\b)",
    r"\b(?:stop|quit|cease) (?:contacting|calling|phoning|e-?mailing|messaging|texting|bothering"
    r"|spamming|harassing"
    r"|pestering|disturbing|hassling|writing)(?: to)?(?: me| us|\W*$)",
    r"\b(?:stop|quit) sending (?:me|us)\b",
    r"\b(?:don't|dont|do not|never) (?:ever |please |you dare )?ask (?:me )?(?:again|any ?more"
    r"|anything|for my|about my|for that"
    r"|questions|personal|so much|further|for any)",
    r"\b(?:don't|dont|do not) (?:ever )?ask(?: me)?\W*$",
    r"\b(?<!have )(?<!got )(?<!had )no (?:more|further) (?:questions|calls|e-?mails|messages"
    r"|contact)\b(?! about| on\b)",
    r"\bno (?:calls|contact|e-?mails|messages)(?: please)?\W*$",
    r"\bleave (?:me|us) (?:alone|in peace)\b",
    r"\bleave me be\b",
    r"\brefrain from (?:contacting|calling|e-?mailing|messaging|asking)\b",
    r"\b(?:no one|nobody|none of you) (?:should|may|is to|shall) (?:contact|call|e-?mail|message) me\b",
    r"\bno (?:permission|consent) to (?:contact|call|e-?mail|message)\b",
    r"\b(?:remove|delete|lose|forget) my (?:phone )?number\b",
    r"\bunsubscribe me\b",
    r"^\W*(?:please )?unsubscribe\W*$",
    r"^\W*(?:please )?stop(?: it| this| now| please)?\W*$",
    r"\b(?:remove|delete|take) me (?:from|off) (?:your|the|this) (?:\w+ )?list",
    r"\bopt me out\b",
    r"\bi(?:'d like| want| wish| would like)? (?:to )?opt(?:ing)? out\b",
    r"\b(?:don't|do not|(?<!does )not) (?:want|wish|like|need)(?: to (?:receive|get|hear))? (?:to be"
    r" (?:contacted|called|e-?mailed|messaged"
    r"|bothered|asked)|(?:any )?(?:more |further |your )?(?:questions|calls|contact|messages|e-?mails"
    r"|marketing)\b"
    r"|you to (?:contact|call|e-?mail|message|ask)|from you)",
    r"\bnot (?:allowed|permitted|authori[sz]ed) to (?:contact|call|e-?mail|message) (?:me|us)\b",
)
_CONTACT_ZH = re.compile(
    r"(?:不要|不用|别|无需|请勿|勿|不准|不许|不必|不需要|不想让你们?|不希望你们?)(?:再|你们?|来|总是?"
    r"|老是?|一直|随便)*(?:给我|跟我|向我|通过|用|往我)?"
    r"(?P<verb>联系|打扰|骚扰|烦|打(?:我的?|这个)?(?:电话|手机)|来电|致电|发(?:消息|短信|信息|邮件"
    r"|微信|广告)|推销|推送|加我)"
)
_STOP_ZH = _any(
    r"(?:不要|别|不准|不许|停止|请勿|勿)(?:再|总|老|一直)*(?:追|询|盘|多)?问(?:我|了|这|那|东|来|个人"
    r"|电话|\W|$)",
    r"(?:不要|别)再?(?:发了|来了|打了|打来了?|发来了?)(?!吗)",
    r"(?:把我|我的?(?:号码|电话))从\w{0,6}(?:删除|删掉|移除|去掉)",
    r"^\W*勿扰\W*$",
    r"(?:不想|不愿意|不希望)(?:再)?被(?:联系|打扰|骚扰|打电话|问)",
    r"(?:不想|不愿意|不希望|不要)再?(?:收到|接到|看到)\w{0,6}(?:消息|短信|电话|邮件|广告|推销|信息|联系)",
    r"不接受(?:任何)?(?:电话|推销|联系|营销|回访)",
    r"停止(?:联系|打扰|发送|骚扰|推送)",
    r"拒绝(?:被)?(?:联系|推销|骚扰|营销)",
    r"^\W*(?:请)?(?:帮我)?退订\W*t?\W*$",
    r"离我远点",
    r"让我(?:静静|安静)",
)
_LIMITED = re.compile(
    r"\b(?:before|after|until|till|unless|between|during|while|on (?:week|mon|tues|wednes|thurs|fri"
    r"|satur|sun|holidays)\w*|at (?:work|night|noon|lunch|\d)"
    r"|in the (?:morning|evening|afternoon)|today|tomorrow|tonight|this (?:week|morning|afternoon)"
    r"|right now|for now|yet|so (?:early|late|often)|too (?:early|late|often))\b"
    r"|\d+\s*[点:时]|[一二三四五六七八九十]点|上班|下班|晚上|早上|上午|中午|下午|周末"
    r"|周[一二三四五六日天]|工作日|开会|除非|今天|明天|节假日|午休|半夜|暂时"
)
_BY = re.compile(
    r"^.{0,6}?\b(?:by|via|on|over|through) (?:the |my )?(phone|telephone|mobile|cell|e-?mail|wechat"
    r"|whatsapp|sms|text)"
)
_CHANNEL = {
    "phone": re.compile(r"\b(?:call|phone|telephone|ring|mobile|cell|tel)\b|电话|手机|来电|致电|号码"),
    "email": re.compile(r"\b(?:e-?mail|mail)\b|邮件|邮箱"),
    "wechat": re.compile(r"\b(?:wechat|weixin)\b|微信|加我"),
    "other": re.compile(r"\b(?:text|sms|whatsapp|message|chat|write)\b|短信|消息|在线|网上|这里聊|文字"),
}
_OPT_IN = _any(
    r"\bchanged my mind\b(?!.{0,25}\b(?:not|don't|stop|no)\b)",
    r"\b(?<!if )(?<!whether )(?:you|they) (?:can|may|could) (?:now )?(?:contact|call|phone|e-?mail"
    r"|reach|ask|message)(?: me\b| again|\W*$)",
    r"\bfeel free to (?:contact|call|e-?mail|reach|ask|message)\b",
    r"\bopt (?:me )?(?:back )?in\b",
    r"\bplease (?:do )?(?:contact|call|e-?mail) me\b",
    r"\bok(?:ay)? to (?:contact|call|e-?mail|reach) me\b",
    r"(?<!不)(?:可以|欢迎|能)(?:再|随时|重新|给我)*(?:联系我|打电话|打给我|问我|加我)(?!吗|们)",
    r"(?:^|[\s,，。!！;；])(?:那|请|你们?|快|麻烦|现在)*(?:联系我|给我打(?:个)?电话|打给我"
    r"|打我电话)(?!们)(?:吧|了)?(?=\W|$)",
    r"改(?:变)?主意了?(?!.{0,8}(?:不|别))",
)
_CHANGED = re.compile(r"changed my mind|改(?:变)?主意")


def _opts_out(plain: str) -> tuple[bool, set[str]]:
    """Whether the customer wants no asking or contact at all, else the channels they do not want."""
    quoteless = _QUOTED.sub(" ", plain)
    said = quoteless if re.search(r"\w", quoteless) else plain
    if _STOP_EN.search(said) or (not said.isascii() and _STOP_ZH.search(said)):
        return True, set()
    refused: set[str] = set()
    for found in _forbidden_contacts(said):
        only = _limited_to(said, found)
        if only is None:
            return True, set()
        refused |= only
    return False, refused


def _forbidden_contacts(said: str) -> Iterator[re.Match[str]]:
    for pattern in (_CONTACT_EN, _CONTACT_ZH):
        for found in pattern.finditer(said):
            before = said[max(0, found.start() - 24) : found.start()]
            asked_to = found.group().startswith("not to")
            if asked_to or not _OTHERS.search(before) or _WISH.search(before):
                yield found


def _limited_to(said: str, found: re.Match[str]) -> set[str] | None:
    """The channels that a "do not contact me" is limited to, or None when it means all contact."""
    verb, rest = found["verb"], said[found.end() :]
    by = _BY.match(rest)
    named = {by[1]} if by else {found.group()} if not _is_contact_word(verb) else set()
    channels = {name for name, words in _CHANNEL.items() for n in named if words.search(n)}
    sentence = re.split(r"[.!?。！？\n]", said[: found.start()])[-1] + re.split(r"[.!?。！？\n]", rest)[0]
    if by or _LIMITED.search(sentence):
        return channels
    if channels and _offers_another(said[: found.start()] + " " + rest, channels):
        return channels
    return None


def _is_contact_word(verb: str) -> bool:
    return (
        verb
        in (
            "contact",
            "bother",
            "disturb",
            "approach",
            "pester",
            "spam",
            "联系",
            "打扰",
            "骚扰",
            "烦",
            "推销",
        )
        or "reach" in verb
    )


def _offers_another(elsewhere: str, channels: set[str]) -> bool:
    return any(words.search(elsewhere) for name, words in _CHANNEL.items() if name not in channels)


# --- refusing a field -------------------------------------------------------------------------------------

_REFUSES = _any(
    r"\b(?:prefer|rather|like) to keep (?:that|it|this)\b|\blet's not\b|\bno comment\b|\banother day\b"
    r"|\bwhy (?:would|should) i (?:tell|give|share)\b|\bnot (?:giving|telling|sharing)\b",
    r"\b(?:rather|prefer) not\b|\b(?:not|don't feel|do not feel|isn't) comfortable\b|\buncomfortable\b",
    r"\b(?:don't|do not|won't|will not|wouldn't|not going to|can't|cannot|not (?:willing|ready|able) to)"
    r" (?:want to |like to |wish to |need to |feel like )?(?:say|saying|give|giving|share|sharing"
    r"|tell|telling"
    r"|provide|providing|disclose|leave|leaving|answer|answering)\b",
    r"\bnot (?:now|yet|today|right now|at the moment|at this (?:moment|point|time))\b",
    r"\b(?:maybe later|some other time|another time|tell you later|ask (?:me )?later)\b",
    r"\bno,? (?:thanks|thank you|way)\b|\bnone of your business\b|\bi refuse\b|\bdecline\b",
    r"\bskip (?:it|that|this)\b|\bi'll pass\b|\bpass on that\b",
    r"\b(?:that's|it's|is) (?:private|confidential|personal)\b",
    r"\b(?:don't|do not) (?:want|wish|like) to\b|\b(?:don't|do not) have (?:one|any|an?)\b",
)
_REFUSES_ZH = _any(
    r"不(?:太|大|是很)?方便|不便(?:透露|告知|提供|说|\W|$)",
    r"不(?:太)?(?:想|愿意?|能|便|肯|会)(?:说|给|透露|提供|告诉|留|讲|回答|填)",
    r"不(?:说|给|告诉|透露|留|填)(?!了吗)|保密|隐私",
    r"(?:以后|下次|回头|改天|到时候?|等下|晚点)再?(?:说|聊|告诉)|再说吧",
    r"暂时不|暂不|先不|不用了|不需要|没必要|算了|不愿意|不可以|还没有|拒绝|考虑一下|考虑考虑|再考虑"
    r"|(?:再|先)看看|等以后|没(?:有)?(?:微信|电话|手机|邮箱|账号)",
)
_REFUSES_ALONE = re.compile(
    r"^\W*(?:no|nope|nah|later|skip|pass|never|none|n/a|no need|not really|private|confidential|why"
    r" should i"
    r"|不|不了|不要|不行|没有|没|无|不用|不必|不想|保密|(?:跳过|下次|下回|改天|以后|晚点)吧?|不方便)\W*$"
)
_NO_FIRST = re.compile(
    r"^\W*(?:no|nope|nah)\b(?! (?:problem|worries|idea|doubt|matter|one))(?=\s*[,.!]|\s+(?:i|we|not"
    r"|sorry|please)\b)|^\W*(?:不|不了|不要|不行|不用)\s*[,，。!！]"
)


def _refused_fields(
    clauses: Sequence[str], asked: str | None, fields: Sequence[CollectField], channels: set[str]
) -> tuple[str, ...]:
    kinds = set(channels)
    general = False
    for clause in clauses:
        if _REFUSES.search(clause) or (not clause.isascii() and _REFUSES_ZH.search(clause)):
            named = {name for name, words in _CHANNEL.items() if name != "other" and words.search(clause)}
            kinds |= named
            general = general or not named
    text = " ".join(clauses)
    general = general or bool(_REFUSES_ALONE.match(text)) or bool(_NO_FIRST.search(text))
    names = [field.name for field in fields if field.type in kinds]
    if general and asked is not None and asked not in names:
        names.insert(0, asked)
    return tuple(names)
