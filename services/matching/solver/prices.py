"""What a pair is worth for each number of its meetings, in the kernel's whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.matching.solver import board as boards
from services.matching.solver import problem as given
from services.matching.solver.board import Array
from services.matching.solver.problem import Floats, Problem

# One of the objective in the kernel's whole numbers: finer than any weight one would tell apart, and coarse enough for
# a million breaches of hard rules to stay below 2**63.
UNIT = 1 << 16
HARD_UNITS = boards.HARD / UNIT


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What there is to a pair, for each of L different sorts of pairs: `affinity` and `earlier` meetings in the
    problem's terms, `must` and `never` in the kernel's whole numbers.
    """

    affinity: Floats
    must: Array
    never: Array
    earlier: Floats


def whole(weight: float) -> int:
    return boards.HARD if weight == given.HARD else round(weight * UNIT)


def levels_of(problem: Problem) -> tuple[Array, Levels]:
    """The level of each pair (N×N) and what each stands for."""
    most = 65535 // (problem.rounds + 2)
    special: dict[tuple[int, int], list[float]] = {}
    for place, pairs in enumerate((problem.must, problem.never, problem.earlier)):
        for (i, j), weight in zip(pairs.who.tolist(), pairs.weights.tolist(), strict=True):
            rule = special.setdefault((min(i, j), max(i, j)), [0.0, 0.0, 0.0])
            # Earlier meetings in eighths where there are many: more would not fit beside the affinities.
            rule[place] += weight if place < 2 or len(problem.earlier.who) < 100 else round(weight * 8) / 8
    values = np.unique(problem.affinity)
    room = max(2, most - min(len(special), most // 2))
    if len(values) > room:
        # Too many different affinities for a code: round them to a grid, for the search alone; 0 stays 0.
        step = float(values[-1]) / (room - 1)
        level = np.rint(problem.affinity / step).astype(np.uint16)
        values = np.arange(room, dtype=np.float64) * step
    else:
        level = np.searchsorted(values, problem.affinity).astype(np.uint16)
    found: dict[tuple[int, float, float, float], int] = {}
    for (i, j), (must, never, earlier) in special.items():
        sort = (int(level[i, j]), must, never, earlier)
        if sort not in found and len(values) + len(found) >= most:
            sort = min(found, key=lambda one: (one[1:3] != (must, never), abs(one[3] - earlier), one))
        level[i, j] = level[j, i] = len(values) + found.setdefault(sort, len(found))
    sorts = list(found)
    none = np.zeros(len(values), dtype=np.int64)
    return level, Levels(
        affinity=np.append(values, [values[one[0]] for one in sorts]),
        must=np.append(none, np.array([whole(one[1]) for one in sorts], dtype=np.int64)),
        never=np.append(none, np.array([whole(one[2]) for one in sorts], dtype=np.int64)),
        earlier=np.append(np.zeros(len(values)), [one[3] for one in sorts]),
    )


def steps(problem: Problem, levels: Levels, part: float) -> tuple[Array, Array]:
    """`add` and `drop` for 0 to R meetings, a repeat counting at that part of its weight.

    c meetings are worth: affinity and must once, less the repeat's weight * (c*(c-1)/2 + earlier*c), less never*c.
    """
    gains = np.rint(levels.affinity * (problem.weights.affinity * UNIT)).astype(np.int64) + levels.must
    price = _repeat(problem, part)
    met = np.arange(problem.rounds + 1)[:, None]
    again = np.rint(price * levels.earlier).astype(np.int64) if price < boards.HARD else _again(levels.earlier)
    add = np.where(met == 0, gains, 0) - met * price - again - levels.never
    drop = np.vstack([np.zeros_like(add[:1]), add[:-1]])
    return add.ravel().astype(np.int64), drop.ravel().astype(np.int64)


def _again(earlier: Floats) -> Array:
    """A hard rule knows no halves: who met before may not meet again."""
    return np.where(earlier > 0, np.maximum(np.rint(earlier), 1) * boards.HARD, 0).astype(np.int64)


def _repeat(problem: Problem, part: float) -> int:
    """What a repeat costs at that part of its weight; a hard one is, until it counts in full, like a weight of ten
    times the greatest affinity.
    """
    if problem.weights.repeat < given.HARD:
        return round(problem.weights.repeat * part * UNIT)
    if part >= 1.0:
        return boards.HARD
    return round(10 * max(1.0, float(problem.affinity.max()) * problem.weights.affinity) * part * UNIT)
