"""Who attends what when rooms are too small: never more people than seats, and as many wishes kept as can be."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from services.events.agenda import Iterations, Model, Problem, check, explain, random_plan, seating, solve
from services.events.agenda.exact import optimum
from services.events.agenda.problem import Rules
from tests.conftest import SOAK
from tests.events.agenda.cases import case
from tests.events.agenda.instances import instance, problem


def crowded(seats: tuple[int, ...], people: int, topics: int = 2, slots: int = 1) -> Problem:
    """Everybody wishes for all topics."""
    model = Model(seated=True)
    for t in range(slots):
        model.slot(f"t{t}")
    for r, count in enumerate(seats):
        model.room(f"r{r}", seats=count)
    for s in range(topics):
        model.topic(f"s{s}")
    for p in range(people):
        model.person(f"p{p}", likes=[f"s{s}" for s in range(topics)])
    return model.problem()


def test_no_room_holds_more_people_than_seats() -> None:
    given = crowded((3, 5), 10)
    found = solve(given, Iterations(2_000))
    at = seating(given, found.plan)
    assert sorted(np.bincount(at[at >= 0], minlength=2).tolist()) == [3, 5]
    assert (found.quality.attended, found.quality.turned_away) == (8, 2 * 2)
    assert check(given, found.plan, found.kept, at) == []
    said = explain(given, found.plan)
    assert [one.turned_away for one in said] == [2, 2]  # the same two people find no seat in either
    full = at.copy()
    full[:, 0] = 0
    assert {one.reason for one in check(given, found.plan, seats=full)} == {"full"}


def test_standing_is_possible_where_it_is_said() -> None:
    given = replace(crowded((3, 5), 10), seated=False)
    assert solve(given, Iterations(2_000)).quality.attended == 10


def test_two_popular_topics_get_the_larger_room_one_after_the_other() -> None:
    model = Model(seated=True)
    for slot in ("t0", "t1"):
        model.slot(slot)
    model.room("hall", seats=20)
    model.room("cell", seats=2)
    for topic in ("a", "b", "c", "d"):
        model.topic(topic)
    # Few would wish for both of the popular ones: without seats, they could run beside each other.
    for p in range(15):
        model.person(f"a{p}", likes=["a"])
        model.person(f"b{p}", likes=["b"])
    for one, other in (("a", "c"), ("b", "d")):
        model.person(f"both{one}", likes=[one, other])
    found = solve(model.problem(), Iterations(5_000), seed=1)
    rooms = {entry.topic: entry.room for entry in found.agenda}
    assert (rooms["a"], rooms["b"]) == ("hall", "hall")
    assert found.quality.turned_away == 0


def test_seats_go_to_those_who_lost_most_and_to_musts_first() -> None:
    model = Model(seated=True)
    for slot in ("t0", "t1"):
        model.slot(slot)
    model.room("r", seats=2)
    model.topic("a")
    model.topic("b")
    for p in range(4):
        model.person(f"p{p}", likes=["a", "b"])
    given = model.problem()
    at = seating(given, np.array([[0, 0], [1, 0]]))
    assert ((at >= 0).sum(axis=1) == 1).all()  # everybody hears one of the two
    model.person("must", must=["a"])
    given = model.problem()
    assert seating(given, np.array([[0, 0], [1, 0]]))[4, 0] == 0


def _exact_for(given: Problem, plan: np.ndarray) -> int:
    """The best seats for this very plan, proved."""
    rules = given.rules
    held = plan[:, 0] >= 0
    there, free = np.zeros_like(rules.there), np.ones_like(rules.free)
    there[held, plan[held, 0]] = True
    fits = np.zeros_like(rules.fits)
    fits[held, plan[held, 1]] = True
    nothing = np.full_like(rules.pinned, -1)
    fixed = replace(
        given, rules=Rules(there=there, fits=fits, free=free, frozen=np.zeros_like(rules.frozen), pinned=nothing,
                           required=held, clash=np.zeros_like(rules.clash)),
        weights=type(given.weights)(),
    )  # fmt: skip
    best = optimum(fixed)
    assert best is not None
    assert best.proved
    return best.worth


def test_seats_are_given_as_well_as_can_be() -> None:
    tight = once = 0
    for seed in range(60 if SOAK else 30):
        given = replace(case(seed).problem(), seated=True)
        plan = random_plan(given, seed)
        at = seating(given, plan)
        assert check(given, plan, seats=at) == [] or {v.reason for v in check(given, plan)} == {"required"}
        got = _attended(given, at)
        best = _exact_for(given, plan)
        times = np.bincount(given.topic_of)
        if (times == 1).all():
            assert got == best, seed
            once += 1
        else:
            assert got >= 0.8 * best, seed
        tight += best < _attended(replace(given, seated=False), seating(replace(given, seated=False), plan))
    assert once > 5
    assert tight > 5


def _attended(given: Problem, at: np.ndarray) -> int:
    weight = {(p, s): w for p, s, w in given.wishes.tolist()}
    return sum(weight[p, int(given.topic_of[s])] for p, mine in enumerate(at.tolist()) for s in mine if s >= 0)


def test_whole_days_with_tight_rooms() -> None:
    """Rooms of half the size: the search finds what lacks seats and spreads it."""
    rnd = Random("tight")
    for size, seed in (("small", 0), ("town", 2), ("region", 1)):
        made = instance(size, seed)
        made["capacities"] = [max(3, seats // rnd.choice((2, 3))) for seats in made["capacities"]]
        given = replace(problem(made), seated=True)
        found = solve(given, seed=seed)
        at = seating(given, found.plan)
        assert check(given, found.plan, found.kept, at) == []
        standing = solve(replace(given, seated=False), seed=seed)
        assert found.quality.attended >= _attended(given, seating(given, standing.plan))
        assert (found.quality.turned_away > 0) == (size == "region")
