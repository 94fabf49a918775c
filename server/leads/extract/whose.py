"""Whether what was said is the customer's own: not somebody else's, no example, no supposition, no command.

The nearest word before a value that names an owner decides. When there is none, the words right behind it do.
"""

from __future__ import annotations

import re
from functools import lru_cache

from server.leads.extract.places import is_chinese_name
from server.leads.extract.reading import Reading
from server.leads.extract.words import words

OTHER = "It belongs to somebody else, not to the customer."
EXAMPLE = "It was said as an example."
SUPPOSED = "It was said in a supposition."
NEGATED = "The customer said that this is not it."
COMMAND = "It is an instruction to the assistant, not something told about oneself."
QUOTED = "It repeats what somebody else said."
UNSAID = "Nothing says that it is the customer's own."
QUESTION = "It stands in a question, and nothing says that it is the customer's own."
REPORT = "The customer wrote to it, called it or heard from it: it is not their own."

_THING = (
    r"(?:numbers?|phones?|mobiles?|cells?|cellphones?|tel|telephone|whatsapp|e-?mails?|mail|wechat|weixin|"
    r"contacts?|contact details|hotline|line|extension|addresse?s?|fax|landline|id|account|name)"
)
_PERSON = (
    r"(?:colleagues?|co-?workers?|boss(?:es)?|managers?|wife|husband|spouse|friends?|assistants?|"
    r"secretary|partners?|"
    r"brother|sister|mother|father|mum|mom|dad|son|daughter|cousin|uncle|aunt|team ?mates?|team lead|"
    r"lead|c[tefomi]o|"
    r"director|accountant|lawyer|clients?|customers?|suppliers?|vendors?|agents?|engineers?|"
    r"developers?|competitors?|"
    r"rivals?|neighbou?rs?|landlord|girlfriend|boyfriend|room-?mate|flat-?mate|predecessor|successor"
    r"|intern|"
    r"receptionist|driver|buyer|head of \w+|guy|lady|teacher|doctor|rep|contractor|consultant|admin|"
    r"founder|employee|supervisor|forwarder|carrier|broker|shipper|consignee|dispatcher|warehouse"
    r"|technician|planner|"
    r"architect|foreman|distributor|franchisee|auditor|subcontractor|installer)"
)
_NOT_SELF = r"(?<!i'm )(?<!i am )(?<!im )(?<!as )(?<!am also )(?<!here )(?<!me, )"
_OTHER_EN = "|".join(
    [
        rf"{_NOT_SELF}\b(?:my|our|another|one of (?:my|"
        rf"our))\s+(?:(?!own\b)[\w-]+\s+){{0,2}}?{_PERSON}(?:'s?)?(?!\w)",
        rf"{_NOT_SELF}\b(?:the|a|an|other|another)\s+(?:[\w-]+\s+)?(?:competitors?|other vendor|vendor|"
        rf"supplier|rival|"
        r"colleague|reseller|recruiter|scammer|spammer|other (?:company|guy|person|team))(?:'s?)?(?!\w)",
        r"\b(?:competitor|other ?vendor|supplier|colleague|boss|wife|husband|friend|assistant|"
        r"secretary)'?s?\s+(?:[\w-]+\s+)?"
        rf"{_THING}\b",
        rf"\b(?:his|her|their|hers|theirs|somebody(?: else)?'s?|"
        rf"someone(?: else)?'s?)\s+(?:[\w-]+\s+){{0,2}}?{_THING}\b",
        rf"\b(?:your|you guys'?|yours)\s+(?:[\w-]+\s+){{0,2}}?(?:{_THING}|support|sales|office|website|"
        rf"team)\b",
        r"\b(?:his|hers|theirs|yours|her)\s+(?:is|:)",
        rf"\b(?:his|her|their|your|the) (?:\w+ )?(?:rep|salesperson|salesman|{_PERSON[3:]}(?:'s?)?(?!\w)",
        r"\b(?:call|contact|reach|e-?mail|text|ask|message|add|ring|phone|tell|write(?: to)?|"
        r"speak (?:to|with)|"
        r"talk (?:to|with)|get|dial|cc|copy|loop in|invite)\s+(?:him|her|them|his|their|bob)\b",
        r"\b(?:he|she|they)(?:'s|'re|\s+(?:is|are|has|have|uses?|can be|prefers?|will be|also)\b)",
        r"\b(?:our|the|company'?s?)\s+(?:[\w-]+\s+){0,2}?(?:support|hotline|help ?desk|"
        r"customer (?:service|care)|reception|"
        r"front desk|switchboard|after-?sales)\b",
        r"\b(?:support|sales|service|help) (?:line|desk|hotline)\b",
        r"\b(?:our|the|your)\s+(?:[\w-]+\s+){1,3}?(?:department|dept|team)\b",
        rf"\b(?!here|it|that|what|where|there|who|how|let|today|tomorrow|company|everyone|he|she|"
        rf"one)[a-z]+'s\s+(?:[\w-]+\s+)?{_THING}\b",
    ]
)
_SELF_THING = (
    r"(?:number|phone|cell|cellphone|mobile|tel|telephone|whatsapp|e-?mail|mail|address|wechat|weixin|"
    r"contact|"
    r"(?:direct )?(?:line|dial)|landline|office|name|company|account|wx|vx|details|inbox)"
)
_OWN_EN = "|".join(
    [
        rf"\b(?:my|our)\s+(?:[\w-]+\s+){{0,2}}?{_SELF_THING}\b",
        r"\b(?:call|reach|contact|text|e-?mail|ring|phone|message|msg|sms|dm|add|write|ping|dial|find"
        r"|get|buzz|cc|copy|"
        r"include|catch|hit|whatsapp|wechat)"
        r"\s+(?:to\s+|back\s+)?(?:me|us)\b",
        r"\b(?:me|us|myself)\s+(?:at|on|via|by)\b",
        r"\b(?:i(?:'m| am)|im)\s+(?:at|on|reachable|available)\b",
        r"\bi\s+(?:use|go by)\b",
        r"\bmine\b",
        r"\bi(?:'m| am) (?:calling|texting|writing|phoning)(?: you)? from\b|\bdrop me\b|\bfor me\b",
        r"(?:\bthe )?\b(?:number|one|address|phone|email) i (?:answer|use|check|carry|prefer|have)\b",
        r"\bhere(?:'s| is)\s+(?:my|mine)\b",
        r"\b(?:called|rang|phoned|wrote|emailed) you (?:from|with)\b",
    ]
)
_WEAK_OWN = (
    r"\b(?:send|mail|e-?mail|deliver|share|forward)\b[^.]{0,60}\bto\s*:?\s*$|\b(?:reply|respond|"
    r"write) to\s*:?\s*$"
)
_REPORT_EN = (
    r"\b(?:i|we|i've|we've)\s+(?:(?:have|already|just|also)\s+){0,2}(?:sent|wrote|written|e-?mailed|"
    r"mailed|contacted|called|"
    r"rang|phoned|texted|messaged|dialled|dialed|tried)\b(?! you (?:from|with))(?! me\b)|"
    r"\b(?:got|received|had) (?:an?|the|your|this|some) (?:[\w-]+ )?(?:call|mail|e-?mail|text|message|"
    r"sms)s?\b|"
    r"\b(?:mail|e-?mail|call|text|message)s? (?:came )?from\b|"
    r"\b(?!you\b)[a-z]+ (?:called|rang|phoned|texted|e-?mailed|messaged|contacted|wrote to) (?:me|us)\b"
)
_SOMEBODY = (
    r"(?!I\b|Me\b|Us\b|We\b|You\b|This\b|That\b|It\b|My\b|Our\b|Your\b|Here\b|There\b|Back\b|"
    r"Please\b)[A-Z][a-z'-]+"
)
_NAMED_BEFORE = re.compile(
    rf"\b(?:[Ss]peak (?:to|with)|[Tt]alk (?:to|with)|[Cc]ontact|[Cc]all|[Rr]each(?: out to)?|[Rr]ing|"
    rf"[Pp]hone|[Ee]-?mail|"
    rf"[Mm]essage|[Tt]ext|[Gg]ive|[Gg]et hold of|[Aa]sk|[Ww]rite to|[Tt]ry|[Tt]ell|[Pp]ing|"
    rf"[Ss]end (?:it |this )?to) {_SOMEBODY}"
    rf"|(?:^|[.!?,;:\n]\s{{0,3}}|\b(?:and|but|so) ){_SOMEBODY}(?: [A-Z][a-z'-]+)?"
    r"(?:,? (?:from|in|at|of|over in) [a-z][a-z ]{2,24}?,?)?"
    r"(?:(?:'s| is) (?:the|our|my|in|responsible)| (?:drives?|(?!needs|wants|requires|ships|operates"
    r"|sells|makes)[a-z]{3,}(?<![sci])s (?:the|our|my|a|truck|van)|handles?|manages?|will|deals?"
    r"|looks? after"
    r"|runs?|takes? care|"
    r"can (?:help|sign|decide|tell)|decides?|signs?|leads?|owns?|knows?|does|uses|has))\b"
)
_SEEN = re.compile(
    r"\b(?:i|we) (?:saw|found|see|noticed|came across|got)\s*(?:the number|this number|"
    r"number)?\s*$"
)
_NAMED_BEHIND = re.compile(
    r"^[\s,]*is (?:the one (?:to|who)|who)|^[\s,]*is the (?:person|contact|guy|man|woman|right)\b"
)
_DOES = re.compile(
    r"^[\s\"')\],]*(?:sent|wrote|e-?mailed|called|contacted|replied|quoted|offered|told|said|bounced|"
    r"rang|phoned|texted|"
    r"doesn't|does not|didn't|never|keeps?|belongs?|answered|asked|promised|gave|spam(?:s|med)?|怎么不|"
    r"不接|没人接|发来|打来|给我打|给我发|一直)"
)
_ZH_THING = (
    r"(?:手机|电话|座机|号码|联系方式|微信|邮箱|邮件|email|e-mail|wechat|vx|wx|号|mail|tel|"
    r"热线|账号|名字)"
)
_ZH_PERSON = (
    r"(?:同事|老板|领导|上司|经理|主管|朋友|老婆|老公|太太|丈夫|妻子|爱人|爸爸?|妈妈?|父亲|母亲|哥哥?|"
    r"姐姐?|弟弟?|妹妹?|儿子|女儿|"
    r"助理|秘书|下属|下级|客户|合伙人|财务|采购|技术|技术负责人|负责人|对接人|供应商|竞争对手|竞品|"
    r"友商|老师|同学|邻居|房东|司机|"
    r"男朋友|女朋友|舍友|室友|亲戚|叔叔|阿姨|表哥|表姐|总监|总经理|董事长|创始人|工程师|员工|实习生|"
    r"法务|会计|出纳|律师|仓管|文员|质量部|仓库|货代|承运商|调度|店长|收货人|收货方|发货人|师傅|工人"
    r"|质检|经销商|代理商|安装工|"
    r"团队|商务|销售|运营|行政|人事)"
)
_OTHER_ZH = "|".join(
    [
        rf"{_ZH_PERSON}(?:那边|那儿|那里|部门)",
        r"(?:你们|贵司|他们)(?:那个|那边|那位|公司)?[^,。我]{0,4}(?:叫|姓|那位|那个人)",
        r"(?:门店|店里|仓库|车间|现场|工厂|客户那边|对方)(?:的)?[\u4e00-\u9fff]{0,6}$",
        r"(?:报警|告警|预警|警报|提醒)[^,。]{0,6}(?:发|推|打|通知)[到给至往]?",
        rf"(?:我|咱)(?:们|的|们的|们公司的?|公司的?|们那个|那个)?(?:一个|有个|这边的?|那边的?)?(?:大|"
        rf"小|前)?{_ZH_PERSON}",
        rf"(?:公司|部门|另一个|另外一个|那个|有个|一个|他们的?)(?:的)?{_ZH_PERSON}(?:的|是|叫|{_ZH_THING})",
        rf"(?<![们是的])(?:同事|老板|领导|朋友|老婆|老公|太太|助理|秘书|客户|供应商|爸|"
        rf"妈)(?:的)?[\u4e00-\u9fff]{{0,3}}?(?:的)?{_ZH_THING}",
        r"(?<![其吉排])[他她]们?(?!人)|对方|别人|人家|某人",
        r"竞争对手|竞品|友商|别家|另一家|其他公司|别的公司|隔壁",
        r"(?<!你)给我(?:们)?(?:留|发|说|报|打)(?:的|了|过)|客服|热线|前台|总机|售后|服务台",
        rf"(?<!我是)(?:财务|人事|行政|采购|技术|销售|运营|法务|商务)(?:部门?|那边|同事)?的?{_ZH_THING}",
        rf"(?:网站|官网|网上|网页|页面)(?:上|里)?(?:的|写的)?{_ZH_THING}",
        rf"(?:你|您)(?:们|们家|们公司|公司|这边)?的?(?:官方|客服|销售|公司)?{_ZH_THING}",
        rf"贵(?:司|公司)的?{_ZH_THING}",
        rf"[\u4e00-\u9fff]{{1,2}}(?:总|经理|先生|女士|老师|工|主任|姐|哥)的?{_ZH_THING}",
        r"[小老阿][\u4e00-\u9fff]的?(?:手机|电话|微信|邮箱|号码)",
        r"(?:联系|找|打给?|咨询|问|加|发给|转给|转发给?|交给)(?:一下|下)?(?:我们?的?)?(?:小|老|"
        r"阿)[\u4e00-\u9fff](?!时)",
        r"(?:联系|找|打给?|咨询|问|发给|转给|交给)(?:一下|下)?(?:我们?的?)?[\u4e00-\u9fff]{1,2}(?:工|"
        r"总|姐|哥|经理|老师|主任|先生|女士)",
        r"\bon behalf of\b(?! (?:my|our|the)\b)",
    ]
)
_OWN_ZH = "|".join(
    [
        rf"(?:我|本人|咱|俺|自己)(?:们|公司|们公司|司)?的?(?:自己的?|个人的?|私人的?|工作的?|"
        rf"办公室?的?|新的?|备用的?|常用的?|注册的?)?"
        rf"(?:公司|企业)?(?:的)?{_ZH_THING}",
        r"(?:联系|打给?|加|发给?|找|回复|呼叫?|拨打?|通知|邮件|微信|call|"
        r"加一下)(?:一下)?我(?!们?的?(?:同事|老板|朋友|助理|领导|客户|经理|老婆|老公|秘书|财务|采购))",
        r"我(?:就)?(?:是|叫|姓)|本人|留(?:一?个|下|一下)?我?的?(?:电话|手机|微信|邮箱|联系方式)|(?:发|"
        r"寄)(?:到|至|往)|我在|(?<![\u4e00-\u9fff])我(?=\s?:?\s?$)",
    ]
)
_REPORT_ZH = r"(?:给|向|跟|往)[^,。我]{0,12}$|收到|打过|发过|联系过|拨过|来自"
_OWNERS = re.compile(
    f"(?P<other>{_OTHER_EN}|{_OTHER_ZH})|(?P<own>{_OWN_EN}|{_OWN_ZH})|(?P<report>{_REPORT_EN}|收到|打过|来自)"
)
_WEAK = re.compile(_WEAK_OWN)
_ASIDE = re.compile(
    r"^[\s\"')\]]*(?:\(|,|-|is|are|was|that's|that is|it's|it is|belongs to|是|为|这是|"
    r"那是|:)\s*"
)
_NOT_MINE_AFTER = re.compile(
    r"^[\s\"',)\]]*(?:is(?: not|n't)|not|这?不是|并不是)\s*(?:my|mine|me|ours?|it|right|correct|"
    r"the right|valid|working|in use|我|本人)"
    r"|^[\s\"',)\]]*(?:is|was|是)?\s*(?:wrong|incorrect|no longer|my old|the old|my previous|out of|"
    r"disconnected|旧号|旧的|老号|以前的?|"
    r"错了|错的|停用|不用了|已经?不用|作废|打不通|空号)"
    r"|^\s*(?:,|,?\s*(?:哦|啊|呃|额))?\s*(?:不对|错了|说错|写错|打错)"
)
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bisn't|\brather than|\binstead of|\bno longer|\bnever|\bcannot be)"
    r"(?:\s+(?:use|call|dial|email|text|add|to|my|on|at|is|it|longer|me|be|the|number|phone"
    r"|with))*[\s:\"]*$"
    r"|(?:不是|并非|而非|不再是|别打|别用|别加|不要打|不要用|不要加|不要发到?|别发到?|不叫|不姓|"
    r"不在)[^,。;]{0,4}$"
    r"|\b(?:old|previous|former|ex|wrong|disconnected)\s+(?:[\w-]+\s+){0,2}(?:is|was|:)?[\s:\"]*$|"
    r"\bused to be[\s:\"]*$"
    r"|(?:以前|之前|旧|原来|过去|曾经|老)的?(?:手机|电话|微信|邮箱|公司)?(?:号码?)?(?:是|:|叫)?\s*$|"
    r"换掉了?[^,]{0,4}$"
)
_WITHHELD = re.compile(
    r"\b(?:don't|do not|not going to|won't|will not|refuse to|never)\b(?! hesitate)[^,.;!?]{0,30}?"
    r"\b(?:give|share|leave|call|contact|e-?mail|text|use|store|save|keep)\b[^,.;!?]{0,30}$"
    r"|\b(?:delete|remove|erase|forget|unsubscribe|stop (?:calling|texting|e-?mailing|contacting|"
    r"using))\b[^,;.!?]{0,30}$"
    r"|(?:不想|不愿意?|拒绝|别再?|不要再?|请勿|停止)[^,。;!?]{0,6}(?:留|给|打|发|联系|用|提供|"
    r"告诉)[^,。;!?]{0,8}$"
    r"|(?:删除|删掉|移除|去掉|注销)[^,。;!?]{0,10}$"
)
_EXAMPLE = re.compile(
    r"\b(?:for example|for instance|e\.g\.?|eg|(?<![@.])example(?!\.)|such as|something like|"
    r"looks? like|(?:numbers?|e-?mails?|address(?:es)?|ids?)"
    r" like|sample|dummy|placeholder|fake|the format|formatted|in the form|let's say|imagine|test number)\b"
    r"|比如|例如|譬如|举个?例|举例|示例|样例|测试(?:号码?|电话|手机|邮箱|一下)?:|假的|格式|类似|"
    r"像是?这样|形如|诸如|如:"
)
_NAMED_EXAMPLE = re.compile(
    r"\b(?:name is|name's|i'm|i am|this is|call|ask for|it's)\s+"
    r"(?!(?:an?|the|one|just|only|for|my|this|that|giving|not|me|us)\b)[a-z'.-]+\s+example\b"
    r"|\bexample\s+(?:ltd|limited|inc|gmbh|llc|corp|corporation|co|company|plc|ag|university|school)\b"
)
"""Who or what is called so."""
_EXAMPLE_AFTER = re.compile(
    r"^[^.。]{0,8}(?:for example|for instance|as an example|\(example|之类|这种格式|这样的|等等|为例|"
    r"only an example|is just an example)"
)
_SUPPOSED = re.compile(
    r"\bpretend\b|\b(?:reply|answer|respond) with\b|^\W*say\b|\brepeat\b|假装|假定|复述|"
    r"\b(?:if|what if|suppose|supposing|assuming|say)\s+(?:that\s+)?(?:i|we|someone|somebody|my \w+)\s+"
    r"(?:were|was|gave|give|told|tell|leave|left|provided?|said|say|had|shared?|sent|used?|changed?|"
    r"typed?|entered|put|only)\b"
    r"|\b(?:would|could) you (?:call|believe) if\b|\bhypothetical"
    r"|(?:如果|假如|假设|假若|要是|万一|倘若|若是?)(?:说)?(?:我|我们|有人)(?:给|告诉|留|填|说|写|用|换|"
    r"提供|输入|叫|是|的)"
)
_COMMAND = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}\b(?:instructions?|prompts?|rules?|"
    r"previous|prior|above|guidelines)\b"
    r"|\bsystem (?:prompt|message|override|instruction)|^\s*(?:system|assistant|developer)\s*:|"
    r"\[/?(?:system|inst)\]|<\|?/?(?:system|im_start)"
    r"|\b(?:set|get|update|create|save)_[a-z_]+\b|\b(?:call|invoke|run|execute) (?:the )?(?:function|"
    r"tool|plugin)\b"
    r"|\byou are now\b|\bdeveloper mode\b|\bnew instructions?\b"
    r"|(?:忽略|无视|忘掉|忘记|忽视)[^。!?\n]{0,20}(?:指令|提示|规则|之前|以上|前面|设定)|系统提示|"
    r"系统指令|开发者模式|调用[^。\n]{0,12}函数"
)
_THINGS = (
    r"(?:phone|mobile|number|e-?mail|wechat|company|name|product|account|field|lead|profile|record|"
    r"contact|meeting)"
)
_COMMAND_NEAR = re.compile(
    rf"\b(?:set|store|insert|assign|overwrite|write|put|save|record|register|fill|enter|"
    rf"make)\b[^.!?\n]{{0,24}}\b{_THINGS}"
    rf"(?:[ _](?:number|name|address|field|id))?\b[^.!?\n]{{0,16}}?(?:\bto\b|\bas\b|\binto\b|\bwith\b|"
    rf"=|(?<!my number)(?<!my phone)(?<!my email)(?<!my e-mail)(?<!my wechat)(?<!my"
    rf" mobile):)[^.!?\n]{{0,8}}$"
    rf"|\b(?:update|change)\s+(?:the|your|lead|customer|user|database|crm)\b[^.!?\n]{{0,40}}$"
    rf"|[\"']{_THINGS}[\"']\s*:\s*[\"']?\s*$|\b(?:update|insert into)\s+\w+\s+(?:set|values)\b"
    rf"|(?:把|将)(?!我|本人)[^,。]{{0,10}}(?:电话|手机|邮箱|微信|公司|姓名|名字|字段|联系方式|"
    rf"账号)[^,。]{{0,8}}(?:设|改|写|存|填|记录?|更新)(?:置|定|入|成|为|到)+"
    rf"|(?:设置|写入|存储|保存|存入|录入|设定)(?:一个)?(?:电话|手机|邮箱|微信|公司|姓名|字段|"
    rf"账号)[^,。]{{0,6}}$"
    rf"|(?:电话|手机|邮箱|微信|公司|姓名|字段|账号)(?:号码?)?(?:字段)?(?:设置?|设定)(?:为|成)?\s*:?\s*$"
)
_QUOTING = re.compile(
    r"\b(?:you|u|it|he|she|they|bot|assistant|website|page|ad|brochure|site|rep|guy|agent|somebody|"
    r"someone)\s+(?:just\s+|also\s+|"
    r"have\s+|had\s+)?"
    r"(?:said|told me|wrote|says|mentioned|gave(?: me)?|sent(?: me)?|listed|showed|lists|shows|replied|"
    r"answered)\b"
    r"|(?:你|您|你们|网站|官网|页面|广告|机器人)(?:上|里)?(?:刚才|刚刚|之前|上面|前面)?(?:说|写|发|给|"
    r"提到?|显示)(?:的|了|过|着)"
)
_ASKS = re.compile(
    r"[?？]|\b(?:is this|is that|do you|are you|can i|may i|should i|does)\b|吗|是不是|能不能|有没有|呢\s*$"
)


_NEUTRAL = words("neutral")
_NEUTRAL_ZH = re.compile("|".join(sorted(words("neutral in chinese"), key=len, reverse=True)))
_PIECE_AFTER = re.compile(r"[,;、|/]")
_ASKED_ALREADY = re.compile(r"^.*[吗呢]\s+")  # a question that ended before the value, without its mark
_SHORT = re.compile(r"'s\b")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9'_-]*")
_CARD = re.compile(r"[-\s]*[A-ZÀ-ÖØ-Þ][a-zÀ-ɏ'-]+(?:\s[A-ZÀ-ÖØ-Þ][a-zÀ-ɏ'-]+){0,2}\s*")
_TITLED = re.compile(r"\s*[\u4e00-\u9fff]{1,2}(?:先生|女士|小姐|总|经理|工|老师|主任)\s*")
_MINE_AFTER = re.compile(
    r"^[\s)\"',-]*(?:is|are|that's|thats|this is|it's|its|works)\b[^.!?。]{0,32}?\b"
    rf"(?:(?:me|mine|myself)\b|my (?:\w+ )?{_SELF_THING}\b)"
)
_FORM = re.compile(r"(?:联系人|姓名|称呼|公司|单位|企业)(?:名称?)?[\s:]{1,3}[^\s,。;:]{2,20}(?=\s|$)")
_CONTACT_WORD = re.compile(r"\S*[@\d]\S*")


def _says_nothing_else(before: str, after: str) -> bool:
    """Whether only neutral words stand between the commas round a value, or nothing but a name, as on a card."""
    left = _CONTACT_WORD.sub(" ", before[max(before.rfind(mark) for mark in ",;、|/") + 1 :])
    right = _CONTACT_WORD.sub(" ", _PIECE_AFTER.split(after, maxsplit=1)[0])
    left, right = _FORM.sub(" ", left), _FORM.sub(" ", right)
    if _ENGLISH_CARD.fullmatch(_CONTACT_WORD.sub(" ", before)) and is_neutral(right):
        return True
    if is_neutral(left):
        return is_neutral(right) or _CARD.fullmatch(right) is not None or _is_card(right)
    if _is_card(left) and _is_card(right):
        return True
    label, _, named = left.rpartition(":")
    named = named.strip()
    if not is_neutral(label):
        return False
    return is_neutral(right) and (_CARD.fullmatch(named) is not None or is_chinese_name(named))


_PIECES = re.compile(r"[^\s,;、|/。:]+")
_LABELLED = re.compile(r"(?:联系人|姓名|称呼|公司|单位)(?:名称?)?$")


@lru_cache(maxsize=64)
def card(text: str) -> list[tuple[int, int]]:
    """The pieces of a message that is a card: contact data, and beside it names, firms and neutral words only."""
    if len(text) > 200 or not _CARD_NUMBER.search(text):
        return []
    pieces = [(m.start(), m.end()) for m in _PIECES.finditer(text) if not _CONTACT_WORD.fullmatch(m[0])]
    said = [text[start:end] for start, end in pieces]
    if len(said) > 8 or not all(_is_card(one) or _LABELLED.fullmatch(one) for one in said):
        return []
    return [span for span, one in zip(pieces, said, strict=True) if not is_neutral(one)]


_CARD_NUMBER = re.compile(r"\d{7}|@|\d[ -]\d{4}")


def _is_card(text: str) -> bool:
    """Whether each piece of it, between spaces, is a Chinese name, a firm or neutral."""
    pieces = text.split()
    return len(pieces) <= 6 and all(
        is_chinese_name(one) or _TITLED.fullmatch(one) or FIRM.fullmatch(one) or is_neutral(one) for one in pieces
    )


_ENGLISH_CARD = re.compile(
    r"[\s,;|/.:\n-]*(?:(?!The\b|Our\b|My\b|Your\b|Driver"
    r"|Warehouse)[A-ZÀ-ÖØ-Þ][\wÀ-ɏ&'.-]*(?:\s(?:[A-ZÀ-ÖØ-Þ&][\wÀ-ɏ&'.-]*|of|de|van|von)){0,4}"
    r"[\s.]*[,;|/\n.]+\s*){2,4}"
)
FIRM = re.compile(
    r"(?!.*(?:抬头|发票|税|开户|收货|供应商|客户))[\u4e00-\u9fff()]{2,16}(?:公司|集团|物流|冷链|科技"
    r"|供应链|药业|食品|贸易|股份|商贸|冷运|货运|运输)"
)


def is_neutral(text: str) -> bool:
    """Whether nothing in the text says whose a value is: words of contact, politeness and time."""
    strange = any(word not in _NEUTRAL for word in _LATIN.findall(_SHORT.sub("", text.lower())))
    return not strange and not re.search(r"[\u4e00-\u9fff]", _NEUTRAL_ZH.sub(" ", text.lower()))


_REQUEST = re.compile(
    r"\b(?:need|want|quote|quotation|pricing|prices?|price ?list|interested|looking for|offer|demo"
    r"|trial|sample|brochure|"
    r"catalog(?:ue)?|details|more info(?:rmation)?|enquiry|inquiry|(?:we|i) (?:have|run|operate|ship)"
    r"|we've got)\b|"
    r"报个?价|价格|多少钱|怎么卖|麻烦|帮[我忙看查弄]|价目|咨询|了解|想要?|需要|购买|试用|资料|方案"
    r"|样品|演示|我们"
    r"|我司|我这|我是|求|代理|合作"
)
_PARTY = re.compile(
    rf"\b{_PERSON}(?:'s?)?\b|\b(?:drivers?|warehouses?|consignees?|shippers?|receivers?|recipients?"
    rf"|carriers?|forwarders?|"
    r"brokers?|dispatch(?:er)?|hotline|support|service|sales|office|desk|he|she|they|him|her|them|his"
    r"|their|your|you guys|"
    r"someone|somebody|person|team|sensor|device|serial|order|invoice|shipment|parcel|tracking|fax"
    r"|sim|called|rang|"
    r"texted|received|got|from|ask for|involve|(?:our|the|my|an?) [a-z-]+(?: too| as well)?\W*$)|"
    rf"{_ZH_PERSON}|(?:那边|这边)的?人|(?<!我)(?<!我们)(?<!公司)的(?:电话|手机|微信|邮箱|号码)|他|她"
    rf"|它|对方|别人|人家|有人|是谁|谁的|哪里的|查一?下|查查|司机|仓库|收货|发货|提货|客服|热线|前台"
    rf"|你们|贵司|收到|打来|来电|显示|"
    r"设备|序列|订单|单号|运单|快递|物流单|传真|卡号|找(?!我)|先生|女士|小姐|[\u4e00-\u9fff]总(?!价"
    r"|部|共|体)|经理|师傅|[小老][\u4e00-\u9fff](?=的|那|电)"
)
_CORRECTED = re.compile(
    r"(?:[写打输说发填记]错|有误|少了?一位|多了?一位|应该是|"
    r"\bshould (?:be|read|have been)|\btypo|\bmistyped|wrong (?:number|digit))"
    r"[^.。;!?@\d]{0,24}$"
)
_NAME_NEAR = re.compile(r"\($|\w\W+[A-Z][a-z'-]+\W{0,3}$")
_RING = re.compile(
    r"(?:\b(?:please|pls|plz|kindly|just|you|u|someone|somebody|anyone|to|or|and|can)|^\W*)\s*(?:also )?"
    r"(?:call|ring|text|phone|whatsapp|sms|msg|message|dial|e-?mail|mail|write to|add|reply to|try)\s+"
    r"(?:back\s+)?(?:on|at|to|this number|this|number)?\W*$|"
    r"(?:发|寄|打|加|回|拨|呼|留|推|传)(?:邮件|短信|微信|个|一?份|一下|过来|到|至|给|这|这个){0,2}[\s:]*$"
)


def _asked_for(cased: str, before: str, after: str) -> bool:
    """Whether the sentence asks for something in the customer's own name and speaks of nobody else."""
    sentence = before + " " + after
    if _CORRECTED.search(before):
        return True
    if (
        _NAME_NEAR.search(cased)
        or _PARTY.search(_OURSELVES.sub(" ", before))
        or _PARTY.search(_OURSELVES.sub(" ", after))
    ):
        return False
    return _REQUEST.search(sentence) is not None or _RING.search(before) is not None or _stands_apart(before, after)


_LINKS = re.compile(
    r"(?:\b(?:is|are|was|were|be|of|to|at|on|in|by|via|with|from|for|ask|try|use|uses|called|named"
    r"|see|check|but|and|or|not|like|as|"
    r"line|desk|number|email|e-?mail|phone|mobile|contact|id|address|the|an?|her|his|their|who|that"
    r"|than)|=|\($)\W*$|"
    r"[\u4e00-\u9fff]$|(?:^|[\s,。;、])(?:[小老阿][\u4e00-\u9fff]|[\u4e00-\u9fff]{1,3}(?:师|长|员|工"
    r"|总|哥|姐))\s*$"
)


_APART = re.compile(r"[,;:.!)/|-]\s*$|[\u4e00-\u9fff]\s+$|\b(?:i|i'm|im|i've|ive|we|we're|we've|our|my|me|us)\b")
_SIGNED = re.compile(r"\s*(?![a-z]*(?:ed|ing|s)\s*$)[a-z]{2,12}\s*")


def _stands_apart(before: str, after: str) -> bool:
    """Whether a value is set beside what was said rather than built into it, as people leave their own."""
    piece = _PIECE_AFTER.split(after, maxsplit=1)[0]
    tokens = before.split()
    named = bool(tokens) and is_chinese_name(tokens[-1])
    if not before.strip():
        return _SIGNED.fullmatch(after) is not None
    return _APART.search(before) is not None and not _LINKS.search(before) and not named and is_neutral(piece)


_OURSELVES = re.compile(
    r"\b(?:sales|support|service|technical|customer) (?:team|rep|people|colleague)s?\b|\byour (?:team"
    r"|sales|pric\w+|offer|quote|"
    r"product\w*|solution\w*|catalogue|brochure|best|fleet|starter|enterprise|kit|hub\w*|sensor\w*"
    r"|system|service)\b|"
    r"\bfrom you\b|你们的?(?:产品|方案|报价|价格|资料|系统|设备|服务|公司|这边|家)|(?:让|请|叫"
    r"|安排)(?:你们|贵司)?(?:的)?(?:销售|商务|客服|工程师|技术|人)|"
    r"我是[^,。]{0,16}|采购(?!的|说|经理|电话|手机|微信|联系)"
)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return found[-1] if found else None


def owner_before(text: str) -> str | None:
    """`own`, `other` or `report`: what the last word that names an owner in `text` says, else None."""
    found = _last(_OWNERS, text)
    return found.lastgroup if found else None


def commands(reading: Reading) -> bool:
    """Whether the message tries to give the machine new instructions."""
    if reading.commands is None:
        reading.commands = _COMMAND.search(reading.low[:2000]) is not None
    return reading.commands


def is_about_other(text: str) -> bool:
    """Whether a folded sentence ends on somebody who is not the customer."""
    return owner_before(text) == "other"


def _quoted(reading: Reading, before: str, start: int) -> bool:
    line = reading.low.rfind("\n", 0, start) + 1
    if reading.low[line : line + 1] == ">":
        return True
    said = _last(_QUOTING, before)
    if not said:
        return False
    owner = _last(_OWNERS, before[said.end() :])
    return not (owner and owner.lastgroup == "own")


def _said_of_value(before: str, after: str) -> str | None:
    if _NOT_MINE_AFTER.search(after[:60]) or _NEGATED.search(before[-60:]) or _WITHHELD.search(before[-90:]):
        return NEGATED
    if _EXAMPLE.search(_NAMED_EXAMPLE.sub("", before)[-50:]) or _EXAMPLE_AFTER.search(after[:40]):
        return EXAMPLE
    if _SUPPOSED.search(before):
        return SUPPOSED
    return COMMAND if _COMMAND_NEAR.search(before[-90:]) else None


def _said_of_owner(reading: Reading, start: int, end: int, earlier: str, *, contact: bool) -> str | None:
    before, after = reading.before(start), reading.after(end)
    cased = reading.text[start - len(before) : start]
    behind = _ASIDE.match(after)
    named = _OWNERS.match(after, behind.end()) if behind else None
    if named and named.lastgroup == "other":
        return OTHER
    owner = owner_before(before)
    said_after = named is not None and named.lastgroup == "own" and (owner is None or "," not in after[: named.start()])
    if owner == "own" or said_after:
        return None
    if owner is None and _MINE_AFTER.search(after[:80]):
        return None
    if _NAMED_BEFORE.search(cased):
        return OTHER
    if _DOES.search(after) or _SEEN.search(before):
        return REPORT
    if _NAMED_BEHIND.search(after):
        return OTHER
    if owner == "other":
        return OTHER
    if _WEAK.search(before):
        return None
    if owner == "report" or re.search(_REPORT_ZH, before):
        return REPORT
    if is_about_other(earlier):
        return OTHER
    if _ASKS.search(_ASKED_ALREADY.sub("", before) + after):
        return QUESTION
    if (
        not contact
        or reading.answering
        or _asked_for(cased, before, after)
        or _says_nothing_else(cased, reading.text[end : end + len(after)])
    ):
        return None
    return UNSAID


def doubt(
    reading: Reading, start: int, end: int, *, own: bool = False, contact: bool = True, earlier: str = ""
) -> str | None:
    """The reason why `start:end` is not the customer's own, or None. `own`: the words around already say it is.

    `contact` is False for what is no contact data and needs no word of ownership.
    `earlier` is the sentence before (of this or the message before), for "Talk to Bob. His number is …".
    """
    before, after = reading.before(start), reading.after(end)
    if commands(reading):
        return COMMAND
    if reason := _said_of_value(before, after):
        return reason
    if _quoted(reading, before, start):
        return QUOTED
    return None if own else _said_of_owner(reading, start, end, earlier or reading.previous(start), contact=contact)
