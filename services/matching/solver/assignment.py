"""Who goes with whom, each with few: the assignment of greatest weight between two sides.

Successive best paths after R. G. Busacker and P. J. Gowen (1960), each found as by R. Bellman (1958): every
assignment on the way is the best of its size, what a further pair adds never grows, and so the first path that adds
nothing ends the search with an optimum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

_NEVER = np.int64(2**62)


def assign(weights: NDArray[np.int64], left: Sequence[int], right: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs (row, column) whose weights have the greatest sum, in order; each pair once, each row and column in at most
    `left[row]` and `right[column]` of them.

    `weights` (L×M, below 2**31) are whole, so that the optimum is exact; where one is 0 or less, the two do not go
    together. Each pair found takes L*M steps, times the length of its path.
    """
    rows, columns = weights.shape
    allowed = weights > 0
    cost: Whole = np.where(allowed, -weights, 0).astype(np.int64)
    taken = np.zeros((rows, columns), dtype=np.bool_)
    free, room = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
    for _ in range(int(min(free.sum(), room.sum()))):
        path = _best_path(cost, allowed, taken, free > 0, room > 0)
        if not path:
            break
        # From a free row to a column with room: every other step takes a pair back.
        for row, column in path:
            taken[row, column] = not taken[row, column]
        free[path[0][0]] -= 1
        room[path[-1][1]] -= 1
    return [(int(row), int(column)) for row, column in np.argwhere(taken)]


def _best_path(
    cost: Whole, allowed: NDArray[np.bool_], taken: NDArray[np.bool_], free: NDArray[np.bool_], room: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """The pairs to change, from a free row on; empty where nothing is gained."""
    if not free.any() or not room.any():
        return []
    forth = np.where(allowed & ~taken, cost, _NEVER)
    back = np.where(taken, -cost, _NEVER)
    to_row: Whole = np.where(free, np.int64(0), _NEVER)
    to_column = np.full(cost.shape[1], _NEVER, dtype=np.int64)
    row_from = np.full(cost.shape[0], -1)
    column_from = np.full(cost.shape[1], -1)
    # There are no circles to gain by, or the assignment so far would not be the best of its size.
    for _ in range(sum(cost.shape)):
        reached = np.flatnonzero(to_row < _NEVER // 2)
        through = np.minimum(to_row[reached, None] + forth[reached], _NEVER)
        best = through.argmin(axis=0)
        length = through[best, np.arange(cost.shape[1])]
        nearer = length < np.where(to_column < _NEVER // 2, to_column, _NEVER // 2)
        if not nearer.any():
            break
        to_column[nearer], column_from[nearer] = length[nearer], reached[best[nearer]]
        there = np.flatnonzero(nearer)
        through = np.minimum(to_column[there] + back[:, there], _NEVER)
        best = through.argmin(axis=1)
        length = through[np.arange(cost.shape[0]), best]
        nearer = length < np.where(to_row < _NEVER // 2, to_row, _NEVER // 2)
        to_row[nearer], row_from[nearer] = length[nearer], there[best[nearer]]
    ends = np.where(room, to_column, _NEVER)
    column = int(ends.argmin())
    if ends[column] >= 0:
        return []
    path: list[tuple[int, int]] = []
    for _ in range(sum(cost.shape)):
        row = int(column_from[column])
        path.append((row, column))
        if row_from[row] < 0:
            break
        column = int(row_from[row])
        path.append((row, column))
    return path[::-1]
