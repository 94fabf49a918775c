"""Hints for people who write personas: what is allowed and yet will not do well, and where it stands.

A hint never keeps a text from being saved or published; what does is a problem. Hints are given for texts with
problems too, as far as those can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, Literal

import yaml

from server.catalog.problems import Path
from server.catalog.references import references_in, strings_in
from server.catalog.yaml_source import Source
from server.llm.tokens import estimate_tokens

Code = Literal["two_questions", "no_reason", "missing_language", "looks_like_secret", "reads_unknown", "long_prompt"]
LONG_PROMPT_TOKENS = 2_000
_MOST = 200
_LONGEST_TEXT = 20_000

_MARKS = re.compile(r"[?？]+")
_AFTER_A_QUESTION = re.compile(r"[\s\"'”’)\]*_]|[^\x00-\u02ff]")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f]{2}")
_SECRETS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("private_key", re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")),
    ("bearer", re.compile(r"\b[Bb]earer\s+(?=[A-Za-z._~+/-]{0,80}[0-9])[A-Za-z0-9._~+/=-]{16}")),
    (
        "api_key",
        re.compile(
            r"\b(?:sk|rk|pk)[-_](?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{16}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
            r"|\bgh[pousr]_[A-Za-z0-9]{30}|\bgithub_pat_[A-Za-z0-9_]{30}|\bglpat-[A-Za-z0-9_-]{20}"
            r"|\bxox[abprs]-[A-Za-z0-9-]{10}|\bAIza[0-9A-Za-z_-]{35}"
        ),
    ),
    (
        "password",
        re.compile(
            r"(?i)(?:\b(?:password|passwd|pwd|api[_-]?key|access[_-]?key|secret|token)|密码|口令|密钥)\s{0,3}"
            r"(?:=\s{0,3}(?!\$\{)[^\s=&，。；]{4}|[:：]\s{0,3}(?!\$\{)(?=[^\s，。]{0,80}[0-9])(?=[^\s，。]{0,80}[A-Za-z])[!-~]{8})"
        ),
    ),
    (
        "token",
        re.compile(
            r"(?<![A-Za-z0-9_/+-])(?=[A-Za-z_+=-]{0,80}[0-9])(?=[a-z0-9_+=-]{0,80}[A-Z])(?=[A-Z0-9_+=-]{0,80}[a-z])"
            r"[A-Za-z0-9_+=-]{32}|(?<![0-9A-Za-z_/+-])(?=[0-9]{0,80}[a-f])(?=[a-f]{0,80}[0-9])[0-9a-f]{32,128}(?![0-9A-Za-z])"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint. `path` reads `collect.fields[0].ask.en`; `line` and `column` are 1-based in the YAML text.

    `params` are what the message was made of, for those who word it in another language.
    """

    code: Code
    path: str
    line: int
    column: int
    message: str
    language: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


def hints(source: Source, *, names_known: bool = True) -> tuple[Hint, ...]:
    """The hints for a persona's text, in the order of its lines.

    `names_known` says whether any customer's name can be known here: only customer systems tell names.
    """
    found = islice(_hints(source, names_known), _MOST)
    return tuple(sorted(found, key=lambda hint: (hint.line, hint.column, hint.code)))


def prompt_tokens(spec: dict[str, Any] | None) -> int:
    """About how many tokens the prompt of a plain spec has; 0 without one."""
    prompt = (spec or {}).get("prompt")
    return estimate_tokens(prompt) if isinstance(prompt, str) else 0


def _hints(source: Source, names_known: bool) -> Iterator[Hint]:
    texts = list(_customer_texts(source.value))
    for path, value in texts:
        if path[0] == "greeting" or path[-1] == "ask":
            yield from _two_questions(source, path, value)
    yield from _no_reason(source)
    yield from _missing_languages(source, texts)
    yield from _looking_like_secrets(source)
    yield from _prompt(source, names_known)


# --- the texts that customers see ---------------------------------------------------------------------------


def _customer_texts(spec: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Every text that a customer may see, with its path: one string, or texts by language."""
    collect = _map(spec.get("collect"))
    for key in ("title", "greeting"):
        yield from _given((key,), spec.get(key))
    for index, text in enumerate(_list(spec.get("suggestions"))):
        yield from _given(("suggestions", index), text)
    for index, offer in enumerate(_list(spec.get("offers"))):
        yield from _given(("offers", index, "text"), _map(offer).get("text"))
    yield from _given(("collect", "purpose"), collect.get("purpose"))
    for index, entry in enumerate(_list(collect.get("fields"))):
        yield from _given(("collect", "fields", index, "ask"), _map(entry).get("ask"))


def _given(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, str | dict):
        yield path, value


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _by_language(path: Path, value: Any) -> Iterator[tuple[Path, str | None, str]]:
    """(path, language, words) of each wording; the language is None where the text does not say it."""
    if isinstance(value, str):
        yield path, None, value[:_LONGEST_TEXT]
    for language, words in _map(value).items():
        if isinstance(words, str):
            yield (*path, language), language, words[:_LONGEST_TEXT]


def shown_path(path: Path) -> str:
    """`collect.fields[0].ask.en`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


# --- questions ----------------------------------------------------------------------------------------------


def _two_questions(source: Source, path: Path, value: Any) -> Iterator[Hint]:
    for place, language, words in _by_language(path, value):
        marks = [found for found in _MARKS.finditer(words) if _ends_a_question(found, words)]
        if len(marks) > 1:
            told = f"this asks {len(marks)} questions; ask one at a time"
            params: dict[str, Any] = {"questions": len(marks)}
            offset = marks[1].start()
        elif path[-1] == "ask" and (second := _joined_to_another().search(words)):
            told = "this asks for two things at once; ask for one at a time"
            params, offset = {"questions": 2}, second.start()
        else:
            continue
        yield Hint("two_questions", shown_path(place), *source.at_text(place, offset), told, language, params)


def _ends_a_question(found: re.Match[str], words: str) -> bool:
    """A `?` inside an address ends none."""
    rest = words[found.end() : found.end() + 1]
    return "？" in found[0] or not rest or _AFTER_A_QUESTION.match(rest) is not None


def _no_reason(source: Source) -> Iterator[Hint]:
    collect = _map(source.value.get("collect"))
    if collect.get("purpose"):
        return
    for index, entry in enumerate(_list(collect.get("fields"))):
        path: Path = ("collect", "fields", index, "ask")
        for place, language, words in _by_language(path, _map(entry).get("ask")):
            spoken = (language or ("zh" if _HAN.search(words) else "en")).split("-")[0]
            says_why = _reasons().get(spoken)
            if says_why and words.strip() and not says_why.search(words.lower()):
                told = "this gives no reason; say in the same sentence what the customer gets from answering"
                params = {"field": str(_map(entry).get("name", ""))}
                yield Hint("no_reason", shown_path(place), *source.at(place), told, language, params)


@cache
def _words() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FilePath(__file__).with_name("hints.yaml").read_text("utf-8"))
    return read


@cache
def _reasons() -> dict[str, re.Pattern[str]]:
    """For each language what shows that a question says why."""
    return {language: re.compile(_any(language, words)) for language, words in _words()["reasons"].items()}


def _any(language: str, words: list[str]) -> str:
    edge = "" if language in ("zh", "ja") else r"\b"
    return edge + "(?:" + "|".join(map(re.escape, words)) + ")" + (edge if language == "en" else "")


@cache
def _joined_to_another() -> re.Pattern[str]:
    """What joins two asked things: "your name and phone", "公司和职位", "and how many are you"."""
    things, joins, asking = (_words()[key] for key in ("things", "joins", "asking"))
    english, chinese = _any("en", joins["en"]), _any("zh", joins["zh"])
    found = [rf"{english} {_any('en', asking['en'])}"]
    for line in things["en"]:
        others = [word for other in things["en"] if other is not line for word in other]
        found.append(rf"{_any('en', line)},? {english}(?: [\w-]{{1,12}}){{0,2}} {_any('en', others)}")
    for line in things["zh"]:
        others = [word for other in things["zh"] if other is not line for word in other]
        found.append(rf"{_any('zh', line)}[，\s]?{chinese}\s?(?:您的|你的|贵)?\s?{_any('zh', others)}")
    return re.compile("|".join(found), re.IGNORECASE)


# --- languages ----------------------------------------------------------------------------------------------


def _missing_languages(source: Source, texts: list[tuple[Path, Any]]) -> Iterator[Hint]:
    spoken = list(dict.fromkeys(language for _, text in texts if isinstance(text, dict) for language in text))
    for path, text in texts:
        for language in spoken if len(spoken) > 1 or isinstance(text, str) else ():
            if not _said_in(path, text, language):
                told = f"this text is not there in `{language}`, which the persona speaks elsewhere"
                params = {"language": language, "have": list(text) if isinstance(text, dict) else []}
                yield Hint("missing_language", shown_path(path), *source.at(path), told, language, params)


def _said_in(path: Path, text: Any, language: str) -> bool:
    """Whether there are words for the language; one string is enough where it may be a name, or be in it."""
    if isinstance(text, dict):
        return bool(str(text.get(language) or text.get(language.split("-")[0]) or "").strip())
    is_chinese, is_other = bool(_HAN.search(text)), bool(_LETTER.search(text))
    return (
        path == ("title",)
        or (is_chinese if language.startswith("zh") else not is_chinese)
        or not (is_chinese or is_other)
    )


# --- secrets and the prompt ---------------------------------------------------------------------------------


def _looking_like_secrets(source: Source) -> Iterator[Hint]:
    for path, text in strings_in(source.value):
        for kind, pattern in _SECRETS if len(text) > 8 else ():
            if found := pattern.search(text):
                place = source.at_text(path, found.start())
                told = "this looks like a password or key; a customer may get to see it, so it cannot stand here"
                shown = shown_path(path) if len(path) < 2 or len(str(path[-1])) < 60 else shown_path(path[:-1])
                yield Hint("looks_like_secret", shown, *place, told, None, {"kind": kind})
                break


def _prompt(source: Source, names_known: bool) -> Iterator[Hint]:
    prompt = source.value.get("prompt")
    if not isinstance(prompt, str):
        return
    for reference in references_in(prompt) if not names_known else ():
        if reference.name == "user.name":
            told = f"`{reference}` reads “unknown” for everybody: no customer system is connected that tells names"
            place = source.at_text(("prompt",), reference.offset)
            yield Hint("reads_unknown", "prompt", *place, told, None, {"reference": reference.name})
    tokens = estimate_tokens(prompt)
    if tokens > LONG_PROMPT_TOKENS:
        told = f"the prompt has about {tokens:,} tokens; over {LONG_PROMPT_TOKENS:,}, rules in it get lost and cost"
        params = {"tokens": tokens, "limit": LONG_PROMPT_TOKENS}
        yield Hint("long_prompt", "prompt", *source.at(("prompt",)), told, None, params)
