"""The frozen numbers that a search works on; built by `Model.problem()` or straight from arrays.

A rule's weight is what one breach of it takes off the objective; `HARD` forbids it.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

MOST_PEOPLE = 5000
MOST_TABLES = 1000
MOST_ROUNDS = 20
MOST_WEIGHT = 1000.0
HARD: Final = math.inf


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much in the objective; each between 0 and 1000, `repeat` also HARD.

    `affinity` multiplies the affinity of each pair that met, however often it met. `topic` multiplies a person's
    interest in each table visited. `repeat` is taken off c*(c-1)/2 times for a pair that met c times; its default lies
    well above the greatest affinity of a pair (3.0), since avoiding one repeat may cost several good meetings.
    """

    affinity: float = 1.0
    topic: float = 0.5
    repeat: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """People sorted into V kinds that tables shall mix, such as cities or departments.

    `of` (N, int32) indexes `names`, -1 for people of no kind. A table of round r shall seat between `low[r, t, v]` and
    `high[r, t, v]` people of kind v (R×G×V, int32); each person beyond that costs `weight`.
    """

    name: str
    names: tuple[str, ...]
    of: Ints
    low: Ints
    high: Ints
    weight: float = HARD


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """K rules about two people each: `who` (K×2, int32), `weights` (K). See `Problem.must`, `never` and `earlier`."""

    who: Ints
    weights: Floats

    @classmethod
    def none(cls) -> Pairs:
        """No pairs."""
        return cls(np.zeros((0, 2), dtype=np.int32), np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """N people, R rounds and G tables as read-only arrays.

    `keys`: N distinct names of people. `affinity` (N×N, float64) is symmetric, zero on the diagonal and nowhere
    negative. `interest` (N×G, float64) lies between 0 and 1. `table_topics`: G topic codes, None where a table has no
    topic. `least` and `most` (R×G): how many people a table seats. `present` (R×N). `allowed` (N×G): the tables that a
    person can reach or use. `fixed` (R×N): the table where somebody sits whatever happens, -1 where free; a past round
    is one where everybody is fixed. `kinds`: what tables mix; the first says whom the search exchanges most.

    `must`: pairs that shall meet at least once; the weight is the price of not meeting. `never`: pairs that shall not
    meet; the weight is the price of each meeting. `earlier`: pairs that met before; a weight of w makes c further
    meetings count as c*(c-1)/2 + w*c repeats.

    Raises ValueError where the arrays do not fit together; `Model` reports faults by person.
    """

    keys: tuple[str, ...]
    affinity: Floats
    interest: Floats
    table_topics: tuple[str | None, ...]
    least: Ints
    most: Ints
    present: Flags
    allowed: Flags
    fixed: Ints
    kinds: tuple[Kinds, ...] = ()
    must: Pairs = field(default_factory=Pairs.none)
    never: Pairs = field(default_factory=Pairs.none)
    earlier: Pairs = field(default_factory=Pairs.none)
    weights: Weights = Weights()

    def __post_init__(self) -> None:
        for name, kind in _ARRAYS.items():
            object.__setattr__(self, name, _frozen(getattr(self, name), kind))
        for one in self.kinds:
            for name in ("of", "low", "high"):
                object.__setattr__(one, name, _frozen(getattr(one, name), np.int32))
        for pairs in (self.must, self.never, self.earlier):
            object.__setattr__(pairs, "who", _frozen(pairs.who, np.int32))
            object.__setattr__(pairs, "weights", _frozen(pairs.weights, np.float64))
        self._check_frame()
        self._check_seats()
        for one in self.kinds:
            self._check_kinds(one)
        for pairs in (self.must, self.never, self.earlier):
            self._check_pairs(pairs)
        if self.earlier.weights.size and not np.isfinite(self.earlier.weights).all():
            raise ValueError("earlier meetings are counted, not forbidden")

    @property
    def people(self) -> int:
        """N."""
        return len(self.keys)

    @property
    def tables(self) -> int:
        """G."""
        return len(self.table_topics)

    @property
    def rounds(self) -> int:
        """R."""
        return len(self.present)

    @property
    def open(self) -> Flags:
        """Whose seats are to be found (R×N)."""
        return self.present & (self.fixed < 0)

    def digest(self) -> str:
        """SHA-256 in hex over everything that defines the problem; equal on every machine."""
        names = [[one.name, one.names, _weight(one.weight)] for one in self.kinds]
        weights = {name: _weight(value) for name, value in asdict(self.weights).items()}
        head: list[Any] = [self.keys, self.table_topics, weights, names]
        total = hashlib.sha256(json.dumps(head, ensure_ascii=True, sort_keys=True).encode())
        arrays = [getattr(self, name) for name in _ARRAYS]
        arrays += [array for one in self.kinds for array in (one.of, one.low, one.high)]
        arrays += [array for pairs in (self.must, self.never, self.earlier) for array in (pairs.who, pairs.weights)]
        for array in arrays:
            total.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
        return total.hexdigest()

    def _check_frame(self) -> None:
        n, g, r = self.people, self.tables, self.rounds
        if not (1 <= g <= MOST_TABLES and 1 <= n <= MOST_PEOPLE and 1 <= r <= MOST_ROUNDS):
            raise ValueError(f"{n} people, {g} tables and {r} rounds are out of range")
        shapes = {
            "affinity": (n, n), "interest": (n, g), "least": (r, g), "most": (r, g), "present": (r, n),
            "allowed": (n, g), "fixed": (r, n),
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has the shape {getattr(self, name).shape} and not {shape}")
        if len(set(self.keys)) < n:
            raise ValueError("two people have the same key")
        if not (np.isfinite(self.affinity).all() and self.affinity.min() >= 0 and np.isfinite(self.interest).all()):
            raise ValueError("affinities must be finite and not negative, interests finite")
        if self.interest.min() < 0 or self.interest.max() > 1:
            raise ValueError("interests must lie between 0 and 1")
        if self.affinity.diagonal().any() or not np.array_equal(self.affinity, self.affinity.T):
            raise ValueError("affinities must be symmetric with a zero diagonal")
        for name, weight in asdict(self.weights).items():
            if not (0 <= weight <= MOST_WEIGHT or (name == "repeat" and weight == HARD)):
                raise ValueError(f"weights must lie between 0 and {MOST_WEIGHT}")

    def _check_seats(self) -> None:
        if self.least.min() < 0 or (self.least > self.most).any() or self.most.max() > self.people:
            raise ValueError("a table's fewest and most people do not fit together")
        if self.fixed.min() < -1 or self.fixed.max() >= self.tables:
            raise ValueError("somebody is fixed at a table that does not exist")

    def _check_kinds(self, one: Kinds) -> None:
        shape = (self.rounds, self.tables, len(one.names))
        if one.of.shape != (self.people,) or one.low.shape != shape or one.high.shape != shape:
            raise ValueError(f"the arrays of {one.name} do not have the shapes N and R×G×V")
        if one.of.min() < -1 or one.of.max() >= len(one.names):
            raise ValueError(f"somebody's {one.name} is not among its names")
        if not (0 <= one.weight <= MOST_WEIGHT or one.weight == HARD):
            raise ValueError(f"weights must lie between 0 and {MOST_WEIGHT}")

    def _check_pairs(self, pairs: Pairs) -> None:
        if pairs.who.ndim != 2 or pairs.who.shape[1] != 2 or pairs.weights.shape != (len(pairs.who),):
            raise ValueError("pairs do not have the shapes K×2 and K")
        if len(pairs.who) and (pairs.who.min() < 0 or pairs.who.max() >= self.people):
            raise ValueError("a pair names somebody who is not there")
        if (pairs.who[:, 0] == pairs.who[:, 1]).any():
            raise ValueError("a pair names one person twice")
        if not ((pairs.weights >= 0) & ((pairs.weights <= MOST_WEIGHT) | (pairs.weights == HARD))).all():
            raise ValueError(f"weights must lie between 0 and {MOST_WEIGHT}")


_ARRAYS: Final[dict[str, type[Any]]] = {
    "affinity": np.float64,
    "interest": np.float64,
    "least": np.int32,
    "most": np.int32,
    "present": np.bool_,
    "allowed": np.bool_,
    "fixed": np.int32,
}


def shares(total: int, parts: int) -> list[int]:
    """The total in that many parts that differ by one at most."""
    q, r = divmod(total, parts)
    return [q + 1] * r + [q] * (parts - r)


def even_sizes(present: Flags, tables: int) -> tuple[Ints, Ints]:
    """`least` and `most` for tables that differ by one person at most in each round."""
    there = present.sum(axis=1).astype(np.int32)[:, None]
    one = np.ones((1, tables), dtype=np.int32)
    return there // tables * one, -(-there // tables) * one


def even_kinds(of: Ints, kinds: int, present: Flags, most: Ints) -> tuple[Ints, Ints]:
    """`low` and `high` for kinds spread as evenly as they go over tables that hold up to `most`."""
    there = np.stack([np.bincount(of[row & (of >= 0)], minlength=kinds) for row in present])
    # Whole numbers: a share of 2.0 that is computed as 1.9999… would allow one.
    shared = there[:, None, :].astype(np.int64) * most[:, :, None]
    places = np.maximum(most.sum(axis=1, dtype=np.int64), 1)[:, None, None]
    return (shared // places).astype(np.int32), (-(-shared // places)).astype(np.int32)


def _weight(value: float) -> float | str:
    return value if math.isfinite(value) else "hard"


def _frozen(values: NDArray[Any], kind: type[Any]) -> NDArray[Any]:
    """A contiguous read-only copy, so that no caller can change a problem behind its digest."""
    array = np.array(values, dtype=kind, order="C")
    array.setflags(write=False)
    return array
