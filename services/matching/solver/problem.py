"""The frozen numbers that a search works on; built by `Model.problem()` or straight from arrays."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MOST_PEOPLE = 5000
MOST_TABLES = 1000
MOST_ROUNDS = 20
MOST_WEIGHT = 1000.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much in the objective; each between 0 and 1000.

    `affinity` multiplies the affinity of each pair that met, however often it met. `topic` multiplies a person's
    interest in each table visited. `repeat` is taken off c*(c-1)/2 times for a pair that met c times; its default lies
    well above the greatest affinity of a pair (3.0), since avoiding one repeat may cost several good meetings.
    """

    affinity: float = 1.0
    topic: float = 0.5
    repeat: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """N people, R rounds and G tables as read-only arrays.

    `keys`: N distinct names of people. `cities`: C names; `city` (N, int32) indexes them. `affinity` (N×N, float64) is
    symmetric, zero on the diagonal and nowhere negative. `interest` (N×G, float64) lies between 0 and 1.
    `table_topics`: G topic codes, None where a table has no topic.

    Raises ValueError where the arrays do not fit together; `Model` reports faults by person.
    """

    keys: tuple[str, ...]
    cities: tuple[str, ...]
    city: Ints
    affinity: Floats
    interest: Floats
    rounds: int
    table_topics: tuple[str | None, ...]
    weights: Weights = Weights()

    def __post_init__(self) -> None:
        for name, kind in (("city", np.int32), ("affinity", np.float64), ("interest", np.float64)):
            object.__setattr__(self, name, _frozen(getattr(self, name), kind))
        n, g = self.people, self.tables
        if not (1 <= g <= MOST_TABLES and 2 * g <= n <= MOST_PEOPLE and 1 <= self.rounds <= MOST_ROUNDS):
            raise ValueError(f"{n} people, {g} tables and {self.rounds} rounds are out of range")
        if self.city.shape != (n,) or self.affinity.shape != (n, n) or self.interest.shape != (n, g):
            raise ValueError("the arrays do not have the shapes N, N×N and N×G")
        if len(set(self.keys)) < n:
            raise ValueError("two people have the same key")
        if self.city.min() < 0 or self.city.max() >= len(self.cities):
            raise ValueError("a person's city is not among the cities")
        if not (np.isfinite(self.affinity).all() and self.affinity.min() >= 0 and np.isfinite(self.interest).all()):
            raise ValueError("affinities must be finite and not negative, interests finite")
        if self.interest.min() < 0 or self.interest.max() > 1:
            raise ValueError("interests must lie between 0 and 1")
        if self.affinity.diagonal().any() or not np.array_equal(self.affinity, self.affinity.T):
            raise ValueError("affinities must be symmetric with a zero diagonal")
        if not all(math.isfinite(w) and 0 <= w <= MOST_WEIGHT for w in asdict(self.weights).values()):
            raise ValueError(f"weights must lie between 0 and {MOST_WEIGHT}")

    @property
    def people(self) -> int:
        """N."""
        return len(self.keys)

    @property
    def tables(self) -> int:
        """G."""
        return len(self.table_topics)

    @property
    def sizes(self) -> tuple[int, int]:
        """The smaller and the larger group size; equal where G divides N."""
        return self.people // self.tables, -(-self.people // self.tables)

    @property
    def residents(self) -> Ints:
        """People per city (C)."""
        return np.bincount(self.city, minlength=len(self.cities)).astype(np.int32)

    @property
    def city_low(self) -> Ints:
        """The fewest people of each city that a table may seat (C)."""
        return (self.residents // self.tables).astype(np.int32)

    @property
    def city_high(self) -> Ints:
        """The most people of each city that a table may seat (C)."""
        return (-(-self.residents // self.tables)).astype(np.int32)

    def digest(self) -> str:
        """SHA-256 in hex over everything that defines the problem; equal on every machine."""
        head: list[Any] = [self.keys, self.cities, self.rounds, self.table_topics, asdict(self.weights)]
        total = hashlib.sha256(json.dumps(head, ensure_ascii=True, sort_keys=True).encode())
        for array, kind in ((self.city, "<i4"), (self.affinity, "<f8"), (self.interest, "<f8")):
            total.update(np.ascontiguousarray(array, dtype=kind).tobytes())
        return total.hexdigest()


def _frozen(values: NDArray[Any], kind: type[Any]) -> NDArray[Any]:
    """A contiguous read-only copy, so that no caller can change a problem behind its digest."""
    array = np.array(values, dtype=kind, order="C")
    array.setflags(write=False)
    return array
