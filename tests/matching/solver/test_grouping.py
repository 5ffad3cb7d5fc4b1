from __future__ import annotations

import doctest
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import services.matching.solver.grouping as package
from services.matching.solver import FirstOf, Iterations, Moment, NoImprovement, Seconds, Stop, Target
from services.matching.solver.grouping import Grouping, kernel, solve
from services.matching.solver.grouping.start import heaped, random_groups, sizes
from services.matching.solver.grouping.state import lay_out
from tests.bench import matching, mdgp


def _grouping(seed: int, people: int, tables: int, *, rules: bool = True) -> Grouping:
    """A small instance that some plan keeps: whole weights of any sign, gains, ranges, fixed and allowed tables."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-20, 100, (people, people)).astype(float)
    weights = np.triu(weights, 1) + np.triu(weights, 1).T
    hidden = rng.integers(0, tables, people)
    size = np.bincount(hidden, minlength=tables)
    low, high = np.maximum(size - rng.integers(0, 2, tables), 0), size + rng.integers(0, 2, tables)
    if not rules:
        return Grouping(weights=weights, low=low, high=high)
    allowed = rng.random((people, tables)) < 0.7
    allowed[np.arange(people), hidden] = True
    fixed = np.where(rng.random(people) < 0.2, hidden, -1)
    gain = rng.integers(0, 50, (people, tables)).astype(float)
    return Grouping(weights=weights, low=low, high=high, gain=gain, fixed=fixed, allowed=allowed)


cases = st.builds(_grouping, st.integers(0, 10**6), st.integers(2, 14), st.integers(1, 4), rules=st.booleans())


def test_where_everybody_sits_alone_the_gains_decide() -> None:
    rng = np.random.default_rng(3)
    ones, gain = np.ones(5, dtype=np.int64), rng.random((5, 5))
    heavy = -1e4 * (np.ones((5, 5)) - np.eye(5))
    found = solve(Grouping(weights=heavy, low=ones, high=ones, gain=gain), Iterations(20_000), seed=1)
    assert found.value == pytest.approx(max(gain[range(5), order].sum() for order in map(list, permutations(range(5)))))


def test_the_usage_example_runs() -> None:
    assert doctest.testmod(package).failed == 0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cases, st.integers(0, 10**6), st.integers(0, 3_000_000))
def test_what_is_kept_up_to_date_equals_what_is_counted_anew(problem: Grouping, seed: int, temperature: int) -> None:
    state = lay_out(problem, random_groups(problem, seed), seed)
    if len(state.movable) == 0:
        return
    state.run(temperature, 200)
    groups = state.group.astype(np.int64)
    assert problem.keeps(groups)
    fresh = lay_out(problem, groups, 0)
    for name in ("potential", "own", "size"):
        assert np.array_equal(getattr(state, name), getattr(fresh, name)), name
    assert state.tally[kernel.NOW] == fresh.tally[kernel.NOW] == problem.value(groups) * state.scale
    assert state.tally[kernel.BEST] == problem.value(state.best.astype(np.int64)) * state.scale


@settings(max_examples=30, deadline=None, derandomize=True)
@given(cases, st.integers(0, 10**6))
def test_every_plan_keeps_the_rules_and_a_start_is_never_lost(problem: Grouping, seed: int) -> None:
    start = random_groups(problem, seed)
    assert problem.keeps(start)
    for draws in (0, 1, 2_000):
        found = solve(problem, Iterations(draws), seed, start=start)
        assert problem.keeps(found.groups)
        assert found.value == problem.value(found.groups) >= problem.value(start)
        assert found.iterations <= draws


@pytest.mark.parametrize("seed", range(8))
def test_tiny_cases_are_solved_exactly(seed: int) -> None:
    problem = _grouping(seed, 8, 3, rules=seed % 2 == 0)
    plans = (np.array(plan) for plan in product(range(3), repeat=8))
    best = max(problem.value(plan) for plan in plans if problem.keeps(plan))
    assert solve(problem, Iterations(50_000), seed).value == best


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = mdgp.generated("RanReal_n60_ds_g1")
    one, same, other = (solve(problem, Iterations(50_000), seed) for seed in (1, 1, 2))
    assert np.array_equal(one.groups, same.groups)
    assert one.iterations == same.iterations == 50_000
    assert not np.array_equal(one.groups, other.groups)


@pytest.mark.parametrize(
    ("name", "slack"), [("RanInt_n60_ss_g1", 0.0), ("RanReal_n60_ds_g1", 0.005), ("Geo_n60_ss_g1", 0.001)]
)
def test_the_best_value_that_we_know_is_reached(name: str, slack: float) -> None:
    found = solve(mdgp.generated(name), Iterations(1_000_000), seed=1)
    assert found.value >= mdgp.known(mdgp.BEST)[name] * (1 - slack)


@pytest.mark.parametrize(
    "stop",
    [FirstOf(NoImprovement(2_000), Iterations(10**7)), Target(3.0), Seconds(0.01)],
    ids=["idle", "target", "time"],
)
def test_every_stop_ends_a_search(stop: Stop) -> None:
    weights = np.zeros((6, 6))
    weights[[0, 1, 2, 3, 4, 5], [1, 0, 3, 2, 5, 4]] = 1.0
    heard: list[tuple[Moment, float]] = []
    problem = Grouping(weights=weights, low=np.full(3, 2), high=np.full(3, 2))
    found = solve(problem, stop, on_progress=lambda now, part, _groups: heard.append((now, part)))
    assert found.value == 3.0
    assert heard[-1][0].iterations == found.iterations
    assert heard[-1][1] == 1.0


def test_nobody_with_a_choice_ends_at_once() -> None:
    ones = np.ones((4, 4)) - np.eye(4)
    for problem in (
        Grouping(weights=ones, low=np.array([4]), high=np.array([4])),
        Grouping(weights=ones, low=np.array([2, 2]), high=np.array([2, 2]), fixed=np.array([0, 0, 1, 1])),
    ):
        assert solve(problem, Seconds(3600)).iterations == 0


def test_rules_that_contradict_each_other_are_refused() -> None:
    ones = np.ones((4, 4)) - np.eye(4)
    two = np.array([2, 2])
    with pytest.raises(ValueError, match="no plan keeps"):
        solve(Grouping(weights=ones, low=two, high=two, fixed=np.array([0, 0, 0, -1])), Iterations(10))
    with pytest.raises(ValueError, match="no plan keeps"):
        nowhere = np.array([[True, False]] * 4)
        solve(Grouping(weights=ones, low=np.array([0, 1]), high=np.array([4, 4]), allowed=nowhere), Iterations(10))
    with pytest.raises(ValueError, match="start"):
        solve(Grouping(weights=ones, low=two, high=two), Iterations(10), start=np.array([0, 0, 0, 1]))
    for wrong in (ones + 1, ones[:, :3], np.triu(ones)):
        with pytest.raises(ValueError):
            Grouping(weights=wrong, low=two, high=two)
    with pytest.raises(ValueError, match="sizes"):
        Grouping(weights=ones, low=two + 1, high=two + 1)


def test_sizes_with_most_pairs_or_fewest() -> None:
    ones = np.ones((12, 12)) - np.eye(12)
    low, high = np.array([2, 2, 3]), np.array([4, 9, 5])
    assert sorted(sizes(Grouping(weights=ones, low=low, high=high)).tolist()) == [2, 3, 7]
    assert sizes(Grouping(weights=-ones, low=low, high=high)).tolist() == [4, 4, 4]
    assert heaped(low, high, 12).tolist() == [2, 7, 3]


def test_instance_files_and_pages(tmp_path: Path) -> None:
    path = tmp_path / "tiny.txt"
    path.write_text("3 2 ds 1 2 1 2\n0 1 1.5\n0 2 2\n1 2 0.25\n", encoding="ascii")
    tiny = mdgp.read(path)
    assert tiny.weights.tolist() == [[0, 1.5, 2], [1.5, 0, 0.25], [2, 0.25, 0]]
    assert (tiny.low.tolist(), tiny.high.tolist()) == ([1, 1], [2, 2])
    run = mdgp.measured("RanReal_n120_ss_x", tiny, 2.0, 0.01, 1)
    assert run.gap == 0.0
    section = mdgp.section([run], [0.01], 1, own=True)
    page = matching.replaced(f"{matching.HEAD}\n{mdgp.TITLE}\n\nold\n", section)
    assert "old" not in page
    assert page == matching.replaced(page, section)
