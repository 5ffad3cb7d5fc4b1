"""The arrays that the kernel works on, laid out from a problem and a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from services.matching.solver import board as boards
from services.matching.solver import draws, kernel, seating
from services.matching.solver.board import Array, Board, Pace, Rules
from services.matching.solver.prices import UNIT, Levels, levels_of, steps, whole
from services.matching.solver.problem import Flags, Ints, Kinds, Problem

_NOISE = 4096
_DRAWN = 8192
# What it costs to look at everybody at two tables, for each seat of a table, and to keep `worth` at an exchange, for
# each person and for each seat of a table in each round: nanoseconds on some machine; only their proportions matter.
LOOKING = 8.0
UPKEEP = 2.0
UPKEEP_SEAT = 15.0
# Of 256 proposals, so many exchange two people in all rounds while a plan is held.
_WHOLE = 96
# Bytes of what is looked at most that a nearest cache may hold.
_CACHE = 1 << 20
# Fewer proposals say too little about how many are accepted.
_TELLING = 1000
_NO_BOUND = 1 << 14
_NO_PROBE: Array = np.empty(0, dtype=np.int64)


@dataclass(slots=True, eq=False)
class State:
    """A plan under search."""

    board: Board
    rules: Rules
    pace: Pace
    levels: Levels
    problem: Problem
    mates: int
    held: bool = False
    recalled: bool = False

    @property
    def best(self) -> Ints:
        """The best plan so far (R×N)."""
        return self.board.best

    @property
    def objective(self) -> float:
        """The best plan's, far below any plan's worth while hard rules are broken."""
        return int(self.board.tally[boards.BEST]) / UNIT

    @property
    def broken(self) -> int:
        """How often the best plan breaks a hard rule."""
        return max(0, round(-int(self.board.tally[boards.BEST]) / boards.HARD))

    def hold(self, held: bool) -> None:
        """Whether to hold on to who meets whom how often: repeats then count in full throughout, and many proposals
        exchange two people in all rounds.
        """
        self.held = held
        mates = min(self.mates, 128) if held else self.mates
        self.pace = self.pace._replace(whole=_WHOLE if held else 0, mates=mates)

    def soften(self, part: float) -> None:
        """Lets acceptance count a repeat at this part (0 to 1) of its weight, from now on."""
        part = 1.0 if self.held else part
        self.pace = self.pace._replace(soft=part < 1.0)
        add, drop = (self.rules.add, self.rules.drop) if part >= 1.0 else steps(self.problem, self.levels, part)
        before = self.rules
        self.rules = before._replace(soft_add=add, soft_drop=drop)
        if self.pace.valued:
            seating.reprice(self.board, self.rules, before.soft_add, before.soft_drop, self.pace.levels)

    def run(self, temperature: int, proposals: int, probe: Array = _NO_PROBE) -> int:
        """Some proposals at one temperature; see `kernel.anneal`."""
        if self.rules.open.size == 0:
            return 0
        before = int(self.board.tally[boards.ACCEPTED])
        found = kernel.anneal(self.board, self.rules, self.pace, temperature, proposals, probe)
        self.recalled = False
        if proposals >= _TELLING and probe.size == 0:
            self._choose((int(self.board.tally[boards.ACCEPTED]) - before) / proposals)
        return found

    @property
    def drawing(self) -> bool:
        """Whether people can be compared with everybody at once: see `draws`."""
        pace = self.pace
        return not (self.held or pace.most_moved >= 0)

    def draw(self, temperature: int, count: int) -> None:
        """Some draws at one temperature; see `draws.anneal`. What is stale of what they need is worked out."""
        if self.rules.open.size == 0:
            return
        if not self.pace.valued:
            self.pace = self.pace._replace(valued=True)
            seating.value(self.board, self.rules)
        if not self.recalled:
            draws.recall(self.board, self.rules, self.pace)
            self.recalled = True
        noise = (_gumbel() * temperature) >> 16
        draws.anneal(self.board, self.rules, self.pace, np.append(noise, noise[: self.problem.people]), count)

    def _choose(self, accepted: float) -> None:
        """Keeps `worth` from now on, or no more, whichever is cheaper while this part of the proposals is accepted."""
        upkeep = accepted * (
            UPKEEP * self.problem.people + UPKEEP_SEAT * self.board.members.shape[2] * len(self.board.seat)
        )
        looking = LOOKING * self.board.members.shape[2]
        valued = self.pace.valued
        if valued and upkeep > 1.5 * looking:
            self.pace = self.pace._replace(valued=False)
        elif not valued and 1.5 * upkeep < looking:
            self.pace = self.pace._replace(valued=True)
            seating.value(self.board, self.rules)


def lay_out(problem: Problem, plan: Ints, seed: int, home: Ints | None = None, most_moved: int = -1) -> State:
    """The state of a plan (R×N) that keeps to sizes, reach and fixed seats; `home` and `most_moved` as in `Rules`."""
    level, levels = levels_of(problem)
    kind, price, low, high = _kinds(problem)
    add, drop = steps(problem, levels, 1.0)
    free = problem.open
    first = kind[:, 0]
    away = np.full_like(plan, -1) if home is None else home
    rules = Rules(
        add=add,
        drop=drop,
        soft_add=add,
        soft_drop=drop,
        interest=np.rint(problem.interest * (problem.weights.topic * UNIT)).astype(np.int64),
        kind=kind,
        price=price,
        least=problem.least.astype(np.int32),
        most=problem.most.astype(np.int32),
        allowed=problem.allowed.copy(),
        **moving(free),
        free=free.copy(),
        start=np.searchsorted(np.sort(first), np.arange(len(price) + 1)).astype(np.int32),
        residents=np.argsort(first, kind="stable").astype(np.int32),
        home=away.astype(np.int32),
        earlier=np.unique(np.sort(problem.earlier.who, axis=1), axis=0),
        noise=_noise(),
    )
    strict = bool((price == boards.HARD).any())
    spare = bool((rules.least < rules.most).any())
    pace = Pace(
        levels=len(levels.affinity),
        mates=0 if not strict else 128 if _loose(kind, price, low, high) else 256,
        whole=0,
        uneven=spare,
        soft=False,
        bound=not bool(problem.allowed.all()),
        topical=bool(rules.interest.any()),
        valued=False,
        near=problem.rounds * problem.tables * problem.people * 8 > _CACHE,
        most_moved=most_moved,
    )
    board = _board(problem, plan, level, pace.levels, kind, low, high, np.array([scramble(seed)], dtype=np.uint64))
    board.tally[boards.MOVED] = int(((away >= 0) & (away != plan)).sum())
    unmet = sum(whole(weight) for weight in problem.must.weights.tolist())
    board.tally[boards.NOW] = board.tally[boards.BEST] = seating.worth_of(board, rules, pace.levels) - unmet
    return State(board, rules, pace, levels, problem, pace.mates)


def moving(free: Flags) -> dict[str, Array]:
    """Who (R×N) proposals and draws begin with, as `Rules` has it."""
    movables = free.sum(axis=1).astype(np.int64)
    return {
        # Those who can move come first, in their order.
        "movable": np.argsort(~free, axis=1, kind="stable").astype(np.int32),
        "movables": movables,
        "open": np.flatnonzero(movables).astype(np.int64),
    }


def start_again(state: State, plan: Ints) -> None:
    """Goes on from another plan; the random numbers, the best plan and its worth stay."""
    fresh = lay_out(state.problem, plan, 0)
    for name in ("seat", "slot", "members", "size", "visits", "gap", "code"):
        getattr(state.board, name)[...] = getattr(fresh.board, name)
    state.board.tally[boards.NOW] = fresh.board.tally[boards.NOW]
    state.recalled = False
    if state.pace.valued:
        seating.value(state.board, state.rules)


def scramble(seed: int) -> int:
    """A number of 64 bits other than 0 from any whole number (SplitMix64's finish, Steele et al. 2014)."""
    z = (seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return (z ^ (z >> 31)) or 1


def _board(
    problem: Problem, plan: Ints, level: Array, levels: int, kind: Array, low: Array, high: Array, random: Array
) -> Board:
    rounds, people, tables = problem.rounds, problem.people, problem.tables
    most = max(int(problem.most.max()), int(max(np.bincount(row[row >= 0]).max() for row in plan if (row >= 0).any())))
    board = Board(
        seat=plan.astype(np.int32),
        slot=np.zeros((rounds, people), dtype=np.int32),
        members=np.zeros((rounds, tables, most), dtype=np.int32),
        size=np.zeros((rounds, tables), dtype=np.int32),
        worth=np.zeros((rounds, tables, people), dtype=np.int64),
        own=np.zeros((rounds, people), dtype=np.int64),
        hold=np.zeros((rounds, people), dtype=np.int64),
        parting=np.zeros((kind.shape[1], rounds, people), dtype=np.int64),
        draw=np.zeros((tables, people), dtype=np.int64),
        visits=np.zeros((people, tables), dtype=np.uint8),
        # In one order in memory whatever the kinds: the kernel is compiled for that alone, by `warm`.
        gap=np.ascontiguousarray(np.stack([-low, high], axis=-1), dtype=np.int16),
        code=level,
        best=plan.astype(np.int32),
        tally=np.zeros(boards.TALLY, dtype=np.int64),
        random=random,
    )
    seating.seat_all(board, kind, levels)
    return board


def _kinds(problem: Problem) -> tuple[Array, Array, Array, Array]:
    """`kind` and `price` as in `Rules`, and the bounds R×G×V; the last kind of all is everybody whom nothing binds."""
    total = sum(len(one.names) for one in problem.kinds) + 1
    shape = (problem.rounds, problem.tables, total)
    low, high = np.full(shape, -_NO_BOUND, dtype=np.int32), np.full(shape, _NO_BOUND, dtype=np.int32)
    price = np.zeros(total, dtype=np.int64)
    kind = np.full((problem.people, max(1, len(problem.kinds))), total - 1, dtype=np.int32)
    first = 0
    for k, one in enumerate(problem.kinds):
        bound_kinds = binding(one)
        for v in np.flatnonzero(bound_kinds).tolist():
            low[:, :, first + v], high[:, :, first + v] = one.low[:, :, v], one.high[:, :, v]
            price[first + v] = whole(one.weight)
        # -1 looks up the one more: of no kind, and not bound.
        bound = np.append(bound_kinds, False)[one.of]
        kind[bound, k] = one.of[bound] + first
        first += len(one.names)
    # Kinds that nobody has take no place in the cache.
    used = np.unique(np.append(kind, total - 1))
    renumber = np.zeros(total, dtype=np.int32)
    renumber[used] = np.arange(len(used))
    return renumber[kind], price[used], low[:, :, used], high[:, :, used]


def binding(one: Kinds) -> Array:
    """Which kinds can be above or below their bounds at all: a city of one never is (V)."""
    there = np.bincount(one.of[one.of >= 0], minlength=len(one.names))
    return np.asarray((one.low.max(axis=(0, 1), initial=0) > 0) | (one.high.min(axis=(0, 1), initial=0) < there))


def _loose(kind: Array, price: Array, low: Array, high: Array) -> bool:
    """Whether two people of different kinds can change places at all without breaking a rule."""
    return bool((low[:, :, price > 0] < high[:, :, price > 0]).any()) or bool((kind[:, 0] == len(price) - 1).any())


@cache
def _noise() -> Array:
    """Evenly spaced quantiles of the exponential distribution, mean 2**16."""
    return np.array([round(-math.log((k + 0.5) / _NOISE) * 65536) for k in range(_NOISE)], dtype=np.int64)


@cache
def _gumbel() -> Array:
    """Quantiles of the Gumbel distribution in a random order that is always the same, 16 binary places."""
    values = [round(-math.log(-math.log((k + 0.5) / _DRAWN)) * 65536) for k in range(_DRAWN)]
    order = sorted(range(_DRAWN), key=scramble)
    return np.array([values[k] for k in order], dtype=np.int64)
