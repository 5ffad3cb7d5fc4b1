"""A plan for a day that goes otherwise than planned: a room is lost, a slot is over, and few topics move."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.events.agenda.board import Array
from services.events.agenda.problem import OUT, Ints, Problem
from services.events.agenda.result import Result
from services.events.agenda.search import Keep, solve
from services.events.agenda.state import lay_out, places_of, plan_of
from services.events.agenda.stop import Iterations, Stop

MOST_MOVES = 2
ENOUGH = 0.98
# Up to so many moving sessions, and so many ways, all are tried; beyond, a search looks for good ones.
_ALL, _WAYS = 2, 3_000_000


@dataclass(frozen=True, slots=True)
class Moved:
    """A session that is elsewhere than planned: slot and room by their keys, None where it is left out."""

    topic: str
    before: tuple[str, str] | None
    now: tuple[str, str] | None


@dataclass(frozen=True, slots=True, eq=False)
class Replan:
    """`problem`: the day as it is now; `result`: its plan, and `moved`: what differs from the plan before. `all_tried`:
    that no plan with so few moves is better. `free`: what a plan made freely keeps (`result.kept` where nothing moved).
    """

    problem: Problem
    result: Result
    moved: tuple[Moved, ...]
    all_tried: bool
    free: float


def replan(
    problem: Problem,
    plan: Ints,
    *,
    lost: Iterable[tuple[str, str]] = (),
    over: Collection[str] = (),
    most_moves: int = MOST_MOVES,
    stop: Stop | None = None,
    seed: int = 0,
) -> Replan:
    """The best plan in which at most `most_moves` sessions have another slot or room than in `plan` (n×2). Where two
    moves would keep less than 98 per cent of what a plan made freely keeps, a session that lost its room may take over
    another in its slot, beyond these two: its time stays.

    `lost`: slot and room that cannot be used; `over`: slots that are running or past, in which everything stays. What
    the problem itself says otherwise since the plan was made (a convener is not there, a room is closed) counts, too.
    Sessions that cannot stay where they were move in any case, however many they are, and their pins are let go; where
    there are none, nothing moves. `stop` and `seed` are for the search that takes over where more than two move.

    Raises ValueError for a plan of another shape, and for a slot or room that does not exist.
    """
    if plan.shape != (problem.sessions, 2):
        raise ValueError(f"the plan has the shape {plan.shape}, not {(problem.sessions, 2)}")
    today, displaced = _today(problem, plan, lost, over)
    allowed = max(most_moves, len(displaced)) if len(displaced) else 0
    start = plan.copy()
    start[displaced] = OUT
    all_tried = not allowed
    if allowed and len(displaced) <= _ALL:
        moves = _ways(today, start, displaced, min(allowed, _ALL))
        all_tried = allowed <= _ALL and moves is not None
        if moves is not None:
            start = _best(today, start, moves)
    free = solve(today, stop, seed).kept if allowed else None
    result = solve(today, Iterations(0) if all_tried else stop, seed, start=start, keep=Keep(plan, allowed))
    if free and result.kept < ENOUGH * free and len(displaced) == 1 < allowed == _ALL:
        result = _with_room(today, plan, displaced, result, seed)
    return Replan(today, result, _moved(today, plan, result.plan), all_tried, free if free else result.kept)


def _with_room(problem: Problem, plan: Ints, displaced: NDArray[np.int64], result: Result, seed: int) -> Result:
    """The better of this result and the best plan in which the displaced session takes over the room of another that
    leaves the slot, and a third moves.
    """
    start = plan.copy()
    start[displaced] = OUT
    first, at = int(displaced[0]), places_of(problem, plan)
    nowhere = len(problem.slots) * len(problem.rooms)
    free = [*np.setdiff1d(np.flatnonzero(problem.allowed.any(axis=0).ravel()), at).tolist(), nowhere]
    others = [s for s in range(problem.sessions) if s != first and at[s] != nowhere]
    leaving = [s for s in others if plan[s, 0] == plan[first, 0]]
    if len(leaving) * len(others) * len(free) > _WAYS:
        return result
    rows = [(first, at[s], s, at[o], o, place) for s in leaving for o in others if o != s for place in free]
    if not rows:
        return result
    better = _best(problem, start, np.array(rows, dtype=np.int64))
    found = solve(problem, Iterations(0), seed, start=better)
    return max(result, found, key=lambda one: (-one.broken, one.kept))


def _today(
    problem: Problem, plan: Ints, lost: Iterable[tuple[str, str]], over: Collection[str]
) -> tuple[Problem, NDArray[np.int64]]:
    """The problem as it is now, and the sessions that cannot stay where they were."""
    rules = problem.rules
    free, frozen, pinned = rules.free.copy(), rules.frozen.copy(), rules.pinned.copy()
    try:
        for slot, room in lost:
            free[problem.slots.index(slot), problem.rooms.index(room)] = False
        frozen[[problem.slots.index(slot) for slot in over]] = True
    except ValueError as unknown:
        raise ValueError(f"no such slot or room: {unknown}") from None
    there = plan[:, 0] != OUT
    past = there & frozen[plan[:, 0]]
    pinned[past] = plan[past]
    today = replace(problem, rules=replace(rules, free=free, frozen=frozen, pinned=pinned))
    unpinned = replace(today.rules, pinned=np.where(past[:, None], pinned, OUT).astype(np.int32))
    fits = replace(today, rules=unpinned).allowed
    displaced = np.array([s for s in np.flatnonzero(there).tolist() if not fits[s, plan[s, 0], plan[s, 1]]], dtype=int)
    pinned[displaced] = OUT
    return replace(today, rules=replace(today.rules, pinned=pinned)), displaced


def _ways(problem: Problem, plan: Ints, displaced: NDArray[np.int64], most: int) -> Array | None:
    """Every way to move the displaced and, up to `most` sessions, others: rows of session, place, session, place; -1
    for no second. None where they are too many.
    """
    at = places_of(problem, plan)
    nowhere = len(problem.slots) * len(problem.rooms)
    free = [*np.setdiff1d(np.flatnonzero(problem.allowed.any(axis=0).ravel()), at).tolist(), nowhere]
    if len(displaced) < most:
        seconds = [s for s in range(problem.sessions) if s not in displaced]
    else:
        seconds = displaced[1:].tolist()
    if len(seconds) * (len(free) + 1) ** 2 > _WAYS:
        return None
    first = int(displaced[0])
    rows = [(first, place, -1, nowhere) for place in free] if len(displaced) == 1 else []
    for second in seconds:
        mine = [*free, int(at[second])] if at[second] != nowhere else free
        rows += [(first, a, second, b) for a in mine for b in free if a != b or a == nowhere]
    return np.array(rows, dtype=np.int64)


def _best(problem: Problem, plan: Ints, moves: Array) -> Ints:
    """The plan after the best of these ways; of equals, the one that moves fewest."""
    worth = lay_out(problem, plan, 0).tried(moves)
    two = (moves[:, 2::2] >= 0).sum(axis=1)
    best = moves[np.lexsort((np.arange(len(moves)), two, -worth))[0]]
    at = places_of(problem, plan)
    for s, place in best.reshape(-1, 2).tolist():
        if s >= 0:
            at[s] = place
    return plan_of(problem, at)


def _moved(problem: Problem, before: Ints, now: Ints) -> tuple[Moved, ...]:
    def place(row: list[int]) -> tuple[str, str] | None:
        return None if row[0] == OUT else (problem.slots[row[0]], problem.rooms[row[1]])

    return tuple(
        Moved(problem.topics[problem.topic_of[s]], place(before[s].tolist()), place(now[s].tolist()))
        for s in np.flatnonzero((before != now).any(axis=1)).tolist()
    )
