"""How hot a search begins, how it cools, and how often."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.matching.solver.board import Array
from services.matching.solver.prices import UNIT
from services.matching.solver.problem import HARD, Problem
from services.matching.solver.state import State
from services.matching.solver.stop import Moment, Stop

# For up to so many seats (people times rounds): which share of the worsening exchanges at a local optimum is accepted
# when it is hottest, and how much colder the end is; measured on instances of 7 to 1600 people.
HEATS = ((60, 0.3, 30.0), (math.inf, 0.02, 7.0))
# When a repeat has its full weight, as part of a cooling.
FULL = 0.9
# In so many steps.
SOFT_STEPS = 16
# Where a budget allows for more than one cooling: their greatest number, and for S seats (people times rounds) the
# proposals (or draws) of one as a multiple of S**3. Small instances profit from several, each from another start; in
# larger ones a single slow one is better.
MOST_COOLINGS = 16
ENOUGH = 1

# Proposals of the first descent, times the size of a group: about half a second at most.
DESCENT = 4_000_000

_PROBES = 1000


@dataclass(frozen=True, slots=True)
class Heat:
    """The hottest temperature in the kernel's units, how much colder the end is, and the part of its weight that a
    repeat counts at the start.
    """

    temperature: float
    cooling: float
    soft: float


def hottest(problem: Problem, state: State) -> Heat:
    """The hottest temperature by what is lost around a local optimum, which is sought first (and may be kept).

    A repeat counts, to begin with, like the third part of the greatest affinity.
    """
    hot, cooling = next((hot, cooling) for seats, hot, cooling in HEATS if problem.open.sum() <= seats)
    weights = problem.weights
    third = float(problem.affinity.max()) * weights.affinity / 3
    soft = 1.0
    if weights.repeat == HARD:
        soft = 1 / 30
    elif 0 < third < weights.repeat:
        soft = rounded(third / weights.repeat)
    state.soften(soft)
    state.run(0, min(50 * problem.people * problem.rounds, DESCENT // max(1, int(problem.most.max()))))
    probe: Array = np.empty(_PROBES, dtype=np.int64)
    seen = state.run(0, 50 * _PROBES, probe)
    losses = [-float(gain) / UNIT for gain in probe[:seen] if gain < 0]
    if not losses:
        return Heat(1.0, cooling, soft)
    low, high = 0.0, max(losses) * 100
    for _ in range(40):
        middle = (low + high) / 2
        share = sum(math.exp(-loss / middle) for loss in losses) / len(losses)
        low, high = (middle, high) if share < hot else (low, middle)
    return Heat(rounded(high) * UNIT, cooling, soft)


def turns(stop: Stop, state: State, began: float, enough: int, clock: Callable[[], float]) -> int:
    """How many coolings, of `enough` proposals each, the budget is divided into. Where it is counted, the clock has no
    say.
    """
    budget: float | None = stop.left(Moment(0, 0, -math.inf, 0.0))
    if budget is None:
        started = clock()
        part = stop.part(Moment(0, 0, -math.inf, started - began))
        if not part:
            return 1
        state.run(0, _PROBES)
        budget = _PROBES / (clock() - started) * (started - began) / part
    return int(min(max(budget // enough, 1), MOST_COOLINGS))


def looks(problem: Problem, stop: Stop, *, drawing: bool) -> int:
    """Proposals between two looks at the stop: some milliseconds' worth, and 800 looks in a counted budget."""
    most = max(200, min(10_000, 100_000 // max(1, int(problem.most.max()))))
    if drawing:
        most = max(50, min(5_000, 400_000 // problem.people))
    budget = stop.left(Moment(0, 0, -math.inf, 0.0))
    return most if budget is None else max(50, min(most, budget // 800))


def rounded(value: float) -> float:
    """Six digits: what exp and powers give beyond them differs between machines."""
    return float(f"{value:.6g}")
