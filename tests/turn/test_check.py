"""The check on an answer as it streams out: one question at most, no secret, no foreign image."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.turn.check import AnswerFilter

ASK = "Which company are you with?"
SECRETS = ("sk-live-12345", "sk-live-12345-long", "a1b2c3?", "b2c3?d4", "密码密码密码")


def passed(text: str, *cuts: int, **options: object) -> str:
    return run(text, *cuts, **options)[0]


def run(text: str, *cuts: int, **options: object) -> tuple[str, list[str]]:
    given_ = {"asking": False, "ask_fallback": ASK} | options
    check = AnswerFilter(**given_)  # type: ignore[arg-type]
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    out = "".join(check.feed(piece) for piece in pieces) + check.finish()
    return out, check.cut


def marks(text: str) -> int:
    return text.count("?") + text.count("？")


# --- questions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("It is 10 euros.", "It is 10 euros."),
        ("Is it for a team? It is 10 euros.", "Is it for a team? It is 10 euros."),
        ("Which one? Red? Blue. Green?", "Which one? Blue."),
        ("Really?! Yes.", "Really? Yes."),
        ("真的？？好的。你叫什么？再见。", "真的？好的。再见。"),
        ("**Who are you?** Fine. **And where?** Bye.", "**Who are you?** Fine. Bye."),
        ("Why? It costs 3.50 a month. OK?", "Why? It costs 3.50 a month."),
        ("Who?\n1. Red.\n2. Blue?\n3. Green.", "Who?\n1. Red.\n3. Green."),
        (
            "See https://x.example/a?b=1&c=2. Is it fine? Is it?",
            "See https://x.example/a?b=1&c=2. Is it fine?",
        ),
        ("Did you see https://x.example/a?", "Did you see https://x.example/a?"),
        ("Ready? See https://x.example/?a=1 first.", "Ready? See https://x.example/?a=1 first."),
        ("Ready? See https://x.example/ok? Bye.", "Ready? Bye."),
    ],
)
def test_an_answer_holds_one_question_at_most(said: str, heard: str) -> None:
    assert passed(said) == heard


def test_what_was_cut_is_listed() -> None:
    _, cut = run("Which one? And why? Fine.")
    assert cut == [" And why?"]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("It is 10 euros.", f"It is 10 euros.\n\n{ASK}"),
        ("", ASK),
        ("It is 10 euros. What is your number?", "It is 10 euros. What is your number?"),
        ("See https://x.example/a?b=1. Your name?", "See https://x.example/a. Your name?"),
        ("See [it](https://x.example/a?b=1?c=2) now", f"See [it](https://x.example/a) now\n\n{ASK}"),
        ("Your name? See https://x.example/a?b=1 too.", "Your name? See https://x.example/a too."),
        ("请看https://x.example/a?b=1，您贵姓？", "请看https://x.example/a，您贵姓？"),
    ],
)
def test_an_answer_that_asks_holds_exactly_one_question_mark(said: str, heard: str) -> None:
    assert passed(said, asking=True) == heard


def test_a_wording_without_a_mark_gets_one_and_a_missing_wording_is_an_error() -> None:
    assert passed("Yes.", asking=True, ask_fallback="Tell me your name.") == "Yes.\n\nTell me your name?"
    assert passed("好。", asking=True, ask_fallback="请告诉我姓名。") == "好。\n\n请告诉我姓名？"
    assert marks(passed("Yes.", asking=True, ask_fallback="Name? Or not?")) == 1
    with pytest.raises(ValueError, match="ask_fallback"):
        AnswerFilter(True, " ")


def test_text_streams_at_once_until_the_first_question() -> None:
    check = AnswerFilter(False)
    assert check.feed("It is ") == "It is "
    assert check.feed("ten eu") == "ten eu"
    assert check.feed("ros? And") == "ros?"
    assert check.feed(" so on. Fine") == " And so on."
    assert check.finish() == " Fine"


def test_a_run_of_marks_after_an_address_is_not_held_for_ever() -> None:
    check = AnswerFilter(False)
    assert check.feed("https://x.example/a" + "?" * 30) == "https://x.example/a?"


# --- secrets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("The key is sk-live-12345.", "The key is •••."),
        ("The key is sk-live-12345-long.", "The key is •••."),
        ("The key is sk-live-1234x.", "The key is sk-live-1234x."),
        ("sk-live-12345sk-live-12345", "•••"),
        ("sk-live![x](http://evil.example/)-12345", "•••"),
        ("密码密码密码密码", "•••"),
        ("Is it a1b2c3? Yes.", "Is it •••?• Yes."),
        ("xa1b2c3?d4y", "x•••?•y"),
    ],
)
def test_a_secret_is_masked(said: str, heard: str) -> None:
    assert passed(said, secrets=SECRETS) == heard


def test_a_secret_inside_the_beginning_of_another_is_masked() -> None:
    assert passed("--inner-secret!", secrets=["--inner-secret-outer", "inner-secret"]) == "--•••!"


def test_what_was_cut_shows_no_secret_either() -> None:
    _, cut = run("A? Is it sk-live-12345? ![s](http://e.example/sk-live-12345)", secrets=SECRETS)
    assert len(cut) == 2
    assert not any("sk-live" in what for what in cut)


def test_short_values_are_not_taken_for_secrets() -> None:
    assert passed("It is 12345.", secrets=["12345"]) == "It is 12345."


# --- images -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("A ![a](https://ok.example/x.png) b", "A ![a](https://ok.example/x.png) b"),
        ('A ![a](https://ok.example/x.png "t") b', 'A ![a](https://ok.example/x.png "t") b'),
        ("A ![a](https://evil.example/x.png?d=1) b", "A  b"),
        ("A ![a [b] c](https://evil.example/(x)) b", "A  b"),
        ("A ![a](https://ok.example@evil.example/) b", "A  b"),
        ("A ![a](https://ok.example\\@evil.example/) b", "A  b"),
        ("A ![a](https://ok.example&#64;evil.example/) b", "A  b"),
        ("A ![a](//evil.example/) ![b](data:x) b", "A   b"),
        ("A ![a][ref] b", "A ! [a][ref] b"),
        ("A ![a](https://evil.example/", "A ! [a](https://evil.example/"),
        ("A ![x ![a](https://evil.example/) y](https://ok.example/) b", "A ! [x  y](https://ok.example/) b"),
        ("A ![x](https://ok.example/ ![a](https://evil.example/)) b", "A ! [x](https://ok.example/ ) b"),
        ("A <img src='https://evil.example/'> b", "A  b"),
        ("A <IMG\nsrc=x", "A &lt;IMG\nsrc=x"),
        ("A <imgx> < b <b>c</b>!", "A <imgx> < b <b>c</b>!"),
        ("Wow! !! Great![", "Wow! !! Great! ["),
    ],
)
def test_images_come_from_allowed_hosts_only(said: str, heard: str) -> None:
    assert passed(said, allowed_image_hosts=["OK.example"]) == heard


def test_an_image_too_long_to_judge_is_made_harmless() -> None:
    out = passed("![a](https://evil.example/" + "x" * 3_000 + ")")
    assert out.startswith("! [a](https://evil.example/xxx")


# --- the whole --------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *(
            "?",
            "？",
            "!",
            "！",
            ".",
            "。",
            " ",
            "\n",
            "[",
            "]",
            "(",
            ")",
            "![",
            "](",
            "<img",
            ">",
            "\\",
            "*",
            '"',
        ),
        *(
            "https://ok.example/a",
            "https://evil.example/",
            "www.",
            "?a=1",
            "://",
            "1.",
            "word",
            "你好",
            "&",
            "x",
        ),
        *("sk-live-12345", "sk-", "live-", "12345", "-long", "a1b2c3", "b2", "c3?", "d4", "密码", "密"),
    ]
)
texts = st.one_of(st.lists(WORDS, max_size=40).map("".join), st.text(alphabet='!?？[]()<>img .。\\"a', max_size=60))


@settings(max_examples=600, deadline=None)
@given(
    text=texts,
    cuts=st.lists(st.integers(0, 500), max_size=12),
    asking=st.booleans(),
    limit=st.sampled_from([60, 20_000]),
)
@example(text="![a](https://ok.example/?a=1)", cuts=[5, 20], asking=True, limit=20_000)
def test_the_pieces_make_no_difference_and_every_promise_holds(
    text: str, cuts: list[int], asking: bool, limit: int
) -> None:
    options = {
        "asking": asking,
        "secrets": SECRETS,
        "allowed_image_hosts": ["ok.example"],
        "max_characters": limit,
    }
    whole, cut = run(text, **options)
    assert run(text, *cuts, **options) == (whole, cut)
    assert run(text, *range(len(text)), **options) == (whole, cut)
    assert len(whole) <= limit
    assert not any(secret in whole for secret in SECRETS)
    assert "](https://evil" not in whole.replace("! [", "[") or "![" not in whole.split("](https://evil")[0]
    if asking:
        assert marks(whole) == 1


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab?？!。. \n*", max_size=80), st.booleans())
def test_without_addresses_there_is_never_a_second_mark(text: str, asking: bool) -> None:
    out = passed(text, asking=asking)
    assert marks(out) == (1 if asking else min(1, marks(text)))


@given(st.text(alphabet="ab。. \n你好,，", max_size=80))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert run(text, secrets=SECRETS) == (text, [])


def test_a_very_long_answer_is_cut() -> None:
    out, cut = run("word " * 10_000, asking=True)
    assert len(out) <= 20_000
    assert out.endswith(ASK)
    assert cut == [f"all after {20_000 - len(ASK) - 2} characters"]


@pytest.mark.parametrize(
    "hostile", ["![", "![a](", "<img ", "?", "https://x.example/?", "sk-live-", "! [", "a. ", "1.?"]
)
def test_hostile_text_costs_no_more_than_its_length(hostile: str) -> None:
    """Work is counted, not timed: reading twice as much may not cost four times the steps."""
    text = hostile * (16_000 // len(hostile))
    assert steps(text) < 2.6 * steps(text[: len(text) // 2])


def steps(text: str) -> int:
    check = AnswerFilter(True, ASK, SECRETS)
    count = 0

    def watch(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(watch)
    try:
        for char in text:
            check.feed(char)
        check.finish()
    finally:
        sys.setprofile(None)
    return count
