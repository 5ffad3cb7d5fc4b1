"""Rounds from transversal designs: size columns of people, and every group takes one person of each.

A round of a developed design is one row of offsets: person y of column c sits at table y + offset[c], in an abelian
group with one element per table. Two people meet at most once exactly if the differences between any two columns of
offsets are distinct in all rows: a difference matrix, possibly with fewer rows than the group has elements.

R. C. Bose, S. S. Shrikhande, E. T. Parker, Further results on the construction of mutually orthogonal Latin squares
and the falsity of Euler's conjecture, Canad. J. Math. 12 (1960); the product is H. F. MacNeish's (1922).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from services.matching.solver.designs.fields import Table, addition, multiplication, prime_power, product
from services.matching.solver.designs.schedule import Class, Ints, Schedule


class Matrix(NamedTuple):
    """`sums`: the addition table of a group with one element per table. `offsets`: R×S elements of it."""

    sums: Table
    offsets: Ints


@lru_cache(maxsize=4096)
def offset_rounds(tables: int, size: int) -> int:
    """How many rows `offsets` gives; 1 at least. Both are 1 at least."""
    return _best(tables, size)[0]


def offsets(tables: int, size: int) -> Matrix:
    """A difference matrix with `size` columns over a group of `tables` elements."""
    rounds, split = _best(tables, size)
    if split:
        return _matrix(tables, size)
    upright = _matrix(tables, rounds)
    return Matrix(upright.sums, upright.offsets[:size].T)


def _matrix(tables: int, size: int) -> Matrix:
    rounds, split = _upright(tables, size)
    if rounds == 1:
        return Matrix(addition((tables,)), np.zeros((1, size), dtype=np.int32))
    if split > 1:
        first, second = _matrix(tables // split, size), _matrix(split, size)
        rows = first.offsets[:, None, :] * split + second.offsets[None, :, :]
        return Matrix(product(first.sums, second.sums), rows.reshape(-1, size))
    power = prime_power(tables)
    if power is not None:
        p, m = power
        return Matrix(addition((p,) * m), multiplication(tables)[:, :size])
    # The differences are products of numbers below `size` and below `rounds`: never a multiple of `tables`.
    products = np.multiply.outer(np.arange(rounds), np.arange(size)) % tables
    return Matrix(addition((tables,)), products.astype(np.int32))


def transversal(tables: int, size: int, most: int) -> Schedule:
    """Person y of column c is number c * tables + y. At most `most` rounds."""
    sums, rows = offsets(tables, size)
    seats = sums[rows[:most]].reshape(min(most, len(rows)), -1)
    columns = np.repeat(np.arange(size, dtype=np.int32), tables)
    return Schedule(tables, seats, "transversal design", (Class(columns, len(seats)),))


@lru_cache(maxsize=4096)
def _best(tables: int, size: int) -> tuple[int, int]:
    """The rounds, and the order of the second factor of a product: 1 for a single one, 0 for a transposed matrix."""
    if size > tables:
        return 1, 1
    # Rows and columns may change places: more columns than rows.
    transposed = next((rows for rows in range(size - 1, 1, -1) if _upright(tables, rows)[0] >= size), 1)
    return max((transposed, 0), _upright(tables, size))


@lru_cache(maxsize=65536)
def _upright(tables: int, size: int) -> tuple[int, int]:
    if size > tables:
        return 1, 1
    if prime_power(tables) is not None:
        return tables, 1
    single = (tables - 1) // max(size - 1, 1) + 1
    products = (
        (_upright(tables // split, size)[0] * _upright(split, size)[0], split)
        for split in range(2, int(tables**0.5) + 1)
        if tables % split == 0
    )
    return max([(single, 1), *products])
