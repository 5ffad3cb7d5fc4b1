"""A second opinion on a plan, in plain Python and sharing no code with the model, the objective or the search.

From the problem it reads only what was put in.
"""

from __future__ import annotations

import math
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
ABSENT = -1


@dataclass(frozen=True, slots=True)
class Violation:
    """A hard rule that a plan breaks. `reason` is a stable code; rounds and tables count from 0; None = not of one.

    `kind` is the city, department, … concerned; `people` are the keys of those concerned.
    """

    reason: str
    message: str
    round: int | None = None
    table: int | None = None
    people: tuple[str, ...] = ()
    kind: str | None = None


def check(
    problem: Problem, plan: Sequence[Sequence[int]] | NDArray[Any], objective: float | None = None
) -> list[Violation]:
    """Every broken hard rule of a plan (R×N, -1 for the absent), empty where there is none; with an `objective`, also
    whether it is the plan's.

    Reasons: "wrong-rounds", "wrong-people", "unknown-table", "not-seated", "absent-seated", "wrong-size", "left-seat",
    "out-of-reach", "unmixed", "never", "must", "repeat", "wrong-objective".
    """
    seats = _lists(plan)
    out: list[Violation] = []
    if len(seats) != problem.rounds:
        return [Violation("wrong-rounds", f"{len(seats)} rounds in place of {problem.rounds}")]
    for r, row in enumerate(seats):
        out += _round_faults(problem, r, row)
    if out and any(one.reason in ("wrong-people", "unknown-table") for one in out):
        return out
    out += _pair_faults(problem, seats)
    if objective is not None:
        found = recount(problem, seats)
        if abs(found - objective) > _TOLERANCE * max(1.0, abs(found)):
            out.append(Violation("wrong-objective", f"the objective is {found}, not {objective}"))
    return out


def recount(problem: Problem, plan: Sequence[Sequence[int]] | NDArray[Any]) -> float:
    """The objective of a plan from its definition: affinity of distinct pairs that met, interest of distinct visits,
    less repeats and what the soft rules take off; each times its weight. Hard rules take nothing off.
    """
    seats = _lists(plan)
    met, visited = _met(seats), {(i, t) for row in seats for i, t in enumerate(row) if t != ABSENT}
    weights = problem.weights
    affinity = sum(float(problem.affinity[pair]) for pair in met)
    topic = sum(float(problem.interest[visit]) for visit in visited)
    total = weights.affinity * affinity + weights.topic * topic
    if weights.repeat != math.inf:
        repeats: float = sum(c * (c - 1) // 2 for c in met.values())
        for (i, j), before in zip(problem.earlier.who.tolist(), problem.earlier.weights.tolist(), strict=True):
            repeats += before * met[min(i, j), max(i, j)]
        total -= weights.repeat * repeats
    for (i, j), weight in zip(problem.must.who.tolist(), problem.must.weights.tolist(), strict=True):
        if weight != math.inf and not met[min(i, j), max(i, j)]:
            total -= weight
    for (i, j), weight in zip(problem.never.who.tolist(), problem.never.weights.tolist(), strict=True):
        if weight != math.inf:
            total -= weight * met[min(i, j), max(i, j)]
    for kinds in problem.kinds:
        if kinds.weight != math.inf:
            total -= kinds.weight * sum(beyond for *_where, beyond in _unmixed(problem, kinds, seats))
    return total


def _met(seats: list[list[int]]) -> Counter[tuple[int, int]]:
    met: Counter[tuple[int, int]] = Counter()
    for row in seats:
        groups: dict[int, list[int]] = {}
        for person, table in enumerate(row):
            if table != ABSENT:
                groups.setdefault(table, []).append(person)
        for group in groups.values():
            met.update(combinations(group, 2))
    return met


def _unmixed(problem: Problem, kinds: Any, seats: list[list[int]]) -> list[tuple[int, int, str, int, int]]:
    """Round, table, kind, people there and how many are beyond the bounds; only where some are."""
    out = []
    of = kinds.of.tolist()
    for r, row in enumerate(seats):
        mixed = Counter((table, of[i]) for i, table in enumerate(row) if table != ABSENT)
        for t in range(len(problem.table_topics)):
            for v, name in enumerate(kinds.names):
                here, low, high = mixed[t, v], int(kinds.low[r, t, v]), int(kinds.high[r, t, v])
                if not low <= here <= high:
                    out.append((r, t, name, here, low - here if here < low else here - high))
    return out


def _round_faults(problem: Problem, r: int, row: list[int]) -> list[Violation]:
    people, tables, keys = len(problem.keys), len(problem.table_topics), problem.keys
    if len(row) != people:
        return [Violation("wrong-people", f"round {r} seats {len(row)} people in place of {people}", r)]
    out: list[Violation] = []
    for i, t in enumerate(row):
        key = (keys[i],)
        if not ABSENT <= t < tables:
            out.append(Violation("unknown-table", f"round {r} seats {keys[i]} at table {t}", r, t, key))
        elif t == ABSENT and problem.present[r, i]:
            out.append(Violation("not-seated", f"round {r} has no seat for {keys[i]}", r, None, key))
        elif t != ABSENT and not problem.present[r, i]:
            out.append(Violation("absent-seated", f"round {r} seats {keys[i]}, who is not there", r, t, key))
        elif t != ABSENT and problem.fixed[r, i] not in (ABSENT, t):
            text = f"{keys[i]} left table {problem.fixed[r, i]} in round {r}"
            out.append(Violation("left-seat", text, r, t, key))
        elif t != ABSENT and problem.fixed[r, i] == ABSENT and not problem.allowed[i, t]:
            out.append(Violation("out-of-reach", f"round {r} seats {keys[i]} at table {t}", r, t, key))
    if any(one.reason == "unknown-table" for one in out):
        return out
    sizes = Counter(row)
    for t in range(tables):
        if not problem.least[r, t] <= sizes[t] <= problem.most[r, t]:
            out.append(Violation("wrong-size", f"round {r} seats {sizes[t]} at table {t}", r, t))
    return out


def _pair_faults(problem: Problem, seats: list[list[int]]) -> list[Violation]:
    out: list[Violation] = []
    met, keys = _met(seats), problem.keys
    for kinds in problem.kinds:
        if kinds.weight == math.inf:
            for r, t, name, here, _beyond in _unmixed(problem, kinds, seats):
                text = f"round {r} seats {here} people of {kinds.name} {name} at table {t}"
                out.append(Violation("unmixed", text, r, t, kind=name))
    for (i, j), weight in zip(problem.never.who.tolist(), problem.never.weights.tolist(), strict=True):
        if weight == math.inf and met[min(i, j), max(i, j)]:
            out.append(Violation("never", f"{keys[i]} and {keys[j]} share a table", people=(keys[i], keys[j])))
    for (i, j), weight in zip(problem.must.who.tolist(), problem.must.weights.tolist(), strict=True):
        if weight == math.inf and not met[min(i, j), max(i, j)]:
            out.append(Violation("must", f"{keys[i]} and {keys[j]} do not meet", people=(keys[i], keys[j])))
    if problem.weights.repeat == math.inf:
        earlier = zip(problem.earlier.who.tolist(), problem.earlier.weights.tolist(), strict=True)
        before = {(min(i, j), max(i, j)) for (i, j), weight in earlier if weight > 0}
        for (i, j), times in sorted(met.items()):
            if times > 1 or (i, j) in before:
                text = f"{keys[i]} and {keys[j]} meet again"
                out.append(Violation("repeat", text, people=(keys[i], keys[j])))
    return out


def _lists(plan: Sequence[Sequence[int]] | NDArray[Any]) -> list[list[int]]:
    return [[int(table) for table in row] for row in (plan.tolist() if isinstance(plan, np.ndarray) else plan)]
