"""What a plan is worth, and the other figures by which plans are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.problem import Ints, Problem


@dataclass(frozen=True, slots=True)
class Worth:
    """The objective and its parts.

    `objective`: affinity weight * `affinity` + topic weight * `topic` - repeat weight * `repeats`.

    `affinity`: sum over distinct pairs that met. `topic`: interest summed over distinct (person, table) visits.
    `repeats`: sum of c*(c-1)/2 over pairs that met c times. `repeated_meetings`: meetings beyond a pair's first.
    `least`: the smallest sum of affinities that any person got.
    """

    objective: float
    affinity: float
    topic: float
    repeats: int
    repeated_meetings: int
    least: float


def worth(problem: Problem, plan: Ints) -> Worth:
    """Every figure of a plan (R×N)."""
    met = meetings(problem, plan)
    gained = np.where(met > 0, problem.affinity, 0.0).sum(axis=1)
    affinity = float(gained.sum()) / 2
    visited = np.zeros((problem.people, problem.tables), dtype=bool)
    for seats in plan:
        visited[np.arange(problem.people), seats] = True
    topic = float(problem.interest[visited].sum())
    # How many pairs (each counted from both sides) met c times.
    times = np.bincount(met.ravel(), minlength=problem.rounds + 1)
    c = np.arange(len(times))
    repeats = int((times * (c * (c - 1) // 2)).sum()) // 2
    again = int((times * np.maximum(c - 1, 0)).sum()) // 2
    w = problem.weights
    total = w.affinity * affinity + w.topic * topic - w.repeat * repeats
    return Worth(total, affinity, topic, repeats, again, float(gained.min()))


def meetings(problem: Problem, plan: Ints) -> NDArray[np.uint8]:
    """How often each two people share a table (N×N, zero diagonal)."""
    met = np.zeros((problem.people, problem.people), dtype=np.uint8)
    for seats in plan:
        for table in range(problem.tables):
            group = np.flatnonzero(seats == table)
            met[np.ix_(group, group)] += 1
    np.fill_diagonal(met, 0)
    return met


def city_counts(problem: Problem, plan: NDArray[Any]) -> list[list[dict[str, int]]]:
    """People per city at each table of each round (R lists of G dicts, cities without people there left out)."""
    out: list[list[dict[str, int]]] = []
    for seats in plan:
        tables: list[dict[str, int]] = [{} for _ in range(problem.tables)]
        for table, city in zip(seats.tolist(), problem.city.tolist(), strict=True):
            name = problem.cities[city]
            tables[table][name] = tables[table].get(name, 0) + 1
        out.append([dict(sorted(table.items())) for table in tables])
    return out
