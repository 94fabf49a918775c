"""What a persona's knowledge is made of, and what of it a question finds."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Literal

from server.api.shapes import PassageSearchBody, listed
from server.catalog.knowledge import Knowledge
from server.catalog.studio import Known
from server.errors import Invalid
from server.leads.signals import read_signals
from server.llm.types import Passage
from server.turn.plan import passages_for
from server.turn.prompt import goes_whole

Source = Literal["draft", "published"]


def passages(knowledge: Knowledge, path: str | None, limit: int, cursor: str | None) -> dict[str, Any]:
    """A page of the passages, in their order; `path` "" are the question and answer pairs. Raises Invalid."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise Invalid("The cursor is none that this list gave out.")
    begin, counted, found = int(cursor or 0), defaultdict[str, int](int), []
    for passage in knowledge.passages:
        if path is None or _path(passage) == path:
            counted[_path(passage)] += 1
            found.append({**_shown(passage), "position": counted[_path(passage)]})
    following = str(begin + limit) if begin + limit < len(found) else None
    return listed(found[begin : begin + limit], following, len(found))


def searched(known: Known, wanted: PassageSearchBody) -> dict[str, Any]:
    """What a turn would find for the question, best first, then what came near; blocks for milliseconds."""
    signals = read_signals(wanted.q, asked=None, fields=known.spec.collect.fields)
    language = signals.language or _short(wanted.locale) or known.spec.languages[0]
    found = passages_for(wanted.q, signals, known.knowledge, language)
    answers = {passage.id for passage in found}
    near = known.knowledge.search(wanted.q, language, wanted.limit + len(found), enough=0.0)
    ranked = [*found, *(passage for passage in near if passage.id not in answers)][: wanted.limit]
    whole = goes_whole(known.knowledge)
    items = [_hit(passage, passage.id in answers, whole) for passage in ranked]
    return {**listed(items, None, len(items)), "whole": whole, "language": language}


def _hit(passage: Passage, answers: bool, whole: bool) -> dict[str, Any]:
    return {**_shown(passage), "score": passage.score, "answers": answers, "used": answers or whole}


def _shown(passage: Passage) -> dict[str, Any]:
    return {
        "path": _path(passage),
        "heading": passage.heading,
        "text": passage.text,
        "language": passage.language,
    }


def _path(passage: Passage) -> str:
    """The file's path, empty for a question and answer pair."""
    return passage.source if "/" in passage.source or "." in passage.source else ""


def _short(locale: str | None) -> str:
    return (locale or "").replace("_", "-").split("-")[0].lower()
