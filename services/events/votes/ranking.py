"""Totals and ranks of a vote, and what happens where totals are the same. Pure.

Ranks count from 1. Who shares a rank uses up as many of them (1, 2, 2, 4).
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Rule = Literal["SHARED", "CRITERION", "LOT"]
Decision = Literal["TOTAL", "CRITERION", "LOT", "SHARED"]
SHARED: Final = "SHARED"
CRITERION: Final = "CRITERION"
LOT: Final = "LOT"


class Ties(NamedTuple):
    """What decides between the same totals. `criteria` (counted from 0) are compared first, in their order; of what is
    the same there as well, LOT draws an order from `seed`, and the other rules let it share a rank.
    """

    rule: Rule = SHARED
    criteria: tuple[int, ...] = ()
    seed: str = ""


class Entry(NamedTuple):
    """A candidate by its key, with its points in each criterion."""

    key: str
    figures: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.figures)


class Place(NamedTuple):
    """`decided` says what gave the rank: the total alone, a criterion, the lot, or nothing (SHARED)."""

    key: str
    total: int
    rank: int
    decided: Decision


def ranked(entries: Sequence[Entry], ties: Ties) -> list[Place]:
    """The places, best first; who shares a rank stands in the order of `entries`."""
    totals = Counter(entry.total for entry in entries)
    merits = Counter(_merit(entry, ties) for entry in entries)
    drawn = ties.rule == LOT

    def order(entry: Entry) -> tuple[tuple[int, ...], str]:
        return tuple(-points for points in _merit(entry, ties)), lot(ties.seed, entry.key) if drawn else ""

    places: list[Place] = []
    before = None
    for number, entry in enumerate(sorted(entries, key=order), 1):
        at = order(entry)
        rank = places[-1].rank if at == before else number
        before = at
        decided: Decision = "TOTAL"
        if totals[entry.total] > 1:
            same = merits[_merit(entry, ties)] > 1
            decided = ("LOT" if drawn else "SHARED") if same else "CRITERION"
        places.append(Place(entry.key, entry.total, rank, decided))
    return places


def lot(seed: str, key: str) -> str:
    """What the lot of a candidate says; the smallest comes first. Whoever knows the seed can draw it again."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def counted(ballots: Sequence[dict[str, list[int]]], keys: Sequence[str], criteria: int) -> dict[str, tuple[int, ...]]:
    """The points of each candidate by criterion; of ballots, which hold points by candidate where any were given."""
    sums = {key: [0] * criteria for key in keys}
    for ballot in ballots:
        for key, points in ballot.items():
            for number, given in enumerate(points):
                sums[key][number] += given
    return {key: tuple(of) for key, of in sums.items()}


def _merit(entry: Entry, ties: Ties) -> tuple[int, ...]:
    criteria = () if ties.rule == SHARED else ties.criteria
    return entry.total, *(entry.figures[number] for number in criteria)
