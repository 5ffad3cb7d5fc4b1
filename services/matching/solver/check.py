"""A second opinion on a plan, in plain Python and sharing no code with the model, the objective or the search.

From the problem it reads only what was put in: keys, city, affinity, interest, rounds, tables and weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.problem import Problem

# How far apart two sums of the same numbers in another order may lie.
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Violation:
    """A hard rule that a plan breaks. `reason` is a stable code; rounds and tables count from 0; None = not of one."""

    reason: str
    message: str
    round: int | None = None
    table: int | None = None
    person: str | None = None
    city: str | None = None


def check(
    problem: Problem, plan: Sequence[Sequence[int]] | NDArray[Any], objective: float | None = None
) -> list[Violation]:
    """Every broken rule of a plan (R×N), empty where there is none; with an `objective`, also whether it is the plan's.

    Reasons: "wrong-rounds", "wrong-people", "unknown-table", "wrong-size", "unmixed-cities", "wrong-objective".
    """
    seats = _lists(plan)
    out: list[Violation] = []
    if len(seats) != problem.rounds:
        out.append(Violation("wrong-rounds", f"{len(seats)} rounds in place of {problem.rounds}"))
    for r, row in enumerate(seats):
        out += _round_faults(problem, r, row)
    if objective is not None and not out:
        found = recount(problem, seats)
        if abs(found - objective) > _TOLERANCE * max(1.0, abs(found)):
            out.append(Violation("wrong-objective", f"the objective is {found}, not {objective}"))
    return out


def recount(problem: Problem, plan: Sequence[Sequence[int]] | NDArray[Any]) -> float:
    """The objective of a plan that seats everybody, from its definition: affinity of distinct pairs that met, interest
    of distinct visits, c*(c-1)/2 for each pair that met c times; each times its weight.
    """
    met: Counter[tuple[int, int]] = Counter()
    visited: set[tuple[int, int]] = set()
    for row in _lists(plan):
        groups: dict[int, list[int]] = {}
        for person, table in enumerate(row):
            groups.setdefault(table, []).append(person)
            visited.add((person, table))
        for group in groups.values():
            met.update(combinations(group, 2))
    affinity = sum(float(problem.affinity[pair]) for pair in met)
    topic = sum(float(problem.interest[visit]) for visit in visited)
    repeats = sum(c * (c - 1) // 2 for c in met.values())
    weights = problem.weights
    return weights.affinity * affinity + weights.topic * topic - weights.repeat * repeats


def _round_faults(problem: Problem, r: int, row: list[int]) -> list[Violation]:
    people, tables = len(problem.keys), len(problem.table_topics)
    if len(row) != people:
        return [Violation("wrong-people", f"round {r} seats {len(row)} people in place of {people}", r)]
    lost = [
        Violation("unknown-table", f"round {r} seats {problem.keys[i]} at table {t}", r, t, problem.keys[i])
        for i, t in enumerate(row)
        if not 0 <= t < tables
    ]
    if lost:
        return lost
    out: list[Violation] = []
    total: Counter[int] = Counter(problem.city.tolist())
    sizes = Counter(row)
    mixed = Counter(zip(problem.city.tolist(), row, strict=True))
    for t in range(tables):
        if not people // tables <= sizes[t] <= (people + tables - 1) // tables:
            out.append(Violation("wrong-size", f"round {r} seats {sizes[t]} at table {t}", r, t))
        for c, residents in total.items():
            here = mixed[c, t]
            if not residents // tables <= here <= (residents + tables - 1) // tables:
                name = problem.cities[c]
                text = f"round {r} seats {here} of {residents} people from {name} at table {t}"
                out.append(Violation("unmixed-cities", text, r, t, city=name))
    return out


def _lists(plan: Sequence[Sequence[int]] | NDArray[Any]) -> list[list[int]]:
    return [[int(table) for table in row] for row in (plan.tolist() if isinstance(plan, np.ndarray) else plan)]
