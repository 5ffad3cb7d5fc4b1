"""Random numbers inside the kernel: the same on every machine, and a third of what numba's own cost."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from services.events.agenda.compiled import compiled

_HALF = np.uint64(32)
_DRAWS = 4096
NOISE_BITS = 16


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


def seeded(seed: int) -> np.uint64:
    """A first state, never 0; seeds next to each other give states far apart (splitmix64, Steele et al. 2014)."""
    z = (seed + 1) * 0x9E3779B97F4A7C15 & (2**64 - 1)
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & (2**64 - 1)
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & (2**64 - 1)
    return np.uint64((z ^ (z >> 31)) or 1)


def noise() -> NDArray[np.int64]:
    """Draws of the exponential distribution with mean 2**16, a power of two of them."""
    scale = 1 << NOISE_BITS
    return np.array([round(-math.log((k + 0.5) / _DRAWS) * scale) for k in range(_DRAWS)], dtype=np.int64)
