"""What is to be grouped, checked once, and the same in whole numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What a person may find at one table, in whole numbers, is at most this much, whatever its sign. A gain then stays
# below six times as much, less than what is between a table that is allowed and one that is not (`kernel.FORBIDDEN`),
# and two of those with all noise stay above -2**31.
REACH = 1 << 25
_KINDS: dict[str, type[Any]] = {
    "weights": np.float64, "low": np.int64, "high": np.int64,
    "gain": np.float64, "fixed": np.int64, "allowed": np.bool_,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """n people for G tables, in one round.

    `weights` (n×n, symmetric, zero diagonal, any sign): what two people at one table are worth. `low`, `high` (G): how
    many people a table may have. `gain` (n×G): what a person is worth at a table. `fixed` (n): the table that a person
    must have, or -1. `allowed` (n×G): the tables that a person may have. What is left out rules nothing.

    A search rounds weights and gains to about 2**-24 of the greatest sum that a person may find at a table: a rule that
    is said as a penalty should not be a million times what it protects.

    Raises ValueError where the arrays do not fit together. Whether all rules can be kept, `start.random_groups` finds.
    """

    weights: Floats
    low: Ints
    high: Ints
    gain: Floats | None = None
    fixed: Ints | None = None
    allowed: Bools | None = None

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            given: Any = getattr(self, name)
            object.__setattr__(self, name, None if given is None else np.ascontiguousarray(given, dtype=kind))
        n, g = len(self.weights), len(self.low)
        if not (n >= 1 and g >= 1 and self.weights.shape == (n, n) and self.high.shape == (g,)):
            raise ValueError("weights, low and high do not have the shapes n×n, G and G")
        if not (np.isfinite(self.weights).all() and np.array_equal(self.weights, self.weights.T)):
            raise ValueError("weights must be finite and symmetric")
        if self.weights.diagonal().any():
            raise ValueError("weights must have a zero diagonal")
        if self.gain is not None and not (self.gain.shape == (n, g) and np.isfinite(self.gain).all()):
            raise ValueError("gain must be finite and have the shape n×G")
        if self.fixed is not None and not (
            self.fixed.shape == (n,) and self.fixed.min() >= -1 and self.fixed.max() < g
        ):
            raise ValueError("fixed must name a table or -1 for each of n people")
        if self.allowed is not None and self.allowed.shape != (n, g):
            raise ValueError("allowed must have the shape n×G")
        if not ((self.low >= 0).all() and (self.low <= self.high).all() and self.low.sum() <= n <= self.high.sum()):
            raise ValueError("the sizes do not fit the number of people")

    @property
    def people(self) -> int:
        """n."""
        return len(self.weights)

    @property
    def tables(self) -> int:
        """G."""
        return len(self.low)

    def open(self) -> Bools:
        """Where each person may be (n×G), `fixed` and `allowed` together."""
        out = np.ones((self.people, self.tables), dtype=np.bool_) if self.allowed is None else self.allowed.copy()
        if self.fixed is not None:
            held = np.flatnonzero(self.fixed >= 0)
            kept = out[held, self.fixed[held]]
            out[held] = False
            out[held, self.fixed[held]] = kept
        return out

    def scale(self) -> float:
        """The power of two by which everything is multiplied before it is rounded."""
        # At least one: where everybody sits alone, an exchange still weighs the two that it exchanges.
        most = max(min(int(self.high.max()) - 1, self.people - 1), 1)
        found = np.partition(np.abs(self.weights), self.people - most, axis=1)[:, self.people - most :].sum(axis=1)
        if self.gain is not None:
            found += np.abs(self.gain).max(axis=1)
        greatest = float(found.max())
        # Half of the reach is left for rounding up.
        return 2.0 ** math.floor(math.log2(REACH / 2 / greatest)) if greatest > 0 else 1.0

    def value(self, groups: Ints) -> float:
        """What a plan (n tables) is worth: the weights within groups, and the gains."""
        within = groups[:, None] == groups[None, :]
        total = float(self.weights.sum(where=within)) / 2
        return total if self.gain is None else total + float(self.gain[np.arange(self.people), groups].sum())

    def keeps(self, groups: Ints) -> bool:
        """Whether a plan keeps sizes, `fixed` and `allowed`."""
        if groups.shape != (self.people,) or groups.min() < 0 or groups.max() >= self.tables:
            return False
        size = np.bincount(groups, minlength=self.tables)
        fits = (size >= self.low).all() and (size <= self.high).all()
        return bool(fits and self.open()[np.arange(self.people), groups].all())
