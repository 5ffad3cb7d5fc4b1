"""The catalogue of conflict-free rounds: every schedule is counted again, pair by pair."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.matching.solver.designs import conflict_free, most_rounds, schedule
from services.matching.solver.designs.catalogue import constructions
from services.matching.solver.designs.fields import addition, multiplication, prime_power

GROUPS, SIZES = range(1, 21), range(2, 11)
ORDERS = [q for q in range(2, 50) if prime_power(q)]

# The rounds best known (OEIS A107431 and the literature it names), by groups and size.
BEST_KNOWN = {
    (2, 2): 3, (3, 2): 5, (3, 3): 4, (4, 2): 7, (4, 3): 4, (4, 4): 5, (5, 2): 9, (5, 3): 7, (5, 4): 5, (5, 5): 6,
    (6, 2): 11, (6, 3): 8, (6, 4): 7, (6, 5): 6, (6, 6): 3, (7, 2): 13, (7, 3): 10, (7, 4): 9, (7, 5): 7, (7, 7): 8,
    (8, 3): 11, (8, 4): 10, (8, 8): 9, (9, 3): 13, (9, 9): 10, (10, 4): 13, (11, 3): 16, (11, 11): 12, (13, 4): 17,
    (13, 5): 16,
}  # fmt: skip

# The rounds for 5 to 20 groups, by size: less would be a loss.
REACHED = {
    3: [7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29],
    4: [5, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 21, 23, 25, 25],
    5: [6, 6, 7, 8, 9, 10, 11, 12, 16, 12, 16, 16, 17, 16, 22, 19],
    6: [1, 3, 7, 8, 9, 8, 11, 13, 13, 10, 11, 16, 17, 17, 19, 15],
    7: [1, 1, 8, 8, 9, 8, 11, 9, 13, 10, 10, 16, 17, 12, 19, 14],
    8: [1, 1, 1, 9, 9, 8, 11, 9, 13, 8, 17, 17, 17, 11, 19, 12],
    9: [1, 1, 1, 1, 10, 5, 11, 6, 13, 7, 8, 16, 17, 10, 19, 11],
    10: [1, 1, 1, 1, 1, 3, 11, 5, 13, 6, 7, 16, 17, 8, 19, 11],
}  # fmt: skip


def repeats(seats: NDArray[np.int32]) -> int:
    """How many pairs meet in more than one round."""
    met = np.zeros((seats.shape[1],) * 2, dtype=np.int64)
    for row in seats:
        met += row[:, None] == row[None, :]
    np.fill_diagonal(met, 0)
    return int((met > 1).sum()) // 2


def sizes(seats: NDArray[np.int32], tables: int) -> set[int]:
    """The sizes of all groups of all rounds."""
    return {int(n) for row in seats for n in np.bincount(row, minlength=tables)}


@pytest.mark.parametrize("size", SIZES)
def test_every_construction_keeps_what_it_promises(size: int) -> None:
    for groups in GROUPS:
        for one in constructions(groups * size, groups):
            built = one.build(one.rounds)
            assert built.seats.shape == (one.rounds, groups * size), built.source
            assert sizes(built.seats, groups) == {size}, built.source
            assert repeats(built.seats) == 0, built.source
            for each in built.classes:
                apart = np.concatenate([built.seats[: each.rounds], each.part[None]])
                assert repeats(apart) == 0, built.source


def test_the_best_known_rounds_are_reached() -> None:
    reached = {(groups, size): most_rounds(groups, size) for groups, size in BEST_KNOWN}
    assert reached == BEST_KNOWN


@pytest.mark.parametrize("size", REACHED)
def test_no_rounds_are_lost(size: int) -> None:
    reached = [most_rounds(groups, size) for groups in range(5, 21)]
    assert [max(pair) for pair in zip(REACHED[size], reached, strict=True)] == reached


def test_a_schedule_is_a_partition_in_every_round() -> None:
    found = schedule(8, 4)
    assert found is not None
    assert found.rounds.shape == (10, 8, 4)
    pairs: list[tuple[int, ...]] = []
    for row in found.rounds.tolist():
        assert sorted(person for group in row for person in group) == list(range(32))
        pairs += [tuple(sorted(pair)) for group in row for pair in combinations(group, 2)]
    assert len(pairs) == len(set(pairs)) == 10 * 8 * 6


@pytest.mark.parametrize("size", SIZES)
def test_no_schedule_beats_the_bound(size: int) -> None:
    for groups in GROUPS:
        bound = (groups * size - 1) // (size - 1) if groups >= size else 1
        assert 1 <= most_rounds(groups, size) <= bound


@pytest.mark.parametrize(("groups", "size"), [(0, 4), (5, 1), (1001, 2), (800, 7), (-3, 4)])
def test_what_is_no_question(groups: int, size: int) -> None:
    assert schedule(groups, size) is None
    assert most_rounds(groups, size) == 0
    assert conflict_free(groups * size, groups, 1) is None
    assert conflict_free(20, 5, 0) is None


@pytest.mark.parametrize("q", ORDERS)
def test_fields(q: int) -> None:
    power = prime_power(q)
    assert power is not None
    p, m = power
    sums, products = addition((p,) * m), multiplication(q)
    every = list(range(q))
    assert np.array_equal(sums, sums.T)
    assert np.array_equal(products, products.T)
    assert all(sorted(row) == every for row in sums.tolist())
    assert all(sorted(row) == every for row in products.tolist()[1:])
    assert not products[0].any()
    assert products[1].tolist() == every
    a, b, c = np.meshgrid(every[:12], every, every[-12:])
    assert np.array_equal(products[a, sums[b, c]], sums[products[a, b], products[a, c]])


@pytest.mark.parametrize("number", [-1, 0, 1, 6, 12, 100])
def test_no_field_has_such_an_order(number: int) -> None:
    assert prime_power(number) is None
    with pytest.raises(ValueError, match="not a prime power"):
        multiplication(number)


@pytest.mark.parametrize(
    ("people", "tables", "rounds"),
    [
        (47, 8, 7),
        (53, 9, 6),
        (53, 12, 5),
        (199, 40, 5),
        (199, 25, 8),
        (61, 8, 8),
        (27, 6, 5),
        (43, 11, 11),
        (29, 14, 13),
    ],
)
def test_people_who_do_not_fill_the_tables(people: int, tables: int, rounds: int) -> None:
    plan = conflict_free(people, tables, rounds)
    assert plan is not None
    assert plan.shape == (rounds, people)
    assert sizes(plan, tables) == {people // tables, -(-people // tables)}
    assert repeats(plan) == 0


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 16), st.integers(1, 130), st.integers(1, 20))
def test_a_plan_never_repeats_a_meeting(tables: int, people: int, rounds: int) -> None:
    plan = conflict_free(people, tables, rounds)
    if plan is None:
        assert people < 2 * tables or rounds > 1
        return
    assert plan.shape == (rounds, people)
    assert sizes(plan, tables) <= {people // tables, -(-people // tables)}
    assert repeats(plan) == 0


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 20), st.integers(2, 10), st.integers(1, 40), st.randoms(use_true_random=False))
def test_fewer_rounds_and_other_names(groups: int, size: int, rounds: int, random: Random) -> None:
    found = schedule(groups, size)
    assert found is not None
    shorter = found.first(rounds)
    assert len(shorter.seats) == min(rounds, most_rounds(groups, size))
    assert repeats(shorter.seats) == 0
    for part in shorter.apart(len(shorter.seats)):
        assert repeats(np.concatenate([shorter.seats, part[None]])) == 0
    names = np.array(random.sample(range(groups * size), groups * size))
    assert repeats(shorter.seats[:, names]) == 0


@pytest.mark.parametrize(
    ("residents", "tables", "rounds"),
    [
        ([8] * 6, 8, 7),
        ([16, 10, 6, 5, 4, 3, 1, 1, 1], 8, 5),
        ([13, 9, 7, 5, 5, 4, 3, 2, 2, 1, 1, 1], 9, 6),
        ([7, 5, 4, 4, 3, 3, 2, 2, 1, 1], 8, 6),
        ([40, 31, 22, 20, 12, 9, 8, 8, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1], 25, 6),
        ([2] * 16, 8, 6),
    ],
)
def test_cities_are_spread_over_the_tables(residents: list[int], tables: int, rounds: int) -> None:
    # Mixed, so that neighbours in the list come from different cities.
    city = np.repeat(np.arange(len(residents)), residents)
    city = city[np.argsort(np.arange(len(city)) * 7 % len(city), kind="stable")]
    plan = conflict_free(len(city), tables, rounds, city)
    assert plan is not None
    assert repeats(plan) == 0
    assert sizes(plan, tables) <= {len(city) // tables, -(-len(city) // tables)}
    for number, count in enumerate(residents):
        assert sizes(plan[:, city == number], tables) <= {count // tables, -(-count // tables)}


@settings(deadline=None, max_examples=100)
@given(st.integers(2, 14), st.lists(st.integers(1, 20), min_size=2, max_size=20), st.integers(1, 6))
def test_no_plan_seats_a_city_unevenly(tables: int, residents: list[int], rounds: int) -> None:
    city = np.repeat(np.arange(len(residents)), residents)
    plan = conflict_free(len(city), tables, rounds, city)
    if plan is not None:
        assert repeats(plan) == 0
        assert sizes(plan, tables) <= {len(city) // tables, -(-len(city) // tables)}
        for number, count in enumerate(residents):
            assert sizes(plan[:, city == number], tables) <= {count // tables, -(-count // tables)}


def test_cities_of_other_people() -> None:
    with pytest.raises(ValueError, match="need as many cities"):
        conflict_free(20, 5, 3, [1, 2, 3])


def test_cities_that_nothing_can_part() -> None:
    # Whoever meets all others in seven rounds meets those of the same city.
    assert conflict_free(15, 5, 7) is not None
    assert conflict_free(15, 5, 7, [0, 0, *range(1, 14)]) is None


def test_the_same_arguments_give_the_same_plan() -> None:
    city = [n % 20 for n in range(53)]
    first, second = conflict_free(53, 9, 5, city), conflict_free(53, 9, 5, city)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)
