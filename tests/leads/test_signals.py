"""What one message tells the planner, in Chinese and English."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.spec import CollectField
from server.leads.signals import TurnSignals, language_of, read_signals

FIELDS = [
    CollectField(name="company", type="text"),
    CollectField(name="phone", type="phone"),
    CollectField(name="mail", type="email"),
    CollectField(name="wechat", type="wechat"),
]


def read(text: str, asked: str | None = None, **given_: object) -> TurnSignals:
    return read_signals(text, asked=asked, fields=FIELDS, **given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "What does it cost?",
        "what does it cost",
        "Hi, how do I integrate the SDK",
        "Hello. Can you send messages to groups",
        "tell me about your plans",
        "I'd like to know more about storage",
        "I need help with my integration",
        "We are Acme. Does it support Android",
        "Thanks! And is there a free tier",
        "I was wondering if it works offline",
        "Could you explain the pricing",
        "any discount for schools",
        "You didn't answer my question",
        "价格是多少？",
        "多少钱",
        "给我介绍一下你们的产品",
        "请问支持安卓吗",
        "你们有没有私有部署",
        "我想了解一下集成方案",
        "怎么收费",
        "好的，那什么时候能上线",
        "帮我看看这个报错",
        "能不能试用",
        "你没有回答我的问题",
        "Is tomorrow at three all right for a call?",
    ],
)
def test_a_question_or_a_request_for_information_is_open(text: str) -> None:
    assert read(text).open_question


@pytest.mark.parametrize(
    "text",
    [
        "We are Acme Ltd.",
        "What a great product!",
        "My number is 138 0013 8000",
        "See https://x.example/a?b=1",
        "Hi, how are you?",
        "你好，在吗？",
        "When I was at Acme we built trackers.",
        "Which is fine.",
        "I do not have a question, thanks",
        "call me tomorrow, ok?",
        "我们是小熊科技，好吗？",
        "没什么问题",
        "怎么都行",
        "什么都可以",
        "朋友介绍来的",
        "我们做物流的",
        "那么就周三吧",
        "Will do.",
        "I want a demo.",
    ],
)
def test_a_statement_or_small_talk_is_no_question(text: str) -> None:
    assert not read(text).open_question


def test_a_nudge_holds_on_to_a_question_that_was_not_answered() -> None:
    before = read("What does it cost?")
    assert read("hello?!", previous=before, answered=False).open_question
    assert read("So", previous=before, answered=False).open_question
    assert not read("So", previous=before, answered=True).open_question
    assert not read("We are Acme.", previous=before, answered=False).open_question


@pytest.mark.parametrize(
    "text",
    [
        "What does it cost?",
        "price",
        "How much is it for 10 users?",
        "send me a quote",
        "多少钱",
        "给我发个报价",
        "怎么收费？",
        "有优惠吗",
    ],
)
def test_asking_for_the_price_is_heard_and_is_a_wish_to_buy(text: str) -> None:
    signals = read(text)
    assert signals.asks_price
    assert signals.buy


@pytest.mark.parametrize(
    "text",
    [
        "I want a demo",
        "Can we get a free trial?",
        "please send the contract",
        "We'd like to place an order",
        "how long is delivery?",
        "我想试用一下",
        "可以演示吗",
        "我要下单",
        "合同怎么签",
        "想买十套",
    ],
)
def test_a_wish_to_buy_is_heard(text: str) -> None:
    assert read(text).buy


@pytest.mark.parametrize(
    "text",
    [
        "I don't want a demo",
        "no trial for us",
        "in order to send messages",
        "What is the message delivery rate?",
        "how much data can I store",
        "暂时不需要试用",
        "我不想买",
        "支持安卓吗",
    ],
)
def test_not_every_such_word_is_a_wish_to_buy(text: str) -> None:
    assert not read(text).buy


def test_asking_about_the_product_is_heard() -> None:
    assert read("Which features does it have?").asks_product
    assert read("你们有哪些产品").asks_product
    assert not read("We make products for pets.").asks_product


@pytest.mark.parametrize(
    "text", ["Thanks!", "great, that helps", "Sounds good", "好的", "谢谢", "不错", "可以", "太好了！", "👍"]
)
def test_a_good_mood_is_heard(text: str) -> None:
    assert read(text).positive


@pytest.mark.parametrize(
    "text",
    [
        "no thanks",
        "not great",
        "不太好",
        "我们是小熊科技",
        "Good morning",
        "Great, now stop asking me",
        "可以吗？",
    ],
)
def test_what_sounds_like_praise_is_not_always(text: str) -> None:
    assert not read(text).positive


@pytest.mark.parametrize(
    "text",
    [
        "stop asking me",
        "This is annoying",
        "annoying!",
        "You are so pushy",
        "I already told you my name",
        "WHY DO YOU ASK ALL THIS",
        "what the hell",
        "wtf",
        "你烦不烦",
        "烦死了",
        "别问了",
        "有完没完",
        "够了！",
        "真无语",
    ],
)
def test_irritation_is_heard(text: str) -> None:
    assert read(text).irritated


@pytest.mark.parametrize(
    "text",
    [
        "麻烦您介绍一下",
        "烦请发我一份资料",
        "足够了",
        "可以过滤垃圾邮件吗",
        "Maybe a stupid question, but is it safe?",
        "Fair enough.",
        "HTTP API SDK",
        "Is 5 GB enough for a year of recordings?",
        "滚动列表怎么做",
        "OK",
    ],
)
def test_politeness_and_plain_words_are_no_irritation(text: str) -> None:
    assert not read(text).irritated


@pytest.mark.parametrize(
    "text",
    [
        "Do not contact me",
        "don't contact me again.",
        "Please don’t ever call me",
        "Please do not email or call me any more",
        "stop asking",
        "Stop asking me for my details!",
        "Don't ask me again",
        "please don't ask me anything about myself",
        "no more questions",
        "Leave me alone.",
        "unsubscribe",
        "STOP",
        "Take me off your mailing list",
        "I don't want to be contacted",
        "I'd prefer you don't contact me",
        "Tell your colleague not to contact me",
        "I want to opt out",
        "What does it cost? And never contact me.",
        "stop calling me",
        "不要再问了",
        "别联系我",
        "不要打电话",
        "别再烦我",
        "请不要再联系我了",
        "以后不要联系我",
        "你们不要给我打电话",
        "别问我了",
        "不想被打扰",
        "不要骚扰我",
        "拒绝推销",
        "退订",
        "请勿打扰",
    ],
)
def test_an_opt_out_is_an_opt_out(text: str) -> None:
    signals = read(text, asked="company")
    assert signals.opt_out
    assert signals.refusal
    assert not signals.positive


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("Don't call me before 9", ("phone",)),
        ("do not contact me by phone, use email", ("phone",)),
        ("Please don't call me, email me instead", ("phone",)),
        ("please don't email me, just call", ("mail",)),
        ("不要打电话，加微信吧", ("phone",)),
        ("晚上不要打电话", ("phone",)),
        ("不用打电话了，发邮件就行", ("phone",)),
        ("Please do not contact me before Monday", ()),
        ("九点以后不要联系我", ()),
    ],
)
def test_a_limit_on_how_or_when_is_no_opt_out(text: str, refused: tuple[str, ...]) -> None:
    signals = read(text)
    assert not signals.opt_out
    assert signals.refused_fields == refused


@pytest.mark.parametrize(
    "text",
    [
        "Why don't you call me?",
        "You never contacted me",
        "You don't call me back, what is going on?",
        "If you don't contact me I will go elsewhere",
        "Don't ask me why, but it works",
        "How can my users unsubscribe from a channel?",
        "Can the bot stop asking users for confirmation?",
        'My users say "do not contact me", can the bot handle that?',
        "如何设置消息免打扰",
        "用户不要打电话给客服怎么办",
        "What is the name of the stop function?",
        "别的方案有吗",
        "不要太贵的",
        "have a nice day",
    ],
)
def test_what_only_sounds_like_an_opt_out_is_none(text: str) -> None:
    assert not read(text).opt_out


@pytest.mark.parametrize(
    "text",
    [
        "I changed my mind, call me",
        "you can contact me",
        "You may call me now",
        "ok to email me",
        "可以联系我了",
        "我改主意了，给我打电话吧",
        "你们可以给我打电话",
    ],
)
def test_a_change_of_mind_is_heard(text: str) -> None:
    signals = read(text)
    assert signals.opt_in
    assert not signals.opt_out


@pytest.mark.parametrize(
    "text",
    [
        "do not contact me",
        "I changed my mind, don't call me",
        "可以联系我吗？",
        "you can't contact me",
        "不可以联系我",
        "please do not call me",
    ],
)
def test_no_change_of_mind_where_there_is_none(text: str) -> None:
    assert not read(text).opt_in


@pytest.mark.parametrize(
    "text",
    [
        "I'd rather not",
        "no",
        "No, sorry.",
        "not now",
        "maybe later",
        "later",
        "I prefer not to say",
        "I don't want to share that",
        "skip that",
        "不方便",
        "不想说",
        "不了",
        "以后再说吧",
        "暂时不提供",
        "保密",
        "没有",
        "算了",
    ],
)
def test_declining_counts_for_the_field_just_asked(text: str) -> None:
    assert read(text, asked="company").refused_field == "company"
    assert read(text).refused_fields == ()


@pytest.mark.parametrize(
    "text",
    [
        "No problem, we are Acme",
        "We are Acme",
        "What do later versions cost?",
        "我们是小熊科技",
        "Northwind",
        "没问题，小熊科技",
        "No idea if it fits, does it?",
    ],
)
def test_an_answer_is_not_taken_for_a_refusal(text: str) -> None:
    assert read(text, asked="company").refused_fields == ()


def test_a_refusal_that_names_a_channel_counts_for_that_channel() -> None:
    assert read("I won't give my phone number, here is my email", asked="mail").refused_fields == ("phone",)
    assert read("不想留电话", asked="company").refused_fields == ("phone",)


@pytest.mark.parametrize(
    "text",
    [
        "Why do you need that?",
        "why",
        "what do you use it for?",
        "为什么要问这个？",
        "要我的电话干嘛",
        "为什么",
    ],
)
def test_asking_why_we_ask_is_heard(text: str) -> None:
    assert read(text, asked="phone").asks_purpose
    assert not read(text).asks_purpose


def test_asking_why_about_the_product_is_another_question() -> None:
    assert not read("Why is it so expensive?", asked="phone").asks_purpose


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What does it cost?", "en"),
        ("hello", "en"),
        ("价格是多少", "zh"),
        ("我想用React Native SDK做IM", "zh"),
        ("What does 你好 mean in the demo?", "en"),
        ("OK", None),
        ("Acme Ltd", None),
        ("13800138000", None),
        ("lan@acme.example", None),
        ("https://acme.example/what-is-this", None),
        ("", None),
        ("こんにちは、価格は？", None),
    ],
)
def test_the_language_is_told_or_left_open(text: str, language: str | None) -> None:
    assert language_of(text) == language
    assert read(text).language == language


@given(st.text(max_size=80), st.sampled_from([None, "company", "phone"]))
def test_any_text_gives_the_same_signals_each_time_and_survives_json(text: str, asked: str | None) -> None:
    signals = read(text, asked)
    assert read(text, asked) == signals
    stored = json.loads(json.dumps(signals.to_dict()))
    assert TurnSignals.from_dict(stored | {"new": 1}) == signals


PHRASES = [
    (
        "opt_out",
        True,
        [
            "Please stop contacting me.",
            "Don't message me again",
            "do NOT call me anymore",
            "I do not wish to receive any further messages",
            "Stop sending me messages",
            "never ask me for my data again",
            "Quit bothering me",
            "别给我发消息了",
            "不要再联系了",
            "请停止联系我",
            "我不想再收到你们的消息",
            "别来烦我了",
            "不要给我打电话",
            "以后别再打电话来了",
            "别再打扰我",
            "不需要你们联系我",
            "Please delete my data and don't contact me",
            "no calls please",
            "don't contact me ever",
            "don't you dare call me",
            "I said don't ask!",
            "I don't want any more questions",
            "stop bugging me",
            "别烦我",
            "都说了别问了",
            "不要联系我",
            "请别再问我的信息了",
            "I'm not interested, don't contact me.",
            "Do not contact me, what's the price?",
            "you're not allowed to contact me",
            "Please don't ask for my phone number again",
            "Stop asking for my number",
            "我说了不要再问我电话",
            "不要再发了",
            "别再问",
            "Please do not get in touch with me",
            "I don't want to hear from you",
            "Do not reach out to me again",
            "please stop",
            "no one should contact me",
            "Don't bother calling me",
            "you have no permission to contact me",
            "I'd like you to stop messaging me",
            "Please refrain from contacting me",
            "Remove my number",
            "don't text or call",
            "I don't want to be bothered",
            "please leave me be",
            "don't ask me any more questions",
            "don't ask me for anything else",
            "别跟我联系了",
            "不要再打来了",
            "请不要打扰我",
            "我不想被骚扰",
            "不要问我任何问题",
            "别再问我个人信息",
            "别给我打电话",
            "请把我从名单中删除",
            "不需要再联系我",
            "我拒绝被联系",
            "不要再给我推销了",
            "我不希望你们联系我",
            "勿扰",
            "never message me again",
            "don't you ever contact me",
        ],
    ),
    (
        "opt_out",
        False,
        [
            "Can customers opt out of SMS?",
            "How do users unsubscribe?",
            "不要红色的",
            "别着急",
            "I'd rather not share my phone",
            "call me tomorrow",
            "don't call before 9am, I'm in meetings",
            "please don't email, I prefer WeChat",
            "不要发邮件，微信联系我",
            "Does it stop asking for the PIN after three tries?",
            "We don't contact our users by phone",
            "你们会打电话骚扰用户吗",
            "不问了，谢谢",
            "No more than 5 users",
            "no questions",
            "I have no more questions, thanks",
            "没有问题了",
            "Do you call me or email me?",
            "别的呢",
            "Don't ask what it is for, is it waterproof?",
            "Do not hesitate to contact me",
            "I can't call you today",
            "Don't you have a phone number?",
            "We don't want our drivers to be called at night",
            "How do I stop messages from a device?",
            "Can I stop the alarm?",
            "stop and go traffic",
            "Please don't forget to call me",
            "不要忘了联系我",
            "别忘了给我打电话",
            "不要等了，直接联系我吧",
            "what if a customer does not want to be contacted?",
            "我们不打电话给客户",
            "别客气",
            "I never get calls from you",
            "Nobody contacted me yet",
            "你们怎么不联系我",
            "no calls dropped so far?",
            "问一下，能不打电话吗",
        ],
    ),
    (
        "open_question",
        True,
        [
            "whats the price",
            "do u support ios",
            "how does this work",
            "pricing pls",
            "any documentation?",
            "I'd love to hear about your API",
            "what can you do",
            "Explain the difference between A and B",
            "哪款适合冷链",
            "有什么功能",
            "怎么集成",
            "你们支持iOS么",
            "一个月要多少钱",
            "啥时候能发货",
            "有文档没",
            "能便宜点吗",
            "是否支持私有化",
            "想咨询下价格",
            "发一份资料给我看看",
            "需要了解一下",
            "Hey what's included in the basic plan",
            "Im looking for info on sensors",
            "Which sensors are there",
            "talk me through the setup",
            "got any case studies",
            "how about vaccines",
            "请介绍产品",
            "传感器准不准",
            "哪个好",
            "多少",
            "电池能用几年",
            "可以离线用吗",
            "有没有案例",
            "说一下价格",
            "想问下交期",
            "how long does the battery last",
            "I have a question about billing",
            "need more details on plan B",
            "can it export pdf",
            "what's your address",
        ],
    ),
    (
        "open_question",
        False,
        [
            "ok",
            "好的",
            "Acme Inc",
            "我叫李雷",
            "13800138000",
            "Thursday at 3pm works",
            "周四下午三点",
            "I'm Tom from Northwind",
            "thanks a lot",
            "我们公司是凛航",
            "可以",
            "明天下午3点可以",
            "I already have an account: tom01",
            "lan@x.example",
            "We run 40 trucks",
            "嗯",
            "行",
            "我们主要运疫苗",
            "就这样吧",
            "the phone is 555-0100",
            "sure",
            "Northwind Traders",
            "my name is Which",
            "we ship fish to Spain",
            "it's 138-0013-8000 thanks",
            "I guess so",
            "下周三上午十点吧",
            "我姓王",
            "就是做生鲜的",
            "微信同号",
            "两百台车",
            "不错",
            "we have 12 vans and 3 trucks",
            "好，发我邮箱 lan@x.example",
            "tomorrow morning works for me",
        ],
    ),
    (
        "irritated",
        True,
        [
            "Enough with the questions",
            "you keep asking",
            "Why do you keep asking me this",
            "ugh",
            "this is so frustrating",
            "烦人",
            "你怎么老问",
            "真烦",
            "问问问，烦不烦",
            "能不能别问了",
            "你有病吧",
            "no means no",
        ],
    ),
    (
        "refusal",
        True,
        [
            "prefer not to",
            "I don't feel comfortable sharing that",
            "that's private",
            "不太方便",
            "不想留",
            "不告诉你",
            "先不留了",
            "我考虑一下",
            "nah",
            "not at the moment",
            "I'd prefer not to give it",
            "can we skip this",
            "not right now",
            "no, I don't want to",
            "以后吧",
            "下次再说",
            "不需要",
            "I don't have one",
            "i won't tell you",
            "n/a",
            "没必要吧",
            "不好意思，不方便透露",
            "I'd prefer to keep that private",
            "let's not",
            "no comment",
            "don't want to give that out",
            "why would I tell you that",
            "I would rather not say",
            "that is confidential",
            "maybe another day",
            "不透露",
            "这个不能说",
            "不太想给",
            "等以后吧",
            "没微信",
            "没有电话",
            "暂时不方便",
            "我先看看",
            "跳过吧",
            "下回吧",
            "nope sorry",
            "I'm not giving you that",
        ],
    ),
    (
        "buy",
        True,
        [
            "I'd like a quotation",
            "can I test it",
            "let's get started",
            "how do I sign up",
            "we want to purchase 20",
            "could someone show me a demo",
            "想试一下",
            "发个报价单",
            "什么时候可以发货",
            "怎么购买",
            "申请试用",
            "签合同",
            "I want to buy",
            "ready to order",
            "schedule a demo",
        ],
    ),
    (
        "buy",
        False,
        ["hello", "what can it do", "我们有二十辆车", "does it work offline", "the order of messages matters"],
    ),
    (
        "positive",
        True,
        ["awesome, thanks", "ok great", "good, thank you", "太棒了", "非常感谢", "赞", "明白了，谢谢", "perfect"],
    ),
    (
        "opt_in",
        True,
        [
            "You can call me now",
            "ok you can contact me again",
            "please contact me",
            "feel free to call me",
            "请联系我",
            "给我打电话吧",
            "可以打给我",
            "I changed my mind",
            "联系我吧",
        ],
    ),
    (
        "opt_in",
        False,
        ["can you contact me?", "If you can call me tell me", "你们可以联系我们的客户吗", "you can contact support"],
    ),
]


@pytest.mark.parametrize(
    ("signal", "expected", "text"),
    [(signal, expected, text) for signal, expected, texts in PHRASES for text in texts],
)
def test_what_people_write_is_read_as_they_mean_it(signal: str, expected: bool, text: str) -> None:
    assert getattr(read(text, asked="company"), signal) is expected


@pytest.mark.parametrize(
    "piece",
    [
        "don't ",
        "不要再",
        "a, ",
        "what ",
        "stop asking ",
        "? ",
        '"a',
        "no more ",
        "thanks ",
        "a",
        "我",
        " ",
        "\n",
        "http:",
    ],
)
def test_a_very_long_message_is_read_all_the_same(piece: str) -> None:
    assert read(piece * (100_000 // len(piece))).opt_in is False
