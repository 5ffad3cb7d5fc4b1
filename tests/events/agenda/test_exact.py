"""Small problems with rules of every sort: all plans, the proved optimum and the search agree."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np
import pytest

from services.events.agenda import Iterations, Problem, Result, check, conflict, random_plan, recount, replan, solve
from services.events.agenda.exact import optimum
from tests.conftest import SOAK, soak
from tests.events.agenda.cases import case
from tests.events.agenda.instances import instance, kept, problem, slots

PROPOSALS = 30_000


STEP = 1 if SOAK else 4
"""Which cases are solved; all of them in `make soak`."""


def _worth(given: Problem, plan: np.ndarray) -> int:
    """What the exact optimum maximises, from the definition."""
    held = np.flatnonzero(plan[:, 0] >= 0)
    could = sum(
        sum(sorted((w for q, _s, w in given.wishes.tolist() if q == p), reverse=True)[: len(given.slots)])
        for p in range(len(given.people))
    )
    off = given.weights.left_out * (given.sessions - len(held))
    off += given.weights.seatless * int(given.beyond[held, plan[held, 1]].sum())
    return round(recount(given, plan) * could) - off


@pytest.mark.parametrize("part", range(0, 4, STEP))
def test_the_search_finds_the_proved_optimum(part: int) -> None:
    for seed in range(part, 80, 4 if SOAK else 8):
        given = case(seed).problem()
        best, found = optimum(given), solve(given, Iterations(PROPOSALS), seed=seed)
        if best is None:
            assert found.broken, seed
            assert conflict(given) is not None, seed
            continue
        assert best.proved
        assert check(given, best.plan) == [], seed
        assert check(given, found.plan, found.kept) == [], seed
        assert _worth(given, found.plan) == best.worth == _worth(given, best.plan), seed
        assert found.kept <= found.upper_bound + 1e-9, seed


def test_the_proved_optimum_is_that_of_all_plans() -> None:
    checked = 0
    for seed in range(100, 200 if SOAK else 150):
        given = case(seed, topics=(3, 3)).problem()
        places = [(-1, -1), *product(range(len(given.slots)), range(len(given.rooms)))]
        if given.sessions > 3 or len(places) > 10:
            continue
        plans = [np.array(plan) for plan in product(places, repeat=given.sessions)]
        possible = [plan for plan in plans if not check(given, plan)]
        best = optimum(given)
        assert (best is None) == (not possible), seed
        if best is not None:
            assert best.worth == max(_worth(given, plan) for plan in possible), seed
        checked += 1
    assert checked > 5


def test_a_conflict_is_seen_exactly_where_no_plan_is_possible() -> None:
    impossible = 0
    for seed in range(300, 420, 2 * STEP):
        given = case(seed, required=0.9, topics=(4, 7)).problem()
        best, found = optimum(given), conflict(given)
        assert (best is None) == (found is not None), seed
        impossible += best is None
        if found is not None:
            assert found.minimal, seed
            assert found.message
            assert found.topics
        else:
            assert _searched(given).broken == 0, seed
    assert 10 < impossible * 2 * STEP < 110


def _searched(given: Problem) -> Result:
    return next(
        (found for seed in range(5) if not (found := solve(given, Iterations(PROPOSALS), seed=seed)).broken),
        solve(given, Iterations(10 * PROPOSALS)),
    )


def test_random_plans_break_nothing_but_what_is_required() -> None:
    for seed in range(500, 600, STEP):
        given = case(seed).problem()
        assert {fault.reason for fault in check(given, random_plan(given, seed))} <= {"required"}


@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", pytest.param("town", marks=soak)])
def test_our_own_small_instances_are_solved(size: str) -> None:
    for seed in range(0, 4, STEP):
        made = instance(size, seed)
        given = problem(made)
        best, found = optimum(given), solve(given, seed=seed)
        assert best is not None
        assert best.proved
        assert found.quality.attended == best.worth
        assert found.kept == pytest.approx(kept(made, slots(found.plan)), abs=1e-12)


def test_planning_anew_is_the_best_with_so_few_moves() -> None:
    rnd = Random(1)
    moved = 0
    for seed in range(600, 640, STEP):
        given = case(seed).problem()
        before = solve(given, Iterations(PROPOSALS), seed=seed)
        held = [entry for entry in before.agenda if entry.slot is not None]
        if before.broken or not held or given.weights.seatless or given.weights.left_out:
            continue
        entry = rnd.choice(held)
        after = replan(given, before.plan, lost=[(str(entry.slot), str(entry.room))])
        assert {fault.reason for fault in check(after.problem, after.result.plan)} <= {"required"}, seed
        assert after.all_tried
        every = optimum_within(after.problem, before.plan, 2)
        assert after.result.broken or after.result.quality.attended >= every, seed
        moved += len(after.moved)
    assert moved


def optimum_within(given: Problem, home: np.ndarray, moves: int) -> int:
    """The best attended by a search over every plan that differs in at most two sessions."""
    places = [(-1, -1), *product(range(len(given.slots)), range(len(given.rooms)))]
    best = -1
    for one, other in product(range(given.sessions), repeat=2):
        for a, b in product(places, places):
            plan = home.copy()
            plan[one], plan[other] = a, b
            if (plan != home).any(axis=1).sum() <= moves and not check(given, plan):
                best = max(best, _worth(given, plan))
    return best
