"""Simulated annealing over whole plans: two people of one round change places, for better or, while it is hot, worse.

After S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, Optimization by Simulated Annealing, Science 220 (1983). The
temperatures follow from the gains observed in the instance itself. A repeated meeting costs little at first and its
full weight towards the end: at the full weight from the start, hardly any exchange is accepted and affinity is lost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.matching.solver.board import Array
from services.matching.solver.bounds import repeats_bound, upper_bound
from services.matching.solver.construct import by_chance, random_plan
from services.matching.solver.objective import city_counts, worth
from services.matching.solver.problem import HARD, Ints, Problem, even_sizes
from services.matching.solver.result import Result
from services.matching.solver.starts import design
from services.matching.solver.state import UNIT, State, lay_out, start_again
from services.matching.solver.stop import Moment, Stop

# For up to so many seats (people times rounds): which share of the worsening exchanges at a local optimum is accepted
# when it is hottest, and how much colder the end is; measured on instances of 7 to 1600 people.
HEATS = ((60, 0.3, 30.0), (200, 0.05, 10.0), (math.inf, 0.02, 7.0))
# The part of a cooling, from its end, that a search from a given plan goes through.
WARM = 0.5
# When a repeat has its full weight, as part of a cooling.
FULL = 0.9
# In so many steps.
SOFT_STEPS = 40
# Where a budget allows for more than one cooling: their greatest number, and for S seats (people times rounds) the
# proposals of one as a multiple of S**3. Small instances profit from several, each from another start; in larger ones
# a single slow one is better.
MOST_COOLINGS = 16
ENOUGH = 8
# Proposals per seat in the first cooling where no budget is known; each further one is twice as long.
FIRST_COOLING = 2000

# Proposals of the first descent, times the size of a group: about half a second at most.
DESCENT = 4_000_000

_PROBES = 1000


@dataclass(frozen=True, slots=True)
class Progress:
    """`fraction`: of the budget (0 where its end is not in sight); `objective`: of the best plan so far.

    `best` (R×N, int32) is that plan: the search's own array, to be copied by whoever keeps it.
    """

    fraction: float
    iterations: int
    objective: float
    upper_bound: float
    seconds: float
    best: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Keep:
    """At most `most_moved` seats shall differ from `home` (R×N, -1 where somebody has none yet)."""

    home: Ints
    most_moved: int


@dataclass(frozen=True, slots=True)
class _Heat:
    """The hottest temperature in the kernel's units, how much colder the end is, and the part of its weight that a
    repeat counts at the start.
    """

    temperature: float
    cooling: float
    soft: float


def solve(
    problem: Problem,
    stop: Stop,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    start: Ints | None = None,
    keep: Keep | None = None,
    designs: bool = True,
) -> Result:
    """The best plan found until `stop`; it keeps every hard rule unless `Result.broken` says otherwise.

    From `start`, a plan that keeps to sizes, reach and fixed seats, the search goes on less hot than from nothing.
    With `keep`, only so many seats change. Without `designs`, rounds without repeats are sought by search alone.

    `iterations` leave out a short descent at the start, from which the temperatures are measured; a budget of seconds
    includes it. Compiling or loading the kernel, where `warm` did not, comes before the first second of a budget.

    The same problem, seed and stop by count give the same plan on every machine. `on_progress` is called at most five
    times a second, and at the end; what it raises ends the search and is passed on.
    """
    warm()
    began = told = time.perf_counter()
    bound = upper_bound(problem)
    random = random_plan(problem, seed)
    apart = design(problem, seed) if designs and start is None else None
    first_plan = next(plan for plan in (start, apart, random) if plan is not None)
    state = _begun(problem, first_plan, seed, keep)
    state.hold(apart is not None)
    heat = _heat(problem, state)
    chunk = _chunk(problem, stop)
    coolings = _coolings(problem, stop, state, began) if start is None else 1
    warmth = 1.0 if start is None else WARM
    first = FIRST_COOLING * problem.people * problem.rounds
    done = improved = opened = 0
    cooling = 0
    softened = -1.0
    while True:
        seconds = time.perf_counter() - began
        now = Moment(done, done - improved if cooling else 0, state.objective, seconds)
        part = stop.part(now)
        over = stop(now)
        if on_progress is not None and (over or time.perf_counter() - told >= 0.2):
            told = time.perf_counter()
            fraction = 1.0 if over else min(part or 0.0, 1.0)
            on_progress(Progress(fraction, done, now.objective, bound, seconds, state.best))
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
            state.soften(_rounded(heat.soft ** max(0.0, 1.0 - step / FULL)))
        before = state.objective
        most = stop.left(now)
        proposals = chunk if most is None else min(chunk, most)
        state.run(max(1, round(_rounded(heat.temperature * heat.cooling**-cooled))), proposals)
        done += proposals
        if state.objective > before:
            improved = done
    return _result(problem, state.best, random, bound, seed, done, began)


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
    lay_out(problem, random_plan(problem, 0), 0).run(1, 10)


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


def _heat(problem: Problem, state: State) -> _Heat:
    """The hottest temperature by what is lost around a local optimum, which is sought first (and may be kept).

    A repeat counts, to begin with, like the third part of the greatest affinity.
    """
    hot, cooling = next((hot, cooling) for seats, hot, cooling in HEATS if problem.open.sum() <= seats)
    weights = problem.weights
    third = float(problem.affinity.max()) * weights.affinity / 3
    soft = 1.0
    if weights.repeat == HARD:
        soft = 1 / 30
    elif 0 < third < weights.repeat:
        soft = _rounded(third / weights.repeat)
    state.soften(soft)
    state.run(0, min(50 * problem.people * problem.rounds, DESCENT // max(1, int(problem.most.max()))))
    probe: Array = np.empty(_PROBES, dtype=np.int64)
    seen = state.run(0, 50 * _PROBES, probe)
    losses = [-float(gain) / UNIT for gain in probe[:seen] if gain < 0]
    if not losses:
        return _Heat(1.0, cooling, soft)
    low, high = 0.0, max(losses) * 100
    for _ in range(40):
        middle = (low + high) / 2
        share = sum(math.exp(-loss / middle) for loss in losses) / len(losses)
        low, high = (middle, high) if share < hot else (low, middle)
    return _Heat(_rounded(high) * UNIT, cooling, soft)


def _coolings(problem: Problem, stop: Stop, state: State, began: float) -> int:
    """How many coolings the budget is divided into. Where it is counted, the clock has no say."""
    enough = ENOUGH * (problem.people * problem.rounds) ** 3
    budget: float | None = stop.left(Moment(0, 0, -math.inf, 0.0))
    if budget is None:
        clock = time.perf_counter()
        part = stop.part(Moment(0, 0, -math.inf, clock - began))
        if not part:
            return 1
        state.run(0, _PROBES)
        budget = _PROBES / (time.perf_counter() - clock) * (clock - began) / part
    return int(min(max(budget // enough, 1), MOST_COOLINGS))


def _chunk(problem: Problem, stop: Stop) -> int:
    """Proposals between two looks at the stop: some milliseconds' worth, and 800 looks in a counted budget."""
    chunk = max(200, min(10_000, 100_000 // max(1, int(problem.most.max()))))
    budget = stop.left(Moment(0, 0, -math.inf, 0.0))
    return chunk if budget is None else max(50, min(chunk, budget // 800))


def _rounded(value: float) -> float:
    """Six digits: what exp and powers give beyond them differs between machines."""
    return float(f"{value:.6g}")


def _result(
    problem: Problem, plan: Ints, start: Ints, bound: float, seed: int, iterations: int, began: float
) -> Result:
    value = worth(problem, plan)
    counts = city_counts(problem, plan)
    # Twenty, but not so many where each takes its time and one is much like another.
    baseline, random_repeats = by_chance(problem, start, seed, plans=max(3, min(20, 2_000 // problem.people)))
    return Result(
        plan=plan,
        objective=value.objective,
        upper_bound=bound,
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
        seconds=time.perf_counter() - began,
        seed=seed,
        problem_digest=problem.digest(),
    )
