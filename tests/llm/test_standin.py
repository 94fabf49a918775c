"""What a visitor reads when no language model is connected."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.llm.standin import StandIn, compose
from server.llm.tokens import estimate_tokens
from server.llm.types import Brief, Delta, Finish, Function, Message, Passage, Request

DELIVERY = Passage(
    0,
    "facts.md",
    "Delivery",
    "**Orders** leave us in 3 days. Why so? See [a table](https://x.example/t?a=1). Paint is sold apart.",
    "en",
    2.0,
)
PRICE = Passage(1, "facts.md", "Prices", "The lamp costs 20 EUR.", "en", 1.0)
PRICE_ZH = Passage(2, "facts-zh.md", "价格", "台灯 20 元, 含税(专票). 灯泡另售; 运费 5 元", "zh", 1.0)
ASK = "Which company is this for, so that I can compare?"
ASK_ZH = "请问您在哪家公司？方便我对比。"


def marks(text: str) -> int:
    return len(re.findall(r"[?？]", text))


async def said(request: Request) -> tuple[list[str], Finish]:
    pieces = [piece async for piece in StandIn().stream("standin", request)]
    *deltas, end = pieces
    assert isinstance(end, Finish)
    return [piece.text for piece in deltas if isinstance(piece, Delta)], end


async def test_the_answer_streams_word_by_word_and_ends_with_what_it_cost() -> None:
    brief = Brief("en", "How fast do you deliver orders?", (DELIVERY,), ask=ASK)
    function = Function("find", "Finds things", {"type": "object"})
    messages = (Message("system", "You sell lamps."), Message("user", brief.question))
    pieces, end = await said(Request(messages, (function,), brief=brief))
    assert "".join(pieces) == compose(brief)
    assert len(pieces) > 10
    assert (end.reason, end.model, end.usage.cost_usd) == ("stop", "standin", 0.0)
    assert end.usage.completion_tokens == estimate_tokens(compose(brief))
    bare = (await said(Request(messages, brief=brief)))[1]
    assert end.usage.prompt_tokens > bare.usage.prompt_tokens >= estimate_tokens("You sell lamps.")


async def test_chinese_streams_in_small_pieces_too() -> None:
    brief = Brief("zh", "台灯多少钱", (PRICE_ZH,))
    pieces, _ = await said(Request((), brief=brief))
    assert "".join(pieces) == compose(brief)
    assert max(map(len, pieces)) <= 8


@pytest.mark.parametrize(
    ("text", "words"), [("你好，多少钱", "没有接入|还没有接入"), ("Hi there", "No language model")]
)
async def test_without_a_brief_it_says_that_no_model_is_connected(text: str, words: str) -> None:
    messages = (Message("user", "你好" if words[0] == "N" else "Hello"), Message("user", text))
    pieces, _ = await said(Request(messages))
    assert re.search(words, "".join(pieces))


def test_it_quotes_the_sentences_that_fit_and_leaves_markdown_off() -> None:
    answer = compose(Brief("en", "When do orders leave?", (DELIVERY,)))
    assert answer.startswith("Orders leave us in 3 days.")
    assert "Paint" not in answer
    assert "*" not in answer


def test_a_bare_fact_is_introduced_by_its_heading() -> None:
    fact = Passage(0, "a.md", "Shop › Opening hours", "Nine to five.", "en", 1.0)
    assert compose(Brief("en", "When are you open?", (fact,))) == "Opening hours: Nine to five."


def test_chinese_answers_carry_full_width_punctuation() -> None:
    answer = compose(Brief("zh", "台灯多少钱", (PRICE_ZH,)))
    assert answer == "台灯 20 元，含税（专票）。灯泡另售；运费 5 元。"


def test_knowledge_in_another_language_is_quoted_with_a_word_about_it() -> None:
    assert compose(Brief("zh", "价格", (PRICE,))).startswith("（这部分资料目前只有其他语言的版本。）The lamp")
    assert "The lamp costs 20 EUR." in compose(Brief("fr", "prix ?", (PRICE,)))


def test_with_an_ask_there_is_exactly_one_question_mark_and_it_is_the_ask() -> None:
    answer = compose(Brief("en", "How fast?", (DELIVERY,), ask="Which company? Yours? Tell me.", purpose="Why ask?"))
    assert marks(answer) == 1
    assert answer.endswith("Why ask. Which company. Yours? Tell me.")
    assert "https://x.example/t" in compose(Brief("en", "a table please", (DELIVERY,), ask=ASK))


def test_an_ask_without_a_question_mark_gets_one() -> None:
    assert compose(Brief("zh", "多少钱", (PRICE_ZH,), ask="请留下您的公司。")).endswith("请留下您的公司？")


def test_the_purpose_comes_before_the_ask_and_the_offer_ends_the_answer() -> None:
    assert compose(Brief("en", "price?", (PRICE,), ask=ASK, purpose="It helps")).endswith(f"It helps. {ASK}")
    assert compose(Brief("en", "price?", (PRICE,), offer="Half off today.")).endswith("EUR. Half off today.")


@pytest.mark.parametrize(
    ("language", "question", "words"),
    [
        ("en", "Who won the cup?", "I don't know that"),
        ("zh", "你会写诗吗", "不清楚"),
        ("fr", "Qui ?", "I don't know"),
    ],
)
def test_what_knowledge_does_not_hold_it_says_it_does_not_know(language: str, question: str, words: str) -> None:
    answer = compose(Brief(language, question))
    assert words in answer
    assert re.search("colleague|同事", answer)
    assert marks(answer) == 0


def test_the_first_hello_is_answered_with_its_name_and_a_known_guest_is_welcomed_back() -> None:
    assert compose(Brief("en", "Hi there!", title="Nora", first=True)).startswith("Hello! This is Nora.")
    assert compose(Brief("zh", "你好", title="小凛", first=True)).startswith("您好！我是小凛，")
    assert compose(Brief("en", "Hello, what is the price?", (PRICE,), first=True)) == "Hello! The lamp costs 20 EUR."
    assert "Welcome back, Anna!" in compose(Brief("en", "hello", known={"name": "Anna"}, first=True))
    assert "Nora" not in compose(Brief("en", "hi", title="Nora"))


def test_what_was_just_told_is_thanked_for_by_name_and_contact_data_is_not_repeated() -> None:
    known = {"company": "Harbour Light", "phone": "13816250974", "name": "王芳", "meeting_time": "Friday"}
    answer = compose(Brief("en", "We are Harbour Light.", captured=("company",), known=known, ask=ASK))
    assert answer == f"Thank you, I have noted Harbour Light as your company. {ASK}"
    answer = compose(Brief("zh", "我叫王芳，电话13816250974", captured=("name", "phone"), known=known))
    assert answer == "谢谢，很高兴认识您，王芳，已记下您的电话号码。"
    assert "shoe size" in compose(Brief("en", "I take 42", captured=("shoe_size",)))


def test_a_statement_that_told_something_is_not_answered_with_search_results() -> None:
    stray = compose(Brief("en", "We deliver lamps, Harbour Light.", (DELIVERY,), captured=("company",)))
    assert "3 days" not in stray
    asked = compose(Brief("en", "Harbour Light here. When do orders leave?", (DELIVERY,), captured=("company",)))
    assert "noted your company" in asked
    assert "3 days" in asked


@pytest.mark.parametrize(
    ("language", "question", "words"),
    [
        ("en", "Stop asking me for my number", "I won't ask again"),
        ("en", "could you stop asking?", "I won't ask again"),
        ("zh", "别再问了", "不会再问"),
        ("zh", "我不想被打扰", "不会再问"),
    ],
)
def test_an_opt_out_is_honoured(language: str, question: str, words: str) -> None:
    answer = compose(Brief(language, question, ask=ASK, purpose="Because.", opted_out=True))
    assert words in answer
    assert marks(answer) == 0
    assert "Because" not in answer


def test_after_an_opt_out_questions_are_answered_without_coming_back_to_it() -> None:
    answer = compose(Brief("en", "What is the price?", (PRICE,), ask=ASK, opted_out=True))
    assert answer == "The lamp costs 20 EUR."


def test_why_we_ask_is_answered_with_the_purpose() -> None:
    answer = compose(Brief("en", "Why do you need my number?", (PRICE,), purpose="Only to send the offer"))
    assert answer == "Only to send the offer."


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("I'd rather not say", "That is quite all right."),
        ("thanks!", "You are welcome."),
        ("ok", "Good. Just ask when something else comes up."),
        ("note 3", "Thank you for telling me."),
        ("不方便说", "That is quite all right."),
    ],
)
def test_small_replies_are_small(question: str, answer: str) -> None:
    assert compose(Brief("en", question)) == answer


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("zh", "我们有8台车，贵不贵"),
        ("zh", "你们报个价吧，大约15辆"),
        ("en", "roughly what would 20 trucks cost us per month"),
        ("en", "give me a rough price for a fleet of twenty"),
    ],
)
def test_a_question_without_a_question_mark_is_answered_though_something_was_told(language: str, question: str) -> None:
    price = PRICE if language == "en" else PRICE_ZH
    assert "20" in compose(Brief(language, question, (price,), captured=("company",)))


def test_rows_that_functions_found_answer_when_knowledge_has_nothing() -> None:
    rows = '{"rows": [{"name": "Desk lamp", "price_eur": 20, "note": null}, {"name": "Chair", "price_eur": 90}]}'
    answer = compose(Brief("en", "What about a desk lamp?", function_results=(rows, "not json")))
    assert answer == "name: Desk lamp; price eur: 20."


_TEXTS = st.text(max_size=60) | st.sampled_from([ASK, ASK_ZH, "Why? 为什么？", "https://a.example/?b=c?", ""])


@settings(max_examples=300, deadline=None)
@given(
    language=st.sampled_from(["en", "zh", "de"]),
    question=_TEXTS,
    passage=_TEXTS,
    purpose=_TEXTS,
    offer=_TEXTS,
    value=_TEXTS,
    opted_out=st.booleans(),
    first=st.booleans(),
)
def test_whatever_the_brief_there_is_never_more_than_one_question(
    language: str,
    question: str,
    passage: str,
    purpose: str,
    offer: str,
    value: str,
    opted_out: bool,
    first: bool,
) -> None:
    found = (Passage(0, "a.md", value, passage, "en", 1.0),) if passage else ()
    for ask in ("", ASK, ASK_ZH, "a? b？ c"):
        brief = Brief(
            language,
            question,
            found,
            title=value,
            ask=ask,
            purpose=purpose,
            offer=offer,
            known={"company": value, "name": value},
            captured=("company",) if value else (),
            first=first,
            opted_out=opted_out,
        )
        answer = compose(brief)
        assert marks(answer) <= 1
        assert not ask or opted_out or marks(answer) == 1


def test_tokens_are_estimated_by_script() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("word" * 10) == 10
    assert estimate_tokens("你好世界" * 10) == 28
    assert estimate_tokens("你好 word") == 3
