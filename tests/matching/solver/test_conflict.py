"""Rules that conflict, planted and spoken. `LOTSENNETZ_PLANS` says how many: a tenth of it is planted."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from random import Random

import pytest

from services.matching.solver import HARD, Model, Problem, Unseatable, Weights, check, random_plan
from services.matching.solver.bounds import repeats_bound
from services.matching.solver.conflict import Conflict, Possible, conflict
from services.matching.solver.conflict.counting import CERTIFICATES, seats
from services.matching.solver.exact import optimum
from services.matching.solver.rules import Relaxed, Rule, Rulebook, Sort
from tests.conftest import soak
from tests.matching.solver.cases import PLANTS, draft, infeasible

# Generous, since other work may share the machine: nothing here takes a second alone.
SECONDS = 60.0


def _found(given: Problem) -> Conflict:
    found = conflict(given, SECONDS)
    assert isinstance(found, Conflict)
    assert found.message
    assert found.minimal
    return found


def _said(given: Problem) -> tuple[str, dict[str, str | int]]:
    found = _found(given)
    return found.reason, dict(found.values)


def _model(people: int, tables: int, rounds: int = 3, city: str | None = "KN", seats: int | None = None) -> Model:
    model = Model(tables=tables, rounds=rounds)
    model.mix("city", None)
    for number in range(people):
        model.person(f"p{number}", city=city or f"city{number}")
    if seats is not None:
        model.capacities([(0, seats)] * tables)
    return model


def _can(given: Problem, rules: frozenset[Rule]) -> bool:
    """Whether a plan keeps these rules, by the exact solver and the checker where there are no others."""
    case = Relaxed(Rulebook(given), rules)
    for guests in (False, True):
        alone = case.as_problem(guests=guests)
        if alone.weights.repeat == HARD and repeats_bound(alone) > 0:
            return False  # too many rounds to be tried one by one
        best = optimum(alone, SECONDS)
        if best is not None:
            assert check(alone, best.plan) == []
            return True
    return False


# Forty, and a hundred where a thousand plans are asked for.
PLANTED = int(os.environ.get("LOTSENNETZ_PLANS", "200")) // 10


@pytest.mark.parametrize("number", range(PLANTED))
def test_a_planted_conflict_is_found_and_nothing_beside_it(number: int) -> None:
    _plant, given = infeasible(number)
    rules = frozenset(_found(given).rules)
    assert not _can(given, rules)
    assert [rule for rule in rules if not _can(given, rules - {rule})] == []


def test_what_counting_names_is_all_that_it_needs() -> None:
    for number in range(5 * len(PLANTS)):
        book = Rulebook(infeasible(number)[1])
        for certificate in CERTIFICATES:
            found = certificate(Relaxed(book, book.rules))
            assert found is None or certificate(Relaxed(book, found)) is not None, (number, certificate)


def test_who_cannot_be_seated_is_who_does_not_fit() -> None:
    unseatable = 0
    for seed in range(10 * PLANTED):
        rnd = Random(seed)
        out = draft(rnd, (4, 12), (1, 4), (1, 2))
        out.kinds = []
        for i in range(out.people):
            if rnd.random() < 0.3:
                out.allowed[i] = [rnd.random() < 0.4 for _ in range(out.tables)]
                out.allowed[i, rnd.randrange(out.tables)] = True
            if rnd.random() < 0.1:
                out.fixed[rnd.randrange(out.rounds), i] = rnd.randrange(out.tables)
        given = out.problem()
        book = Rulebook(given)
        fits = seats(Relaxed(book, book.rules)) is None
        try:
            plan = random_plan(given, seed)
        except Unseatable:
            assert not fits, seed
            unseatable += 1
            continue
        assert fits, seed
        assert {one.reason for one in check(given, plan)} <= {"must", "never", "repeat"}, seed
    assert 0 < unseatable < 9 * PLANTED


def test_what_must_be_and_must_not() -> None:
    model = _model(8, 2, seats=8)
    model.never("p4", "p1")
    given = model.problem()
    both = replace(given, must=given.never)
    assert _said(both) == ("must-and-never", {"one": "p1", "other": "p4"})
    assert _found(both).rules == (Rule(Sort.MUST, ("p1", "p4")), Rule(Sort.NEVER, ("p1", "p4")))


def test_two_who_are_never_there_together() -> None:
    model = Model(tables=2, rounds=3)
    for key, rounds in (("anna", (0,)), ("bert", (1, 2)), *((f"p{n}", (0, 1, 2)) for n in range(6))):
        model.person(key, city=key, rounds=rounds)
    model.must("anna", "bert")
    found = _found(model.problem())
    assert (found.reason, found.people) == ("must-never-there-together", ("anna", "bert"))


def test_four_who_must_not_meet_at_three_tables() -> None:
    model = _model(12, 3)
    for i in range(4):
        for j in range(i):
            model.never(f"p{i}", f"p{j}")
    assert _said(model.problem()) == ("never-too-few-tables", {"people": 4, "pairs": 6, "tables": 3})


def test_eight_people_and_six_places_in_reach() -> None:
    model = Model(tables=3, rounds=2)
    for number in range(14):
        model.person(f"p{number}", city=f"c{number}", tables=[2] if number < 8 else None)
    model.capacities([(0, 9), (0, 9), (0, 6)])
    found = _found(model.problem())
    assert (found.reason, found.values) == ("too-few-places-in-reach", {"people": 8, "places": 6})
    assert (found.tables, found.people, found.round) == ((2,), tuple(f"p{n}" for n in range(8)), 0)
    # Seven of the eight are too many already.
    assert [rule.sort for rule in found.rules] == [Sort.REACH] * 7 + [Sort.MOST]


def test_thirty_of_one_town_and_twenty_places_for_them() -> None:
    model = _model(40, 4)
    model.people[30:] = [replace(person, kinds={"city": "HN"}) for person in model.people[30:]]
    model.apart("city", most=5)
    said = {"kind": "city", "name": "KN", "tables": 4, "people": 30, "places": 20, "most": 5}
    assert _said(model.problem()) == ("kind-too-many", said)


def test_too_many_rounds_for_new_people() -> None:
    given = _model(24, 4, rounds=5).problem()
    assert _said(replace(given, weights=Weights(repeat=HARD)))[0] == "repeats"


def test_a_person_with_more_partners_than_places() -> None:
    model = _model(16, 8, rounds=2)
    for number in range(1, 4):
        model.must("p0", f"p{number}")
    found = _found(model.problem())
    assert (found.reason, found.values) == ("must-too-many-partners", {"one": "p0", "partners": 3})
    assert Rule(Sort.EVEN) in found.rules


def test_a_round_that_is_past_keeps_its_seats() -> None:
    given = _model(6, 2, rounds=2).problem()
    fixed = given.fixed.copy()
    fixed[0] = [0, 0, 0, 1, 1, 1]
    model = _model(6, 2, rounds=2)
    model.never("p0", "p2")
    found = _found(replace(model.problem(), fixed=fixed))
    assert found.rules == (Rule(Sort.NEVER, ("p0", "p2")), Rule(Sort.PAST, round=0))
    assert (found.reason, found.round) == ("never-at-one-table", 0)


def test_where_there_is_none_a_plan_says_so() -> None:
    given = _model(40, 5, city=None).problem()
    found = conflict(given, SECONDS)
    assert isinstance(found, Possible)
    assert check(given, found.plan) == []


@soak
def test_hundreds_of_people() -> None:
    model = _model(600, 60, rounds=4, city=None)
    for number in range(60):
        model.never(f"p{number}", f"p{number + 60}")
    found = conflict(model.problem(), SECONDS)
    assert isinstance(found, Possible)
    model.people[:9] = [replace(person, tables=tuple(range(8))) for person in model.people[:9]]
    for i in range(9):
        for j in range(i):
            model.never(f"p{i}", f"p{j}")
    assert _said(model.problem()) == ("never-too-few-tables", {"people": 9, "pairs": 36, "tables": 8})


_WITHOUT = """
import sys
sys.modules["ortools"] = None
from services.matching.solver.conflict import conflict
from tests.matching.solver.cases import PLANTS, feasible, infeasible
named = {plant.__name__: number for number, plant in enumerate(PLANTS)}
for name in ("must_and_never", "never_more_than_tables", "narrow_reach"):
    found = conflict(infeasible(named[name])[1], 60.0)
    print(found.reason, found.minimal)
print(type(conflict(feasible(1), 60.0)).__name__, conflict(infeasible(named["never_in_a_ring"])[1], 60.0))
"""


def test_without_or_tools_counting_still_finds_and_silence_is_no_answer() -> None:
    run = subprocess.run([sys.executable, "-c", _WITHOUT], check=True, capture_output=True, text=True)
    assert run.stdout.splitlines() == [
        "must-and-never True",
        "never-too-few-tables True",
        "too-few-places-in-reach True",
        "Possible None",
    ]
