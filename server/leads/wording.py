"""The words around a plan: its reason for people, its directive for the model, and ready sentences.

The ready sentences serve the built-in stand-in, and an answer in which a model forgot to ask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server.catalog.spec import Collect, CollectField, Offer, said_in
from server.leads.types import Plan

PlanCode = Literal[
    "opted_out",
    "dial_zero",
    "irritated",
    "asks_purpose",
    "question_open",
    "first_turn",
    "max_asks",
    "too_soon",
    "cooling_off",
    "nothing_left",
    "not_worth_it",
    "ask",
    "ask_buying",
    "ask_helped",
    "ask_answered",
    "offer_always",
    "offer_asked_price",
    "offer_asked_product",
    "offer_helped",
    "offer_buying",
]
"""Why a plan is as it is: `ask…` and `offer_…` name what made the moment right, the others what held it."""

_REASONS: dict[PlanCode, tuple[str, str]] = {
    "opted_out": (
        "did not ask: the customer does not want to be asked or contacted",
        "未询问：客户不希望被询问或联系",
    ),
    "dial_zero": ("did not ask: this persona only answers", "未询问：该角色设置为只回答"),
    "irritated": ("did not ask: the customer is irritated", "未询问：客户有些不耐烦"),
    "asks_purpose": ("did not ask: the customer wants to know why we ask", "未询问：客户想知道为什么要问"),
    "question_open": (
        "did not ask: the customer's question is still open",
        "未询问：客户的问题还没有得到解答",
    ),
    "first_turn": (
        "did not ask: nothing has been answered yet, help comes first",
        "未询问：还没有帮到客户，先提供帮助",
    ),
    "max_asks": ("did not ask: this conversation has had enough asks", "未询问：本次对话的询问次数已到上限"),
    "too_soon": ("did not ask: the last ask was too recent", "未询问：距离上一次询问太近"),
    "cooling_off": (
        "did not ask: the customer passed over an ask a moment ago",
        "未询问：客户刚刚没有理会或拒绝了询问",
    ),
    "nothing_left": (
        "did not ask: every field is known, or was refused or asked for often enough",
        "未询问：各项信息已知，或已被拒绝，或已问过足够次数",
    ),
    "not_worth_it": ("did not ask: it would annoy more than it would gain", "未询问：此时询问得不偿失"),
    "ask": (
        "asks for {name}: it is not known and the moment is quiet",
        "询问 {name}：该信息未知，且此时合适",
    ),
    "ask_buying": (
        "asks for {name}: the customer wants to buy and it is not known",
        "询问 {name}：客户有购买意向，且该信息未知",
    ),
    "ask_helped": (
        "asks for {name}: the customer's question is answered and it is not known",
        "询问 {name}：客户的问题已得到解答，且该信息未知",
    ),
    "ask_answered": (
        "asks for {name}: the customer is telling about themselves and it is not known",
        "询问 {name}：客户正在介绍自己，且该信息未知",
    ),
    "offer_always": (
        "recommends {name}: nothing better to do and it may always be recommended",
        "推荐 {name}：随时可以推荐",
    ),
    "offer_asked_price": (
        "recommends {name}: the customer asked for the price",
        "推荐 {name}：客户询问了价格",
    ),
    "offer_asked_product": (
        "recommends {name}: the customer asked about the product",
        "推荐 {name}：客户询问了产品",
    ),
    "offer_helped": ("recommends {name}: the customer has been helped", "推荐 {name}：已经帮到了客户"),
    "offer_buying": ("recommends {name}: the customer wants to buy", "推荐 {name}：客户有购买意向"),
}


def reason_for(code: PlanCode, name: str = "") -> str:
    """The reason in one plain English sentence; `name` is the field's or the offer's."""
    return _REASONS[code][0].format(name=name)


def explain(plan: Plan, language: str = "en") -> str:
    """The plan's reason in Chinese ("zh…") or English, for people."""
    for code, (_, chinese) in _REASONS.items():
        if code == plan.code and language.startswith("zh"):
            return chinese.format(name=plan.field or "")
    return plan.reason


@dataclass(frozen=True, slots=True)
class Directive:
    """What the model is told to do with this answer, in English, and ready sentences for the customer.

    `ask` holds exactly one question mark; `ask`, `purpose` and `offer` are empty when the plan has none.
    """

    text_for_model: str
    ask: str = ""
    purpose: str = ""
    offer: str = ""


def directive(plan: Plan, collect: Collect, offers: Sequence[Offer], language: str, persona_title: str) -> Directive:
    """The plan as an instruction to the model and as ready sentences in `language`."""
    purpose = purpose_wording(collect, language) if plan.explain_purpose else ""
    fields = {f.name: f for f in collect.fields}
    if plan.action == "ASK" and plan.field in fields:
        return _ask(plan, fields[plan.field], fields.get(plan.alternative or ""), purpose, language, persona_title)
    if plan.action == "RECOMMEND":
        for offer in offers:
            if offer.name == plan.field:
                return _recommend(said_in(offer.text, language), persona_title)
    return _none(plan, purpose, persona_title)


def _ask(
    plan: Plan,
    wanted: CollectField,
    alternative: CollectField | None,
    purpose: str,
    language: str,
    persona_title: str,
) -> Directive:
    ask = ask_wording(wanted, language)
    easier = _alternative_wording(alternative, ask, language) if alternative else ""
    label = said_in(wanted.label, language, wanted.name)
    lines = [
        f"This turn ({persona_title}): ASK for one thing, the customer's {label} (field `{wanted.name}`).",
        "First answer what the customer said; then, at the end, ask for it in your own words.",
        f"Why now: {plan.reason.split(': ', 1)[-1]}.",
        f'Example wording: "{ask}"',
    ]
    if purpose:
        lines.append(f'Say in half a sentence why we ask: "{purpose}"')
    if easier:
        lines.append(f'Offer the easier way as a statement, not a question: "{easier}"')
    lines.append(
        "Ask for nothing else. Exactly one question mark in your whole answer, that of this question; "
        "no question mark anywhere else, not in an address either."
    )
    return Directive("\n".join(lines), ask=" ".join(filter(None, (ask, easier))), purpose=purpose)


def _recommend(offer: str, persona_title: str) -> Directive:
    return Directive(
        f"This turn ({persona_title}): RECOMMEND one offer, after answering what the customer said, in a "
        f'sentence or two and without pressure. The offer, told truly and with nothing added: "{offer}"\n'
        "Do not ask for personal data in this answer.",
        offer=offer,
    )


_NONE_NOTES = {
    "opted_out": "The customer does not want to be asked or contacted: respect it, and only help.",
    "irritated": "The customer is irritated: stay calm and brief, apologise once if it fits, and help.",
    "question_open": "The customer's question comes first: answer it, or say plainly what you do not know.",
    "cooling_off": "The customer passed over the last ask: do not come back to it.",
}


def _none(plan: Plan, purpose: str, persona_title: str) -> Directive:
    lines = [f"This turn ({persona_title}): only help. Do not ask for personal data in this answer."]
    if plan.code in _NONE_NOTES:
        lines.append(_NONE_NOTES[plan.code])
    if purpose:
        lines.append(f'The customer wants to know why we ask; tell them openly: "{purpose}"')
    lines.append("At most one question in your answer, and only if you need it to help.")
    return Directive("\n".join(lines), purpose=purpose)


# --- ready sentences --------------------------------------------------------------------------------------

_ASKS: dict[str, tuple[str, str]] = {
    "company": ("Which company are you with?", "请问您在哪家公司？"),
    "product": ("Which product are you interested in?", "请问您对哪款产品感兴趣？"),
    "account": ("Which account name did you register with?", "请问您注册的账号是什么？"),
    "name": ("How may I address you?", "请问怎么称呼您？"),
    "phone": ("What number can a colleague reach you at?", "方便留个电话，让同事跟您联系吗？"),
    "wechat": ("What is your WeChat ID, so that a colleague can add you?", "方便留个微信号，让同事加您吗？"),
    "email": ("Which e-mail address may we send the details to?", "方便留个邮箱，把资料发给您吗？"),
    "datetime": (
        "When would a short call suit you (it can be moved)?",
        "您什么时候方便简短沟通（可以调整）？",
    ),
    "number": ("What is your {label}, roughly?", "请问您的{label}大概是多少？"),
    "choice": ("Which {label} fits you best: {options}?", "请问您的{label}是哪一种：{options}？"),
    "text": ("What is your {label}?", "请问您的{label}是什么？"),
}
_EASIER: dict[str, tuple[str, str]] = {
    "wechat": ("Your WeChat ID is just as good.", "留微信号也可以。"),
    "email": ("An e-mail address is just as good.", "留邮箱也可以。"),
    "phone": ("A phone number is just as good.", "留电话也可以。"),
}
_ALREADY = {
    "wechat": re.compile(r"wechat|weixin|微信", re.I),
    "email": re.compile(r"e-?mail|邮箱|邮件", re.I),
    "phone": re.compile(r"phone|number|电话|手机", re.I),
}
_PURPOSES = (
    "It lets us give you advice that fits, and lets a colleague follow up on it.",
    "这样我们可以给您更合适的建议，也方便同事跟进。",
)
_MARK = re.compile(r"[?？]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_ASKS_WITHOUT_MARK = re.compile(r"(?<=[吗呢])[,，。;；]")


def purpose_wording(collect: Collect, language: str) -> str:
    """Why we ask, in the persona's words or in ours."""
    return said_in(collect.purpose, language, _in(language, _PURPOSES)).strip()


def ask_wording(wanted: CollectField, language: str) -> str:
    """The question for a field with exactly one question mark: the persona's words, else ours."""
    if wanted.ask:
        return one_question(said_in(wanted.ask, language))
    pattern = _in(language, _ASKS[wanted.meaning or wanted.type])
    label = said_in(wanted.label, language, wanted.name.replace("_", " "))
    joint = "、" if language.startswith("zh") else ", "
    options = joint.join(said_in(option, language) for option in wanted.options or ())
    return one_question(pattern.replace("{label}", label).replace("{options}", options))


def one_question(text: str) -> str:
    """The text with exactly one question mark: the last one, or one added at its end."""
    text = text.strip()
    full = "？" if _HAN.search(text) else "?"
    marks = [found.start() for found in _MARK.finditer(text)]
    if not marks and (asks := _ASKS_WITHOUT_MARK.search(text)):
        return text[: asks.start()] + "？" + text[asks.end() :].lstrip()
    if not marks:
        return text.rstrip(" .!。！,，;；:：") + full
    last = text[marks[-1]]
    stop = "。" if full == "？" else "."
    head = re.sub(r"[?？]+", stop, text[: marks[-1]].rstrip("?？"))
    return head + last + text[marks[-1] + 1 :]


def _alternative_wording(alternative: CollectField, ask: str, language: str) -> str:
    already = _ALREADY.get(alternative.type)
    if already and already.search(ask):
        return ""
    if alternative.type in _EASIER:
        return _in(language, _EASIER[alternative.type])
    label = said_in(alternative.label, language, alternative.name.replace("_", " "))
    if label.casefold() in ask.casefold():
        return ""
    return _in(language, (f"Your {label} would do as well.", f"告诉我{label}也可以。"))


def _in(language: str, texts: tuple[str, str]) -> str:
    return texts[1] if language.startswith("zh") else texts[0]
