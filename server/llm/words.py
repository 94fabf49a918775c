"""Words of English and Chinese text, as knowledge search and the stand-in compare them.

Chinese is cut into words by rjieba and, because a word may be cut otherwise in another sentence, into
character bigrams as well. English is case-folded and lightly stemmed. A few notions that every sale is about
(price, delivery, security …) are concepts: one token, such as `#price`, that both languages share.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_CJK = HAN + r"\u3005\u3040-\u30ff"
_HAN = re.compile(f"[{HAN}]")
_CJK_RUN = re.compile(f"[{_CJK}]+")
_CHUNK = re.compile(rf"[{_CJK}]+|\d+(?:[.,]\d+)+|(?:(?![{_CJK}])[^\W_])+(?:['’](?![{_CJK}])[^\W_]+)?")
_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")
_LATIN = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"[a-z]{2,10}://[!-~]+|[a-z0-9._+-]{1,64}@[a-z0-9.-]+")
_CLAUSE_END = re.compile(
    rf"[?？!！。;；，、\n]+|[,.:：](?!\d)(?=\s|\W|$)|(?<=[{_CJK}])[,:]|[,:](?=[{_CJK}])|\b(?:and|but|because|while|whereas|when|if)\b",
    re.IGNORECASE,
)
_LONGEST = 1_200

_LISTS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
_STOP_EN = frozenset(_LISTS["stop"]["en"].split())
_STOP_ZH = frozenset(_LISTS["stop"]["zh"].split())
_NUMBERS = frozenset(_LISTS["numbers"]["en"].split())
_THINGS, _TIMES = _LISTS["numbers"]["things"], _LISTS["numbers"]["times"]
_AMOUNT = re.compile(rf"{_LISTS['numbers']['zh']}(?:(?P<things>{_THINGS})|{_TIMES})")
_REST_OF_AMOUNT = re.compile(rf"(?P<things>{_THINGS})|{_TIMES}")


@dataclass(frozen=True, slots=True)
class Term:
    """One meaningful word of a question: the tokens that spell it, and the concept it stands for, if any.

    `is_counted`: a number stands before it, as in "forty trucks".
    """

    tokens: tuple[str, ...]
    concept: str | None = None
    is_counted: bool = False

    @property
    def is_weak(self) -> bool:
        """Whether it is a number or a single Han character, which say little by themselves."""
        alone = self.tokens[0] if len(self.tokens) == 1 else ""
        return len(alone) == 1 or _is_number(alone)

    def share_in(self, tokens: frozenset[str] | set[str]) -> float:
        """How much of the term those tokens hold, from 0 to 1; the concept alone counts four fifths."""
        held, whole = 0, len(self.tokens)
        for token in self.tokens:
            held += token in tokens
        by_concept = 0.8 if self.concept in tokens else 0.0
        # Half of a Chinese word's bigrams is chance rather than likeness.
        return max(held / whole, by_concept) if held * 2 > whole else by_concept


def clean(text: str) -> str:
    """The text in one spelling (NFKC, case-folded), without lone surrogates; never raises."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFKC", whole).casefold()


def ends_of(text: str) -> str:
    """The text, or of a very long one its beginning and its end, where people put their question."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}\n{text[-half:]}"


def han_share(text: str) -> float:
    """Share of Chinese among the words: a Han character weighs as one word, so does a Latin word."""
    han = len(_HAN.findall(text))
    latin = len(_LATIN.findall(_HAN.sub(" ", text)))
    return han / (han + latin) if han else 0.0


def language_of(text: str, otherwise: str = "en") -> str:
    """`zh` when at least three tenths of the words are Han, else the other language."""
    return "zh" if han_share(text) >= 0.3 else otherwise


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """An English word without plural, -ing and -ed: prices, pricing and price are one."""
    word = word.replace("’", "'").removesuffix("'s")
    if len(word) < 4 or not word.isascii():
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        body = word.removesuffix(ending)
        if body != word and len(body) >= 3 and re.search("[aeiouy]", body):
            word = body
            break
    word = word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word
    return word[:-1] if _SILENT_E.search(word) else word


# Not every final e goes: plane would become plan, and rate rat.
_SILENT_E = re.compile(r"[a-z]{5}e$|[a-z]{2}[cgsvz]e$|ore$")


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def index_tokens(text: str) -> list[str]:
    """Every token under which a passage is found: stems, Chinese words, bigrams, numbers, concepts."""
    cleaned = clean(text)
    tokens: list[str] = []
    for chunk in _CHUNK.findall(cleaned):
        tokens.extend(_chinese_tokens(chunk) if _CJK_RUN.match(chunk) else _word_tokens(chunk))
    concepts = {_concept_words()[token] for token in tokens if token in _concept_words()}
    concepts |= {f"#{match.lastgroup}" for match in _phrases_in(cleaned)}
    return tokens + sorted(concepts)


@lru_cache(maxsize=2048)
def token_set(sentence: str) -> frozenset[str]:
    """The different tokens of a sentence, kept because the same knowledge is quoted again and again."""
    return frozenset(index_tokens(sentence))


def question_terms(text: str) -> list[list[Term]]:
    """The meaningful words of a question, clause by clause; clauses that say nothing are left out."""
    cleaned = _ADDRESS.sub(" ", clean(ends_of(text)))
    clauses = [list(_terms(clause)) for clause in _CLAUSE_END.split(cleaned)]
    return [clause for clause in clauses if clause]


def _terms(clause: str) -> Iterable[Term]:
    rest = clause
    for match in _phrases_in(clause):
        yield Term(_phrase_tokens(match.group()), f"#{match.lastgroup}")
        rest = rest.replace(match.group(), " ", 1)
    after_number = False
    for chunk in _CHUNK.findall(rest):
        if _CJK_RUN.match(chunk):
            yield from _chinese_terms(chunk, after_number=after_number)
        elif chunk not in _STOP_EN:
            for token in _word_tokens(chunk)[:1]:
                yield Term((token,), _concept_words().get(token), is_counted=after_number)
        after_number = _is_number(chunk)


def _is_number(word: str) -> bool:
    """Whether it counts something; a longer number is rather a name."""
    return word in _NUMBERS or (len(word) < 4 and word.isdigit())


def _chinese_terms(run: str, *, after_number: bool) -> Iterator[Term]:
    """The words of a run without its amounts (二十台), the words right after those as counted."""
    amount = _REST_OF_AMOUNT.match(run) if after_number else None
    start = amount.end() if amount else 0
    while start <= len(run):
        following = _AMOUNT.search(run, start)
        words = _cut(run[start : following.start() if following else len(run)])
        counted = bool(amount and amount["things"])
        for place, word in enumerate(words):
            if word not in _STOP_ZH:
                yield Term(_spelled(word), is_counted=counted and place == 0)
        if following is None:
            return
        amount, start = following, following.end()


def _phrase_tokens(phrase: str) -> tuple[str, ...]:
    if _CJK_RUN.match(phrase):
        return _spelled(phrase)
    tokens = tuple(token for chunk in _CHUNK.findall(phrase) for token in _word_tokens(chunk))
    return tokens if len(tokens) > 1 else ()  # "what would we pay" is not about paying


def _word_tokens(chunk: str) -> list[str]:
    if chunk[0].isdigit() and ("," in chunk or "." in chunk):
        return [chunk.replace(",", "")]
    if chunk in _STOP_EN or (len(chunk) == 1 and not chunk.isdigit()):
        return []
    parts = _LETTERS_OR_DIGITS.findall(chunk) if any(c.isdigit() for c in chunk) else []
    return [stem(chunk), *(part for part in parts if part != chunk and len(part) > 1)]


def _chinese_tokens(run: str) -> list[str]:
    singles = [word for word in _cut(run) if len(word) == 1 and word not in _STOP_ZH]
    return _bigrams(run) + singles


def _spelled(word: str) -> tuple[str, ...]:
    return tuple(_bigrams(word)) or (word,)


def _bigrams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _cut(run: str) -> list[str]:
    import rjieba  # 0.15 s and a dictionary, so only for those who meet Chinese

    words: list[str] = rjieba.cut(run)
    return words


@cache
def _concept_words() -> dict[str, str]:
    return {
        stem(word): f"#{name}"
        for name, concept in _LISTS["concepts"].items()
        for word in concept.get("words", "").split()
    }


def _phrases_in(text: str) -> Iterator[re.Match[str]]:
    return _phrases("" if text.isascii() else "zh").finditer(text)


@cache
def _phrases(script: str) -> re.Pattern[str]:
    """One group for each concept; without a script the alternatives that hold a Han character are left out."""
    groups = []
    for name, concept in _LISTS["concepts"].items():
        english = [rf"\b(?:{concept['phrases']})\b"] if "phrases" in concept else []
        other = [part for part in concept.get("zh", "").split("|") if part and (script or not _HAN.search(part))]
        if english or other:
            groups.append(f"(?P<{name}>{'|'.join(english + other)})")
    return re.compile("|".join(groups))


_SENTENCE_END = re.compile(r"(?<=[。！？])(?![。！？”」』）])|(?<=[。！？][”」』）])|(?<=[.!?])\s+|\n+")


def sentences(text: str) -> list[str]:
    """The text's sentences in both punctuations, trimmed, none empty; `3.5` and `a.b` stay whole."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
