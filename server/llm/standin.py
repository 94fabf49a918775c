"""The model that is always there: answers from the persona's knowledge alone, without any language model.

It understands nothing. It puts together sentences of the passages that were found, thanks for what was just
told, and ends with the planner's question or offer; what is not in the brief it does not say.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from server.llm.tokens import estimate_tokens
from server.llm.types import Brief, Delta, Finish, Passage, Piece, Request, Usage
from server.llm.words import HAN, Term, ends_of, language_of, question_terms, sentences, token_set

MODEL = "standin"
_MOST_SENTENCES = 3
_LONGEST_ANSWER = 420
_AS_GOOD = 0.75
"""A further passage joins the answer when it scores this share of the best one."""

_PIECE = re.compile(rf"[{HAN}]{{1,3}}|[^\s{HAN}]+\s*|\s+")
_QUESTION_MARK = re.compile(r"[?？]")
_LINK_QUERY = re.compile(r"(https?://[^\s?？]+)\?[^\s。，；）)]*")


class StandIn:
    """A lane without a model behind it. Costs nothing, needs no key, never faults."""

    async def stream(self, model: str, request: Request) -> AsyncIterator[Piece]:
        """The answer word by word, then its end with estimated tokens."""
        answer = compose(request.brief) if request.brief else _not_connected(request)
        for piece in _PIECE.findall(answer):
            yield Delta(piece)
            await asyncio.sleep(0)  # others get their turn, and a caller that leaves is noticed
        yield Finish("stop", MODEL, _usage(request, answer))


def compose(brief: Brief) -> str:
    """The whole answer to a brief: with `ask` it holds exactly one question mark, else at most one."""
    language = "zh" if brief.language.startswith("zh") else "en"
    ending = _ending(brief, language)
    parts = [part for part in (_opening(brief, language), brief.report or _body(brief, language)) if part]
    said = " ".join(_without_questions(part, language) for part in parts)
    if brief.ask and brief.purpose and not brief.opted_out:
        said += " " + _without_questions(_ended(_plain(brief.purpose), language), language)
    return _tidy(f"{said} {ending}", language)


def _opening(brief: Brief, language: str) -> str:
    opening = []
    if brief.opted_out and _matches("refusal", brief.question):
        opening.append(_say(language, "opted_out"))
    if brief.first and _matches("greeting", brief.question):
        name = brief.known.get("name", "")
        opening.append(_say(language, "welcome_back", name=name) if name else _say(language, "hello"))
    if brief.captured:
        opening.append(_thanks(brief, language))
    return " ".join(opening)


def _thanks(brief: Brief, language: str) -> str:
    """Thanks that name what was told; contact data is named by kind and never repeated."""
    words = _lists()[language]
    told = []
    for field in dict.fromkeys(brief.captured):
        kind, value = words["fields"].get(field, field.replace("_", " ")), brief.known.get(field, "")
        if field == "name" and value:
            told.append(_say(language, "noted_name", name=value))
        elif field in words["shown"] and value:
            told.append(_say(language, "noted_value", kind=kind, value=value))
        else:
            told.append(_say(language, "noted_kind", kind=kind))
    return _say(language, "thanks", told=_say(language, "joint").join(told))


def _body(brief: Brief, language: str) -> str:
    if brief.purpose and not brief.ask and _matches("why", brief.question):
        return _ended(_plain(brief.purpose), language)
    if _is_answerable(brief) and (found := _answer(brief, language)):
        return found
    if _matches("refusal", brief.question):
        return "" if brief.opted_out else _say(language, "no_matter")
    if _is_question(brief.question):
        return _say(language, "unknown")
    return "" if brief.captured else _small_talk(brief, language)


def _small_talk(brief: Brief, language: str) -> str:
    if _is_bare_greeting(brief.question):
        return _introduction(brief, language) if brief.first else _say(language, "hello_again")
    if _matches("thanks", brief.question):
        return _say(language, "welcome")
    if _matches("assent", brief.question):
        return _say(language, "noted")
    refused = brief.opted_out and _matches("negation", brief.question)
    return _say(language, "opted_out" if refused else "heard")


def _introduction(brief: Brief, language: str) -> str:
    if brief.title:
        return _say(language, "about_titled", title=_plain(brief.title))
    return _say(language, "about")


def _is_answerable(brief: Brief) -> bool:
    """Whether the message wants an answer and there is something to answer from."""
    if brief.captured and not _is_question(brief.question):
        return False
    if _is_bare_greeting(brief.question):
        return False
    return bool(brief.passages or brief.function_results)


def _ending(brief: Brief, language: str) -> str:
    if brief.ask and not brief.opted_out:
        return _one_question(_plain(brief.ask), language)
    return _at_most_one_question(_plain(brief.offer), language)


# --- from passages to sentences --------------------------------------------------------------------------


def _answer(brief: Brief, language: str) -> str:
    terms = [term for clause in question_terms(brief.question) for term in clause]
    passages = list(brief.passages) or _from_functions(brief.function_results, terms)
    if not passages:
        return ""
    best = max(passage.score for passage in passages)
    chosen: list[str] = []
    for passage in passages:
        if chosen and (passage.score < best * _AS_GOOD or passage.language != passages[0].language):
            continue
        for sentence in _best_sentences(passage, terms):
            room = _LONGEST_ANSWER - sum(map(len, chosen))
            if len(chosen) < _MOST_SENTENCES and sentence not in chosen and (not chosen or len(sentence) <= room):
                chosen.append(sentence)
    note = _say(language, "other_language") if passages[0].language != language else ""
    return " ".join(filter(None, [note, *chosen]))


def _best_sentences(passage: Passage, terms: Sequence[Term]) -> list[str]:
    """The one to three sentences of a passage that say most about the terms, in the passage's order."""
    all_of_them = [_ended(sentence, passage.language) for sentence in sentences(_plain(passage.text))]
    if not all_of_them:
        return []
    rated = [_rate(sentence, terms) for sentence in all_of_them]
    order = sorted(range(len(rated)), key=lambda n: (-rated[n], n))
    keep = sorted(n for n in order[:_MOST_SENTENCES] if len(rated) <= 2 or rated[n] >= rated[order[0]] / 2)
    kept = [all_of_them[n] for n in keep]
    leaf = passage.heading.rsplit(" › ", 1)[-1]
    if max(rated) == 0 and leaf and not _QUESTION_MARK.search(leaf):
        kept[0] = f"{_plain(leaf)}{'：' if passage.language == 'zh' else ': '}{kept[0]}"
    return kept


def _rate(sentence: str, terms: Sequence[Term]) -> float:
    return sum(term.share_in(token_set(sentence)) for term in terms)


def _from_functions(results: Sequence[str], terms: Sequence[Term]) -> list[Passage]:
    """Rows that functions returned, as passages; those that share no word with the question are left out."""
    rows = [row for result in results for row in _rows(result)]
    rated = [(row, _rate(row, terms)) for row in rows]
    found = [Passage(n, "function", "", row, language_of(row), rate) for n, (row, rate) in enumerate(rated) if rate]
    return sorted(found, key=lambda passage: -passage.score)


def _rows(result: str) -> Iterator[str]:
    try:
        value = json.loads(result)
    except ValueError:
        yield from filter(None, (line.strip() for line in result.splitlines()))
        return
    for found in _objects(value):
        told = {name: told for name, told in found.items() if isinstance(told, str | int | float) and told != ""}
        yield "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in told.items())


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if lists:
            yield from (found for inner in lists for found in _objects(inner))
        else:
            yield value
    elif isinstance(value, list):
        yield from (found for inner in value for found in _objects(inner))


# --- wording ---------------------------------------------------------------------------------------------


@cache
def _lists() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return read


def _say(language: str, what: str, **values: str) -> str:
    return str(_lists()[language][what]).format(**values)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_lists()["patterns"][name]), re.IGNORECASE)


def _matches(name: str, text: str) -> bool:
    return _pattern(name).search(ends_of(text)) is not None


def _is_question(text: str) -> bool:
    """Whether it asks for something: a question mark, a question word, or a request."""
    return bool(_QUESTION_MARK.search(text)) or _matches("question", text)


def _is_bare_greeting(text: str) -> bool:
    return not re.sub(r"[\W_]+", "", _pattern("greeting").sub("", text))


_MARKS = re.compile(r"(?m)^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+(?=\S))|\*\*|__|`+|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)")


def _plain(text: str) -> str:
    """The text without Markdown; a link keeps its words and its address."""
    linked = _LINK.sub(lambda m: f"{m[1]} ({m[2]})" if m[2].startswith("http") and m[0][0] != "!" else m[1], text)
    return _MARKS.sub("", linked).strip()


def _ended(sentence: str, language: str) -> str:
    if not sentence or sentence[-1] in ".!?。！？…":
        return sentence
    return sentence.rstrip(";；,，:：、") + ("。" if language == "zh" else ".")


def _without_questions(text: str, language: str) -> str:
    """A question mark inside a link would break it, so a link loses its query first."""
    return _QUESTION_MARK.sub("。" if language == "zh" else ".", _LINK_QUERY.sub(r"\1", text))


def _at_most_one_question(text: str, language: str) -> str:
    text = _LINK_QUERY.sub(r"\1", text)
    last = max(text.rfind("?"), text.rfind("？"))
    if last < 0:
        return text
    return _without_questions(text[:last], language) + text[last] + text[last + 1 :]


def _one_question(ask: str, language: str) -> str:
    """The ask with its last question mark only; one that has none gets it."""
    once = _at_most_one_question(ask, language)
    if _QUESTION_MARK.search(once):
        return once
    return once.rstrip(".。!！ ") + ("？" if language == "zh" else "?")


_FULL_WIDTH = str.maketrans(",;:!?", "，；：！？")


def _tidy(text: str, language: str) -> str:
    """One space between sentences, none beside Han; full-width punctuation after Han in Chinese."""
    text = re.sub(r"([.。])[.。]+(?!\.)", r"\1", re.sub(r"\s+", " ", text)).strip()
    if language != "zh":
        return text
    text = re.sub(rf"\s*\(([^()]*[{HAN}][^()]*)\)\s*", r"（\1）", text)
    text = re.sub(rf"(?<=[{HAN}）”」％%])\s*([,;:!?])\s*", lambda m: m[1].translate(_FULL_WIDTH), text)
    text = re.sub(rf"(?<=[{HAN}）”」])\.(?=\s|$|[{HAN}])", "。", text)
    return re.sub(r"(?<=[。！？；：，、）])\s+|\s+(?=[。！？；：，、（])", "", text)


def _not_connected(request: Request) -> str:
    asked = [message.text for message in request.messages if message.role == "user"]
    language = language_of(asked[-1]) if asked else "en"
    return _say(language, "not_connected")


def _usage(request: Request, answer: str) -> Usage:
    prompt = sum(estimate_tokens(message.text) for message in request.messages)
    prompt += sum(
        estimate_tokens(f"{function.name} {function.description} {json.dumps(dict(function.parameters))}")
        for function in request.functions
    )
    return Usage(prompt, estimate_tokens(answer), 0.0)
