"""Plans for the rest of a day on which people stayed away or came late: few seats change, the past stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from services.matching.solver.check import check
from services.matching.solver.construct import repaired
from services.matching.solver.objective import worth
from services.matching.solver.problem import HARD, Flags, Ints, Pairs, Problem, Weights
from services.matching.solver.result import Result
from services.matching.solver.search import Keep, Progress, solve
from services.matching.solver.state import lay_out, moving
from services.matching.solver.stop import Stop

MOVES_EACH = 2
"""Seats that may change for each person who is missing or new, beyond that person's own."""
# The hard rules come before the number of changed seats: so often is that doubled where they cannot be kept otherwise.
_WIDENED = 4
# Ways to begin, for one person and at most: each takes its time.
_STARTS, _MOST_STARTS = 3_000, 50
# How often each seat is looked at while broken rules are mended, and how often that is tried.
_LOOKS, _TRIES = 10, 5


@dataclass(frozen=True, slots=True, eq=False)
class Replan:
    """`result`: of the whole day, the rounds that are over included. `moved`: seats (round, key, from, to) of people
    who sit elsewhere than planned. `missing` and `new`: keys of those who are no longer, or were not yet, in the plan.
    """

    result: Result
    moved: tuple[tuple[int, str, int, int], ...]
    missing: tuple[str, ...]
    new: tuple[str, ...]


def replan(
    problem: Problem,
    plan: Ints,
    over: int,
    stop: Stop,
    *,
    seed: int = 0,
    most_moved: int | None = None,
    pinned: Collection[str] = (),
    gone: int = 0,
    begun: Ints | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Replan:
    """Plans the rounds from `over` on anew.

    `problem` is the day as it is now: `present` says who is (still, or newly) there in the rounds to come, and who was
    there in those that are over; its sizes and mixing are those that shall hold from now on. `plan` (R×N) is the plan
    so far, -1 for people who were not in it. `most_moved`: how many seats may change, 2 for each missing or new person
    if left out; where the hard rules cannot be kept within that, the number is doubled up to four times. More change
    where sizes, reach and fixed seats leave no other way. `gone`: how many more are missing, whom `problem` does not
    know, as they are there in no round. Who is `pinned` keeps every seat. `begun` (R×N): the best
    that an earlier search for the same had found, from which this one goes on.

    Raises ValueError for a plan of another shape, and Unseatable as `construct.random_plan` does.
    """
    if plan.shape != problem.present.shape or not 0 <= over < problem.rounds:
        raise ValueError(f"the plan has the shape {plan.shape}; rounds 0 to {problem.rounds - 1} can be planned anew")
    home = np.where(problem.present, plan, -1).astype(np.int32)
    home[:over] = -1
    fixed = problem.fixed.copy()
    fixed[:over] = np.where(problem.present[:over], plan[:over], -1)
    held = np.array([key in set(pinned) for key in problem.keys])
    fixed[over:, held] = np.where(home[over:, held] >= 0, home[over:, held], fixed[over:, held])
    today = past_as_it_was(replace(problem, fixed=fixed), over)

    ahead, before = problem.present[over:], plan[over:] >= 0
    missing = np.flatnonzero((before & ~ahead).any(axis=0))
    new = np.flatnonzero((ahead & ~before).any(axis=0))
    start = _start(today, np.where(home >= 0, home, fixed) if begun is None else begun, seed)
    least = _moved(home, start)
    allowed = MOVES_EACH * (len(missing) + len(new) + gone) if most_moved is None else most_moved
    # Where people came or went and nobody says how much may change, the search mends and improves at once.
    if most_moved is not None or not allowed:
        mended = _mended(today, start)
        if most_moved is None or _moved(home, mended) <= max(allowed, least):
            start, least = mended, _moved(home, mended)
    result = solve(today, stop, seed, on_progress, start=start, keep=Keep(home, max(allowed, least)), clock=clock)
    for _attempt in range(_WIDENED):
        if not result.broken or most_moved is not None:
            break
        allowed = 2 * max(1, allowed)
        result = solve(
            today, stop, seed, on_progress, start=result.plan, keep=Keep(home, max(allowed, least)), clock=clock
        )
    changed = np.argwhere((home >= 0) & (result.plan != home)).tolist()
    return Replan(
        result,
        tuple((r, problem.keys[i], int(home[r, i]), int(result.plan[r, i])) for r, i in changed),
        tuple(problem.keys[i] for i in missing),
        tuple(problem.keys[i] for i in new),
    )


def _start(problem: Problem, plan: Ints, seed: int) -> Ints:
    """The best of some ways to seat those who are new and to even the tables out."""
    tries = max(1, min(_MOST_STARTS, _STARTS // problem.people))
    found = [repaired(problem, plan, seed * 1_000_003 + number) for number in range(tries)]
    marks = [worth(problem, one) for one in found]
    return found[max(range(tries), key=lambda k: (-marks[k].broken, marks[k].objective, -k))]


def _mended(problem: Problem, plan: Ints) -> Ints:
    """The plan after exchanges that each mend a broken hard rule and do nothing else, as long as there are any.

    A search among few changes would use them up for what is merely better.
    """
    if not worth(problem, plan).broken:
        return plan
    weights = Weights(0.0, 0.0, HARD if problem.weights.repeat == HARD else 0.0)
    bare = replace(
        problem,
        affinity=np.zeros_like(problem.affinity),
        interest=np.zeros_like(problem.interest),
        kinds=tuple(one for one in problem.kinds if one.weight == HARD),
        must=_hard(problem.must),
        never=_hard(problem.never),
        weights=weights,
    )
    # Whoever sits elsewhere would help a little, too, and leave another table to be mended.
    concerned = _concerned(problem, plan) & problem.open
    found = []
    for seed in range(_TRIES):
        state = lay_out(bare, plan, seed)
        state.rules = state.rules._replace(**moving(concerned))
        state.draw(0, _LOOKS * int(concerned.sum()))
        found.append(state.best.copy())
    return min(found, key=lambda one: (worth(problem, one).broken, int((one != plan).sum())))


def _concerned(problem: Problem, plan: Ints) -> Flags:
    """Who sits where a hard rule is broken, or has a part in one that is (R×N)."""
    who = np.zeros(plan.shape, dtype=np.bool_)
    number = {key: i for i, key in enumerate(problem.keys)}
    for one in check(problem, plan):
        if one.round is not None and one.table is not None:
            who[one.round] |= plan[one.round] == one.table
        who[:, [number[key] for key in one.people]] = True
    return who


def _hard(pairs: Pairs) -> Pairs:
    hard = pairs.weights == HARD
    return Pairs(pairs.who[hard], pairs.weights[hard])


def _moved(home: Ints, plan: Ints) -> int:
    return int(((home >= 0) & (plan != home)).sum())


def past_as_it_was(problem: Problem, over: int) -> Problem:
    """The problem with bounds that the rounds that are over keep, whatever happened in them."""
    least, most = problem.least.copy(), problem.most.copy()
    least[:over], most[:over] = 0, problem.people
    kinds = []
    for one in problem.kinds:
        low, high = one.low.copy(), one.high.copy()
        low[:over], high[:over] = 0, problem.people
        kinds.append(replace(one, low=low, high=high))
    return replace(problem, least=least, most=most, kinds=tuple(kinds))
