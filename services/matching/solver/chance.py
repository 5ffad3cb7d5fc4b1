"""Random numbers inside the kernels: numba's own cost three times as much."""

from __future__ import annotations

import numpy as np

from services.matching.solver.compiled import compiled

_HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


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
