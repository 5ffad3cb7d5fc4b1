"""What a plan gives up for what it gets: who is worst off, which cities met, whose meetings repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.objective import meetings, visited
from services.matching.solver.problem import Floats, Ints, Pairs, Problem

MOST_SHARES = 10
"""People that are named one by one as the worst-off."""
MOST_REPEATS = MOST_UNMET = 200
MOST_CONTACTS = 500
INTEREST = 0.5
"""What interest in a table counts beside the affinity of two people, when what people get is summed up."""


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

    `points`: the affinity of the people met and INTEREST in the tables visited, by person. `worst`: who got least, the
    worst-off first. `contacts`: most pairs first, then by name. `repeats`: the most frequent first. `unmet`: who were
    to meet and do not, those first whose wish weighs most. Each of these lists ends at its MOST_….

    `pairs`: different pairs of people that met; `pairs_of_cities`: of these, those from different cities.
    `fewest_cities`: at any table where somebody sits.
    """

    points: tuple[float, ...]
    worst: tuple[Share, ...]
    contacts: tuple[Contact, ...]
    repeats: tuple[Repeat, ...]
    unmet: tuple[tuple[str, str], ...]
    pairs: int
    pairs_of_cities: int
    fewest_cities: int


def account(problem: Problem, plan: Ints, cities: Sequence[str], earlier: Pairs) -> Account:
    """The trade-offs of a plan (R×N) of people from these cities (N), whether tables mix them or not. `earlier`: who
    met before, whatever that counts.
    """
    met = meetings(problem, plan)
    names = sorted(set(cities))
    city = np.array([names.index(one) for one in cities], dtype=np.int32)
    shares = _shares(problem, plan, met, city, earlier)
    worst = sorted(shares, key=lambda one: (one.affinity, one.interest, one.met, one.key))
    contacts = _contacts(met, city)
    return Account(
        points=tuple(round(one.affinity + INTEREST * one.interest, 3) for one in shares),
        worst=tuple(worst[:MOST_SHARES]),
        contacts=tuple(Contact(names[i], names[k], count) for (i, k), count in contacts[:MOST_CONTACTS]),
        repeats=_repeats(problem, met, earlier),
        unmet=_unmet(problem, met),
        pairs=sum(count for _pair, count in contacts),
        pairs_of_cities=sum(count for (i, k), count in contacts if i != k),
        fewest_cities=min(
            (len(np.unique(city[row == table])) for row in plan for table in np.unique(row[row >= 0])), default=0
        ),
    )


def reached(value: float, random: float, bound: float) -> float:
    """How far a plan came on the way from chance (0) to the bound (1); 1 where there is no way."""
    return (value - random) / (bound - random) if bound > random else 1.0


def _shares(problem: Problem, plan: Ints, met: NDArray[np.uint8], city: Ints, earlier: Pairs) -> list[Share]:
    affinity: Floats = np.where(met > 0, problem.affinity, 0.0).sum(axis=1)
    interest: Floats = np.where(visited(problem, plan), problem.interest, 0.0).sum(axis=1)
    before = np.zeros(met.shape, dtype=bool)
    before[tuple(earlier.who.T)] = True
    before |= before.T
    again = np.where(before, met, np.maximum(met.astype(np.int64) - 1, 0)).sum(axis=1)
    return [
        Share(
            key,
            float(affinity[i]),
            float(interest[i]),
            int((met[i] > 0).sum()),
            len(set(city[met[i] > 0].tolist()) - {int(city[i])}),
            int(again[i]),
        )
        for i, key in enumerate(problem.keys)
    ]


def _contacts(met: NDArray[np.uint8], city: Ints) -> list[tuple[tuple[int, int], int]]:
    """By numbers of two cities, the lower first: the pairs of people that met."""
    one, other = np.nonzero(np.triu(met > 0))
    pairs = Counter(
        zip(np.minimum(city[one], city[other]).tolist(), np.maximum(city[one], city[other]).tolist(), strict=True)
    )
    return sorted(pairs.items(), key=lambda item: (-item[1], item[0]))


def _repeats(problem: Problem, met: NDArray[np.uint8], earlier: Pairs) -> tuple[Repeat, ...]:
    before = {
        (min(i, k), max(i, k)): weight
        for (i, k), weight in zip(earlier.who.tolist(), earlier.weights.tolist(), strict=True)
    }
    again = {tuple(pair) for pair in np.argwhere(np.triu(met > 1)).tolist()} | {p for p in before if met[p] > 0}
    found = [
        Repeat(problem.keys[i], problem.keys[k], int(met[i, k]), before.get((i, k), 0.0)) for i, k in sorted(again)
    ]
    found.sort(key=lambda one: (-one.times - one.earlier, one.one, one.other))
    return tuple(found[:MOST_REPEATS])


def _unmet(problem: Problem, met: NDArray[np.uint8]) -> tuple[tuple[str, str], ...]:
    rules = zip(problem.must.who.tolist(), problem.must.weights.tolist(), strict=True)
    missed = [(-weight, problem.keys[i], problem.keys[k]) for (i, k), weight in rules if not met[i, k]]
    return tuple((one, other) for _weight, one, other in sorted(missed)[:MOST_UNMET])
