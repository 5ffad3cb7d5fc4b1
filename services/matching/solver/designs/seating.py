"""Conflict-free plans for any number of people, and for cities that shall be spread over the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain
from operator import or_
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.designs.catalogue import MOST_PEOPLE, MOST_ROUNDS, MOST_TABLES, constructions
from services.matching.solver.designs.schedule import Ints, Schedule

# A set of places is a whole number with a bit for each; bit n is place n of the design.
Places = int

# Designs that are tried, each with so many rounds beyond those wanted.
MOST_DESIGNS = 12
SPARE = 12
# Orders in which the cities are seated: larger ones first, the more by chance the later the try.
TRIES = 12
# What searches for places that never meet may cost in all, in places looked at, and how many of them at each step.
WORK = 30_000
BREADTH = 100


def conflict_free(
    people: int, tables: int, rounds: int, cities: Sequence[int] | NDArray[np.integer[Any]] | None = None
) -> Ints | None:
    """A plan (R×N, int32: table numbers) in which nobody meets anybody twice; None where the catalogue has none.

    In every round each table seats people // tables, or one more. `cities` (N numbers): in every round each table
    also seats residents // tables people of every city, or one more. The same arguments give the same plan.

    None also below two people at a table, above 1000 tables or 5000 people, and above 200 rounds. Raises ValueError
    where `cities` has another length.
    """
    if not (1 <= tables <= MOST_TABLES and 2 * tables <= people <= MOST_PEOPLE and 1 <= rounds <= MOST_ROUNDS):
        return None
    city = np.arange(people) if cities is None else np.asarray(cities)
    if city.shape != (people,):
        raise ValueError(f"{people} people need as many cities, not {city.shape}")
    for schedule, empty in _designs(people, tables, rounds):
        seated = _seat(schedule, rounds, empty, city)
        if seated is not None:
            return np.ascontiguousarray(schedule.seats[:rounds, seated])
    return None


def _designs(people: int, tables: int, rounds: int) -> Iterator[tuple[Schedule, int]]:
    """Schedules of at least so many rounds for these people or for full tables, and how many places stay empty."""
    full = -(-people // tables) * tables
    # A place that stays empty makes a table smaller, so that all must be of one size before.
    known = (
        (one, places - people)
        for places in sorted({people, full})
        for one in constructions(places, tables)
        if one.rounds >= rounds
    )
    # Columns first: they leave the most freedom.
    ordered = sorted(known, key=lambda each: (each[0].apart < rounds, each[1]))
    for construction, empty in ordered[:MOST_DESIGNS]:
        yield construction.build(rounds + SPARE).first(rounds), empty


def _seat(schedule: Schedule, rounds: int, empty: int, city: NDArray[np.integer[Any]]) -> Ints | None:
    """The place (N) of each person, or None where no way was found to leave some empty and to part each city."""
    _, number, residents = np.unique(city, return_inverse=True, return_counts=True)
    tables, places = schedule.tables, schedule.seats.shape[1]
    # What is left over at the end should not be neighbours, who often meet.
    rnd = Random(rounds)
    place = np.array(sorted(range(places), key=lambda _: rnd.random()))
    # The empty places are a city of nobody: at most one at each table.
    wanted = [*residents.tolist(), empty]
    whole = [c for c, n in enumerate(wanted) for _ in range(n // tables)]
    rest = sorted(((n % tables, c) for c, n in enumerate(wanted) if n % tables), reverse=True)
    columns: list[Places] = []
    others: list[Places] = []
    if whole or (rest and rest[0][0] > 1):
        for part in schedule.apart(rounds):
            sets = _sets(part[place])
            (columns if not columns and len(sets) * tables == places else others).extend(sets)
    if len(whole) > len(columns):
        return None
    taken: list[list[int]] = [[] for _ in wanted]
    for c, column in zip(whole, columns):
        taken[c] += _members(column)
    free = (1 << places) - 1 & ~reduce(or_, columns[: len(whole)], 0)
    classes = [one for one in (columns[len(whole) :], others) if one]
    meetings = _Meetings(schedule.seats[:, place])
    for late in range(TRIES):
        chosen = _pack(rest, classes, free, meetings)
        if chosen is not None:
            for c, some in chosen:
                taken[c] += _members(some)
            seated = np.empty(len(city), dtype=np.int32)
            seated[np.argsort(number, kind="stable")] = place[list(chain.from_iterable(taken[:-1]))]
            return seated
        rest = sorted(rest, key=lambda item: -item[0] * (1 + late / TRIES * rnd.random()))
    return None


class _Meetings:
    """Who meets a place in the rounds of `seats`, looked up when asked for. `work`: what may still be asked."""

    def __init__(self, seats: Ints) -> None:
        self.work = WORK
        self._seats = seats
        self._groups: list[list[Places]] = []
        self._known: dict[int, Places] = {}

    def of(self, place: int) -> Places:
        if not self._groups:
            self._groups = [_sets(row) for row in self._seats]
        if place not in self._known:
            groups = zip(self._groups, self._seats[:, place].tolist())
            self._known[place] = reduce(or_, (row[table] for row, table in groups)) & ~(1 << place)
        return self._known[place]


def _pack(
    items: list[tuple[int, int]], classes: list[list[Places]], free: Places, meetings: _Meetings
) -> list[tuple[int, Places]] | None:
    """For each item (people, city) some free places that never meet; None if one finds none.

    They are taken from the smallest part of a class that has room, of the first class that has one.
    """
    chosen: list[tuple[int, Places]] = []
    for size, city in items:
        some: Places | None = None
        largest = 0
        for parts in classes if size > 1 else ():
            rooms = [room for part in parts if (room := part & free)]
            fitting = [room for room in rooms if room.bit_count() >= size]
            if fitting:
                some = _lowest(min(fitting, key=int.bit_count), size)
                break
            largest = max([largest, *rooms], key=int.bit_count)
        if some is None:
            some = free & -free if size == 1 else _strangers(largest, free, size, meetings)
        if some is None:
            return None
        chosen.append((city, some))
        free &= ~some
    return chosen


def _strangers(start: Places, free: Places, size: int, meetings: _Meetings) -> Places | None:
    """Some free places of whom no two meet, first with all of `start`, then without; None if none was found.

    Depth first; whoever leaves the most choice comes first.
    """
    left = free & ~start
    for place in _members(start):
        left &= ~meetings.of(place)
    stack = [(0, free), (start, left)]
    while stack and meetings.work > 0:
        some, left = stack.pop()
        meetings.work -= BREADTH
        missing = size - some.bit_count()
        if missing == 0:
            return some
        if left.bit_count() < missing:
            continue
        place = min(_members(left, BREADTH), key=lambda n: (meetings.of(n) & left).bit_count())
        bit = 1 << place
        stack.append((some, left & ~bit))
        stack.append((some | bit, left & ~bit & ~meetings.of(place)))
    return None


def _sets(part: Ints) -> list[Places]:
    """The places of each part."""
    out = [0] * (int(part.max()) + 1)
    for place, number in enumerate(part.tolist()):
        out[number] |= 1 << place
    return out


def _lowest(places: Places, count: int) -> Places:
    return reduce(or_, (1 << place for place in _members(places, count)), 0)


def _members(places: Places, most: int | None = None) -> list[int]:
    """The numbers of the places in ascending order, at most so many of them."""
    out: list[int] = []
    while places and (most is None or len(out) < most):
        low = places & -places
        out.append(low.bit_length() - 1)
        places ^= low
    return out
