"""What a plan gives up for what it gets: who is worst off, which cities met, whose meetings repeat; two plans compared.

A second opinion is the same problem with other weights: its plan stands beside the first, and people choose.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.model import CITY
from services.matching.solver.objective import city_counts, meetings, visited, worth
from services.matching.solver.problem import HARD, MOST_WEIGHT, Ints, Problem, Weights
from services.matching.solver.result import Result

MOST_SHARES = 10
"""People that are named one by one: the worst-off, those who gain and those who lose most."""
MOST_REPEATS = MOST_UNMET = 200
MOST_CONTACTS = 500


@dataclass(frozen=True, slots=True)
class Share:
    """What a plan gives one person.

    `affinity` of the people met, `interest` in the tables visited, `met` different people, `cities` other cities they
    come from, `again`: meetings with somebody met before, on the day or earlier.
    """

    key: str
    affinity: float
    interest: float
    met: int
    cities: int
    again: int


@dataclass(frozen=True, slots=True)
class Contact:
    """How many different pairs of people of two cities met; within one city, `one` is `other`."""

    one: str
    other: str
    pairs: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Two people who met `times` on the day although once is enough, or `earlier` already (with its decay)."""

    one: str
    other: str
    times: int
    earlier: float


@dataclass(frozen=True, slots=True)
class Account:
    """What a plan gives to whom.

    `objective` beside that of `random` plans and the `bound` that none can exceed. `worst`: who got least, the
    worst-off first. `contacts`: most pairs first, then by name; empty where cities are not mixed. `repeats`: the most
    frequent first. `unmet`: who were to meet and do not, those first whose wish weighs most. Each list ends at its
    MOST_….
    """

    objective: float
    random: float
    bound: float
    worst: tuple[Share, ...]
    contacts: tuple[Contact, ...]
    repeats: tuple[Repeat, ...]
    unmet: tuple[tuple[str, str], ...]

    @property
    def reached(self) -> float:
        """How far the plan came on the way from chance (0) to the bound (1); 1 where there is no way."""
        return (self.objective - self.random) / (self.bound - self.random) if self.bound > self.random else 1.0


def account(problem: Problem, result: Result) -> Account:
    """The trade-offs of what a search found."""
    met = meetings(problem, result.plan)
    shares = _shares(problem, result.plan, met)
    worst = sorted(shares, key=lambda one: (one.affinity, one.interest, one.met, one.key))
    return Account(
        result.objective,
        result.random_objective,
        result.upper_bound,
        tuple(worst[:MOST_SHARES]),
        _contacts(problem, met),
        _repeats(problem, met),
        _unmet(problem, met),
    )


class Figure(enum.StrEnum):
    """What plans are compared by."""

    OBJECTIVE = "objective"
    AFFINITY = "affinity"
    TOPIC = "topic"
    REPEATS = "repeats"
    PENALTIES = "penalties"
    BROKEN = "broken"
    REPEATED_MEETINGS = "repeated_meetings"
    LEAST = "least"
    PAIRS = "pairs"
    """Different pairs of people that met."""
    PAIRS_OF_CITIES = "pairs_of_cities"
    """Of these, pairs whose people come from different cities."""
    FEWEST_CITIES = "fewest_cities"
    """The fewest cities at any table."""

    @property
    def fewer_is_better(self) -> bool:
        """Whether the smaller of two values is the better one."""
        return self in {Figure.REPEATS, Figure.PENALTIES, Figure.BROKEN, Figure.REPEATED_MEETINGS}


@dataclass(frozen=True, slots=True)
class Change:
    """What one person has in the first plan and in the second."""

    one: Share
    other: Share

    @property
    def gain(self) -> float:
        """Affinity and half the interest that the second plan gives more."""
        return self.other.affinity - self.one.affinity + (self.other.interest - self.one.interest) / 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """`figures`: the value of each in the first plan and in the second. `gain` and `lose`: who has most more or less
    in the second, MOST_SHARES each; who has neither stands in none.
    """

    figures: dict[Figure, tuple[float, float]]
    gain: tuple[Change, ...]
    lose: tuple[Change, ...]

    def better(self, figure: Figure) -> int:
        """1 where the second plan is better, -1 where the first is, 0 where they are equal to nine digits."""
        one, other = (float(f"{value:.9g}") for value in self.figures[figure])
        sign = (other > one) - (other < one)
        return -sign if figure.fewer_is_better else sign


def compare(problem: Problem, one: Ints, other: Ints) -> Comparison:
    """Two plans (R×N) of the same people at the same tables, both valued with the weights of `problem`."""
    first, second = _figures(problem, one), _figures(problem, other)
    changes = [
        Change(a, b)
        for a, b in zip(
            _shares(problem, one, meetings(problem, one)),
            _shares(problem, other, meetings(problem, other)),
            strict=True,
        )
    ]
    ranked = sorted(changes, key=lambda change: (-round(change.gain, 9), change.one.key))
    gain = [change for change in ranked if change.gain > 1e-9]
    lose = [change for change in ranked[::-1] if change.gain < -1e-9]
    return Comparison(
        {figure: (first[figure], second[figure]) for figure in Figure},
        tuple(gain[:MOST_SHARES]),
        tuple(lose[:MOST_SHARES]),
    )


class Wish(enum.Enum):
    """What a second plan shall have more of."""

    NEW_MEETINGS = "new-meetings"
    COMMON_TOPICS = "common-topics"
    TABLE_TOPICS = "table-topics"


def second_opinion(problem: Problem, wish: Wish) -> Problem:
    """The same people and rules with other weights, to be solved with the same budget as the first.

    NEW_MEETINGS: a repeat costs four times as much, one with somebody met before the day as well. COMMON_TOPICS: it
    costs a tenth, so that good meetings are no longer given up for it; a repeat that was forbidden stays so.
    TABLE_TOPICS: the interest in a table counts four times. Where the first plan has as few repeats as there can be,
    NEW_MEETINGS has nothing left to gain.
    """
    return replace(problem, weights=replace(problem.weights, **_changed(problem.weights, wish)))


def _changed(weights: Weights, wish: Wish) -> dict[str, float]:
    if wish is Wish.TABLE_TOPICS:
        return {"topic": min(MOST_WEIGHT, 4 * max(weights.topic, 0.25))}
    if weights.repeat == HARD:
        return {"affinity": min(MOST_WEIGHT, 2 * weights.affinity)} if wish is Wish.COMMON_TOPICS else {}
    dear = min(MOST_WEIGHT, 4 * max(weights.repeat, 1.0))
    return {"repeat": dear if wish is Wish.NEW_MEETINGS else weights.repeat / 10}


def _figures(problem: Problem, plan: Ints) -> dict[Figure, float]:
    value = worth(problem, plan)
    met = np.triu(meetings(problem, plan) > 0)
    city = _city(problem)
    tables = [len(table) for row in city_counts(problem, plan) for table in row if table]
    return {
        **{figure: float(getattr(value, figure)) for figure in Figure if hasattr(value, figure)},
        Figure.PAIRS: float(met.sum()),
        Figure.PAIRS_OF_CITIES: float((met & (city[:, None] != city)).sum()),
        Figure.FEWEST_CITIES: float(min(tables, default=0)),
    }


def _city(problem: Problem) -> Ints:
    """The number of everybody's city (N), -1 for all where cities are not mixed: the problem does not know them."""
    found = next((kinds.of for kinds in problem.kinds if kinds.name == CITY), None)
    return np.full(problem.people, -1, dtype=np.int32) if found is None else found


def _shares(problem: Problem, plan: Ints, met: NDArray[Any]) -> list[Share]:
    affinity = np.where(met > 0, problem.affinity, 0.0).sum(axis=1)
    interest = np.where(visited(problem, plan), problem.interest, 0.0).sum(axis=1)
    earlier = np.zeros(met.shape, dtype=bool)
    earlier[tuple(problem.earlier.who.T)] = True
    earlier |= earlier.T
    again = np.where(earlier, met, np.maximum(met.astype(np.int64) - 1, 0)).sum(axis=1)
    city = _city(problem)
    return [
        Share(
            key,
            float(affinity[i]),
            float(interest[i]),
            int((met[i] > 0).sum()),
            len(set(city[met[i] > 0].tolist()) - {int(city[i]), -1}),
            int(again[i]),
        )
        for i, key in enumerate(problem.keys)
    ]


def _contacts(problem: Problem, met: NDArray[Any]) -> tuple[Contact, ...]:
    names = next((kinds.names for kinds in problem.kinds if kinds.name == CITY), ())
    city = _city(problem)
    pairs: Counter[tuple[str, str]] = Counter()
    for i, k in np.argwhere(np.triu(met > 0)).tolist():
        if city[i] >= 0 and city[k] >= 0:
            one, other = sorted((names[city[i]], names[city[k]]))
            pairs[one, other] += 1
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Contact(one, other, count) for (one, other), count in ranked[:MOST_CONTACTS])


def _repeats(problem: Problem, met: NDArray[Any]) -> tuple[Repeat, ...]:
    earlier = {
        (min(i, k), max(i, k)): weight
        for (i, k), weight in zip(problem.earlier.who.tolist(), problem.earlier.weights.tolist(), strict=True)
    }
    again = {tuple(pair) for pair in np.argwhere(np.triu(met > 1)).tolist()} | {p for p in earlier if met[p] > 0}
    found = [
        Repeat(problem.keys[i], problem.keys[k], int(met[i, k]), earlier.get((i, k), 0.0)) for i, k in sorted(again)
    ]
    found.sort(key=lambda one: (-one.times - one.earlier, one.one, one.other))
    return tuple(found[:MOST_REPEATS])


def _unmet(problem: Problem, met: NDArray[Any]) -> tuple[tuple[str, str], ...]:
    rules = zip(problem.must.who.tolist(), problem.must.weights.tolist(), strict=True)
    missed = [(-weight, problem.keys[i], problem.keys[k]) for (i, k), weight in rules if not met[i, k]]
    return tuple((one, other) for _weight, one, other in sorted(missed)[:MOST_UNMET])
