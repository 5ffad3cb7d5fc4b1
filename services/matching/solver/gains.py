"""What an exchange would gain, part by part."""

from __future__ import annotations

from services.matching.solver.board import Array
from services.matching.solver.compiled import compiled


@compiled
def meeting_gain(
    members: Array, size: Array, code: Array, add: Array, drop: Array, r: int, i: int, a: int, j: int, b: int
) -> int:
    """What meetings gain when i (at table a) and j (at table b) change places in round r; for j = -1, i moves alone."""
    code_i = code[i]
    here, there = members[r, a], members[r, b]
    gain: int = 0
    if j < 0:
        for s in range(size[r, a]):
            gain -= drop[code_i[here[s]]]
        for s in range(size[r, b]):
            gain += add[code_i[there[s]]]
        return gain
    code_j = code[j]
    for s in range(size[r, a]):
        k = here[s]
        gain += add[code_j[k]] - drop[code_i[k]]
    for s in range(size[r, b]):
        k = there[s]
        gain += add[code_i[k]] - drop[code_j[k]]
    # The loops let i meet j twice over; they trade places and do not meet.
    gain -= 2 * add[code_i[j]]
    return gain


@compiled
def visit_gain(visits: Array, interest: Array, i: int, a: int, b: int) -> int:
    """What i's interest in tables gains when one visit of a becomes one of b."""
    gain: int = 0
    if visits[i, b] == 0:
        gain += interest[i, b]
    if visits[i, a] == 1:
        gain -= interest[i, a]
    return gain


@compiled
def comes(gap: Array, price: Array, r: int, t: int, v: int) -> int:
    """What the mixing gains when one of kind v comes to table t."""
    gain: int = 0
    if gap[r, t, v, 0] < 0:
        gain = price[v]
    elif gap[r, t, v, 1] <= 0:
        gain = -price[v]
    return gain


@compiled
def goes(gap: Array, price: Array, r: int, t: int, v: int) -> int:
    """What the mixing gains when one of kind v leaves table t."""
    gain: int = 0
    if gap[r, t, v, 1] < 0:
        gain = price[v]
    elif gap[r, t, v, 0] <= 0:
        gain = -price[v]
    return gain


@compiled
def mixing_gain(kind: Array, gap: Array, price: Array, r: int, i: int, a: int, j: int, b: int) -> int:
    """What the mixing of kinds gains when i and j change places, or i moves alone (j = -1)."""
    gain: int = 0
    for k in range(kind.shape[1]):
        v = kind[i, k]
        if j < 0:
            gain += goes(gap, price, r, a, v) + comes(gap, price, r, b, v)
        else:
            w = kind[j, k]
            if v != w:
                gain += goes(gap, price, r, a, v) + comes(gap, price, r, b, v)
                gain += goes(gap, price, r, b, w) + comes(gap, price, r, a, w)
    return gain
