from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from services.matching.solver import HARD, Pairs, Problem, Weights, check, random_plan, recount
from services.matching.solver.objective import worth
from tests.matching.solver.people import HN, problem


@pytest.fixture(scope="module")
def given() -> Problem:
    return problem((6, 6), tables=3, rounds=2)


@pytest.fixture
def plan(given: Problem) -> list[list[int]]:
    rows: list[list[int]] = random_plan(given, 1).tolist()
    assert check(given, rows) == []
    return rows


def _reasons(given: Problem, plan: list[list[int]], objective: float | None = None) -> set[str]:
    found = check(given, plan, objective)
    assert all(violation.message for violation in found)
    return {violation.reason for violation in found}


def test_a_lost_round(given: Problem, plan: list[list[int]]) -> None:
    assert _reasons(given, plan[:1]) == {"wrong-rounds"}


def test_a_person_without_a_seat(given: Problem, plan: list[list[int]]) -> None:
    plan[1].pop()
    assert _reasons(given, plan) == {"wrong-people"}


@pytest.mark.parametrize("table", [-2, 3])
def test_a_table_that_does_not_exist(given: Problem, plan: list[list[int]], table: int) -> None:
    plan[0][4] = table
    assert _reasons(given, plan) == {"unknown-table"}
    assert check(given, plan)[0].people == ("p4",)


def test_somebody_forgotten(given: Problem, plan: list[list[int]]) -> None:
    plan[0][4] = -1
    assert "not-seated" in _reasons(given, plan)


def test_a_table_too_large(given: Problem, plan: list[list[int]]) -> None:
    plan[0][0] = (plan[0][0] + 1) % 3
    assert "wrong-size" in _reasons(given, plan)


def test_cities_that_keep_to_themselves(given: Problem, plan: list[list[int]]) -> None:
    mine, theirs = plan[1][0], next(i for i in range(6, 12) if plan[1][i] != plan[1][0])
    plan[1][0], plan[1][theirs] = plan[1][theirs], mine
    assert _reasons(given, plan) == {"unmixed"}
    assert {(v.round, v.kind) for v in check(given, plan)} >= {(1, HN)}


def test_an_objective_that_is_not_the_plans(given: Problem, plan: list[list[int]]) -> None:
    right = recount(given, plan)
    assert _reasons(given, plan, right) == set()
    assert _reasons(given, plan, right + 0.25) == {"wrong-objective"}


def test_an_earlier_meeting_that_counts_nothing_forbids_none(given: Problem, plan: list[list[int]]) -> None:
    i, j = next((i, j) for i in range(12) for j in range(i) if plan[0][i] == plan[0][j])
    for weight, forbids in ((0.0, False), (0.1, True)):
        rules = Pairs(np.array([[i, j]]), np.array([weight]))
        one = dataclasses.replace(given, earlier=rules, weights=Weights(repeat=HARD))
        named = [violation.people for violation in check(one, plan) if violation.reason == "repeat"]
        met = sum(row[i] == row[j] for row in plan) > 1
        assert (("p" + str(i), "p" + str(j)) in named or ("p" + str(j), "p" + str(i)) in named) is (forbids or met)
        assert (worth(one, np.array(plan)).broken > 0) is bool(named)


def test_two_counts_of_one_objective_agree() -> None:
    for seed in range(5):
        given = problem((9, 5, 3), tables=4, rounds=4, seed=seed)
        plan = random_plan(given, seed)
        assert worth(given, plan).objective == pytest.approx(recount(given, plan), abs=1e-9)
