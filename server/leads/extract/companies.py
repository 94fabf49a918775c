"""The customer's company: "we are Harbour Light", 我是星海科技的."""

from __future__ import annotations

import re

from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.phrases import (
    HAN,
    LOOSE,
    PROPER,
    SENTENCE,
    ZH_SENTENCE,
    claim_of,
    matches,
    outermost,
    tidy,
)
from server.leads.extract.places import is_chinese_name, is_place
from server.leads.extract.reading import Reading
from server.leads.extract.words import words

_NOT_COMPANY = words("not a company")
_ZH_NOT = re.compile(
    r"什么|怎么|哪|谁|吗|呢|为啥|不|没|想|要|需要|多少|如何|可以|能|好的|谢谢|请|^来|^去|^过来|一家|"
    r"一个|一间|一名|一位|这个|那个|做|搞|卖|从事|负责|刚|来自|用户|"
    r"你|您|我|他|她|它|朋友|老客户|新客户|客户$|学生|个人|真的|认真|因为|所以|但|如果|看到|听|觉得|"
    r"认为|打算|准备|考虑|正在|已经|目前|现在|主要|专门|专业|外贸的|小公司|大公司|初创|创业公司|同行|"
    r"团队$"
)
ZH_SUFFIX = re.compile(
    r"公司|集团|科技|网络|信息|技术|软件|电子|机器人|医院|学校|大学|学院|银行|工厂|[厂店社局院所]$|"
    r"工作室|事务所|中心|实业|贸易|制造|智能|传媒|文化|教育|物流|股份|"
    r"有限|研究|协会|商城|酒店|餐饮|食品|医药|生物|能源|汽车|地产|建筑|咨询|设计|服饰|家居|电商|证券|"
    r"保险|基金|资本|游戏|互娱|通信|半导体|材料|化工|机械|自动化|仪器|光电|航空|"
    r"超市|旅游|旅行|健康|数据|云$|金融|投资|广告|印刷|包装|农业|环保|电器|电气|数码|安防|控股|实验室|"
    r"农场|书店|幼儿园|冷链|冷运|供应链|运输|货运|快递|速运|仓储|配送|水产|药业|制药|乳业|果蔬|生鲜"
    r"|进出口|国际|商贸|"
    r"百货|连锁|便利|[A-Za-z]"
)
_TRADES = words("trade")
_ONLY_TRADE = re.compile(
    rf"(?:{ZH_SUFFIX.pattern.removesuffix('|[A-Za-z]')}|外贸|互联网|传统|企业|行业|国企|外企|私企|民营|"
    rf"国营|上市|业|家|大型|小型|中型)+"
)
_ZH_TAIL = re.compile(r"(?:的|啊|哦|呢|吧|呀|哈|嘛|了|这边|这里|那边|上班|工作|任职|就职|做事)+$")


_EN_COMPANY_STRONG = re.compile(
    r"\b(?:(?:our|my|the|your)?\s?company(?:'s)?(?: name)? (?:is|would be|:|=)(?: called| named)?|"
    r"(?:our|my) (?:company|firm|business|start-?up|agency|organi[sz]ation|employer|shop|studio) "
    r"(?:is|name is|is called|is named|goes by)(?: called| named)?|company(?: name)?\s?:|we(?:'re|"
    r" are) called|our company called|an? (?:[a-z-]+ ){0,3}?(?:company|start-?up|firm|agency|business|"
    r"shop|studio) (?:called|named)|(?:our|my) (?:company|firm|start-?up|employer|business),|"
    r"(?:i|we) (?:own|run|have|founded) an? [a-z ]{2,24}? (?:called|named)|"
    r"(?:name|the name) of (?:our|my|the) (?:company|firm|business|organi[sz]ation) is|on behalf of|"
    r"i represent|we represent|i run|i own|i founded|i(?:'m| am) the (?:owner|founder|ceo|cto) of)\s+"
)
_EN_COMPANY_WEAK = re.compile(
    r"\b(?:we(?:'re| are)|i(?:'m| am) (?:(?!head |director |vp |lead )[A-Za-z'\-]+ ){0,3}?(?:from|with|"
    r"at|of)|"
    r"this is (?:[a-z'\-]+ ){1,3}?(?:from|with|at|of)|i work (?:at|for|with)|working (?:at|for)|"
    r"employed (?:at|by)|(?:^|(?<=hi )|(?<=hi, )|(?<=hi\. )|"
    r"(?<=hi! )|(?<=hello )|(?<=hello, ))[a-z'-]+(?: [a-z'-]+)? from(?= [^,.!?\n]{2,40} here\b)|"
    r"(?:[a-z'\-]+ )here (?:from|at|with)|here at|we at|my name is (?:[a-z'\-]+ ){1,3}?(?:from|with|at|"
    r"of)|name's (?:[a-z'\-]+ ){1,3}?(?:from|with|at)|i do \w+ (?:at|for)|"
    r"(?:head|director|manager|vp|lead) of (?:[a-z]+ ){1,2}?(?:at|for|with)|(?:engineer|manager|"
    r"director|head|lead|buyer|owner|founder|developer|cto|ceo|cfo|coo|officer|"
    r"president|vp|designer|marketer|analyst) (?:at|of|for|with)|"
    r"i (?:look after|run|lead|manage|head|handle) [a-z ]{1,24}? (?:at|for)|calling from|writing from|"
    r"reaching out from|speaking for)\s+"
)
_ZH_COMPANY = [
    (
        re.compile(
            r"(?:我们?|咱们?|本|贵|所在|任职)?(?:公司|企业|单位)(?:的)?(?:全称|名称|名字|"
            r"名)?\s*(?:是叫|就叫|叫做?|名叫|是|为|:)\s*(?P<v>[^,。!?;\n、]{2,40})"
        ),
        True,
    ),
    (re.compile(r"(?:我司|敝司|本司)(?:名称)?(?:是|叫做?|为|:)?\s*(?P<v>[^,。!?;\n、]{2,40})"), False),
    (
        re.compile(
            r"(?:我代表|任职于|就职于|供职于|受雇于|我来自|我们来自|来自于?|这里是|我们这边是|"
            r"我这边是)\s*(?P<v>[^,。!?;\n、]{2,40})"
        ),
        False,
    ),
    (
        re.compile(
            r"(?:我|本人)(?:目前|现在)?在\s*(?P<v>[^,。!?;\n、]{2,30}?)(?:上班|工作|任职|就职|"
            r"做(?:采购|销售|技术|运营|市场|产品|开发|财务|行政))"
        ),
        True,
    ),
    (
        re.compile(
            rf"(?:我|本人)(?:目前|现在)?在\s*(?P<v>[^,。!?;\n、]{{2,30}}?)(?:做|管|负责"
            rf"|当)[{HAN}]{{1,8}}(?=$|[,。\s])"
        ),
        False,
    ),
    (
        re.compile(r"(?:我|俺)是\s*(?P<v>[^,。!?;\n、]{2,30}?)的(?=[^,。!?;\n]{0,10}(?:$|[,。!?;\n、]))"),
        False,
    ),
    (
        re.compile(
            rf"(?:^|[\s,。;、])(?:公司|单位|企业)(?:名称?)?\s{{1,3}}(?P<v>[{HAN}A-Za-z()]{{2,20}})(?=$"
            rf"|[,。;\n、\s])"
        ),
        True,
    ),
    (re.compile(r"(?:我们|咱们)(?:这边)?(?:就)?(?:是|叫做?)\s*(?P<v>[^,。!?;\n、]{2,40})"), False),
    (re.compile(r"(?:^|[,。;\n])[ \t]{0,4}(?:公司|单位)\s{0,4}(?P<v>[^,。!?;\n、:]{2,30})"), False),
    (re.compile(r"(?:我叫|我是|我姓)[^,。]{1,8},\s*(?P<v>[^,。!?;\n、]{2,20})的(?=$|[,。])"), True),
    (
        re.compile(
            r"(?:^|[\n,。!])[ \t]{0,4}我是\s{0,4}(?P<v>[^,。!?;\n、]{2,30}(?:公司|集团|科技|"
            r"有限公司))"
        ),
        False,
    ),
]


_OF_A_PERSON = re.compile(
    rf"(?:我|俺|这里|这边)是\s*(?P<v>[{HAN}A-Za-z]{{2,16}}?)的(?:[{HAN}]{{2,4}}[,、])?"
    rf"(?P<who>[{HAN}]{{2,4}})(?=$|[,。!?;\n、\s(])"
)
_NO_FIRM = re.compile(r"[部组来年天]$|\d|昨|刚|之前|打电话|联系|新|公司$|同行|我们|上次|前几|姓|叫|这|那|家$")
_LOWER_COMPANY = re.compile(
    r"(?:\b(?:i'm|i am|im|this is|my name is|my name's|name's|name is)\s+[a-z'-]{2,16}(?:"
    r" [a-z'-]{2,16})? (?:from|at|with|of)|"
    r"\b(?:i work|working|i'm working|employed) (?:for|at|with)|\b(?:calling|writing) from|"
    r"(?:^|\b(?:hi|hello|hey),? )[a-z'-]{2,16} from)\s+(?:a company called )?(?P<v>[a-z0-9&'.-]+(?:"
    r" [a-z0-9&'.-]+){0,3})"
)
_LEGAL = (
    r"(?:gmbh(?: & co\.? kg)?|ltd|limited|lda|inc|llc|llp|co|corp|corporation|b\.?v|n\.?v|s\.?a|ag|kg"
    r"|pty ltd|pty|plc|"
    r"s\.?l|s\.?r\.?l|oy|ab|aps|a/?s|sarl|sas|s\.?p\.?a|sdn bhd|pte ltd|k\.?k|group|holding|holdings)"
)
_CARD_COMPANY = re.compile(
    rf"(?:[,\n|/]|[.!]\s)\s{{0,3}}(?P<v>(?:[A-Z][\w&'-]*[ ]){{1,4}}(?i:{_LEGAL}))(?=\.?\s{{0,3}}(?:$"
    rf"|[,.\n|/;(]))"
)


def _lower_company(reading: Reading, earlier: str) -> list[Claim | None]:
    """Of people who type no capitals: "im tom from brightwell logistics"."""
    found = []
    for match in matches(_LOWER_COMPANY, reading.text):
        text = re.split(r"\s(?:here|n|&|u|pls|plz)$|[.](?:\s|$)", tidy(match["v"]))[0]
        text = re.split(
            rf"\s(?={SENTENCE.pattern}|\b(?:and|do|does|u|im|pls|plz|here|whats|hows|looking|but|about)\b)", text
        )[0]
        words_ = text.split()
        if (
            words_
            and words_[0] not in _NOT_COMPANY
            and not is_place(text)
            and not any(word.isdigit() for word in words_)
            and not re.fullmatch(_GENERIC, words_[-1] if len(words_) == 1 else "x")
            and not _NOT_LOWER.search(reading.low[match.start() : match.start("v")])
        ):
            found.append(claim_of(reading, match.start("v"), match.start("v") + len(text), earlier, weak=True))
    return found


_GENERIC = r"(?:logistics|transport|pharma|food|retail|procurement|sales|purchasing|quality|home|work|shipping|qa|it)"
_NOT_LOWER = re.compile(
    r"\b(?:not|don't|happy|fine|good|struggling|sure|tired|afraid|done|ok|okay|new|back|here|out|head"
    r"|manager|part|kind|sort)\s+\w+\s*$"
)


def _card_company(reading: Reading, earlier: str) -> list[Claim | None]:
    """A firm with its legal form between commas, as on a card."""
    return [
        claim_of(reading, m.start("v"), m.end("v"), earlier, weak=True)
        for m in matches(_CARD_COMPANY, reading.text[:2000])
        if whose.owner_before(reading.before(m.start("v"))) in (None, "own")
        and not whose.is_about_other(reading.previous(m.start("v")))
    ]


def _english_company(reading: Reading, earlier: str) -> list[Claim]:
    found: list[Claim | None] = [*_lower_company(reading, earlier), *_card_company(reading, earlier)]
    for lead, strong in ((_EN_COMPANY_STRONG, True), (_EN_COMPANY_WEAK, False)):
        for match in matches(lead, reading.low):
            start = match.end()
            value = PROPER.match(reading.text, start, start + 120)
            text = tidy(value[0]) if value else ""
            if not text and strong and (loose := LOOSE.match(reading.text, start, start + 120)):
                text = tidy(loose[0])
            if _is_company(
                text, match[0], strong=strong, after=reading.low[start + len(text) : start + len(text) + 20]
            ):
                found.append(claim_of(reading, start, start + len(text), earlier, weak=not strong))
    return [claim for claim in found if claim]


def _is_company(text: str, lead: str, *, strong: bool, after: str) -> bool:
    first = text.split(" ")[0].lower()
    named = text[0:1].isupper() and " " in text and first in _TRADES
    if (
        not text
        or (first in _NOT_COMPANY and not named)
        or len(text) < 2
        or is_place(text)
        or "@" in after[:1]
        or not re.search(r"[^\W\d]", text)
    ):
        return False
    if "behalf" in lead and " " not in text:
        return False
    if strong:
        return not re.fullmatch(r"(?:\w+ing|\w+ed|\w+ly)", first) or text[0].isupper()
    if lead.startswith(("we're", "we are")):
        return not re.match(r"\s+[a-z]", after) or bool(
            re.match(
                r"\s+(?:and|based|located|from|in|a|an|the|who|we|i|here|looking|but|so|interested|"
                r"with|which|out)\b",
                after,
            )
        )
    return True


def _chinese_company(reading: Reading, earlier: str) -> list[Claim]:
    found: list[Claim | None] = [
        claim_of(reading, start, end, earlier, weak=True)
        for start, end in whose.card(reading.text)
        if whose.FIRM.fullmatch(reading.text[start:end]) and not is_chinese_name(reading.text[start:end])
    ]
    for match in matches(_OF_A_PERSON, reading.text):
        text = match["v"]
        if (
            is_chinese_name(match["who"])
            and not _NO_FIRM.search(text)
            and _is_chinese_company(text, strong=True, whole=match[0])
        ):
            found.append(claim_of(reading, match.start("v"), match.end("v"), earlier))
    for pattern, strong in _ZH_COMPANY:
        for match in matches(pattern, reading.text):
            start, text = (
                match.start("v"),
                _ZH_TAIL.sub("", match["v"].strip().split(" ")[0] if not match["v"].isascii() else match["v"].strip()),
            )
            start += len(match["v"]) - len(match["v"].lstrip())
            if "的" in text:
                text = text.split("的")[0]
            if _is_chinese_company(text, strong=strong, whole=match[0]):
                found.append(claim_of(reading, start, start + len(text), earlier))
    return [claim for claim in found if claim]


def _is_chinese_company(text: str, *, strong: bool, whole: str) -> bool:
    if len(text) < 2 or _ZH_NOT.search(text) or is_place(text) or text.isdigit() or "@" in text:
        return False
    if re.match(r"贵|你|您|他", whole) or text in ("公司", "集团", "科技公司", "贸易公司", "一公司"):
        return False
    if text.isascii():
        return text[0].isupper() or strong
    return (strong or bool(ZH_SUFFIX.search(text))) and not _ONLY_TRADE.fullmatch(text)


_EN_WORDS = (
    "company", "firm", "business", "start", "agency", "organi", "employer", "shop", "studio", "behalf", "represent",
    "i run", "i own", "founde", "i'm", "i am", "im ", " the owner", "own a", "run a", "we have", "i have", "we are",
    "we're", "this is", "work", "employed", "here ", "we at", "name", "i do ", "engineer", "manager", "director",
    "head",
    "lead", "buyer", "owner", "developer", "cto", "ceo", "cfo", "coo", "officer", "president", "vp", "designer",
    "marketer", "analyst", "i look", "i manage", "i handle", "calling", "writing", "reaching", "speaking", " from",
    ",", "|", "\n", ". ",
)  # fmt: skip
_ZH_WORDS = ("公司", "企业", "单位", "司", "代表", "职", "来自", "受雇", "这里", "这边", "我", "咱", "俺", "本人")


def find(reading: Reading, earlier: str) -> list[Claim]:
    english = _english_company(reading, earlier) if reading.has(_EN_WORDS) else []
    chinese = (
        _chinese_company(reading, earlier)
        if reading.foreign and (reading.has(_ZH_WORDS) or whose.card(reading.text))
        else []
    )
    return outermost(english + chinese)


def is_bare(text: str, low: str, whole: bool) -> bool:
    if (
        "@" in text
        or sum(c.isdigit() for c in text) > 6
        or is_place(text)
        or re.search(r"[?!:;。]|,(?!\s*(?:inc|ltd|llc|co|gmbh|corp|plc|s\.?a|limited)\b)", text, re.I)
        or (not whole and not (text[0].isupper() or ZH_SUFFIX.search(text)))
    ):
        return False
    if re.search(rf"[{HAN}]", text):
        suffixed = re.search(r"(?:公司|集团|科技|厂|店|院|学校|大学|银行|中心|所)$", text)
        return (
            len(text) <= 30
            and "," not in text
            and ((bool(suffixed) and not re.search("我|你|想|什么|一家|没", text)) or not ZH_SENTENCE.search(text))
            and len(text) > 1
        )
    words = low.split()
    return (
        1 <= len(words) <= 8 and not SENTENCE.search(low) and words[0] not in _NOT_COMPANY - _TRADES and len(text) > 1
    )
