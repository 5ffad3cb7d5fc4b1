"""The hard rules of a problem one by one, as an organiser entered them, and what is left when some are let go.

What is no rule: who takes part, how many rounds and tables there are, and that everybody who is there gets one seat.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from services.matching.solver.problem import HARD, Flags, Kinds, Pairs, Problem, Weights, even_sizes


class Sort(StrEnum):
    """What a rule demands. `SEAT`: a person stays at a table. `PAST`: a round is as it was. `AWAY`: a person is not
    there in some rounds. `REACH`: a person can use some tables only. `MUST`, `NEVER`: two people meet, or do not.
    `EARLIER`: two people met before. `REPEAT`: nobody meets twice. `MIXING`: tables mix a kind. `LEAST`, `MOST`: a
    table's fewest and most people. `EVEN`: in each round, tables differ by one person at most.
    """

    MUST = "must"
    NEVER = "never"
    EARLIER = "earlier"
    SEAT = "seat"
    REACH = "reach"
    AWAY = "away"
    PAST = "past"
    LEAST = "least"
    MOST = "most"
    EVEN = "even"
    MIXING = "mixing"
    REPEAT = "repeat"


SIZES = frozenset({Sort.LEAST, Sort.MOST, Sort.EVEN})
PERSONAL = frozenset({Sort.SEAT, Sort.REACH, Sort.AWAY})
PAIRS = frozenset({Sort.MUST, Sort.NEVER, Sort.EARLIER})
# Only these connect one round with another.
ACROSS = frozenset({Sort.MUST, Sort.REPEAT})


@dataclass(frozen=True, slots=True)
class Rule:
    """One hard rule. `people` are keys; `round` and `table` count from 0; `kind` is the name of a `Kinds`."""

    sort: Sort
    people: tuple[str, ...] = ()
    table: int | None = None
    round: int | None = None
    kind: str | None = None


class Rulebook:
    """Every hard rule of a problem, and where it stands in the arrays."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.number = {key: i for i, key in enumerate(problem.keys)}
        settled = ~problem.open.any(axis=1) & problem.present.any(axis=1)
        self.past = np.flatnonzero(settled).tolist()
        least, most = even_sizes(problem.present, problem.tables)
        self.even = bool((problem.least == least).all() and (problem.most == most).all()) and problem.tables > 1
        self.rules = tuple(dict.fromkeys([*self._pairs(), *self._personal(), *self._tables()]))

    def _pairs(self) -> list[Rule]:
        problem = self.problem
        out = [
            Rule(sort, self.keys(i, j))
            for sort, pairs in ((Sort.MUST, problem.must), (Sort.NEVER, problem.never))
            for (i, j), weight in zip(pairs.who.tolist(), pairs.weights.tolist())
            if weight == HARD
        ]
        if problem.weights.repeat == HARD:
            out.append(Rule(Sort.REPEAT))
            earlier = zip(problem.earlier.who.tolist(), problem.earlier.weights.tolist())
            out += [Rule(Sort.EARLIER, self.keys(i, j)) for (i, j), weight in earlier if weight > 0]
        return out

    def _personal(self) -> list[Rule]:
        problem, keys = self.problem, self.problem.keys
        out = []
        given = (problem.fixed >= 0) & problem.present
        given[self.past] = False
        for i in np.flatnonzero(given.any(axis=0)).tolist():
            out += [Rule(Sort.SEAT, (keys[i],), t) for t in np.unique(problem.fixed[given[:, i], i]).tolist()]
        out += [Rule(Sort.REACH, (keys[i],)) for i in np.flatnonzero(~problem.allowed.all(axis=1)).tolist()]
        out += [Rule(Sort.AWAY, (keys[i],)) for i in np.flatnonzero(~problem.present.all(axis=0)).tolist()]
        return out + [Rule(Sort.PAST, round=r) for r in self.past]

    def _tables(self) -> list[Rule]:
        problem = self.problem
        out = [Rule(Sort.MIXING, kind=one.name) for one in problem.kinds if one.weight == HARD]
        if self.even:
            return [*out, Rule(Sort.EVEN)]
        out += [Rule(Sort.LEAST, table=t) for t in range(problem.tables) if problem.least[:, t].any()]
        full = problem.most < problem.people
        return out + [Rule(Sort.MOST, table=t) for t in range(problem.tables) if full[:, t].any()]

    def keys(self, i: int, j: int) -> tuple[str, str]:
        """Two people by key, in the problem's order."""
        return self.problem.keys[min(i, j)], self.problem.keys[max(i, j)]

    def seated(self, i: int, t: int) -> Flags:
        """The rounds still to come in which person i stays at table t (R)."""
        found: Flags = (self.problem.fixed[:, i] == t) & self.problem.present[:, i]
        found[self.past] = False
        return found


class Relaxed:
    """A problem of which only some hard rules hold; soft ones are left out.

    `there` (R×N): who has to be seated. `may` (R×N): who can be, which is more where an absence is let go; such guests
    count for a table's fewest people, of a kind too, and not for its most, which were reckoned without them. `fixed`
    (R×N), `least` and `most` (R×G): as in `Problem`. `kinds`, `must`, `never`, `earlier`, `repeat`: the rules that
    hold; pairs are numbers of people in rising order, each with its rule.
    """

    def __init__(self, book: Rulebook, rules: Collection[Rule]) -> None:
        problem = book.problem
        self.book, self.problem, self.rules = book, problem, frozenset(rules)
        sorts: dict[Sort, list[Rule]] = {sort: [] for sort in Sort}
        for rule in rules:
            sorts[rule.sort].append(rule)
        number = book.number
        self.there = problem.present
        self.may = problem.present.copy()
        held = {number[rule.people[0]] for rule in sorts[Sort.AWAY]}
        loose = [i for i in np.flatnonzero(~problem.present.all(axis=0)).tolist() if i not in held]
        self.may[:, loose] = True
        self.allowed = np.ones_like(problem.allowed)
        for rule in sorts[Sort.REACH]:
            self.allowed[number[rule.people[0]]] = problem.allowed[number[rule.people[0]]]
        self.fixed = np.full_like(problem.fixed, -1)
        for rule in sorts[Sort.SEAT]:
            i = number[rule.people[0]]
            self.fixed[book.seated(i, rule.table or 0), i] = rule.table or 0
        for rule in sorts[Sort.PAST]:
            r = rule.round or 0
            self.fixed[r] = np.where(problem.present[r], problem.fixed[r], -1)
        self.least, self.most = np.zeros_like(problem.least), np.full_like(problem.most, problem.people)
        if sorts[Sort.EVEN]:
            self.least, self.most = problem.least, problem.most
        for rule in sorts[Sort.LEAST]:
            self.least[:, rule.table] = problem.least[:, rule.table]
        for rule in sorts[Sort.MOST]:
            self.most[:, rule.table] = problem.most[:, rule.table]
        names = {rule.kind for rule in sorts[Sort.MIXING]}
        self.kinds: list[Kinds] = [one for one in problem.kinds if one.weight == HARD and one.name in names]
        self.must, self.never = self._numbered(sorts[Sort.MUST]), self._numbered(sorts[Sort.NEVER])
        self.earlier = self._numbered(sorts[Sort.EARLIER])
        self.repeat = bool(sorts[Sort.REPEAT])
        self._places: dict[int, Flags] = {}

    def _numbered(self, rules: list[Rule]) -> dict[tuple[int, int], Rule]:
        number = self.book.number
        return {(number[rule.people[0]], number[rule.people[1]]): rule for rule in rules}

    @cached_property
    def apart(self) -> Mapping[tuple[int, int], frozenset[Rule]]:
        """The pairs that may not meet, and by which rules."""
        out: dict[tuple[int, int], frozenset[Rule]] = {}
        if self.repeat:
            out = {pair: frozenset({rule, Rule(Sort.REPEAT)}) for pair, rule in self.earlier.items()}
        return out | {pair: frozenset({rule}) for pair, rule in self.never.items()}

    def places(self, r: int) -> Flags:
        """The tables where each person can sit in round r (N×G); a seat given out of reach is in reach that round."""
        if r in self._places:
            return self._places[r]
        given = np.flatnonzero((self.problem.fixed[r] >= 0) & self.problem.present[r])
        out = self.allowed.copy()
        out[given, self.problem.fixed[r, given]] = True
        bound = np.flatnonzero(self.fixed[r] >= 0)
        out[bound] = False
        out[bound, self.fixed[r, bound]] = True
        self._places[r] = out
        return out

    def personal(self, people: Collection[int]) -> frozenset[Rule]:
        """The rules about seats, reach and absences of these people, and the rounds that are past."""
        keys = {self.problem.keys[i] for i in people}
        return frozenset(
            rule for rule in self.rules if rule.sort == Sort.PAST or (rule.sort in PERSONAL and rule.people[0] in keys)
        )

    def of_sort(self, *sorts: Sort) -> frozenset[Rule]:
        """The rules of these sorts that hold."""
        return frozenset(rule for rule in self.rules if rule.sort in sorts)

    def as_problem(self, *, guests: bool = False) -> Problem:
        """A problem with these rules and nothing to gain, whose plans keep them. It is somewhat stricter: all `guests`
        are there or none, and a seat that was given out of reach is no longer in reach where it was let go.
        """
        problem = self.problem
        return Problem(
            keys=problem.keys,
            affinity=np.zeros_like(problem.affinity),
            interest=np.zeros_like(problem.interest),
            table_topics=problem.table_topics,
            least=self.least,
            most=self.most,
            present=self.may if guests else self.there,
            allowed=self.allowed,
            fixed=self.fixed,
            kinds=tuple(self.kinds),
            must=_hard(self.must),
            never=_hard(self.apart),
            weights=Weights(0.0, 0.0, HARD if self.repeat else 0.0),
        )


def _hard(pairs: Collection[tuple[int, int]]) -> Pairs:
    who = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    return Pairs(who, np.full(len(who), HARD))
