"""Which proposals are about the same thing, and why it seems so. Pure.

Texts are compared by the three-letter pieces of their words, weighed by how rare a piece is among the proposals at
hand (cosine of tf-idf). German inflects and compounds: „Bürgerbeteiligung“ and „Beteiligung der Bürger“ share most of
their pieces though no word. What two have in common is said in their own words, for the person who decides.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.kit.text import words

LEAST: Final = 0.30
"""Below this, two proposals have no more in common than any two."""
MOST_PAIRS: Final = 50
MOST_WORDS: Final = 60
"""Words of one proposal that are compared: the first, where people say what they mean."""
TITLE: Final = 3
"""How many times a word of the title counts."""
TEXT_PART: Final = 0.75
TOPIC_PART: Final = 0.25
SAME_WORD: Final = 0.4
"""From this share of common pieces on, two words are told as the same in other forms."""
SHORTEST: Final = 4
COMMON: Final = frozenset(
    words(
        "aber alle alles auch aus bei beim bitte dann das dass dein dem den denn der des die dies diese dieser dieses "
        "doch durch eine einem einen einer eines für ganz gibt habe haben hat hier ihre immer ist jede jeder kann kein "
        "keine können machen mehr mein mit muss nach neue neuen nicht noch nur oder ohne schon sein sich sie sind "
        "soll sollen über und uns unser unsere unter viel vom von vor warum was weil welche wenn wer werden wie will "
        "wir wird zum zur zwischen about and are can for from have how into our that the their this what when "
        "where which who why will with you your digital digitale digitalen digitaler digitales digitalisierung stadt "
        "verwaltung thema idee ideen frage fragen kommune kommunen gemeinde städte klein kleine kleinen online einfach "
        "einfacher erfahrung erfahrungen einführen einführung"
    )
)
"""Words that say nothing about what a proposal of a town hall is about."""
_JOINED: Final = re.compile(r"(?<=\w)-(?=\w)")
"""„E-Akte“ is one word."""


class Text(msgspec.Struct, frozen=True):
    """A proposal as it is compared; `topics` are codes of the vocabulary, each with those above it if wished."""

    key: str
    title: str
    text: str = ""
    topics: frozenset[str] = frozenset()


class Likeness(msgspec.Struct, frozen=True):
    """Two proposals with much in common. `score` from 0 to 1; `words` are pairs of the first's and the second's."""

    one: str
    other: str
    score: float
    words: tuple[tuple[str, str], ...]
    topics: tuple[str, ...]


def alike(texts: Sequence[Text]) -> list[Likeness]:
    """The pairs that have at least LEAST in common, most alike first, at most MOST_PAIRS."""
    weights = _weights(texts)
    products = weights @ weights.T
    found = []
    for i, j in combinations(range(len(texts)), 2):
        one, other = texts[i], texts[j]
        score = float(products[i, j])
        if one.topics and other.topics:
            score = TEXT_PART * score + TOPIC_PART * len(one.topics & other.topics) / len(one.topics | other.topics)
        if score >= LEAST:
            found.append((score, i, j))
    found.sort(key=lambda pair: (-round(pair[0], 6), texts[pair[1]].key, texts[pair[2]].key))
    return [_told(texts[i], texts[j], score) for score, i, j in found[:MOST_PAIRS]]


def _weights(texts: Sequence[Text]) -> NDArray[np.float64]:
    """The weights of all pieces (texts × pieces), each row of length 1 or 0."""
    columns: dict[str, int] = {}
    counts = []
    for text in texts:
        count: Counter[int] = Counter()
        for words_, times in ((_telling(text.title), TITLE), (_telling(text.text), 1)):
            for word in words_:
                count.update({columns.setdefault(piece, len(columns)): times for piece in _pieces(word)})
        counts.append(count)
    out = np.zeros((len(texts), len(columns)))
    for row, count in zip(out, counts, strict=True):
        row[list(count)] = 1 + np.log(list(count.values()))
    out *= np.log(1 + len(texts) / np.maximum(1, (out > 0).sum(axis=0)))
    out /= np.maximum(np.sqrt((out * out).sum(axis=1, keepdims=True)), 1e-9)
    return out


def _telling(text: str) -> list[str]:
    """The folded words that say what it is about, each once."""
    found = (word for word in words(_JOINED.sub("", text)) if len(word) >= SHORTEST and word not in COMMON)
    return list(dict.fromkeys(found))[:MOST_WORDS]


def _pieces(word: str) -> set[str]:
    """Three letters each; the beginning of a word counts as a piece of its own, its end does not: German inflects."""
    padded = f" {word}"
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _told(one: Text, other: Text, score: float) -> Likeness:
    """Why: the words that are the same or nearly, as their authors wrote them, best first."""
    mine, theirs = _written(one), _written(other)
    pairs = []
    for word, spelt in mine.items():
        pieces = _pieces(word)
        best = max(theirs, key=lambda them: (_common(pieces, _pieces(them)), them), default=None)
        if best is not None and (share := _common(pieces, _pieces(best))) >= SAME_WORD:
            pairs.append((share * len(pieces), spelt, theirs[best]))
    pairs.sort(key=lambda pair: (-pair[0], pair[1]))
    return Likeness(
        one=one.key,
        other=other.key,
        score=min(1.0, score),
        words=tuple((spelt, their) for _share, spelt, their in pairs[:5]),
        topics=tuple(sorted(one.topics & other.topics)),
    )


def _common(one: set[str], other: set[str]) -> float:
    """The share of the smaller set: a word within a compound is all there."""
    return len(one & other) / min(len(one), len(other))


def _written(text: Text) -> dict[str, str]:
    """The telling words with how they are spelt."""
    spelt: dict[str, str] = {}
    for token in f"{text.title} {text.text}".split():
        for word in words(_JOINED.sub("", token)):
            spelt.setdefault(word, token.strip("„“”\"'.,;:!?()[]–-…"))
    return {word: spelt.get(word, word) for word in _telling(f"{text.title} {text.text}")}
