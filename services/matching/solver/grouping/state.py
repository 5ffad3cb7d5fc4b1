"""The arrays that the kernel works on, laid out from a grouping and a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np

from services.matching.solver.grouping import kernel
from services.matching.solver.grouping.instance import REACH, Grouping, Ints
from services.matching.solver.grouping.kernel import Array
from services.matching.solver.state import scramble

# Hotter than this, the noise would reach what is not allowed.
HOTTEST = REACH // 4


@dataclass(slots=True, eq=False)
class State:
    """A plan under search; the shapes are in `kernel`. `floor`: the potentials of empty tables."""

    weights: Array
    floor: Array
    potential: Array
    own: Array
    group: Array
    size: Array
    low: Array
    high: Array
    movable: Array
    noise: Array
    quantiles: Array
    relative: Array
    score: Array
    best: Array
    tally: Array
    random: Array
    scale: float

    def lay(self, groups: Ints) -> None:
        """Goes on from this plan, the best from now on; the random numbers stay."""
        people, tables = len(groups), len(self.size)
        self.group[:] = groups
        self.size[:] = np.bincount(groups, minlength=tables)
        gains = 0
        for table in range(tables):
            here = groups == table
            self.potential[table] = self.floor[table] + self.weights[:, here].sum(axis=1, dtype=np.int64)
            gains += int(self.floor[table, here].sum(dtype=np.int64))
        self.own[:] = self.potential[groups, np.arange(people)]
        # Each pair counts for both of its people, a gain once.
        self.tally[kernel.NOW] = (int(self.own.sum(dtype=np.int64)) + gains) // 2
        self.tally[kernel.BEST] = self.tally[kernel.NOW]
        self.best[:] = self.group

    def run(self, temperature: float, draws: int) -> None:
        """Some draws at one temperature, in units of the kernel."""
        kernel.heat(self.noise, self.quantiles, min(round(temperature), HOTTEST))
        kernel.anneal(
            self.weights, self.potential, self.own, self.group, self.size, self.low, self.high, self.movable,
            self.noise, self.relative, self.score, self.best, self.tally, self.random,
            bool((self.low < self.high).any()), draws,
        )  # fmt: skip


def lay_out(given: Grouping, groups: Ints, seed: int) -> State:
    """The state of a plan that keeps every rule."""
    people, tables = given.people, given.tables
    scale = given.scale()
    may = given.open()
    floor = np.zeros((tables, people), dtype=np.int32)
    if given.gain is not None:
        floor += np.rint(given.gain.T * scale).astype(np.int32)
    floor[~may.T] = kernel.FORBIDDEN
    quantiles = _quantiles()
    state = State(
        weights=np.rint(given.weights * scale).astype(np.int32),
        floor=floor,
        potential=np.empty((tables, people), dtype=np.int32),
        own=np.empty(people, dtype=np.int32),
        group=np.empty(people, dtype=np.uint32),
        size=np.empty(tables, dtype=np.int64),
        low=given.low.copy(),
        high=given.high.copy(),
        movable=np.flatnonzero(may.sum(axis=1) > 1),
        noise=np.zeros(kernel.NOISE + people, dtype=np.int32),
        quantiles=np.resize(quantiles, kernel.NOISE + people),
        relative=np.zeros(tables, dtype=np.int32),
        score=np.zeros(people, dtype=np.int32),
        best=np.empty(people, dtype=np.uint32),
        tally=np.zeros(kernel.TALLY, dtype=np.int64),
        random=np.array([scramble(seed)], dtype=np.uint64),
        scale=scale,
    )
    state.lay(groups)
    return state


@cache
def _quantiles() -> Array:
    """Evenly spaced quantiles of the Gumbel distribution with 16 binary places, in an order without pattern."""
    rnd = Random(0)
    values = [round(-math.log(-math.log((k + 0.5) / kernel.NOISE)) * 65536) for k in range(kernel.NOISE)]
    return np.array(sorted(values, key=lambda _: rnd.random()), dtype=np.int64)
