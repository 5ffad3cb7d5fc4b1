"""Hard rules as a model of integer programming: whether any plan keeps them, and if not, which ones conflict.

Needs OR-Tools (the extra `exact`); `AVAILABLE` says whether it is there. One thread, and limits that count work and not
only time, so that answers are the same wherever time suffices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from itertools import combinations, product
from typing import Any, Final

import numpy as np

from services.matching.solver.problem import Ints, Kinds
from services.matching.solver.rules import PAIRS, PERSONAL, Relaxed, Rule, Sort

AVAILABLE: Final = find_spec("ortools") is not None

# Variables and constraints that may be built; beyond, there is no answer.
MOST_TERMS = 400_000


def load() -> None:
    """Imports OR-Tools where it is there: the first time takes as long as many an answer."""
    if AVAILABLE:
        import ortools.sat.python.cp_model  # noqa: F401


class TooLarge(ValueError):
    """More variables than would be answered in time."""


class Formulation:
    """Relaxed rules as a model of CP-SAT, over some rounds.

    People whom no rule names one by one are counted by groups, except where nobody may meet twice or `apiece` is set.
    With `assumed`, each rule has a literal, and an answer names rules that conflict; without, rules are plain
    constraints, from which more can be concluded.
    """

    def __init__(self, case: Relaxed, rounds: Collection[int], *, assumed: bool = False, apiece: bool = False) -> None:
        from ortools.sat.python import cp_model

        self.cp = cp_model
        self.model: Any = cp_model.CpModel()
        self.solver: Any = cp_model.CpSolver()
        self.case, self.rounds, self.terms = case, tuple(rounds), 0
        self.literals: dict[Rule, Any] = {}
        if assumed:
            self.literals = {rule: self.model.new_bool_var("") for rule in sorted(case.rules, key=repr)}
        # What is left when every rule has its literal: who may be where at all.
        self.frame = Relaxed(case.book, ()) if assumed else case
        self.groups = self._groups(apiece or case.repeat)
        self.alone = {people[0]: u for u, people in enumerate(self.groups) if len(people) == 1}
        self.seat: dict[tuple[int, int, int], Any] = {}
        self.met: dict[tuple[int, int, int], Any] = {}
        self._seats()
        self._personal()
        self._tables()
        self._pairs()
        if case.repeat:
            self._repeats()

    def solved(self, seconds: float) -> str:
        """Solves; "optimal", "feasible", "infeasible" or "unknown"."""
        parameters = self.solver.parameters
        parameters.num_workers = 1
        parameters.random_seed = 1
        parameters.max_time_in_seconds = max(0.01, seconds)
        parameters.max_deterministic_time = max(0.01, seconds)
        if self.literals:
            self.model.add_assumptions(list(self.literals.values()))
        status = self.solver.solve(self.model)
        names = {self.cp.OPTIMAL: "optimal", self.cp.FEASIBLE: "feasible", self.cp.INFEASIBLE: "infeasible"}
        return names.get(status, "unknown")

    def plan(self) -> Ints:
        """The plan that was found (R×N); rounds that were not asked for are -1."""
        out = np.full((self.case.problem.rounds, self.case.problem.people), -1, dtype=np.int32)
        for r in self.rounds:
            for u, people in enumerate(self.groups):
                waiting = list(people)
                for t in range(self.case.problem.tables):
                    count = self.solver.value(self.seat[r, u, t]) if (r, u, t) in self.seat else 0
                    for i in waiting[:count]:
                        out[r, i] = t
                    del waiting[:count]
        return out

    def core(self) -> frozenset[Rule]:
        """After "infeasible" with `assumed`: rules that conflict, not necessarily as few as could be."""
        found = set(self.solver.sufficient_assumptions_for_infeasibility())
        return frozenset(rule for rule, literal in self.literals.items() if literal.index in found)

    def _groups(self, apiece: bool) -> list[list[int]]:
        problem, case = self.case.problem, self.case
        named = {key for rule in case.rules if rule.sort in PERSONAL | PAIRS for key in rule.people}
        if apiece or any(rule.sort == Sort.PAST for rule in case.rules):
            return [[i] for i in range(problem.people)]
        groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for i, key in enumerate(problem.keys):
            kinds = tuple(int(kinds.of[i]) for kinds in case.kinds)
            alone = i if key in named else -1
            groups[alone, kinds, problem.present[:, i].tobytes(), problem.fixed[:, i].tobytes()].append(i)
        return list(groups.values())

    def _seats(self) -> None:
        """Everybody who is there has a seat, and nobody two."""
        for r in self.rounds:
            places = self.frame.places(r)
            for u, people in enumerate(self.groups):
                i = people[0]
                if not self.frame.may[r, i]:
                    continue
                for t in np.flatnonzero(places[i]).tolist():
                    self.seat[r, u, t] = self.bool() if len(people) == 1 else self._int(len(people))
                mine = sum(self.seat[r, u, t] for t in range(len(places[i])) if (r, u, t) in self.seat)
                if self.case.there[r, i]:
                    self.model.add(mine == len(people))
                else:
                    self.model.add(mine <= len(people))

    def _personal(self) -> None:
        """Seats, reach and absences where they are assumed; else there are no variables for other places."""
        case, number = self.case, self.case.book.number
        for rule, literal in self.literals.items():
            if rule.sort not in PERSONAL | {Sort.PAST}:
                continue
            people = [number[key] for key in rule.people] or range(case.problem.people)
            only = Relaxed(case.book, {rule})
            for r, i in product(self.rounds, people):
                left = only.places(r)[i] & only.may[r, i]
                for t in np.flatnonzero(~left).tolist():
                    if (r, self.alone[i], t) in self.seat:
                        self.model.add_implication(literal, ~self.seat[r, self.alone[i], t])

    def _tables(self) -> None:
        case = self.case
        for r, t in product(self.rounds, range(case.problem.tables)):
            if case.least[r, t] > 0:
                self._demand(self.count(r, t) >= int(case.least[r, t]), self._size(Sort.LEAST, t))
            if case.most[r, t] < case.problem.people:
                self._demand(self.count(r, t, guests=False) <= int(case.most[r, t]), self._size(Sort.MOST, t))
            for kinds in case.kinds:
                for v in range(len(kinds.names)):
                    low, high, rule = kinds.low[r, t, v], kinds.high[r, t, v], Rule(Sort.MIXING, kind=kinds.name)
                    if low > 0:
                        self._demand(self.count(r, t, kinds, v) >= int(low), rule)
                    if high < int((kinds.of == v).sum()):
                        self._demand(self.count(r, t, kinds, v, guests=False) <= int(high), rule)

    def _size(self, sort: Sort, t: int) -> Rule:
        return Rule(Sort.EVEN) if self.case.book.even else Rule(sort, table=t)

    def _pairs(self) -> None:
        tables = range(self.case.problem.tables)
        for (i, j), rules in self.case.apart.items():
            for r, t in product(self.rounds, tables):
                both = self._both(r, i, j, t)
                if both:
                    self._demand_any([~one for one in both], rules)
        if not self.literals:
            for clique, r, t in product(covering(self.case.apart), self.rounds, tables):
                here = [self.seat[key] for i in clique if (key := (r, self.alone[i], t)) in self.seat]
                self.model.add_at_most_one(here)
        for (i, j), rule in self.case.must.items():
            met = []
            for r, t in product(self.rounds, tables):
                both = self._both(r, i, j, t)
                if both:
                    here = self.bool()
                    self.model.add_implication(here, both[0])
                    self.model.add_implication(here, both[1])
                    met.append(here)
            self._demand_any(met, {rule})

    def _repeats(self) -> None:
        for i, j in combinations(range(self.case.problem.people), 2):
            meetings = [self.together(r, i, j, exactly=False) for r in self.rounds]
            meetings = [one for one in meetings if not isinstance(one, int)]
            if len(meetings) > 1:
                self._demand(sum(meetings) <= 1, Rule(Sort.REPEAT))

    def together(self, r: int, i: int, j: int, *, exactly: bool = True) -> Any:
        """Whether i and j share a table in round r; unless `exactly`, it may also be true where they do not."""
        if (r, i, j) in self.met:
            return self.met[r, i, j]
        tables = [both for t in range(self.case.problem.tables) if (both := self._both(r, i, j, t))]
        if not tables:
            return 0
        met = self.bool()
        for one, other in tables:
            self.model.add_bool_or([~one, ~other, met])
        if exactly:
            here = []
            for one, other in tables:
                at = self.bool()
                self.model.add_implication(at, one)
                self.model.add_implication(at, other)
                here.append(at)
            self.model.add_bool_or([*here, ~met])
            self.met[r, i, j] = met
        return met

    def _both(self, r: int, i: int, j: int, t: int) -> tuple[Any, Any] | None:
        one, other = (r, self.alone[i], t), (r, self.alone[j], t)
        return (self.seat[one], self.seat[other]) if one in self.seat and other in self.seat else None

    def count(self, r: int, t: int, kinds: Kinds | None = None, v: int = 0, *, guests: bool = True) -> Any:
        """How many people, of one kind, sit at a table; without `guests`, of those only who have to be there."""
        return sum(
            self.seat[r, u, t]
            for u, people in enumerate(self.groups)
            if (r, u, t) in self.seat
            and (kinds is None or kinds.of[people[0]] == v)
            and (guests or self.case.there[r, people[0]])
        )

    def _demand(self, condition: Any, rule: Rule) -> None:
        """A linear condition that holds where its rule does."""
        self._grow()
        if isinstance(condition, bool):  # of no variables
            if not condition:
                self._demand_any([], {rule})
            return
        bound = self.model.add(condition)
        if self.literals:
            bound.only_enforce_if(self.literals[rule])

    def _demand_any(self, literals: Sequence[Any], rules: Collection[Rule]) -> None:
        """At least one of these, where all rules hold."""
        self._grow()
        self.model.add_bool_or([*literals, *(~self.literals[rule] for rule in rules if self.literals)])

    def bool(self) -> Any:
        self._grow()
        return self.model.new_bool_var("")

    def _int(self, most: int) -> Any:
        self._grow()
        return self.model.new_int_var(0, most, "")

    def _grow(self) -> None:
        self.terms += 1
        if self.terms > MOST_TERMS:
            raise TooLarge(f"more than {MOST_TERMS} terms")


def covering(apart: Mapping[tuple[int, int], object]) -> list[list[int]]:
    """Cliques of more than two people who are all apart, found greedily so that each such pair is in one."""
    near: dict[int, set[int]] = defaultdict(set)
    for i, j in apart:
        near[i].add(j)
        near[j].add(i)
    covered: set[tuple[int, int]] = set()
    out = []
    for i, j in sorted(apart):
        if (i, j) in covered:
            continue
        clique, left = [i, j], near[i] & near[j]
        while left:
            k = max(left, key=lambda k: (len(near[k] & left), -k))
            clique.append(k)
            left = left & near[k]
        covered |= set(combinations(sorted(clique), 2))
        if len(clique) > 2:
            out.append(clique)
    return out
