"""Who could learn from whom beyond the day: pairs for mentoring, and cities that would do well to work together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.solver.assignment import assign
from services.matching.solver.fits import MOST_NAMED, Fit, Forest, fits
from services.matching.solver.model import CITY, Model, Person

MOST_A_SIDE = 200
"""Mentors, and mentees, among whom pairs are sought; of more, those who can help or be helped with most topics."""

# What a topic counts in a pair, in hundredths, exactly and through the hierarchy: somebody who offers it is readier
# than somebody who works on it and does not seek it.
OFFERED, WORKED_ON = (100, 50), (60, 25)
# What every further topic counts of that, and how many do.
FURTHER, MOST_FURTHER = 0.25, 3
# Coming from another city: two equal topics go there, an exact one at home before a near one elsewhere.
ELSEWHERE = 40

MOST_TOPICS = 5.0
"""Up to so many topics (through the hierarchy: halves) count for a partnership, each way."""
UNKNOWN_SIZE = 0.5


@dataclass(frozen=True, slots=True)
class Help:
    """A topic that the mentee seeks and the mentor `offers`, or else works on without seeking it."""

    fit: Fit
    offers: bool

    @property
    def value(self) -> int:
        """In hundredths."""
        exact, near = OFFERED if self.offers else WORKED_ON
        return near if self.fit.apart else exact


@dataclass(frozen=True, slots=True)
class Mentoring:
    """Somebody who is ahead and somebody who could learn from them; `helps`: on what, the best first."""

    mentor: str
    mentee: str
    helps: tuple[Help, ...]
    elsewhere: bool
    """They come from different cities."""
    weight: int
    """In hundredths: an exact topic that is offered counts 100."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The pairs with the greatest sum of weights, the best first; `whole`: nobody was left out beforehand."""

    pairs: tuple[Mentoring, ...]
    whole: bool


def mentoring(
    model: Model, topic: str | None = None, *, of: Collection[str] | None = None, mentees: int = 2, mentors: int = 1
) -> Pairing:
    """Pairs out of the model's people: each mentors at most so many and has at most so many mentors. No two who are to
    `never` meet (whatever its weight); people of different cities are preferred. With `topic`, only what is sought
    there or below it counts; with `of`, every pair has one of these people.

    Exact up to MOST_A_SIDE on a side. Raises KeyError for a topic that the model does not declare.
    """
    forest = Forest.of(model.topics)
    wanted = {code for code, above in forest.above.items() if topic in above} if topic else set(forest.above)
    if topic and not wanted:
        raise KeyError(topic)
    answers = _answers(forest, wanted, model.people)
    behind, ahead = _sides(model.people, answers, of)
    row = {person.key: number for number, person in enumerate(behind[:MOST_A_SIDE])}
    column = {person.key: number for number, person in enumerate(ahead[:MOST_A_SIDE])}
    weights = np.zeros((len(row), len(column)), dtype=np.int64)
    kept: dict[tuple[int, int], Mentoring] = {}
    never = {frozenset((two.one, two.other)) for two in model.nevers}
    for pair in _candidates(behind[:MOST_A_SIDE], ahead[:MOST_A_SIDE], answers):
        two = frozenset((pair.mentor, pair.mentee))
        if two not in never and (of is None or not two.isdisjoint(of)):
            at = row[pair.mentee], column[pair.mentor]
            weights[at], kept[at] = pair.weight, pair
    chosen = assign(weights, [mentors] * len(row), [mentees] * len(column)) if kept else []
    pairs = sorted((kept[at] for at in chosen), key=lambda p: (-p.weight, p.mentor, p.mentee))
    return Pairing(tuple(pairs), len(behind) == len(row) and len(ahead) == len(column))


Answers = Mapping[str, Mapping[str, Help]]
"""For each sought topic, who could help with it and how."""


def _answers(forest: Forest, wanted: set[str], people: Sequence[Person]) -> Answers:
    sources: dict[tuple[str, bool], list[str]] = {}
    for person in people:
        for code in dict.fromkeys(person.offers):
            sources.setdefault((code, True), []).append(person.key)
        for code in dict.fromkeys(person.works_on):
            if code not in person.seeks:
                sources.setdefault((code, False), []).append(person.key)
    out: dict[str, dict[str, Help]] = {}
    for wish in sorted({code for person in people for code in person.seeks} & wanted):
        near = [
            Help(Fit(apart, wish, code), offers)
            for code, apart in forest.near[wish].items()
            for offers in (True, False)
        ]
        # The worst first: what is better takes its place.
        for one in sorted(near, key=lambda one: (one.value, -one.fit.apart, one.fit.offered)):
            for key in sources.get((one.fit.offered, one.offers), ()):
                out.setdefault(wish, {})[key] = one
    return out


def _sides(people: Sequence[Person], answers: Answers, of: Collection[str] | None) -> tuple[list[Person], list[Person]]:
    """Mentees and mentors: those that it is for, then those who can be helped, or help, with most topics."""
    helps = Counter(key for helping in answers.values() for key in helping)
    helped = {
        person.key: sum(bool(answers.get(wish, {}).keys() - {person.key}) for wish in set(person.seeks))
        for person in people
    }

    def ranked(topics: Mapping[str, int]) -> list[Person]:
        there = [person for person in people if topics.get(person.key)]
        return sorted(there, key=lambda p: (of is not None and p.key not in of, -topics[p.key], p.key))

    return ranked(helped), ranked(helps)


def _candidates(behind: Sequence[Person], ahead: Sequence[Person], answers: Answers) -> Iterator[Mentoring]:
    mentors = {person.key: person for person in ahead}
    for mentee in behind:
        helps: dict[str, list[Help]] = {}
        for wish in set(mentee.seeks) & answers.keys():
            for key in answers[wish].keys() & mentors.keys() - {mentee.key}:
                helps.setdefault(key, []).append(answers[wish][key])
        for key, every in helps.items():
            every.sort(key=lambda one: (-one.value, one.fit))
            elsewhere = mentors[key].kinds[CITY] != mentee.kinds[CITY]
            further = sum(one.value for one in every[1 : 1 + MOST_FURTHER])
            weight = every[0].value + round(FURTHER * further) + ELSEWHERE * elsewhere
            yield Mentoring(key, mentee.key, tuple(every[:MOST_NAMED]), elsewhere, weight)


@dataclass(frozen=True, slots=True)
class City:
    """What a city's people offer and seek together; `population` where it is known."""

    ags: str
    population: int | None
    offers: frozenset[str]
    seeks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Partnership:
    """A city to work with. `gives`: what we offer and they seek; `takes`: the other way round; MOST_NAMED at most, the
    best first. `size`: 1 for as many inhabitants, 0 for ten times as many or few, None where one is unknown.
    """

    other: str
    gives: tuple[Fit, ...]
    takes: tuple[Fit, ...]
    size: float | None
    score: float


def partnerships(
    topics: Iterable[tuple[str, str | None]], cities: Sequence[City], ags: str, most: int = 10
) -> tuple[Partnership, ...]:
    """Whom the city `ags` would do well to work with, the best first, at most `most`.

    Topics count both ways, up to MOST_TOPICS each, and once more as far as they balance: who only takes is no partner.
    A city of like size counts up to half as much again. Cities that have nothing to say to each other are left out.
    Raises KeyError where `ags` is not among the cities.
    """
    forest = Forest.of(topics)
    home = {city.ags: city for city in cities}[ags]
    out = []
    for city in cities:
        if city.ags == ags:
            continue
        gives, takes = fits(forest, home.offers, city.seeks), fits(forest, city.offers, home.seeks)
        give, take = _amount(gives), _amount(takes)
        if give or take:
            size = _likeness(home.population, city.population)
            score = (give + take + min(give, take)) * (1 + (UNKNOWN_SIZE if size is None else size) / 2)
            out.append(Partnership(city.ags, gives[:MOST_NAMED], takes[:MOST_NAMED], size, score))
    out.sort(key=lambda one: (-round(one.score, 6), one.other))
    return tuple(out[:most])


def _amount(found: Sequence[Fit]) -> float:
    return min(MOST_TOPICS, sum(0.5 if fit.apart else 1.0 for fit in found))


def _likeness(one: int | None, other: int | None) -> float | None:
    if not one or not other:
        return None
    return max(0.0, 1.0 - abs(math.log10(one / other)))
