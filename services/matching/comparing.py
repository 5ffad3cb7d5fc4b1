"""Two plans of one event beside each other."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import msgspec

from services.matching.models import Plan
from services.matching.rounds import ABSENT

FIGURES: Final = {
    "objective": 1, "affinity": 1, "topic": 1, "repeats": -1, "penalties": -1, "broken": -1, "repeated_meetings": -1,
    "least": 1, "pairs": 1, "pairs_of_cities": 1, "fewest_cities": 1, "upper_bound": 0, "iterations": 0, "seconds": 0,
}  # fmt: skip
"""What plans are compared by, and whether more of it is better (1), less of it (-1), or neither (0)."""
MOST_PEOPLE = 10
"""Those who gain most, and those who lose most, by name."""


class Elsewhere(msgspec.Struct, frozen=True):
    """Somebody whom two plans seat differently; rounds and tables count from 0, None for no seat."""

    navigator: str
    round: int
    one: int | None
    other: int | None


class Figure(msgspec.Struct, frozen=True):
    """One figure of both plans, None where a plan does not have it; `better`: 1 where the other plan is the better one,
    -1 where the first is, 0 where they are equal to nine digits or neither is.
    """

    name: str
    one: float | None
    other: float | None
    better: int


class Share(msgspec.Struct, frozen=True):
    """What both plans give one person, in points."""

    navigator: str
    one: float
    other: float


class Comparison(msgspec.Struct, frozen=True):
    """`both`: pairs of people who meet in both plans; `only_one` and `only_other`: those who meet in one of them.

    They say more than `elsewhere` where two tables have only changed their numbers. `gain` and `lose`: who gets most
    more or less in the other plan, MOST_PEOPLE each.
    """

    figures: tuple[Figure, ...]
    elsewhere: tuple[Elsewhere, ...]
    both: int
    only_one: int
    only_other: int
    gain: tuple[Share, ...]
    lose: tuple[Share, ...]


def compared(one: Plan, other: Plan) -> Comparison:
    """Both plans have an answer."""
    first, second = one.answer or {}, other.answer or {}
    met, again = _meetings(first), _meetings(second)
    shares = sorted(_shares(first, second), key=lambda share: (share.one - share.other, share.navigator))
    return Comparison(
        figures=tuple(_figure(name, _value(first, name), _value(second, name)) for name in FIGURES),
        elsewhere=tuple(_elsewhere(first, second)),
        both=len(met & again),
        only_one=len(met - again),
        only_other=len(again - met),
        gain=tuple(share for share in shares[:MOST_PEOPLE] if share.other > share.one),
        lose=tuple(share for share in shares[: -MOST_PEOPLE - 1 : -1] if share.other < share.one),
    )


def _value(answer: dict[str, Any], name: str) -> float | None:
    found: float | None = answer.get(name, answer.get("trade_offs", {}).get(name))
    return found


def _figure(name: str, one: float | None, other: float | None) -> Figure:
    if one is None or other is None:
        return Figure(name, one, other, 0)
    first, second = float(f"{one:.9g}"), float(f"{other:.9g}")
    return Figure(name, one, other, FIGURES[name] * ((second > first) - (second < first)))


def _shares(one: dict[str, Any], other: dict[str, Any]) -> Iterator[Share]:
    """Of everybody who is in both plans, where both tell it."""
    points, others = (
        dict(zip(found["keys"], found["trade_offs"]["points"], strict=True)) if "trade_offs" in found else {}
        for found in (one, other)
    )
    for key in points.keys() & others.keys():
        yield Share(key, points[key], others[key])


def _elsewhere(one: dict[str, Any], other: dict[str, Any]) -> Iterator[Elsewhere]:
    seats, others = _seats(one), _seats(other)
    rounds = max(len(one["plan"]), len(other["plan"]))
    for key in sorted(seats.keys() | others.keys()):
        for number in range(rounds):
            here, there = (_table(found.get(key, ()), number) for found in (seats, others))
            if here != there:
                yield Elsewhere(key, number, here, there)


def _seats(answer: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return dict(zip(answer["keys"], zip(*answer["plan"], strict=True), strict=True))


def _table(seats: tuple[int, ...], number: int) -> int | None:
    return seats[number] if number < len(seats) and seats[number] != ABSENT else None


def _meetings(answer: dict[str, Any]) -> set[tuple[str, str]]:
    met: set[tuple[str, str]] = set()
    for row in answer["plan"]:
        tables: dict[int, list[str]] = {}
        for key, table in sorted(zip(answer["keys"], row, strict=True)):
            if table != ABSENT:
                tables.setdefault(table, []).append(key)
        for people in tables.values():
            met.update(combinations(people, 2))
    return met
