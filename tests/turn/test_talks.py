"""Whole sales conversations with the shipped persona and no language model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.clock import Clock
from tests.turn.conftest import Customer, customer, opened, settings_for

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

ENGLISH = [
    "Hello, what does it cost?",
    "We are interested in the Fleet plan",
    "We are Harbour Light Robotics",
    "Does it work with SAP?",
    "My number is +49 1512 3456789",
    "My name is Ada Example",
    "Could you call me next Tuesday at 3pm?",
    "How long does delivery take?",
    "My WeChat is harbour_ada88",
    "Our account is harbour-light",
    "Sorry, my number is +49 1512 3456780, the other one was wrong",
    "Thanks, that is all",
]
ENGLISH_LEAD = {
    "company": "Harbour Light Robotics",
    "product": "Fleet plan",
    "account": "harbour-light",
    "name": "Ada Example",
    "phone": "+4915123456780",
    "wechat": "harbour_ada88",
    "meeting_time": "2026-12-01T15:00:00+01:00",
}
CHINESE = [
    "你好，多少钱？",
    "我们对车队版感兴趣",
    "我们是晨光冷链公司的",
    "能对接金蝶吗？",
    "我的电话是13816250974",
    "我叫王小明",
    "下周二下午三点可以给我打电话",
    "多久能发货？",
    "我的微信是 chenguang_wang",
    "我们的账号是 chenguang",
    "不好意思，刚才电话错了，应该是13816250975",
    "好的，谢谢",
]
CHINESE_LEAD = {
    "company": "晨光冷链公司",
    "product": "车队版",
    "account": "chenguang",
    "name": "王小明",
    "phone": "+8613816250975",
    "wechat": "chenguang_wang",
    "meeting_time": "2026-12-01T15:00:00+08:00",
}
TALKS = {
    "en": ("en", "Europe/Berlin", ENGLISH, ENGLISH_LEAD),
    "zh": ("zh", "Asia/Shanghai", CHINESE, CHINESE_LEAD),
}
ANSWERS = {
    "en": {
        "company": "Harbour Light Robotics",
        "product": "Fleet plan",
        "account": "harbour-light",
        "name": "Ada Example",
        "phone": "+49 1512 3456780",
        "wechat": "harbour_ada88",
        "meeting_time": "next Tuesday at 3pm",
    },
    "zh": {
        "company": "晨光冷链公司",
        "product": "车队版",
        "account": "chenguang",
        "name": "王小明",
        "phone": "13816250975",
        "wechat": "chenguang_wang",
        "meeting_time": "下周二下午三点",
    },
}
QUESTIONS = {
    "en": ["What does it cost?", "Is my data safe?", "How long does delivery take?", "Does it work with SAP?"],
    "zh": ["多少钱？", "数据安全吗？", "多久能发货？", "能对接金蝶吗？"],
}


@asynccontextmanager
async def speaking(home: Path, database_url: str, language: str) -> AsyncIterator[Customer]:
    """A customer on a Monday morning."""
    locale, zone, _, _ = TALKS[language]
    async with opened(settings_for(home, database_url), clock=Clock(now=lambda: MONDAY)) as service:
        yield await customer(service, locale=locale, timezone=zone)


@pytest.mark.parametrize("language", TALKS)
async def test_twelve_messages_leave_all_seven_fields(home: Path, database_url: str, language: str) -> None:
    async with speaking(home, database_url, language) as visitor:
        _, _, messages, expected = TALKS[language]
        for text in messages:
            answer = await visitor.say(text)
            marks = answer["reply"]["text"].count("?") + answer["reply"]["text"].count("？")
            assert marks == 1 if answer["plan"]["action"] == "ASK" else marks <= 1
        assert await visitor.values() == expected
        lead = await visitor.lead()
        assert lead is not None
        assert (lead.stage, lead.contact) == ("meeting", True)
        said = "\n".join(messages)
        assert all(row.quote and row.quote in said for row in lead.fields.values())
        row = await visitor.service.database.read(
            lambda tx: tx.row("SELECT company, phone FROM profile WHERE userid = ?", visitor.order.user_id)
        )
        assert row == (expected["company"], expected["phone"])


@pytest.mark.parametrize("language", TALKS)
async def test_somebody_who_answers_what_is_asked_fills_the_lead(home: Path, database_url: str, language: str) -> None:
    async with speaking(home, database_url, language) as visitor:
        questions = iter(QUESTIONS[language])
        text, asked = next(questions), []
        for _ in range(12):
            answer = await visitor.say(text)
            field = answer["plan"]["field"] if answer["plan"]["action"] == "ASK" else None
            asked += [field] if field else []
            text = ANSWERS[language][field] if field else next(questions, "Thanks" if language == "en" else "好的")
        assert len(asked) == len(set(asked))
        assert await visitor.values() == TALKS[language][3]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Please stop asking me questions and do not contact me."), ("zh", "不要再问了，别联系我")],
)
async def test_an_opt_out_holds_in_this_and_later_conversations(
    home: Path, database_url: str, language: str, words: str
) -> None:
    async with speaking(home, database_url, language) as visitor:
        await visitor.say(QUESTIONS[language][0])
        assert (await visitor.say(words))["plan"]["action"] == "NONE"
        for text in QUESTIONS[language]:
            assert (await visitor.say(text))["plan"]["action"] == "NONE"
        visitor.order = replace(visitor.order, conversation_id=None)
        for text in QUESTIONS[language]:
            assert (await visitor.say(text))["plan"]["action"] == "NONE"
        lead = await visitor.lead()
        assert lead is not None
        assert (lead.opted_out, lead.exit) == (True, "opted_out")
