"""The inner loop: one person is compared with everybody at once, and changes places with one of them, or with nobody.

Which one follows the Boltzmann distribution at the present temperature (a heat bath, R. J. Glauber 1963), drawn by
adding noise of the Gumbel distribution to every gain and taking the greatest sum (J. I. Yellott 1977). A draw so weighs
all exchanges of a person in one pass over contiguous arrays, which a processor does several at a time; proposing them
one by one rejects hundreds for each that it accepts. `potential[g, i]`, what person i would find at table g, gives a
gain in constant time and is kept up to date in O(n) for each exchange.

Whole numbers only, so that a search is the same on every machine. Shapes, for n people and G tables: weights n×n,
potential G×n, own n (the potential of one's own table), group n (uint32: Numba then leaves out the test for negative
indices), size, low, high G; relative G and score n are scratch; movable: the people who have a choice; noise: NOISE + n
and NOISE a power of two. All are int32 but for size, low, high, movable and tally, which are int64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.chance import advance, below
from services.matching.solver.compiled import compiled

Array = NDArray[Any]

# Places in `tally`: the value of the present plan, of the best, whether the present one is the best and not yet copied,
# and how many draws ended in a worse plan.
NOW, BEST, UNSAVED, WORSE, TALLY = 0, 1, 2, 3, 4

NOISE = 8192
# A table that is not allowed is so much worse than any that is: see `instance.REACH`.
FORBIDDEN = -(1 << 29)

_FORBIDDEN = np.int32(FORBIDDEN)
_LEAST = np.int32(-(1 << 31))
_NONE = np.int32(0)
_MASK = np.uint64(NOISE - 1)


@compiled
def heat(noise: Array, quantiles: Array, temperature: int) -> None:
    """Scales the noise (`quantiles` have 16 binary places) to a temperature."""
    for k in range(noise.size):
        noise[k] = (quantiles[k] * temperature) >> 16


@compiled
def weigh(relative: Array, group: Array, there: Array, own: Array, bonds: Array, noise: Array, score: Array) -> int:
    """What an exchange with each other person gains, noise added, into `score`; returns the greatest.

    `there`: the potentials of the table that one leaves; `bonds`: one's weights.
    """
    # Two loops: the first looks up tables one by one, the second does several people at a time.
    for j in range(score.size):
        score[j] = relative[group[j]]
    top = _LEAST
    for j in range(score.size):
        value = np.int32(score[j] + there[j] - own[j] - bonds[j] - bonds[j] + noise[j])
        score[j] = value
        top = max(top, value)
    return top  # type: ignore[return-value]  # numba's int


@compiled
def place(score: Array, top: int) -> int:
    """Where `top` stands in `score` (the last time), without a branch for each."""
    found = np.int32(-1)
    for j in range(np.int32(score.size)):
        found = max(found, np.int32(j) if score[j] == top else np.int32(-1))
    return np.int64(found)  # type: ignore[return-value]


@compiled
def exchanged(here: Array, there: Array, own: Array, group: Array, one: Array, two: Array, a: int, b: int) -> None:
    """Potentials after the person with bonds `one` went from table a (`here`) to b, and the one with `two` back."""
    mine, theirs = np.uint32(a), np.uint32(b)
    for k in range(group.size):
        change = np.int32(two[k] - one[k])
        here[k] += change
        there[k] -= change
        own[k] += (change if group[k] == mine else _NONE) - (change if group[k] == theirs else _NONE)


@compiled
def moved(here: Array, there: Array, own: Array, group: Array, one: Array, a: int, b: int) -> None:
    """Potentials after the person with bonds `one` went from table a (`here`) to b (`there`)."""
    mine, theirs = np.uint32(a), np.uint32(b)
    for k in range(group.size):
        change = one[k]
        here[k] -= change
        there[k] += change
        own[k] += (change if group[k] == theirs else _NONE) - (change if group[k] == mine else _NONE)


@compiled
def anneal(
    weights: Array,
    potential: Array,
    own: Array,
    group: Array,
    size: Array,
    low: Array,
    high: Array,
    movable: Array,
    noise: Array,
    relative: Array,
    score: Array,
    best: Array,
    tally: Array,
    state: Array,
    uneven: bool,
    draws: int,
) -> None:
    """Makes so many draws at the temperature of `noise` and keeps the best plan. There must be somebody movable."""
    people, tables = group.size, size.size
    x = state[0]
    for _ in range(draws):
        x = advance(x)
        i = movable[below(x, movable.size)]
        first = np.int64(x & _MASK)
        a: Any = np.int64(group[i])
        for g in range(tables):
            relative[g] = potential[g, i] - own[i]
        relative[a] = _FORBIDDEN
        top: Any = weigh(relative, group, potential[a], own, weights[i], noise[first : first + people], score)
        b: Any = np.int64(-1)
        if uneven and size[a] > low[a]:
            for g in range(tables):
                if size[g] < high[g]:
                    value = np.int32(relative[g] + noise[(first + people + g) & (NOISE - 1)])
                    if value > top:
                        top = value
                        b = np.int64(g)
        x = advance(x)
        if top <= noise[np.int64(x & _MASK)]:
            continue  # the noise of staying
        j: Any = np.int64(-1)
        if b >= 0:
            gain = np.int64(relative[b])
        else:
            j = place(score, top)
            b = np.int64(group[j])
            gain = np.int64(top) - noise[first + j]
        if gain < 0:
            tally[WORSE] += 1
            if tally[UNSAVED] == 1:
                best[:] = group
                tally[UNSAVED] = 0
        if j >= 0:
            exchanged(potential[a], potential[b], own, group, weights[i], weights[j], a, b)
            group[j] = a
            own[j] = potential[a, j]
        else:
            moved(potential[a], potential[b], own, group, weights[i], a, b)
            size[a] -= 1
            size[b] += 1
        group[i] = b
        own[i] = potential[b, i]
        tally[NOW] += gain
        if tally[NOW] > tally[BEST]:
            tally[BEST] = tally[NOW]
            tally[UNSAVED] = 1
    if tally[UNSAVED] == 1:
        best[:] = group
        tally[UNSAVED] = 0
    state[0] = x
