"""Rules of the day: hosts, pairs, presence, capacities, reach, kinds; hard and soft."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest

from services.matching.solver import (
    HARD,
    Invalid,
    Iterations,
    Model,
    Unseatable,
    Weights,
    check,
    random_plan,
    recount,
    solve,
)
from services.matching.solver.bounds import upper_bound
from services.matching.solver.objective import worth


def _model(people: int, *, tables: int, rounds: int, weights: Weights | None = None) -> Model:
    """People p0, p1, … alternately from two cities, with a topic each."""
    model = Model(tables=tables, rounds=rounds, weights=weights or Weights())
    for number in range(5):
        model.topic(f"t{number}")
    for number in range(people):
        model.person(
            f"p{number}",
            city=("KN", "HN")[number % 2],
            offers=[f"t{number % 5}"],
            seeks=[f"t{(number + 1) % 5}"],
            kinds={"department": f"d{number % 3}"},
        )
    return model


def _reasons(model: Model) -> set[tuple[str | None, str]]:
    with pytest.raises(Invalid) as caught:
        model.check()
    assert all(fault.message for fault in caught.value.faults)
    return {(fault.person, fault.reason) for fault in caught.value.faults}


def test_hosts_stay_and_share_no_table() -> None:
    model = _model(24, tables=4, rounds=4)
    model.host("p3", 2)
    model.host("p4")
    model.host("p5")
    given = model.problem()
    found = solve(given, Iterations(40_000), seed=1)
    assert check(given, found.plan, found.objective) == []
    seats = [set(found.plan[:, number].tolist()) for number in (3, 4, 5)]
    assert seats[0] == {2}
    assert len(set.union(*seats)) == 3


def test_who_must_meet_does_and_who_must_not_does_not() -> None:
    model = _model(30, tables=6, rounds=4)
    model.must("p0", "p9")
    model.must("p0", "p17")
    model.never("p0", "p1")
    model.never("p2", "p3")
    given = model.problem()
    found = solve(given, Iterations(60_000), seed=1)
    assert check(given, found.plan, found.objective) == []
    assert any(found.plan[:, 0] == found.plan[:, 9])
    assert any(found.plan[:, 0] == found.plan[:, 17])
    assert not any(found.plan[:, 0] == found.plan[:, 1])


def test_soft_rules_are_weighed_against_each_other() -> None:
    # Two tables of two: p0 can meet one person; the dearer wish wins, and the price of the other is paid.
    model = _model(4, tables=2, rounds=1, weights=Weights(0, 0, 0))
    model.mix("city", None)
    model.must("p0", "p1", 3.0)
    model.must("p0", "p2", 5.0)
    given = model.problem()
    found = solve(given, Iterations(500), seed=1)
    assert found.plan[0, 0] == found.plan[0, 2]
    assert found.objective == -3.0
    assert check(given, found.plan, found.objective) == []


def test_people_sit_only_where_and_when_they_can() -> None:
    model = _model(20, tables=4, rounds=3)
    model.person("late", city="KN", rounds=[1, 2])
    model.person("wheelchair", city="HN", tables=[0, 3])
    given = model.problem()
    found = solve(given, Iterations(40_000), seed=1)
    assert check(given, found.plan, found.objective) == []
    assert found.plan[0, 20] == -1
    assert (found.plan[1:, 20] >= 0).all()
    assert set(found.plan[:, 21].tolist()) <= {0, 3}


def test_tables_of_different_sizes() -> None:
    model = _model(23, tables=4, rounds=3)
    model.capacities([(8, 10), (2, 4), (4, 6), (4, 6)])
    given = model.problem()
    found = solve(given, Iterations(40_000), seed=1)
    assert check(given, found.plan, found.objective) == []
    assert {tuple(np.bincount(row, minlength=4) >= [8, 2, 4, 4]) for row in found.plan} == {(True,) * 4}


def test_two_kinds_are_mixed_at_once() -> None:
    model = _model(36, tables=6, rounds=3)
    model.mix("department")
    given = model.problem()
    found = solve(given, Iterations(60_000), seed=1)
    assert check(given, found.plan, found.objective) == []
    model.apart("city", most=2)
    assert solve(model.problem(), Iterations(5_000), seed=1).broken > 0  # six seats, two cities of two


def test_a_kind_that_nobody_has_binds_nobody() -> None:
    model = _model(12, tables=3, rounds=2)
    model.mix("language")
    given = model.problem()
    found = solve(given, Iterations(2_000), seed=1)
    assert check(given, found.plan, found.objective) == []


def test_earlier_meetings_count_as_repeats() -> None:
    model = _model(8, tables=4, rounds=1, weights=Weights(0, 0, 1))
    model.mix("city", None)
    for other in range(1, 7):
        model.earlier("p0", f"p{other}", 0.5)
    given = model.problem()
    found = solve(given, Iterations(2_000), seed=1)
    assert found.plan[0, 0] == found.plan[0, 7]
    assert found.repeats == 0
    assert check(given, found.plan, found.objective) == []


@pytest.mark.parametrize("repeat", [0.0, 10.0, HARD])
def test_earlier_meetings_count_otherwise_than_repeats(repeat: float) -> None:
    plan = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=np.int32)
    for weight, penalties, broken in ((0.0, 0.0, 0), (1.0, 2.5, 0), (900.0, 1450.0, 0), (HARD, 0.0, 2)):
        model = Model(tables=2, rounds=2, weights=Weights(repeat=repeat), earlier_weight=weight)
        for key in "abcd":
            model.person(key, city="KN")
        model.earlier("a", "b", 2.0)
        model.earlier("d", "b", 0.5)
        given = model.problem()
        value = worth(given, plan)
        if weight == repeat:
            assert value.repeats == 2.5
            continue
        assert (value.repeats, value.penalties, value.broken) == (0.0, penalties, broken)
        assert recount(given, plan) == pytest.approx(value.objective)


def test_nobody_meets_twice_as_a_hard_rule() -> None:
    model = _model(24, tables=6, rounds=4, weights=Weights(repeat=HARD))
    given = model.problem()
    found = solve(given, Iterations(300_000), seed=1)
    assert (found.broken, found.repeats) == (0, 0)
    assert check(given, found.plan, found.objective) == []


def test_impossible_rounds_are_told_apart() -> None:
    model = _model(12, tables=3, rounds=2)
    model.capacities([(4, 4)] * 3)
    for number in range(5):
        model.person(f"q{number}", city="KN", tables=[1], rounds=[1])
    assert _reasons(model) == {(None, "too-few-places")}
    model.capacities([(4, 8)] * 3)
    model.person("one-more", city="KN", tables=[1], rounds=[1])
    for number in range(3):
        model.person(f"r{number}", city="KN", tables=[1], rounds=[1])
    with pytest.raises(Unseatable, match="round 1"):
        random_plan(model.problem(), 1)


def test_faults_of_rules_come_all_at_once() -> None:
    model = _model(6, tables=2, rounds=2)
    model.person("never-there", city="KN", rounds=[], tables=[5])
    model.host("p0", 7)
    model.host("p1")
    model.host("p1")
    model.host("nobody")
    model.must("p0", "p0")
    model.must("p2", "p3")
    model.never("p3", "p2")
    model.never("p2", "somebody", -1.0)
    model.capacities([(3, 2)])
    assert _reasons(model) == {
        ("never-there", "no-round"),
        ("never-there", "unknown-table"),
        ("p1", "duplicate-host"),
        (None, "unknown-table"),
        (None, "unknown-person"),
        (None, "too-many-hosts"),
        (None, "same-person"),
        (None, "must-and-never"),
        (None, "weight-out-of-range"),
        (None, "wrong-number-of-capacities"),
        (None, "bad-capacity"),
    }


@pytest.mark.parametrize("seed", range(40))
def test_random_rules_are_kept_and_counted_alike(seed: int) -> None:
    rnd = Random(seed)
    tables, rounds = rnd.randint(2, 5), rnd.randint(1, 4)
    people = rnd.randint(4 * tables, 7 * tables)
    model = _model(people, tables=tables, rounds=rounds, weights=Weights(1.0, 0.5, rnd.choice([1.0, 10.0])))
    keys = [f"p{number}" for number in range(people)]
    model.mix("city", rnd.choice([HARD, 2.0, None]))
    model.mix("department", rnd.choice([1.0, 5.0, None]))
    for one, other in _pairs(rnd, keys, 6):
        rnd.choice([model.must, model.never])(one, other, rnd.choice([0.5, 4.0]))
    for one, other in _pairs(rnd, keys, 4):
        model.earlier(one, other, rnd.choice([0.25, 1.0]))
    for key in rnd.sample(keys, tables // 2):
        model.host(key)
    model.person("late", city="KN", rounds=[rounds - 1])
    given = model.problem()
    found = solve(given, Iterations(20_000), seed=seed)
    assert check(given, found.plan, found.objective) == []
    assert found.broken == 0
    assert found.objective <= upper_bound(given) + 1e-9


def _pairs(rnd: Random, keys: list[str], count: int) -> Iterable[tuple[str, str]]:
    for _ in range(count):
        one, other = rnd.sample(keys, 2)
        yield one, other
