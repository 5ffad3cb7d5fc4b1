"""The inner loop of the annealing, in whole numbers only.

Whole numbers make the search the same on every machine (no rounding, no library's exp or log) and let the compiler sum
in any order. `code[i, k]` = meetings of i and k so far * number of affinity levels + their level; `add` and `drop` give
for a code what one more meeting adds and what one meeting less takes away. The code of (i, i) is 0, and `drop[0]` = 0.
A mutable whole number is an array of one.

Shapes: seat, slot R×N; members R×G×(large size); size R×G; count R×G×C; visits, interest N×G; code N×N;
`residents`: the people sorted by city, those of city c from `start[c]` on; `noise`: a power of two of draws from the
exponential distribution with mean 2**16. `tally`: TALLY numbers, see there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.compiled import compiled

Array = NDArray[Any]

# Places in `tally`: the present objective, the best, whether the present plan is the best and not yet copied, and how
# many proposals were accepted.
NOW, BEST, UNSAVED, ACCEPTED, TALLY = 0, 1, 2, 3, 4

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@compiled
def advance(x: np.uint64) -> np.uint64:
    """The next state of a xorshift generator (Marsaglia 2003, shifts 12, 25, 27); never 0 from another state."""
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    return x


@compiled
def below(x: np.uint64, n: int) -> int:
    """A number from 0 to n-1 out of a state: its upper half times n (Lemire 2019, no rejection; Vigna's factor)."""
    mixed = (x * np.uint64(2685821657736338717)) >> _HALF
    return np.int64((mixed * np.uint64(n)) >> _HALF)  # type: ignore[return-value]  # numba's int


@compiled
def swap_gain(
    members: Array,
    size: Array,
    visits: Array,
    code: Array,
    add: Array,
    drop: Array,
    interest: Array,
    r: int,
    i: int,
    a: int,
    j: int,
    b: int,
) -> int:
    """What the objective gains when i (at table a) and j (at table b) change places in round r."""
    code_i, code_j = code[i], code[j]
    gain: int = 0
    for s in range(size[r, a]):
        k = members[r, a, s]
        gain += add[code_j[k]] - drop[code_i[k]]
    for s in range(size[r, b]):
        k = members[r, b, s]
        gain += add[code_i[k]] - drop[code_j[k]]
    # The loops let i meet j twice over; they trade places and do not meet.
    gain -= 2 * add[code_i[j]]
    return gain + visit_gain(visits, interest, i, a, b) + visit_gain(visits, interest, j, b, a)


@compiled
def move_gain(
    members: Array,
    size: Array,
    visits: Array,
    code: Array,
    add: Array,
    drop: Array,
    interest: Array,
    r: int,
    i: int,
    a: int,
    b: int,
) -> int:
    """What the objective gains when i moves from table a to table b in round r."""
    code_i = code[i]
    gain: int = 0
    for s in range(size[r, a]):
        gain -= drop[code_i[members[r, a, s]]]
    for s in range(size[r, b]):
        gain += add[code_i[members[r, b, s]]]
    return gain + visit_gain(visits, interest, i, a, b)


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
def leave(
    slot: Array,
    members: Array,
    size: Array,
    count: Array,
    visits: Array,
    code: Array,
    city: Array,
    levels: int,
    r: int,
    i: int,
    a: int,
) -> None:
    """Takes i away from table a in round r."""
    last = size[r, a] - 1
    hole = slot[r, i]
    other = members[r, a, last]
    members[r, a, hole] = other
    slot[r, other] = hole
    size[r, a] = last
    count[r, a, city[i]] -= 1
    visits[i, a] -= 1
    for s in range(last):
        k = members[r, a, s]
        code[i, k] -= levels
        code[k, i] -= levels


@compiled
def join(
    seat: Array,
    slot: Array,
    members: Array,
    size: Array,
    count: Array,
    visits: Array,
    code: Array,
    city: Array,
    levels: int,
    r: int,
    i: int,
    b: int,
) -> None:
    """Seats i, who has no seat in round r, at table b."""
    last = size[r, b]
    for s in range(last):
        k = members[r, b, s]
        code[i, k] += levels
        code[k, i] += levels
    members[r, b, last] = i
    slot[r, i] = last
    seat[r, i] = b
    size[r, b] = last + 1
    count[r, b, city[i]] += 1
    visits[i, b] += 1


@compiled
def anneal(
    seat: Array,
    slot: Array,
    members: Array,
    size: Array,
    count: Array,
    visits: Array,
    code: Array,
    add: Array,
    drop: Array,
    levels: int,
    interest: Array,
    city: Array,
    low: Array,
    high: Array,
    start: Array,
    residents: Array,
    noise: Array,
    best: Array,
    tally: Array,
    state: Array,
    mates: int,
    uneven: bool,
    soft_add: Array,
    soft_drop: Array,
    soft: bool,
    temperature: int,
    proposals: int,
    probe: Array,
) -> int:
    """Makes so many proposals at one temperature (in units of the objective's whole numbers) and keeps the best plan.

    `mates` of 256 proposals swap two people of one city, which no city rule forbids; the others anybody; where sizes
    are `uneven`, some move one person from a larger table to a smaller one. Where `soft`, acceptance follows `soft_add`
    and `soft_drop` in place of `add` and `drop`, which the tally and the best plan follow throughout. With a `probe` of
    length > 0 nothing is accepted: it is filled with the gains of proposals, and the number of those is returned.
    """
    rounds, people = seat.shape
    tables = size.shape[1]
    small = people // tables
    x = state[0]
    probed = 0
    for _ in range(proposals):
        x = advance(x)
        bits = np.int64(x & _LOW)
        r = below(x, rounds)
        x = advance(x)
        i = below(x, people)
        a = seat[r, i]
        own = city[i]
        x = advance(x)
        j = -1
        if uneven and (bits >> 8) & 7 == 0:
            b = below(x, tables)
            if size[r, a] == small or size[r, b] != small:
                continue
            if count[r, a, own] == low[own] or count[r, b, own] == high[own]:
                continue
            gain = move_gain(members, size, visits, code, soft_add, soft_drop, interest, r, i, a, b)
        else:
            if bits & 255 < mates:
                j = residents[start[own] + below(x, start[own + 1] - start[own])]
            else:
                j = below(x, people)
            b = seat[r, j]
            if a == b:
                continue
            other = city[j]
            if own != other and (
                count[r, a, own] == low[own]
                or count[r, b, own] == high[own]
                or count[r, b, other] == low[other]
                or count[r, a, other] == high[other]
            ):
                continue
            gain = swap_gain(members, size, visits, code, soft_add, soft_drop, interest, r, i, a, j, b)
        if probe.size > 0:
            probe[probed] = gain
            probed += 1
            if probed == probe.size:
                break
            continue
        if gain < 0:
            x = advance(x)
            if -gain > (temperature * noise[below(x, noise.size)]) >> 16:
                continue
        if soft:
            if j >= 0:
                gain = swap_gain(members, size, visits, code, add, drop, interest, r, i, a, j, b)
            else:
                gain = move_gain(members, size, visits, code, add, drop, interest, r, i, a, b)
        if gain < 0 and tally[UNSAVED] == 1:
            best[:] = seat
            tally[UNSAVED] = 0
        leave(slot, members, size, count, visits, code, city, levels, r, i, a)
        if j >= 0:
            leave(slot, members, size, count, visits, code, city, levels, r, j, b)
            join(seat, slot, members, size, count, visits, code, city, levels, r, j, a)
        join(seat, slot, members, size, count, visits, code, city, levels, r, i, b)
        tally[ACCEPTED] += 1
        tally[NOW] += gain
        if tally[NOW] > tally[BEST]:
            tally[BEST] = tally[NOW]
            tally[UNSAVED] = 1
    if tally[UNSAVED] == 1:
        best[:] = seat
        tally[UNSAVED] = 0
    state[0] = x
    return probed
