"""The catalog of words against the code that says them, and the rules that every text follows."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from console.wording import LANGUAGES, catalog, nearest, word
from tests.running import ROOT

CONSOLE = ROOT / "console"
CHINESE = re.compile(r"[㐀-鿿]")
LATIN_RUN = re.compile(r"[A-Za-z][a-z']+(?: [A-Za-z][a-z']*){3,}")
# The entrance's texts are named by key in console/gate.py, and each has a title beside it.
AT_THE_DOOR = (
    *("signin.bad_link", "signin.server_away", "signin.spent", "signin.too_often"),
    *("signin.company_away", "signin.company_cancelled", "signin.company_other", "signin.company_unknown"),
)
SAME_IN_BOTH = ("中文", "English")


@dataclass(frozen=True)
class Said:
    """One call that asks the catalog: `pattern` matches the keys it can mean."""

    place: str
    pattern: str
    values: frozenset[str]
    is_open: bool


@cache
def modules() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text("utf-8")) for file in sorted(CONSOLE.rglob("*.py"))}


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for file, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield file, node


def place(file: Path, node: ast.expr) -> str:
    return f"{file.relative_to(ROOT)}:{node.lineno}"


def patterns(key: ast.expr) -> list[str]:
    """What the first argument can be, as regular expressions; none when the code does not tell."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return [re.escape(key.value)]
    if isinstance(key, ast.IfExp):
        return patterns(key.body) + patterns(key.orelse)
    if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
        parts = (re.escape(str(one.value)) if isinstance(one, ast.Constant) else "[a-z0-9_]+" for one in key.values)
        return ["".join(parts)]
    return []


def said() -> Iterator[Said]:
    for file, call in calls():
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name not in ("say", "say_of", "word_of") or not call.args:
            continue
        arguments = call.args[1:] if name == "word_of" else call.args
        values = frozenset(one.arg for one in call.keywords if one.arg)
        is_open = any(one.arg is None for one in call.keywords)
        found = patterns(arguments[0])
        if name != "say" and len(arguments) > 1:
            tail = patterns(arguments[1]) or ["[A-Za-z0-9_-]+"]
            found = [f"{group}\\.{one}" for group in found for one in tail]
        for pattern in found:
            yield Said(place(file, call), pattern, values, is_open)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_code_names_the_words_it_says() -> None:
    unclear = [
        place(file, call)
        for file, call in calls()
        if isinstance(call.func, ast.Name)
        and call.func.id in ("say", "say_of")
        and not (call.args and patterns(call.args[0]))
    ]
    assert not unclear, "say() takes a literal key, say_of() a literal group"


def test_every_word_that_is_said_is_in_the_catalog() -> None:
    lacking = [
        f"{one.place}: {one.pattern}" for one in said() if not any(re.fullmatch(one.pattern, key) for key in catalog())
    ]
    assert not lacking


def test_every_word_of_the_catalog_is_said_somewhere() -> None:
    used = {one.pattern for one in said()}
    literal = {re.escape(f"{key}{tail}") for key in AT_THE_DOOR for tail in ("", "_title")}
    literal.add(re.escape("common.try_again"))
    unused = [key for key in catalog() if not any(re.fullmatch(pattern, key) for pattern in used | literal)]
    assert not unused


def test_every_word_is_there_in_both_languages() -> None:
    wrong = [
        key
        for key, texts in catalog().items()
        if sorted(texts) != sorted(LANGUAGES)
        or not all(isinstance(text, str) and text.strip() == text and text for text in texts.values())
    ]
    assert not wrong


def test_both_languages_hold_the_same_values() -> None:
    assert not [key for key, texts in catalog().items() if placeholders(texts["en"]) != placeholders(texts["zh"])]


def test_what_a_text_asks_for_is_given_where_it_is_said() -> None:
    wrong = [
        f"{one.place}: {key} wants {sorted(placeholders(texts['en']))}, gets {sorted(one.values)}"
        for one in said()
        if not one.is_open
        for key, texts in catalog().items()
        if re.fullmatch(one.pattern, key) and not placeholders(texts["en"]) <= one.values
    ]
    assert not wrong


def test_a_text_without_values_holds_no_brace() -> None:
    assert not [key for key, texts in catalog().items() for text in texts.values() if "{}" in text or "}}" in text]


def test_english_texts_are_english_and_chinese_ones_chinese() -> None:
    texts = [(key, texts) for key, texts in catalog().items() if texts["en"] not in SAME_IN_BOTH]
    assert not [key for key, one in texts if CHINESE.search(one["en"])]
    assert not [
        f"{key}: {one['zh']}"
        for key, one in texts
        if LATIN_RUN.search(re.sub(r"`[^`]*`", "", one["zh"]))
        or (not CHINESE.search(one["zh"]) and len(re.sub(r"\{\w+\}", "", one["zh"]).split()) > 2)
    ]


def test_texts_are_calm_and_speak_to_one_person() -> None:
    every = [(key, text) for key, texts in catalog().items() for text in texts.values()]
    assert not [
        key for key, text in every if re.search(r"[!！]|\boops\b|您|:[a-z_]+:|[\U0001f300-\U0001faff]", text, re.I)
    ]


def test_chinese_texts_use_chinese_punctuation() -> None:
    assert not [f"{key}: {t['zh']}" for key, t in catalog().items() if re.search(r"[㐀-鿿][,;?]", t["zh"])]


def test_an_unknown_language_gets_english_and_every_chinese_gets_chinese() -> None:
    assert [nearest(one) for one in ("zh-TW", "ZH", "de", "", None)] == ["zh", "zh", "en", "en", "en"]
    assert word("zh", "common.sign_out") != word("en", "common.sign_out")


def test_screens_show_no_foreign_text_as_markup() -> None:
    raw = [str(file) for file in modules() if "unsafe_allow_html" in file.read_text("utf-8")]
    assert not raw
    markup = [
        place(file, call)
        for file, call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("markdown", "write", "write_stream", "html", "latex", "iframe")
        and ast.unparse(call.func.value) not in ("self", "body", "log", "file", "archive")
        and not all(is_ours(one) for one in call.args)
    ]
    assert not markup, "only our own constant texts may become markup"


def is_ours(argument: ast.expr) -> bool:
    """A constant, a path below our own static folder, or a text of the catalog that takes no values."""
    text = ast.unparse(argument)
    is_word = re.fullmatch(r"say\('[\w.]+'\)", text) is not None
    return isinstance(argument, ast.Constant) or is_word or text.startswith("STATIC / ")


def test_the_console_knows_the_server_by_http_alone() -> None:
    imports = [
        f"{file.relative_to(ROOT)}: {ast.unparse(node)}"
        for file, tree in modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "server")
        or (isinstance(node, ast.Import) and any(one.name.split(".")[0] == "server" for one in node.names))
    ]
    assert not imports
