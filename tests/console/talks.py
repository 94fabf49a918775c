"""What customers say in the house of which the pictures are taken: invented people of invented companies."""

from __future__ import annotations

from typing import Final

from tests.console.house import House
from tests.console.household import settle

TALKS: Final = (
    ("en", ("Do you work on weekends?",)),
    ("zh-CN", ("多少钱？", "先不用留电话，谢谢")),
    (
        "en",
        (
            "Which products are there?",
            "We are Northwind Bakery",
            "We are interested in the Starter plan",
            "You can write to baker@northwind.example",
        ),
    ),
    ("zh-CN", ("有哪些产品？", "我们是青禾物流公司的", "我们对车队版感兴趣", "打我电话 13800138000")),
    ("en", ("How quickly can we start?", "We are Alder Pharma", "My name is Tomas Birk")),
    ("zh-CN", ("多久可以上线？", "我们是海岳生鲜公司的", "我的微信是 haiyue_fresh", "下周三上午十点可以给我打电话")),
    ("en", ("Is our data safe with you?", "We are Blue Fjord Salmon", "My number is +47 22 55 51 23")),
    ("zh-CN", ("我们的数据安全吗？", "我们是云岭药业公司的", "我叫陈安", "我的电话是13816250975")),
    (
        "en",
        (
            "What does it cost?",
            "We are Harbour Foods",
            "We are interested in the Fleet plan",
            "My name is Ada Lark",
            "My number is +49 1512 3456789",
            "Could you call me next Tuesday at 3pm?",
        ),
    ),
    (
        "zh-CN",
        (
            "价格是多少？",
            "我们是晨光冷链公司的",
            "我们对车队版感兴趣",
            "我叫王小明",
            "我的电话是13816250976",
            "下周二下午三点可以给我打电话",
        ),
    ),
)
TRIED: Final = {
    "en": (
        "What does it cost?",
        "We are Harbour Foods",
        "The Fleet plan",
        "My name is Ada Lark, call me at +49 1512 3456789",
    ),
    "zh": ("价格是多少？", "我们是晨光冷链公司的", "我们对车队版感兴趣", "我叫王小明，电话 138 1625 0976"),
}
"""What is said on the page Try before its picture is taken."""


def fill(house: House) -> dict[str, dict[str, str]]:
    """Lets everybody chat, and leaves a draft with a hint; by language, the talk and the lead to show."""
    shown: dict[str, dict[str, str]] = {}
    for locale, lines in TALKS:
        visitor = house.server.visitor(locale)
        for line in lines:
            visitor.say(line)
        lead = house.api.get("/leads", params={"limit": 1}).json()["items"][0]["id"]
        turn = house.api.get(f"/conversations/{visitor.conversation}").json()["turns"][-1]["id"]
        shown[locale[:2]] = {"lead": lead, "conversation": str(visitor.conversation), "turn": turn}
    _leave_draft(house)
    settle(house)
    return shown


def _leave_draft(house: House) -> None:
    published = house.api.get("/personas/guide").json()
    text = published["yaml"].replace(
        "  Text that customers,",
        "  Say early that a pilot costs nothing when an order follows.\n\n  Text that customers,",
    )
    text = text.replace(
        "Ask me anything about keeping goods cold on the road.", "What do you carry? How many vehicles do you run?"
    )
    answer = house.api.put(
        "/personas/guide/draft",
        json={"yaml": text, "base_version": published["version"], "base_revision": 0},
        headers={"authorization": f"Bearer {house.session('editor')}"},
    )
    assert answer.status_code == 200, answer.text
