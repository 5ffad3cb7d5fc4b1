"""Some good plans and their children: what is crossed is whole groups, which exchanges of people hardly rebuild.

After E. Falkenauer, A hybrid grouping genetic algorithm for bin packing, Journal of Heuristics 2 (1996).
"""

from __future__ import annotations

from random import Random

import numpy as np

from services.matching.solver.grouping.instance import Grouping, Ints
from services.matching.solver.grouping.start import completed

# Plans kept, and how many children in a row may fail to be among them before all begins anew.
MOST, PATIENCE = 6, 12


class Population:
    """The best plans of some coolings, no two of the same value."""

    def __init__(self, given: Grouping, seed: int) -> None:
        self._given, self._random = given, Random(seed)
        self._plans: dict[int, Ints] = {}
        self._failed = 0

    def add(self, value: int, groups: Ints) -> None:
        """Takes a plan in, the worst giving way."""
        worst = min(self._plans, default=0)
        if value in self._plans or (len(self._plans) == MOST and value < worst):
            self._failed += 1
            if self._failed > PATIENCE:
                self._plans.clear()
                self._failed = 0
            return
        if len(self._plans) == MOST:
            del self._plans[worst]
            self._failed = 0
        self._plans[value] = groups

    def child(self) -> Ints | None:
        """A child of two of the plans that keeps every rule; None as long as there are few."""
        if len(self._plans) < MOST:
            return None
        one, two = sorted(self._plans, key=lambda _: self._random.random())[:2]
        return crossed(self._given, self._plans[one], self._plans[two], self._random)


def crossed(given: Grouping, one: Ints, two: Ints, rnd: Random) -> Ints:
    """Groups of both plans in turn, the most complete first, in the first plan's sizes; whoever is left by chance."""
    if given.gain is None and given.fixed is None and given.allowed is None:
        two = renamed(one, two, given.tables)
    size = np.bincount(one, minlength=given.tables)
    out: Ints = np.full(given.people, -1, dtype=np.int64)
    left = np.flatnonzero(size > 0).tolist()
    parents = [one, two] if rnd.random() < 0.5 else [two, one]
    while left:
        parent = parents[len(left) % 2]
        free = np.bincount(parent[out < 0], minlength=given.tables)
        table = max(left, key=lambda t: (free[t] / size[t], rnd.random()))
        left.remove(table)
        members = np.flatnonzero((parent == table) & (out < 0)).tolist()
        out[sorted(members, key=lambda _: rnd.random())[: size[table]]] = table
    return completed(given, out, size, rnd)


def renamed(one: Ints, two: Ints, tables: int) -> Ints:
    """The second plan with its tables named as in the first, by the most people in common: where any name will do."""
    common = np.zeros((tables, tables), dtype=np.int64)
    np.add.at(common, (two, one), 1)
    names: Ints = np.full(tables, -1, dtype=np.int64)
    taken = np.zeros(tables, dtype=np.bool_)
    for place in np.argsort(-common, axis=None, kind="stable").tolist():
        mine, name = divmod(place, tables)
        if names[mine] < 0 and not taken[name]:
            names[mine] = name
            taken[name] = True
    return names[two]
