from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pytest

from services.matching.solver import Invalid, Model, Problem, Weights
from tests.matching.solver.people import problem


def _reasons(model: Model) -> list[tuple[str | None, str, str]]:
    with pytest.raises(Invalid) as caught:
        model.problem()
    assert all(fault.message for fault in caught.value.faults)
    return [(fault.person, fault.field, fault.reason) for fault in caught.value.faults]


def test_all_faults_at_once_by_person() -> None:
    model = Model(tables=2, rounds=21, weights=Weights(repeat=-1.0))
    model.topic("forms")
    model.topic("forms")
    model.topic("a", parent="b")
    model.topic("b", parent="a")
    model.topic("c", parent="nowhere")
    model.table_topics(["forms", "lost", "forms"])
    model.person("ann", city="KN", offers=["forms", "chess"], seeks=["go"])
    model.person("ann", city=" ")
    model.person("", city="HN", works_on=["chess"])
    assert _reasons(model) == [
        (None, "rounds", "rounds-out-of-range"),
        (None, "repeat", "weight-out-of-range"),
        (None, "people", "too-few-people"),
        (None, "topics", "duplicate-topic"),
        (None, "topics", "unknown-parent"),
        (None, "topics", "topic-cycle"),
        (None, "topics", "topic-cycle"),
        (None, "table_topics", "wrong-number-of-table-topics"),
        (None, "table_topics", "unknown-topic"),
        ("ann", "offers", "unknown-topic"),
        ("ann", "seeks", "unknown-topic"),
        ("ann", "key", "duplicate-person"),
        ("ann", "city", "blank-city"),
        ("", "key", "blank-key"),
        ("", "works_on", "unknown-topic"),
    ]


def test_too_few_people_says_how_many_tables_would_fit() -> None:
    model = Model(tables=5, rounds=3)
    for key in "abc":
        model.person(key, city="KN")
    with pytest.raises(Invalid, match="3 people are too few for 5 tables; 1 would fit") as caught:
        model.problem()
    assert caught.value.faults[0].values == {"people": 3, "tables": 5, "fits": 1}


def test_nobody_and_too_many() -> None:
    assert _reasons(Model(tables=0)) == [(None, "tables", "tables-out-of-range"), (None, "people", "no-people")]
    model = Model(tables=1001)
    for number in range(5001):
        model.person(f"p{number}", city="KN")
    assert [reason for _, _, reason in _reasons(model)] == ["tables-out-of-range", "too-many-people"]


def test_affinity_by_kind_of_fit() -> None:
    model = Model(tables=1, rounds=1)
    for code, parent in (("it", None), ("net", "it"), ("wifi", "net"), ("mail", "it"), ("law", None)):
        model.topic(code, parent)
    model.person("giver", city="KN", offers=["wifi"])
    model.person("taker", city="KN", seeks=["wifi"])
    model.person("broad", city="HN", seeks=["it"], offers=["law"])
    model.person("peer", city="HN", seeks=["law"], works_on=["mail", "net", "wifi"])
    model.person("twin", city="HN", works_on=["mail", "net", "wifi"])
    model.person("mute", city="HN")
    affinity = model.problem().affinity
    giver, taker, broad, peer, twin, mute = range(6)
    assert affinity[giver, taker] == 1.0
    assert affinity[giver, broad] == 0.5
    assert affinity[broad, peer] == 1.0
    assert affinity[peer, twin] == 1.0
    assert affinity[taker, twin] == 0.25
    assert not affinity[mute].any()
    assert np.array_equal(affinity, affinity.T)


def test_affinity_of_leaf_topics_is_that_of_flat_sets() -> None:
    rows = [(o, s, w) for o, s, w in product(("x1", "y1", ""), ("x1", "x2", ""), ("x1 x2", "x2 y1", ""))]
    model = Model(tables=1, rounds=1)
    for code in ("x1", "x2", "y1"):
        model.topic(code, parent=code[0])
    model.topic("x")
    model.topic("y")
    people = [tuple(set(words.split()) for words in row) for row in rows]
    for number, (offers, seeks, works_on) in enumerate(people):
        model.person(f"p{number}", city="KN", offers=offers, seeks=seeks, works_on=works_on)
    affinity = model.problem().affinity
    for (i, one), (j, two) in product(enumerate(people), repeat=2):
        if i != j:
            fit = bool(one[0] & two[1]) + bool(two[0] & one[1]) + min(1.0, len(one[2] & two[2]) / 2)
            fields = {word[0] for words in one for word in words} & {word[0] for words in two for word in words}
            assert affinity[i, j] == (fit or (0.25 if fields else 0.0))


def test_table_topics_follow_what_people_name() -> None:
    model = Model(tables=2, rounds=2)
    for code, parent in (("it", None), ("wifi", "it"), ("mail", "it"), ("law", None), ("tax", "law")):
        model.topic(code, parent)
    for key, topic in (("a", "wifi"), ("b", "wifi"), ("c", "wifi"), ("d", "tax")):
        model.person(key, city="KN", works_on=[topic])
    chosen = model.problem()
    assert chosen.table_topics == ("wifi", "tax")
    model.table_topics(["it", "mail"])
    fixed = model.problem()
    assert fixed.table_topics == ("it", "mail")
    assert fixed.interest.tolist() == [[1.0, 0.5]] * 3 + [[0.0, 0.0]]


def test_without_topics_tables_have_none() -> None:
    model = Model(tables=2, rounds=2)
    for key in "abcd":
        model.person(key, city="KN")
    assert model.problem().table_topics == (None, None)


def test_a_problem_is_frozen_and_known_by_its_contents() -> None:
    one, same, other = (problem((6, 6), tables=2, rounds=2, seed=s) for s in (1, 1, 2))
    assert one.digest() == same.digest() != other.digest()
    assert one.digest() != dataclasses.replace(one, weights=Weights(topic=0.6)).digest()
    with pytest.raises(ValueError, match="read-only"):
        one.affinity[0, 1] = 9.0


@pytest.mark.parametrize(
    "change",
    [{"present": np.ones((3, 12), dtype=bool)}, {"fixed": np.full((2, 12), 2)}, {"affinity": np.ones((12, 12))},
     {"interest": np.full((12, 2), 2.0)}, {"weights": Weights(affinity=float("nan"))}, {"keys": ("a",) * 12}],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    given: Problem = problem((6, 6), tables=2, rounds=2)
    with pytest.raises(ValueError):
        dataclasses.replace(given, **change)  # type: ignore[arg-type]  # wrong on purpose
