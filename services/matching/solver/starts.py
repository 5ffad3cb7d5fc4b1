"""From which plan a search sets out: one in which nobody meets twice, where that is asked for and hard to find."""

from __future__ import annotations

from random import Random

import numpy as np

from services.matching.solver.bounds import repeats_bound
from services.matching.solver.designs import conflict_free
from services.matching.solver.problem import HARD, Ints, Kinds, Problem, even_kinds, even_sizes

# A search finds rounds without repeats by itself while people meet less than this part of all others.
TIGHT = 0.35
# A repeat must cost more than so many of the best meetings for a plan without any to be what is wanted.
DEAR = 1.5


def design(problem: Problem, seed: int) -> Ints | None:
    """A plan (R×N) without any repeat, its places given out by chance; None where it is not wanted, or none is known.

    It keeps the tables' sizes, and the mixing of the first kinds where that is a hard rule and the catalogue can.
    """
    if not _wanted(problem) or not _plain(problem):
        return None
    people, tables, rounds = problem.people, problem.tables, problem.rounds
    even = next((one for one in problem.kinds if one.weight == HARD and _even(problem, one)), None)
    rnd = Random(seed)
    order = np.argsort([rnd.random() for _ in range(people)]).astype(np.int32)
    if even is not None:
        # People of no kind are each a kind of their own.
        of = np.where(even.of < 0, len(even.names) + np.arange(people), even.of)
        found = conflict_free(people, tables, rounds, of[order])
    else:
        found = None
    if found is None:
        found = conflict_free(people, tables, rounds)
    if found is None:
        return None
    plan = np.empty_like(found)
    plan[:, order] = found
    return plan


def _wanted(problem: Problem) -> bool:
    met = problem.rounds * (problem.people / problem.tables - 1)
    if met < TIGHT * (problem.people - 1) or repeats_bound(problem) > 0:
        return False
    best = float(problem.affinity.max()) * problem.weights.affinity
    return problem.weights.repeat > DEAR * best


def _plain(problem: Problem) -> bool:
    """Whether everybody is always there and free to sit anywhere, at tables of even sizes."""
    free = bool(problem.present.all() and problem.allowed.all() and (problem.fixed < 0).all())
    least, most = even_sizes(problem.present, problem.tables)
    return free and bool((problem.least <= least).all() and (problem.most >= most).all())


def _even(problem: Problem, kinds: Kinds) -> bool:
    low, high = even_kinds(kinds.of, len(kinds.names), problem.present, problem.most)
    return bool((kinds.low == low).all() and (kinds.high == high).all())
