"""Rounds from lines of affine spaces over finite fields, and of one person against one."""

from __future__ import annotations

from itertools import islice

import numpy as np

from services.matching.solver.designs.fields import addition, multiplication, prime_power
from services.matching.solver.designs.schedule import Schedule


def dimension(tables: int, size: int) -> int | None:
    """d, where tables * size people are the points of AG(d, size) with d at least 2; None elsewhere."""
    if prime_power(size) is None:
        return None
    d = 2
    while size**d < tables * size:
        d += 1
    return d if size**d == tables * size else None


def affine_rounds(tables: int, size: int) -> int:
    """The parallel classes of lines of AG(d, size); 0 where that is no space."""
    d = dimension(tables, size)
    return 0 if d is None else (size**d - 1) // (size - 1)


def affine(tables: int, size: int, most: int) -> Schedule:
    """Person n is the point whose base-q digits are those of n, q the size. At most `most` rounds.

    Needs `affine_rounds(tables, size)` above 0.
    """
    d, power = dimension(tables, size), prime_power(size)
    assert d is not None
    assert power is not None
    q, (p, m) = size, power
    sums, products = addition((p,) * m), multiplication(q)
    minus = np.argmin(sums, axis=1)
    point = np.arange(q**d)
    digits = [point // q**i % q for i in range(d)]
    # A direction is 1 at its pivot, and 0 before it.
    directions = ((pivot, above) for pivot in range(d) for above in range(q ** (d - 1 - pivot)))
    rows = []
    for pivot, above in islice(directions, most):
        # A line is known by its point with 0 at the pivot.
        table, place = np.zeros_like(point), 1
        for i in range(d):
            if i == pivot:
                continue
            slope = above // q ** (i - pivot - 1) % q if i > pivot else 0
            table += place * sums[digits[i], minus[products[digits[pivot], slope]]]
            place *= q
        rows.append(table)
    return Schedule(tables, np.array(rows, dtype=np.int32), f"lines of the affine space AG({d}, {q})")


def pairs(tables: int, most: int) -> Schedule:
    """Everybody meets everybody else in 2 * tables - 1 rounds of two: the circle method (E. Lucas, 1883)."""
    n = 2 * tables - 1
    person, rounds = np.arange(n), np.arange(min(n, most))[:, None]
    # In round r, i and j meet where i + j = 2r; r itself meets the last person.
    seats = np.minimum((person - rounds) % n, (rounds - person) % n)
    last = np.zeros((len(rounds), 1), dtype=np.int64)
    return Schedule(tables, np.concatenate([seats, last], axis=1).astype(np.int32), "round robin, circle method")
