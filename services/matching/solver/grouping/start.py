"""Plans without any search: which sizes promise most, and who may sit where."""

from __future__ import annotations

from collections import deque
from random import Random

import numpy as np

from services.matching.solver.grouping.instance import Bools, Grouping, Ints

# Sizes times people up to which the best choice of sizes is computed: well below a second.
MOST_WORK = 100_000_000


def random_groups(given: Grouping, seed: int) -> Ints:
    """A plan (n) that keeps every rule and is random otherwise, with the sizes that promise most where rules allow.

    Raises ValueError where no plan keeps them all.
    """
    empty: Ints = np.full(given.people, -1, dtype=np.int64)
    return completed(given, empty, sizes(given), Random(seed))


def completed(given: Grouping, groups: Ints, size: Ints, rnd: Random) -> Ints:
    """The plan (n, -1 for whoever has no table yet) with everybody seated by chance, in these sizes where rules allow.

    Raises ValueError where no plan keeps all rules.
    """
    out = groups.copy()
    order = sorted(np.flatnonzero(out < 0).tolist(), key=lambda _: rnd.random())
    tables = sorted(range(given.tables), key=lambda _: rnd.random())
    if given.allowed is None and given.fixed is None:
        room = size - np.bincount(out[out >= 0], minlength=given.tables)
        out[order] = np.repeat(tables, room[tables])
        return out
    may = given.open()
    # Whoever has least choice first; then the promising sizes where that works, and any within the rules.
    order.sort(key=lambda i: int(may[i].sum()))
    for most in (size, given.high):
        for i in order:
            if out[i] < 0:
                _seat(may, out, most, i, tables)
    if (out < 0).any():
        raise ValueError("no plan keeps sizes, fixed and allowed tables")
    for table in tables:
        for _ in range(int(given.low[table]) - np.count_nonzero(out == table)):
            if not _fetch(may, out, given.low, table):
                raise ValueError("no plan keeps sizes, fixed and allowed tables")
    return out


def sizes(given: Grouping) -> Ints:
    """The sizes (G) with most pairs at tables, or fewest where the mean weight is negative.

    A table's pairs grow with the square of its size: going from one such choice of sizes to another means emptying a
    table and filling another, over many worse plans, which a search rarely does. So it begins with the best.
    """
    n = given.people
    high = np.minimum(given.high, n)
    if float(given.weights.sum()) < 0:
        return level(given.low, high, n)
    if int((high - given.low + 1).sum()) * n > MOST_WORK:
        return heaped(given.low, high, n)
    # The greatest sum by dynamic programming: `worth[k]` with k people at the tables so far.
    worth: Ints = np.full(n + 1, -1, dtype=np.int64)
    worth[0] = 0
    chosen = []
    for a, b in zip(given.low.tolist(), high.tolist()):
        after: Ints = np.full(n + 1, -1, dtype=np.int64)
        choice: Ints = np.zeros(n + 1, dtype=np.int64)
        for size in range(a, b + 1):
            found = worth[: n + 1 - size] + size * (size - 1) // 2
            better = np.flatnonzero((worth[: n + 1 - size] >= 0) & (found > after[size:]))
            after[size + better] = found[better]
            choice[size + better] = size
        worth = after
        chosen.append(choice)
    out: Ints = np.zeros(given.tables, dtype=np.int64)
    left = n
    for table in range(given.tables - 1, -1, -1):
        out[table] = chosen[table][left]
        left -= int(out[table])
    return out


def level(low: Ints, high: Ints, people: int) -> Ints:
    """The most even sizes: each further person comes to the smallest table with room."""
    out = low.copy()
    for _ in range(people - int(low.sum())):
        out[np.argmin(np.where(out < high, out, people + 1))] += 1
    return out


def heaped(low: Ints, high: Ints, people: int) -> Ints:
    """Uneven sizes: the tables that can be largest are filled one after another."""
    out = low.copy()
    left = people - int(low.sum())
    for table in np.argsort(-high, kind="stable").tolist():
        more = min(left, int(high[table] - low[table]))
        out[table] += more
        left -= more
    return out


def _seat(may: Bools, groups: Ints, most: Ints, person: int, tables: list[int]) -> bool:
    """Seats one more person where each table has room for `most`, others making way (an augmenting path)."""
    room = most - np.bincount(groups[groups >= 0], minlength=len(most))
    before: dict[int, tuple[int, int]] = {}  # table: who would come to it, and from where
    queue: deque[tuple[int, int]] = deque([(person, -1)])
    asked = {person}
    while queue:
        i, origin = queue.popleft()
        for table in tables:
            if not may[i, table] or table in before:
                continue
            before[table] = (i, origin)
            if room[table] > 0:
                _shift(groups, before, table)
                return True
            for other in np.flatnonzero(groups == table).tolist():
                if other not in asked:
                    asked.add(other)
                    queue.append((other, table))
    return False


def _fetch(may: Bools, groups: Ints, low: Ints, wanting: int) -> bool:
    """Brings one more person to a table that has too few, from one that can spare somebody (an augmenting path)."""
    spare = np.bincount(groups, minlength=len(low)) - low
    queue = deque([wanting])
    after: dict[int, tuple[int, int]] = {}  # table: who would leave it, and for which
    while queue:
        table = queue.popleft()
        for i in np.flatnonzero(may[:, table]).tolist():
            origin = int(groups[i])
            if origin == wanting or origin in after:
                continue
            after[origin] = (i, table)
            if spare[origin] > 0:
                while True:
                    mover, to = after[origin]
                    groups[mover] = to
                    if to == wanting:
                        return True
                    origin = to
            queue.append(origin)
    return False


def _shift(groups: Ints, before: dict[int, tuple[int, int]], table: int) -> None:
    while table >= 0:
        person, origin = before[table]
        groups[person] = table
        table = origin
