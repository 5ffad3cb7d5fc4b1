"""What a design gives: rounds in which nobody meets anybody twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A partition of the people (`part`, one number each) that keeps those of one part apart.

    In the first `rounds` rounds no two people of one part share a table.
    """

    part: Ints
    rounds: int


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """`seats` (R×N, int32): the table of each person in each round; no two people share a table twice.

    Every table seats as many people as another, or one more. `source` says where the construction comes from.
    """

    tables: int
    seats: Ints
    source: str
    classes: tuple[Class, ...] = ()

    @property
    def rounds(self) -> Ints:
        """Rounds × tables × seats: who sits at each table. Raises ValueError where tables are not of one size."""
        count, people = self.seats.shape
        if people % self.tables:
            raise ValueError(f"{people} people do not fill {self.tables} tables")
        order = np.argsort(self.seats, axis=1, kind="stable").astype(np.int32)
        return order.reshape(count, self.tables, people // self.tables)

    def first(self, rounds: int) -> Schedule:
        """The first rounds alone. The groups of each round left out are parts of a class."""
        unused = tuple(Class(row, rounds) for row in self.seats[rounds:])
        kept = tuple(Class(one.part, min(one.rounds, rounds)) for one in self.classes)
        return Schedule(self.tables, self.seats[:rounds], self.source, kept + unused)

    def of(self, people: int) -> Schedule:
        """The first people alone; the caller knows that this takes as many from every table, or one more."""
        classes = tuple(Class(one.part[:people], one.rounds) for one in self.classes)
        return Schedule(self.tables, self.seats[:, :people], self.source, classes)

    def apart(self, rounds: int) -> tuple[Ints, ...]:
        """The partitions that keep people apart in all of the first `rounds` rounds."""
        return tuple(one.part for one in self.classes if one.rounds >= rounds)
