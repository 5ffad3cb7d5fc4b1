"""Who attends what: one session in a slot, each topic once, and never more people in a room than it has seats.

Where all find a seat, everybody has their best day. Where a room is too small, seats are given slot by slot so that the
wishes kept weigh the most, along shortest paths from full rooms to those with seats left (after R. G. Busacker and
P. J. Gowen, A procedure for determining a family of minimum-cost network flow patterns, 1960); of equals, they go to
those who lost most in the slots before. Without repeated topics that is the best there is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.events.agenda.bounds import chosen
from services.events.agenda.problem import OUT, Ints, Problem

Array = NDArray[Any]

# What one wish counts beside all that people lost already; and what says that somebody cannot come.
_WISH, _NEVER = 1 << 36, 1 << 60
_FAR = 1 << 59


def seating(problem: Problem, plan: Ints) -> Ints:
    """The session that each person attends in each slot (people×T), OUT where none."""
    wish = wished(problem)
    at = _best_days(problem, plan, wish)
    if not problem.seated:
        return at
    lost = np.zeros(len(problem.people), dtype=np.int64)
    sessions = np.flatnonzero(plan[:, 0] != OUT)
    for t in range(len(problem.slots)):
        here = sessions[plan[sessions, 0] == t]
        seats = problem.seats[plan[here, 1]]
        worth = _worth(problem, at, wish, here, t)
        before = np.where((worth[:, :-1] >= 0).any(axis=1), worth.max(axis=1), 0)
        worth[:, :-1] = np.where(worth[:, :-1] >= 0, worth[:, :-1] * _WISH + lost[:, None], -_NEVER)
        column = _fitted(worth, seats)
        at[:, t] = np.append(here, OUT)[column]
        lost += before - worth[np.arange(len(worth)), column] // _WISH
    return _filled(problem, plan, wish, at, lost) if lost.any() else at


def attended(problem: Problem, at: Ints) -> Array:
    """The weight of the wishes that each person attends."""
    value: Array = np.where(at != OUT, np.take_along_axis(wished(problem), problem.topic_of[at], axis=1), 0).sum(axis=1)
    return value


def turned_away(problem: Problem, plan: Ints, at: Ints) -> Array:
    """How many would come to each session and find no seat (n): they wish for it, have nothing else in its slot, and
    do not attend its topic at another time.
    """
    wish = wished(problem)
    out = np.zeros(problem.sessions, dtype=np.int64)
    for s in np.flatnonzero(plan[:, 0] != OUT).tolist():
        topic = int(problem.topic_of[s])
        heard = ((at != OUT) & (problem.topic_of[at] == topic)).any(axis=1)
        out[s] = ((wish[:, topic] > 0) & (at[:, plan[s, 0]] == OUT) & ~heard).sum()
    return out


def wished(problem: Problem) -> Array:
    """How much each person wishes for each topic (people×topics)."""
    wish = np.zeros((len(problem.people), len(problem.topics)), dtype=np.int64)
    wish[problem.wishes[:, 0], problem.wishes[:, 1]] = problem.wishes[:, 2]
    return wish


def _best_days(problem: Problem, plan: Ints, wish: Array) -> Ints:
    """What everybody attends if rooms had no walls."""
    at = np.full((len(problem.people), len(problem.slots)), OUT, dtype=np.int32)
    held = plan[:, 0] != OUT
    for t in range(len(problem.slots)):
        here = np.flatnonzero(plan[:, 0] == t)
        if len(here):
            mine = wish[:, problem.topic_of[here]]
            best = mine.argmax(axis=1)
            at[:, t] = np.where(mine.max(axis=1) > 0, here[best], OUT)
    # Somebody who wishes for a topic that is there twice hears it once, at the time that costs least.
    times = np.bincount(problem.topic_of[held], minlength=len(problem.topics))
    for person in np.flatnonzero((wish[:, times > 1] > 0).any(axis=1)).tolist():
        at[person] = OUT
        topics = np.flatnonzero((wish[person] > 0) & (times > 0)).tolist()
        where = [{int(plan[s, 0]): s for s in np.flatnonzero(held & (problem.topic_of == topic))} for topic in topics]
        slots = [
            (int(wish[person, topic]), sum(1 << t for t in each)) for topic, each in zip(topics, where, strict=True)
        ]
        for t, number in chosen(slots).items():
            at[person, t] = where[number][t]
    return at


def _worth(problem: Problem, at: Ints, wish: Array, here: Array, t: int) -> Array:
    """How much each person wishes for each of these sessions, and for none of them (people×(k+1)); -1 where not at all,
    or where they hear its topic in another slot.
    """
    topics = problem.topic_of[here]
    mine = wish[:, topics]
    elsewhere = np.delete(at, t, axis=1)
    heard = (np.where(elsewhere != OUT, problem.topic_of[elsewhere], -1)[:, :, None] == topics).any(axis=1)
    none = np.zeros((len(mine), 1), dtype=np.int64)
    worth: Array = np.append(np.where((mine > 0) & ~heard, mine, -1), none, axis=1)
    return worth


def _fitted(worth: Array, seats: Array) -> Array:
    """The column of each person so that no column but the last has more people than seats; the worth is most."""
    column: Array = worth.argmax(axis=1)
    nodes = worth.shape[1]
    load = np.bincount(column, minlength=nodes)
    room = np.append(seats.astype(np.int64), len(worth))
    if (load <= room).all():
        return column
    cost = np.empty((nodes, nodes), dtype=np.int64)
    goes = np.empty((nodes, nodes), dtype=np.int64)

    def price(node: int) -> None:
        """What it costs to let somebody of this column go to each other, and whom."""
        mine = np.flatnonzero(column == node)
        if not len(mine):
            cost[node] = _NEVER
            return
        change = worth[mine, node][:, None] - worth[mine]
        first = change.argmin(axis=0)
        cost[node], goes[node] = change[first, np.arange(nodes)], mine[first]

    for node in range(nodes):
        price(node)
    for full in range(nodes - 1):
        while load[full] > room[full]:
            before, end = _cheapest(cost, full, load < room)
            others = [end]
            while end != full:
                start = int(before[end])
                column[goes[start, end]] = end
                load[start], load[end] = load[start] - 1, load[end] + 1
                others.append(start)
                end = start
            for node in others:
                price(node)
    return column


def _cheapest(cost: Array, full: int, free: Array) -> tuple[Array, int]:
    """The way from the full column to one with seats left that costs least: the column before each, and its end."""
    nodes = len(cost)
    far = np.full(nodes, _FAR, dtype=np.int64)
    far[full] = 0
    before = np.full(nodes, full, dtype=np.int64)
    for _step in range(nodes):
        ways = np.where((far[:, None] < _FAR) & (cost < _FAR), far[:, None] + cost, _FAR)
        best = ways.argmin(axis=0)
        nearer = ways[best, np.arange(nodes)]
        closer = nearer < far
        if not closer.any():
            break
        far[closer], before[closer] = nearer[closer], best[closer]
    return before, int(np.where(free, far, _FAR).argmin())


def _filled(problem: Problem, plan: Ints, wish: Array, at: Ints, lost: Array) -> Ints:
    """Seats that are left, for those who lost something and have nothing in that slot."""
    sessions = np.flatnonzero(plan[:, 0] != OUT).tolist()
    left = {s: int(problem.seats[plan[s, 1]]) - int((at == s).sum()) for s in sessions}
    for person in np.argsort(-lost, kind="stable")[: int((lost > 0).sum())].tolist():
        for s in sorted(sessions, key=lambda s: (-wish[person, problem.topic_of[s]], s)):
            topic, t = problem.topic_of[s], plan[s, 0]
            heard = (problem.topic_of[at[person][at[person] != OUT]] == topic).any()
            if wish[person, topic] and left[s] > 0 and at[person, t] == OUT and not heard:
                at[person, t] = s
                left[s] -= 1
    return at
