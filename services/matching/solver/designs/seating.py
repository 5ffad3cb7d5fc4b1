"""Conflict-free plans for any number of people, and for cities that shall be spread over the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from random import Random

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.designs.catalogue import MOST_PEOPLE, MOST_ROUNDS, MOST_TABLES, constructions
from services.matching.solver.designs.schedule import Ints, Schedule

# Above so many places only columns are searched: who meets whom would no longer be looked up within milliseconds.
MOST_PLACES = 1200
TRIES = 12
# Steps of one search for people who never meet.
STEPS = 2000
# Larger designs that are tried with empty places, each with so many rounds beyond those wanted.
MOST_DESIGNS = 12
SPARE = 12


def conflict_free(
    people: int, tables: int, rounds: int, cities: Sequence[int] | Ints | None = None
) -> Ints | None:
    """A plan (R×N, int32: table numbers) in which nobody meets anybody twice; None where the catalogue has none.

    In every round each table seats people // tables, or one more. `cities` (N numbers): in every round each table
    also seats residents // tables people of every city, or one more. The same arguments give the same plan.
    """
    if not (1 <= tables <= MOST_TABLES and tables <= people <= MOST_PEOPLE and 1 <= rounds <= MOST_ROUNDS):
        return None
    city = np.arange(people) if cities is None else np.asarray(cities)
    for schedule, empty in _designs(people, tables, rounds):
        seated = _seat(schedule, rounds, empty, city)
        if seated is not None:
            return np.ascontiguousarray(schedule.seats[:rounds, seated])
    return None


def _designs(people: int, tables: int, rounds: int) -> Iterator[tuple[Schedule, int]]:
    """Schedules of at least so many rounds for these people or a few more, and how many places stay empty."""
    full = -(-people // tables) * tables
    known = (
        (one, places - people)
        for places in range(people, full + 1)
        for one in constructions(places, tables)
        if one.rounds >= rounds
    )
    # Columns first: they leave the most freedom.
    ordered = sorted(known, key=lambda each: (each[0].apart < rounds, each[1]))
    for construction, empty in ordered[:MOST_DESIGNS]:
        yield construction.build(rounds + SPARE).first(rounds), empty


def _seat(schedule: Schedule, rounds: int, empty: int, city: NDArray[np.int64]) -> Ints | None:
    """The place (N) of each person, or None where no way was found to leave some empty and to part each city."""
    _, number, residents = np.unique(city, return_inverse=True, return_counts=True)
    places, tables = schedule.seats.shape[1], schedule.tables
    columns, small = [], []
    for part in schedule.apart(rounds):
        masks = _masks(part)
        (columns if len(masks) * tables == places else small).append(masks)
    # The empty places are a city of nobody: at most one at each table.
    wanted = [*residents.tolist(), empty]
    whole = list(chain.from_iterable([c] * (n // tables) for c, n in enumerate(wanted)))
    rest = [(n % tables, c) for c, n in enumerate(wanted)]
    if whole and (not columns or len(whole) > len(columns[0])):
        return None
    taken: list[list[int]] = [[] for _ in wanted]
    free = (1 << places) - 1
    # From the end, so that the people of a city and their column do not depend on how many columns there are.
    for c in whole:
        column = columns[0].pop()
        taken[c] += _bits(column)
        free &= ~column
    parts = list(chain.from_iterable(columns + small))
    met = _meetings(schedule.seats) if places <= MOST_PLACES and max(rest)[0] > 1 else None
    rnd = Random(rounds)
    for _ in range(TRIES):
        chosen = _pack([each for each in rest if each[0]], parts, free, met)
        if chosen is not None:
            for c, mask in chosen:
                taken[c] += _bits(mask)
            return _people(taken[:-1], number)
        parts.sort(key=lambda _: rnd.random())
    return None


def _pack(items: list[tuple[int, int]], parts: list[int], free: int, met: list[int] | None) -> list[tuple[int, int]] | None:
    """For each item (people, city), largest first, a mask of free places that never meet; None if one finds none."""
    chosen = []
    for size, city in sorted(items, reverse=True):
        if size == 1:
            mask: int | None = free & -free
        else:
            fitting = [room for part in parts if (room := part & free).bit_count() >= size]
            if fitting:
                mask = _lowest(min(fitting, key=int.bit_count), size)
            else:
                mask = None if met is None else _strangers(free, met, size)
        if mask is None:
            return None
        chosen.append((city, mask))
        free &= ~mask
    return chosen


def _strangers(free: int, met: list[int], size: int) -> int | None:
    """Some free places of whom no two meet, or None: depth first, who leaves the most choice first."""
    steps = STEPS
    stack = [(0, free)]
    while stack and steps:
        steps -= 1
        mask, left = stack.pop()
        missing = size - mask.bit_count()
        if missing == 0:
            return mask
        if left.bit_count() < missing:
            continue
        place = min(_bits(left), key=lambda n: (met[n] & left).bit_count())
        bit = 1 << place
        stack.append((mask, left & ~bit))
        stack.append((mask | bit, left & ~bit & ~met[place]))
    return None


def _people(taken: list[list[int]], number: NDArray[np.int64]) -> Ints:
    """The place of each person, from the places of each city."""
    seated = np.empty(len(number), dtype=np.int32)
    seated[np.argsort(number, kind="stable")] = list(chain.from_iterable(taken))
    return seated


def _meetings(seats: Ints) -> list[int]:
    """For each place, a mask of those whom it meets."""
    met = np.zeros((seats.shape[1],) * 2, dtype=bool)
    for row in seats:
        met |= row[:, None] == row[None, :]
    np.fill_diagonal(met, False)
    return [int.from_bytes(row.tobytes(), "little") for row in np.packbits(met, axis=1, bitorder="little")]


def _masks(part: Ints) -> list[int]:
    members = part[None, :] == np.arange(part.max() + 1)[:, None]
    return [int.from_bytes(row.tobytes(), "little") for row in np.packbits(members, axis=1, bitorder="little")]


def _lowest(mask: int, count: int) -> int:
    out = 0
    for _ in range(count):
        out |= mask & -mask
        mask &= mask - 1
    return out


def _bits(mask: int) -> list[int]:
    out = []
    while mask:
        low = mask & -mask
        out.append(low.bit_length() - 1)
        mask ^= low
    return out
