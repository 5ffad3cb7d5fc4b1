"""The day goes otherwise than planned."""

from __future__ import annotations

import dataclasses
from random import Random

import numpy as np
import pytest

from services.matching.solver import Iterations, Model, Problem, check, replan, solve
from services.matching.solver.problem import Ints, even_kinds, even_sizes
from tests.matching.solver.people import problem

OVER, ROUNDS, TABLES = 1, 4, 8


@pytest.fixture(scope="module")
def morning() -> tuple[Problem, Ints]:
    given = _there(problem((36, 30), tables=TABLES, rounds=ROUNDS), {number: set() for number in range(60, 66)})
    return given, solve(given, Iterations(400_000), seed=1).plan


def _there(given: Problem, only: dict[int, set[int]]) -> Problem:
    """The problem with these people there in these rounds alone."""
    present = given.present.copy()
    for number, rounds in only.items():
        present[:, number] = [r in rounds for r in range(given.rounds)]
    least, most = even_sizes(present, given.tables)
    bounds = [even_kinds(one.of, len(one.names), present, most) for one in given.kinds]
    kinds = tuple(
        dataclasses.replace(one, low=low, high=high) for one, (low, high) in zip(given.kinds, bounds, strict=True)
    )
    return dataclasses.replace(given, present=present, least=least, most=most, kinds=kinds)


def _now(given: Problem) -> Problem:
    """Three people are gone after the first round, three have come."""
    changes = {number: set(range(OVER)) for number in (5, 20, 41)} | {n: {1, 2, 3} for n in (60, 61, 62)}
    return _there(given, changes)


def test_few_seats_change_and_the_past_stays(morning: tuple[Problem, Ints]) -> None:
    given, plan = morning
    now = _now(given)
    found = replan(now, plan, OVER, Iterations(200_000), seed=1, pinned=["p7"])
    assert found.missing == ("p5", "p20", "p41")
    assert found.new == ("p60", "p61", "p62")
    assert found.result.broken == 0
    there = plan[:OVER] >= 0
    assert np.array_equal(found.result.plan[:OVER][there], plan[:OVER][there])
    assert np.array_equal(found.result.plan[:, 7], plan[:, 7])
    changed = {(r, key) for r, key, _old, _new in found.moved}
    assert len(changed) == len(found.moved) <= 2 * 6
    for r in range(OVER, ROUNDS):
        for i, key in enumerate(now.keys):
            if now.present[r, i] and plan[r, i] >= 0:
                assert (found.result.plan[r, i] != plan[r, i]) == ((r, key) in changed)
    assert [one for one in check(now, found.result.plan, found.result.objective) if one.round not in range(OVER)] == []


def test_it_is_hardly_worse_than_a_plan_made_anew() -> None:
    """One in twenty stays away, one in twenty comes late."""
    late, gone = range(200, 210), range(0, 100, 10)
    whole = problem((130, 80), tables=20, rounds=ROUNDS)
    given = _there(whole, {number: set() for number in late})
    plan = solve(given, Iterations(1_500_000), seed=1).plan
    now = _there(whole, {n: {1, 2, 3} for n in late} | {n: set(range(OVER)) for n in gone})
    few = replan(now, plan, OVER, Iterations(1_000_000), seed=1)
    anew = replan(now, plan, OVER, Iterations(1_000_000), seed=1, most_moved=10_000)
    assert len(few.moved) <= 2 * 20
    assert few.result.broken == 0
    assert few.result.objective >= 0.97 * anew.result.objective


def test_nothing_happened_nothing_changes(morning: tuple[Problem, Ints]) -> None:
    given, plan = morning
    found = replan(given, plan, OVER, Iterations(50_000), seed=1)
    assert (found.moved, found.missing, found.new) == ((), (), ())
    assert np.array_equal(found.result.plan, plan)


def test_the_same_again(morning: tuple[Problem, Ints]) -> None:
    given, plan = morning
    one, other = (replan(_now(given), plan, OVER, Iterations(60_000), seed=9) for _ in range(2))
    assert np.array_equal(one.result.plan, other.result.plan)


def test_hard_rules_come_before_few_moves() -> None:
    """Half a city leaves: evenly mixed tables need more than two moves for each."""
    model = Model(tables=4, rounds=2)
    for number in range(32):
        model.person(f"p{number}", city="KN" if number < 16 else "HN")
    given = model.problem()
    plan = solve(given, Iterations(20_000), seed=1).plan
    rnd = Random(1)
    gone = [i for i in range(32) if plan[1, i] in (0, 1) and rnd.random() < 0.9]
    now = _there(given, {number: {0} for number in gone})
    found = replan(now, plan, 1, Iterations(40_000), seed=1)
    assert found.result.broken == 0


def test_a_plan_made_worse_by_hand_is_mended_with_few_moves(morning: tuple[Problem, Ints]) -> None:
    """Two of different cities change places; so do two of one city, which breaks nothing."""
    given, plan = morning
    city = given.kinds[0].of
    for seed in range(5):
        rnd, worse = Random(seed), plan.copy()
        for r in range(ROUNDS):
            i = rnd.choice([i for i in range(given.people) if plan[r, i] >= 0])
            j = rnd.choice([j for j in np.flatnonzero(city != city[i]).tolist() if plan[r, j] not in {-1, plan[r, i]}])
            worse[r, i], worse[r, j] = worse[r, j], worse[r, i]
        broken = {one.round for one in check(given, worse)}
        assert broken
        for most in (2 * len(broken), None):
            found = replan(given, worse, 0, Iterations(20_000), seed=seed, most_moved=most)
            assert check(given, found.result.plan, found.result.objective) == []
            assert len(found.moved) <= 2 * len(broken)


def test_a_plan_of_another_day_is_refused(morning: tuple[Problem, Ints]) -> None:
    given, plan = morning
    with pytest.raises(ValueError, match="shape"):
        replan(given, plan[:2], OVER, Iterations(10))
