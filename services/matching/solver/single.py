"""One round alone is a problem of its own, the maximally diverse grouping, with a faster search: see `grouping`."""

from __future__ import annotations

import numpy as np

from services.matching.solver.grouping import Grouping
from services.matching.solver.problem import HARD, Floats, Ints, Problem
from services.matching.solver.state import binding

# What a breach of a hard rule costs here, as a multiple of the greatest affinity: enough, and still exact in 32 bits.
_FORBIDDEN = 10_000.0


def fits(problem: Problem) -> bool:
    """Whether it is one round in which nothing but pairs, tables and sizes counts."""
    return problem.rounds == 1 and not any(binding(one).any() for one in problem.kinds)


def grouping(problem: Problem) -> tuple[Grouping, Ints]:
    """The round as a grouping of those who are there, and their numbers among all people."""
    there = np.flatnonzero(problem.present[0]).astype(np.int32)
    w = problem.weights
    weights = problem.affinity * w.affinity
    forbidden = _FORBIDDEN * max(1.0, float(weights.max()))
    again = forbidden if w.repeat == HARD else w.repeat
    _add(weights, problem.earlier.who, -problem.earlier.weights * again)
    _add(weights, problem.must.who, np.minimum(problem.must.weights, forbidden))
    _add(weights, problem.never.who, -np.minimum(problem.never.weights, forbidden))
    fixed = problem.fixed[0, there]
    return Grouping(
        weights=weights[np.ix_(there, there)],
        low=problem.least[0],
        high=problem.most[0],
        gain=problem.interest[there] * w.topic,
        fixed=fixed,
        # A fixed seat is kept whatever can be reached.
        allowed=problem.allowed[there] | (np.arange(problem.tables) == fixed[:, None]),
    ), there


def _add(weights: Floats, who: Ints, values: Floats) -> None:
    one, other = who.T
    np.add.at(weights, (one, other), values)
    np.add.at(weights, (other, one), values)
