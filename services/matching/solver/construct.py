"""Plans without any search: the start, and what a result is compared with."""

from __future__ import annotations

from collections import defaultdict
from heapq import heapify, heappop, heapreplace
from random import Random

import numpy as np

from services.matching.solver.flow import Network
from services.matching.solver.objective import counts, worth
from services.matching.solver.problem import HARD, Ints, Kinds, Problem

# More would be a mistake of ours: each step brings a table nearer to its least.
_MOST_STEPS = 20_000
# Groups of people times tables; beyond, a flow takes too long.
_MOST_ARCS = 100_000


class Unseatable(ValueError):
    """In this round (from 0), the people who are there do not fit the tables' sizes and reach, whatever is wished."""

    def __init__(self, number: int) -> None:
        self.round = number
        super().__init__(f"round {number}: the people do not fit the tables that they can use")


def random_plan(problem: Problem, seed: int) -> Ints:
    """A plan (R×N) that is random but for sizes, reach, fixed seats and the mixing of the first kinds.

    In each round the kinds are dealt one after another, everyone of a kind in random order, each to the table with the
    fewest of this kind and then the fewest people. Where nobody is fixed, kinds and sizes so differ by one at most
    between the tables; where that breaks the first mixing that is hard, seats are found that keep it, if there are any.
    Raises Unseatable where sizes and reach alone leave no plan.
    """
    # Only Random.random() is promised to give the same numbers in every Python version; so sort by it.
    rnd = Random(seed)
    plan = np.full((problem.rounds, problem.people), -1, dtype=np.int32)
    of = problem.kinds[0].of.tolist() if problem.kinds else [-1] * problem.people
    for r in range(problem.rounds):
        plan[r] = _Round(problem, r, rnd, of).dealt()
    hard = next((kinds for kinds in problem.kinds if kinds.weight == HARD), None)
    if hard is not None:
        here = counts(problem, hard, plan)
        for r in np.flatnonzero(((here < hard.low) | (here > hard.high)).any(axis=(1, 2))).tolist():
            mixed = _mixed(problem, hard, r, rnd)
            plan[r] = plan[r] if mixed is None else mixed
    return plan


def _mixed(problem: Problem, kinds: Kinds, r: int, rnd: Random) -> Ints | None:
    """Random seats in one round (N) that keep sizes, reach and this mixing; None where there are none."""
    fixed, reach = problem.fixed[r], problem.allowed.copy()
    bound = np.flatnonzero(fixed >= 0)
    reach[bound] = False
    reach[bound, fixed[bound]] = True
    groups: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for i in sorted(np.flatnonzero(problem.present[r]).tolist(), key=lambda _: rnd.random()):
        groups[int(kinds.of[i]), reach[i].tobytes()].append(i)
    tables, names = problem.tables, len(kinds.names)
    if (kinds.low[r] > kinds.high[r]).any() or (len(groups) + names) * tables > _MOST_ARCS:
        return None
    # Nodes: entrance, exit, tables, kinds at tables, groups.
    first = 2 + tables
    net = Network(first + tables * names + len(groups))
    net.arc(1, 0, 0, problem.people)
    for t in range(tables):
        net.arc(2 + t, 1, int(problem.least[r, t]), int(problem.most[r, t]))
        for v in range(names):
            net.arc(first + t * names + v, 2 + t, int(kinds.low[r, t, v]), int(kinds.high[r, t, v]))
    arcs: list[tuple[int, int, list[int]]] = []
    for node, ((v, _reach), people) in enumerate(groups.items(), first + tables * names):
        net.arc(0, node, len(people), len(people))
        for t in sorted(np.flatnonzero(reach[people[0]]).tolist(), key=lambda _: rnd.random()):
            arcs.append((net.arc(node, 2 + t if v < 0 else first + t * names + v, 0, len(people)), t, people))
    if net.narrow() is not None:
        return None
    seats = np.full(problem.people, -1, dtype=np.int32)
    for arc, t, people in arcs:
        for _seat in range(net.through(arc)):
            seats[people.pop()] = t
    return seats


def repaired(problem: Problem, plan: Ints, seed: int) -> Ints:
    """A plan (R×N) that keeps as many seats of another as sizes, reach and fixed seats allow; those with -1 get one.

    Raises Unseatable where sizes and reach alone leave no plan.
    """
    rnd = Random(seed)
    of = problem.kinds[0].of.tolist() if problem.kinds else [-1] * problem.people
    found = np.full_like(plan, -1)
    for r in range(problem.rounds):
        found[r] = _Round(problem, r, rnd, of).mended(plan[r].tolist())
    return found


def by_chance(problem: Problem, start: Ints, seed: int, plans: int = 20) -> tuple[float, float]:
    """The mean objective and the mean repeats (as in `Worth.repeats`) of that many random plans.

    They are `start`, a random plan, with everybody's places drawn anew among those of the same kind in each round.
    """
    if not problem.allowed.all():
        found = [worth(problem, random_plan(problem, seed * 1_000_003 + k)) for k in range(plans)]
    else:
        found = [worth(problem, _drawn_anew(problem, start, seed * 1_000_003 + k)) for k in range(plans)]
    return sum(w.objective for w in found) / plans, sum(w.repeats for w in found) / plans


def _drawn_anew(problem: Problem, start: Ints, seed: int) -> Ints:
    rnd = Random(seed)
    plan = start.copy()
    kind = problem.kinds[0].of if problem.kinds else np.zeros(problem.people, dtype=np.int32)
    for r in range(problem.rounds):
        free = np.flatnonzero(problem.open[r])
        drawn = np.array([rnd.random() for _ in range(len(free))])
        # The people in their order, and in a random one, kind by kind: each takes the other's seat.
        plan[r, free[np.lexsort((drawn, kind[free]))]] = start[r, free[np.argsort(kind[free], kind="stable")]]
    return plan


class _Round:
    """One round being dealt."""

    def __init__(self, problem: Problem, r: int, rnd: Random, of: list[int]) -> None:
        self.r, self.rnd, self.of = r, rnd, of
        self.least, self.most = problem.least[r].tolist(), problem.most[r].tolist()
        self.everywhere = bool(problem.allowed.all())
        self.allowed = problem.allowed
        self.fixed = np.where(problem.present[r], problem.fixed[r], -1).tolist()
        self.seat = [-1] * problem.people
        self.size = [0] * problem.tables
        self.count = [[0] * problem.tables for _ in range(max(of) + 2)]
        self.free: list[int] = np.flatnonzero(problem.open[r]).tolist()

    def dealt(self) -> list[int]:
        self._hold()
        order = {t: self.rnd.random() for t in range(len(self.size))}
        kinds: dict[int, list[int]] = {}
        for i in self.free:
            kinds.setdefault(self.of[i], []).append(i)
        # Those who cannot use every table come first, the most bound first.
        bound = [] if self.everywhere else [i for i in self.free if not self.allowed[i].all()]
        for i in sorted(bound, key=lambda i: (int(self.allowed[i].sum()), self.rnd.random())):
            self._seat(i, order)
        first = set(bound)
        for people in sorted(kinds.values(), key=lambda _: self.rnd.random()):
            self._deal([i for i in sorted(people, key=lambda _: self.rnd.random()) if i not in first], order)
        self._fill()
        return self.seat

    def mended(self, row: list[int]) -> list[int]:
        """Keeps who can stay, seats the others, and evens the tables out."""
        self._hold()
        order = {t: self.rnd.random() for t in range(len(self.size))}
        homeless = []
        for i in sorted(self.free, key=lambda _: self.rnd.random()):
            table = row[i]
            if table >= 0 and self.size[table] < self.most[table] and (self.everywhere or self.allowed[i, table]):
                self._put(i, table)
            else:
                homeless.append(i)
        for i in homeless:
            # Where people are missing first, whatever the mixing: the search mends that.
            short = [t for t in self._reach(i) if self.size[t] < self.least[t]]
            if short:
                here = self.count[self.of[i]]
                self._put(i, min(short, key=lambda t: (here[t], self.size[t], order[t])))
            else:
                self._seat(i, order)
        self._fill()
        return self.seat

    def _hold(self) -> None:
        """Seats those who are fixed."""
        for i, table in enumerate(self.fixed):
            if table >= 0:
                self._put(i, table)
        if any(size > most for size, most in zip(self.size, self.most)):
            raise Unseatable(self.r)

    def _deal(self, people: list[int], order: dict[int, float]) -> None:
        """Seats people of one kind who can use every table."""
        if not people:
            return
        here = self.count[self.of[people[0]]]
        queue = [(here[t], size >= self.least[t], size, order[t], t) for t, size in enumerate(self.size)]
        heapify(queue)
        for i in people:
            while queue and self.size[queue[0][-1]] >= self.most[queue[0][-1]]:
                heappop(queue)
            if not queue:
                self._make_room(i)
                continue
            t = queue[0][-1]
            self._put(i, t)
            heapreplace(queue, (here[t], self.size[t] >= self.least[t], self.size[t], order[t], t))

    def _seat(self, i: int, order: dict[int, float]) -> None:
        here, size = self.count[self.of[i]], self.size
        open_ = [t for t in self._reach(i) if size[t] < self.most[t]]
        if not open_:
            self._make_room(i)
            return
        self._put(i, min(open_, key=lambda t: (here[t], size[t] >= self.least[t], size[t], order[t])))

    def _reach(self, i: int) -> list[int]:
        return list(range(len(self.size))) if self.everywhere else np.flatnonzero(self.allowed[i]).tolist()

    def _make_room(self, i: int) -> None:
        """Seats somebody whose tables are all full by moving others on, along a shortest chain."""
        chain = self._chain([(i, -1)], lambda t: self.size[t] < self.most[t])
        if chain is None:
            raise Unseatable(self.r)
        self._along(chain)

    def _fill(self) -> None:
        """Brings every table to its least, by chains from tables that have more than theirs."""
        for _step in range(_MOST_STEPS):
            short = next((t for t, size in enumerate(self.size) if size < self.least[t]), None)
            if short is None:
                return
            rich = [i for i in self.free if self.size[self.seat[i]] > self.least[self.seat[i]]]
            chain = self._chain([(i, self.seat[i]) for i in rich], lambda t, short=short: t == short)
            if chain is None:
                raise Unseatable(self.r)
            self._along(chain)

    def _chain(self, starts: list[tuple[int, int]], ends: object) -> list[tuple[int, int]] | None:
        """Who moves to which table, each taking the place of the next, until a table where `ends` holds."""
        assert callable(ends)
        came: dict[int, tuple[int, int]] = {}  # table → (who moves there, from which table)
        started = {t for _i, t in starts}
        level = starts
        for _depth in range(len(self.size) + 1):
            following: list[tuple[int, int]] = []
            for i, at in level:
                for t in self._reach(i):
                    if t == at or t in came or (t in started and not ends(t)):
                        continue
                    came[t] = (i, at)
                    if ends(t):
                        return self._traced(came, t, started)
                    following += [(k, t) for k in self.free if self.seat[k] == t]
            level = following
        return None

    def _traced(self, came: dict[int, tuple[int, int]], t: int, started: set[int]) -> list[tuple[int, int]]:
        chain = []
        for _step in range(len(self.size) + 1):
            i, at = came[t]
            chain.append((i, t))
            if at in started:
                break
            t = at
        return chain

    def _along(self, chain: list[tuple[int, int]]) -> None:
        for i, table in chain:
            if self.seat[i] >= 0:
                self.size[self.seat[i]] -= 1
                self.count[self.of[i]][self.seat[i]] -= 1
            self._put(i, table)

    def _put(self, i: int, table: int) -> None:
        self.seat[i] = table
        self.size[table] += 1
        self.count[self.of[i]][table] += 1
