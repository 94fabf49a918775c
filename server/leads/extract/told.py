"""Company, name, product and account as people tell them in free text: "we are Harbour Light", 我叫王芳."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice

from server.leads.extract import whose
from server.leads.extract.answers import clauses, clean, is_question, is_small_talk, refuses
from server.leads.extract.claim import Claim
from server.leads.extract.places import SURNAMES, is_chinese_name, is_place
from server.leads.extract.reading import Reading
from server.leads.extract.words import words

_UP = r"[A-ZÀ-ÖØ-Þ][\w&'.+-]*"
_PROPER = rf"(?:{_UP}|\d\w*)(?:\s+(?:&|and|of|for|the|de|van|von|der|{_UP}|\d\w*)){{0,6}}"
_LOOSE = r"[\w&'.+\-À-ɏ]+(?:\s[\w&'.+\-À-ɏ]+){0,5}"
_PROPER_RE, _LOOSE_RE = re.compile(_PROPER), re.compile(_LOOSE)
_HAN = r"\u4e00-\u9fff"
_STOP_TAIL = re.compile(
    r"\s+(?:and|of|for|the|based|located|from|in|at|we|i|is|are|but|so|which|who|with|my|our|a|an|here|"
    r"looking|trying|to|need|needs|want|by|or|on|because|as|since|"
    r"if|can|could|please|thanks|thank|you|your|it|that|this|now|who's|interested|calling|speaking|"
    r"writing|de|van|von|der|&)$",
    re.I,
)
_CUT = re.compile(
    r"\s+(?:and (?:i|we|my|our|need|want|would|am|are|have|the|you|it|looking|also|currently)|based in|"
    r"located in|looking (?:for|to|at)|who|which|but|so|because|"
    r"my (?:name|number|phone|email|e-mail)|we\b|i\b|i'm|we're|here\b|you can|please|in (?:[A-Z]|the )|"
    r"as (?:a|an|the)\b|where|since|thanks|thank you|from\b|at\b|with\b|for\b|to\b|"
    r"would|wants?|needs?|is|are|has|have|speaking|calling|writing|interested)\b.*$",
    re.I | re.S,
)
_NOT_COMPANY = words("not a company")
_NOT_NAME = words("not a name")
_ZH_NOT = re.compile(
    r"什么|怎么|哪|谁|吗|呢|为啥|不|没|想|要|需要|多少|如何|可以|能|好的|谢谢|请|^来|^去|^过来|一家|"
    r"一个|一间|一名|一位|这个|那个|做|搞|卖|从事|负责|刚|来自|用户|"
    r"你|您|我|他|她|它|朋友|老客户|新客户|客户$|学生|个人|真的|认真|因为|所以|但|如果|看到|听|觉得|"
    r"认为|打算|准备|考虑|正在|已经|目前|现在|主要|专门|专业|外贸的|小公司|大公司|初创|创业公司|同行|"
    r"团队$"
)
_ZH_SUFFIX = re.compile(
    r"公司|集团|科技|网络|信息|技术|软件|电子|机器人|医院|学校|大学|学院|银行|工厂|[厂店社局院所]$|"
    r"工作室|事务所|中心|实业|贸易|制造|智能|传媒|文化|教育|物流|股份|"
    r"有限|研究|协会|商城|酒店|餐饮|食品|医药|生物|能源|汽车|地产|建筑|咨询|设计|服饰|家居|电商|证券|"
    r"保险|基金|资本|游戏|互娱|通信|半导体|材料|化工|机械|自动化|仪器|光电|航空|"
    r"超市|旅游|旅行|健康|数据|云$|金融|投资|广告|印刷|包装|农业|环保|电器|电气|数码|安防|控股|实验室|"
    r"农场|书店|幼儿园|[A-Za-z]"
)
_ZH_TAIL = re.compile(r"(?:的|啊|哦|呢|吧|呀|哈|嘛|了|这边|这里|那边|上班|工作|任职|就职|做事)+$")


def _en(pattern: str) -> re.Pattern[str]:
    """Lead-ins in any case; what follows is read by the caller."""
    return re.compile(pattern)


_EN_COMPANY_STRONG = _en(
    r"\b(?:(?:our|my|the|your)?\s?company(?:'s)?(?: name)? (?:is|would be|:|=)(?: called| named)?|"
    r"(?:our|my) (?:company|firm|business|start-?up|agency|organi[sz]ation|employer|shop|studio) "
    r"(?:is|name is|is called|is named|goes by)(?: called| named)?|company(?: name)?\s?:|we(?:'re|"
    r" are) called|our company called|a company called|"
    r"(?:name|the name) of (?:our|my|the) (?:company|firm|business|organi[sz]ation) is|on behalf of|"
    r"i represent|we represent|i run|i own|i founded|i(?:'m| am) the (?:owner|founder|ceo|cto) of)\s+"
)
_EN_COMPANY_WEAK = _en(
    r"\b(?:we(?:'re| are)|i(?:'m| am) (?:[A-Za-z'\-]+ ){0,3}?(?:from|with|at|of)|"
    r"this is (?:[a-z'\-]+ ){1,3}?(?:from|with|at|of)|i work (?:at|for|with)|working (?:at|for)|"
    r"employed (?:at|by)|"
    r"(?:[a-z'\-]+ )here (?:from|at|with)|here at|we at|my name is (?:[a-z'\-]+ ){1,3}?(?:from|with|at|"
    r"of)|name's (?:[a-z'\-]+ ){1,3}?(?:from|with|at)|i do \w+ (?:at|for)|"
    r"(?:engineer|manager|director|head|lead|buyer|owner|founder|developer|cto|ceo|cfo|coo|officer|"
    r"president|vp|designer|marketer|analyst) (?:at|of|for|with)|"
    r"calling from|writing from|reaching out from|speaking for)\s+"
)
_EN_NAME_STRONG = _en(
    r"\b(?:my (?:full |first )?name(?:'s| is|:)|(?:the )?name's|name\s?:|(?:you can |please |"
    r"just )?call me|i(?:'m| am) called|people call me|everyone calls me|i go by|my friends call me|"
    r"contact name\s?(?:is|:))\s+"
)
_EN_NAME_WEAK = _en(r"\b(?:i'm|i am|im|this is|it's|it is)\s+")
_EN_NAME_HERE = re.compile(
    rf"(?:^|[.!,\n]\s*|\b(?:[Hh]i|[Hh]ello|"
    rf"[Hh]ey),?\s+)({_UP}(?:\s{_UP})?) here\b(?!'s)"
)
_NAME_PROPER = re.compile(
    r"[A-ZÀ-ÖØ-Þ][\wÀ-ɏ'’-]*(?:\s+(?:[A-ZÀ-ÖØ-Þ][\wÀ-ɏ'’.-]*|de|van|von|der|bin|"
    r"al)){0,3}"
)
_NAME_LOOSE = re.compile(r"[a-zÀ-ɏ][\w'À-ɏ-]*(?:\s[a-zÀ-ɏ][\w'À-ɏ.-]*){0,2}", re.I)
_NAME_HAN = re.compile(rf"[{_HAN}·]{{2,8}}")
_AFTER_NAME = re.compile(
    r"\s*(?:$|[,.!;:()\n\-/]|\b(?:from|and|at|with|here|of|by the way|speaking|the|a|an|who|working|"
    r"calling|writing|based|i|we|my|in|nice|pleased|your)\b|[^\x00-\x7f])",
    re.I,
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
        re.compile(r"(?:我|俺)是\s*(?P<v>[^,。!?;\n、]{2,30}?)的(?=[^,。!?;\n]{0,10}(?:$|[,。!?;\n、]))"),
        False,
    ),
    (re.compile(r"(?:我们|咱们)(?:这边)?(?:就)?(?:是|叫做?)\s*(?P<v>[^,。!?;\n、]{2,40})"), False),
    (re.compile(r"(?:^|[\n,。!])\s*我是\s*(?P<v>[^,。!?;\n、]{2,30}(?:公司|集团|科技|有限公司))"), False),
]
_ZH_NAME = [
    (
        re.compile(
            rf"(?:我(?:的)?(?:名字|姓名|全名|真名)|(?<![公司户品])(?:姓名|名字|联系人)|"
            rf"(?<![公司])名字)\s*(?:是|叫做?|为|:)\s*(?P<v>[{_HAN}·]{{2,8}}|{_UP}(?:\s{_UP}){{0,2}})"
        ),
        True,
    ),
    (
        re.compile(
            rf"(?:我|本人|在下|俺)(?:就)?(?:叫做?|名叫|名为)\s*(?P<v>[{_HAN}·]{{2,8}}|"
            rf"[A-Za-z][A-Za-z'-]*(?:\s[A-Z][A-Za-z'-]*){{0,2}})"
        ),
        True,
    ),
    (re.compile(rf"(?:免贵|我|本人|敝)姓\s*(?P<v>[{_HAN}]{{1,2}})"), True),
    (re.compile(rf"(?:叫我|称呼我(?:为|叫)?|喊我)\s*(?P<v>[{_HAN}]{{2,4}}|[A-Za-z][A-Za-z'-]*)"), True),
    (re.compile(rf"(?:我是|本人|这是|这里是)\s*(?P<v>[{_HAN}]{{2,4}})(?=$|[,。!?;\n、\s(])"), False),
    (re.compile(r"(?:我是|这里是)\s*(?P<v>[A-Z][a-z'-]+(?:\s[A-Z][a-z'-]+)?)(?=$|[,。!;\n、(]|\s*$)"), False),
    (
        re.compile(
            rf"我是[^,。!?;\n]{{2,30}}?的(?:采购|销售|技术|运营|市场|产品|开发|财务|行政|经理|总监|"
            rf"负责人|工程师)?(?P<v>[{_HAN}]{{2,3}})(?=$|[,。!?;\n、])"
        ),
        False,
    ),
]
_ZH_NAME_CUT = re.compile(
    r"(?:,|来自|在|是|的|电话|手机|微信|邮箱|想|要|做|公司|这边|你好|您好|吧|哦|哈|呀|啊|就行|就好|"
    r"就可以|即可|好了).*$"
)
_TITLE = re.compile(rf"[小老阿][{_HAN}]$|^[{_HAN}]{{1,2}}(?:先生|女士|小姐|总|经理|工|老师|总监|主任|姐|哥)$")
_PRODUCT_EN = _en(
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
    r"(?:想了解|了解一下|想要了解|想咨询|咨询一下|咨询|想买|想购买|购买|想要|需要|想用|想试用|试用|"
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
_ACCOUNT = [
    re.compile(
        r"\b(?:my|our|the|registered|login|user|account|existing|console)\s?(?:registered |existing |"
        r"login |user |company |console )?(?:account|username|user ?name|login|user ?id|"
        r"account ?(?:name|id|number)|handle)(?: name| id| number)?\s*"
        r"(?:is|:|=|would be|was|called)\s*(?:called |named |under |registered (?:as|with|under) |"
        r"\")?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,63})", re.I),
    re.compile(r"\b(?:registered|signed up|sign in|log in|logged in|login|registered an account|"
               r"account registered|signed in|created (?:an|my) account|sign up)\s+(?:as|with|under|"
               r"using|by|via)\s+(?:the )?(?:my )?(?:account |username |user |email |e-mail |name |"
               r"number |phone )?"
               r"(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63})", re.I),
    re.compile(r"(?:^|[\n,;.]\s?)(?:account|username|user id|login)(?: name|"
               r" id)?\s?[:=]\s?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,63})", re.I),
    re.compile(
        r"(?:注册(?:的|过的|用的)?)?(?:的)?(?:账号|帐号|账户|帐户|用户名|登录名|登陆名|控制台账号|"
        r"用户id)(?:名|名称|id)?\s*(?:就是|是|为|叫做?|:|=)?\s*(?:我?注册(?:的|"
        r"时用的)?)?\s*(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,63})", re.I),
    re.compile(r"(?:用|以|拿)\s?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63})\s?(?:这个)?(?:邮箱|手机号?|"
               r"账号)?(?:注册|登录|登陆)", re.I),
    re.compile(r"注册(?:时|的时候)?(?:用)?的?(?:是|用的是|邮箱是|"
               r"手机号?是)\s?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63})", re.I),
]  # fmt: skip
_NOT_ACCOUNT = words("not an account")
_BANK = re.compile(
    r"\b(?:bank|iban|savings|checking|credit|swift|paypal)\b[^.]{0,20}$|银行[^,。]{0,8}$|开户[^,。]{0,6}$"
)


def _hits(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """At most 24, so that a message of nothing but lead-ins stays cheap."""
    return list(islice(pattern.finditer(text), 24))


def find(meaning: str, reading: Reading, catalogue: Sequence[str], *, earlier: str) -> list[Claim]:
    """What the message tells of that meaning (company, name, product, account), in order."""
    if len(reading.low) > 6000:
        reading = Reading(reading.raw[:6000], reading.id)
    return sorted(_FINDERS[meaning](reading, catalogue, earlier), key=lambda claim: claim.start)[:20]


def _make(reading: Reading, start: int, end: int, earlier: str, *, weak: bool = False) -> Claim | None:
    while start < end and reading.text[start] in " \t\"'<(:=《[":
        start += 1
    while end > start and reading.text[end - 1] in " \t\"'.,:>)》]!-。":
        end -= 1
    if start >= end:
        return None
    value = reading.raw[start:end]
    before = reading.before(start)
    reason = whose.doubt(reading, start, end, own=True, earlier=earlier)
    if reason is None and re.search(
        r"(?:他|她|对方|别人|朋友|同事|老板|\bhis|\bher|\btheir|colleague'?s?|boss'?s?|friend'?s?|"
        r"\byour)\W{0,2}(?:公司|名字|账号|company|name|account|firm)?\W*(?:是|叫|is|:)?\W*$",
        before[-40:],
    ):
        reason = whose.OTHER
    return Claim(start, end, value, value, confidence=0.8 if weak else 1.0, doubt=reason)


def _tidy(text: str) -> str:
    text = _CUT.sub("", text)
    while (cut := _STOP_TAIL.sub("", text)) != text:
        text = cut
    return text.rstrip(" .,-&'")


def _english_company(reading: Reading, earlier: str) -> list[Claim]:
    found: list[Claim | None] = []
    for lead, strong in ((_EN_COMPANY_STRONG, True), (_EN_COMPANY_WEAK, False)):
        for match in _hits(lead, reading.low):
            start = match.end()
            value = _PROPER_RE.match(reading.text, start, start + 120)
            text = _tidy(value[0]) if value else ""
            if not text and strong and (loose := _LOOSE_RE.match(reading.text, start, start + 120)):
                text = _tidy(loose[0])
            if _is_company(
                text, match[0], strong=strong, after=reading.low[start + len(text) : start + len(text) + 20]
            ):
                found.append(_make(reading, start, start + len(text), earlier, weak=not strong))
    return [claim for claim in found if claim]


def _is_company(text: str, lead: str, *, strong: bool, after: str) -> bool:
    first = text.split(" ")[0].lower()
    if not text or first in _NOT_COMPANY or len(text) < 2 or is_place(text) or "@" in after[:1] or text.isdigit():
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
    found: list[Claim | None] = []
    for pattern, strong in _ZH_COMPANY:
        for match in _hits(pattern, reading.text):
            start, text = (
                match.start("v"),
                _ZH_TAIL.sub("", match["v"].strip().split(" ")[0] if not match["v"].isascii() else match["v"].strip()),
            )
            start += len(match["v"]) - len(match["v"].lstrip())
            if "的" in text:
                text = text.split("的")[0]
            if _is_chinese_company(text, strong=strong, whole=match[0]):
                found.append(_make(reading, start, start + len(text), earlier))
    return [claim for claim in found if claim]


def _is_chinese_company(text: str, *, strong: bool, whole: str) -> bool:
    if len(text) < 2 or _ZH_NOT.search(text) or is_place(text) or text.isdigit() or "@" in text:
        return False
    if re.match(r"贵|你|您|他", whole) or text in ("公司", "集团", "科技公司", "贸易公司", "一公司"):
        return False
    if text.isascii():
        return text[0].isupper() or strong
    return strong or bool(_ZH_SUFFIX.search(text))


def _company(reading: Reading, _: Sequence[str], earlier: str) -> list[Claim]:
    return _unlike(_english_company(reading, earlier) + _chinese_company(reading, earlier))


def _unlike(claims: list[Claim]) -> list[Claim]:
    """Without those that lie inside another."""
    return [
        c
        for c in claims
        if not any(
            o is not c and o.start <= c.start and c.end <= o.end and (o.start, o.end) != (c.start, c.end)
            for o in claims
        )
    ]


def _english_name(reading: Reading, earlier: str) -> list[Claim]:
    found: list[Claim | None] = []
    for match in _hits(_EN_NAME_STRONG, reading.low):
        value = (
            _NAME_PROPER.match(reading.text, match.end())
            or _NAME_HAN.match(reading.text, match.end())
            or _NAME_LOOSE.match(reading.text, match.end())
        )
        text = _tidy(value[0]) if value else ""
        if _is_name(text):
            found.append(_make(reading, match.end(), match.end() + len(text), earlier))
    for match in _hits(_EN_NAME_WEAK, reading.low):
        value = _NAME_PROPER.match(reading.text, match.end())
        text = _tidy(value[0]) if value else ""
        if (
            value
            and _is_name(text)
            and not is_place(text)
            and _AFTER_NAME.match(reading.text, match.end() + len(text))
            and _is_person(match[0], text, reading.text[match.end() + len(text) :])
        ):
            found.append(_make(reading, match.end(), match.end() + len(text), earlier, weak=True))
    found += [
        _make(reading, m.start(1), m.end(1), earlier, weak=True)
        for m in _EN_NAME_HERE.finditer(reading.text[:400])
        if _is_name(m[1])
    ]
    return [claim for claim in found if claim]


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
    for pattern, strong in _ZH_NAME:
        for match in _hits(pattern, reading.text):
            text = match["v"] if match["v"].isascii() else _ZH_NAME_CUT.sub("", match["v"])
            surname = match[0].rstrip(match["v"]).endswith("姓")
            if surname:
                text = match["v"][:2] if match["v"][:2] in ("欧阳", "司马", "上官", "诸葛", "司徒") else match["v"][:1]
            if _is_chinese_person(text, strong=strong, surname=surname):
                found.append(_make(reading, match.start("v"), match.start("v") + len(text), earlier, weak=not strong))
    return [claim for claim in found if claim]


def _is_chinese_person(text: str, *, strong: bool, surname: bool) -> bool:
    if surname:
        return text[:1] in SURNAMES or len(text) == 2
    if (
        len(text) < 2
        or is_place(text)
        or (
            re.search(r"什么|啥|谁|公司|不|没|吗|怎|为|客服|科技|集团|经理$|总监$|老板$|学生|用户|客户", text)
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


def _name(reading: Reading, _: Sequence[str], earlier: str) -> list[Claim]:
    return _english_name(reading, earlier) + _chinese_name(reading, earlier)


@lru_cache(maxsize=256)
def _listed(names: tuple[str, ...]) -> re.Pattern[str] | None:
    words = sorted({Reading(n).low.strip() for n in names if n.strip()}, key=len, reverse=True)
    edged = [(rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" if w.isascii() else re.escape(w)) for w in words]
    return re.compile("|".join(edged)) if edged else None


_INTEREST = re.compile(
    r"\b(?:interested|want|need|like|looking|try|trial|demo|buy|order|purchase|how much|price|pricing|"
    r"cost|costs|quote|prefer|choose|take|consider|evaluat\w+|learn|know|hear|info|information|details|"
    r"about|go with|go for|upgrade|use|using)\b|"
    r"了解|咨询|感兴趣|想|需要|买|试用|价格|多少钱|报价|选|关注|购|用|要|怎么卖|费用"
)
_NOT_WANTED = re.compile(
    r"\b(?:not|don't|no longer|isn't|instead of|rather than|without|cancel|unlike|than|stop using|left|"
    r"switch(?:ing)? from|never)\b[^,.;]{0,24}$|(?:不|别|没|取消|不是|除了|不需要|不想要?|"
    r"退)[^,。]{0,6}$"
)


def _product(reading: Reading, catalogue: Sequence[str], earlier: str) -> list[Claim]:
    listed = _listed(tuple(catalogue))
    named = []
    for match in _hits(listed, reading.low) if listed else ():
        sentence = reading.before(match.start()) + " " + reading.after(match.end())
        if _INTEREST.search(sentence) and not _NOT_WANTED.search(reading.before(match.start())):
            named.append(_make(reading, match.start(), match.end(), earlier))
    found = [claim for claim in named if claim]
    if found:
        return found
    return [claim for claim in _english_product(reading, earlier) + _chinese_product(reading, earlier) if claim]


def _english_product(reading: Reading, earlier: str) -> list[Claim | None]:
    found = []
    for match in _hits(_PRODUCT_EN, reading.low):
        sure = "interested in" in match[0] or "product" in match[0]
        loose = _LOOSE_RE.match(reading.text, match.end(), match.end() + 120)
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
            found.append(_make(reading, match.end(), match.end() + len(text), earlier, weak=True))
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
    for match in _hits(_PRODUCT_ZH, reading.text):
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
            found.append(_make(reading, start, start + len(text), earlier, weak=True))
    return found


def _account(reading: Reading, _: Sequence[str], earlier: str) -> list[Claim]:
    found = []
    for pattern in _ACCOUNT:
        for match in _hits(pattern, reading.text):
            text = match["v"].rstrip(".-+")
            if (
                text.lower() in _NOT_ACCOUNT
                or len(text) < 2
                or _BANK.search(reading.low[max(0, match.start() - 30) : match.start("v")])
            ):
                continue
            if text.isalpha() and text.lower().endswith(("ed", "ing")) and not re.search("[:=是]", match[0]):
                continue
            found.append(_make(reading, match.start("v"), match.start("v") + len(text), earlier))
    claims = [claim for claim in found if claim]
    return list({claim.start: claim for claim in claims}.values())


_FINDERS: dict[str, Callable[[Reading, Sequence[str], str], list[Claim]]] = {
    "company": _company, "name": _name, "product": _product, "account": _account,
}  # fmt: skip

_SENTENCE_WORDS = re.compile(
    r"\b(?:i|i'm|we|we're|we've|i've|you|your|build|builds|make|makes|need|want|is|are|was|how|what|"
    r"why|can|could|would|looking|please|just|have|has|do|don't|it|them|because|should|my|our|not|yet|"
    r"send|show|tell|want|give|then|first)\b"
)
_ZH_SENTENCE = re.compile(
    r"我|你|您|想|要|需要|什么|怎么|多少|价格|可以|能|吗|呢|请|谢|先|再|有没有|不|没|做|的时候|告诉|"
    r"发给|看看|了解|问"
)


_SURNAME = re.compile(r"(?:免贵)?姓(?=[\u4e00-\u9fff]{1,2}$)")


def bare(meaning: str | None, reading: Reading) -> Claim | None:
    """The answer to the question just asked, when the message is nothing but that."""
    if len(reading.low) > 400 or refuses(reading) or whose.commands(reading.low[:2000]):
        return None
    if meaning is None:
        return _whole_answer(reading)
    if (claim := _bare_piece(meaning, reading, 0, len(reading.low), whole=True)) is not None:
        return claim
    if is_question(reading.low):
        return None
    for start, end in clauses(reading):
        if claim := _bare_piece(meaning, reading, start, end, whole=False):
            return claim
    return None


def _whole_answer(reading: Reading) -> Claim | None:
    start, end = clean(reading, 0, len(reading.low))
    text = reading.low[start:end]
    if not text or is_question(reading.low) or is_small_talk(text) or is_small_talk(reading.low):
        return None
    return Claim(start, end, reading.raw[start:end], reading.raw[start:end], confidence=0.8)


def _bare_piece(meaning: str, reading: Reading, start: int, end: int, *, whole: bool) -> Claim | None:
    start, end = clean(reading, start, end)
    if meaning == "name" and (surname := _SURNAME.match(reading.text, start, end)):
        start = surname.end()
    text, low = reading.text[start:end], reading.low[start:end]
    if (
        not 1 <= len(text) <= 60
        or "\n" in text
        or is_small_talk(low)
        or is_question(low)
        or not _BARE[meaning](text, low, whole)
    ):
        return None
    reason = whose.doubt(reading, start, end, own=True)
    if reason is None and whose.is_about_other(low):
        reason = whose.OTHER
    return Claim(start, end, reading.raw[start:end], reading.raw[start:end], confidence=0.8, doubt=reason)


def _bare_company(text: str, low: str, whole: bool) -> bool:
    if (
        "@" in text
        or sum(c.isdigit() for c in text) > 6
        or is_place(text)
        or re.search(r"[?!:;。]|,.*,.*,", text)
        or (not whole and not (text[0].isupper() or _ZH_SUFFIX.search(text)))
    ):
        return False
    if re.search(rf"[{_HAN}]", text):
        suffixed = re.search(r"(?:公司|集团|科技|厂|店|院|学校|大学|银行|中心|所)$", text)
        return (
            len(text) <= 30
            and "," not in text
            and ((bool(suffixed) and not re.search("我|你|想|什么|一家|没", text)) or not _ZH_SENTENCE.search(text))
            and len(text) > 1
        )
    words = low.split()
    return (
        1 <= len(words) <= 8
        and not _SENTENCE_WORDS.search(low)
        and words[0]
        not in _NOT_COMPANY
        - {
            "the",
            "iso",
            "one",
            "two",
            "three",
            "four",
            "five",
            "new",
            "open",
            "american",
            "british",
            "german",
            "all",
            "good",
            "happy",
        }
        and len(text) > 1
    )


def _bare_name(text: str, low: str, whole: bool) -> bool:
    if any(c.isdigit() for c in text) or re.search(r"[@:;?!_/\\()]", text) or is_place(text):
        return False
    if re.fullmatch(rf"[{_HAN}·]+", text):
        if _TITLE.search(text) or is_chinese_name(text) or (len(text) == 1 and text in SURNAMES and whole):
            return not _ZH_SENTENCE.search(text) or (is_chinese_name(text) and not re.search("什么|怎么|没|不", text))
        return whole and 2 <= len(text) <= 6 and not _ZH_SENTENCE.search(text) and not _ZH_SUFFIX.search(text)
    words = low.replace(",", " ").split()
    if not re.fullmatch(r"[^\W\d]['’.\-\w]*(?:\s[^\W\d]['’.\-\w]*){0,3}", text) or re.search(r"\w\.\w", text):
        return (
            bool(re.fullmatch(rf"[{_HAN}A-Za-z ]{{2,12}}", text))
            and whole
            and bool(re.search(r"先生|女士|总|经理", text))
        )
    return (
        (whole or text[0].isupper())
        and not any(w in _NOT_NAME - {"mr", "mrs", "ms", "dr", "german", "french", "english"} for w in words)
        and not _SENTENCE_WORDS.search(low)
        and len(text) <= 40
    )


def _bare_product(text: str, low: str, whole: bool) -> bool:
    if "@" in text or sum(c.isdigit() for c in text) > 8:
        return False
    if re.search(rf"[{_HAN}]", text):
        return len(text) <= 24 and not _ZH_SENTENCE.search(text) and (whole or bool(_PRODUCT_WORD.search(text)))
    words = low.split()
    if not whole and not text[0].isupper():
        return False
    return (
        len(words) <= 7
        and not _SENTENCE_WORDS.search(low)
        and words[0] not in _NOT_PRODUCT - {"the", "a", "an", "one", "two", "plan"}
    )


def _bare_account(text: str, low: str, whole: bool) -> bool:
    return (
        bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63}", text))
        and low not in _NOT_ACCOUNT
        and (whole or bool(re.search(r"[\d_@]", text)))
    )


_BARE: dict[str, Callable[[str, str, bool], bool]] = {
    "company": _bare_company, "name": _bare_name, "product": _bare_product, "account": _bare_account,
}  # fmt: skip
