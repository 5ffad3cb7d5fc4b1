"""What somebody looks for, as alternatives for each word, from the word itself down to what resembles it."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice, takewhile

from services.directory.wording.compounds import parts, stem
from services.directory.wording.words import NAME, PART, PLACE, STEM, TOKEN, TOPIC, plainly
from services.kit.text import folded, words

LONGEST_TEXT = 100
MOST_WORDS = 8


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text))


STOP = frozenset(
    words(
        "der die das den dem des ein eine einer eines und oder für mit von vom zu zum zur im in am an auf bei aus über "
        "the a of for and or to"
    )
)
"""Words that say nothing, unless they stand alone."""
GENERIC = _stems("digital elektronisch online mobil intern intelligent virtuell smart neu städtisch")
WEAK = _stems("Stadt Verwaltung Daten Bürger Bild Angebot Dienst Rolle Recht Day Termin Sprache planen Antrag IT")
"""Such a word alone does not mean a topic that says more: „Stadt“ is not yet „digitale Stadt“."""


class Tier(IntEnum):
    """How well a row answers: as well as the word that it answers least."""

    SIMILAR = 1
    """By a word that looks like the one asked for."""
    MEANING = 2
    """By a topic or a part of a compound."""
    STEM = 3
    PREFIX = 4
    NAMED_PREFIX = 5
    EXACT = 6
    """By the very word, or by belonging to the city that it names."""
    NAMED = 7
    """By what the row is called."""


@dataclass(frozen=True)
class Phrase:
    """A label or synonym of a topic: its stems in order, and those that make it out."""

    code: str
    stems: tuple[str, ...]
    main: frozenset[str]


@dataclass(frozen=True)
class Terms:
    """The phrases of the vocabulary by each of their stems."""

    by_stem: Mapping[str, tuple[Phrase, ...]]

    @classmethod
    def of(cls, labels: Iterable[tuple[str, str]]) -> "Terms":
        """From pairs of a topic's code and one of its labels or synonyms."""
        found: dict[str, dict[Phrase, None]] = {}
        for code, label in labels:
            for phrase in _phrases(code, label):
                for one in phrase.stems:
                    found.setdefault(one, {})[phrase] = None
        return cls({one: tuple(phrases) for one, phrases in found.items()})


def _phrases(code: str, label: str) -> Iterator[Phrase]:
    """The label, and each part of an enumeration such as „Steuern, Gebühren und Beiträge“."""
    listed = folded(label)
    for mark in (",", "/", "(", ")", " und ", " and "):
        listed = listed.replace(mark, "|")
    for text in dict.fromkeys([folded(label), *listed.split("|")]):
        stems = tuple(stem(word) for word in words(text) if word not in STOP)
        main = frozenset(one for one in stems if one not in GENERIC and len(one) > 1)
        if stems and (text == folded(label) or not main <= WEAK):
            yield Phrase(code, stems, frozenset(stems) if main <= WEAK else main)


@dataclass(frozen=True)
class Word:
    """A word that was asked for, and what else answers it."""

    word: str
    stem: str
    parts: tuple[str, ...] = ()
    joined: str = ""
    """The token it is a part of, as one word: `eakte` of „E-Akte“."""
    topics: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """Keys of cities with that name."""
    open: bool = True
    """Whether it may be the beginning of a word."""
    similar: tuple["Word", ...] = ()

    def alternatives(self, tier: Tier) -> Iterator[str]:
        """What answers it at `tier` or better, as operands of a tsquery."""
        begun = self.open and tier <= Tier.PREFIX
        # A row has each word of its name as a plain one too: asked for both, an index would go through both lists.
        if tier is Tier.NAMED:
            yield _quoted(NAME + self.word)
        else:
            yield _quoted(self.word) + (":*" if begun else "")
            yield from (_quoted(PLACE + ags) for ags in self.places)
        if tier is Tier.NAMED_PREFIX and self.open:
            yield f"{_quoted(NAME + self.word)}:*"
        if tier <= Tier.PREFIX and self.joined:
            yield f"{_quoted(self.joined)}:*"
        if tier <= Tier.STEM:
            yield _quoted(STEM + self.stem)
        if tier <= Tier.MEANING:
            yield _quoted(PART + self.stem)
            if self.parts:
                either = (f"({_quoted(STEM + part)} | {_quoted(PART + part)})" for part in self.parts)
                yield f"({' & '.join(either)})"
            yield from (_quoted(TOPIC + code) for code in self.topics)
        if tier <= Tier.SIMILAR:
            for one in self.similar:
                yield from one.alternatives(Tier.MEANING)


@dataclass(frozen=True)
class Asked:
    """A text as it was understood; without words it asks for nothing (`empty`) or for what nobody has."""

    words: tuple[Word, ...]
    empty: bool = False

    def tiers(self) -> list[Tier]:
        """From the best to the least that can differ."""
        return [tier for tier in reversed(Tier) if tier > Tier.SIMILAR or any(word.similar for word in self.words)]

    def tsquery(self, tier: Tier) -> str:
        """What answers every word at `tier` or better, to be cast to tsquery."""
        return " & ".join(f"({' | '.join(dict.fromkeys(word.alternatives(tier)))})" for word in self.words)

    def only(self, tier: Tier) -> str:
        """What answers at just that tier."""
        return (
            self.tsquery(tier) if tier is Tier.NAMED else f"({self.tsquery(tier)}) & !({self.tsquery(Tier(tier + 1))})"
        )

    def alone(self, word: Word) -> str:
        """What answers just this word, by its meaning or better."""
        return replace(self, words=(word,)).tsquery(Tier.MEANING)

    def with_similar(self, found: Mapping[str, Collection[str]], terms: Terms) -> "Asked":
        """With known words in place of those that nobody knows."""
        return replace(
            self,
            words=tuple(
                replace(
                    word,
                    similar=tuple(one for text in found.get(word.word, ()) for one in understood(text, terms).words),
                )
                for word in self.words
            ),
        )

    def at_places(self, found: Mapping[str, Collection[str]]) -> "Asked":
        """With the keys of the cities that its words name."""
        return replace(self, words=tuple(replace(word, places=tuple(found.get(word.word, ()))) for word in self.words))


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def understood(text: str, terms: Terms) -> Asked:
    """Every word of `text` with its alternatives. Nothing of the text can break the query that it becomes."""
    found: list[Word] = []
    for token in TOKEN.findall(text[:LONGEST_TEXT]):
        inside = words(token)
        for word in inside:
            joined = "".join(inside) if len(inside) > 1 else ""
            found.append(Word(word, stem(word), parts(plainly(word)), joined, open=len(word) > 1))
    telling = [word for word in found if word.word not in STOP] or found
    telling = telling[:MOST_WORDS]
    if telling and text[:LONGEST_TEXT].endswith(telling[-1].word[-1:]):
        telling[-1] = replace(telling[-1], open=True)  # who types goes on
    return Asked(_with_topics(telling, terms), empty=not text.strip())


def _with_topics(asked: list[Word], terms: Terms) -> tuple[Word, ...]:
    stems = [word.stem for word in asked]
    means = [frozenset((word.stem, *word.parts)) for word in asked]
    known = frozenset().union(*means)
    topics: list[dict[str, None]] = [{} for _ in asked]
    for phrase in dict.fromkeys(phrase for one in sorted(known) for phrase in terms.by_stem.get(one, ())):
        size = len(phrase.stems)
        spans = [at for at in range(len(stems) - size + 1) if tuple(stems[at : at + size]) == phrase.stems]
        meant = {place for at in spans for place in range(at, at + size)}
        if phrase.main <= known:
            meant |= {place for place, mine in enumerate(means) if mine & phrase.main}
        for place in meant:
            topics[place][phrase.code] = None
    return tuple(replace(word, topics=tuple(sorted(codes))) for word, codes in zip(asked, topics, strict=True))


class Index:
    """Lexemes of rows that are kept in memory; a row is called by its place in the list."""

    def __init__(self, rows: Iterable[Collection[str]]) -> None:
        found: dict[str, set[int]] = {}
        for place, lexemes in enumerate(rows):
            for one in lexemes:
                found.setdefault(one, set()).add(place)
        self._places = {lexeme: frozenset(places) for lexeme, places in found.items()}
        self._sorted = sorted(found)

    def begun(self, start: str) -> frozenset[int]:
        """The rows of which a lexeme begins so."""
        first = bisect_left(self._sorted, start)
        words = takewhile(lambda one: one.startswith(start), islice(self._sorted, first, None))
        return frozenset().union(*(self._places[one] for one in words))

    def tiers(self, asked: Asked) -> dict[int, Tier]:
        """How well each row answers, as the database tells it; without those that do not."""
        found: dict[int, Tier] = {}
        for tier in asked.tiers() if asked.words else ():
            answering = (self._answering(word.alternatives(tier)) for word in asked.words)
            for place in frozenset.intersection(*answering):
                found.setdefault(place, tier)
        return found

    def _answering(self, operands: Iterable[str]) -> frozenset[int]:
        return frozenset().union(*map(self._holding, operands))

    def _holding(self, operand: str) -> frozenset[int]:
        if operand.startswith("("):
            groups = (group.strip("()").split(" | ") for group in operand[1:-1].split(" & "))
            return frozenset.intersection(*map(self._answering, groups))
        if operand.endswith(":*"):
            return self.begun(operand[1:-3])
        return self._places.get(operand[1:-1], frozenset())


def tier_of(asked: Asked, lexemes: Collection[str]) -> Tier | None:
    """How well a row with these lexemes answers; None where it does not."""
    return Index([lexemes]).tiers(asked).get(0)
