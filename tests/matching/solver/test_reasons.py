from __future__ import annotations

from functools import cache
from itertools import combinations
from random import Random

import numpy as np
import pytest

from services.matching.solver import Iterations, Model, Problem, Result, Weights, check, solve
from services.matching.solver.fits import Fit, Forest, talk
from services.matching.solver.objective import meetings, worth
from services.matching.solver.reasons import MOST_COMPANY, Grounds, why
from services.matching.solver.search import revalued
from services.matching.solver.tradeoffs import INTEREST, MOST_SHARES, Contact, Repeat, account, reached
from tests.matching.solver.people import problem


def people(count: int, *, tables: int = 2, rounds: int = 2, seed: int = 0) -> Model:
    rnd = Random(seed)
    model = Model(tables=tables, rounds=rounds)
    codes = []
    for f in range(3):
        model.topic(f"f{f}")
        for t in range(3):
            model.topic(f"f{f}.{t}", parent=f"f{f}")
            model.topic(f"f{f}.{t}.x", parent=f"f{f}.{t}")
            codes += [f"f{f}", f"f{f}.{t}", f"f{f}.{t}.x"]

    def some() -> list[str]:
        return [rnd.choice(codes) for _ in range(rnd.randrange(4))]

    for i in range(count):
        model.person(f"p{i:02}", city="KN" if i % 2 else "HN", offers=some(), seeks=some(), works_on=some())
    return model


def test_reasons_add_up_to_the_solver_s_figures() -> None:
    model = people(24, tables=4, rounds=3)
    found = model.problem()
    plan = solve(found, Iterations(2_000), seed=1).plan
    grounds = Grounds.of(model, plan.tolist(), found.table_topics)
    for i, k in combinations(range(24), 2):
        both = [talk(grounds.forest, grounds.said[a], grounds.said[b]) for a, b in ((i, k), (k, i))]
        assert [one.affinity for one in both] == [found.affinity[i, k]] * 2
        assert (both[0].takes, both[0].gives) == (both[1].gives, both[1].takes)
    met = meetings(found, plan)
    for i, key in enumerate(found.keys):
        reasons = why(grounds, key)
        assert [one.round for one in reasons] == [0, 1, 2]
        assert sum(one.gain for one in reasons) == pytest.approx(np.where(met[i] > 0, found.affinity[i], 0.0).sum())
        assert [one.interest for one in reasons] == [found.interest[i, one.table] for one in reasons]
        assert [one.topic for one in reasons] == [found.table_topics[one.table] for one in reasons]


def small() -> Grounds:
    model = Model(tables=2, rounds=2)
    for code, parent in (("forms", None), ("forms.pdf", "forms"), ("chess", None), ("chess.blitz", "chess")):
        model.topic(code, parent)
    model.person("ann", city="KN", seeks=["forms.pdf"], works_on=["chess", "chess.blitz"])
    model.person("ben", city="HN", offers=["forms.pdf", "forms"])
    model.person("cem", city="HN", offers=["forms"], works_on=["chess"])
    model.person("dea", city="KN", seeks=["chess"])
    model.must("ann", "dea")
    model.earlier("ann", "cem", 0.5)
    model.host("ann", 0)
    return Grounds.of(model, [[0, 0, 0, 1], [0, 0, 1, 0]], ["forms", "chess"])


def test_why_this_table_the_best_first() -> None:
    first, second = why(small(), "ann")
    assert (first.topic, first.interest, first.hosts, first.returns, first.cities) == (
        "forms",
        1.0,
        True,
        False,
        ("HN",),
    )
    assert [(one.key, one.gain, one.earlier) for one in first.company] == [("cem", 1.0, 0.5), ("ben", 1.0, 0.0)][::-1]
    ben, cem = first.company
    assert ben.talk.takes == (Fit(0, "forms.pdf", "forms.pdf"),)
    assert (cem.talk.takes, cem.talk.both) == ((Fit(1, "forms.pdf", "forms"),), ("chess",))
    dea, again = second.company
    assert (dea.key, dea.wished, dea.talk.fields, dea.gain) == ("dea", True, ("chess",), 0.25)
    assert (again.key, again.before, again.gain) == ("ben", (0,), 0.0)
    assert (second.returns, second.gain, second.others) == (True, 0.25, 2)
    (alone,) = [one for one in why(small(), "cem") if one.round == 1]
    assert (alone.company, alone.interest) == ((), 1.0)


def test_who_was_erased_is_named_in_no_reason() -> None:
    model = Model(tables=1, rounds=1)
    model.person("ann", city="KN")
    model.must("ann", "gone")
    model.earlier("gone", "ann")
    (only,) = why(Grounds.of(model, [[0]], [None]), "ann")
    assert (only.others, only.interest, only.topic) == (0, 0.0, None)
    with pytest.raises(KeyError):
        why(Grounds.of(model, [[0]], [None]), "gone")
    assert why(Grounds.of(model, [[-1]], [None]), "ann") == ()
    for plan in ([[0, 0]], [[1]], [[-2]]):
        with pytest.raises(ValueError, match="does not seat"):
            Grounds.of(model, plan, [None])


def test_a_large_table_names_its_best_few() -> None:
    model = people(40, tables=1, rounds=1)
    (only,) = why(Grounds.of(model, [[0] * 40], [None]), "p00")
    assert (len(only.company), only.others) == (MOST_COMPANY, 39)
    gains = [one.gain for one in only.company]
    assert gains == sorted(gains, reverse=True)


def test_nothing_named_is_nothing_to_say() -> None:
    model = Model()
    model.person("ann", city="KN")
    model.person("ben", city="KN")
    grounds = Grounds.of(model, [[0, 0]], [None])
    found = talk(Forest.of([]), *grounds.said)
    assert (found.takes, found.gives, found.both, found.fields, found.affinity) == ((), (), (), (), 0.0)


@cache
def planned() -> tuple[Problem, Result]:
    given = problem((12, 12), tables=4, rounds=4, seed=5)
    return given, solve(given, Iterations(3_000), seed=1)


def test_the_account_of_a_plan_agrees_with_its_figures() -> None:
    given, result = planned()
    cities = ["08335043" if i < 12 else "08121000" for i in range(24)]
    found = account(given, result.plan, cities, given.earlier)
    value = worth(given, result.plan)
    met = meetings(given, result.plan)
    assert len(found.worst) == MOST_SHARES
    assert found.worst[0].affinity == pytest.approx(value.least)
    assert sum(found.points) == pytest.approx(2 * value.affinity + INTEREST * value.topic, abs=0.1)
    assert sum(one.pairs for one in found.contacts) == found.pairs == int(np.triu(met > 0).sum())
    assert found.pairs_of_cities == sum(one.pairs for one in found.contacts if one.one != one.other)
    assert found.fewest_cities == 2
    assert {(one.one, one.other) for one in found.contacts} == {
        ("08121000", "08121000"), ("08121000", "08335043"), ("08335043", "08335043")}  # fmt: skip
    assert sum(one.times - 1 for one in found.repeats) == value.repeated_meetings
    for share in found.worst:
        i = given.keys.index(share.key)
        assert (share.met, share.again) == (int((met[i] > 0).sum()), int(np.maximum(met[i].astype(int) - 1, 0).sum()))


def test_how_far_a_plan_came_from_chance_to_the_bound() -> None:
    assert (reached(15.0, 10.0, 20.0), reached(-1.0, -1.0, -1.0)) == (0.5, 1.0)


def test_earlier_meetings_are_repeats_and_cities_are_counted_once_for_each_pair() -> None:
    model = Model(tables=2, rounds=2)
    for key, city in (("a", "KN"), ("b", "HN"), ("c", "KN"), ("d", "HN")):
        model.person(key, city=city)
    model.earlier("b", "a", 0.25)
    for other, weight in (("b", 1.0), ("c", 1.0), ("d", 2.0)):
        model.must("a", other, weight)
    model.mix("city", None)
    plan = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], dtype=np.int32)
    given = model.problem()
    found = account(given, plan, ["KN", "HN", "KN", "HN"], given.earlier)
    assert found.contacts == (Contact("HN", "KN", 2),)
    assert found.repeats == (Repeat("a", "b", 2, 0.25), Repeat("c", "d", 2, 0.0))
    assert found.unmet == (("a", "d"), ("a", "c"))
    assert {one.key: one.again for one in found.worst} == {"a": 2, "b": 2, "c": 1, "d": 1}


def test_what_was_found_with_other_weights_is_valued_with_these() -> None:
    given, _result = planned()
    other = problem((12, 12), tables=4, rounds=4, seed=5, weights=Weights(repeat=1.0, topic=2.0))
    found = solve(other, Iterations(3_000), seed=1)
    valued = revalued(given, found)
    assert valued.plan is found.plan
    assert valued.problem_digest == found.problem_digest == other.digest()
    assert check(given, valued.plan, valued.objective) == []
    assert valued.random_objective < valued.objective < valued.upper_bound
    assert (valued.iterations, valued.repeats) == (found.iterations, found.repeats)
