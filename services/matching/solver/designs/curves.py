"""Rounds from planes: the lines through each point of one line, as far as they meet a curve or an arc."""

from __future__ import annotations

import numpy as np

from services.matching.solver.designs.fields import Table, addition, multiplication, prime_power
from services.matching.solver.designs.schedule import Ints, Schedule


def unital_rounds(tables: int, size: int) -> int:
    """q*q where tables = q*q - q + 1 and size = q + 1, q a prime power; 0 elsewhere."""
    q = size - 1
    return q * q if prime_power(q) is not None and tables == q * q - q + 1 else 0


def unital(tables: int, size: int, most: int) -> Schedule:
    """The Hermitian curve y**q + y = x**(q+1) over GF(q*q); the last person is its point at infinity.

    The rounds are the points of its tangent there. Needs `unital_rounds(tables, size)` above 0.

    R. C. Bose, On the application of finite projective geometry for deriving a certain series of balanced Kirkman
    arrangements, Golden Jubilee Commemoration Volume, Calcutta Math. Soc. (1958/59).
    """
    q = size - 1
    sums, products = _field(q * q)
    minus, conjugate = np.argmin(sums, axis=1), _to_the(products, q)
    every = np.arange(q * q)
    x, y = np.nonzero(products[every, conjugate][:, None] == sums[every, conjugate][None, :])
    rows = []
    for slope in every[:most]:
        # Lines with this slope; where x is its conjugate, they are tangents, and the curve meets the polar instead.
        crossing = sums[y, minus[products[slope, x]]]
        polar = x == conjugate[slope]
        crossing[polar] = -1
        rows.append(_ranked(np.append(crossing, -1)))
    return Schedule(tables, np.array(rows), f"Hermitian unital, q = {q}")


def arc_rounds(tables: int, size: int) -> int:
    """q + 1 where tables = q - q/size + 1, q above size powers of two, 16 at most; 0 elsewhere."""
    q = _order(tables, size)
    return q + 1 if q else 0


def arc(tables: int, size: int, most: int) -> Schedule:
    """A maximal arc of degree `size` in the plane over GF(q): each line meets it in `size` points or in none.

    Its points are the elements of GF(q*q) with a norm in a subgroup of GF(q); the rounds are the directions, which the
    elements of norm 1 permute. Needs `arc_rounds(tables, size)` above 0.

    R. H. F. Denniston, Some maximal arcs in finite projective planes, J. Combin. Theory 6 (1969).
    """
    q = _order(tables, size)
    sums, products = _field(q * q)
    every = np.arange(q * q)
    conjugate = _to_the(products, q)
    norm, trace = products[every, conjugate], sums[every, conjugate]
    subgroup = np.zeros(1, dtype=np.int32)
    for element in np.flatnonzero(conjugate == every):
        if len(subgroup) < size and element not in subgroup:
            subgroup = np.concatenate([subgroup, sums[subgroup, element]])
    points = np.flatnonzero(np.isin(norm, subgroup))
    directions = np.flatnonzero(norm == 1)[:most]
    return Schedule(
        tables,
        np.array([_ranked(trace[products[direction, points]]) for direction in directions]),
        f"maximal arc of degree {size} in the plane of order {q}",
    )


def _order(tables: int, size: int) -> int:
    """q for an arc, or 0."""
    if size < 2 or size & (size - 1):
        return 0
    return next((q for q in (4, 8, 16) if q > size and q - q // size + 1 == tables), 0)


def _field(order: int) -> tuple[Table, Table]:
    power = prime_power(order)
    assert power is not None
    p, m = power
    return addition((p,) * m), multiplication(order)


def _to_the(products: Table, exponent: int) -> Ints:
    """Each element to a power."""
    every = np.arange(len(products), dtype=np.int32)
    out = every
    for _ in range(exponent - 1):
        out = products[out, every]
    return out


def _ranked(values: Ints) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)
