"""The corpus of sayings, and the fields that it is read with."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from server.catalog.spec import CollectField
from server.leads.extract import extract
from server.leads.types import Extraction, Said

FIELDS = [
    CollectField(name="company", type="text", ask={"en": "Which company are you with?", "zh": "请问您在哪家公司？"}),
    CollectField(
        name="product", type="text", ask={"en": "Which product interests you?", "zh": "您想了解哪一款产品呢？"}
    ),
    CollectField(
        name="account",
        type="text",
        ask={"en": "Have you registered? What is your account?", "zh": "您注册了吗？可否告诉我您的账号？"},
    ),
    CollectField(name="name", type="text", ask={"en": "May I have your name?", "zh": "请问怎么称呼您？"}),
    CollectField(
        name="phone",
        type="phone",
        alternative="wechat",
        ask={"en": "What number can we call you on?", "zh": "方便留个电话吗？"},
    ),
    CollectField(name="wechat", type="wechat", ask={"en": "What is your WeChat?", "zh": "您的微信号是多少？"}),
    CollectField(name="email", type="email", ask={"en": "Where can we send the offer?", "zh": "您的邮箱是？"}),
    CollectField(
        name="meeting_time", type="datetime", ask={"en": "When would a call suit you?", "zh": "您什么时候方便？"}
    ),
    CollectField(
        name="team_size",
        type="number",
        label={"en": "Team size", "zh": "团队规模"},
        ask={"en": "How many people will use it?", "zh": "大概多少人使用？"},
    ),
    CollectField(
        name="plan",
        type="choice",
        options=[{"en": "Monthly", "zh": "按月"}, {"en": "Yearly", "zh": "按年"}],
        ask={"en": "Would you rather pay monthly or yearly?", "zh": "您想按月付还是按年付？"},
    ),
    CollectField(name="use_case", type="text", ask={"en": "What are you building?", "zh": "您在做什么应用？"}),
]
CATALOGUE = ("Rapport Cloud", "小岚机器人")
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
GUIDE = yaml.safe_load((ROOT / "personas.d/guide.yaml").read_text(encoding="utf-8"))
GUIDE_FIELDS = [CollectField(**one) for one in GUIDE["collect"]["fields"]] + [
    CollectField(name="email", type="email", ask={"en": "Where can we mail the offer?", "zh": "您的邮箱是多少？"})
]
with (ROOT / "plugins.d/product_catalog.csv").open(encoding="utf-8", newline="") as rows:
    GUIDE_CATALOGUE = tuple(name for row in csv.DictReader(rows) for name in (row["name"], row["name_zh"]))
CORPUS = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
VISITORS = yaml.safe_load((HERE / "visitors.yaml").read_text(encoding="utf-8"))
NOW = datetime.fromisoformat(CORPUS["now"])


@dataclass(frozen=True)
class Case:
    """One entry of the corpus."""

    number: int
    where: str
    say: list[str]
    expect: dict[str, str]
    asked: str | None = None
    known: dict[str, str] = field(default_factory=dict)
    forbid: list[str] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    nonsense: bool = False
    missed: int = 0
    open: bool = False
    because: str = ""
    visitor: bool = False

    @property
    def language(self) -> str:
        return "zh" if any("\u4e00" <= char <= "\u9fff" for text in self.say for char in text) else "en"

    def messages(self) -> list[Said]:
        return [
            Said("assistant", text[3:], f"m{n}") if text.startswith("A: ") else Said("customer", text, f"m{n}")
            for n, text in enumerate(self.say)
        ]

    def read(self) -> Extraction:
        place: dict[str, Any] = CORPUS["places"][self.where]
        fields, catalogue = (GUIDE_FIELDS, GUIDE_CATALOGUE) if self.visitor else (FIELDS, CATALOGUE)
        return extract(
            self.messages(), fields, asked=self.asked, now=NOW, known=self.known, catalogue=catalogue, **place
        )

    def __str__(self) -> str:
        return f"{self.number} {' | '.join(self.say)[:50]}"


CASES = [Case(number, **entry) for number, entry in enumerate(CORPUS["cases"], 1)]
CASES += [Case(number, **entry, visitor=True) for number, entry in enumerate(VISITORS["cases"], len(CASES) + 1)]
