"""Totals, ranks and ties: what always holds, and the figures of the report that prints 21 for 7 + 1 + 14."""

import random
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from services.events.votes.drafts import Criterion, ballot
from services.events.votes.ranking import CRITERION, LOT, SHARED, Entry, Ties, counted, lot, ranked

REPORT = [
    Entry("travel", (8, 9, 7)),
    Entry("failures", (7, 1, 14)),
    Entry("documents", (4, 7, 3)),
    Entry("pictures", (6, 5, 3)),
]
entries = st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=8).map(
    lambda rows: [Entry(f"k{i}", row) for i, row in enumerate(rows)]
)
ties = st.one_of(
    st.just(Ties(SHARED)),
    st.builds(Ties, st.just(CRITERION), st.permutations([0, 1, 2]).map(lambda p: tuple(p[:2]))),
    st.builds(Ties, st.just(LOT), st.sampled_from([(), (1,), (2, 0)]), st.text("abc", max_size=4)),
)


def told(rule: Ties) -> list[tuple[str, int, int, str]]:
    return [tuple(place) for place in ranked(REPORT, rule)]  # type: ignore[misc]


def test_the_report_s_figures_by_each_rule() -> None:
    first = [("travel", 24, 1, "TOTAL"), ("failures", 22, 2, "TOTAL")]
    assert told(Ties(SHARED)) == [*first, ("documents", 14, 3, "SHARED"), ("pictures", 14, 3, "SHARED")]
    for criterion, winner in ((0, "pictures"), (1, "documents")):
        places = told(Ties(CRITERION, (criterion,)))
        assert [(key, rank, by) for key, _total, rank, by in places[2:]] == [
            (winner, 3, "CRITERION"),
            ({"pictures": "documents", "documents": "pictures"}[winner], 4, "CRITERION"),
        ]
    # The third criterion is the same too: the rank is shared, unless a lot is drawn.
    assert [place[2:] for place in told(Ties(CRITERION, (2,)))[2:]] == [(3, "SHARED"), (3, "SHARED")]
    drawn = told(Ties(LOT, (2,), "2019"))[2:]
    assert [place[2:] for place in drawn] == [(3, "LOT"), (4, "LOT")]
    assert drawn[0][0] == min(("documents", "pictures"), key=lambda key: lot("2019", key))


@given(entries, ties, st.randoms())
@example([Entry("a", (1, 0, 0)), Entry("b", (0, 1, 0)), Entry("c", (0, 0, 2))], Ties(CRITERION, (0,)), random.Random(1))
def test_what_holds_for_every_result(given_: list[Entry], rule: Ties, chance: random.Random) -> None:
    places = ranked(given_, rule)
    assert sorted(place.key for place in places) == sorted(entry.key for entry in given_)
    assert [place.total for place in places] == sorted((entry.total for entry in given_), reverse=True)
    assert places[0].rank == 1
    for number, (one, other) in enumerate(pairwise(places), 2):
        assert other.rank in {one.rank, number}  # shared, or as many as stand before it
        if one.total != other.total:
            assert other.rank == number
    if rule.rule == LOT:
        assert [place.rank for place in places] == list(range(1, len(places) + 1))
    if rule.rule == SHARED:
        assert all((one.rank == other.rank) == (one.total == other.total) for one in places for other in places)
    alone = {place.key for place in places if sum(other.total == place.total for other in places) == 1}
    assert {place.key for place in places if place.decided == "TOTAL"} == alone
    # The order in which they were put to the vote decides nothing.
    again = ranked(chance.sample(given_, len(given_)), rule)
    assert {(place.key, place.rank) for place in again} == {(place.key, place.rank) for place in places}


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=3), max_size=12))
def test_totals_are_the_sums_of_the_ballots(people: list[list[tuple[int, int]]]) -> None:
    criteria, keys = [Criterion("Nutzen", 3), Criterion("Aufwand", 3)], ["a", "b", "c"]
    ballots = [ballot(criteria, keys, list(zip(keys, points, strict=True))) for points in people]
    sums = counted(ballots, keys, len(criteria))
    for i, key in enumerate(keys):
        assert sums[key] == tuple(sum(points[i][c] for points in people) for c in range(2))
