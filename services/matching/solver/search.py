"""Simulated annealing over whole plans: two people of one round change places, for better or, while it is hot, worse.

After S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, Optimization by Simulated Annealing, Science 220 (1983). The
temperatures follow from the gains observed in the instance itself. A repeated meeting costs little at first and its
full weight towards the end: at the full weight from the start, hardly any exchange is accepted and affinity is lost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.matching.solver import grouping, single
from services.matching.solver.bounds import repeats_bound, upper_bound
from services.matching.solver.construct import by_chance, random_plan
from services.matching.solver.cooling import ENOUGH, FULL, SOFT_STEPS, hottest, looks, rounded, turns
from services.matching.solver.objective import city_counts, worth
from services.matching.solver.prices import HARD_UNITS
from services.matching.solver.problem import HARD, Ints, Problem, even_sizes
from services.matching.solver.result import Result
from services.matching.solver.starts import design
from services.matching.solver.state import State, lay_out, start_again
from services.matching.solver.stop import Moment, Stop

# The part of a cooling, from its end, that a search from a given plan goes through.
WARM = 0.5
# From a given plan, proposals of one cooling for each seat: several short ones find more than a long one.
AGAIN = 500
# Proposals per seat in the first cooling where no budget is known; each further one is twice as long.
FIRST_COOLING = 2000


@dataclass(frozen=True, slots=True)
class Progress:
    """`fraction`: of the budget (0 where its end is not in sight); `objective`: of the best plan so far, and how often
    that breaks hard rules; in a search of a single round, their breaches are taken off the objective and not counted.
    `best` (R×N, int32) is that plan: the search's own array, to be copied by whoever keeps it.
    """

    fraction: float
    iterations: int
    objective: float
    upper_bound: float
    seconds: float
    broken: int = 0
    best: Ints | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Keep:
    """At most `most_moved` seats shall differ from `home` (R×N, -1 where somebody has none yet)."""

    home: Ints
    most_moved: int


class _Listener:
    """Whoever wants to hear of a search: at most five times a second, and at the end."""

    def __init__(
        self, problem: Problem, on_progress: Callable[[Progress], None] | None, clock: Callable[[], float]
    ) -> None:
        self.on_progress, self.clock = on_progress, clock
        self.began = self.told = clock()
        # It takes its time: where nobody listens, after the search.
        self.bound = 0.0 if on_progress is None else upper_bound(problem)

    def seconds(self) -> float:
        """Since the search began."""
        return self.clock() - self.began

    def due(self, fraction: float) -> bool:
        """Whether it is time to tell; with a fraction of 1 the search is over."""
        return self.on_progress is not None and (fraction >= 1.0 or self.clock() - self.told >= 0.2)

    def hear(self, now: Moment, fraction: float, broken: int = 0, best: Ints | None = None) -> None:
        """Tells where the search stands, if that is due."""
        if self.on_progress is None or not self.due(fraction):
            return
        self.told = self.clock()
        objective = now.objective + broken * HARD_UNITS
        fraction = min(fraction, 1.0)
        self.on_progress(Progress(fraction, now.iterations, objective, self.bound, now.seconds, broken, best))


def solve(
    problem: Problem,
    stop: Stop,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    start: Ints | None = None,
    keep: Keep | None = None,
    designs: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> Result:
    """The best plan found until `stop`; it keeps every hard rule unless `Result.broken` says otherwise.

    From `start`, a plan that keeps to sizes, reach and fixed seats, the search goes on less hot than from nothing.
    With `keep`, only so many seats change. Without `designs`, rounds without repeats are sought by search alone.

    `iterations` leave out a short descent at the start, from which the temperatures are measured; a budget of seconds
    includes it. Compiling or loading the kernel, where `warm` did not, comes before the first second of a budget.

    The same problem, seed and stop by count give the same plan on every machine; budgets in seconds ask `clock`.
    `on_progress` is called at most five times a second, and at the end; what it raises ends the search and is passed
    on.
    """
    warm()
    listener = _Listener(problem, on_progress, clock)
    random = random_plan(problem, seed)
    if keep is None and single.fits(problem):
        return _single(problem, stop, seed, random, random if start is None else start, listener)
    apart = design(problem, seed) if designs and start is None else None
    first_plan = next(plan for plan in (start, apart, random) if plan is not None)
    state = _begun(problem, first_plan, seed, keep)
    state.hold(apart is not None)
    heat = hottest(problem, state)
    chunk = looks(problem, stop, drawing=state.drawing)
    seats = problem.people * problem.rounds
    enough = ENOUGH * seats**3 if start is None else AGAIN * seats
    coolings = turns(stop, state, listener.began, enough, clock)
    warmth = 1.0 if start is None else WARM
    first = FIRST_COOLING * seats
    done = improved = opened = 0
    cooling = 0
    softened = -1.0
    while True:
        now = Moment(done, done - improved if cooling else 0, state.objective, listener.seconds())
        part = stop.part(now)
        over = stop(now)
        listener.hear(now, 1.0 if over else part or 0.0, state.broken, state.best)
        if over:
            break
        if part is not None:
            cooled = min(max(part, 0.0), 1.0) * coolings - cooling
        else:
            cooled = (done - opened) / (first << min(cooling, 20))
        if cooled >= 1.0:
            cooling += 1
            opened = done
            improved = done if cooling == 1 else improved
            cooled, softened = 0.0, -1.0
            start_again(state, _again(problem, state, seed + cooling * 1_000_033, begun=start is not None, apart=apart))
        cooled = 1.0 - warmth * (1.0 - cooled)
        step = math.floor(cooled * SOFT_STEPS) / SOFT_STEPS
        if step != softened:
            softened = step
            state.soften(rounded(heat.soft ** max(0.0, 1.0 - step / FULL)))
        before = state.objective
        most = stop.left(now)
        proposals = chunk if most is None else min(chunk, most)
        temperature = max(1, round(rounded(heat.temperature * heat.cooling**-cooled)))
        if state.drawing:
            state.draw(temperature, proposals)
        else:
            state.run(temperature, proposals)
        done += proposals
        if state.objective > before:
            improved = done
    return _result(problem, state.best, random, seed, done, listener.seconds())


def _single(problem: Problem, stop: Stop, seed: int, random: Ints, start: Ints, listener: _Listener) -> Result:
    """One round, by the search that is made for it."""
    given, there = single.grouping(problem)

    def plan(groups: NDArray[np.int64]) -> Ints:
        seats = np.full((1, problem.people), -1, dtype=np.int32)
        seats[0, there] = groups
        return seats

    def hear(now: Moment, fraction: float, groups: NDArray[np.int64]) -> None:
        if listener.due(fraction):
            listener.hear(now, fraction, best=plan(groups))

    found = grouping.solve(given, stop, seed, start=start[0, there], on_progress=hear, clock=listener.clock)
    return _result(problem, plan(found.groups), random, seed, found.iterations, listener.seconds())


@cache
def warm() -> None:
    """Compiles the kernel, or loads it where that was done before: call it when installing."""
    people, tables, rounds = 5, 2, 2
    present = np.ones((rounds, people), dtype=np.bool_)
    least, most = even_sizes(present, tables)
    problem = Problem(
        keys=tuple(str(i) for i in range(people)),
        affinity=np.ones((people, people)) - np.eye(people),
        interest=np.zeros((people, tables)),
        table_topics=(None,) * tables,
        least=least,
        most=most,
        present=present,
        allowed=np.ones((people, tables), dtype=np.bool_),
        fixed=np.full((rounds, people), -1, dtype=np.int32),
    )
    state = lay_out(problem, random_plan(problem, 0), 0)
    state.run(1, 10)
    state.draw(1, 10)
    state.soften(0.5)
    grouping.warm()


def _begun(problem: Problem, start: Ints, seed: int, keep: Keep | None) -> State:
    if keep is None:
        return lay_out(problem, start, seed)
    return lay_out(problem, start, seed, keep.home, keep.most_moved)


def _again(problem: Problem, state: State, seed: int, *, begun: bool, apart: Ints | None) -> Ints:
    """The plan from which a further cooling sets out."""
    if begun:
        return state.best.copy()
    # Where repeats are forbidden and hard to avoid, only a plan without any is worth setting out from.
    other = design(problem, seed) if apart is not None and problem.weights.repeat == HARD else None
    state.hold(other is not None)
    return random_plan(problem, seed) if other is None else other


def revalued(problem: Problem, result: Result) -> Result:
    """What a search with other weights found, valued with those of `problem`; the digest stays that of what it was
    given. People, tables and rounds are the same.
    """
    random = random_plan(problem, result.seed)
    found = _result(problem, result.plan, random, result.seed, result.iterations, result.seconds)
    return replace(found, problem_digest=result.problem_digest)


def _result(problem: Problem, plan: Ints, start: Ints, seed: int, iterations: int, seconds: float) -> Result:
    value = worth(problem, plan)
    counts = city_counts(problem, plan)
    # Twenty, but not so many where each takes its time and one is much like another.
    baseline, random_repeats = by_chance(problem, start, seed, plans=max(3, min(20, 2_000 // problem.people)))
    return Result(
        plan=plan,
        objective=value.objective,
        upper_bound=upper_bound(problem),
        random_objective=baseline,
        random_repeats=random_repeats,
        broken=value.broken,
        affinity=value.affinity,
        topic=value.topic,
        repeats=value.repeats,
        repeats_bound=repeats_bound(problem),
        repeated_meetings=value.repeated_meetings,
        cities_per_table=[[len(table) for table in tables] for tables in counts],
        city_counts=counts,
        least=value.least,
        iterations=iterations,
        seconds=seconds,
        seed=seed,
        problem_digest=problem.digest(),
    )
