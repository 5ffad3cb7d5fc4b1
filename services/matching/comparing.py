"""Two plans of one event beside each other."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import msgspec

from services.matching.models import Plan
from services.matching.rounds import ABSENT

FIGURES = (
    "objective", "affinity", "topic", "repeats", "penalties", "broken", "repeated_meetings", "least", "upper_bound",
    "iterations", "seconds",
)  # fmt: skip


class Elsewhere(msgspec.Struct, frozen=True):
    """Somebody whom two plans seat differently; rounds and tables count from 0, None for no seat."""

    navigator: str
    round: int
    one: int | None
    other: int | None


class Comparison(msgspec.Struct, frozen=True):
    """`both`: pairs of people who meet in both plans; `only_one` and `only_other`: those who meet in one of them.

    They say more than `elsewhere` where two tables have only changed their numbers.
    """

    figures: dict[str, tuple[float | None, float | None]]
    elsewhere: tuple[Elsewhere, ...]
    both: int
    only_one: int
    only_other: int


def compared(one: Plan, other: Plan) -> Comparison:
    """Both plans have an answer."""
    first, second = one.answer or {}, other.answer or {}
    met, again = _meetings(first), _meetings(second)
    return Comparison(
        figures={name: (first.get(name), second.get(name)) for name in FIGURES},
        elsewhere=tuple(_elsewhere(first, second)),
        both=len(met & again),
        only_one=len(met - again),
        only_other=len(again - met),
    )


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
