from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from services.matching.solver import Model
from services.matching.solver.assignment import assign
from services.matching.solver.fits import Fit
from services.matching.solver.partners import ELSEWHERE, MOST_A_SIDE, City, Help, mentoring, partnerships

TOPICS = (("forms", None), ("forms.pdf", "forms"), ("forms.web", "forms"), ("chess", None))


def best(weights: NDArray[np.int64], left: list[int], right: list[int]) -> int:
    """The greatest sum, by trying every set of pairs."""
    pairs = [(i, k) for i, k in product(*map(range, weights.shape)) if weights[i, k] > 0]
    greatest = 0
    for size in range(1, min(sum(left), sum(right)) + 1):
        for chosen in combinations(pairs, size):
            rows, columns = Counter(i for i, _k in chosen), Counter(k for _i, k in chosen)
            if all(rows[i] <= left[i] for i in rows) and all(columns[k] <= right[k] for k in columns):
                greatest = max(greatest, sum(int(weights[pair]) for pair in chosen))
    return greatest


@pytest.mark.parametrize("seed", range(60))
def test_an_assignment_is_the_best_that_trying_all_finds(seed: int) -> None:
    rnd = Random(seed)
    shape = rnd.randint(1, 4), rnd.randint(1, 4)
    weights = np.array([[rnd.choice((-3, 0, 1, 2, 5, 9)) for _ in range(shape[1])] for _ in range(shape[0])])
    left, right = ([rnd.randrange(4) for _ in range(size)] for size in shape)
    found = assign(weights, left, right)
    rows, columns = Counter(i for i, _k in found), Counter(k for _i, k in found)
    assert len(set(found)) == len(found)
    assert all(rows[i] <= left[i] for i in rows)
    assert all(columns[k] <= right[k] for k in columns)
    assert all(weights[pair] > 0 for pair in found)
    assert sum(int(weights[pair]) for pair in found) == best(weights, left, right)


def test_a_large_assignment_finds_what_is_hidden_in_it() -> None:
    order = np.random.default_rng(1).permutation(150)
    weights = np.random.default_rng(2).integers(0, 100, (150, 150))
    weights[np.arange(150), order] = 1000
    assert assign(weights, [1] * 150, [1] * 150) == list(enumerate(order.tolist()))
    assert assign(np.zeros((0, 0), dtype=np.int64), [], []) == []


def everybody() -> Model:
    model = Model()
    for code, parent in TOPICS:
        model.topic(code, parent)
    return model


def test_mentors_are_ahead_and_rather_from_elsewhere() -> None:
    model = everybody()
    model.person("learner", city="KN", seeks=["forms.pdf", "chess"])
    model.person("neighbour", city="KN", offers=["forms.pdf"])
    model.person("far", city="HN", offers=["forms.pdf"], works_on=["chess"])
    model.person("beginner", city="HN", works_on=["chess"], seeks=["chess"])
    (pair, *others) = mentoring(model).pairs
    assert (pair.mentor, pair.mentee, pair.elsewhere) == ("far", "learner", True)
    assert pair.helps == (
        Help(Fit(0, "forms.pdf", "forms.pdf"), offers=True), Help(Fit(0, "chess", "chess"), offers=False))  # fmt: skip
    assert pair.weight == 100 + 15 + ELSEWHERE
    assert [(one.mentor, one.mentee, one.weight) for one in others] == [("far", "beginner", 60)]
    model.never("far", "learner")
    assert [(one.mentor, one.mentee) for one in mentoring(model).pairs] == [
        ("neighbour", "learner"), ("far", "beginner")]  # fmt: skip
    assert mentoring(model, "forms.web").pairs == ()
    assert [one.mentee for one in mentoring(model, "chess").pairs] == ["beginner"]
    with pytest.raises(KeyError):
        mentoring(model, "skat")


def test_an_exact_topic_at_home_goes_before_a_near_one_elsewhere() -> None:
    model = everybody()
    model.person("learner", city="KN", seeks=["forms.pdf"])
    model.person("near", city="HN", offers=["forms"])
    model.person("exact", city="KN", offers=["forms.pdf"])
    assert [one.mentor for one in mentoring(model).pairs] == ["exact"]
    assert {one.mentor for one in mentoring(model, mentors=2).pairs} == {"exact", "near"}


def crowd(count: int) -> Model:
    rnd = Random(count)
    model = everybody()
    for i in range(count):
        some = [[code for code, _above in TOPICS if rnd.random() < 0.3] for _ in range(3)]
        model.person(f"p{i:04}", city=f"c{i % 7}", offers=some[0], seeks=some[1], works_on=some[2])
    return model


def test_nobody_has_more_partners_than_allowed_and_the_same_model_gives_the_same_pairs() -> None:
    found = mentoring(crowd(60), mentees=3, mentors=2)
    assert found.whole
    assert max(Counter(pair.mentor for pair in found.pairs).values()) <= 3
    assert max(Counter(pair.mentee for pair in found.pairs).values()) <= 2
    assert all(pair.mentor != pair.mentee for pair in found.pairs)
    assert found == mentoring(crowd(60), mentees=3, mentors=2)


def test_of_very_many_those_with_most_topics_are_paired() -> None:
    found = mentoring(crowd(3 * MOST_A_SIDE))
    assert not found.whole
    assert 0 < len(found.pairs) <= MOST_A_SIDE


def test_nobody_and_nothing() -> None:
    assert mentoring(Model()).pairs == ()
    alone = everybody()
    alone.person("ann", city="KN", offers=["chess"], seeks=["chess"])
    assert mentoring(alone).pairs == ()


def city(ags: str, offers: str = "", seeks: str = "", population: int | None = None) -> City:
    return City(ags, population, frozenset(offers.split()), frozenset(seeks.split()))


def test_partners_give_and_take_and_are_of_like_size() -> None:
    cities = [
        city("home", "forms.pdf chess", "forms.web", 80_000),
        city("both", "forms.web", "chess", 80_000),
        city("large", "forms.web", "chess", 1_600_000),
        city("taker", "", "chess forms.pdf", 80_000),
        city("near", "forms", "forms", 80_000),
        city("stranger", "", "", 80_000),
        city("unknown", "forms.web", "chess"),
    ]
    found = partnerships(TOPICS, cities, "home")
    assert [one.other for one in found] == ["both", "unknown", "large", "taker", "near"]
    first, *_between, near = found
    assert (first.gives, first.takes) == ((Fit(0, "chess", "chess"),), (Fit(0, "forms.web", "forms.web"),))
    assert (first.size, found[1].size, found[2].size) == (1.0, None, 0.0)
    assert near.gives == (Fit(1, "forms", "forms.pdf"),)
    assert [one.other for one in partnerships(TOPICS, cities, "home", 1)] == ["both"]
    with pytest.raises(KeyError):
        partnerships(TOPICS, cities, "nowhere")
