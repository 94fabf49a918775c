"""A persona's knowledge: files and question/answer pairs as passages, and the search among them."""

from __future__ import annotations

import hashlib
import logging
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from server.catalog.readers import KnowledgeError, read
from server.catalog.spec import QuestionAnswer, Text, said_in
from server.llm.types import Passage
from server.llm.words import Term, index_tokens, language_of, question_terms

__all__ = ["Knowledge", "KnowledgeError", "KnowledgeFile", "build_knowledge"]

# A passage answers a clause when it holds this share of what the clause's words weigh.
_ENOUGH = 0.45
_RAREST = 2.4
"""The weight of a word no passage holds, and the most any word weighs."""
_CONCEPT_WEIGHT = 2.0
_PHRASE_WEIGHT = 1.0
_WEAK_WEIGHT = 0.7
_LEAD = 1.25
"""A section's first passage tends to sum it up."""
_PULL = 1.5
_CANDIDATES = 30


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """A file as read; `path` is what the persona calls it, relative to the persona's folder."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause of a question: its terms with the heaviest's weight, those of one concept together.

    In "we run 40 trucks, what does it cost" the clause with the notion of a sale is the question, hence `pull`.
    """

    groups: tuple[tuple[list[Term], float], ...]
    weight: float
    pull: float

    @classmethod
    def of(cls, weighed: list[tuple[Term, float]]) -> _Clause:
        groups: dict[object, tuple[list[Term], float]] = {}
        for term, weight in weighed:
            terms, heaviest = groups.get(term.concept or term.tokens, ([], 0.0))
            groups[term.concept or term.tokens] = ([*terms, term], max(heaviest, weight))
        pull = _PULL if any(term.concept for term, _ in weighed) else 1.0
        return cls(tuple(groups.values()), sum(weight for _, weight in groups.values()), pull)

    def share_in(self, tokens: frozenset[str]) -> float:
        """The share, by weight, of the terms that the tokens hold; terms of one concept count once."""
        held = 0.0
        for terms, weight in self.groups:
            share = terms[0].share_in(tokens) if len(terms) == 1 else max([term.share_in(tokens) for term in terms])
            held += weight * share
        return held / self.weight


class Knowledge:
    """Passages with their index. Built once per version of a persona; searching it changes nothing.

    `digest` is a SHA-256 of all that the passages were made from; `characters` is the length of their texts.
    """

    def __init__(self, passages: Sequence[Passage], digest: str) -> None:
        self.passages = tuple(passages)
        self.digest = digest
        self.characters = sum(len(passage.text) for passage in self.passages)
        documents = [_document(passage) for passage in self.passages]
        self._tokens = [frozenset(document) for document in documents]
        self._in_passages = Counter(token for tokens in self._tokens for token in tokens)
        self._index = _indexed(documents)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        before = ("", *((p.source, p.heading) for p in self.passages))
        self._leads = [(p.source, p.heading) != last for p, last in zip(self.passages, before, strict=False)]

    def search(self, query: str, language: str | None, limit: int = 5, *, enough: float = _ENOUGH) -> list[Passage]:
        """The passages that answer the query, best first with `score` set; empty when none really does.

        Passages in `language` are preferred (None: the query's own); others only when none of these answers.
        `enough` is the share of the query, 0 to 1, that a passage has to hold. Never raises, whatever the query.
        """
        clauses = question_terms(query) if self.passages else []
        clauses = [clause for clause in clauses if not all(term.is_weak for term in clause)]
        if not clauses or limit < 1:
            return []
        wanted = (language or language_of(query)).split("-")[0]
        scores = self._scores(clauses)
        weighed = [_Clause.of([(term, self._weight(term)) for term in clause]) for clause in clauses]
        own = [n for n in scores if self.passages[n].language == wanted]
        other = [n for n in scores if self.passages[n].language != wanted]
        return self._best(own, scores, weighed, limit, enough) or self._best(other, scores, weighed, limit, enough)

    def _scores(self, clauses: list[list[Term]]) -> dict[int, float]:
        """The BM25 scores of the passages that hold any of the words."""
        scores: dict[int, float] = {}
        for clause in clauses:
            for term in clause:
                for token in () if term.is_weak else (*term.tokens, term.concept or ""):
                    for n, score in self._posted(token):
                        scores[n] = scores.get(n, 0.0) + score
        return scores

    def _posted(self, token: str) -> Sequence[tuple[int, float]]:
        """The passages that hold a token and what it adds to each; kept, so never more than the index holds."""
        if token not in self._in_passages:
            return ()
        postings = self._postings.get(token)
        if postings is None:
            scores = self._index.get_scores([token])
            postings = self._postings[token] = [(n, float(score)) for n, score in enumerate(scores) if score > 0]
        return postings

    def _best(
        self, among: list[int], scores: Mapping[int, float], clauses: list[_Clause], limit: int, enough: float
    ) -> list[Passage]:
        likely = sorted(among, key=lambda n: (-scores[n], n))[:_CANDIDATES]
        ranked = []
        for n in likely:
            shares = [clause.share_in(self._tokens[n]) for clause in clauses]
            if max(shares) >= enough:
                relevance = max(share * clause.pull for share, clause in zip(shares, clauses, strict=True))
                ranked.append((round(scores[n] * relevance * (_LEAD if self._leads[n] else 1), 4), n))
        ranked.sort(key=lambda entry: -entry[0])
        return [replace(self.passages[n], score=score) for score, n in ranked[:limit]]

    def _weight(self, term: Term) -> float:
        """How much the term tells: the BM25 inverse document frequency of its rarest token, capped."""
        if not term.tokens:
            return _PHRASE_WEIGHT
        if term.concept in self._in_passages:
            return _CONCEPT_WEIGHT
        rarest = min(self._in_passages[token] for token in term.tokens)
        weight = math.log(1 + (len(self.passages) - rarest + 0.5) / (rarest + 0.5)) if rarest else _RAREST
        # What is counted is the asker's circumstance, unless the knowledge has nothing of the kind.
        is_known = any(token in self._in_passages for token in term.tokens)
        return min(weight, _WEAK_WEIGHT if term.is_weak or (term.is_counted and is_known) else _RAREST)


def build_knowledge(
    files: Sequence[KnowledgeFile], pairs: Sequence[QuestionAnswer], languages: Sequence[str]
) -> Knowledge:
    """The knowledge of a persona whose texts are in `languages`.

    Raises KnowledgeError for a file that cannot be read.
    """
    digest = hashlib.sha256(repr((tuple(languages), [pair.model_dump() for pair in pairs])).encode())
    passages = []
    for file in files:
        digest.update(repr((file.path, hashlib.sha256(file.data).hexdigest())).encode())
        passages += list(_of_file(file, languages))
    passages += [found for number, pair in enumerate(pairs, 1) for found in _of_pair(number, pair, languages)]
    return Knowledge([replace(passage, id=n) for n, passage in enumerate(passages)], digest.hexdigest())


def _of_file(file: KnowledgeFile, languages: Sequence[str]) -> Iterator[Passage]:
    otherwise = _language_beside_chinese(file.path, languages)
    for piece in read(file.path, file.data):
        heading = " › ".join(piece.headings)
        yield Passage(0, file.path, heading, piece.text, language_of(piece.text, otherwise))


def _language_beside_chinese(path: str, languages: Sequence[str]) -> str:
    """The language of text without Han: as the name says (`faq-de.md`), else the persona's first other."""
    others = [language.split("-")[0] for language in languages if not language.startswith("zh")]
    named = re.split(r"[-_.]", PurePosixPath(path).stem.lower())[-1]
    return named if named in others else (others or ["en"])[0]


def _of_pair(number: int, pair: QuestionAnswer, languages: Sequence[str]) -> Iterator[Passage]:
    said = dict.fromkeys([*_languages_of(pair.a), *_languages_of(pair.q)])
    otherwise = _language_beside_chinese("", languages)
    for language in said or [language_of(str(pair.a), otherwise)]:
        question, answer = said_in(pair.q, language), said_in(pair.a, language)
        if answer.strip():
            yield Passage(0, f"question {number}", question, answer.strip(), language.split("-")[0])


def _languages_of(text: Text) -> list[str]:
    return list(text) if isinstance(text, dict) else []


def _document(passage: Passage) -> list[str]:
    """What a passage is found by: its words count double beside those of its heading."""
    return 2 * index_tokens(passage.text) + index_tokens(passage.heading) or [""]


def _indexed(documents: list[list[str]]) -> Any:
    import bm25s  # a third of a second to import, so only where there is knowledge

    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets DEBUG for itself
    index = bm25s.BM25(b=0.3)  # passages are all short, so a longer one is not a vaguer one
    if documents:
        index.index(documents, show_progress=False)
    return index
