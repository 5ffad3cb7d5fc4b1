"""Feasible plans without any search."""

from __future__ import annotations

from random import Random

import numpy as np

from services.matching.solver.objective import worth
from services.matching.solver.problem import Ints, Problem


def random_plan(problem: Problem, seed: int) -> Ints:
    """A plan (R×N) that keeps every hard rule and is random otherwise: the start, and what a result is compared with.

    In each round the cities are dealt one after another around the tables, everyone in a city in random order. Whoever
    is dealt in one run around G tables gets floor or ceil of its length onto each: so both for cities and for sizes.
    """
    # Only Random.random() is promised to give the same numbers in every Python version; so sort by it.
    rnd = Random(seed)
    by_city: list[list[int]] = [[] for _ in problem.cities]
    for person, city in enumerate(problem.city.tolist()):
        by_city[city].append(person)
    plan = np.empty((problem.rounds, problem.people), dtype=np.int32)
    for r in range(problem.rounds):
        tables = sorted(range(problem.tables), key=lambda _: rnd.random())
        dealt = 0
        for people in sorted(by_city, key=lambda _: rnd.random()):
            for person in sorted(people, key=lambda _: rnd.random()):
                plan[r, person] = tables[dealt % problem.tables]
                dealt += 1
    return plan


def by_chance(problem: Problem, seed: int, plans: int = 20) -> tuple[float, float]:
    """The mean objective and the mean repeats (as in `Worth.repeats`) of that many random plans."""
    found = [worth(problem, random_plan(problem, seed * 1_000_003 + k)) for k in range(plans)]
    return sum(w.objective for w in found) / plans, sum(w.repeats for w in found) / plans
