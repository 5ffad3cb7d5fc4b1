"""The arrays that the kernel works on, laid out from a problem and a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.matching.solver import kernel
from services.matching.solver.kernel import Array
from services.matching.solver.objective import meetings, worth
from services.matching.solver.problem import Floats, Ints, Problem

# One of the objective in the kernel's whole numbers: finer than any weight one would tell apart, and coarse enough for
# 5000 people at two tables in 20 rounds to stay below 2**63.
UNIT = 1 << 20

_NOISE = 4096


@dataclass(slots=True, eq=False)
class State:
    """A plan under search; the shapes are in `kernel`."""

    seat: Array
    slot: Array
    members: Array
    size: Array
    count: Array
    visits: Array
    code: Array
    add: Array
    drop: Array
    levels: int
    interest: Array
    city: Array
    low: Array
    high: Array
    start: Array
    residents: Array
    noise: Array
    best: Array
    tally: Array
    random: Array
    mates: int
    uneven: bool
    soft_add: Array
    soft_drop: Array
    soft: bool
    gains: Array
    price: int

    def soften(self, part: float) -> None:
        """Lets acceptance count a repeat at this part (0 to 1) of its weight, from now on."""
        self.soft = part < 1.0
        self.soft_add, self.soft_drop = _prices(self.gains, round(self.price * part), self.add.size // self.levels)

    def run(self, temperature: int, proposals: int, probe: Array | None = None) -> int:
        """Some proposals at one temperature; see `kernel.anneal`."""
        return kernel.anneal(
            self.seat, self.slot, self.members, self.size, self.count, self.visits, self.code, self.add, self.drop,
            self.levels, self.interest, self.city, self.low, self.high, self.start, self.residents, self.noise,
            self.best, self.tally, self.random, self.mates, self.uneven, self.soft_add,
            self.soft_drop, self.soft, temperature, proposals,
            np.empty(0, dtype=np.int64) if probe is None else probe,
        )  # fmt: skip


def lay_out(problem: Problem, plan: Ints, seed: int) -> State:
    """The state of a feasible plan (R×N)."""
    rounds, people, tables = problem.rounds, problem.people, problem.tables
    # A city of one is never above or below its bounds: all those become one city without bounds, at the end.
    several = np.flatnonzero(problem.residents > 1)
    renumber = np.full(len(problem.cities), len(several), dtype=np.int32)
    renumber[several] = np.arange(len(several), dtype=np.int32)
    city = renumber[problem.city]
    low = np.append(problem.city_low[several], -1).astype(np.int32)
    high = np.append(problem.city_high[several], people + 1).astype(np.int32)

    slot = np.zeros((rounds, people), dtype=np.int32)
    members = np.zeros((rounds, tables, problem.sizes[1]), dtype=np.int32)
    size = np.zeros((rounds, tables), dtype=np.int32)
    count = np.zeros((rounds, tables, len(low)), dtype=np.int16)
    visits = np.zeros((people, tables), dtype=np.uint8)
    for r in range(rounds):
        np.add.at(count[r], (plan[r], city), 1)
        visits[np.arange(people), plan[r]] += 1
        for table in range(tables):
            group = np.flatnonzero(plan[r] == table)
            members[r, table, : len(group)] = group
            slot[r, group] = np.arange(len(group))
            size[r, table] = len(group)

    code, values = _codes(problem, plan)
    levels = len(values)
    gains = np.rint(values * (problem.weights.affinity * UNIT)).astype(np.int64)
    price = round(problem.weights.repeat * UNIT)
    add, drop = _prices(gains, price, rounds + 1)
    now = round(worth(problem, plan).objective * UNIT)
    tally = np.zeros(kernel.TALLY, dtype=np.int64)
    tally[kernel.NOW] = tally[kernel.BEST] = now
    free = bool((low[:-1] < high[:-1]).any() or len(low) - 1 < len(problem.cities))
    return State(
        seat=plan.astype(np.int32),
        slot=slot,
        members=members,
        size=size,
        count=count,
        visits=visits,
        code=code,
        add=add,
        drop=drop,
        levels=levels,
        interest=np.rint(problem.interest * (problem.weights.topic * UNIT)).astype(np.int64),
        city=city,
        low=low,
        high=high,
        start=np.searchsorted(np.sort(city), np.arange(len(low) + 1)).astype(np.int32),
        residents=np.argsort(city, kind="stable").astype(np.int32),
        noise=_noise(),
        best=plan.astype(np.int32),
        tally=tally,
        random=np.array([scramble(seed)], dtype=np.uint64),
        mates=128 if free else 256,
        uneven=people % tables > 0,
        soft_add=add,
        soft_drop=drop,
        soft=False,
        gains=gains,
        price=price,
    )


def start_again(problem: Problem, state: State, plan: Ints) -> None:
    """Goes on from another plan; the random numbers, the best plan and its worth stay."""
    fresh = lay_out(problem, plan, 0)
    for name in ("seat", "slot", "members", "size", "count", "visits", "code"):
        setattr(state, name, getattr(fresh, name))
    state.tally[kernel.NOW] = fresh.tally[kernel.NOW]


def scramble(seed: int) -> int:
    """A number of 64 bits other than 0 from any whole number (SplitMix64's finish, Steele et al. 2014)."""
    z = (seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return (z ^ (z >> 31)) or 1


def _codes(problem: Problem, plan: Ints) -> tuple[Array, Floats]:
    """`code` and the affinity of each level."""
    most = 65535 // (problem.rounds + 2)
    values = np.unique(problem.affinity)
    if len(values) > most:
        # Too many different affinities for a code: round them to a grid, for the search alone; 0 stays 0.
        step = float(values[-1]) / (most - 1)
        level = np.rint(problem.affinity / step).astype(np.uint16)
        values = np.arange(most, dtype=np.float64) * step
    else:
        level = np.searchsorted(values, problem.affinity).astype(np.uint16)
    return meetings(problem, plan).astype(np.uint16) * np.uint16(len(values)) + level, values


def _prices(gains: Array, price: int, times: int) -> tuple[Array, Array]:
    """`add` and `drop` for 0 to `times` - 1 meetings, from what each level gains and what a repeat costs."""
    met = np.arange(times)[:, None]
    add = np.where(met == 0, gains, -met * price)
    drop = np.where(met == 0, 0, np.where(met == 1, gains, -(met - 1) * price))
    return add.ravel().astype(np.int64), drop.ravel().astype(np.int64)


def _noise() -> Array:
    """Evenly spaced quantiles of the exponential distribution, mean 2**16."""
    return np.array([round(-math.log((k + 0.5) / _NOISE) * 65536) for k in range(_NOISE)], dtype=np.int64)
