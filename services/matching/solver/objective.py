"""What a plan is worth, and the other figures by which plans are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.problem import HARD, Flags, Ints, Kinds, Problem


@dataclass(frozen=True, slots=True)
class Worth:
    """The objective and its parts.

    `objective`: affinity weight * `affinity` + topic weight * `topic` - repeat weight * `repeats` - `penalties`.
    A rule that is HARD takes nothing off; its breaches are counted in `broken`, which is 0 for a plan that can be used.

    `affinity`: sum over distinct pairs that met. `topic`: interest summed over distinct (person, table) visits.
    `repeats`: sum of c*(c-1)/2 over pairs that met c times, earlier meetings counted as `Problem.earlier` says.
    `penalties`: weighted breaches of the soft rules. `repeated_meetings`: meetings beyond a pair's first.
    `least`: the smallest sum of affinities that any person got.
    """

    objective: float
    affinity: float
    topic: float
    repeats: float
    penalties: float
    broken: int
    repeated_meetings: int
    least: float


def worth(problem: Problem, plan: Ints) -> Worth:
    """Every figure of a plan (R×N)."""
    met = meetings(problem, plan)
    gained = np.where(met > 0, problem.affinity, 0.0).sum(axis=1)
    affinity = float(gained.sum()) / 2
    topic = float(problem.interest[visited(problem, plan)].sum())
    # How many pairs (each counted from both sides) met c times.
    times = np.bincount(met.ravel(), minlength=problem.rounds + 1)
    c = np.arange(len(times))
    repeats: float = int((times * (c * (c - 1) // 2)).sum()) // 2
    again = int((times * np.maximum(c - 1, 0)).sum()) // 2
    of_pair = met[tuple(problem.earlier.who.T)]
    repeats += float((of_pair * problem.earlier.weights).sum())
    penalties, broken = _penalties(problem, plan, met)
    w = problem.weights
    total = w.affinity * affinity + w.topic * topic - penalties
    if w.repeat == HARD:
        broken += math.ceil(repeats)
    else:
        total -= w.repeat * repeats
    return Worth(total, affinity, topic, repeats, penalties, broken, again, float(gained.min()))


def _penalties(problem: Problem, plan: Ints, met: NDArray[np.uint8]) -> tuple[float, int]:
    """What soft rules take off, and how often hard ones are broken."""
    soft, broken = 0.0, 0
    must = (met[tuple(problem.must.who.T)] == 0).astype(np.int64)
    never = met[tuple(problem.never.who.T)].astype(np.int64)
    for amounts, weights in ((must, problem.must.weights), (never, problem.never.weights)):
        hard = weights == HARD
        broken += int(amounts[hard].sum())
        soft += float((amounts[~hard] * weights[~hard]).sum())
    for kinds in problem.kinds:
        beyond = surplus(problem, kinds, plan)
        if kinds.weight == HARD:
            broken += beyond
        else:
            soft += kinds.weight * beyond
    return soft, broken


def surplus(problem: Problem, kinds: Kinds, plan: Ints) -> int:
    """How many people sit, or are missing, beyond what this mixing allows."""
    count = counts(problem, kinds, plan)
    return int((np.maximum(kinds.low - count, 0) + np.maximum(count - kinds.high, 0)).sum())


def counts(problem: Problem, kinds: Kinds, plan: NDArray[Any]) -> Ints:
    """People of each kind at each table (R×G×V)."""
    out = np.zeros((problem.rounds, problem.tables, len(kinds.names)), dtype=np.int32)
    for r, seats in enumerate(plan):
        there = np.flatnonzero((seats >= 0) & (kinds.of >= 0))
        np.add.at(out[r], (seats[there], kinds.of[there]), 1)
    return out


def meetings(problem: Problem, plan: Ints) -> NDArray[np.uint8]:
    """How often each two people share a table (N×N, zero diagonal)."""
    met = np.zeros((problem.people, problem.people), dtype=np.uint8)
    for seats in plan:
        for table in range(problem.tables):
            group = np.flatnonzero(seats == table)
            met[np.ix_(group, group)] += 1
    np.fill_diagonal(met, 0)
    return met


def visited(problem: Problem, plan: Ints) -> Flags:
    """Who sits at which table in any round (N×G)."""
    out = np.zeros((problem.people, problem.tables), dtype=np.bool_)
    for seats in plan:
        there = np.flatnonzero(seats >= 0)
        out[there, seats[there]] = True
    return out


def city_counts(problem: Problem, plan: NDArray[Any]) -> list[list[dict[str, int]]]:
    """People per city at each table of each round (R lists of G dicts, cities without people there left out)."""
    city = next((kinds for kinds in problem.kinds if kinds.name == "city"), None)
    if city is None:
        return [[{} for _ in range(problem.tables)] for _ in range(problem.rounds)]
    named = sorted((name, v) for v, name in enumerate(city.names))
    return [
        [{name: int(table[v]) for name, v in named if table[v]} for table in tables]
        for tables in counts(problem, city, plan)
    ]
