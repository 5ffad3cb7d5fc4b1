from __future__ import annotations

import doctest
import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product
from random import Random

import numpy as np
import pytest

import services.matching.solver as package
from services.matching.solver import (
    FirstOf,
    Iterations,
    NoImprovement,
    Problem,
    Progress,
    Result,
    Seconds,
    Target,
    Weights,
    check,
    random_plan,
    recount,
    solve,
    warm,
)
from services.matching.solver.bounds import repeats_bound, upper_bound
from services.matching.solver.objective import worth
from tests.conftest import SOAK
from tests.matching.solver.people import HN, KN, problem


@pytest.fixture(scope="module")
def meeting() -> Problem:
    return problem((25, 25), tables=5, rounds=3)


@pytest.fixture(scope="module")
def plan(meeting: Problem) -> Result:
    return solve(meeting, Iterations(3_000_000), seed=1)


def test_the_usage_example_runs() -> None:
    assert doctest.testmod(package).failed == 0
    warm()


def test_two_cities_are_mixed_evenly(meeting: Problem, plan: Result) -> None:
    assert check(meeting, plan.plan, plan.objective) == []
    assert plan.cities_per_table == [[2] * 5] * 3
    assert plan.city_counts == [[{HN: 5, KN: 5}] * 5] * 3


def test_nobody_meets_twice_more_than_must_be(plan: Result) -> None:
    assert plan.repeats_bound == 75
    assert plan.repeats <= 76
    assert plan.repeated_meetings <= plan.repeats


def test_far_better_than_random_and_within_the_bound(meeting: Problem, plan: Result) -> None:
    # Of what lies between a random plan and what nobody can surpass, three quarters.
    assert plan.objective > plan.random_objective + 0.75 * (plan.upper_bound - plan.random_objective)
    assert plan.objective <= plan.upper_bound
    one = worth(meeting, random_plan(meeting, 5))
    assert plan.affinity > 1.3 * one.affinity


def test_the_checker_counts_the_same_objective(meeting: Problem, plan: Result) -> None:
    assert recount(meeting, plan.plan) == pytest.approx(plan.objective, abs=1e-6)


def test_a_result_is_json(meeting: Problem, plan: Result) -> None:
    back = json.loads(json.dumps(plan.as_json()))
    assert back["plan"] == plan.plan.tolist()
    assert back["problem_digest"] == meeting.digest()
    assert back["iterations"] == 3_000_000


def test_same_seed_and_budget_same_plan(meeting: Problem) -> None:
    first, again, other = (solve(meeting, Iterations(150_001), seed=s) for s in (3, 3, 4))
    assert np.array_equal(first.plan, again.plan)
    assert first.objective == again.objective
    assert first.iterations == 150_001
    assert not np.array_equal(first.plan, other.plan)


@pytest.mark.parametrize(
    ("residents", "tables", "rounds"),
    [((24, 23), 5, 3), ((30, 23), 5, 3), ((40, 10), 5, 3), ((30,), 4, 3), ((7, 6, 1, 1, 3), 4, 4), ((2,), 1, 2),
     ((1, 1, 1, 1), 2, 3), ((3, 1), 2, 20)],
)  # fmt: skip
def test_any_sizes_keep_the_rules(residents: tuple[int, ...], tables: int, rounds: int) -> None:
    given = problem(residents, tables=tables, rounds=rounds)
    found = solve(given, Iterations(100_000), seed=2)
    assert check(given, found.plan, found.objective) == []
    assert found.random_objective - 1e-9 <= found.objective <= found.upper_bound + 1e-9
    assert found.repeats >= found.repeats_bound


def test_random_small_problems_keep_the_rules() -> None:
    rnd = Random(11)
    for number in range(100 if SOAK else 30):
        tables = rnd.randint(1, 5)
        people = rnd.randint(2 * tables, 6 * tables)
        cities = rnd.randint(1, min(6, people))
        residents = [1 + count for count in _parts(rnd, people - cities, cities)]
        weights = Weights(rnd.choice([0.0, 1.0, 2.5]), rnd.choice([0.0, 0.5, 3.0]), rnd.choice([0.0, 1.0, 10.0, 300.0]))
        given = problem(residents, tables=tables, rounds=rnd.randint(1, 5), seed=number, weights=weights)
        found = solve(given, Iterations(5_000), seed=number)
        assert check(given, found.plan, found.objective) == []
        assert found.objective <= found.upper_bound + 1e-9
        assert found.repeats >= found.repeats_bound


def test_sixteen_golfers_play_three_days_without_meeting_twice() -> None:
    found = solve(problem((16,), tables=4, rounds=3), Iterations(500_000), seed=1)
    assert found.repeats == found.repeated_meetings == found.repeats_bound == 0


@pytest.mark.parametrize(
    ("residents", "tables", "seed"), [((3, 3), 2, 0), ((4, 2), 3, 1), ((6,), 2, 2), ((5,), 2, 3), ((4, 3), 3, 4)]
)
@pytest.mark.parametrize("weights", [Weights(), Weights(1.0, 2.0, 1.0)])
def test_small_problems_are_solved_to_the_optimum(
    residents: tuple[int, ...], tables: int, seed: int, weights: Weights
) -> None:
    given = problem(residents, tables=tables, rounds=2, seed=seed, weights=weights)
    seatings = list(_seatings(given))
    optimum = max(recount(given, pair) for pair in product(seatings, seatings))
    fewest = min(_repeats(pair) for pair in combinations(seatings, 2))
    found = solve(given, Iterations(60_000), seed=1)
    assert found.objective == pytest.approx(optimum)
    assert upper_bound(given) >= optimum - 1e-9
    assert repeats_bound(given) <= fewest


def test_the_repeats_bound_of_equal_groups() -> None:
    # C(3,2) pairs of rounds, 5 groups of 10, each split into 5 pairs.
    assert repeats_bound(problem((50,), tables=5, rounds=3)) == 3 * 5 * 5


def test_stops(meeting: Problem) -> None:
    assert solve(meeting, Seconds(0.0)).iterations == 0
    assert solve(meeting, Iterations(0)).iterations == 0
    assert solve(meeting, FirstOf(Seconds(60.0), Iterations(1_000))).iterations == 1_000
    calm = solve(meeting, FirstOf(NoImprovement(20_000), Iterations(5_000_000)), seed=1)
    assert calm.iterations < 5_000_000
    goal = calm.objective - 50
    reached = solve(meeting, FirstOf(Target(goal), Iterations(5_000_000)), seed=2)
    assert reached.objective >= goal
    assert reached.iterations < 5_000_000


def test_progress_only_rises(meeting: Problem) -> None:
    seen: list[Progress] = []
    found = solve(meeting, Seconds(0.7), seed=1, on_progress=seen.append)
    assert seen[-1].fraction == 1.0
    assert seen[-1].objective == pytest.approx(found.objective, abs=1e-3)
    assert [p.objective for p in seen] == sorted(p.objective for p in seen)
    assert [p.iterations for p in seen] == sorted(p.iterations for p in seen)
    assert all(p.objective <= p.upper_bound for p in seen)
    assert len(seen) <= 1 + 5 * (1 + found.seconds)


def _parts(rnd: Random, total: int, parts: int) -> list[int]:
    drawn = Counter(rnd.randrange(parts) for _ in range(total))
    return [drawn[part] for part in range(parts)]


def _seatings(given: Problem) -> Iterator[tuple[int, ...]]:
    """Every round that the checker allows."""
    for row in product(range(given.tables), repeat=given.people):
        if not check(given, [row] * given.rounds):
            yield row


def _repeats(rounds: tuple[tuple[int, ...], ...]) -> int:
    met = Counter(p for row in rounds for p in combinations(range(len(row)), 2) if row[p[0]] == row[p[1]])
    return sum(c * (c - 1) // 2 for c in met.values())
