"""A problem and a plan laid out for the kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.events.agenda import kernel
from services.events.agenda.board import ANY, BEST, FORBIDDEN, HARD, MOVED, NOW, TALLY, Array, Board, Given, missing
from services.events.agenda.chance import noise, seeded
from services.events.agenda.problem import MOST_SLOTS, OUT, Ints, Problem


@dataclass(frozen=True, slots=True)
class Units:
    """The objective in whole numbers: wishes before sessions left out, and these before people without a seat."""

    wish: int
    left_out: int
    seatless: int

    @classmethod
    def of(cls, problem: Problem) -> Units:
        """So that all of what comes later never outweighs one of what comes first, beyond its weight."""
        left_out = int(problem.beyond.max(axis=1, initial=0).sum()) + 1
        wish = left_out * (problem.sessions + 1)
        weights = problem.weights
        return cls(wish, weights.left_out * wish + left_out, weights.seatless * wish + 1)


@dataclass(slots=True)
class State:
    """A plan that the kernel changes."""

    problem: Problem
    units: Units
    board: Board
    given: Given
    most_moved: int = -1

    @property
    def objective(self) -> int:
        """Of the best plan so far, in units; below -HARD/2 a required session is left out."""
        return int(self.board.tally[BEST])

    @property
    def plan(self) -> Ints:
        """The best plan so far (n×2)."""
        return plan_of(self.problem, self.board.best)

    def anneal(self, temperature: int, proposals: int) -> None:
        """Makes so many proposals; `temperature` in units. None where no session may move: the kernel draws one."""
        if self.given.movable.size:
            kernel.anneal(self.board, self.given, temperature, proposals, self.most_moved)

    def tried(self, moves: Array) -> Array:
        """What each row of moves (session or -1, place, session or -1, place, …) gains, in units; below
        FORBIDDEN/2 where it is not possible.
        """
        worth = np.empty(len(moves), dtype=np.int64)
        kernel.tried(self.board, self.given, np.ascontiguousarray(moves, dtype=np.int64), worth)
        return worth

    @property
    def attended(self) -> int:
        """The weight of the wishes kept by the plan the board is at."""
        board = self.board
        kept = (board.size * self.given.step[:, None]).sum() + board.value.sum() - board.short.sum()
        return int(kept) // self.units.wish

    def forget(self) -> None:
        """The next plan set is the best so far."""
        self.board.tally[BEST] = np.iinfo(np.int64).min

    def set(self, at: Array) -> None:
        """Goes on from other places; the best plan stays."""
        board, given = self.board, self.given
        nowhere = len(board.who) - 1
        board.at[:] = at
        board.who[:] = -1
        held = at < nowhere
        board.who[at[held]] = np.flatnonzero(held)
        board.slots[:] = 0
        for s in np.flatnonzero(held).tolist():
            board.slots[given.topic_of[s]] |= 1 << int(given.slot_of[at[s]])
        total = int(given.cost[np.arange(len(at)), at].sum())
        for t in range(len(self.problem.slots)):
            kernel.count(board, given, t)
            board.short[t] = missing(board, given, t, ANY) if given.crowded else 0
        for p in range(len(board.value)):
            board.value[p] = kernel.attended(board, given, p)
        total += int((board.size * given.step[:, None]).sum() + board.value.sum() - board.short.sum())
        board.tally[NOW] = total
        board.tally[MOVED] = int(((given.home >= 0) & (given.home != at)).sum())
        if total > board.tally[BEST]:
            board.tally[BEST] = total
            board.best[:] = at


def places_of(problem: Problem, plan: Ints) -> Array:
    """Slot and room as one number, slot by slot; all of them for nowhere."""
    rooms = len(problem.rooms)
    at = plan[:, 0].astype(np.int64) * rooms + plan[:, 1]
    at[plan[:, 0] == OUT] = len(problem.slots) * rooms
    return at


def plan_of(problem: Problem, at: Array) -> Ints:
    """The plan (n×2) of such numbers."""
    rooms = len(problem.rooms)
    plan = np.stack([at // rooms, at % rooms], axis=1).astype(np.int32)
    plan[at == len(problem.slots) * rooms] = OUT
    return plan


def lay_out(problem: Problem, plan: Ints, seed: int, home: Ints | None = None, most_moved: int = -1) -> State:
    """Everything the kernel needs, at this plan. With a `home` plan, at most so many sessions will differ from it."""
    n, units = problem.sessions, Units.of(problem)
    slots, rooms = len(problem.slots), len(problem.rooms)
    nowhere = slots * rooms
    cost = _costs(problem, units)
    choices = (cost > FORBIDDEN).sum(axis=1)
    bits, steps = _layers(problem)
    wish_at, wish_topic, wish_weight, other_at, others = _others(problem)
    clash_at = np.zeros(n + 1, dtype=np.int64)
    clash_at[1:] = np.cumsum(problem.rules.clash.sum(axis=1))
    given = Given(
        fans=bits,
        step=steps * units.wish,
        cost=cost,
        slot_of=np.append(np.repeat(np.arange(slots), rooms), slots),
        topic_of=problem.topic_of.astype(np.int64),
        clash_at=clash_at,
        clashes=np.ascontiguousarray(np.nonzero(problem.rules.clash)[1]),
        movable=np.flatnonzero(choices > 1),
        free=choices > 1,
        wish_at=wish_at,
        wish_topic=wish_topic,
        wish_weight=wish_weight * units.wish,
        other_at=other_at,
        others=others,
        home=np.full(n, -1, dtype=np.int64) if home is None else places_of(problem, home),
        noise=noise(),
        flat=bool((cost[:, :-1].reshape(n, slots, rooms) == cost[:, :-1].reshape(n, slots, rooms)[:, :, :1]).all()),
        tight=problem.beyond > 0,
        crowded=problem.seated and bool((problem.beyond > 0).any()),
        seats=problem.seats.astype(np.int64),
        extra=_extra(problem),
    )
    layers, words, people = bits.shape[0], bits.shape[2], len(wish_at) - 1
    tally = np.zeros(TALLY, dtype=np.int64)
    board = Board(
        at=np.empty(n, dtype=np.int64),
        who=np.empty(nowhere + 1, dtype=np.int64),
        one=np.zeros((layers, slots, words), dtype=np.uint64),
        two=np.zeros((layers, slots, words), dtype=np.uint64),
        size=np.zeros((layers, slots), dtype=np.int64),
        slots=np.zeros(len(problem.topics), dtype=np.int64),
        value=np.zeros(people, dtype=np.int64),
        tried=np.zeros(people, dtype=np.int64),
        best=np.empty(n, dtype=np.int64),
        tally=tally,
        random=np.array([seeded(seed)], dtype=np.uint64),
        seen=np.zeros(people, dtype=np.int64),
        turn=np.zeros(1, dtype=np.int64),
        held=np.zeros(MOST_SLOTS, dtype=np.int64),
        came=np.zeros(MOST_SLOTS, dtype=np.int64),
        short=np.zeros(slots, dtype=np.int64),
        load=np.zeros(rooms, dtype=np.int64),
        crew=np.zeros((2, rooms), dtype=np.int64),
    )
    state = State(problem, units, board, given, most_moved)
    state.forget()
    state.set(places_of(problem, plan))
    return state


def _costs(problem: Problem, units: Units) -> Array:
    """What each place counts beside wishes (n×(M+1)): people without a seat, and at the end what leaving out costs."""
    n, slots = problem.sessions, len(problem.slots)
    beyond = np.repeat(problem.beyond[:, None, :], slots, axis=1).astype(np.int64)
    held = np.where(problem.allowed, -units.seatless * beyond, FORBIDDEN).reshape(n, -1)
    out = np.where(problem.rules.required, -HARD, -units.left_out)
    return np.concatenate([held, out[:, None]], axis=1)


def _layers(problem: Problem) -> tuple[Array, Array]:
    """Sets of the people without wish for a repeated topic, by how much they wish at least, and each layer's step."""
    wishes = problem.wishes[~np.isin(problem.wishes[:, 0], repeated(problem))]
    people = np.unique(wishes[:, 0])
    levels = np.unique(wishes[:, 2])
    steps = np.diff(levels, prepend=0).astype(np.int64)
    words = max(1, -(-len(people) // 64))
    topics = np.zeros((len(levels), len(problem.topics), words * 64), dtype=np.bool_)
    bit = np.searchsorted(people, wishes[:, 0])
    for layer, level in enumerate(levels):
        chosen = wishes[:, 2] >= level
        topics[layer, wishes[chosen, 1], bit[chosen]] = True
    packed = np.packbits(topics, axis=2, bitorder="little").view("<u8").astype(np.uint64)
    nobody = np.zeros((len(levels), 1, words), dtype=np.uint64)
    return np.ascontiguousarray(np.concatenate([packed[:, problem.topic_of], nobody], axis=1)), steps


def _extra(problem: Problem) -> Array:
    """How many who wish for a repeated topic want a session, by how much they wish at least (L×n); those of a repeated
    topic spread over its sessions.
    """
    rest = np.isin(problem.wishes[:, 0], repeated(problem))
    levels = np.unique(problem.wishes[~rest, 2])
    times = np.bincount(problem.topic_of, minlength=len(problem.topics))
    wanted = [
        np.bincount(problem.wishes[rest & (problem.wishes[:, 2] >= level), 1], minlength=len(problem.topics))
        for level in levels.tolist()
    ]
    spread = [-(-each // np.maximum(times, 1))[problem.topic_of] for each in wanted]
    return np.array(spread, dtype=np.int64).reshape(len(levels), problem.sessions)


def repeated(problem: Problem) -> Array:
    """The people who wish for a topic with several sessions, sorted."""
    times = np.bincount(problem.topic_of, minlength=len(problem.topics))
    return np.unique(problem.wishes[times[problem.wishes[:, 1]] > 1, 0])


def _others(problem: Problem) -> tuple[Array, Array, Array, Array, Array]:
    """The wishes of the people who wish for a repeated topic, the heaviest first; and which of them wish for what."""
    people = repeated(problem)
    wishes = problem.wishes[np.isin(problem.wishes[:, 0], people)].astype(np.int64)
    wishes = wishes[np.lexsort((wishes[:, 1], -wishes[:, 2], wishes[:, 0]))]
    number = np.searchsorted(people, wishes[:, 0])
    wish_at = np.searchsorted(number, np.arange(len(people) + 1))
    by_topic = [number[wishes[:, 1] == topic] for topic in range(len(problem.topics))]
    lists = [by_topic[topic] for topic in problem.topic_of.tolist()]
    other_at = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
    others = np.concatenate([*lists, np.empty(0, dtype=np.int64)]).astype(np.int64)
    return wish_at.astype(np.int64), wishes[:, 1].copy(), wishes[:, 2].copy(), other_at, others
