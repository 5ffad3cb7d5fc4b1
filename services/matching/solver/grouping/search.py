"""One round of groups: the maximally diverse grouping problem, with tables one may want, must have or may not have.

Coolings, each from another plan, after a quick one that finds out which temperatures matter: from where about every
sixth draw ends in a worse plan to where hardly any does. The first begin with random plans, the others with children of
those found so far, and less hot, so that what a child has of its parents is not melted. Published peers: X. Yang,
Z. Cai, T. Jin, Z. Tang, S. Gao, A three-phase search approach with dynamic population size for solving the maximally
diverse grouping problem, European Journal of Operational Research 302 (2022); X. Lai, J.-K. Hao, Iterated maxima search
for the maximally diverse grouping problem, ibid. 254 (2016).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.matching.solver.grouping.instance import Grouping, Ints
from services.matching.solver.grouping.kernel import BEST, WORSE
from services.matching.solver.grouping.population import Population
from services.matching.solver.grouping.start import random_groups
from services.matching.solver.grouping.state import HOTTEST, lay_out
from services.matching.solver.stop import Moment, Stop

# Of the draws, how many end in a worse plan where a cooling begins and where it ends.
HOT, COLD = 0.17, 0.01
# The temperature where a cooling begins that goes on from a child, as part of the hottest.
WARM = 0.8
# Draws of one cooling for n people: this times n**2. Where there is not time for so many such coolings, a single slow
# one promises more than a population. Where no end is in sight, the first has so many draws for each person, and each
# further one twice as many until it has enough.
ENOUGH, FEW, FIRST = 16, 12, 200
# Temperatures of one cooling, and from where on none. Draws times n between two looks at the stop: some milliseconds.
STEPS, DOWNHILL, MOST_STEP = 250, 0.99, 4_000_000
# The quick cooling: temperatures at most, the ratio between two, and draws for each person at each.
QUICK_STEPS, QUICK_FACTOR, QUICK_DRAWS = 120, 0.85, 5


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The best plan found: `groups` (n tables), its `value`, and what it took. `iterations` are draws, see `kernel`."""

    groups: Ints
    value: float
    iterations: int
    seconds: float


def solve(
    given: Grouping,
    stop: Stop,
    seed: int = 0,
    start: Ints | None = None,
    on_progress: Callable[[Moment, float, Ints], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Groups:
    """The best plan found until `stop`, as good as `start` (n tables) or better; every plan keeps every rule.

    The same grouping, seed, start and stop by count give the same plan on every machine. Stops by time ask `clock`,
    after the kernel is compiled or loaded. `on_progress` hears, every few milliseconds, where the search stands,
    which part of its budget is spent, and the best plan so far; what it raises ends the search and is passed on.

    Raises ValueError where `start` breaks a rule or no plan keeps all of them.
    """
    warm()
    if start is not None and not given.keeps(np.asarray(start)):
        raise ValueError("the start does not keep sizes, fixed and allowed tables")
    search = _Search(given, stop, seed, start, on_progress, clock)
    search.run()
    return Groups(search.groups, given.value(search.groups), search.done, clock() - search.began)


def warm() -> None:
    """Compiles the kernel, or loads it where that was done before: call it when installing."""
    ones = np.ones((4, 4)) - np.eye(4)
    given = Grouping(weights=ones, low=np.array([1, 1]), high=np.array([3, 3]))
    lay_out(given, np.array([0, 0, 1, 1]), 0).run(1, 8)


class _Search:
    """Where one search stands."""

    def __init__(
        self,
        given: Grouping,
        stop: Stop,
        seed: int,
        start: Ints | None,
        on_progress: Callable[[Moment, float, Ints], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self.given, self.stop, self.seed, self.on_progress, self.clock = given, stop, seed, on_progress, clock
        self.began = clock()
        self.state = lay_out(given, random_groups(given, seed) if start is None else np.asarray(start), seed)
        self.done = self.improved = self.cooling = 0
        self.value, self.groups = self.found()
        self.population = Population(given, seed)
        if start is not None:
            self.population.add(self.value, self.groups)

    def run(self) -> None:
        if len(self.state.movable) == 0 or self.given.tables == 1 or self.over():
            return
        # Downhill first: a plan worth having after a moment.
        if not self.step(0.0, QUICK_DRAWS * self.given.people):
            return
        temperatures = self.quick()
        if temperatures is None:
            return
        hot, cold = temperatures
        enough = ENOUGH * self.given.people**2
        part, total = self.budget()
        coolings = total // enough if total >= FEW * enough else 1
        length = total // coolings if total else min(FIRST * self.given.people, enough)
        self.again(None)
        first, cooled, opened = hot, 0.0, self.done
        while self.step(_temperature(first, cold, cooled), length // STEPS):
            if total:
                cooled = coolings * (self.budget()[0] - part) / (1.0 - part) - self.cooling
            else:
                cooled = (self.done - opened) / length
            if cooled < 1.0:
                continue
            self.cooling += 1
            self.improved = self.done if self.cooling == 1 else self.improved
            length = length if total else min(2 * length, enough)
            self.population.add(*self.found())
            child = self.population.child()
            self.again(child)
            first, cooled, opened = hot if child is None else max(cold, WARM * hot), 0.0, self.done

    def quick(self) -> tuple[float, float] | None:
        """A quick cooling: the temperatures between which to search; None where the stop came first."""
        hot = cold = 1.0
        temperature = float(HOTTEST)
        self.again(None)
        for _ in range(QUICK_STEPS):
            worse, done = int(self.state.tally[WORSE]), self.done
            if not self.step(temperature, QUICK_DRAWS * self.given.people):
                return None
            share = (int(self.state.tally[WORSE]) - worse) / (self.done - done)
            hot = temperature if share >= HOT else hot
            cold = temperature if share >= COLD else cold
            if share < COLD and hot > 1.0:
                break
            temperature *= QUICK_FACTOR
        return max(hot, cold), cold

    def again(self, child: Ints | None) -> None:
        """Goes on from a child, or from a random plan."""
        self.state.lay(random_groups(self.given, self.seed * 1_000_033 + self.done) if child is None else child)

    def step(self, temperature: float, draws: int) -> bool:
        """Some draws; False where the stop has come after them."""
        left = self.stop.left(self.now())
        draws = max(1, min(draws, MOST_STEP // self.given.people, draws if left is None else left))
        self.state.run(temperature, draws)
        self.done += draws
        if int(self.state.tally[BEST]) > self.value:
            self.value, self.groups = self.found()
            self.improved = self.done
        return not self.over()

    def over(self) -> bool:
        """Whether the stop has come; tells whoever listens."""
        now = self.now()
        over = self.stop(now)
        if self.on_progress is not None:
            self.on_progress(now, 1.0 if over else min(1.0, self.stop.part(now) or 0.0), self.groups)
        return over

    def found(self) -> tuple[int, Ints]:
        """The best plan since the last beginning, and its value for the kernel."""
        return int(self.state.tally[BEST]), self.state.best.astype(np.int64)

    def now(self) -> Moment:
        idle = self.done - self.improved if self.cooling else 0
        return Moment(self.done, idle, self.value / self.state.scale, self.clock() - self.began)

    def budget(self) -> tuple[float, int]:
        """Which part of the budget is spent, and about how many draws are left; 0.0 and 0 where no end is in sight."""
        now = self.now()
        part, left = self.stop.part(now), self.stop.left(now)
        if part is None or not 0.0 < part < 1.0:
            return 0.0 if part is None else 1.0, 0
        return part, max(1, int(self.done / part * (1.0 - part)) if left is None else left)


def _temperature(hot: float, cold: float, cooled: float) -> float:
    """From hot to cold, and at the very end downhill only. Six digits: powers differ between machines beyond them."""
    return 0.0 if cooled > DOWNHILL else float(f"{hot * (cold / hot) ** max(0.0, cooled):.6g}")
