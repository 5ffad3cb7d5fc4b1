"""Simulated annealing over whole plans: a session goes to a free place or changes with another.

After S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, Optimization by Simulated Annealing, Science 220 (1983).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.events.agenda.bounds import attainable, possible
from services.events.agenda.construct import random_plan
from services.events.agenda.problem import OUT, Ints, Problem, Rules
from services.events.agenda.result import Result, agenda, quality, share
from services.events.agenda.state import State, lay_out, places_of
from services.events.agenda.stop import Iterations, Stop

# The temperature at the start and at the end of a cooling, in mean weights of a wish; measured on 12 to 120 topics.
HOT, COLD = 1.5, 0.5
# How a budget is used: so much of it at the end goes on from the best plan, where only betters and equals count.
POLISH = 1 / 16
# Several coolings, each from another start, where a budget allows each so many proposals for every session and place.
ENOUGH, MOST_COOLINGS = 300, 16
# Proposals for every session and place without a budget, at least and at most.
USUAL, LEAST, MOST = 1_000, 50_000, 8_000_000
# Proposals between two looks at the stop, at most: some milliseconds' worth.
LOOK, LOOKS = 10_000, 400
RANDOM_PLANS = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """`fraction`: of the budget; `plan` (n×2): the best so far."""

    fraction: float
    iterations: int
    seconds: float
    plan: Ints
    problem: Problem

    @property
    def attended(self) -> int | None:
        """The weight of the wishes that the plan keeps, or None while it breaks hard rules. Counted when it is asked
        for: with seats to give, that takes longer than all else between two looks.
        """
        broken = bool((self.problem.rules.required & (self.plan[:, 0] == OUT)).any())
        return None if broken else quality(self.problem, self.plan).attended


@dataclass(frozen=True, slots=True, eq=False)
class Keep:
    """At most `most_moved` sessions shall have another slot or room than in `home` (n×2)."""

    home: Ints
    most_moved: int


def usual(problem: Problem) -> Iterations:
    """The budget of a search for which none is named: about a second for 100 topics, less for fewer."""
    size = problem.sessions * len(problem.slots) * len(problem.rooms)
    return Iterations(min(max(USUAL * size, LEAST), MOST))


def solve(
    problem: Problem,
    stop: Stop | None = None,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    start: Ints | None = None,
    keep: Keep | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Result:
    """The best plan found until `stop` (left out: `usual`); it keeps every hard rule unless `Result.broken` says
    otherwise.

    The same problem, seed and stop by count give the same plan on every machine; budgets in seconds ask `clock`.
    Compiling or loading the kernel comes before the first second. With `start`, a plan that keeps the hard rules, the
    search goes on from there; with `keep`, only so many sessions move. `on_progress` is called at most five times a
    second, and at the end; what it raises ends the search and is passed on.
    """
    warm()
    began = told = clock()
    stop = stop or usual(problem)
    could = sum(attainable(problem))
    bound = share(sum(possible(problem)), could)
    first = random_plan(problem, seed) if start is None else start
    state = lay_out(problem, first, seed, *((keep.home, keep.most_moved) if keep else ()))
    random = share(sum(_by_chance(state, seed)), could * RANDOM_PLANS)
    state.set(places_of(problem, first))
    hot = _mean_weight(problem) * state.units.wish
    left = stop.left(0)
    look = LOOK if left is None else max(1, min(LOOK, left // LOOKS))
    coolings = _coolings(problem, state, stop, began, clock)
    done, cooling, polishing = 0, 0, False
    while True:
        seconds = clock() - began
        part = min(stop.part(done, seconds), 1.0)
        if on_progress is not None and (part >= 1.0 or clock() - told >= 0.2):
            told = clock()
            on_progress(Progress(part, done, seconds, state.plan, problem))
        if part >= 1.0:
            break
        turn = part / (1 - POLISH) * coolings
        if turn >= coolings:
            if not polishing:
                polishing = True
                state.set(state.board.best.copy())
            temperature = 0
        else:
            if int(turn) > cooling:
                cooling = int(turn)
                state.set(_again(problem, state, start, keep, seed + cooling * 1_000_033))
            temperature = round(float(f"{hot * HOT * (COLD / HOT) ** (turn - cooling):.6g}"))
        left = stop.left(done)
        proposals = look if left is None else min(look, left)
        state.anneal(temperature, proposals)
        done += proposals
    return _result(problem, state, bound, random, seed, done, clock() - began)


def _coolings(problem: Problem, state: State, stop: Stop, began: float, clock: Callable[[], float]) -> int:
    """How many coolings the budget is good for. Where it is counted, the clock has no say."""
    budget: float | None = stop.left(0)
    if budget is None:
        before = clock()
        state.anneal(round(_mean_weight(problem) * state.units.wish), LOOK)
        after = clock()
        gone = stop.part(0, after - began)
        budget = 0.0 if gone >= 1 else LOOK / max(after - before, 1e-9) * (after - began) * (1 - gone) / gone
    enough = ENOUGH * problem.sessions * len(problem.slots) * len(problem.rooms)
    return int(min(max(budget * (1 - POLISH) // enough, 1), MOST_COOLINGS))


def _again(problem: Problem, state: State, start: Ints | None, keep: Keep | None, seed: int) -> Ints:
    """The places from which a further cooling sets out."""
    if start is not None or keep is not None:
        return state.board.best.copy()
    return places_of(problem, random_plan(problem, seed))


def _mean_weight(problem: Problem) -> float:
    return float(problem.wishes[:, 2].mean()) if len(problem.wishes) else 1.0


def _by_chance(state: State, seed: int) -> list[int]:
    """What random plans keep."""
    kept = []
    for number in range(RANDOM_PLANS):
        state.set(places_of(state.problem, random_plan(state.problem, seed * 1_000_003 + number)))
        kept.append(state.attended)
    state.forget()
    return kept


def _result(
    problem: Problem, state: State, bound: float, random: float, seed: int, iterations: int, seconds: float
) -> Result:
    plan = state.plan
    return Result(
        plan=plan,
        agenda=agenda(problem, plan),
        quality=quality(problem, plan),
        random=random,
        upper_bound=bound,
        broken=int((problem.rules.required & (plan[:, 0] == OUT)).sum()),
        iterations=iterations,
        seconds=seconds,
        seed=seed,
        problem_digest=problem.digest(),
    )


def warm() -> None:
    """Compiles the kernel, or loads it where that was done before: call it when installing."""
    flags = np.ones((2, 1), dtype=np.bool_)
    rules = Rules(
        there=flags,
        fits=flags,
        free=flags[:1],
        frozen=~flags[:1, 0],
        pinned=np.full((2, 2), OUT, dtype=np.int32),
        required=~flags[:, 0],
        clash=~np.ones((2, 2), dtype=np.bool_),
    )
    problem = Problem(
        topics=("a", "b"),
        slots=("t",),
        rooms=("r",),
        people=("p",),
        conveners=((), ()),
        topic_of=np.arange(2, dtype=np.int32),
        wishes=np.array([[0, 0, 1]], dtype=np.int32),
        seats=np.ones(1, dtype=np.int32),
        rules=rules,
    )
    state = lay_out(problem, np.full((2, 2), OUT, dtype=np.int32), 0)
    state.anneal(0, 1)
    state.tried(np.array([[0, 0]]))
