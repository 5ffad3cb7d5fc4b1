"""Which constructions seat so many people at so many tables, and the one with the most rounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from services.matching.solver.designs.curves import arc, arc_rounds, unital, unital_rounds
from services.matching.solver.designs.developed import Base, bases, develop
from services.matching.solver.designs.schedule import Schedule
from services.matching.solver.designs.spaces import affine, affine_rounds, pairs
from services.matching.solver.designs.transversal import offset_rounds, transversal

MOST_PEOPLE = 5000
MOST_TABLES = 1000
# More than any table of these sizes could use, and few enough to be laid out at once.
MOST_ROUNDS = 200


class Construction(NamedTuple):
    """`rounds` and, of those, how many keep the people of a column apart; `build` lays out at most so many rounds."""

    rounds: int
    apart: int
    build: Callable[[int], Schedule]


def schedule(groups: int, size: int) -> Schedule | None:
    """The schedule with the most rounds that the catalogue has for `groups` groups of `size` people.

    Nobody meets anybody twice in it. None where that is no question, with less than two in a group, and above 1000
    groups or 5000 people; at most 200 rounds.
    """
    if not _asked(groups, size):
        return None
    return max(constructions(groups * size, groups), key=lambda one: one.rounds).build(MOST_ROUNDS)


def most_rounds(groups: int, size: int) -> int:
    """The rounds of `schedule(groups, size)`, without laying it out; 0 where there is none."""
    if not _asked(groups, size):
        return 0
    return min(MOST_ROUNDS, max(one.rounds for one in constructions(groups * size, groups)))


def _asked(groups: int, size: int) -> bool:
    return 1 <= groups <= MOST_TABLES and size >= 2 and groups * size <= MOST_PEOPLE


@lru_cache(maxsize=4096)
def constructions(people: int, tables: int) -> tuple[Construction, ...]:
    """Everything known for these numbers, what keeps columns apart for long first; may be empty where sizes differ."""
    size, over = divmod(people, tables)
    found = [_stored(base) for base in bases().get((people, tables), ())]
    if over == 0:
        # Of a design with more columns, some may stay empty.
        wide = [base for n in range(size, tables + 1) for base in bases().get((tables * n, tables), ()) if base.apart]
        found += [_and_within(base.apart, partial(_columns, base, size=size), tables, size) for base in wide]
        found.append(_and_within(offset_rounds(tables, size), partial(transversal, tables, size), tables, size))
        if size == 2:
            found.append(Construction(2 * tables - 1, 0, partial(pairs, tables)))
        for rounds, build in ((affine_rounds, affine), (unital_rounds, unital), (arc_rounds, arc)):
            if rounds(tables, size):
                found.append(Construction(rounds(tables, size), 0, partial(build, tables, size)))
    return tuple(sorted(found, key=lambda one: (-one.apart, -one.rounds)))


def _stored(base: Base) -> Construction:
    return Construction(base.rounds, base.apart, partial(develop, base))


def _columns(base: Base, most: int, *, size: int) -> Schedule:
    """The rounds that keep columns apart, for the first `size` columns."""
    return develop(base, min(most, base.apart)).of(base.tables * size)


def _and_within(rounds: int, build: Callable[[int], Schedule], tables: int, size: int) -> Construction:
    """Where the size divides the tables, each column plays a smaller schedule of its own after the common rounds."""
    more = most_rounds(tables // size, size) if tables % size == 0 else 0

    def both(most: int) -> Schedule:
        common = build(most)
        inner = schedule(tables // size, size) if more and most > rounds else None
        if inner is None:
            return common
        rows = inner.seats[: most - rounds]
        offset = np.arange(size, dtype=np.int32) * (tables // size)
        within = (offset[None, :, None] + rows[:, None, :]).reshape(len(rows), -1)
        seats = np.concatenate([common.seats, within])
        return Schedule(tables, seats, f"{common.source}, then {inner.source} within columns", common.classes)

    return Construction(rounds + more, rounds, both)
